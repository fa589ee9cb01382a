"""Polygons read as arrays: whatever a file holds, the answer is that of GEOS, byte for byte and word for word."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.arrays import Bools, Floats
from geo.buildings.findings import Findings
from geo.crs import Datum, snap
from geo.frames import Frame
from geo.judging import Judging
from geo.polygons import Ground, Polygons, many, read_all
from geo.ragged import NONE, Ragged, joined
from geo.simple_polygons import simple
from geo.space.cells.simple_rings import MOST, simple_rings

BOUNDS = (120.0, 36.0, 121.0, 37.0)
HERE = np.array([120.3, 36.1])
STEPS = st.sampled_from([1e-4, 3.7e-5, 1e-8, 4e-9, 0.03, 20.0])
NODES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=9)
STRANGE = st.sampled_from([np.nan, np.inf, 1e300, 181.0, -0.0, 5e-324])


@st.composite
def rings(draw: st.DrawFn) -> Floats:
    """Nodes on a few lines, so that they repeat, fold back, touch and cross; closed or nearly; now and then strange."""
    xy = HERE + np.array(draw(NODES), dtype=np.float64) * draw(STEPS)
    kind = draw(st.sampled_from(["turned", "turned", "as it is", "open", "nearly closed", "strange", "swapped"]))
    if kind == "turned":
        middle = xy.mean(axis=0)
        xy = xy[np.argsort(np.arctan2(*(xy - middle).T))]
    if kind == "swapped":
        xy = xy[:, ::-1]
    xy = np.vstack([xy, xy[:1]])
    if kind == "open":
        return xy[:-1]
    if kind == "nearly closed":
        xy[-1, 0] = np.nextafter(xy[-1, 0], 0)
    if kind == "strange":
        xy[draw(st.integers(0, len(xy) - 1)), draw(st.integers(0, 1))] = draw(STRANGE)
    return xy


def wkb(*rings: Floats, order: str = "<", is_multiple: bool = False) -> bytes:
    """A polygon of these rings, by the letter of the format."""
    mark = b"\x01" if order == "<" else b"\x00"
    told = [mark + struct.pack(f"{order}II", 3, len(rings))]
    for ring in rings:
        told += [struct.pack(f"{order}I", len(ring)), np.ascontiguousarray(ring, dtype=f"{order}f8").tobytes()]
    whole = mark + struct.pack(f"{order}II", 6, 1)
    return (whole if is_multiple else b"") + b"".join(told)


OTHERS = [shapely.Point(120.3, 36.1), shapely.Polygon(), shapely.LineString([(1, 2), (3, 4)])]
OTHERS += [shapely.box(1, 1, 2, 2).union(shapely.box(3, 3, 4, 4)), shapely.box(120, 36, 120.01, 36.01)]
OTHERS += [shapely.force_3d(shapely.box(120, 36, 120.01, 36.01))]
SHAPES: st.SearchStrategy[bytes | None] = st.one_of(
    rings().map(wkb),
    rings().map(wkb),
    rings().map(lambda ring: wkb(ring, is_multiple=True)),
    rings().map(lambda ring: wkb(ring, order=">")),
    st.builds(wkb, rings(), rings()),
    st.builds(lambda ring, length: wkb(ring)[:length], rings(), st.integers(0, 40)),
    st.builds(lambda ring, more: wkb(ring) + bytes(more), rings(), st.integers(1, 16)),
    st.sampled_from([None, *map(shapely.to_wkb, OTHERS)]),
)
"""What may stand in a cell: mostly a polygon of one ring."""


def judged(cells: list[bytes | None], is_good: list[bool], *, as_objects: bool) -> tuple[object, ...]:
    """What becomes of these rows, and what is said of them."""
    column = pa.array([b"before", *cells], type=pa.binary())[1:]
    frame = Frame(np.arange(5, 5 + len(cells)), pa.table({"geom": column}))
    findings = Findings()
    judging = Judging(frame, {}, findings)
    judging.good &= np.array(is_good, dtype=np.bool_)
    ground = Ground("geom", Datum("wgs84"), BOUNDS, 0.1)
    if as_objects:
        read = Polygons(judging, ground).read()
        made = shapely.to_wkb(many(read[judging.good])).tolist()
    else:
        bytes_, length = read_all(judging, ground).wkb()
        made = [one.tobytes() for one in np.split(bytes_, np.cumsum(length)[:-1])] if len(length) else []
    told = sorted(map(repr, findings.listed))
    return judging.good.tolist(), made, told, findings.totals, judging.places[judging.good].tolist()


@pytest.mark.slow
@given(st.lists(st.tuples(SHAPES, st.sampled_from([True, True, True, False])), max_size=6))
@settings(max_examples=300, deadline=None)
def test_what_is_read_as_arrays_is_what_geos_makes_of_it(rows: list[tuple[bytes | None, bool]]) -> None:
    cells, is_good = [cell for cell, _ in rows], [good for _, good in rows]
    with np.errstate(invalid="ignore"):
        assert judged(cells, is_good, as_objects=False) == judged(cells, is_good, as_objects=True)


def is_plain(ring: Floats) -> bool:
    """By GEOS: valid, no node twice, some ground."""
    made = shapely.Polygon(ring)
    return bool(made.is_valid) and len(np.unique(ring[:-1], axis=0)) == len(ring) - 1 and made.area > 1e-12


@pytest.mark.slow
@given(st.lists(st.tuples(NODES, st.sampled_from([1e-4, 3.7e-5, 1e-2]), st.booleans()), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_a_ring_is_simple_when_geos_finds_it_valid_and_no_node_stands_twice(
    drawn: list[tuple[list[tuple[int, int]], float, bool]],
) -> None:
    nodes = []
    for some, step, is_turned in drawn:
        xy = snap(HERE + np.array(some, dtype=np.float64) * step)
        if is_turned:
            xy = xy[np.argsort(np.arctan2(*(xy - xy.mean(axis=0)).T))]
        nodes.append(np.vstack([xy, xy[:1]]))
    made, found = normalised(nodes)
    assert found.tolist() == [is_plain(ring) for ring in nodes]
    for ring, one in zip(made, nodes, strict=True):
        if is_plain(one):
            assert shapely.to_wkb(shapely.Polygon(ring)) == shapely.to_wkb(shapely.normalize(shapely.Polygon(one)))


def normalised(nodes: list[Floats]) -> tuple[list[Floats], Bools]:
    begins = np.append(0, np.cumsum([len(ring) for ring in nodes]))
    made, found = simple_rings(np.concatenate(nodes), begins)
    return np.split(made, begins[1:-1]), found


def test_most_footprints_become_no_objects() -> None:
    corners = np.array([(0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1), (0, 0)]) * 2e-4
    cells = [wkb(HERE + corners + at * 1e-3, is_multiple=at % 2 == 0) for at in range(10)]
    assert simple(pa.array(cells, pa.large_binary())).at.tolist() == list(range(10))


def test_a_ring_of_more_nodes_is_not_tried() -> None:
    for nodes in (MOST - 1, MOST):
        angle = np.linspace(0, 2 * np.pi, nodes, endpoint=False)
        xy = HERE + 1e-3 * np.column_stack([np.cos(angle), np.sin(angle)])
        assert len(simple(pa.array([wkb(np.vstack([xy, xy[:1]]))], pa.large_binary())).at) == (nodes < MOST)


BOXES = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True), max_size=6)


@pytest.mark.slow
@given(BOXES, st.data())
@example([], None)
def test_polygons_as_arrays_are_taken_and_joined_as_objects_are(whole: list[list[int]], data: st.DataObject) -> None:
    def courted(at: int) -> shapely.Polygon:
        outer = shapely.box(2.0 * at, 0, 2.0 * at + 1, 1)
        return outer - shapely.box(2.0 * at + 0.2, 0.2, 2.0 * at + 0.5, 0.5) if at % 3 == 0 else outer

    shapes = np.array([shapely.MultiPolygon([courted(at) for at in some]) for some in whole], dtype=object)
    made = Ragged.of(shapes)
    assert shapely.to_wkb(made.shapes).tolist() == shapely.to_wkb(shapes).tolist()
    assert made.bounds.tolist() == shapely.bounds(shapes).reshape(-1, 4).tolist()
    assert made.firsts.tolist() == [list(shape.geoms[0].exterior.coords[0]) for shape in shapes]
    assert made.is_single.tolist() == [len(shape.geoms) == 1 and not shape.geoms[0].interiors for shape in shapes]
    at = np.array(data.draw(st.lists(st.integers(0, len(whole) - 1)))) if whole else np.empty(0, np.int64)
    taken = joined([NONE, made.taken(at.astype(np.int64)), made])
    assert shapely.to_wkb(taken.shapes).tolist() == shapely.to_wkb([*shapes[at.astype(np.int64)], *shapes]).tolist()
