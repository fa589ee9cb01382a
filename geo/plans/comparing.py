"""Two plans of the same ground side by side: which grid of one is which of the other, and what makes them differ.

Pure: where each building belongs under either plan in, pairs and causes out. Grids are matched by the households they
share, so that codes and numbers of grids may differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from geo.arrays import Codes, Floats

Cause = Literal["only_first", "only_second", "moved", "ground", "recoded"]
_GROUND_M2 = 1.0
"""Square metres by which two grids may differ and be the same ground."""


@dataclass(frozen=True, eq=False)
class Division:
    """Where buildings belong under a plan.

    Attributes
    ----------
    grid
        Code (n,) of each building's grid, "" outside the city.
    grids
        Codes of all grids there are, those without a building too.
    area_m2
        Of each grid whose ground is known, by code.
    """

    grid: Codes
    grids: Collection[str]
    area_m2: Mapping[str, float]


@dataclass(frozen=True)
class Part:
    """Buildings that belong to one grid under the first plan and to another under the second; households known of."""

    first: str
    second: str
    households: int
    buildings: int


@dataclass(frozen=True)
class Difference:
    """Two grids that correspond and differ, or one that has no counterpart (None).

    Attributes
    ----------
    cause
        ``only_first``, ``only_second``: one plan has a grid more there. ``moved``: buildings belong elsewhere.
        ``ground``: the same buildings, another ground. ``recoded``: the same grid under another code.
    shared
        Households of the buildings that belong to both.
    parts
        What belongs to one of the two and not to the other, most households first, then by codes.
    """

    first: str | None
    second: str | None
    cause: Cause
    shared: int
    parts: tuple[Part, ...]


def matched(first: Division, second: Division, households: Floats) -> list[tuple[str, str, int]]:
    """Grids that correspond, with the households they share; each grid in one pair at most, by the first's code.

    Pairs are taken from the largest number of shared households down, then of shared buildings, ties to the same code,
    then the lowest codes. What shares no building is paired with its own code, if that is left over.
    """
    shares = _shares(first, second, households)
    order = sorted(shares, key=lambda pair: (-shares[pair][0], -shares[pair][1], pair[0] != pair[1], pair))
    mine, theirs, found = set(first.grids), set(second.grids), []
    for one, other in order:
        if one in mine and other in theirs:
            mine.remove(one)
            theirs.remove(other)
            found.append((one, other, shares[one, other][0]))
    found += [(code, code, 0) for code in mine & theirs]
    return sorted(found)


def differences(first: Division, second: Division, households: Floats) -> list[Difference]:
    """Every pair that differs, and every grid without a counterpart; by the first's code, those of the second last."""
    shares = _shares(first, second, households)
    parts = [Part(*pair, *told) for pair, told in shares.items()]
    pairs = matched(first, second, households)
    alone = [(code, None, 0) for code in sorted(set(first.grids) - {one for one, _, _ in pairs})]
    left = [(None, code, 0) for code in sorted(set(second.grids) - {other for _, other, _ in pairs})]
    told = sorted([*pairs, *alone], key=lambda pair: pair[0]) + left
    found = (_difference(first, second, pair, parts) for pair in told)
    return [one for one in found if one is not None]


def _difference(
    first: Division, second: Division, pair: tuple[str | None, str | None, int], parts: list[Part]
) -> Difference | None:
    one, other, shared = pair
    apart = [part for part in parts if (part.first == one) is not (part.second == other)]
    apart.sort(key=lambda part: (-part.households, -part.buildings, part.first, part.second))
    cause = _cause(first, second, (one, other), is_apart=bool(apart))
    return None if cause is None else Difference(one, other, cause, shared, tuple(apart))


def _cause(first: Division, second: Division, pair: tuple[str | None, str | None], *, is_apart: bool) -> Cause | None:
    one, other = pair
    if one is None or other is None:
        return "only_second" if one is None else "only_first"
    if is_apart:
        return "moved"
    areas = (first.area_m2.get(one), second.area_m2.get(other))
    if None not in areas and abs((areas[0] or 0) - (areas[1] or 0)) > _GROUND_M2:
        return "ground"
    return None if one == other else "recoded"


def _shares(first: Division, second: Division, households: Floats) -> dict[tuple[str, str], tuple[int, int]]:
    """Households and buildings by the pair of grids they belong to."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    known = np.nan_to_num(households).astype(np.int64)
    for one, other, number in zip(first.grid.tolist(), second.grid.tolist(), known.tolist(), strict=True):
        told = found[one, other]
        told[0] += number
        told[1] += 1
    return {pair: (told[0], told[1]) for pair, told in found.items()}
