"""A plan begun with the changes of another one: to try something else, or to go on where editions came in between."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from geo.actors import Actor
from geo.errors import GeoError
from geo.plans import drafts, previews
from geo.plans.drafts import Made, Plan


@dataclass(frozen=True)
class LeftOut:
    """A change that cannot be made on the edition in force, and why."""

    made: Made
    why: str


def fork(connection: sa.Connection, actor: Actor, plan: Plan, name: str) -> tuple[Plan, list[LeftOut]]:
    """A new draft on the edition in force with the changes of ``plan`` that can still be made there, and the others.

    The plan itself stays as it is, whatever its state. Undone changes are not taken along.

    Raises
    ------
    Refused
        When the name is blank.
    Unknown
        When the scope of the plan is no area of the edition in force.
    """
    forked = drafts.begin(connection, actor, name, plan.scope, forked_from=plan.id)
    left_out: list[LeftOut] = []
    acts: dict[int, int] = {}
    for made in drafts.changes_of(connection, plan):
        if made.is_undone:
            continue
        try:
            acts[made.act] = previews.add(connection, actor, forked, made.change, acts.get(made.act)).act
        except GeoError as error:
            left_out.append(LeftOut(made, str(error)))
    return forked, left_out
