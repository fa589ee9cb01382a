"""Proposed joint branches as runs keep them: found for all units that are P2, or anew where such units changed."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo import copying
from geo.arrays import Bools, Ints
from geo.coverage import found, reading, spans
from geo.coverage.joint import JointGroups, JointRules, propose
from geo.coverage.joint.candidates import candidates
from geo.coverage.joint.components import components
from geo.coverage.reading import Asked
from geo.coverage.rulebooks import RuleBook
from geo.coverage.spans import Written
from geo.coverage.states import States
from geo.coverage.tables import joint_groups, unit_states
from geo.coverage.units import Units

_SLACK = 1 + 1e-6  # whoever is near is asked for a little wider; the proposals decide exactly


def write_all(
    connection: sa.Connection, run: tuple[int, str], units: Units, decided: States, book: RuleBook
) -> Written:
    """What is written when joint branches are looked for among all units."""
    proposed = propose(units, decided.state == "P2", JointRules.of(book.thresholds))
    return _write(connection, run, units, proposed, None)


class Part:
    """Joint branches looked for again around units that changed: in whole components, since one decides for the next.

    Parameters
    ----------
    run
        Number and day of the run, whose spans of units are written already.
    """

    def __init__(self, connection: sa.Connection, run: tuple[int, str], book: RuleBook, metric_epsg: int) -> None:
        self.connection, self.run, self.epsg = connection, run, metric_epsg
        self.rules = JointRules.of(book.thresholds)

    def write(self, changed: Ints, affected: Ints) -> Written | None:
        """What is written; None where no unit that is or was P2 is another.

        Parameters
        ----------
        changed
            Ids of units that were written, or their records.
        affected
            Ids of those whose state was decided anew.
        """
        left = self._left(affected)
        joining = found.joining(self.connection, self.epsg)
        touched = np.isin(joining.id, np.union1d(changed, self._entered(affected))) | self._near(joining, left)
        if not touched.any() and not len(left.id):
            return None
        label = components(candidates(joining, np.arange(len(joining.id)), self.rules), self.rules)
        again = joining.id[np.isin(label, label[touched])]
        read = reading.units(self.connection, self.epsg, Asked(again)).units
        proposed = propose(read, np.ones(len(read.id), dtype=np.bool_), self.rules)
        keys = self._keys(np.union1d(again, left.id))
        return _write(self.connection, self.run, read, proposed, keys)

    def _left(self, affected: Ints) -> Units:
        """Units as they were while they were P2, of those whose span was closed by this run."""
        span = unit_states.c
        query = sa.select(unit_states).where(*Asked(affected).of(span.unit_id), span.last_run == self.run[0])
        return found.placed(self.connection, query.where(span.code == "P2"), self.epsg)

    def _entered(self, affected: Ints) -> Ints:
        span = unit_states.c
        query = sa.select(span.unit_id).where(*Asked(affected).of(span.unit_id), span.first_run == self.run[0])
        return np.array(list(self.connection.scalars(query.where(span.code == "P2"))), dtype=np.int64)

    def _near(self, joining: Units, left: Units) -> Bools:
        """Which units could have been in one group with those that left."""
        near = np.zeros(len(joining.id), dtype=np.bool_)
        for at in range(len(left.id)):
            for key, value in ((joining.building, left.building[at]), (joining.park, left.park[at])):
                near |= (key == value) & (value != 0)
            apart = np.hypot(*(joining.xy_m - left.xy_m[at]).T)
            near |= apart <= self.rules.reach_m * _SLACK
        return near

    def _keys(self, ids: Ints) -> list[str]:
        """Keys of the groups that hold still and have one of these units."""
        query = sa.text(
            "SELECT DISTINCT g.key FROM joint_groups AS g JOIN joint_members AS m ON m.group_id = g.id "
            "WHERE g.last_run IS NULL AND m.unit_id = ANY(:ids)"
        )
        return list(self.connection.scalars(query, {"ids": ids.tolist()}))


def _write(
    connection: sa.Connection, run: tuple[int, str], units: Units, proposed: JointGroups, among: list[str] | None
) -> Written:
    keys = [",".join(str(units.id[at]) for at in row if at >= 0) for row in proposed.units.tolist()]
    about = [
        json.dumps({"place": place, "industries": industries, "spread_m": round(spread, 1)})
        for place, industries, spread in zip(
            proposed.place.tolist(), proposed.industries.tolist(), proposed.spread_m.tolist(), strict=True
        )
    ]
    told = {
        "key": copying.texts(pa.array(keys, type=pa.string())),
        "basis": copying.texts(pa.array(proposed.basis, type=pa.string())),
        "members": copying.numbers(proposed.members, "i4"),
        "units": copying.numbers(proposed.size, "i4"),
        "diameter_m": copying.figures(np.round(proposed.diameter_m, 1)),
        "about": copying.documents(pa.array(about, type=pa.string())),
    }
    among_those = None if among is None else [*among, *keys]
    written = spans.write(connection, joint_groups, run, told, among_those)
    connection.execute(
        sa.text(
            "INSERT INTO joint_members (group_id, unit_id) SELECT g.id, unnest(CAST(string_to_array(g.key, ',') AS "
            "bigint[])) FROM joint_groups AS g WHERE g.first_run = :number"
        ),
        {"number": run[0]},
    )
    return written
