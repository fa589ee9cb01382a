"""Why each unit and grid is what it is, and which joint branches are proposed: as a run has written it, or foretold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from geo.coverage.tables import grid_states, in_run, joint_groups, joint_members, unit_states
from geo.rows import one_of


@dataclass(frozen=True)
class Why:
    """The reason of a unit's state, as :func:`geo.coverage.wording.reason` takes it, and who covers it."""

    reason: dict[str, Any]
    organisation: int | None


@dataclass(frozen=True)
class Joint:
    """A proposed joint branch; ``id`` None of one that no run has written.

    ``key`` are the ids of its units, ascending, with commas; ``industries`` those that several share, with blanks.
    """

    id: int | None
    key: str
    basis: str
    units: int
    members: int
    diameter_m: float | None
    industries: str


class Particulars(Protocol):
    """What is told of few things at a time; those of which nothing was found are left out."""

    def units(self, connection: sa.Connection, ids: Sequence[int]) -> dict[int, Why]:
        """Why units are what they are, by id."""

    def grids(self, connection: sa.Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The reasons of leaves, by id."""

    def joint(self, connection: sa.Connection, ids: Sequence[int]) -> dict[int, Joint]:
        """The joint branch of each of some units, by id; those in an earlier one come first."""


@dataclass(frozen=True)
class Written:
    """What the run with this number has written."""

    number: int

    def units(self, connection: sa.Connection, ids: Sequence[int]) -> dict[int, Why]:
        span = unit_states.c
        query = sa.select(span.unit_id, span.reason, span.organisation_id)
        query = query.where(in_run(unit_states, self.number), one_of(span.unit_id, list(ids)))
        return {row.unit_id: Why(row.reason, row.organisation_id) for row in connection.execute(query)}

    def grids(self, connection: sa.Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        span = grid_states.c
        query = sa.select(span.grid_id, span.reason)
        query = query.where(in_run(grid_states, self.number), one_of(span.grid_id, list(ids)))
        return {row.grid_id: row.reason for row in connection.execute(query)}

    def joint(self, connection: sa.Connection, ids: Sequence[int]) -> dict[int, Joint]:
        group, member = joint_groups.c, joint_members.c
        query = sa.select(member.unit_id, joint_groups).join(joint_groups, group.id == member.group_id)
        query = query.where(in_run(joint_groups, self.number), one_of(member.unit_id, list(ids))).order_by(group.id)
        return {
            row["unit_id"]: Joint(
                id=row["id"],
                key=row["key"],
                basis=row["basis"],
                units=row["units"],
                members=row["members"],
                diameter_m=row["diameter_m"],
                industries=row["about"]["industries"],
            )
            for row in connection.execute(query).mappings()
        }
