"""The nearest organisations able to help a place: proposals with their reasons, never an allotment.

Each place is asked by itself, so two places may be shown the same organisation with the same free capacity, which is
that of the moment the organisations were read.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from geo.arrays import Bools, Floats, Ints, Positions
from geo.coverage.rulebooks import Help
from geo.coverage.units import Keys, Organisations
from geo.errors import Refused

REASONS = ("like_industry", "other_industry", "free_known", "free_unknown", "no_place", "none_in_reach")
"""Parts of a reason, each a sentence of ``helping.toml``: of a helper, and of a place that has none."""

_FILE = Path(__file__).with_name("helping.toml")
_MORE = 4  # organisations looked at beyond those wanted, in case several stand equally far
_TIE_M = 0.002  # distances are ranked in whole millimetres: within two of them a tie may be hidden


@dataclass(frozen=True)
class HelpRules:
    """Who may help and in which order they are told.

    Attributes
    ----------
    kinds
        Kinds of organisations that may help.
    reach_m
        Metres within which they are looked for.
    most
        How many are told for each place.
    like_m
        Metres by which one that answers for the place's own industry counts as nearer.

    Raises
    ------
    Refused
        When a distance is not finite, ``reach_m`` is not above 0, or ``like_m`` or ``most`` is too small.
    """

    kinds: tuple[str, ...] = ("committee", "general_branch", "industry_committee", "branch", "grid_branch")
    reach_m: float = 3000.0
    most: int = 3
    like_m: float = 500.0

    @classmethod
    def of(cls, told: Help) -> HelpRules:
        """The rules of a rule book."""
        return cls(told.kinds, told.reach_m, told.most, told.like_m)

    def __post_init__(self) -> None:
        if not (0 < self.reach_m < np.inf and 0 <= self.like_m < np.inf and self.most >= 1):
            told = f"reach {self.reach_m} m, {self.most} at most, like industry {self.like_m} m"
            raise Refused(f"helpers by {told}: metres above 0, 1 or more, and metres from 0 on, are wanted")


@dataclass(frozen=True, eq=False)
class Helpers:
    """Who can help each of p places, the best of at most k first.

    Attributes
    ----------
    organisation
        (p, k) position in :class:`~geo.coverage.units.Organisations`; -1 behind the last.
    distance_m
        (p, k) metres as the crow flies; NaN behind the last.
    free
        (p, k) how many more units it can help; NaN where that is not known, or behind the last.
    like
        (p, k) whether it answers for the place's industry.
    lack
        (p,) key of :data:`REASONS` where there is none: ``no_place`` or ``none_in_reach``; blank where there is one.
    """

    organisation: Positions
    distance_m: Floats
    free: Floats
    like: Bools
    lack: Keys

    def reasons(self, place: int, rank: int) -> tuple[str, ...]:
        """Keys of :data:`REASONS` for one helper of a place, or for the lack of one."""
        if self.organisation[place, rank] < 0:
            return (str(self.lack[place]),) if self.lack[place] else ()
        known = "free_unknown" if np.isnan(self.free[place, rank]) else "free_known"
        return ("like_industry" if self.like[place, rank] else "other_industry", known)


@cache
def sentences() -> dict[str, dict[str, str]]:
    """Each of :data:`REASONS` as a sentence, by ``zh`` and ``en``; it may use ``{free}`` and ``{reach_m}``."""
    told: dict[str, dict[str, str]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return told


def helpers(xy_m: Floats, industry: Keys, organisations: Organisations, rules: HelpRules) -> Helpers:
    """Who can help each place: of an eligible kind, with free capacity, within reach.

    First come those whose free capacity is known, then those of whom it is not; among them the nearest, one that
    answers for the place's industry as if it were ``like_m`` nearer; then the truly nearer; then the lower id.

    Parameters
    ----------
    xy_m
        (p, 2) metres in the organisations' CRS; NaN has no helper.
    industry
        (p,) key of the industry of each place; blank is like no one's.
    """
    may = np.isin(organisations.kind, rules.kinds) & ~(organisations.free <= 0)
    may &= np.isfinite(organisations.xy_m).all(axis=1)
    placed = np.isfinite(xy_m).all(axis=1)
    asked = np.flatnonzero(placed)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for known in (True, False):
        able = np.flatnonzero(may & (np.isnan(organisations.free) != known))
        pairs.append(_nearest(xy_m, asked, organisations.xy_m, _first_on_a_spot(organisations, able, rules), rules))
        for key in np.unique(organisations.industry[able]):
            like = asked[industry[asked] == key] if key else asked[:0]
            same = _first_on_a_spot(organisations, able[organisations.industry[able] == key], rules)
            pairs.append(_nearest(xy_m, like, organisations.xy_m, same, rules))
    return _ranked((xy_m, industry), organisations, np.unique(np.vstack(pairs), axis=0), rules)


def _first_on_a_spot(organisations: Organisations, able: Ints, rules: HelpRules) -> Ints:
    """Those with the lowest ids of each spot: where hundreds are registered at one address, no more can be told."""
    east, north = organisations.xy_m[able].T
    able = able[np.lexsort((organisations.id[able], north, east))]
    new = (np.diff(organisations.xy_m[able], axis=0, prepend=np.inf) != 0).any(axis=1)
    start = np.flatnonzero(new)
    nth = np.arange(len(able)) - np.repeat(start, np.diff(start, append=len(able)))
    return able[nth < rules.most]


def _nearest(xy_m: Floats, asked: Ints, theirs_m: Floats, able: Ints, rules: HelpRules) -> Ints:
    """Pairs (m, 2) of a place and an organisation: of each place the nearest, and all as far as the last of them."""
    from scipy.spatial import cKDTree

    if not len(asked) or not len(able):
        return np.empty((0, 2), dtype=np.int64)
    tree, number = cKDTree(theirs_m[able]), min(rules.most + _MORE, len(able))
    away, at = tree.query(xy_m[asked], k=np.arange(1, number + 1), distance_upper_bound=rules.reach_m + _TIE_M)
    last = away[:, min(rules.most, number) - 1] + _TIE_M  # infinite where fewer are in reach
    row, column = np.nonzero(np.isfinite(away) & (away <= last[:, None]))
    found = [np.column_stack([asked[row], able[at[row, column]]])]
    hidden = np.flatnonzero(np.isfinite(away[:, -1]) & (away[:, -1] <= last) & (number < len(able)))
    reach = np.minimum(last[hidden], rules.reach_m + _TIE_M)
    for place, some in zip(asked[hidden].tolist(), tree.query_ball_point(xy_m[asked[hidden]], reach), strict=True):
        found.append(np.column_stack([np.full(len(some), place), able[some]]))
    return np.vstack(found)


def _ranked(places: tuple[Floats, Keys], organisations: Organisations, pairs: Ints, rules: HelpRules) -> Helpers:
    """The first of each place among pairs of a place and an organisation."""
    xy_m, industry = places
    place, who = pairs[:, 0], pairs[:, 1]
    way = xy_m[place] - organisations.xy_m[who]
    away = np.hypot(way[:, 0], way[:, 1])
    like = (industry[place] == organisations.industry[who]) & (industry[place] != "")
    unknown = np.isnan(organisations.free[who])
    metre = np.rint(away * 1000)
    counted = metre - np.where(like, np.rint(rules.like_m * 1000), 0)
    order = np.lexsort((organisations.id[who], metre, counted, unknown, place))
    order = order[away[order] <= rules.reach_m]
    place, who, away, like = place[order], who[order], away[order], like[order]
    rank = np.arange(len(place)) - np.searchsorted(place, place)
    first = rank < rules.most
    at = (place[first], rank[first])
    shape = (len(xy_m), rules.most)
    found, metres, free = np.full(shape, -1, dtype=np.int32), np.full(shape, np.nan), np.full(shape, np.nan)
    alike = np.zeros(shape, dtype=np.bool_)
    found[at], metres[at], alike[at] = who[first], away[first], like[first]
    free[at] = organisations.free[who[first]]
    lack = np.where(np.isfinite(xy_m).all(axis=1), "none_in_reach", "no_place")
    return Helpers(found, metres, free, alike, np.where(found[:, 0] >= 0, "", lack))
