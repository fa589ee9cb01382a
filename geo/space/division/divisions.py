"""A whole city divided: named grids, the fallback ground between them, and the areas above as unions of leaves.

Pure: shapes of files in, a judged partition out. What the grids of an area leave free is its fallback leaf; what lies
in no lowest area falls to the lowest area known there. Everything is proved by edges before it is called divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes, Ints, Shapes
from geo.codes import Scheme
from geo.crs import area_m2, metric_epsg, shapes_to_metres
from geo.errors import Refused
from geo.space.arrangement import NEAR, matched, same_ground, thickness
from geo.space.division.rows import AreaLayer, Division, Lift, NamedGrids, lifted, positions
from geo.space.grounds import beyond, closed, fitted, holes_of, one_of, overlaps, rests
from geo.space.partition import OUTSIDE, Fault, faults, whole_of

GAP_M = 1.0
"""Uncovered ground thinner than this (twice its area over its perimeter) is a gap between borders, not ground."""

BLOCKING = frozenset({"empty", "invalid", "off_grid", "unmatched", "gap", "overlap", "outside", "outside_parent"})
"""Kinds of fault with which nothing is published. Two others are told and stand: ``no_community`` (ground of an area
in none of the areas below it) and ``hair`` (borders apart by no more than the snap, which matching sets right)."""


def divide(
    named: NamedGrids,
    areas: Sequence[AreaLayer],
    outline: BaseGeometry | None,
    scheme: Scheme,
    *,
    gap_m: float = GAP_M,
) -> tuple[Division, list[Fault]]:
    """The city that grids and areas make, and every fault found on the way.

    Parameters
    ----------
    named
        The named grids; degrees WGS 84.
    areas
        One layer for each level above the grid, city first; the city's layer has one area.
    outline
        The ground to divide, declared; None takes the city's shape, else the union of the highest level with shapes,
        else that of the grids.
    scheme
        Gives the fallback codes.
    gap_m
        Uncovered ground thinner than this is a gap; 0 takes it for fallback ground, however thin.

    Returns
    -------
    tuple[Division, list[Fault]]
        Parties of a fault count the grids first, then each layer's areas in the order given (``party`` names them).
        With a blocking fault the division is only as good as the input. An area without ground is left out, with a
        fault ``empty``.

    Raises
    ------
    Refused
        When codes repeat, a parent is not in the layer above, levels are missing, or a fallback code is taken.
    """
    _refuse_unfit(named, areas)
    city = _City.of(named, areas, outline, gap_m)
    found = city.unfit + _judged(city)
    pieces, more = _fallback(city, scheme)
    found += more + _without_community(city)
    leaves = _leaves(city, pieces, scheme)
    if not any(_blocks(fault, city) for fault in found):
        shapes = matched(leaves.shapes, city.outline)
        found += _proved(shapes, city.outline, leaves.origin)
        leaves = replace(leaves, shapes=shapes)
    division, bare = _lifted(city, leaves)
    return division, found + bare


def _blocks(fault: Fault, city: _City) -> bool:
    """Whether leaves cannot be proved with it: an area without a shape of its own is no obstacle, a grid is."""
    return fault.kind in BLOCKING and (fault.kind != "empty" or fault.parties[0] < len(city.grids))


def party(named: NamedGrids, areas: Sequence[AreaLayer], position: int) -> tuple[int, str]:
    """Level and code of a fault's party."""
    if position < len(named.codes):
        return len(areas), str(named.codes[position])
    position -= len(named.codes)
    for layer in areas:
        if position < len(layer.codes):
            return layer.level, str(layer.codes[position])
        position -= len(layer.codes)
    raise IndexError(position)


@dataclass(frozen=True, eq=False)
class _Layer:
    """Areas of one level with their ground ("empty" where unknown) and where their parents and themselves stand."""

    given: AreaLayer
    shapes: Shapes
    parent: Ints  # positions in the layer above
    first: int  # position of its first area among all parties

    @property
    def drawn(self) -> bool:
        return bool((~shapely.is_empty(self.shapes)).any())


@dataclass(frozen=True, eq=False)
class _City:
    named: NamedGrids
    grids: Shapes
    parent: Ints  # of each grid, position in the lowest layer
    layers: list[_Layer]
    outline: BaseGeometry | None
    unfit: list[Fault]
    epsg: int
    gap_m: float

    @classmethod
    def of(cls, named: NamedGrids, areas: Sequence[AreaLayer], outline: BaseGeometry | None, gap_m: float) -> _City:
        grids, unfit = fitted(named.shapes, 0)
        layers: list[_Layer] = []
        first = len(grids)
        above: Codes = np.asarray([], dtype=np.str_)
        for given in areas:
            shapes = np.full(len(given.codes), shapely.Polygon(), dtype=object)
            if given.shapes is not None:
                shapes, more = fitted(given.shapes, first)
                unfit += more
            layers.append(_Layer(given, shapes, positions(given.parents, above), first))
            first, above = first + len(shapes), given.codes
        if outline is not None:
            outline = fitted(np.asarray([outline], dtype=object), first)[0][0]
            layers[0] = replace(layers[0], shapes=np.asarray([outline], dtype=object))
        outline = _outline(layers)
        west, south, east, north = shapely.total_bounds(grids if outline is None else np.asarray([outline]))
        epsg = metric_epsg((west + east) / 2, (south + north) / 2)
        return cls(named, grids, positions(named.parents, above), layers, outline, unfit, epsg, gap_m)


def _outline(layers: list[_Layer]) -> BaseGeometry | None:
    """Union of the highest layer with ground; the city's own shape comes first."""
    for layer in layers:
        if layer.drawn:
            return layer.shapes[0] if len(layer.shapes) == 1 else whole_of(layer.shapes)
    return None


def _refuse_unfit(named: NamedGrids, areas: Sequence[AreaLayer]) -> None:
    if [layer.level for layer in areas] != list(range(len(areas))) or not areas or len(areas[0].codes) != 1:
        raise Refused("a division needs one layer of areas for each level, from level 0, the city, which has one area")
    above: Codes = np.asarray([""], dtype=np.str_)
    for what, codes, parents in [
        *((f"level {layer.level}", layer.codes, layer.parents) for layer in areas),
        ("the grids", named.codes, named.parents),
    ]:
        unique, count = np.unique(codes, return_counts=True)
        if len(twice := unique[count > 1]):
            raise Refused(f"code {str(twice[0])!r} occurs {count.max()} times in {what}; each code may occur once")
        lost = np.setdiff1d(parents, np.append(above, ""))
        if len(lost):
            raise Refused(f"parent {str(lost[0])!r} in {what} is no code of the level above")
        above = codes


def _judged(city: _City) -> list[Fault]:
    """Ground held twice, beyond its parent, or outside the outline; each layer only where its edges leave it open."""
    found = overlaps(city.grids, 0)
    for layer in city.layers:
        found += overlaps(layer.shapes, layer.first)
    children = [*((layer.shapes, layer.parent, layer.first) for layer in city.layers[1:]), (city.grids, city.parent, 0)]
    for (shapes, parent, first), above in zip(children, city.layers, strict=True):
        done = np.append(closed(shapes, parent, above.shapes), True)  # the last stands for OUTSIDE
        open_ = np.where(done[parent], OUTSIDE, parent)
        kind = "outside" if above.given.level == 0 else "outside_parent"
        found += beyond(shapes, open_, above.shapes, kind, (first, above.first))
    if len(city.layers) > 1 and city.outline is not None:
        found += _beyond_outline(city)
    return found


def _beyond_outline(city: _City) -> list[Fault]:
    outline = np.asarray([city.outline], dtype=object)
    shapely.prepare(outline)
    inside = shapely.covers(outline[0], city.grids) | shapely.is_empty(city.grids)
    return beyond(city.grids, np.where(inside, OUTSIDE, 0), outline, "outside", (0, city.layers[0].first))


@dataclass(frozen=True, eq=False)
class _Piece:
    """Fallback ground of one area."""

    layer: _Layer
    at: int
    ground: BaseGeometry


def _fallback(city: _City, scheme: Scheme) -> tuple[list[_Piece], list[Fault]]:
    """Fallback ground, from the lowest level up, and the gaps and the ground without a lowest area."""
    pieces: list[_Piece] = []
    found: list[Fault] = []
    children, parent = city.grids, city.parent
    taken = city.grids
    for layer in reversed(city.layers):
        if not layer.drawn:
            parent = _one_up(parent, layer)
            continue
        open_ = np.flatnonzero(~closed(children, parent, layer.shapes) & ~shapely.is_empty(layer.shapes))
        for at, parts in zip(open_, rests(layer.shapes[open_], taken), strict=True):
            wide = thickness(shapes_to_metres(parts, city.epsg)) >= city.gap_m
            found += [_gap(part, city, layer, int(at)) for part in parts[~wide]]
            if wide.any():
                pieces.append(_Piece(layer, int(at), one_of(parts[wide])))
        children, parent = layer.shapes, layer.parent
        taken = np.concatenate([taken, layer.shapes])
    if city.outline is None:
        found += _thin_holes(city)
    return pieces, found


def _without_community(city: _City) -> list[Fault]:
    """Ground of an area in none of the drawn areas below it, whether a grid holds it or not."""
    found: list[Fault] = []
    drawn = [layer for layer in city.layers if layer.drawn]
    for layer, below in pairwise(drawn):
        parent = below.parent
        for between in reversed(city.layers[layer.given.level + 1 : below.given.level]):
            parent = _one_up(parent, between)
        open_ = np.flatnonzero(~closed(below.shapes, parent, layer.shapes) & ~shapely.is_empty(layer.shapes))
        for at, parts in zip(open_, rests(layer.shapes[open_], below.shapes), strict=True):
            wide = parts[thickness(shapes_to_metres(parts, city.epsg)) >= city.gap_m]
            if len(wide):
                found.append(Fault("no_community", one_of(wide), float(area_m2(wide).sum()), (layer.first + int(at),)))
    return found


def _one_up(parent: Ints, layer: _Layer) -> Ints:
    """Positions in ``layer`` as positions in the layer above it; OUTSIDE stays."""
    return np.where(parent == OUTSIDE, OUTSIDE, layer.parent[parent]) if len(layer.parent) else parent


def _gap(part: BaseGeometry, city: _City, layer: _Layer, at: int) -> Fault:
    around = np.sort(shapely.STRtree(city.grids).query(part, predicate="intersects"))
    m2 = float(area_m2(np.asarray([part], dtype=object))[0])
    return Fault("gap", part, m2, (*map(int, around), layer.first + at))


def _thin_holes(city: _City) -> list[Fault]:
    """Holes of the grids' own union too thin to be ground that is meant to be free."""
    holes = holes_of(whole_of(city.grids))
    thin = (thickness(shapes_to_metres(holes, city.epsg)) < city.gap_m) & (thickness(holes) > NEAR)
    return [_gap(hole, city, city.layers[0], 0) for hole in holes[thin]]


@dataclass(frozen=True, eq=False)
class _Leaves:
    codes: list[str]
    names: list[str]
    kinds: list[str]
    parents: list[str]
    shapes: Shapes
    origin: Ints  # position of each among all parties


def _leaves(city: _City, pieces: list[_Piece], scheme: Scheme) -> _Leaves:
    named = city.named
    full = np.flatnonzero(~shapely.is_empty(city.grids))
    areas = [(piece.layer.given, piece.at) for piece in pieces]
    codes = [str(code) for code in named.codes[full]]
    reserved = [scheme.fallback(str(area.codes[at]), area.level) for area, at in areas]
    if taken := set(codes) & set(reserved):
        raise Refused(f"grid code {min(taken)!r} is reserved for fallback ground; give that grid another code")
    return _Leaves(
        codes + reserved,
        [*map(str, named.names[full]), *(str(area.names[at]) for area, at in areas)],
        [*map(str, named.kinds[full]), *["fallback"] * len(pieces)],
        [*map(str, named.parents[full]), *(str(area.codes[at]) for area, at in areas)],
        np.asarray([*city.grids[full], *(piece.ground for piece in pieces)], dtype=object),
        np.concatenate([full, np.asarray([p.layer.first + p.at for p in pieces], dtype=np.int64)]),
    )


def _proved(shapes: Shapes, outline: BaseGeometry | None, origin: Ints) -> list[Fault]:
    """What still stands against the partition, told in the positions of all parties."""
    whole = whole_of(shapes)
    if outline is not None and not same_ground(whole, outline):
        whole = outline
    return [replace(fault, parties=tuple(int(origin[at]) for at in fault.parties)) for fault in faults(shapes, whole)]


def _lifted(city: _City, leaves: _Leaves) -> tuple[Division, list[Fault]]:
    """The division with its areas united from below, and the areas that have no ground."""
    order = np.argsort(np.asarray(leaves.codes, dtype=np.str_), kind="stable")
    parents = np.asarray(leaves.parents, dtype=np.str_)
    given = [layer.given for layer in city.layers]
    levels = np.repeat([layer.level for layer in given], [len(layer.codes) for layer in given])
    codes, names, above = (
        np.concatenate([np.asarray(getattr(layer, field), dtype=np.str_) for layer in given])
        for field in ("codes", "names", "parents")
    )
    shapes = lifted(Lift(codes, levels, above), parents, leaves.shapes)
    bare = shapely.is_empty(shapes)
    found = [Fault("empty", shapely.Point(), 0.0, (len(city.grids) + int(at),)) for at in np.flatnonzero(bare)]
    full = np.flatnonzero(~bare)
    full = full[np.argsort(codes[full], kind="stable")]
    division = Division(
        levels=len(city.layers) + 1,
        leaf_codes=np.asarray(leaves.codes, dtype=np.str_)[order],
        leaf_names=np.asarray(leaves.names, dtype=np.str_)[order],
        leaf_kinds=np.asarray(leaves.kinds, dtype=np.str_)[order],
        leaf_parents=parents[order],
        leaf_shapes=leaves.shapes[order],
        area_codes=codes[full],
        area_names=names[full],
        area_levels=levels[full].astype(np.int64),
        area_parents=above[full],
        area_shapes=shapes[full],
    )
    return division, found
