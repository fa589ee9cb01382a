"""Damaged partitions are mended within their limits or left as faults with their place: laws on random cities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.arrays import Shapes
from geo.crs import area_m2, snap
from geo.space.arrangement import NEAR, thickness
from geo.space.division import BLOCKING, divide
from geo.space.grounds import fitted
from geo.space.mending import Limits, Mended, mended
from geo.space.mending.ledger import widths_m
from tests.cities import SCHEME, MadeCity, cities

EPSG = 4548
METRE = 1 / 111_319.49
LIMITS = Limits()
few = settings(max_examples=12, deadline=None)
SIZES_M = st.sampled_from([0.02, 0.3, 1.5, 6.0, 40.0])
MOVING = {"gap", "overlap", "beyond", "nested", "dedicated", "cut"}

Damage = Callable[[Shapes, int, float, np.random.Generator], None]


def shrink(shapes: Shapes, at: int, size_m: float, _: np.random.Generator) -> None:
    shapes[at] = shapely.buffer(shapes[at], -size_m * METRE, join_style="mitre")


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


DAMAGES: dict[str, Damage] = {one.__name__: one for one in (shrink, grow, shift, shake, thin_out, drop)}


def damaged(city: MadeCity, seed: int, kinds: list[str], size_m: float) -> Shapes:
    rng = np.random.default_rng(seed)
    shapes = city.shapes.copy()
    for kind in kinds:
        DAMAGES[kind](shapes, int(rng.integers(0, len(shapes))), size_m, rng)
    return np.asarray([shapely.transform(shape, snap) for shape in shapes], dtype=object)


def mend(
    city: MadeCity, shapes: Shapes, limits: Limits = LIMITS, *, drawn: bool = True, outline: bool = True
) -> Mended:
    return mended(
        replace(city.grids(), shapes=shapes),
        city.layers(drawn=drawn),
        city.outline if outline else None,
        limits,
        authority=(),
        epsg=EPSG,
    )


def hairless(shape: shapely.Geometry) -> Shapes:
    parts = shapely.get_parts(shape)
    parts = parts[np.isin(shapely.get_type_id(parts), [3, 6])]
    return parts[thickness(parts) > 2 * NEAR]


DAMAGED = {
    "city": cities(),
    "seed": st.integers(0, 10_000),
    "kinds": st.lists(st.sampled_from(sorted(DAMAGES)), min_size=1, max_size=4),
    "size_m": SIZES_M,
}


@few
@given(**DAMAGED)
def test_it_is_mended_or_left_as_faults_too_large_to_be_mended(
    city: MadeCity, seed: int, kinds: list[str], size_m: float
) -> None:
    done = mend(city, damaged(city, seed, kinds, size_m))
    _, found = divide(done.named, done.areas, done.outline, SCHEME, gap_m=0.0)
    kept = [fault for fault in found if fault.kind in {"overlap", "outside"}]
    for fault in found:
        if fault.kind in BLOCKING - {"empty"} and fault not in kept:
            assert fault.kind == "outside_parent", fault.kind
            also = shapely.union_all([one.where for one in kept])
            assert not len(hairless(shapely.difference(fault.where, also)))
    for fault in kept:
        wide = widths_m(np.asarray([fault.where]), EPSG)[0] > LIMITS.width_m - 0.01
        assert wide or fault.area_m2 > LIMITS.area_m2, (fault.kind, fault.area_m2)


@few
@given(**DAMAGED)
def test_no_place_moves_more_than_the_limits(city: MadeCity, seed: int, kinds: list[str], size_m: float) -> None:
    shapes = damaged(city, seed, kinds, size_m)
    done = mend(city, shapes)
    for one in done.mends:
        if one.kind in {"gap", "overlap", "beyond", "sliver"}:
            assert one.area_m2 <= LIMITS.area_m2
            assert one.width_m <= LIMITS.width_m
    before = fitted(shapes, 0)[0]
    for at, (was, now) in enumerate(zip(before, done.named.shapes, strict=True)):
        moved = [one.ground for one in done.mends if one.kind in MOVING and at in (one.lost, one.got)]
        unexplained = shapely.difference(shapely.symmetric_difference(was, now), shapely.union_all(moved))
        assert not len(hairless(unexplained)), shapely.to_wkt(unexplained)


@few
@given(**DAMAGED)
def test_mending_what_was_mended_changes_nothing(city: MadeCity, seed: int, kinds: list[str], size_m: float) -> None:
    done = mend(city, damaged(city, seed, kinds, size_m))
    division, found = divide(done.named, done.areas, done.outline, SCHEME, gap_m=0.0)
    if any(fault.kind in BLOCKING for fault in found):
        return
    named = division.leaf_kinds != "fallback"
    again = replace(done.named, shapes=division.leaf_shapes[named])
    assert again.codes.tolist() == division.leaf_codes[named].tolist()
    layers = [replace(layer, shapes=layer.shapes) for layer in done.areas]
    twice = mended(again, layers, done.outline, LIMITS, authority=(), epsg=EPSG)
    assert [one for one in twice.mends if one.kind in MOVING] == []
    assert all(a is b or a.equals(b) for a, b in zip(again.shapes, twice.named.shapes, strict=True))


@few
@given(cities())
def test_a_partition_is_left_as_it_is(city: MadeCity) -> None:
    done = mend(city, city.shapes)
    assert done.mends == []
    assert all(a is b or a.equals_exact(b, 0) for a, b in zip(done.named.shapes, city.shapes, strict=True))


@few
@given(**DAMAGED)
def test_the_ledger_accounts_for_every_square_metre(city: MadeCity, seed: int, kinds: list[str], size_m: float) -> None:
    shapes = damaged(city, seed, kinds, size_m)
    done = mend(city, shapes)
    got, lost = np.zeros(len(shapes)), np.zeros(len(shapes))
    for one in done.mends:
        if one.kind in MOVING:
            got[one.got] += one.area_m2 * (0 <= one.got < len(shapes) and one.kind == "gap")
            lost[one.lost] += one.area_m2 * (0 <= one.lost < len(shapes))
    before, after = fitted(shapes, 0)[0], done.named.shapes
    hair_m2 = shapely.length(before) / METRE * NEAR / METRE  # what is no wider than the snap is in no ledger
    assert (np.abs(area_m2(after) - area_m2(before) - (got - lost)) <= hair_m2 + 0.01).all()
