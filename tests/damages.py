"""Damaged partitions and what must hold when they are mended; hypothesis and ``prove mending`` ask the same laws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely

from geo.arrays import Shapes
from geo.crs import area_m2, snap
from geo.space.arrangement import NEAR, thickness
from geo.space.division import BLOCKING, AreaLayer, Division, NamedGrids
from geo.space.grounds import fitted
from geo.space.mending import Layers, Limits, Mended, mended
from geo.space.mending.ledger import widths_m
from geo.space.partition import Fault, faults
from tests.cities import SCHEME, MadeCity, made_city

EPSG = 4548
METRE = 1 / 111_319.49
CENTIMETRE = 0.01
"""What matching may leave between a leaf and its neighbour: the snap moves a border by up to 4.4 mm on either side."""

MOVING = frozenset({"gap", "overlap", "beyond", "nested", "dedicated", "cut"})
"""Kinds of mends that move the ground of grids."""

LIMITED = frozenset({"gap", "overlap", "beyond", "sliver"})
AUTHORITIES: tuple[tuple[int, ...], ...] = ((), (3, 4), (2, 4, 3), (1, 2, 3, 4))
SIZES_M = (0.02, 0.3, 1.5, 6.0, 40.0)

Damage = Callable[[Shapes, int, float, np.random.Generator], None]


def shrink(shapes: Shapes, at: int, size_m: float, _: np.random.Generator) -> None:
    shapes[at] = shapely.buffer(shapes[at], -size_m * METRE, join_style="mitre")


def shrink_all(shapes: Shapes, _: int, size_m: float, __: np.random.Generator) -> None:
    """One crack around all of them."""
    shapes[:] = shapely.buffer(shapes, -size_m / 2 * METRE, join_style="mitre")


def grow(shapes: Shapes, at: int, size_m: float, _: np.random.Generator) -> None:
    shapes[at] = shapely.buffer(shapes[at], size_m * METRE, join_style="mitre")


def shift(shapes: Shapes, at: int, size_m: float, rng: np.random.Generator) -> None:
    by = rng.uniform(-1, 1, 2) * size_m * METRE
    shapes[at] = shapely.transform(shapes[at], lambda xy: xy + by)


def shake(shapes: Shapes, at: int, size_m: float, rng: np.random.Generator) -> None:
    """Every vertex somewhere else: slivers of both kinds along the border."""

    def move(xy: np.ndarray) -> np.ndarray:
        places, which = np.unique(xy, axis=0, return_inverse=True)
        return (places + rng.uniform(-1, 1, places.shape) * size_m * METRE)[which.reshape(-1)]

    shapes[at] = shapely.transform(shapes[at], move)


def thin_out(shapes: Shapes, at: int, size_m: float, _: np.random.Generator) -> None:
    """T-junctions and corners of the neighbours that this one no longer has."""
    shapes[at] = shapely.simplify(shapes[at], size_m * METRE)


def drop(shapes: Shapes, at: int, _: float, __: np.random.Generator) -> None:
    shapes[at] = shapely.Polygon()


def double(shapes: Shapes, at: int, _: float, rng: np.random.Generator) -> None:
    """A row with the ground of another one."""
    shapes[at] = shapes[int(rng.integers(0, len(shapes)))]


DAMAGES: dict[str, Damage] = {
    one.__name__: one for one in (shrink, shrink_all, grow, shift, shake, thin_out, drop, double)
}


@dataclass(frozen=True, eq=False)
class Case:
    """A city, what was done to its grids, and how they are mended."""

    city: MadeCity
    seed: int
    kinds: Sequence[str]
    size_m: float
    authority: tuple[int, ...] = ()
    is_declared: bool = True
    limits: Limits = Limits()  # noqa: RUF009 — frozen

    def __repr__(self) -> str:
        return f"Case(seed={self.seed}, {list(self.kinds)}, {self.size_m} m, {self.authority}, {self.is_declared})"

    @cached_property
    def shapes(self) -> Shapes:
        """The damaged grids."""
        rng = np.random.default_rng(self.seed)
        shapes = self.city.shapes.copy()
        for kind in self.kinds:
            DAMAGES[kind](shapes, int(rng.integers(0, len(shapes))), self.size_m, rng)
        return np.asarray([shapely.transform(shape, snap) for shape in shapes], dtype=object)

    @cached_property
    def done(self) -> Mended:
        outline = self.city.outline if self.is_declared else None
        named = replace(self.city.grids(), shapes=self.shapes)
        return self._mended(Layers(named, self.city.layers(), outline))

    def _mended(self, layers: Layers) -> Mended:
        return mended(layers, self.limits, authority=self.authority, scheme=SCHEME, epsg=EPSG)

    @cached_property
    def divided(self) -> tuple[Division, list[Fault]]:
        division, found = self.done.division, self.done.faults
        return division, [fault for fault in found if fault.kind in BLOCKING - {"empty"}]

    @cached_property
    def again(self) -> Mended:
        """The division mended a second time, its own areas and outline given."""
        return self._mended(read_again(self.divided[0]))


def read_again(division: Division) -> Layers:
    """The layers of a division as files of it would give them: named grids, all areas, and the outline declared."""
    leaf = division.leaf_kinds != "fallback"
    columns = (division.leaf_codes, division.leaf_names, division.leaf_kinds, division.leaf_parents)
    named = NamedGrids(*(column[leaf] for column in columns), division.leaf_shapes[leaf])
    layers = []
    for level in range(division.levels - 1):
        here = division.area_levels == level
        columns = (division.area_codes, division.area_names, division.area_parents)
        layers.append(AreaLayer(level, *(column[here] for column in columns), division.area_shapes[here]))
    (outline,) = layers[0].shapes
    return Layers(named, layers, outline)


def random_case(seed: int) -> Case:
    rng = np.random.default_rng(seed)
    side, wiggle = int(rng.integers(2, 6)), float(rng.choice([0.0, 0.1, 0.2, 0.3]))
    kinds = rng.choice(list(DAMAGES), size=int(rng.integers(1, 5)))
    authority = AUTHORITIES[int(rng.integers(0, len(AUTHORITIES)))] if rng.random() < 0.5 else ()
    return Case(made_city(seed, side, wiggle), seed, [*map(str, kinds)], float(rng.choice(SIZES_M)), authority,
                bool(rng.random() < 0.7))  # fmt: skip


# -- laws --------------------------------------------------------------------------------------------------------------
def stands_or_is_refused_where_it_is_too_large(case: Case) -> bool:
    """Whether it stands. What is left is an overlap or ground outside, beyond the limits or in what is."""
    division, found = case.divided
    kept = [fault for fault in found if fault.kind in {"overlap", "outside"}]
    for fault in found:
        if fault not in kept:
            assert fault.kind == "outside_parent", (case, fault.kind)
            also = shapely.union_all([one.where for one in kept])
            assert not len(wide(shapely.difference(fault.where, also))), (case, fault.kind)
    for fault in kept:
        assert _is_too_large(fault, case) or _is_held_by_a_third(fault, kept, case), (case, fault.kind, fault.area_m2)
    if not found:
        assert faults(division.leaf_shapes, division.area_shapes[division.area_levels == 0][0]) == [], case
    return not found


def _is_too_large(fault: Fault, case: Case) -> bool:
    across = widths_m(np.asarray([fault.where]), EPSG)[0] > case.limits.width_m - 0.01
    return bool(across or fault.area_m2 > case.limits.area_m2)


def _is_held_by_a_third(fault: Fault, kept: Sequence[Fault], case: Case) -> bool:
    """Whether each party of an overlap overlaps a third grid on all of its ground, in a place that is too large.

    Whose such ground is cannot be decided before that place is: it is left, and told of each two of the three.
    """
    if fault.kind != "overlap":
        return False
    large = [one for one in kept if one.kind == "overlap" and one is not fault and _is_too_large(one, case)]
    for party in fault.parties:
        others = shapely.union_all([one.where for one in large if party in one.parties])
        if len(wide(shapely.difference(fault.where, others))):
            return False
    return True


def no_place_moves_more_than_the_limits(case: Case) -> None:
    """Neither what the ledger says, nor what the shapes show and the ledger does not."""
    for one in case.done.mends:
        if one.kind in LIMITED:
            assert one.area_m2 <= case.limits.area_m2, case
            assert one.width_m <= case.limits.width_m, case
    before = fitted(case.shapes, 0)[0]
    for at, (was, now) in enumerate(zip(before, case.done.layers.named.shapes, strict=True)):
        moved = [one.ground for one in case.done.mends if one.kind in MOVING and at in (one.lost, one.got)]
        unexplained = shapely.difference(shapely.symmetric_difference(was, now), shapely.union_all(moved))
        assert not len(wide(unexplained)), (case, at, shapely.to_wkt(unexplained))


def wide(shape: shapely.Geometry) -> Shapes:
    """Polygons of a shape wider than twice what the snap explains."""
    parts = shapely.get_parts(shape)
    parts = parts[np.isin(shapely.get_type_id(parts), [3, 6])]
    return parts[thickness(parts) > 2 * NEAR]


def mending_again_changes_nothing(case: Case) -> None:
    """The output mended once more: no ground wider than a centimetre moves, between grids or between areas."""
    division, found = case.divided
    if found:
        return
    assert [one.kind for one in case.again.mends if one.kind != "left" and one.width_m > CENTIMETRE] == [], case
    shapes = division.leaf_shapes[division.leaf_kinds != "fallback"]
    apart = shapely.symmetric_difference(shapes, case.again.layers.named.shapes)
    assert (2 * shapely.area(apart) <= CENTIMETRE * METRE * shapely.length(apart)).all(), case


def the_ledger_accounts_for_the_ground(case: Case) -> None:
    got, lost = np.zeros(len(case.shapes)), np.zeros(len(case.shapes))
    for one in case.done.mends:
        if one.kind in MOVING:
            (got if one.kind == "gap" else lost)[one.got if one.kind == "gap" else one.lost] += one.area_m2
    before, after = fitted(case.shapes, 0)[0], case.done.layers.named.shapes
    hair_m2 = shapely.length(before) / METRE * NEAR / METRE  # what is no wider than the snap is in no ledger
    assert (np.abs(area_m2(after) - area_m2(before) - (got - lost)) <= hair_m2 + 0.01).all(), case


def every_point_is_in_one_leaf(case: Case, points: int = 200) -> None:
    """Counted by shapely; points near a border are left out."""
    division, found = case.divided
    if found:
        return
    outline = division.area_shapes[division.area_levels == 0][0]
    rng = np.random.default_rng(case.seed)
    west, south, east, north = outline.bounds
    spots = shapely.points(rng.uniform((west, south), (east, north), (points, 2)))
    clear = shapely.distance(shapely.union_all(shapely.boundary(division.leaf_shapes)), spots) > 1e-9
    inside = shapely.contains(outline, spots)
    spot, _ = shapely.STRtree(division.leaf_shapes).query(spots, predicate="within")
    count = np.bincount(spot, minlength=points)
    assert (count[clear] == inside[clear]).all(), case


LAWS = (
    stands_or_is_refused_where_it_is_too_large,
    no_place_moves_more_than_the_limits,
    mending_again_changes_nothing,
    the_ledger_accounts_for_the_ground,
    every_point_is_in_one_leaf,
)
