"""Redrawing: each change is accepted and the partition stands, or it is refused with the place."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats
from geo.crs import SNAP, area_m2, snap
from geo.errors import GeoError, Refused, Unknown
from geo.space.partition import faults, whole_of
from geo.space.redraw import moves
from geo.space.redraw.drawing import ground_drawn, line_drawn
from geo.space.redraw.leaves import BEYOND, Leaves, Redrawn
from geo.space.redraw.slivers import THIN_M
from tests.cities import made_city
from tests.hand_drawings import is_refused_in_place, line_over, on_lattice, stands, tried

STEP = 1e-3
M = 1 / 111_319.49


def city(side: int = 4, wiggle: float = 0.0) -> Leaves:
    """Leaves ``side`` by ``side`` from 120° east, 30° north, each about 100 m wide; codes are column and row."""
    xy = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0), indexing="ij"), -1)
    xy[1:-1, 1:-1] += np.random.default_rng(1).uniform(-wiggle, wiggle, (side - 1, side - 1, 2))
    xy = snap(xy.reshape(-1, 2) * STEP + [120, 30]).reshape(xy.shape)
    cells = [(i, j) for i in range(side) for j in range(side)]
    shapes = [shapely.Polygon([xy[i, j], xy[i + 1, j], xy[i + 1, j + 1], xy[i, j + 1]]) for i, j in cells]
    digits = len(str(side - 1))
    return Leaves.of([f"{i:0{digits}}{j:0{digits}}" for i, j in cells], shapes)


def at(*points: tuple[float, float]) -> Floats:
    return np.array([120, 30]) + np.array(points) * STEP


def line(*points: tuple[float, float]) -> BaseGeometry:
    return shapely.LineString(at(*points))


def polygon(*points: tuple[float, float]) -> BaseGeometry:
    return shapely.Polygon(at(*points))


def hands(change: Redrawn) -> set[tuple[str, str]]:
    return {(one.was, one.now) for one in change.moved}


# -- laws ------------------------------------------------------------------------------------------------------------
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 100_000), side=st.integers(2, 5), number=st.integers(0, 9))
def test_a_change_is_accepted_and_the_partition_stands_or_it_is_refused_with_the_place(
    seed: int, side: int, number: int
) -> None:
    made = made_city(seed, side)
    leaves = Leaves.of(made.codes, made.shapes)
    one = tried(leaves, np.random.default_rng(seed), number, outline=True)
    if isinstance(one.answer, Redrawn):
        stands(leaves, one.answer, one.drawn)
    else:
        assert is_refused_in_place(leaves, one), one.answer.detail


class ManyChanges(RuleBasedStateMachine):
    """Changes one upon the other: what one leaves behind must not break the next."""

    def __init__(self) -> None:
        super().__init__()
        made = made_city(5, 5)
        self.leaves = Leaves.of(made.codes, made.shapes)
        self.number = 0

    @rule(seed=st.integers(0, 2**32 - 1))
    def change(self, seed: int) -> None:
        one = tried(self.leaves, np.random.default_rng(seed), self.number, outline=True)
        self.number += 1
        if isinstance(one.answer, Redrawn):
            self.leaves = stands(self.leaves, one.answer, one.drawn)
        else:
            assert is_refused_in_place(self.leaves, one), one.answer.detail


TestManyChanges = ManyChanges.TestCase
TestManyChanges.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_split_then_merge_restores_the_ground_to_a_millimetre(seed: int) -> None:
    made = made_city(seed, 4)
    leaves, random = Leaves.of(made.codes, made.shapes), np.random.default_rng(seed)
    code = str(random.choice(leaves.codes))
    try:
        cut = moves.split(leaves, code, line_over(leaves.shape(code), random), [code, "new"])
    except Refused:
        return
    apart = cut.applied(leaves)
    whole = moves.merge(apart, [code, "new"], code).applied(apart)
    for was, now in zip(leaves.shapes, whole.shapes, strict=True):
        assert shapely.area(shapely.symmetric_difference(was, now)) <= 2 * SNAP * shapely.length(was)


@settings(max_examples=60, deadline=None)
@given(
    points=st.lists(st.tuples(st.floats(-0.5, 4.5), st.floats(-0.5, 4.5)), min_size=3, max_size=8),
    snap_m=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_any_polygon_that_is_drawn_is_cut_out_or_refused(points: list[tuple[float, float]], snap_m: float) -> None:
    leaves = city(wiggle=0.3)
    try:
        change = moves.cut_dedicated(leaves, polygon(*points), "new", snap_m)
    except Refused:
        return
    stands(leaves, change)
    others = [part for one in change.moved if one.now != "new" for part in shapely.get_parts(one.ground)]
    assert all(2 * part.area < THIN_M * M * part.length for part in others)  # slivers the drawing cut off


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), snap_m=st.floats(0, 2))
@example(seed=0, snap_m=5e-324)
def test_a_drawing_is_pulled_no_further_than_it_may_be_and_lies_on_the_lattice(seed: int, snap_m: float) -> None:
    random, leaves = np.random.default_rng(seed), city(wiggle=0.3)
    drawn = line_over(leaves.shapes[5], random)
    assume(shapely.length(drawn) > 6 * M)  # a shorter one may be pulled into one point, and is refused
    found = line_drawn(drawn, shapely.boundary(leaves.shapes[[5]]), snap_m)
    assert on_lattice(found.shape)
    flat = shapely.transform(found.pulled, lambda xy: xy * [np.cos(np.radians(30)), 1])
    assert all(shapely.length(shapely.get_parts(flat)) <= snap_m * M + 2 * SNAP)


# -- each change ----------------------------------------------------------------------------------------------------
def test_a_line_across_a_leaf_makes_two_of_it_the_larger_keeping_the_code() -> None:
    leaves = city()
    change = moves.split(leaves, "11", line((0.9, 1.3), (2.1, 1.3)), ["11", "new"])
    after = stands(leaves, change)
    assert hands(change) == {("11", "new")}
    assert after.shape("11").area > after.shape("new").area
    assert change.named == {"11", "new"}
    assert change.renoded == {"01", "21"}  # where the line ends on their borders


def test_a_line_through_three_pieces_takes_three_codes() -> None:
    leaves = city()
    zigzag = line((0.9, 1.2), (2.1, 1.2), (2.1, 1.7), (0.9, 1.7))
    change = moves.split(leaves, "11", zigzag, ["11", "b", "c"])
    assert set(change.shapes) >= {"11", "b", "c"}
    with pytest.raises(Refused, match="3 pieces, not 2; give 3 codes") as refusal:
        moves.split(leaves, "11", zigzag, ["11", "b"])
    assert refusal.value.where is not None
    assert len(shapely.get_parts(refusal.value.where)) == 3


def test_a_line_that_ends_inside_is_refused_and_says_how_to_draw_it() -> None:
    with pytest.raises(Refused, match="1 piece, not 2; draw it from rim to rim"):
        moves.split(city(), "11", line((0.9, 1.5), (1.5, 1.5)), ["11", "new"])


def test_a_part_that_lies_apart_stays_when_the_line_does_not_meet_it() -> None:
    leaves = city()
    both = moves.merge(leaves, ["00", "33"], "00").applied(leaves)
    change = moves.split(both, "00", line((-0.1, 0.4), (1.1, 0.4)), ["00", "new"])
    after = stands(both, change)
    assert len(shapely.get_parts(after.shape("00"))) == 2
    assert len(shapely.get_parts(after.shape("new"))) == 1


def test_a_line_through_a_hole_parts_the_ring_around_it() -> None:
    leaves = city()
    ring = moves.cut_dedicated(leaves, polygon((1.4, 1.4), (1.6, 1.4), (1.6, 1.6), (1.4, 1.6)), "hole").applied(leaves)
    change = moves.split(ring, "11", line((0.9, 1.5), (2.1, 1.5)), ["11", "new"])
    after = stands(ring, change)
    assert after.shape("hole").equals(ring.shape("hole"))


def test_leaves_that_are_merged_leave_no_node_behind() -> None:
    leaves = city()
    after = stands(leaves, moves.merge(leaves, ["11", "12", "21", "22"], "block"))
    assert len(after.codes) == 13
    assert shapely.get_num_coordinates(after.shape("block")) == 9  # where others meet it, and its corners


def test_ground_that_is_given_goes_to_the_leaf_and_who_loses_all_is_retired() -> None:
    leaves = city()
    change = moves.transfer(leaves, polygon((0.9, 0.9), (2.5, 0.9), (2.5, 2.1), (0.9, 2.1)), "00", snap_m=0)
    stands(leaves, change)
    assert change.retired == ("11",)
    assert ("11", "00") in hands(change)
    with pytest.raises(Unknown, match="no leaf has the code nobody"):
        moves.transfer(leaves, polygon((1, 1), (2, 1), (2, 2)), "nobody")


def test_a_dedicated_grid_is_cut_out_of_all_it_lies_on() -> None:
    leaves = city(wiggle=0.2)
    mall = shapely.Point(at((2, 2))[0]).buffer(0.5 * STEP)
    change = moves.cut_dedicated(leaves, mall, "mall")
    after = stands(leaves, change)
    assert {now for _, now in hands(change)} == {"mall"}
    ground = np.array([mall, after.shape("mall")], dtype=object)
    assert area_m2(ground)[0] == pytest.approx(area_m2(ground)[1], rel=1e-3)
    with pytest.raises(Refused, match="the code 11 is in use"):
        moves.cut_dedicated(leaves, mall, "11")


def test_the_border_of_two_leaves_is_drawn_anew() -> None:
    leaves = city()
    change = moves.move_border(leaves, "11", "12", line((0.9, 1.7), (2.1, 1.8)))
    after = stands(leaves, change)
    assert hands(change) == {("11", "12")}
    assert shapely.length(moves.border(after, "11", "12")) == pytest.approx(STEP, rel=0.02)
    with pytest.raises(Refused, match="does not part 11 from 12"):
        moves.move_border(leaves, "11", "12", line((3, 3), (4, 4)))


def test_a_leaf_is_dissolved_into_another_or_becomes_fallback_ground() -> None:
    leaves = city()
    assert hands(moves.dissolve(leaves, "11", "12")) == {("11", "12")}
    change = moves.dissolve(leaves, "11", "000")
    after = stands(leaves, change)
    assert after.shape("000").equals(leaves.shape("11"))
    assert change.retired == ("11",)


def test_the_outline_grows_and_shrinks_only_where_it_is_drawn() -> None:
    leaves = city()
    grown = moves.annex(leaves, polygon((-0.5, 0.5), (0.5, 0.5), (0.5, 1.5), (-0.5, 1.5)), "00")
    after = stands(leaves, grown)
    assert hands(grown) == {(BEYOND, "00")}
    shrunk = moves.cede(after, polygon((-0.6, 0.4), (0, 0.4), (0, 1.6), (-0.6, 1.6)))
    back = stands(after, shrunk)
    assert hands(shrunk) == {("00", BEYOND)}
    assert whole_of(back.shapes).equals(whole_of(leaves.shapes))
    with pytest.raises(Refused, match="no ground outside the city"):
        moves.annex(leaves, polygon((1, 1), (2, 1), (2, 2)), "00")
    with pytest.raises(Refused, match="the whole city"):
        moves.cede(leaves, polygon((-1, -1), (5, -1), (5, 5), (-1, 5)))


# -- what hands draw ---------------------------------------------------------------------------------------------------
def test_a_line_hardly_beside_a_border_is_pulled_onto_it_and_that_is_shown() -> None:
    leaves = city()
    beside = line((0.9, 1.5), (1.004, 1.5), (1.5, 1.5), (2.1, 1.5))
    change = moves.split(leaves, "11", beside, ["11", "new"])
    stands(leaves, change)
    assert len(shapely.get_parts(change.pulled)) == 1
    assert shapely.length(change.pulled) == pytest.approx(0.004 * STEP, rel=0.01)
    assert not len(shapely.get_parts(moves.split(leaves, "11", beside, ["11", "new"], snap_m=0).pulled))


def test_a_double_click_is_one_point() -> None:
    found = line_drawn(line((0, 0), (0, 0), (1, 1), (1, 1)), np.empty(0, dtype=object))
    assert shapely.get_num_coordinates(found.shape) == 2


def test_an_outline_that_touches_itself_is_taken_as_it_is_meant_and_one_that_cannot_be_told_is_refused() -> None:
    none = np.empty(0, dtype=object)
    eight = polygon((0, 0), (2, 2), (2, 0), (0, 2))
    assert shapely.area(ground_drawn(eight, none).shape) == pytest.approx(2 * STEP**2, rel=1e-4)
    around = polygon((0, 0), (3, 0), (3, 3), (0, 3), (0, 0), (1, 1), (1, 2), (2, 2), (2, 1), (1, 1))
    twisted = polygon((0, 0), (4, 0), (4, 4), (1, 4), (1, 1), (3, 1), (3, 3), (0, 3))
    assert shapely.area(ground_drawn(around, none).shape) == pytest.approx(8 * STEP**2, rel=1e-4)
    with pytest.raises(Refused, match="cannot be told") as refusal:
        ground_drawn(twisted, none)
    assert refusal.value.where is not None


@pytest.mark.parametrize(
    ("drawn", "told"),
    [
        (shapely.Point(120, 30), "a line is wanted"),
        (shapely.LineString([(120, 30), (120, 30)]), "a line is wanted"),
        (shapely.LineString([(30, 120), (31, 121)]), "longitude first"),
    ],
)
def test_what_is_no_line_on_earth_is_refused(drawn: BaseGeometry, told: str) -> None:
    with pytest.raises(Refused, match=told):
        moves.split(city(), "11", drawn, ["11", "new"])


def test_codes_are_each_of_one_leaf() -> None:
    leaves, across = city(), line((0.9, 1.5), (2.1, 1.5))
    for codes, told in ((["11", "12"], "in use"), (["11", "11"], "twice"), (["11", ""], "blank")):
        with pytest.raises(Refused, match=told):
            moves.split(leaves, "11", across, codes)
    for change in (lambda: moves.merge(leaves, ["11"], "11"), lambda: moves.dissolve(leaves, "11", "11")):
        with pytest.raises(GeoError):
            change()
    with pytest.raises(Refused, match="occurs twice"):
        Leaves.of(["a", "a"], [shapely.box(0, 0, 1, 1)] * 2)


def test_a_sliver_is_not_cut_off() -> None:
    leaves = city()
    sliver = polygon((1, 1.5), (2, 1.5), (2, 1.5 + 3e-4), (1, 1.5 + 3e-4))  # 3 cm
    with pytest.raises(Refused, match="nothing changes hands: what is drawn is thinner than"):
        moves.cut_dedicated(leaves, sliver, "new", snap_m=0)


def test_a_line_that_misses_the_ground_it_was_to_part_is_refused_on_that_ground() -> None:
    leaves = city()
    with pytest.raises(Refused, match="nothing changes hands") as refused:
        moves.move_border(leaves, "00", "33", line((0.5, 2.5), (1.5, 2.5)))
    meant = whole_of(leaves.shapes[leaves.at(["00", "33"])])
    assert shapely.equals(refused.value.where, meant)


def test_a_change_of_thousands_of_leaves_is_proved_as_a_whole() -> None:
    leaves = city(40, wiggle=0.3)
    change = moves.cut_dedicated(leaves, shapely.Point(at((20, 20))[0]).buffer(6 * STEP), "park")
    after = change.applied(leaves)
    assert not faults(after.shapes, whole_of(leaves.shapes))
    assert len(change.retired) > 50
