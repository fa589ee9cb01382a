"""The parts in which joint branches are looked for, one after the other: each has a bounded number of units.

What hangs together in a few units is one part. Else a unit is looked at in its business district or its tile of the
ground, then in the tiles of two more lattices, each a third of a tile further: what a border of one lattice parts,
another one holds. Where few are on much ground, blocks of tiles follow, so that who is left out of two tiles may meet.
A part is told by what stands in it and beside it, never by all that hangs together with it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from geo.arrays import Bools, Floats, Ints, distinct
from geo.coverage.joint.candidates import Candidates, JointRules
from geo.coverage.joint.components import SLACK, components

BLOCKS = 3
"""First of the steps in which units are looked at in blocks of tiles, and only where one is left out."""

STEPS = BLOCKS + 4
"""How often each unit is looked at: in its own part, in tiles of two other lattices, in blocks of 2 to 16 tiles."""

WHOLE = 64
"""Units that are one part when nothing else hangs together with them."""

MOST = 256
"""Units of a business district or tile above which it is divided, and of a block above which it is none."""

_ACROSS = 6  # cells, in each of which all are within reach, along the side of a tile
_HALVINGS = 5
_WHOLE, _BUILDING, _PARK, _BLOCK, _GROUND = 1, 2, 3, 4, 5  # kinds; above the last one are tiles halved so often


def homes(given: Candidates) -> Floats:
    """Where (n, 2) each unit is looked for, in metres: its place, or that of the lowest id in its building."""
    home = given.xy_m.copy()
    placed = np.isfinite(home).all(axis=1)
    lost = np.flatnonzero(~placed & (given.building > 0))
    there = np.flatnonzero(placed & np.isin(given.building, given.building[lost]))
    building, first = np.unique(given.building[there], return_index=True)
    at = np.searchsorted(building, given.building[lost])
    known = np.append(building, -1)[at] == given.building[lost]
    home[lost[known]] = home[there[first[at[known]]]]
    return home


def wholes(given: Candidates, rules: JointRules) -> Ints:
    """Lowest id (n,) of all that each unit hangs together with; 0 where they are more than :data:`WHOLE`."""
    if not len(given):
        return np.zeros(0, dtype=np.int64)
    label = components(given, rules)
    lowest = np.full(label.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(lowest, label, given.id)
    return np.where(np.bincount(label)[label] <= WHOLE, lowest[label], 0)


def side_m(rules: JointRules) -> float:
    """Metres along the side of a tile."""
    return float(_ACROSS * rules.reach_m / np.sqrt(2) * (1 - SLACK))


def places(given: Candidates, home_m: Floats, whole: Ints, step: int, rules: JointRules) -> Ints:
    """What (n, 4) holds the part of each unit at a step: kind, id, and column and row of a tile; kind 0 for no part.

    The part depends on the units of the same place alone. Units of a small component and those nowhere on the ground
    are in no part after the first step.
    """
    found = np.zeros((len(given), 4), dtype=np.int64)
    large, homed = whole == 0, np.isfinite(home_m).all(axis=1)
    ground = large & homed
    if step == 0:
        ground &= given.park == 0
        chosen = (~large, large & (given.park > 0), large & (given.park == 0) & ~homed)
        for kind, rows, of in zip((_WHOLE, _PARK, _BUILDING), chosen, (whole, given.park, given.building), strict=True):
            found[rows, 0], found[rows, 1] = kind, of[rows]
    if step < BLOCKS:
        found[ground, 0], found[ground, 2:] = _GROUND, _tiles(home_m[ground], step, rules)
    else:
        wide = _wide(step)
        found[ground, 0], found[ground, 2:] = _BLOCK, (_tiles(home_m[ground], 0, rules) + wide // 2) // wide
    return found


def parts(given: Candidates, home_m: Floats, place: Ints, step: int, rules: JointRules) -> Ints:
    """The part (n, 4) of each unit by what holds it: the place, or a quarter of a quarter of one that holds too many.

    A block that holds too many is no part.

    Parameters
    ----------
    place
        As :func:`places` tells; of each place that is named, all units are given.
    """
    found = place.copy()
    if step >= BLOCKS:
        found[_crowded(found) & (found[:, 0] > 0)] = 0
        return found
    homed = np.isfinite(home_m).all(axis=1)
    much = np.flatnonzero((place[:, 0] >= _PARK) & homed)
    much = much[_crowded(found[much])]
    for level in range(_HALVINGS + 1):
        if not len(much):
            break
        found[much, 0] = _GROUND + level
        found[much, 2:] = _tiles(home_m[much], step, rules, level)
        much = much[_crowded(found[much])]
    return found


def numbered(part: Ints) -> Ints:
    """Number (n,) from 1 up of each part (n, 4); 0 for none."""
    return np.where(part[:, 0] > 0, distinct(part)[1] + 1, 0)


def asked(place: Iterable[tuple[int, ...]], step: int) -> list[frozenset[int]]:
    """What has to be known whole of these places: buildings, business districts, tiles by their numbers."""
    found: dict[int, set[int]] = {_BUILDING: set(), _PARK: set(), _GROUND: set()}
    for one in place:
        if one[0] in (_GROUND, _BLOCK):
            found[_GROUND] |= tiles_of(one, step)
        elif one[0] in found:
            found[one[0]].add(one[1])
    return [frozenset(some) for some in found.values()]


def tiles_of(place: tuple[int, ...], step: int) -> set[int]:
    """Numbers of the tiles of the first lattice that a tile or block of a step meets."""
    _, _, column, row = place
    wide = _wide(step) if step >= BLOCKS else 1
    first = -1 if 0 < step < BLOCKS else 0
    west, south = column * wide - wide // 2, row * wide - wide // 2
    return {_number(west + dx, south + dy) for dx in range(first, wide) for dy in range(first, wide)}


def tile_numbers(home_m: Floats, rules: JointRules) -> Ints:
    """Number (n,) of the tile of the first lattice a unit is looked for in; 0 where it is nowhere."""
    found = np.zeros(len(home_m), dtype=np.int64)
    homed = np.isfinite(home_m).all(axis=1)
    found[homed] = _numbers(_tiles(home_m[homed], 0, rules))
    return found


def tiles_around(xy_m: Floats, within_m: float, rules: JointRules) -> Ints:
    """Numbers of the tiles of the first lattice that hold all that lies so far from places (n, 2); ascending."""
    xy_m = xy_m[np.isfinite(xy_m).all(axis=1)]
    low, high = _tiles(xy_m - within_m, 0, rules), _tiles(xy_m + within_m, 0, rules)
    boxes = distinct(np.hstack([low, high]))[0].tolist()
    found = {_number(x, y) for w, s, e, n in boxes for x in range(w, e + 1) for y in range(s, n + 1)}
    return np.array(sorted(found), dtype=np.int64)


def _wide(step: int) -> int:
    """Tiles along the side of a block; blocks begin half a side before those of a lattice would."""
    return int(2 ** (step - BLOCKS + 1))


def _number(column: int, row: int) -> int:
    """One number for the column and row of a tile, never 0."""
    return column * 2**32 + (row + 2**31)


def _numbers(tiles: Ints) -> Ints:
    """The same (n,) for tiles (n, 2)."""
    found: Ints = tiles[:, 0] * 2**32 + (tiles[:, 1] + 2**31)
    return found


def _tiles(xy_m: Floats, step: int, rules: JointRules, halvings: int = 0) -> Ints:
    """Column and row (n, 2) of the tile of each place; a halved tile is within one that is not."""
    found: Ints = np.floor((xy_m / side_m(rules) + step / BLOCKS) * 2**halvings).astype(np.int64)
    return found


def _crowded(place: Ints) -> Bools:
    """Whether (n,) more than :data:`MOST` are in one place."""
    if len(place) <= MOST:
        return np.zeros(len(place), dtype=np.bool_)
    _, of = distinct(place)
    crowded: Bools = np.bincount(of)[of] > MOST
    return crowded
