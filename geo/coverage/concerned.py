"""Whose state a change can touch by itself: the units written, and those their records and organisations cover.

What is found may be too much, never too little: the look that follows decides who of them is really another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from geo import parameters
from geo.arrays import Ints
from geo.coverage.rulebooks import RuleBook
from geo.statements import statement

MANY = 20_000
"""Units concerned above which all are looked at instead: that is then no dearer."""

_SLACK_DAYS = 4  # months are counted in days here, by the longest and the shortest
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Change:
    """What is other than it was at the last run.

    Attributes
    ----------
    ids
        Noun → ids of rows written.
    days
        The day it was then and the day it is now.
    edition_changed
        Whether units may lie in other grids.
    """

    ids: Mapping[str, Sequence[int]]
    days: tuple[date, date]
    edition_changed: bool

    def of(self, noun: str) -> list[int]:
        """Ids of the rows of a noun that were written."""
        return list(self.ids.get(noun, ()))


class Concern:
    """Who is concerned by a change, found in the store by sets of ids."""

    def __init__(self, connection: sa.Connection, book: RuleBook, change: Change) -> None:
        self.connection, self.book, self.change = connection, book, change

    def _ids(self, query: str, **given: object) -> Ints:
        return _ascending(self.connection.scalars(sa.text(query), given))

    def units(self) -> Ints:
        """Ids of the units a change touches, ascending; some may be there no more."""
        found = [np.array(self.change.of("units"), dtype=np.int64), self._of_districts()]
        records = np.array(self.change.of("coverage_records"), dtype=np.int64)
        if self.change.days[0] != self.change.days[1]:
            surveyed, dated = self._of_days()
            found.append(surveyed)
            records = np.union1d(records, dated)
        if self.change.edition_changed:
            found.append(self._elsewhere())
        covered, branches = self._covered(records)
        return self._of_branches(np.unique(np.concatenate([*found, covered])), branches)

    def _of_days(self) -> tuple[Ints, Ints]:
        """Units whose survey, and records whose evidence or period, begins or ends to count between the two days."""
        first, last = sorted(self.change.days)
        slack = timedelta(days=_SLACK_DAYS)
        window: dict[str, Any] = {"first": first - slack, "last": last + slack}
        units = self._ids(
            "SELECT id FROM units WHERE surveyed_on BETWEEN :first AND :last "
            "OR surveyed_on + make_interval(months => :months) BETWEEN :first AND :last",
            **window,
            months=self.book.months.survey,
        )
        records = self._ids(
            "SELECT id FROM coverage_records WHERE evidence_on BETWEEN :first AND :last "
            "OR evidence_on + make_interval(months => :months) BETWEEN :first AND :last "
            "OR since BETWEEN :first AND :last OR until BETWEEN :first AND :last",
            **window,
            months=self.book.months.evidence,
        )
        return units, records

    def _elsewhere(self) -> Ints:
        """Units that are in another grid than when they were last read."""
        return self._ids(
            "SELECT u.id FROM units AS u JOIN unit_states AS s ON s.unit_id = u.id "
            "WHERE s.last_run IS NULL AND s.grid_id IS DISTINCT FROM u.grid_id"
        )

    def _of_districts(self) -> Ints:
        """Units in the business districts as they are, and as they were."""
        if not (written := self.change.of("business_districts")):
            return _NONE
        return self._ids(
            "SELECT u.id FROM business_districts AS d JOIN units AS u "
            "ON u.geom && d.geom AND ST_Intersects(u.geom, d.geom) WHERE d.id = ANY(CAST(:ids AS bigint[])) "
            "UNION SELECT unit_id FROM unit_states WHERE last_run IS NULL AND district_ids && CAST(:ids AS bigint[])",
            ids=parameters.ids(written),
        )

    def _covered(self, records: Ints) -> tuple[Ints, Ints]:
        """Units that the records cover or covered when they were last read, or organisations written; and branches."""
        organisations = self.change.of("party_organisations")
        if not len(records) and not organisations:
            return _NONE, _NONE
        given = {"records": parameters.ids(records), "organisations": parameters.ids(organisations)}
        rows = self.connection.execute(statement("coverage_concerned"), given).all()
        units = _ascending(row.unit_id for row in rows if row.unit_id is not None)
        return units, _ascending(row.organisation_id for row in rows if row.organisation_id is not None)

    def _of_branches(self, units: Ints, branches: Ints) -> Ints:
        """The units, and all of the branches they are in: each counts how many units it has."""
        if not len(units) and not len(branches):
            return _NONE
        more = self._ids(
            "SELECT unit_id FROM coverage_records WHERE method IN ('own', 'joint') AND unit_id IS NOT NULL "
            "AND organisation_id = ANY(array(SELECT organisation_id FROM coverage_records "
            "WHERE method IN ('own', 'joint') AND unit_id = ANY(CAST(:units AS bigint[])) "
            "UNION SELECT unnest(CAST(:branches AS bigint[]))))",
            units=parameters.ids(units),
            branches=parameters.ids(branches),
        )
        return np.union1d(units, more)


def note_records(connection: sa.Connection, ids: Sequence[int] | None) -> None:
    """Keep whom the records ``ids`` name now, for the next run; None: all records."""
    named = "SELECT id, unit_id, building_id, grid_id, organisation_id FROM coverage_records"
    if ids is None:
        connection.execute(sa.text("DELETE FROM coverage_inputs"))
        connection.execute(sa.text(f"INSERT INTO coverage_inputs {named}"))
    elif ids:
        given, those = {"ids": parameters.ids(ids)}, "ANY(CAST(:ids AS bigint[]))"
        connection.execute(sa.text(f"DELETE FROM coverage_inputs WHERE record_id = {those}"), given)
        connection.execute(sa.text(f"INSERT INTO coverage_inputs {named} WHERE id = {those}"), given)


def _ascending(values: Iterable[int]) -> Ints:
    return np.unique(np.array([one for one in values if one is not None], dtype=np.int64))
