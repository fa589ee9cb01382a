"""The values of an indicator for every place of a level, each with its parts: how many, among how many, and unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import sqlalchemy as sa

from geo import areas
from geo.areas import City, Edition, Place
from geo.arrays import Bools, Floats, Ints
from geo.coverage import smoothing
from geo.coverage.foretelling import Hour
from geo.coverage.indicators import KNOWN_LEAST, Indicator, named
from geo.coverage.rollups import Tally, Totals
from geo.coverage.runs import Run
from geo.coverage.smoothing import Smoothed
from geo.coverage.tallies import DATED, TALLIES, found
from geo.coverage.tallies.asking import Asked
from geo.errors import Unknown


@dataclass(frozen=True, eq=False)
class Parts:
    """What an indicator adds up, by place (n,); ``among``, ``unknown`` and ``whole`` are 0 where it has none."""

    of: Floats
    among: Floats
    unknown: Floats
    whole: Floats

    @property
    def unknown_share(self) -> Floats:
        """How much is not known (n,), 0 to 1; NaN where there is nothing that could be."""
        return divided(self.unknown, self.whole)


@dataclass(frozen=True, eq=False)
class Before:
    """The same parts as the last run of an earlier day found them."""

    run: Run
    rows: Parts
    above: Parts


@dataclass(frozen=True, eq=False)
class Values:
    """One indicator on one level of one edition.

    Attributes
    ----------
    places
        The areas or grids of the level (n,), in ascending order of code.
    above
        Every area of a higher level (u,), the city first.
    rows, upper
        Parts of ``places`` and of ``above``.
    smoothed
        Estimates (n,) of the places; None for an indicator that is not smoothed.
    beside
        Key → parts of places and of those above, of indicators told beside it.
    days
        Key → first and last day of their data, blank where there are none.
    sizes, sizes_above
        Name → (n,) and (u,): ``area_m2`` and ``fallback_m2``; of ground also ``grids`` and ``dedicated``, named ones.
    held, elsewhere
        What is told of places above the level only, and of no place at all: ``of`` and ``among``.
    dated, since, until
        What the days are (edition, survey, as_of, incidents, registered), and the first and last of them.
    run, before
        Of an indicator of units, the run that answers, and what an earlier one found.
    """

    indicator: Indicator
    city: City
    edition: Edition
    level: int
    places: list[Place]
    above: list[Place]
    rows: Parts
    upper: Parts
    smoothed: Smoothed | None
    beside: dict[str, tuple[Parts, Parts]]
    days: dict[str, tuple[str, str]]
    sizes: dict[str, Floats]
    sizes_above: dict[str, Floats]
    held: tuple[float, float]
    elsewhere: tuple[float, float]
    dated: str
    since: str
    until: str
    sources: tuple[str, ...]
    run: Run | None
    before: Before | None

    @property
    def value(self) -> Floats:
        """The value (n,) of each place; NaN where there is nothing to be a share of, or too little is known."""
        return value_of(self.indicator, self.rows)

    @property
    def is_unknown(self) -> Bools:
        """Where (n,) too little is known for a value to say anything."""
        return is_unknown(self.rows)

    @property
    def is_scarce(self) -> Bools:
        """Where (n,) something is there, and too little for a value to say anything."""
        there = self.rows.among > 0
        return there & (self.rows.among < self.indicator.least) & ~self.is_unknown


def divided(part: Floats, whole: Floats) -> Floats:
    """Shares (n,); NaN where ``whole`` is 0."""
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def value_of(indicator: Indicator, parts: Parts) -> Floats:
    """The value (n,) of parts; NaN where the denominator is 0, and of a count where nothing is known."""
    if indicator.kind == "count":
        return np.where((parts.whole > 0) & (parts.unknown >= parts.whole), np.nan, parts.of)
    share = divided(parts.of, parts.among)
    return share * indicator.scale if indicator.kind == "per" else share


def is_unknown(parts: Parts) -> Bools:
    """Where (n,) less than :data:`~geo.coverage.indicators.KNOWN_LEAST` is known."""
    return np.asarray((parts.whole > 0) & (parts.whole - parts.unknown < KNOWN_LEAST * parts.whole))


@dataclass
class Reader:
    """Reads tallies of one edition, each once, however many indicators and levels are asked for.

    ``hour`` is a time to come, and then the edition is the one of then; None for what is, or was, as it is ``now``.
    """

    connection: sa.Connection
    edition: Edition
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    hour: Hour | None = None
    _tallies: dict[str, Tally] = field(default_factory=dict)
    _levels: dict[str, list[Place]] = field(default_factory=dict)

    @cached_property
    def asked(self) -> Asked:
        """What tallies are asked with."""
        return Asked(self.connection, self.edition, self.hour.instant if self.hour else self.now, self.hour)

    @cached_property
    def totals(self) -> Totals:
        """Every column that was read so far, added up; ground always."""
        kept = self.asked.division.kept
        if "ground" not in kept:
            made = Totals(self.asked.tree)
            made.add(tally := self.tally("ground"))
            kept["ground"] = tally, made.columns
        self._tallies["ground"], columns = kept["ground"]
        return Totals(self.asked.tree, dict(columns))

    @cached_property
    def before(self) -> tuple[Run, Totals] | None:
        """What the last run of an earlier day found."""
        earlier = found.before(self.asked)
        if earlier is None:
            return None
        run, tally = earlier
        made = Totals(self.asked.tree)
        made.add(tally)
        return run, made

    def tally(self, key: str) -> Tally:
        """A tally of :data:`~geo.coverage.tallies.TALLIES`."""
        if key not in self._tallies:
            self._tallies[key] = TALLIES[key](self.asked)
        return self._tallies[key]

    def on_level(self, level: int) -> list[Place]:
        """Places of a level in ascending order of code; those above the grids, the many, are kept in memory."""
        kept = self._levels if level == self.asked.city.grid_level else self.asked.division.kept
        key = f"level {level}"  # what closes a place later, its last edition, is not asked of these
        if key not in kept:
            kept[key] = areas.on_level(self.connection, level, self.edition)
        found: list[Place] = kept[key]
        return found

    def read(self, indicator: Indicator) -> None:
        """Nothing; afterwards the columns of the indicator are in ``totals``."""
        for key in indicator.tallies:
            tally = self.tally(key)
            if not tally.columns.keys() <= self.totals.columns.keys():
                self.totals.add(tally)


def values(connection: sa.Connection, edition: Edition, key: str, level: int, hour: Hour | None = None) -> Values:
    """The indicator for every area, or grid, of ``level`` (0 the city, the last level the grids).

    Of a time to come (``hour``) what it will be if the registers stay as they are.

    Raises
    ------
    Unknown
        For an indicator or a level there is none of.
    """
    return told(Reader(connection, edition, hour=hour), key, level)


def told(reader: Reader, key: str, level: int) -> Values:
    """As :func:`values`, from what a reader has read. Raises Unknown for an indicator or level there is none of."""
    indicator, city = named(key), reader.asked.city
    if not 0 <= level <= city.grid_level:
        raise Unknown(f"no level {level}; this city has 0 ({city.levels[0].key}) to {city.grid_level} (grid)")
    beside = [named(one) for one in indicator.beside]
    for one in (indicator, *beside):
        reader.read(one)
    places, above = reader.on_level(level), [one for step in range(level) for one in reader.on_level(step)]
    ids, ids_above = (np.array([one.id for one in some], dtype=np.int64) for some in (places, above))
    totals = reader.totals
    rows = _parts(totals, indicator, ids)
    days = reader.tally(indicator.tallies[0])
    is_run = "run" in indicator.tallies
    sizes = ("area_m2", "fallback_m2", *(("grids", "dedicated") if indicator.group == "ground" else ()))
    return Values(
        indicator=indicator,
        city=city,
        edition=reader.edition,
        level=level,
        places=places,
        above=above,
        rows=rows,
        upper=_parts(totals, indicator, ids_above),
        smoothed=_smoothed(indicator, rows),
        beside={one.key: (_parts(totals, one, ids), _parts(totals, one, ids_above)) for one in beside},
        days={one.key: _days(reader, one) for one in beside},
        sizes={name: totals.of((name,), ids) for name in sizes},
        sizes_above={name: totals.of((name,), ids_above) for name in sizes},
        held=(totals.held(indicator.of, level), totals.held(indicator.among, level)),
        elsewhere=(totals.elsewhere(indicator.of), totals.elsewhere(indicator.among)),
        dated=DATED.get(indicator.tallies[0], "registered"),
        since=days.since,
        until=days.until,
        sources=days.sources,
        run=found.answering(reader.asked) if is_run else None,
        before=_before(reader, indicator, ids, ids_above) if is_run else None,
    )


def _parts(totals: Totals, indicator: Indicator, ids: Ints) -> Parts:
    columns = (indicator.of, indicator.among, indicator.unknown, indicator.whole)
    return Parts(*(totals.of(names, ids) for names in columns))


def _days(reader: Reader, indicator: Indicator) -> tuple[str, str]:
    tally = reader.tally(indicator.tallies[0])
    return tally.since, tally.until


def _smoothed(indicator: Indicator, rows: Parts) -> Smoothed | None:
    """Estimates by the prior that all places of the level show, unknown ones left out."""
    if not indicator.smoothed:
        return None
    sure = ~is_unknown(rows)
    given = smoothing.prior(rows.of[sure], rows.among[sure])
    return smoothing.smoothed(rows.of, rows.among, given)


def _before(reader: Reader, indicator: Indicator, ids: Ints, ids_above: Ints) -> Before | None:
    earlier = reader.before
    if earlier is None:
        return None
    run, totals = earlier
    return Before(run, _parts(totals, indicator, ids), _parts(totals, indicator, ids_above))
