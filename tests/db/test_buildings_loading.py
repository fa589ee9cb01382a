"""Files of buildings: what is refused and why, what is folded, what is kept, and that twice is once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo import areas, frames, revisions
from geo.actors import Actor
from geo.assignments import open_index
from geo.buildings.loading import Intake, Loaded, load
from geo.buildings.uses import read_map, uses
from geo.errors import Refused
from geo.space.overlaps import largest_overlap
from geo.tables import audit_events, buildings, codes
from tests.small_city import COMMUNITIES, SPLIT_OFF, WEST, WIDE, cell_centre, publish_small_city

ACTOR = Actor("tests")
STEP = 1e-4
SHAPES = "SELECT ST_AsBinary(geom) FROM buildings"
GRID = COMMUNITIES[0] + "001"


@pytest.fixture
def city(connection: sa.Connection) -> Iterator[sa.Connection]:
    publish_small_city(connection)
    return connection


def box(column: float, row: float, wide: float = 4, high: float = 2) -> shapely.Polygon:
    """A footprint around a place in the small city, so many steps of 1e-4 degrees wide and high."""
    x, y = cell_centre(column, row)  # type: ignore[arg-type]
    return shapely.box(x - wide * STEP / 2, y - high * STEP / 2, x + wide * STEP / 2, y + high * STEP / 2)


def file(path: Path, *rows: dict[str, Any], crs: str = "EPSG:4326") -> Path:
    """A GeoParquet of rows with ``geometry`` and any columns."""
    table = geopandas.GeoDataFrame(list(rows), geometry="geometry", crs=crs)
    table.to_parquet(path)
    return path


def read(city: sa.Connection, path: Path, **told: Any) -> Loaded:
    city.execute(sa.text("DROP TABLE IF EXISTS staged_buildings, staged_building_places"))
    return load(city, ACTOR, replace(Intake(path, "wgs84", source="register", commit=True), **told))


def kinds(loaded: Loaded) -> list[tuple[int, str]]:
    return sorted((found.row, found.kind.key) for found in loaded.findings.listed)


def stored(city: sa.Connection) -> dict[str, sa.Row[Any]]:
    grid = codes.alias()
    query = sa.select(buildings, grid.c.code.label("grid")).outerjoin(grid, grid.c.id == buildings.c.grid_id)
    return {row.reference: row for row in city.execute(query)}


def test_a_file_is_stored_once_with_its_grid_and_what_is_known_of_it(city: sa.Connection, tmp_path: Path) -> None:
    rows = [
        {"id": "A1", "use": "写字楼", "层数": 12, "户数": 0, "name": "甲座", "geometry": box(0, 0)},
        {"id": "A2", "use": "", "层数": None, "户数": None, "name": None, "geometry": box(2, 1)},
    ]
    path = file(tmp_path / "a.parquet", *rows)
    first = read(city, path)
    assert (first.stored.read, first.stored.stored, first.is_kept) == (2, 2, True)
    known, unknown = stored(city)["A1"], stored(city)["A2"]
    assert (known.grid, known.use, known.use_given, known.floors, known.households) == (GRID, "office", "写字楼", 12, 0)
    assert (known.share, known.straddles, known.edition, known.source) == (1, False, 1, "register")
    assert known.area_m2 == pytest.approx(4 * 2 * 90.1 / 10 * 111 / 10, rel=0.02)
    assert (unknown.use, unknown.floors, unknown.households, unknown.name) == (None, None, None, None)
    again = read(city, path)
    assert (again.stored.stored, again.stored.already, again.stored.changed) == (0, 2, 0)
    assert revisions.of(city, "buildings") == 1
    assert city.scalar(sa.select(sa.func.count()).where(audit_events.c.action == "buildings.load")) == 1


def test_a_changed_row_is_brought_up_to_date_and_keeps_its_id(city: sa.Connection, tmp_path: Path) -> None:
    read(city, file(tmp_path / "a.parquet", {"id": 7, "floors": 3, "geometry": box(0, 0)}))
    number = stored(city)["7"].id
    changed = read(city, file(tmp_path / "b.parquet", {"id": 7, "floors": 4, "geometry": box(1, 0)}))
    assert (changed.stored.changed, changed.stored.stored, changed.findings.totals["changed"]) == (1, 0, 1)
    now = stored(city)["7"]
    assert (now.id, now.floors, now.grid) == (number, 4, COMMUNITIES[1] + "001")
    assert revisions.of(city, "buildings") == 2


def test_a_dry_run_stores_nothing_and_says_the_same(city: sa.Connection, tmp_path: Path) -> None:
    path = file(tmp_path / "a.parquet", {"id": 1, "geometry": box(0, 0)}, {"id": 2, "geometry": box(-9, 0)})
    dry = read(city, path, commit=False)
    assert not dry.is_kept
    assert not stored(city)
    assert read(city, path).stored == dry.stored


def test_every_refused_row_is_named_and_nothing_half_stored(city: sa.Connection, tmp_path: Path) -> None:
    hair = 4e-9
    path = file(
        tmp_path / "a.parquet",
        {"id": "", "geometry": box(0, 0)},
        {"id": "2", "geometry": None},
        {"id": "3", "geometry": shapely.Polygon()},
        {"id": "4", "geometry": shapely.Point(120, 36)},
        {"id": "5", "geometry": shapely.box(999, 36, 1000, 37)},
        {"id": "6", "geometry": shapely.box(120, 36, 121, 37)},
        {"id": "7", "geometry": shapely.box(120.3, 36.1, 120.3 + hair, 36.1 + hair)},
        {"id": "8", "geometry": shapely.LineString([(120, 36), (120.1, 36)])},
        {"id": "9", "geometry": box(0, 0)},
        {"id": "9" * 2000, "geometry": box(0, 0)},
    )
    loaded = read(city, path)
    assert kinds(loaded) == [
        (1, "no_reference"),
        (2, "no_shape"),
        (3, "no_shape"),
        (4, "no_polygon"),
        (5, "out_of_range"),
        (6, "too_wide"),
        (7, "no_ground"),
        (8, "no_polygon"),
        (10, "long_reference"),
    ]
    assert not loaded.is_kept
    assert not stored(city)
    kept = read(city, path, skip_bad=True)
    assert list(stored(city)) == ["9"]
    told = kept.stored
    assert told.read == told.stored + told.changed + told.already + told.folded + told.left_out + told.refused == 10
    point = next(found.message for found in kept.findings.listed if found.row == 4)
    assert "row 4, geometry: 'Point'" in point


def test_invalid_footprints_are_made_valid_and_said(city: sa.Connection, tmp_path: Path) -> None:
    x, y = cell_centre(0, 0)
    bow = shapely.Polygon([(x, y), (x + 4 * STEP, y + 2 * STEP), (x + 4 * STEP, y), (x, y + 2 * STEP)])
    loaded = read(city, file(tmp_path / "a.parquet", {"id": 1, "geometry": bow}))
    assert kinds(loaded) == [(1, "mended")]
    assert "Self-intersection" in loaded.findings.listed[0].value
    assert loaded.findings.listed[0].where == pytest.approx((x, y), abs=5 * STEP)
    shape = city.scalar(sa.text("SELECT ST_AsBinary(geom) FROM buildings"))
    assert shapely.from_wkb(shape).is_valid


def test_courtyards_and_parts_are_kept(city: sa.Connection, tmp_path: Path) -> None:
    court = box(0, 0, 10, 10).difference(box(0, 0, 4, 4))
    parts = shapely.union_all([box(2, 0, 2, 2), shapely.affinity.translate(box(2, 0, 2, 2), 5 * STEP)])
    read(city, file(tmp_path / "a.parquet", {"id": 1, "geometry": court}, {"id": 2, "geometry": parts}))
    shapes = [shapely.from_wkb(bytes(row[0])) for row in city.execute(sa.text(SHAPES))]
    assert sorted(shapely.get_num_geometries(shapes)) == [1, 2]
    assert sum(len(part.interiors) for shape in shapes for part in shape.geoms) == 1


def test_rows_of_one_id_fold_wherever_they_stand(
    city: sa.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"id": "same", "floors": 3, "geometry": box(0, 0)},
        {"id": "halves", "floors": None, "geometry": box(1, 0, 4)},
        {"id": "apart", "floors": 1, "geometry": box(2, 0, 8)},
        {"id": "alone", "floors": 1, "geometry": box(0, 1)},
        {"id": "same", "floors": 3, "geometry": box(0, 0)},
        {"id": "apart", "floors": 2, "geometry": box(2, 1)},
        {"id": "halves", "floors": 5, "geometry": shapely.affinity.translate(box(1, 0, 4), 4 * STEP)},
    ]
    path = file(tmp_path / "a.parquet", *rows)
    whole = read(city, path, commit=False)
    assert kinds(whole) == [(2, "joined"), (3, "apart"), (3, "disagree"), (3, "straddles"), (5, "repeat")]
    assert (whole.stored.stored, whole.stored.folded) == (4, 3)
    monkeypatch.setattr(frames, "CHUNK", 2)
    monkeypatch.setattr("geo.buildings.staging._BATCH", 2)
    parted = read(city, path)
    assert (parted.stored, kinds(parted)) == (whole.stored, kinds(whole))
    assert {name: row.floors for name, row in stored(city).items()} == {"same": 3, "halves": 5, "apart": 1, "alone": 1}
    assert read(city, path).stored.already == 4


def test_outside_the_city_a_building_is_kept_unassigned(city: sa.Connection, tmp_path: Path) -> None:
    x, y = cell_centre(0, 0)
    swapped = shapely.box(y, x, y + STEP, x + STEP)
    path = file(tmp_path / "a.parquet", {"id": 1, "geometry": box(-9, 0)}, {"id": 2, "geometry": swapped})
    loaded = read(city, path)
    assert kinds(loaded) == [(1, "outside"), (2, "out_of_range")]
    loaded = read(city, path, skip_bad=True)
    assert (loaded.stored.unassigned, stored(city)["1"].grid, stored(city)["1"].share) == (1, None, 0)


def test_less_than_nine_tenths_in_one_grid_straddles(city: sa.Connection, tmp_path: Path) -> None:
    border = WEST + WIDE
    lat = 36.1 + 0.5 * 0.008
    shapes = {at: shapely.box(border - at * STEP, lat, border + 20 * STEP, lat + STEP) for at in (1, 12)}
    loaded = read(city, file(tmp_path / "a.parquet", *({"id": at, "geometry": shapes[at]} for at in shapes)))
    assert (loaded.stored.straddling, loaded.findings.totals["straddles"]) == (1, 1)
    found = stored(city)
    assert [found[name].straddles for name in ("1", "12")] == [False, True]
    assert found["12"].share == pytest.approx(20 / 32, abs=0.05)


def test_an_edition_published_while_the_file_is_read_places_it_anew(city: sa.Connection, tmp_path: Path) -> None:
    x, y = WEST + 0.8 * WIDE, cell_centre(0, 0)[1]
    path = file(tmp_path / "a.parquet", {"id": 1, "geometry": shapely.box(x, y, x + STEP, y + STEP)})
    intake = Intake(path, "wgs84", source="s", commit=True)
    load(city, ACTOR, intake, progress=lambda done, total: publish_small_city(city, 2) and None)
    assert (stored(city)["1"].grid, stored(city)["1"].edition) == (SPLIT_OFF, 2)


def test_several_columns_make_one_field(city: sa.Connection, tmp_path: Path) -> None:
    rows = [{"id": 1, "street": "Water Street", "number": 30, "geometry": box(0, 0)}]
    read(city, file(tmp_path / "a.parquet", *rows), columns={"address": "number+street"})
    assert stored(city)["1"].address == "30 Water Street"
    with pytest.raises(Refused, match="no column 'nummer'; did you mean 'number'"):
        read(city, tmp_path / "a.parquet", columns={"address": "nummer+street"})


def test_counts_that_are_none_stay_unknown(city: sa.Connection, tmp_path: Path) -> None:
    rows = [{"id": 1, "floors": "2.5", "households": "many", "firms": "-1", "workers": "1.5", "geometry": box(0, 0)}]
    loaded = read(city, file(tmp_path / "a.parquet", *rows))
    assert kinds(loaded) == [(1, "unreadable_count")] * 3
    row = stored(city)["1"]
    assert (row.floors, row.households, row.firms, row.workers) == (2.5, None, None, None)


def test_the_words_of_a_source_are_mapped_by_its_own_file(city: sa.Connection, tmp_path: Path) -> None:
    words = tmp_path / "words.csv"
    words.write_text('value,use\nWohnhaus,residential\n"Lager, Schuppen",storage\nSonstiges,\n', encoding="utf-8")
    said = ["Wohnhaus", "Lager, Schuppen", "Sonstiges", "Burg", "apartments"]
    rows = [{"id": at, "use": word, "geometry": box(at % 4, 0)} for at, word in enumerate(said)]
    loaded = read(city, file(tmp_path / "a.parquet", *rows), uses=read_map(words))
    assert [(found.row, found.value) for found in loaded.findings.listed] == [(4, "Burg")]
    assert [stored(city)[str(at)].use for at in range(5)] == ["residential", "storage", None, None, "residential"]
    words.write_text("value,use\nWohnhaus,castle\n", encoding="utf-8")
    with pytest.raises(Refused, match="row 2: 'castle' is no use"):
        read_map(words)
    assert {"residential", "office", "commercial", "mall", "industrial", "school", "hospital", "park"} <= uses().keys()


def test_a_file_without_footprints_or_ids_is_refused_by_name(city: sa.Connection, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,lon\n1,2\n")
    with pytest.raises(Refused, match=r"a\.csv has no geometry"):
        read(city, tmp_path / "a.csv")
    path = file(tmp_path / "a.parquet", {"colour": "red", "geometry": box(0, 0)})
    with pytest.raises(Refused, match="--map reference=COLUMN"):
        read(city, path)


def test_an_id_that_is_none_is_noticed(city: sa.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geo.buildings.staging.MOST_PIECES", 3)
    path = file(tmp_path / "a.parquet", *({"id": 1, "geometry": box(at, 0)} for at in range(4)))
    with pytest.raises(Refused, match="4 rows carry the id '1'"):
        read(city, path)


def test_every_declared_datum_is_taken_off(city: sa.Connection, tmp_path: Path) -> None:
    shape = geopandas.GeoSeries([box(0, 0)], crs="EPSG:4326").to_crs("EPSG:4549")
    read(city, file(tmp_path / "a.parquet", {"id": 1, "geometry": shape[0]}, crs="EPSG:4549"), datum="EPSG:4549")
    there = shapely.from_wkb(bytes(city.scalar(sa.text("SELECT ST_AsBinary(geom) FROM buildings"))))
    assert shapely.hausdorff_distance(there, box(0, 0)) < 2e-8
    assert stored(city)["1"].grid == GRID


def test_what_is_stored_is_what_placing_finds(city: sa.Connection, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    places = rng.uniform((-0.6, -0.6), (3.6, 2.6), (200, 2))
    rows = [{"id": at, "geometry": box(*place, *rng.uniform(1, 60, 2))} for at, place in enumerate(places.tolist())]
    read(city, file(tmp_path / "a.parquet", *rows))
    index = open_index(city, areas.current(city))
    found = city.execute(sa.select(buildings.c.grid_id, buildings.c.share, sa.text("ST_AsBinary(geom)"))).all()
    shapes = shapely.from_wkb(np.array([bytes(row[2]) for row in found], dtype=object))
    position, share = largest_overlap(index.index, shapes)
    assert [row[0] or 0 for row in found] == index.ids(position).tolist()
    assert [row[1] for row in found] == share.tolist()
