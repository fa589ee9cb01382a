"""What OpenStreetMap holds is what is read of it: every way and relation, with their holes, and none in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

from geo.errors import Refused
from geo.frames import opened, sheets
from geo.frames.osm import is_ground
from tests.osm_blocks import Osm, Relation, read_osm

OSM = Path(__file__).parents[3] / "shared/data/osm"
FILES = ["liechtenstein-latest.osm.pbf", "helsinki.osm.pbf", "baltimore.osm.pbf"]

NODES = {
    **{1: (0, 0), 2: (9, 0), 3: (9, 9), 4: (0, 9)},
    **{5: (3, 3), 6: (6, 3), 7: (6, 6), 8: (3, 6)},
    **{11: (20, 0), 12: (29, 0), 13: (29, 9), 14: (20, 9)},
}


def written(path: Path, ways: dict[int, tuple[list[int], dict[str, str]]], *relations: str) -> Path:
    nodes = [f'<node id="{key}" lon="{117 + x / 1000}" lat="{36 + y / 1000}"/>' for key, (x, y) in NODES.items()]
    told = [
        f'<way id="{key}">{"".join(f"<nd ref={ref!r}/>" for ref in map(str, refs))}{tagged(tags)}</way>'
        for key, (refs, tags) in ways.items()
    ]
    path.write_text(f'<osm version="0.6">{"".join([*nodes, *told, *relations])}</osm>', encoding="utf-8")
    return path


def tagged(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={key!r} v={value!r}/>" for key, value in tags.items())


def relation(number: int, members: dict[int, str], **tags: str) -> str:
    told = "".join(f"<member type='way' ref='{way}' role='{role}'/>" for way, role in members.items())
    return f"<relation id='{number}'>{told}{tagged({'type': 'multipolygon', **tags})}</relation>"


def read(path: Path, layer: str = "multipolygons") -> list[dict[str, object]]:
    with opened(path, layer=layer) as sheet:
        rows = [row for frame in sheet.frames for row in frame.table.to_pylist()]
    return [{**row, "shape": row["geometry"] and shapely.from_wkb(row["geometry"])} for row in rows]


def holes(shape: shapely.Geometry) -> int:
    return int(shapely.get_num_interior_rings(shapely.get_parts(shape)).sum())


SQUARE, COURT, BESIDE = [1, 2, 3, 4, 1], [5, 6, 7, 8, 5], [11, 12, 13, 14, 11]


def test_a_courtyard_is_a_hole_and_two_outer_rings_are_two_parts(tmp_path: Path) -> None:
    ways = {10: (SQUARE, {}), 11: (COURT, {}), 12: (BESIDE, {})}
    path = written(tmp_path / "a.osm", ways, relation(7, {10: "outer", 11: "inner", 12: "outer"}, building="yes"))
    (one,) = read(path)
    assert (one["osm_id"], one["osm_way_id"], one["building"]) == ("7", None, "yes")
    assert (shapely.get_num_geometries(one["shape"]), holes(one["shape"])) == (2, 1)


def test_tags_that_stand_on_the_outer_way_are_the_relations_and_the_ground_is_there_once(tmp_path: Path) -> None:
    ways = {10: (SQUARE, {"building": "yes", "name": "院"}), 11: (COURT, {})}
    (one,) = read(written(tmp_path / "a.osm", ways, relation(7, {10: "outer", 11: "inner"})))
    assert (one["osm_id"], one["osm_way_id"], one["name"], holes(one["shape"])) == ("7", None, "院", 1)


def test_a_relation_that_says_itself_what_it_is_leaves_its_outer_way_alone(tmp_path: Path) -> None:
    ways = {10: (SQUARE, {"landuse": "grass"}), 11: (COURT, {"natural": "water"})}
    rows = read(written(tmp_path / "a.osm", ways, relation(7, {10: "outer", 11: "inner"}, building="yes")))
    told = {(row["osm_id"] or row["osm_way_id"], row["building"] or row["landuse"] or row["natural"]) for row in rows}
    assert told == {("7", "yes"), ("10", "grass"), ("11", "water")}


def test_what_an_extract_cut_off_is_a_row_without_geometry(tmp_path: Path) -> None:
    ways = {
        10: (SQUARE, {}),
        20: ([1, 2, 99, 4, 1], {"building": "yes"}),
        21: ([98, 1, 2, 99, 3, 4], {"highway": "path"}),
    }
    path = written(tmp_path / "a.osm", ways, relation(7, {10: "outer", 55: "inner"}, building="yes"))
    assert {(row["osm_id"], row["osm_way_id"], row["shape"]) for row in read(path)} == {
        (None, "20", None),
        ("7", None, None),
    }
    (line,) = read(path, "lines")
    assert [len(part.coords) for part in shapely.get_parts(line["shape"])] == [2, 2], "no line over what is not there"


@pytest.mark.parametrize(
    ("tags", "ground"),
    [
        ({"building": "yes"}, True),
        ({"natural": "water"}, True),
        ({"natural": "coastline"}, False),
        ({"highway": "residential", "junction": "roundabout"}, False),
        ({"highway": "pedestrian", "area": "yes"}, True),
        ({"landuse": "grass", "area": "no"}, False),
        ({"barrier": "fence"}, False),
    ],
)
def test_closed_ways_are_ground_by_their_tags(tmp_path: Path, tags: dict[str, str], ground: bool) -> None:
    path = written(tmp_path / "a.osm", {10: (SQUARE, tags)})
    assert is_ground(tags) == ground
    assert (len(read(path)), len(read(path, "lines"))) == ((1, 0) if ground else (0, 1))


def test_a_layer_is_named_and_a_wrong_one_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.osm", {10: (SQUARE, {"building": "yes"})})
    with pytest.raises(Refused, match="3 layers: points, lines, multipolygons; name one"), opened(path):
        pass
    with pytest.raises(Refused, match="did you mean 'multipolygons'"):
        read(path, "multipolygon")


@pytest.mark.real
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_cut_off_or_torn_is_refused_and_never_a_shorter_one(tmp_path: Path, share: float) -> None:
    whole = real(FILES[0]).read_bytes()
    at = int(len(whole) * share)
    for name, content in (
        ("cut.osm.pbf", whole[:at]),
        ("torn.osm.pbf", whole[:at] + b"\x55" * 400 + whole[at + 400 :]),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Refused, match=f"{name} is cut off or damaged"):
            read(tmp_path / name)


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("name", FILES)
def test_buildings_are_those_the_file_has_counted_by_hand(name: str) -> None:
    there, rows = read_osm(real(name)), [row for row in read(real(name)) if row["building"]]
    ways = {int(str(row["osm_way_id"])): row["shape"] for row in rows if row["osm_way_id"]}
    relations = {int(str(row["osm_id"])): row["shape"] for row in rows if row["osm_id"]}
    assert len(rows) == len(ways) + len(relations)
    lenders = untold(there)
    closed = {key for key, way in there.ways.items() if "building" in way.tags and way.is_closed}
    assert ways.keys() == closed - {way for lent in lenders.values() for way in lent if way in closed}
    named = {key for key, one in there.relations.items() if "building" in one.tags and is_multipolygon(one)}
    assert relations.keys() == named | {key for key, lent in lenders.items() if lent & closed}
    assert not [key for key, shape in ways.items() if shape is None and is_sound(there, key)]
    assert shapely.is_valid([shape for shape in ways.values() if shape is not None]).all()
    assert {key for key, shape in relations.items() if shape is not None} == set(filter(complete(there), relations))
    built = {key: shape for key, shape in relations.items() if shape is not None}
    assert all(shapely.is_valid(list(built.values())))
    right = {key: areas(there, key) for key in built}
    plain = {key for key, (by_faces, by_roles) in right.items() if abs(by_faces - by_roles) < 1e-15}
    assert len(built) - len(plain) <= 1, "roles that contradict the rings are rare"
    for key in plain:
        assert built[key].area == pytest.approx(right[key][0], rel=1e-9)


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("name", FILES)
def test_roads_are_those_the_file_has_counted_by_hand(name: str) -> None:
    there, rows = read_osm(real(name)), read(real(name), "lines")
    right = {
        key
        for key, way in there.ways.items()
        if "highway" in way.tags and not (way.refs[0] == way.refs[-1] and is_ground(way.tags))
    }
    assert {int(str(row["osm_id"])) for row in rows if row["highway"]} == right
    kinds = Counter(way.tags["highway"] for key, way in there.ways.items() if key in right)
    assert Counter(row["highway"] for row in rows if row["highway"]) == kinds


@pytest.mark.slow
@pytest.mark.real
def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(real(FILES[1]))
    monkeypatch.setattr(sheets, "CHUNK", 100)
    assert read(real(FILES[1])) == whole


def real(name: str) -> Path:
    if not (OSM / name).is_file():
        pytest.skip("real files are not beside the project")
    return OSM / name


def is_multipolygon(one: Relation) -> bool:
    return one.tags.get("type") == "multipolygon"


def untold(there: Osm) -> dict[int, set[int]]:
    """Relations of ground that say nothing of themselves, and their outer ways."""
    plain = {"type", "name", "name:zh", "name:en", "ref", "source", "created_by", "note", "fixme"}
    return {
        key: {way for kind, way, role in one.members if kind == "way" and role != "inner"}
        for key, one in there.relations.items()
        if is_multipolygon(one) and not one.tags.keys() - plain
    }


def complete(there: Osm) -> Callable[[int], bool]:
    def is_complete(key: int) -> bool:
        ways = [way for kind, way, _ in there.relations[key].members if kind == "way"]
        return all(way in there.ways and all(ref in there.nodes for ref in there.ways[way].refs) for way in ways)

    return is_complete


def is_sound(there: Osm, key: int) -> bool:
    """Whether all nodes are there and the ring does not cross itself."""
    refs = there.ways[key].refs
    return all(ref in there.nodes for ref in refs) and shapely.Polygon([there.nodes[ref] for ref in refs]).is_valid


def areas(there: Osm, key: int) -> tuple[float, float]:
    """Square degrees of a relation by shapely alone: by what its rings enclose in turn, and by their roles."""
    drawn = [
        (role == "inner", shapely.LineString([there.nodes[ref] for ref in there.ways[way].refs]))
        for kind, way, role in there.relations[key].members
        if kind == "way"
    ]
    faces = shapely.build_area(shapely.union_all([line for _, line in drawn]))
    rings = [[line for is_inner, line in drawn if is_inner == wanted] for wanted in (False, True)]
    outer, inner = (shapely.union_all(shapely.get_parts(shapely.polygonize(lines))) for lines in rings)
    return faces.area, outer.difference(inner).area
