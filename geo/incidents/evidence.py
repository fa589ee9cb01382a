"""Incidents that state their area, as evidence: of the datum of a file before it is stored, and of new boundaries.

Of many the same hundred thousand are always asked: those with the lowest digests, a fair draw in any order of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import geoalchemy2.functions as gis
import numpy as np
import sqlalchemy as sa

from geo.arrays import Shapes
from geo.assignments import CityIndex
from geo.space.evidence import NAMES, STATES_NOTHING, Speech, Stated, Verdict, Words, columns_of, hear, level_of
from geo.tables import incident_keys, incidents

MOST = 100_000
SOURCE = "已存事件 stored incidents"

_STATED = "SELECT lon, lat, stated_area FROM stated_areas WHERE datum = :datum ORDER BY digest LIMIT :most"


@dataclass(frozen=True)
class Weighed:
    """What the incidents of one declared datum say of it; ``words`` are Chinese and English, one pair a finding."""

    datum: str
    is_contradicted: bool
    words: tuple[Words, ...]


def of_file(connection: sa.Connection, source: str) -> list[Stated]:
    """The new incidents of the file in hand that state their area, apart by the datum they are declared in."""
    datums = connection.scalars(sa.text("SELECT DISTINCT datum FROM stated_areas ORDER BY datum"))
    return [
        _stated(source, datum, connection.execute(sa.text(_STATED), {"datum": datum, "most": MOST}), points_too=True)
        for datum in list(datums)
    ]


def of_store(connection: sa.Connection) -> Stated | None:
    """The stored incidents that state their area, in WGS 84; None when none does."""
    geom = incidents.c.geom
    query = (
        sa.select(gis.ST_X(geom).label("lon"), gis.ST_Y(geom).label("lat"), incidents.c.stated_area)
        .join(
            incident_keys,
            sa.and_(incident_keys.c.source == incidents.c.source, incident_keys.c.reference == incidents.c.reference),
        )
        .where(incidents.c.stated_area.is_not(None), geom.is_not(None))
        .order_by(incident_keys.c.digest)
        .limit(MOST)
    )
    stated = _stated(SOURCE, NAMES[0], connection.execute(query), points_too=False)
    return stated if len(stated) else None


def weighed(index: CityIndex, shapes: Shapes, stated: Iterable[Stated]) -> tuple[Weighed, ...]:
    """What incidents say of their datum, held against the areas of an edition; those that say nothing are left out.

    ``shapes`` are the ground of its leaves.
    """
    columns = columns_of([level.key for level in index.city.levels], index.level_codes, index.level_names)
    told = []
    for one in stated:
        # the lowest level first: of two that fit alike, the one with more borders tells more
        column = level_of(one, reversed(columns))
        heard = column and hear(one, shapes, column, NAMES[0])
        if heard and heard.verdict:
            verdict = _points_first(heard.verdict)
            speech = Speech(NAMES[0], one, heard, verdict)
            words = [speech.agreement() if verdict.is_decided else speech.undecided()]
            words += [speech.contradicted()] if verdict.best else []
            words += [speech.vintage()] if verdict.is_another_vintage else []
            told.append(Weighed(one.datum, bool(verdict.best), tuple(words)))
    return tuple(told)


def _points_first(verdict: Verdict) -> Verdict:
    """Of readings that the points cannot tell apart those of the points first: the areas are published."""
    points = verdict.declared.reading.points
    return replace(verdict, best=tuple(sorted(verdict.best, key=lambda one: one.reading.points == points)))


def _stated(source: str, datum: str, rows: Iterable[Any], *, points_too: bool) -> Stated:
    found: list[tuple[float, float, str]] = [tuple(row) for row in rows]
    lonlat = np.asarray([(lon, lat) for lon, lat, _ in found], dtype=np.float64).reshape(-1, 2)
    said = [text for _, _, text in found]
    texts = sorted({text for text in said if text.strip().lower() not in STATES_NOTHING})
    known = {text: at for at, text in enumerate(texts)}
    area = np.asarray([known.get(text, -1) for text in said], dtype=np.int64)
    return Stated(source, lonlat, area, np.asarray(texts, dtype=object), datum, points_too)
