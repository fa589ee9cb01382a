"""How two divisions differ: what changed, what was only noded, and where the ground of old codes went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Bools, Codes, Ints, Shapes
from geo.crs import area_m2
from geo.space.arrangement import apart_by_a_hair
from geo.space.division.rows import Division, positions
from geo.space.partition import OUTSIDE


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a division changes. Masks run over its own leaves and areas, or over the old ones where that is said.

    **changed**: in both, and name, kind, parent or ground differ beyond the snap. **noded**: gained or lost only
    vertices within it. Rings that merely start elsewhere are the same.
    """

    appeared: Bools
    changed: Bools
    noded: Bools
    opened: Bools
    """Leaves that need a new row: appeared, changed or noded."""
    retired: Bools
    """Old leaves whose code is gone."""
    closed: Bools
    """Old leaves whose row ends: retired, changed or noded."""
    left_ground: Bools
    """Old leaves whose ground is not all theirs any more, or more than it was."""
    opened_areas: Bools
    closed_areas: Bools
    retired_areas: Codes
    outline_moved: bool

    @property
    def changed_count(self) -> int:
        """How many codes changed, appeared or retired."""
        return int(self.changed.sum() + self.appeared.sum() + self.retired.sum())

    @property
    def same(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.opened.any() or self.closed.any() or self.opened_areas.any() or self.closed_areas.any())


@dataclass(frozen=True)
class Crossing:
    """Ground of an old code that lies in a new one; ``area_share`` of the old code's ground."""

    old: str
    new: str
    area_share: float
    area_m2: float


def differing(old: Division, new: Division) -> set[str]:
    """As :func:`touched`, looking at leaves alone."""
    was = positions(new.leaf_codes, old.leaf_codes)
    went = old.leaf_codes[_absent(was, len(old.leaf_codes))]
    return {*new.leaf_codes[leaves_apart(old, new)[0]].tolist(), *went.tolist()}


def leaves_apart(old: Division, new: Division) -> tuple[Bools, Bools]:
    """Which new leaves (n,) appear or differ in more than their vertices, and which in those alone."""
    was = positions(new.leaf_codes, old.leaf_codes)
    moved, bent = ground_moved(old.leaf_shapes, new.leaf_shapes, was)
    came: Bools = _leaf_words(old, new, was) | moved | (was == OUTSIDE)
    return came, bent & ~came


def to_the_vertex(old: Shapes, new: Shapes, was: Ints) -> Bools:
    """Which new shapes (n,) have the vertices of the old one at ``was`` (n,), rings starting anywhere."""
    same: Bools = was != OUTSIDE
    same[_redrawn(_plain(old), _plain(new), was)] = False
    return same


def differing_areas(old: Division, new: Division) -> set[str]:
    """Codes of areas that are called otherwise in ``new``, come under another area, are new or gone.

    Of two parts of a city, look at :func:`reworded_areas`: what one of them lacks need not be gone.
    """
    return reworded_areas(old, new) | set(np.setxor1d(old.area_codes, new.area_codes).tolist())


def reworded_areas(old: Division, new: Division) -> set[str]:
    """Codes of areas both have that are called otherwise in ``new``, or come under another area."""
    was = positions(new.area_codes, old.area_codes)
    differs = _words(new.area_names, old.area_names, was) | _words(new.area_parents, old.area_parents, was)
    return set(new.area_codes[differs].tolist())


def compare(old: Division, new: Division) -> Comparison:
    """What publishing ``new`` over ``old`` changes; codes name the same thing in both."""
    was = positions(new.leaf_codes, old.leaf_codes)
    both = np.flatnonzero(was != OUTSIDE)
    words = _leaf_words(old, new, was)
    moved, bent = ground_moved(old.leaf_shapes, new.leaf_shapes, was)
    changed, appeared = words | moved, was == OUTSIDE
    noded = bent & ~changed
    retired = _absent(was, len(old.leaf_codes))
    closed, left = retired.copy(), retired.copy()
    closed[was[both]] |= (changed | noded)[both]
    left[was[both]] |= moved[both]
    opened_areas, closed_areas = _areas(old, new)
    return Comparison(
        appeared=appeared,
        changed=changed,
        noded=noded,
        opened=appeared | changed | noded,
        retired=retired,
        closed=closed,
        left_ground=left,
        opened_areas=opened_areas,
        closed_areas=closed_areas,
        retired_areas=np.setdiff1d(old.area_codes, new.area_codes),
        outline_moved=_outline_moved(old, new),
    )


def touched(old: Division, new: Division, difference: Comparison) -> set[str]:
    """Codes of leaves that differ in more than their vertices: appeared, changed or retired."""
    came: set[str] = set(new.leaf_codes[difference.appeared | difference.changed].tolist())
    return came | set(old.leaf_codes[difference.retired].tolist())


def crosswalk(old: Division, new: Division, difference: Comparison) -> list[Crossing]:
    """Where the ground of each old leaf that left ground lies now: by old code, then share descending, then new code.

    Ground no wider than snapping explains is left out; what a code lost beyond the outline is in no crossing.
    """
    left = np.flatnonzero(difference.left_ground)
    tree = shapely.STRtree(new.leaf_shapes)
    a, b = tree.query(old.leaf_shapes[left], predicate="intersects")
    a = left[a]
    common = shapely.intersection(old.leaf_shapes[a], new.leaf_shapes[b])
    real = ~_hair(common, old.leaf_shapes[a])
    a, b, common = a[real], b[real], common[real]
    whole = area_m2(old.leaf_shapes)[a] if len(a) else np.zeros(0)
    ground = area_m2(polygonal(common))
    share = np.minimum(ground / whole, 1.0)
    order = np.lexsort((b, -share, a))
    return [
        Crossing(str(old.leaf_codes[a[at]]), str(new.leaf_codes[b[at]]), float(share[at]), float(ground[at]))
        for at in order
    ]


def _leaf_words(old: Division, new: Division, was: Ints) -> Bools:
    """Where name, kind or parent of a leaf differs."""
    pairs = [(getattr(new, key), getattr(old, key)) for key in ("leaf_names", "leaf_kinds", "leaf_parents")]
    differs: Bools = np.logical_or.reduce([_words(*pair, was) for pair in pairs])
    return differs


def _words(new: Codes, old: Codes, was: Ints) -> Bools:
    """Where a word differs from the old one of the same code; False for what is new."""
    if not len(old):
        return np.zeros(len(new), dtype=np.bool_)
    differs: Bools = (was != OUTSIDE) & (new != old[was])
    return differs


def _absent(was: Ints, n: int) -> Bools:
    gone = np.ones(n, dtype=np.bool_)
    gone[was[was != OUTSIDE]] = False
    return gone


def ground_moved(old: Shapes, new: Shapes, was: Ints) -> tuple[Bools, Bools]:
    """Which new shapes (n,) moved ground, and which only gained or lost vertices; ``was`` (n,) positions among the old.

    Neither for what is new.
    """
    new, old = _plain(new), _plain(old)
    both = _redrawn(old, new, was)
    hair = apart_by_a_hair(new[both], old[was[both]])
    moved, bent = np.zeros((2, len(new)), dtype=np.bool_)
    moved[both[~hair]], bent[both[hair]] = True, True
    return moved, bent


def _redrawn(old: Shapes, new: Shapes, was: Ints) -> Ints:
    """Positions of plain new shapes with other vertices than the old one of their code; rings may start elsewhere."""
    both = np.flatnonzero(was != OUTSIDE)
    both = both[~shapely.equals_identical(new[both], old[was[both]])]
    turned = shapely.equals_exact(_in_order(new[both]), _in_order(old[was[both]]), 0.0)
    found: Ints = both[~turned]
    return found


def _plain(shapes: Shapes) -> Shapes:
    """Shapes with multipolygons of one part as polygons: a store may keep all as multipolygons."""
    single = (shapely.get_type_id(shapes) == 6) & (shapely.get_num_geometries(shapes) == 1)
    plain = shapes.copy()
    plain[single] = shapely.get_geometry(shapes[single], 0)
    return plain


def _in_order(shapes: Shapes) -> Shapes:
    """Shapes whose rings and parts start alike; GEOS needs repeated vertices gone to put them in one order."""
    return np.asarray(shapely.normalize(shapely.remove_repeated_points(shapes)), dtype=object)


def _areas(old: Division, new: Division) -> tuple[Bools, Bools]:
    """Areas whose row begins and old areas whose row ends: any word or any vertex differs."""
    was = positions(new.area_codes, old.area_codes)
    both = np.flatnonzero(was != OUTSIDE)
    differs = _words(new.area_names, old.area_names, was) | _words(new.area_parents, old.area_parents, was)
    levels = old.area_levels[was[both]] != new.area_levels[both]
    differs[both] |= levels
    differs[_redrawn(_plain(old.area_shapes), _plain(new.area_shapes), was)] = True
    closed = _absent(was, len(old.area_codes))
    closed[was[both]] |= differs[both]
    return differs | (was == OUTSIDE), closed


def _outline_moved(old: Division, new: Division) -> bool:
    before, after = (division.area_shapes[division.area_levels == 0] for division in (old, new))
    if len(before) != len(after):
        return True
    return bool(ground_moved(before, after, np.arange(len(after)))[0].any())


def _hair(common: Shapes, whole: Shapes) -> Bools:
    """Where common ground is nothing but a bent border."""
    return apart_by_a_hair(common, np.full(len(common), shapely.Polygon(), dtype=object)) & (
        shapely.area(common) < shapely.area(whole)
    )


def polygonal(shapes: Shapes) -> Shapes:
    """The polygons of each shape, without the lines and points an intersection leaves beside them."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    ground = shapely.get_type_id(parts) == 3
    made = np.full(len(shapes), shapely.Polygon(), dtype=object)
    if ground.any():
        made[np.unique(of[ground])] = shapely.multipolygons(
            parts[ground], indices=np.unique(of[ground], return_inverse=True)[1]
        )
    return made
