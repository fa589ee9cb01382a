"""Indicators on the division: what share of the ground has a named grid, and how many incidents lie where.

Every figure comes with its parts, so a reader sees the denominator, and with the date its data reach to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from geo import areas
from geo.areas import Edition, Ids, Place
from geo.arrays import Floats
from geo.errors import Unknown
from geo.incidents import counting
from geo.tables import codes, grids, in_edition, incidents

INDICATORS = ("grid-coverage", "incident-density", "incidents")


@dataclass(frozen=True)
class Leafwise:
    """What an indicator adds up, leaf by leaf in ascending order of code, all (n,) but ``lineage`` (n, levels)."""

    ids: Ids
    lineage: Ids
    area_m2: Floats
    is_fallback: Floats
    is_dedicated: Floats
    incidents: Floats


@dataclass(frozen=True)
class Period:
    """What the incidents counted reach over; ``unplaced`` are those no leaf of the edition holds."""

    since: datetime | None
    until: datetime | None
    sources: tuple[str, ...]
    unplaced: int


@dataclass(frozen=True)
class Values:
    """One indicator on one level of one edition.

    Attributes
    ----------
    places
        The areas or grids of the level (n,), in ascending order of code.
    value
        (n,) share 0..1 for grid-coverage, incidents per square kilometre, or incidents; NaN where it does not apply.
    area_m2, fallback_m2
        (n,) geodesic area, and how much of it lies in fallback leaves.
    grids, dedicated, incidents
        (n,) numbers of named grids, of dedicated ones among them, and of incidents.
    above
        Every area of a higher level, the city first.
    """

    indicator: str
    edition: Edition
    level: int
    places: list[Place]
    value: Floats
    area_m2: Floats
    fallback_m2: Floats
    grids: Floats
    dedicated: Floats
    incidents: Floats
    above: list[Place]
    period: Period


def values(connection: sa.Connection, edition: Edition, indicator: str, level: int) -> Values:
    """The indicator for every area, or grid, of ``level`` (0 the city, the last level the grids).

    Raises
    ------
    Unknown
        For an indicator or a level there is none of.
    """
    city = areas.city(connection)
    if indicator not in INDICATORS:
        raise Unknown(f"no indicator {indicator!r}; there are {', '.join(INDICATORS)}")
    if not 0 <= level <= city.grid_level:
        raise Unknown(f"no level {level}; this city has 0 ({city.levels[0].key}) to {city.grid_level} (grid)")
    leafwise, period = _leafwise(connection, edition)
    places = areas.on_level(connection, level, edition)
    sums = _sums(leafwise, level, [place.id for place in places])
    area_m2, fallback_m2, named, dedicated, counted = sums
    return Values(
        indicator=indicator,
        edition=edition,
        level=level,
        places=places,
        value=_value(indicator, area_m2, fallback_m2, counted),
        area_m2=area_m2,
        fallback_m2=fallback_m2,
        grids=named,
        dedicated=dedicated,
        incidents=counted,
        above=[place for step in range(level) for place in areas.on_level(connection, step, edition)],
        period=period,
    )


def _value(indicator: str, area_m2: Floats, fallback_m2: Floats, counted: Floats) -> Floats:
    if indicator == "incidents":
        return counted
    with np.errstate(divide="ignore", invalid="ignore"):
        if indicator == "incident-density":
            return np.where(area_m2 > 0, counted / (area_m2 / 1e6), np.nan)
        return np.where(area_m2 > 0, 1 - fallback_m2 / area_m2, np.nan)


def _sums(leafwise: Leafwise, level: int, ids: list[int]) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Area, fallback area, named grids, dedicated grids and incidents (n,) of each id of ``level``."""
    wanted = np.array(ids, dtype=np.int64)
    order = np.argsort(wanted)
    column = leafwise.lineage[:, level]
    inside = np.isin(column, wanted)
    position = order[np.searchsorted(wanted[order], column[inside])]
    named = 1 - leafwise.is_fallback

    def total(weights: Floats) -> Floats:
        return np.bincount(position, weights=weights[inside], minlength=len(ids)).astype(np.float64)

    return (
        total(leafwise.area_m2),
        total(leafwise.area_m2 * leafwise.is_fallback),
        total(named),
        total(leafwise.is_dedicated),
        total(leafwise.incidents),
    )


def _leafwise(connection: sa.Connection, edition: Edition) -> tuple[Leafwise, Period]:
    ids, lineage = areas.lineage(connection, edition)
    query = (
        sa.select(grids.c.area_m2, grids.c.kind)
        .join(codes, codes.c.id == grids.c.id)
        .where(in_edition(grids, edition.number))
        .order_by(codes.c.code.collate("C"))
    )
    rows = connection.execute(query).all()
    counted, period = _counted(connection, edition, ids)
    kinds = np.array([row.kind for row in rows], dtype=np.str_)
    return Leafwise(
        ids=ids,
        lineage=lineage,
        area_m2=np.array([row.area_m2 for row in rows], dtype=np.float64),
        is_fallback=(kinds == "fallback").astype(np.float64),
        is_dedicated=(kinds == "dedicated").astype(np.float64),
        incidents=counted,
    ), period


def _counted(connection: sa.Connection, edition: Edition, ids: Ids) -> tuple[Floats, Period]:
    """Incidents (n,) of each leaf on the borders of ``edition``, and what they reach over; all are accounted for."""
    found, number = counting.counts(connection, edition)
    known = dict(zip(found.tolist(), number.tolist(), strict=True))
    counted = np.array([known.get(one, 0) for one in ids.tolist()], dtype=np.float64)
    first, last = sa.func.min(incidents.c.occurred_at), sa.func.max(incidents.c.occurred_at)
    since, until = connection.execute(sa.select(first, last)).one()
    sources = connection.scalars(sa.select(incidents.c.source).distinct().order_by(incidents.c.source))
    return counted, Period(since, until, tuple(sources), int(number.sum() - counted.sum()))
