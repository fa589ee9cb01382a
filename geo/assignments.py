"""Whose ground a point is written to: the rules of assignment, applied by edition and said in words.

Containment decides, and only containment: how accurate a position is says how sure the answer is, never what it is.
A point that lies nowhere is kept and told apart; nothing is refused for its position.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import cached_property
from threading import Lock
from typing import Protocol

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo import areas, indexes
from geo.areas import AreaRows, City, Edition, LeafRows
from geo.arrays import Bools, Codes, Floats, Positions, Shapes
from geo.crs import snap
from geo.settings import settings
from geo.space.locate import GridIndex, points_of

NOWHERE = -1
_KEPT_OPEN = 8
_BEYOND_M = 1.0
"""Metres beyond a tolerance to which a border is looked for: what lies at the tolerance is measured as ever."""


class Rule(IntEnum):
    """What decided an assignment; the numbers are stored with incidents and never change their meaning."""

    NO_POSITION = 0
    INSIDE = 1
    BORDER = 2
    FALLBACK = 3
    OUTSIDE = 4

    @property
    def key(self) -> str:
        """The word that files and answers carry, as ``no_position`` or ``inside``."""
        return self.name.lower()


@dataclass(frozen=True)
class Words:
    """One thing said in Chinese and in English."""

    zh: str
    en: str


RULES: dict[Rule, Words] = {
    Rule.NO_POSITION: Words("没有可用坐标，保留待定位", "no usable position: kept, unassigned"),
    Rule.INSIDE: Words("点位在网格内", "inside the grid"),
    Rule.BORDER: Words(
        "点位紧邻边界，按所在网格认定", "at a border: the grid that holds it, on the line the lowest code"
    ),
    Rule.FALLBACK: Words("未划网格，属地兜底", "in no named grid: territorial fallback of its community"),
    Rule.OUTSIDE: Words("在城市范围之外，保留未分配", "outside the city: kept, unassigned"),
}


class Ground(Protocol):
    """What points can be assigned on: the leaves of an edition, or any flat partition."""

    @property
    def index(self) -> GridIndex:
        """The leaves, by ascending code."""

    @property
    def is_fallback(self) -> Bools:
        """Which leaves are no named grid (n,)."""


class EditionGround(Ground, Protocol):
    """Leaves of an edition, all or those around some ground, by their stable ids."""

    def ids(self, position: Positions) -> Positions:
        """Stable ids (n,) of leaves by position; 0 for none."""

    def lowest_areas(self, position: Positions) -> Positions:
        """Ids (n,) of the lowest area over each leaf, its community as a rule; 0 for none."""


GroundOver = Callable[[Shapes], EditionGround]
"""Answers leaves among which everything is that lies under some shapes (n,), points or ground in degrees."""


@dataclass(frozen=True, eq=False)
class Moving:
    """What an edition moves.

    Attributes
    ----------
    left
        Ids of old leaves that lost ground or came under another area.
    closed
        Ids of old leaves of which anything changed.
    outline_moved
        Whether ground came to the city or left it.
    """

    edition: Edition
    left: Sequence[int]
    closed: Sequence[int]
    outline_moved: bool


@dataclass(frozen=True)
class Step:
    """One area of the chain above a point, the grid included."""

    level: str
    id: int
    code: str
    name: str


@dataclass(frozen=True, eq=False)
class CityIndex:
    """One edition, ready to be asked; never changes, and safe to ask from many threads."""

    city: City
    edition: Edition
    leaves: LeafRows
    upper: AreaRows
    index: GridIndex
    lineage: Positions

    @property
    def codes(self) -> Codes:
        """Codes (n,) of the leaves, ascending."""
        return self.leaves.codes

    @cached_property
    def is_fallback(self) -> Bools:
        """Which leaves are fallback ground (n,)."""
        return np.asarray(self.leaves.kinds == "fallback", dtype=np.bool_)

    @cached_property
    def names(self) -> dict[int, tuple[str, str]]:
        """Code and name of every area and leaf by its id."""
        known: dict[int, tuple[str, str]] = {}
        for layer in (self.upper, self.leaves):
            known.update(
                zip(layer.ids.tolist(), zip(layer.codes.tolist(), layer.names.tolist(), strict=True), strict=True)
            )
        return known

    @cached_property
    def level_codes(self) -> list[Codes]:
        """For each level the code (n,) of the area over every leaf; empty text where there is none."""
        return self._called(0)

    @cached_property
    def level_names(self) -> list[Codes]:
        """As ``level_codes``, the names."""
        return self._called(1)

    def _called(self, which: int) -> list[Codes]:
        said = {number: both[which] for number, both in self.names.items()}
        return [
            np.array([said.get(number, "") for number in column.tolist()], dtype=np.str_) for column in self.lineage.T
        ]

    def chain(self, position: int) -> list[Step]:
        """The areas over a leaf from the city down, the leaf last; levels without an area are left out."""
        found = zip(self.city.levels, self.lineage[position].tolist(), strict=True)
        return [Step(level.key, number, *self.names[number]) for level, number in found if number]

    def ids(self, position: Positions) -> Positions:
        """Stable ids (n,) of leaves by position; 0 for none."""
        return np.where(position >= 0, self.leaves.ids[position], 0).astype(np.int32)

    def lowest_areas(self, position: Positions) -> Positions:
        """Ids (n,) of the lowest area over each leaf, its community as a rule; 0 for none."""
        return np.where(position >= 0, self.leaves.parent_ids[position], 0).astype(np.int32)


@dataclass(frozen=True, eq=False)
class PartIndex:
    """The leaves around some ground, in ascending order of code, ready to be asked; beyond them it knows nothing."""

    leaf_ids: Positions
    parent_ids: Positions
    is_fallback: Bools
    index: GridIndex

    def ids(self, position: Positions) -> Positions:
        """Stable ids (n,) of leaves by position; 0 for none."""
        return np.where(position >= 0, self.leaf_ids[position], 0).astype(np.int32)

    def lowest_areas(self, position: Positions) -> Positions:
        """Ids (n,) of the lowest area over each leaf, its community as a rule; 0 for none."""
        return np.where(position >= 0, self.parent_ids[position], 0).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Assignment:
    """What was decided for each of n points.

    Attributes
    ----------
    position
        Leaf (n,), -1 for none.
    border_m
        Metres to the nearest border; outside, metres to the city; NaN without position.
    rule
        :class:`Rule` (n,) uint8.
    probability
        That the point lies where it was assigned, given its accuracy; 1 where no accuracy is known.
    is_doubtful
        Where ``probability`` is below the setting ``doubtful_below``.
    nearest
        Leaf (n,): itself where one was found, the nearest one outside, -1 without position.
    """

    position: Positions
    border_m: Floats
    rule: NDArray[np.uint8]
    probability: Floats
    is_doubtful: Bools
    nearest: Positions


# -- indexes ---------------------------------------------------------------------------------------------------------
_opened: OrderedDict[tuple[object, ...], CityIndex] = OrderedDict()
_building = Lock()


def open_index(connection: sa.Connection, edition: Edition) -> CityIndex:
    """The index of ``edition``, built when first asked for; a process keeps the few it used last.

    Raises
    ------
    Unknown
        When no city has been published.
    """
    # published_at too: after a reset the same database may hold another first edition
    key = (indexes.database_of(connection), edition.number, edition.published_at, edition.forecast)
    with _building:
        if key not in _opened:
            _opened[key] = _build(connection, edition)
        _opened.move_to_end(key)
        while len(_opened) > _KEPT_OPEN:
            _opened.popitem(last=False)
        return _opened[key]


def _build(connection: sa.Connection, edition: Edition) -> CityIndex:
    city = areas.city(connection)
    leaves = areas.leaf_rows(connection, edition)
    made = indexes.foreseen if edition.forecast else indexes.opened
    return CityIndex(
        city=city,
        edition=edition,
        leaves=leaves,
        upper=areas.area_rows(connection, edition),
        index=GridIndex(leaves.codes, city.metric_epsg, made(connection, edition, leaves)),
        lineage=areas.lineage(connection, edition)[1],
    )


def in_force(editions: Iterable[Edition], instants_us: NDArray[np.int64]) -> tuple[Positions, Bools]:
    """Number (n,) of the edition in force at each instant, and whether that lies before the first edition.

    Parameters
    ----------
    editions
        Every edition of the city, in any order, at least one.
    instants_us
        (n,) microseconds since 1970 UTC. Before the first edition the first answers.
    """
    ordered = sorted(editions, key=lambda edition: edition.number)
    starts = np.array([microseconds(edition.effective_at) for edition in ordered], dtype=np.int64)
    numbers = np.array([edition.number for edition in ordered], dtype=np.int32)
    # The newest edition that has begun answers; one that begins no later than an older one replaces it altogether.
    begins = np.minimum.accumulate(starts[::-1])[::-1]
    place = np.searchsorted(begins, instants_us, side="right") - 1
    return numbers[np.maximum(place, 0)], np.asarray(place < 0, dtype=np.bool_)


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970 UTC of an aware instant."""
    whole = int(instant.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + instant.microsecond


def instant(us: int) -> datetime:
    """The instant (UTC) so many microseconds after the beginning of 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


# -- the rules -------------------------------------------------------------------------------------------------------
def assign(
    ground: Ground,
    lonlat: Floats,
    *,
    accuracy_m: Floats | None = None,
    tolerance_m: float | None = None,
    is_measured: bool = True,
    is_nearest_sought: bool = True,
) -> Assignment:
    """Leaf, rule and certainty of each point.

    Parameters
    ----------
    ground
        A :class:`CityIndex`, or any flat partition.
    lonlat
        (n, 2) degrees WGS 84, longitude first; snapped here, as stored points are. Not finite or not on Earth: no
        position.
    accuracy_m
        (n,) metres; NaN, or None for all, when not known.
    tolerance_m
        Metres from a border within which the rule is ``border``; None = setting ``border_tolerance_m``.
    is_measured
        False where ``border_m`` is not wanted: metres are then told up to the tolerance only, and are infinite or NaN
        beyond, which costs a fraction.
    is_nearest_sought
        False where neither ``nearest`` nor ``border_m`` is wanted of points outside: they then have none.

    Notes
    -----
    Order and chunking of the points change nothing: each is decided by itself.
    """
    tolerance_m = settings().border_tolerance_m if tolerance_m is None else tolerance_m
    lonlat = snap(points_of(lonlat))
    known = on_earth(lonlat)
    lonlat[~known] = np.nan

    position = decided(ground, lonlat)
    limit_m = np.inf if is_measured else tolerance_m + _BEYOND_M
    border_m = _border_m(ground.index, lonlat, position, limit_m)
    nearest = position.copy()
    if is_nearest_sought and len(away := np.flatnonzero(known & (position < 0))):
        nearest[away], border_m[away] = ground.index.nearest(lonlat[away])

    # Rule 3: accuracy only says how sure.
    probability = _probability(ground.index, lonlat, position, accuracy_m)
    return Assignment(
        position=position,
        border_m=border_m,
        rule=_rules(ground, position, border_m, known, tolerance_m),
        probability=probability,
        is_doubtful=probability < settings().doubtful_below,
        nearest=nearest,
    )


def _border_m(index: GridIndex, lonlat: Floats, position: Positions, limit_m: float) -> Floats:
    """Metres to the border of the leaf that holds each point (n,); NaN where none does."""
    inside = np.flatnonzero(position >= 0)
    if len(inside) == len(position):
        return index.border_m(lonlat, position, limit_m)
    border_m = np.full(len(lonlat), np.nan)
    border_m[inside] = index.border_m(lonlat[inside], position[inside], limit_m)
    return border_m


def decided(ground: Ground, lonlat: Floats) -> Positions:
    """Position (n,) of the leaf each snapped point (n, 2) is written to, -1 for none: what :func:`assign` goes by."""
    # Rule 1: containment. Rule 2 will stand right below it, for points within the tolerance of a border only.
    return ground.index.locate(lonlat)


def on_earth(lonlat: Floats) -> Bools:
    """Which points (n, 2) are finite, with |longitude| ≤ 180 and |latitude| ≤ 90."""
    return np.asarray((np.abs(lonlat[:, 0]) <= 180.0) & (np.abs(lonlat[:, 1]) <= 90.0), dtype=np.bool_)


def _rules(
    ground: Ground, position: Positions, border_m: Floats, known: Bools, tolerance_m: float
) -> NDArray[np.uint8]:
    decided = np.where(border_m <= tolerance_m, np.uint8(Rule.BORDER), np.uint8(Rule.INSIDE))
    decided[ground.is_fallback[position]] = Rule.FALLBACK
    decided[position < 0] = Rule.OUTSIDE
    decided[~known] = Rule.NO_POSITION
    return decided


def _probability(index: GridIndex, lonlat: Floats, position: Positions, accuracy_m: Floats | None) -> Floats:
    probability = np.ones(len(lonlat))
    if accuracy_m is None:
        return probability
    asked = np.flatnonzero(np.isfinite(lonlat[:, 0]) & np.isfinite(accuracy_m) & (accuracy_m > 0))
    shares = index.shares(lonlat[asked], accuracy_m[asked])
    assigned = position[asked]
    probability[asked] = np.where(assigned >= 0, shares.at(assigned), 1.0 - shares.total())
    return probability
