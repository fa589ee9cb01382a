"""Files of roads, water, railways and green: what is drawn, what is left out and why, source by source."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo import drawings, lines, tables
from geo.actors import Actor
from geo.errors import Refused, Unknown
from geo.frames import sheets
from geo.lines.kinds import of_tags
from tests.osm_blocks import read_osm
from tests.small_city import HIGH, SOUTH, WEST, WIDE, publish_small_city

ACTOR = Actor("tests")
OSM = Path(__file__).parents[3] / "shared/data/osm"


@pytest.fixture
def city(connection: sa.Connection) -> sa.Connection:
    publish_small_city(connection)
    return connection


def road(column: float, row: float, wide: float = 1) -> shapely.LineString:
    x, y = WEST + column * WIDE, SOUTH + row * HIGH
    return shapely.LineString([(x, y), (x + wide * WIDE, y + 0.001)])


def pond(column: float, row: float) -> shapely.Polygon:
    x, y = WEST + column * WIDE, SOUTH + row * HIGH
    return shapely.Polygon([(x, y), (x + 0.002, y), (x + 0.002, y + 0.002), (x, y + 0.002)])


def frame(*rows: tuple[str, str, str, object]) -> gpd.GeoDataFrame:
    kinds, classes, names, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"kind": kinds, "class": classes, "name": names}, geometry=list(shapes), crs=4326)


GOOD = (
    ("road", "arterial", "东风路", road(0, 0.5, 3)),
    ("rail", "rail", "", road(0, 1.5, 3)),
    ("water", "lake", "镜湖", pond(1, 1)),
    ("green", "park", "人民公园", pond(2, 1)),
)


def load(city: sa.Connection, path: Path, **told: object) -> lines.Loaded:
    return lines.load(city, ACTOR, lines.Intake(path, **{"datum": "wgs84", "commit": True, **told}))  # type: ignore[arg-type]


def written(path: Path, rows: gpd.GeoDataFrame) -> Path:
    rows.to_parquet(path) if path.suffix == ".parquet" else rows.to_file(path)
    return path


def drawn(city: sa.Connection) -> list[tuple[str, str, str, str | None]]:
    table = tables.lines.c
    query = sa.select(table.source, table.kind, table.class_, table.name).order_by(table.id)
    return [tuple(row) for row in city.execute(query)]


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.parquet"])
def test_lines_come_back_as_the_file_had_them(city: sa.Connection, tmp_path: Path, name: str) -> None:
    loaded = load(city, written(tmp_path / name, frame(*GOOD)))
    assert (loaded.counts.read, loaded.counts.drawn, loaded.counts.replaced, loaded.is_kept) == (4, 4, 0, True)
    assert drawn(city) == [(name, kind, rank, told or None) for kind, rank, told, _ in GOOD]
    for kind, _, _, shape in GOOD:
        (back,) = lines.read(city, kind).geometry
        assert shapely.equals_exact(back, shape, 1e-8)


def test_a_source_loaded_again_replaces_its_own_lines_only(city: sa.Connection, tmp_path: Path) -> None:
    roads = written(tmp_path / "roads.gpkg", frame(*GOOD[:2]))
    load(city, roads)
    load(city, written(tmp_path / "water.gpkg", frame(GOOD[2])))
    before = sorted(drawn(city), key=str)
    assert load(city, roads).counts.replaced == 2
    assert sorted(drawn(city), key=str) == before
    renewed = load(city, written(tmp_path / "new.gpkg", frame(GOOD[0])), source="roads.gpkg")
    assert (renewed.counts.replaced, renewed.counts.drawn) == (2, 1)
    assert [source for source, *_ in drawn(city)] == ["water.gpkg", "roads.gpkg"]


def test_nothing_is_stored_dry_and_the_counts_are_the_same(city: sa.Connection, tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg", frame(*GOOD))
    load(city, path)
    dry = load(city, written(tmp_path / "a.gpkg", frame(GOOD[0])), commit=False)
    assert (dry.counts.drawn, dry.counts.replaced, dry.is_kept) == (1, 4, False)
    assert len(drawn(city)) == 4


BAD = [
    (("road", "street", "面", pond(0, 0)), "not_drawn"),
    (("green", "park", "线", road(0, 0)), "not_drawn"),
    (("road", "street", "点", shapely.Point(WEST, SOUTH)), "not_drawn"),
    (("楼", "", "房", pond(0, 0)), "unknown_kind"),
    (("road", "street", "空", None), "no_geometry"),
    (("road", "street", "米", shapely.LineString([(500_000, 4_000_000), (500_100, 4_000_000)])), "not_finite"),
]


@pytest.mark.parametrize(("row", "key"), BAD, ids=lambda one: one if isinstance(one, str) else "")
def test_one_bad_row_keeps_the_file_out_and_is_named(
    city: sa.Connection, tmp_path: Path, row: tuple[str, str, str, object], key: str
) -> None:
    path = written(tmp_path / "a.parquet", frame(*GOOD, row))
    loaded = load(city, path)
    assert not loaded.is_kept
    assert [(one.kind.key, one.row) for one in loaded.findings.listed] == [(key, 5)]
    assert drawn(city) == []
    kept = load(city, path, skip_bad=True)
    assert (kept.counts.drawn, len(drawn(city))) == (4, 4)
    assert kept.counts.read == kept.counts.drawn + kept.counts.not_shown + kept.findings.refused


def test_lines_wholly_outside_are_counted_and_left_out(city: sa.Connection, tmp_path: Path) -> None:
    beside = ("road", "street", "城外近处", road(4.2, 1))  # within a kilometre of the city
    away = ("road", "street", "远方", road(40, 1))
    through = ("road", "street", "穿城", road(-40, 1, 80))
    loaded = load(city, written(tmp_path / "a.gpkg", frame(*GOOD, beside, away, through)))
    (told,) = loaded.findings.listed
    assert (told.kind.key, told.value) == ("outside", "远方")
    assert told.where is not None
    assert shapely.Point(told.where).distance(away[3]) < 1e-7, "it says where"
    assert loaded.counts.drawn == 6


def test_a_pond_that_crosses_itself_is_drawn_mended_and_said(city: sa.Connection, tmp_path: Path) -> None:
    bow = shapely.Polygon(shapely.get_coordinates(pond(1, 1))[[0, 2, 1, 3, 0]])
    loaded = load(city, written(tmp_path / "a.gpkg", frame(("water", "lake", "蝶湖", bow))))
    assert dict(loaded.findings.totals) == {"mended": 1}
    (back,) = lines.read(city, "water").geometry
    assert back.is_valid
    assert back.geom_type == "MultiPolygon"


def test_columns_are_mapped_and_words_of_an_office_understood(city: sa.Connection, tmp_path: Path) -> None:
    rows = frame(*GOOD[:1]).rename(columns={"kind": "k", "class": "dj", "name": "mc"}).assign(k="道路", dj="国道")
    path = written(tmp_path / "a.gpkg", rows)
    with pytest.raises(Refused, match=r"nothing tells what the rows of a\.gpkg are; say --kind road"):
        load(city, path)
    load(city, path, columns={"kind": "k", "class": "dj", "name": "mc"})
    assert drawn(city) == [("a.gpkg", "road", "arterial", "东风路")]
    load(city, path, kind="road", columns={"class": "dj"})
    assert drawn(city) == [("a.gpkg", "road", "arterial", None)]
    with pytest.raises(Refused, match="kind 'canal' of line is not known"):
        load(city, path, kind="canal")


def test_a_vector_file_with_openstreetmaps_tags_is_read_by_them(city: sa.Connection, tmp_path: Path) -> None:
    rows = gpd.GeoDataFrame(
        {"highway": ["primary", None, "footway"], "waterway": [None, "river", None], "name": ["一", "二", "三"]},
        geometry=[road(0, 0), road(0, 1), road(0, 2)],
        crs=4326,
    )
    load(city, written(tmp_path / "a.gpkg", rows))
    assert [row[1:3] for row in drawn(city)] == [("road", "arterial"), ("water", "river"), ("road", "path")]


def test_a_projected_file_lies_where_it_is_and_an_undeclared_datum_is_refused(
    city: sa.Connection, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.gpkg", frame(GOOD[0]).to_crs(4549))
    with pytest.raises(Refused, match=r"no datum is declared \(the file itself says EPSG:4549"):
        load(city, path, datum=None)
    load(city, path, datum="EPSG:4549")
    ends = shapely.get_coordinates(lines.read(city, "road").geometry.iloc[0])[[0, -1]]
    assert ends == pytest.approx(shapely.get_coordinates(GOOD[0][3]), abs=1e-7)


def test_without_a_city_nothing_is_loaded(connection: sa.Connection, tmp_path: Path) -> None:
    with pytest.raises(Unknown):
        load(connection, written(tmp_path / "a.gpkg", frame(*GOOD)))


def test_chunks_change_nothing(city: sa.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.parquet", frame(*GOOD, *(row for row, _ in BAD)))
    whole = load(city, path, commit=False)
    monkeypatch.setattr(sheets, "CHUNK", 2)
    parted = load(city, path, commit=False)
    assert parted.counts == whole.counts
    assert sorted(one.message for one in parted.findings.listed) == sorted(one.message for one in whole.findings.listed)


def test_every_load_is_written_down(city: sa.Connection, tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg", frame(*GOOD))
    load(city, path)
    event = city.execute(sa.select(tables.audit_events).order_by(tables.audit_events.c.id.desc())).first()
    assert event is not None
    assert (event.actor, event.action) == ("tests", "lines.load")
    assert (event.detail["source"], event.detail["drawn"]) == ("a.gpkg", 4)
    assert lines.stored(city, "a.gpkg") == lines.Stored(4, event.detail["digest"])
    assert lines.stored(city, "another") == lines.Stored(0, None)
    before = lines.revision(city)
    load(city, path, commit=False)
    assert lines.revision(city) == before
    load(city, path)
    assert lines.revision(city) == before + 1, "tiles of the former lines are not the map any more"


def test_a_tile_carries_a_class_whole_or_not_at_all(city: sa.Connection, tmp_path: Path) -> None:
    load(city, written(tmp_path / "a.gpkg", frame(*GOOD, ("road", "path", "小路", road(0, 0.2, 3)))))
    middle = (WEST + 1.5 * WIDE, SOUTH + 0.2 * HIGH + 0.0005)
    near, far = (drawings.base_tile(city, (zoom, *tile_of(*middle, zoom))) for zoom in (16, 12))
    assert "东风路".encode() in far
    assert "小路".encode() not in far
    assert "小路".encode() in near


def tile_of(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    across = 2**zoom
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2
    return int((lon + 180) / 360 * across), int(y * across)


def publish_around(connection: sa.Connection, folder: Path, name: str) -> None:
    """A city of one grid over all that the file holds."""
    from geo import editions
    from geo.boundaries import importing
    from geo.boundaries.flags import sources_of
    from geo.plans import imported

    there = read_osm(OSM / name)
    west, south = np.min(list(there.nodes.values()), axis=0)
    east, north = np.max(list(there.nodes.values()), axis=0)
    area = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.box(west, south, east, north)], crs=4326)
    area.to_file(folder / "city.gpkg")
    flags = {"level": "grid", "datum": "wgs84", "code": "code", "layer": None}
    prepared = importing.prepare(sources_of(folder / "city.gpkg", flags, ("城", "9", "Europe/Berlin")), None)
    request = editions.Request(actor=ACTOR, summary="", origin={})
    assert imported.publish(connection, prepared, request).published


@pytest.mark.real
@pytest.mark.parametrize("name", ["liechtenstein-latest.osm.pbf", "helsinki.osm.pbf"])
def test_roads_of_openstreetmap_are_those_counted_by_hand(connection: sa.Connection, tmp_path: Path, name: str) -> None:
    if not (OSM / name).is_file():
        pytest.skip("real files are not beside the project")
    publish_around(connection, tmp_path, name)
    loaded = load(connection, OSM / name, datum=None, source="osm")
    there = read_osm(OSM / name)
    right: Counter[str] = Counter()
    cut = 0
    for way in there.ways.values():
        found = of_tags(way.tags, is_ground=False)
        if found is None or found[0] not in ("road", "rail") or is_closed_ground(way.tags, way.refs):
            continue
        pairs = zip(way.refs, way.refs[1:], strict=False)
        is_there = any(a in there.nodes and b in there.nodes for a, b in pairs)
        right[" ".join(found)] += is_there
        cut += not is_there
    assert {name: n for name, n in loaded.counts.classes.items() if name.startswith(("road", "rail"))} == dict(+right)
    assert loaded.findings.totals["incomplete"] >= cut
    assert loaded.is_kept
    assert load(connection, OSM / name, datum=None, source="osm").counts.replaced == loaded.counts.drawn


def is_closed_ground(tags: dict[str, str], refs: list[int]) -> bool:
    from geo.frames.osm import is_ground

    return refs[0] == refs[-1] and is_ground(tags)
