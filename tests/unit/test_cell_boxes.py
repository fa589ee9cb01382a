"""Boxes in cells: a slot is told only where the leaf holds the whole box, whatever its size and wherever it lies."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.arrays import Bools, Floats, Positions
from geo.space.cells.boxes import MET, locate_boxes
from geo.space.cells.index import CellIndex
from geo.space.cells.layout import NOBODY, Cells
from tests.cities import MadeCity, cities, made_city
from tests.unit.test_cells import indexed, leaves_of, redraw_between

SEEDS = st.integers(0, 1000)
WIDEST = 0.3  # of the city's size


def boxes_in(city: MadeCity, seed: int, n: int) -> Floats:
    """Boxes (n, 4) in and around a city, from a point to a third of it, some with corners on vertices."""
    random = np.random.default_rng(seed)
    west, south, east, north = city.outline.bounds
    size = np.array([east - west, north - south])
    low = np.array([west, south]) + size * random.uniform(-0.2, 1.1, (n, 2))
    vertices = shapely.get_coordinates(city.shapes)
    on_vertex = random.random(n) < 0.2
    low[on_vertex] = random.choice(vertices, int(on_vertex.sum()))
    wide = size * WIDEST * random.random((n, 2)) * 10.0 ** random.choice([-9, -4, -3, -2, -1, 0], (n, 1))
    return np.hstack([low, low + wide])


def told(cells: Cells, boxes: Floats) -> Positions:
    slots = np.empty(len(boxes), dtype=np.int32)
    locate_boxes(cells, boxes, slots)
    return slots


def is_right(city: MadeCity, index: CellIndex, boxes: Floats) -> Bools:
    """Whether each box (n,) lies in the leaf that is told, outside where none is, and is met by a border otherwise."""
    slots = told(index.cells, boxes)
    ground = shapely.box(*boxes.T)
    position = index.cells.position_of[np.maximum(slots, NOBODY)]
    held = shapely.covers(city.shapes[np.maximum(position, 0)], ground)
    borders = shapely.union_all(shapely.boundary(city.shapes))
    by_slot = np.where(slots == NOBODY, ~shapely.relate_pattern(ground, city.outline, "T********"), held)
    near = shapely.distance(ground, borders) < 1e-7 * max(shapely.get_coordinates(ground).max(), 1)
    return np.where(slots == MET, near, by_slot)


@given(cities(), SEEDS)
def test_a_box_is_told_by_a_leaf_that_holds_it_all(city: MadeCity, seed: int) -> None:
    assert is_right(city, indexed(city.shapes), boxes_in(city, seed, 60)).all()


@given(cities(3), SEEDS)
def test_boxes_in_cells_laid_over_are_told_as_in_an_index_built_anew(city: MadeCity, seed: int) -> None:
    random = np.random.default_rng(seed)
    slot_of = np.arange(1, len(city.shapes) + 1, dtype=np.int32)
    before = leaves_of(city, slot_of)
    slot_of[random.integers(0, len(slot_of), 2)] = random.choice(slot_of, 2)
    after = leaves_of(city, slot_of)
    change = redraw_between(before, after)
    laid = CellIndex.build(before[0].astype(np.str_), before[1], before[0])
    if len(change.gone):
        redrawn = laid.redrawn(change, after[0])
        assert redrawn is not None
        laid = redrawn
    anew = CellIndex.build(after[0].astype(np.str_), after[1], after[0])
    boxes = boxes_in(city, seed, 60)
    one, other = told(laid.cells, boxes), told(anew.cells, boxes)
    # whether an edge only comes near may be decided in single precision or exactly: it is cut then, and found whole
    sure = (one != MET) & (other != MET)
    assert (one[sure] == other[sure]).all()


def test_more_large_boxes_than_there_is_room_for_are_told_as_one_by_one() -> None:
    city = made_city(8, 6)
    index = indexed(city.shapes)
    boxes, lattice = boxes_in(city, 8, 3_000), index.cells.lattice
    # all nearly as large as an upper cell: hardly one of them is without a border
    boxes[:2_000, 2:] = boxes[:2_000, :2] + 0.9 / np.array([lattice.across, lattice.up])
    together = told(index.cells, boxes)
    alone = np.concatenate([told(index.cells, boxes[at : at + 1]) for at in range(len(boxes))])
    sure = (together != MET) & (alone != MET)
    assert (together[sure] == alone[sure]).all()
    assert is_right(city, index, boxes[-500:]).all()
    assert len(np.unique(together)) > 10


def test_a_box_that_is_not_finite_is_nowhere() -> None:
    city = made_city(2, 3)
    nowhere = np.array([[np.nan] * 4, [np.inf, 0, np.inf, 1], [-np.inf, -np.inf, -1e300, -1e300]])
    assert told(indexed(city.shapes).cells, nowhere).tolist() == [NOBODY] * 3
