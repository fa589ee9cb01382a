"""Every indicator of every place of a level, each with its parts: what a table of a city is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from geo import areas
from geo.areas import Edition, Place
from geo.coverage.foretelling import Hour
from geo.coverage.indicators import Indicator, named, registry
from geo.coverage.tallies import DATED
from geo.coverage.values import Parts, Reader, is_unknown, value_of

LIMIT = 1_000
"""Places on one page at most."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One indicator over the places of a page.

    Attributes
    ----------
    rows, total
        Its parts by place (n,), and of the place all lie in (1,).
    dated, since, until
        What its days are, and the first and last of them; blank where there are none.
    """

    indicator: Indicator
    rows: Parts
    total: Parts
    dated: str
    since: str
    until: str


@dataclass(frozen=True, eq=False)
class Overview:
    """A page of places in ascending order of code, and all indicators asked for.

    ``within`` is the place all lie in, the city as a rule; ``more`` places follow.
    """

    within: Place
    places: list[Place]
    more: int
    shown: list[Shown]


def overview(
    connection: sa.Connection,
    edition: Edition,
    asked: tuple[str, str | None, Sequence[str]],
    hour: Hour | None = None,
    *,
    after: int = 0,
    limit: int = LIMIT,
) -> Overview:
    """Indicators of the places of a level.

    Parameters
    ----------
    asked
        Key of the level, code of the area they lie in (None: the whole city), and keys of indicators (none: all).
    hour
        A time to come, of which ``edition`` is then; None for what is, or was.
    after
        Places that come before the page.

    Raises
    ------
    Unknown
        For a level, area or indicator there is none of.
    """
    level_key, code, keys = asked
    city, reader = areas.city(connection), Reader(connection, edition, hour=hour)
    level = city.level(level_key)
    within = areas.place(connection, code or city.code, edition)
    places = [one for one in reader.on_level(level) if _lies_in(reader, one, within)]
    page = places[after : after + min(limit, LIMIT)]
    wanted = [named(key) for key in keys] or list(registry().values())
    ids = np.array([one.id for one in page], dtype=np.int64)
    shown = [_shown(reader, one, ids, within.id) for one in wanted]
    return Overview(within, page, max(0, len(places) - after - len(page)), shown)


def _lies_in(reader: Reader, place: Place, within: Place) -> bool:
    tree = reader.asked.tree
    at = int(np.searchsorted(tree.ids, place.id))
    return bool(tree.above[at, within.level] == within.id)


def _shown(reader: Reader, indicator: Indicator, ids: np.ndarray, within: int) -> Shown:
    reader.read(indicator)
    columns = (indicator.of, indicator.among, indicator.unknown, indicator.whole)
    rows, total = (
        Parts(*(reader.totals.of(names, some) for names in columns))
        for some in (ids, np.array([within], dtype=np.int64))
    )
    days = reader.tally(indicator.tallies[0])
    return Shown(indicator, rows, total, DATED.get(indicator.tallies[0], "registered"), days.since, days.until)


def figures(shown: Shown, parts: Parts, at: int) -> dict[str, float | None]:
    """Value and parts of one place; None for a share of nothing, where too little is known, and for no part."""
    value = float(value_of(shown.indicator, parts)[at])
    hidden = np.isnan(value) or bool(is_unknown(parts)[at])
    told: dict[str, float | None] = {"value": None if hidden else round(value, 6), "of": round(float(parts.of[at]), 2)}
    for name, columns in (("among", "among"), ("unknown", "unknown"), ("whole", "whole")):
        has = bool(getattr(shown.indicator, columns))
        told[name] = round(float(getattr(parts, name)[at]), 2) if has else None
    return told
