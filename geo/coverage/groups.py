"""Proposed joint branches as runs keep them: found for all units that are P2, or anew where such units changed."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo import copying
from geo.arrays import Bools, Floats, Ints
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
from geo.crs import from_metres
from geo.rows import one_of
from geo.statements import statement

_FIRST, _WIDER, _LAST = 3, 4, 200  # margins of the window, in reaches: at first, times, and before all is looked at
_SLACK = 1 + 1e-6  # whoever is near is asked for a little wider; the proposals decide exactly


def write_all(
    connection: sa.Connection, run: tuple[int, str], units: Units, decided: States, book: RuleBook
) -> Written:
    """What is written when joint branches are looked for among all units."""
    proposed = propose(units, decided.state == "P2", JointRules.of(book.thresholds))
    return _write(connection, run, units, proposed, None)


@dataclass(frozen=True)
class _Window:
    """A box in metres, and the box in degrees WGS 84 that holds it: west, south, east, north."""

    metres: tuple[float, float, float, float]
    degrees: tuple[float, float, float, float]

    @classmethod
    def around(cls, xy_m: Floats, margin_m: float, epsg: int) -> _Window:
        """The box around places, so much wider on each side."""
        west, south = (xy_m.min(axis=0) - margin_m).tolist()
        east, north = (xy_m.max(axis=0) + margin_m).tolist()
        corners = from_metres(np.array([(x, y) for x in (west, east) for y in (south, north)]), epsg)
        low, high = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return cls((west, south, east, north), (*low, *high))

    @property
    def corners(self) -> dict[str, float]:
        """The sides in degrees by name."""
        return dict(zip(("west", "south", "east", "north"), self.degrees, strict=True))

    def holds(self, xy_m: Floats, within_m: float) -> bool:
        """Whether all places lie at least so far within it."""
        west, south, east, north = self.metres
        inside = (xy_m >= (west + within_m, south + within_m)) & (xy_m <= (east - within_m, north - within_m))
        return bool(inside.all())


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
        left, stirred = self._left(affected), self._stirred(changed, affected)
        if not len(left.id) and not len(stirred.id):
            return None
        again = self._again(left, stirred)
        read = reading.units(self.connection, self.epsg, Asked(again)).units
        proposed = propose(read, np.ones(len(read.id), dtype=np.bool_), self.rules)
        keys = self._keys(np.union1d(again, left.id))
        return _write(self.connection, self.run, read, proposed, keys)

    def _again(self, left: Units, stirred: Units) -> Ints:
        """Ids of all P2 units of the components that hold one stirred, or held one that left.

        They are looked for in a window around these, which is widened until no component goes on beyond it.
        """
        xy_m = np.vstack([left.xy_m, stirred.xy_m])
        margin_m = _FIRST * self.rules.reach_m if np.isfinite(xy_m).all() else np.inf
        while True:
            window = _Window.around(xy_m, margin_m, self.epsg) if margin_m <= _LAST * self.rules.reach_m else None
            there = found.joining(self.connection, self.epsg, window.degrees if window else None)
            touched = np.isin(there.id, stirred.id) | self._near(there, left)
            label = components(candidates(there, np.arange(len(there.id)), self.rules), self.rules)
            rows = np.flatnonzero(np.isin(label, label[touched]))
            if window is None or self._ends_within(there, rows, window):
                return np.asarray(there.id[rows])
            margin_m *= _WIDER

    def _ends_within(self, there: Units, rows: Ints, window: _Window) -> bool:
        """Whether no P2 unit outside the window could hang together with those at ``rows``."""
        placed = there.xy_m[rows][np.isfinite(there.xy_m[rows]).all(axis=1)]
        if not window.holds(placed, self.rules.reach_m * _SLACK):
            return False
        given = {
            "parks": np.unique(there.park[rows]).tolist(),
            "buildings": np.unique(there.building[rows]).tolist(),
            "loaded": there.id.tolist(),
        }
        return not self.connection.scalar(statement("coverage_beyond"), given | window.corners)

    def _left(self, affected: Ints) -> Units:
        """Units as they were while they were P2, of those whose span was closed by this run."""
        span = unit_states.c
        query = sa.select(unit_states).where(*Asked(affected).of(span.unit_id), span.last_run == self.run[0])
        return found.placed(self.connection, query.where(span.code == "P2"), self.epsg)

    def _stirred(self, changed: Ints, affected: Ints) -> Units:
        """P2 units that were written, or whose span was opened by this run."""
        span = unit_states.c
        those = sa.or_(one_of(span.unit_id, changed.tolist()), span.first_run == self.run[0])
        query = sa.select(unit_states).where(*Asked(np.union1d(changed, affected)).of(span.unit_id), those)
        return found.placed(self.connection, query.where(span.code == "P2", span.last_run.is_(None)), self.epsg)

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
