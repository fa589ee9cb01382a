"""The leaves of an area replaced by given ones: what a file of boundaries asks for, as one change.

Given leaves take the ground of those they replace and no other: the outline of it stays. What none of them takes is
fallback ground of the area it lay in. A leaf whose ground is given as it is stays the same object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Codes, Ints, Shapes
from geo.codes import Scheme
from geo.crs import area_m2
from geo.errors import Refused
from geo.space.arrangement import owners_of
from geo.space.division import Division, differing, ground_moved
from geo.space.division.rows import positions
from geo.space.grounds import fitted, one_of
from geo.space.partition import OUTSIDE, whole_of
from geo.space.redraw.arranging import Faces, redraw
from geo.space.redraw.drawing import SNAP_M
from geo.space.redraw.leaves import Leaves, Redrawn
from geo.space.redraw.members import COMPREHENSIVE, DEDICATED, FALLBACK, area, fallback_of, leaves_of, refuse_unfit
from geo.space.redraw.slivers import THIN_M, absorbed, thickness_m

MOST_MEND_M = 2.0
_EARTH = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class GivenLeaf:
    """A leaf as it is to be; ``ground`` in degrees WGS 84."""

    code: str
    name: str
    kind: str
    parent: str
    ground: BaseGeometry


@dataclass(frozen=True)
class ReplaceScope:
    """The leaves of an area, None for the city, replaced by given ones.

    ``gone`` are codes that are given up; None for every leaf of the area that is not given, and is found by
    :mod:`geo.space.redraw.numbering`. Others stay. ``mend_m`` is the width in metres of gaps, overlaps and overreaching
    ground that are taken for one border drawn twice.
    """

    leaves: tuple[GivenLeaf, ...]
    within: str | None = None
    gone: tuple[str, ...] | None = None
    mend_m: float = SNAP_M


def trimmed(division: Division, change: ReplaceScope) -> ReplaceScope:
    """The change with the leaves alone that become others, and the codes that go: what is kept, and may conflict.

    Raises as :func:`replaced` where the scope or the leaves are not to be told.
    """
    old, new = _only(division, _is_replaced(division, change)), _given(division, change)
    codes = differing(old, new)
    leaves = tuple(one for one in change.leaves if one.code in codes)
    return replace(change, leaves=leaves, gone=tuple(sorted(codes - {one.code for one in leaves})))


def is_idle(change: ReplaceScope) -> bool:
    """Whether a trimmed change asks for nothing."""
    return not change.leaves and change.gone == ()


def replaced(division: Division, change: ReplaceScope, scheme: Scheme) -> tuple[Redrawn, dict[str, tuple[str, str]]]:
    """What becomes of the ground; and name and area, by code, of each fallback leaf that appears.

    Raises
    ------
    Unknown
        For an area there is none of, and a code to be given up that no leaf has.
    Refused
        When a code stands twice, is in use outside the scope or does not fit; when a parent lies outside it; when given
        ground is none, overlaps other given ground or reaches beyond what is replaced by more than ``mend_m``, with the
        place.
    """
    if not 0 <= change.mend_m <= MOST_MEND_M:
        raise Refused(
            f"mend_m of {change.mend_m:g}; 0 to {MOST_MEND_M:g} metres can be mended",
            zh=f"mend_m 是 {change.mend_m:g}；可弥合 0 到 {MOST_MEND_M:g} 米",
        )
    is_old, given = _is_replaced(division, change), _given(division, change)
    _refuse_words(division, change, given, scheme)
    was = positions(given.leaf_codes, division.leaf_codes)
    moved = ground_moved(division.leaf_shapes, given.leaf_shapes, was)[0] | (was == OUTSIDE)
    is_old[was[~moved]] = False
    old, given = np.flatnonzero(is_old), _only(given, moved)
    if not len(old) and not len(given.leaf_codes):
        return Redrawn({}), {}
    rest = {code: fallback_of(division, code, scheme) for code in np.unique(division.leaf_parents[old]).tolist()}
    leaves = leaves_of(division)
    free = [rest[code][0] for code in division.leaf_parents[old].tolist()]
    done = laid(leaves, old, Leaves(given.leaf_codes, given.leaf_shapes), free, change.mend_m)
    appeared = {code: (name, parent) for parent, (code, name) in rest.items() if not leaves.has(code)}
    return done, appeared


# -- which leaves, and what is told of them ----------------------------------------------------------------------------
def _scope(division: Division, change: ReplaceScope) -> Codes:
    """Codes of the area that is replaced and of all areas under it; all of its leaves are there, where all may go."""
    top = division.area_levels == 0
    inside = np.ones(len(top), dtype=np.bool_)
    if change.within is not None:
        top = division.area_codes == division.area_codes[area(division, change.within)]
        inside = division.areas_within(change.within)
    if division.sight is not None and change.gone is None:
        division.sight.demand_around(division.area_shapes[top])
    codes: Codes = division.area_codes[inside]
    return codes


def _is_replaced(division: Division, change: ReplaceScope) -> Bools:
    """Which leaves (n,) are replaced."""
    leaves = leaves_of(division)
    given = [one.code for one in change.leaves]
    gone = list(change.gone or ())
    if twice := [code for code in gone if code in set(given)]:
        raise Refused(
            f"{twice[0]} is given and given up; it can be one of both", zh=f"{twice[0]} 又给出又撤销；只能取一"
        )
    named = leaves.at([*(code for code in given if leaves.has(code)), *gone])
    inside = np.isin(division.leaf_parents, _scope(division, change))
    if (beyond := named[~inside[named]]).size:
        code, shape = division.leaf_codes[beyond[0]], division.leaf_shapes[beyond[0]]
        raise Refused(
            f"{code} lies outside {change.within}, which is replaced; give another code, or take a wider scope",
            zh=f"{code} 在被更换的 {change.within} 之外；换一个编码，或选更大的范围",
            where=shape,
        )
    if change.gone is None:
        return inside
    which = np.zeros(len(inside), dtype=np.bool_)
    which[named] = True
    return which


def _only(division: Division, which: Bools) -> Division:
    """A division of some of the leaves."""
    return replace(
        division,
        leaf_codes=division.leaf_codes[which],
        leaf_names=division.leaf_names[which],
        leaf_kinds=division.leaf_kinds[which],
        leaf_parents=division.leaf_parents[which],
        leaf_shapes=division.leaf_shapes[which],
    )


def _given(division: Division, change: ReplaceScope) -> Division:
    """The given leaves on the lattice, ascending by code, under the areas there are."""
    codes, names, kinds, parents = (
        np.array([getattr(one, field) for one in change.leaves], dtype=np.str_)
        for field in ("code", "name", "kind", "parent")
    )
    unique, count = np.unique(codes, return_counts=True)
    if (count > 1).any():
        raise Refused(
            f"{unique[count > 1][0]} is given {count.max()} times; each leaf has a code of its own",
            zh=f"{unique[count > 1][0]} 给了 {count.max()} 次；每块各一个编码",
        )
    shapes = np.empty(len(codes), dtype=object)
    shapes[:] = [one.ground for one in change.leaves]
    shapes, order = _on_lattice(codes, shapes), np.argsort(codes, kind="stable")
    return replace(
        division,
        leaf_codes=codes[order],
        leaf_names=names[order],
        leaf_kinds=kinds[order],
        leaf_parents=parents[order],
        leaf_shapes=shapes[order],
    )


def _on_lattice(codes: Codes, shapes: Shapes) -> Shapes:
    """Grounds as they can be arranged. Raises Refused for what is none, with the place."""
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    off_earth = ~((bounds >= np.tile(_EARTH[:2], 2)) & (bounds <= np.tile(_EARTH[2:], 2))).all(axis=1)
    wrong = ~np.isin(shapely.get_type_id(shapes), [3, 6]) | shapely.is_empty(shapes) | off_earth
    if wrong.any():
        raise Refused(
            f"the ground of {codes[wrong][0]} is no polygon in degrees, longitude first",
            zh=f"{codes[wrong][0]} 的地不是以度为单位、经度在前的多边形",
        )
    found, unfit = fitted(shapes, 0)
    if unfit:
        at = unfit[0].parties[0]
        raise Refused(
            f"the outline of {codes[at]} crosses itself; draw it without crossing",
            zh=f"{codes[at]} 的外边自己交叉；不要交叉，重画",
            where=unfit[0].where,
        )
    return found


def _refuse_words(division: Division, change: ReplaceScope, given: Division, scheme: Scheme) -> None:
    """Raise Refused where a code, a kind or a parent of a given leaf cannot be; Unknown for a parent there is not."""
    scope = _scope(division, change)
    for parent in np.unique(given.leaf_parents).tolist():
        at = area(division, parent)
        if parent not in scope:
            raise Refused(
                f"{parent} lies outside {change.within}, which is replaced; a leaf comes under an area in it",
                zh=f"{parent} 在被更换的 {change.within} 之外；上级要在范围之内",
            )
        code, _ = fallback_of(division, parent, scheme)
        mine = given.leaf_parents == parent
        _refuse_fallback(given.leaf_codes[mine], given.leaf_kinds[mine], code, parent)
        is_low = division.area_levels[at] == division.levels - 2
        if not is_low and (named := mine & (given.leaf_kinds != FALLBACK)).any():
            raise Refused(
                f"{given.leaf_codes[named][0]} is put under {parent}, which is no area of the lowest level",
                zh=f"{given.leaf_codes[named][0]} 归到 {parent} 之下，而它不是最低一级区域",
            )
    is_new = ~np.isin(given.leaf_codes, division.leaf_codes) & (given.leaf_kinds != FALLBACK)
    for code, parent in zip(given.leaf_codes[is_new].tolist(), given.leaf_parents[is_new].tolist(), strict=True):
        refuse_unfit(code, parent, scheme)


def _refuse_fallback(codes: Codes, kinds: Codes, code: str, parent: str) -> None:
    """Raise Refused for a kind there is none of, and where fallback ground and its code do not go together."""
    if (wrong := ~np.isin(kinds, [COMPREHENSIVE, DEDICATED, FALLBACK])).any():
        raise Refused(
            f"no leaf is {str(kinds[wrong][0])!r}; it is {COMPREHENSIVE}, {DEDICATED} or {FALLBACK}",
            zh=f"没有 {str(kinds[wrong][0])!r} 这种网格；有 {COMPREHENSIVE}、{DEDICATED}、{FALLBACK}",
        )
    if (wrong := (kinds == FALLBACK) != (codes == code)).any():
        raise Refused(
            f"{codes[wrong][0]} is {kinds[wrong][0]}; {code} is the fallback ground of {parent}, and no other leaf is",
            zh=f"{codes[wrong][0]} 标为 {kinds[wrong][0]}；{parent} 的兜底地块是 {code}，别的都不是",
        )


# -- ground ------------------------------------------------------------------------------------------------------------
def laid(leaves: Leaves, old: Ints, given: Leaves, free: Sequence[str], mend_m: float) -> Redrawn:
    """Given leaves laid on the ground of ``old`` (k,) ones, with the code ``free`` (k,) for what none of them takes.

    Raises
    ------
    Refused
        When given ground overlaps, reaches beyond that of the old ones, or is too thin to become a leaf.
    """
    codes, shapes = given.codes, given.shapes
    _refuse_beyond(leaves.shapes[old], codes, shapes, mend_m)
    _refuse_overlap(codes, shapes, mend_m)
    tree = shapely.STRtree(shapes)
    fallback = np.asarray(sorted({code for code in free if leaves.has(code)}), dtype=np.str_)
    free_to = np.full(len(leaves.codes), "", dtype=object)
    free_to[old] = free

    def rule(faces: Faces) -> Codes:
        mine = np.isin(faces.owner, old)
        taker = owners_of(faces.shapes, shapes, tree) if len(shapes) else np.full(len(mine), OUTSIDE)
        is_free = mine & (taker == OUTSIDE)
        after = faces.codes.astype(object)
        after[mine & ~is_free] = codes[taker[mine & ~is_free]]
        after[is_free] = free_to[faces.owner[is_free]]
        names, label = np.unique(after.astype(np.str_), return_inverse=True)
        anchored = ~is_free | (after == faces.codes)
        label = np.where(mine | np.isin(faces.codes, fallback), label, OUTSIDE)
        found = absorbed(faces.shapes, faces.edges, label, anchored, mend_m)
        return np.where(mine, names[found], faces.codes)

    touched = sorted({*leaves.codes[old].tolist(), *fallback.tolist()})
    done = redraw(leaves, touched, [*shapely.boundary(shapes)], rule, may_stay=True)
    for code, shape in zip(codes.tolist(), shapes, strict=True):
        if code not in done.shapes and not leaves.has(code):
            raise Refused(
                f"the ground of {code} is thinner than {THIN_M:g} m: no leaf of its own",
                zh=f"{code} 的地比 {THIN_M:g} 米还窄，不成一格",
                where=shape,
            )
    return done


def _refuse_beyond(old: Shapes, codes: Codes, shapes: Shapes, mend_m: float) -> None:
    """Raise Refused where given ground reaches beyond the leaves it replaces."""
    whole = whole_of(old) if len(old) else shapely.Polygon()
    shapely.prepare(whole)
    over = np.flatnonzero(~shapely.covers(whole, shapes))
    parts, of = _wide(shapely.difference(shapes[over], whole), mend_m)
    if len(parts):
        code = codes[over[of[0]]]
        raise Refused(
            f"{area_m2(parts).sum():,.1f} m² that are given, first to {code}, are not of the leaves that are replaced; "
            "draw up to their outline, or name the others too",
            zh=f"有 {area_m2(parts).sum():,.1f} m²（先见 {code}）超出被更换的网格；画到它们的外边为止，或把别的也写上",
            where=one_of(parts),
        )


def _refuse_overlap(codes: Codes, shapes: Shapes, mend_m: float) -> None:
    """Raise Refused where two given leaves hold the same ground."""
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    parts, of = _wide(shapely.intersection(shapes[a], shapes[b]), mend_m)
    if len(parts):
        both = f"{codes[a[of[0]]]} and {codes[b[of[0]]]}"
        raise Refused(
            f"{area_m2(parts).sum():,.1f} m² are given twice, first to {both}; let their borders be one line",
            zh=f"有 {area_m2(parts).sum():,.1f} m² 同时给了两个网格（先见 {both}）；把边界画成一条线",
            where=one_of(parts),
        )


def _wide(shapes: Shapes, mend_m: float) -> tuple[Shapes, Ints]:
    """The polygons of shapes (n,) that are wider than a border drawn twice, and the shape each is of."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    is_ground = shapely.get_type_id(parts) == 3
    parts, of = parts[is_ground], of[is_ground]
    wide = thickness_m(parts) > max(mend_m, THIN_M)
    return parts[wide], of[wide].astype(np.int64)
