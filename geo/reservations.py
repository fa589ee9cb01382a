"""Grids that a scheduled plan will change: nobody else may publish over them until it is in force, or taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from geo import rows
from geo.errors import Stale
from geo.space.division import Division, ground_of
from geo.tables import metadata

_SHOWN = 5  # codes named in a message before "and n more"

reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("plan_id", sa.BigInteger, sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("code", sa.Text, primary_key=True, comment="of a leaf or area that the plan changes or makes"),
    comment="what scheduled plans change; publishing it otherwise is refused",
)


def reserve(connection: sa.Connection, plan_id: int, codes: Iterable[str]) -> None:
    """Keep ``codes`` for a plan; what it had reserved before is free."""
    free(connection, plan_id)
    taken = [{"plan_id": plan_id, "code": code} for code in sorted(set(codes))]
    if taken:
        connection.execute(sa.insert(reservations), taken)


def free(connection: sa.Connection, plan_id: int) -> None:
    """Reserve nothing for a plan any more."""
    connection.execute(sa.delete(reservations).where(reservations.c.plan_id == plan_id))


def refuse_reserved(
    connection: sa.Connection, codes: Iterable[str], *, but: int | None = None, on: Sequence[Division] = ()
) -> None:
    """Raise Stale when any of ``codes`` is reserved by another plan than ``but``; the message names codes and plan.

    ``on`` are divisions that tell where the codes lie.
    """
    wanted = rows.one_of(reservations.c.code, sorted(set(codes)))
    query = sa.select(reservations.c.plan_id, reservations.c.code).where(wanted)
    if but is not None:
        query = query.where(reservations.c.plan_id != but)
    found = connection.execute(query.order_by(reservations.c.plan_id, reservations.c.code)).all()
    if not found:
        return
    first = found[0].plan_id
    named = [row.code for row in found if row.plan_id == first]
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    raise Stale(
        f"{', '.join(named[:_SHOWN])}{more} reserved by plan {first}, which is scheduled; "
        "wait until it is in force, or have it taken off the schedule",
        zh=f"{', '.join(named[:_SHOWN])} 已由排期的方案 {first} 占用；等它生效，或请人取消排期",
        where=ground_of(named, on),
    )
