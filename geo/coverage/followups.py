"""What became of proposals: accepted or dismissed with a reason, and then step by step, each with its day.

A follow-up is of one blind spot, as it was when it was decided; posts are named, never persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from geo import areas
from geo.actors import Actor
from geo.arrays import Ints
from geo.coverage import runs
from geo.coverage.found import Found, open_run
from geo.coverage.rulebooks import GROUND, STATES
from geo.coverage.spots import Subject, units_in
from geo.coverage.subjects import addresses, subject
from geo.coverage.tables import follow_ups
from geo.errors import Refused, Stale, Unknown
from geo.rows import one_of
from geo.tables import audit_events

PROPOSALS: Mapping[str, tuple[str, ...]] = {
    "form_branch": ("P1", "P4"),
    "joint_branch": ("P2",),
    "send_helper": ("P1", "P2", "P3", "P4"),
    "upgrade": ("P4",),
    "check": ("P5",),
    "survey": ("U",),
    "draw_grid": ("G1",),
    "staff_grid": ("G2", "U"),
    "pin_grid": ("G3",),
}
"""What can be proposed, and of which states."""

STEPS: Mapping[str, tuple[str, ...]] = {
    "open": ("in_progress", "done", "cancelled"),
    "in_progress": ("done", "cancelled"),
    "dismissed": ("cancelled",),
    "done": (),
    "cancelled": (),
}
"""State → the states that can follow; a dismissal that is cancelled lets the blind spot be decided anew."""

STANDING = ("open", "in_progress", "dismissed")
"""States in which a blind spot is decided of, so that it is not decided of again."""

LIMIT = 1_000


@dataclass(frozen=True)
class Decision:
    """What is decided of a blind spot.

    Parameters
    ----------
    spot
        Its address, as ``building/12``.
    code
        What it was when it was looked at.
    decision
        ``accepted`` or ``dismissed``.
    proposal
        A key of :data:`PROPOSALS`; needed to accept.
    reason
        Needed to dismiss.
    payload
        What is proposed in particular: units, an organisation, a grid.
    post, due_on
        Which post sees to it, and until when.
    """

    spot: str
    code: str
    decision: str
    proposal: str | None = None
    reason: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    post: str | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class FollowUp:
    """A follow-up as it stands; ``day`` is that of its last step, ``code_now`` what the blind spot is today."""

    id: int
    spot: str
    code: str
    code_now: str | None
    run: int
    proposal: str | None
    payload: dict[str, Any]
    decision: str
    reason: str | None
    state: str
    post: str | None
    due_on: date | None
    decided_on: date
    started_on: date | None
    ended_on: date | None
    actor: str

    @property
    def day(self) -> date:
        """Of the last step."""
        return self.ended_on or self.started_on or self.decided_on


# -- deciding ----------------------------------------------------------------------------------------------------------
def decide(connection: sa.Connection, actor: Actor, decision: Decision) -> FollowUp:
    """The follow-up that the decision makes.

    Raises
    ------
    Unknown
        When there is no such blind spot, or nothing was looked for yet.
    Refused
        For a decision or proposal there is none of, one that does not fit the state, or a dismissal without a reason.
    Stale
        When the blind spot is in another state by now, or was decided of already.
    """
    run = runs.numbered(connection)
    found = open_run(connection, run)
    about = subject(connection, decision.spot, found.edition)
    _check(decision)
    _check_state(connection, found, about, decision)
    _check_undecided(connection, about, decision)
    event = _note(connection, actor, "coverage.decide", {"spot": decision.spot, "decision": decision.decision})
    told = {
        "subject_kind": about.kind,
        "subject_id": about.number,
        "code": decision.code,
        "run": run.number,
        "proposal": decision.proposal or "",
        "payload": dict(decision.payload),
        "decision": decision.decision,
        "reason": decision.reason,
        "state": "open" if decision.decision == "accepted" else "dismissed",
        "post": decision.post,
        "due_on": decision.due_on,
        "actor": actor.name,
        "audit_event": event,
    }
    number = connection.execute(sa.insert(follow_ups).values(told).returning(follow_ups.c.id)).scalar_one()
    return one(connection, number)


def _check(decision: Decision) -> None:
    if decision.decision not in ("accepted", "dismissed"):
        raise Refused(f"decision {decision.decision!r}: a proposal is accepted or dismissed")
    if decision.code not in (*STATES, *GROUND):
        raise Refused(f"code {decision.code!r} is no state; there are {', '.join((*STATES, *GROUND))}")
    if decision.decision == "dismissed":
        if not (decision.reason or "").strip():
            raise Refused("a dismissal says why: give a reason")
        return
    if decision.proposal is None or decision.proposal not in PROPOSALS:
        raise Refused(f"proposal {decision.proposal!r}: there are {', '.join(PROPOSALS)}")
    if decision.code not in PROPOSALS[decision.proposal]:
        fits = ", ".join(PROPOSALS[decision.proposal])
        raise Refused(f"{decision.proposal} answers {fits} and not {decision.code}")


def _check_state(connection: sa.Connection, found: Found, about: Subject, decision: Decision) -> None:
    now = code_of(connection, found, about, decision.code)
    if now is None:
        raise Unknown(f"no blind spot {decision.spot!r} in run {found.run.number}")
    if now != decision.code:
        raise Stale(f"{decision.spot} is {now or 'no blind spot'} by now and not {decision.code}; look at it again")


def _check_undecided(connection: sa.Connection, about: Subject, decision: Decision) -> None:
    held = connection.execute(
        sa.select(follow_ups.c.id, follow_ups.c.state)
        .where(follow_ups.c.subject_kind == about.kind, follow_ups.c.subject_id == about.number)
        .where(follow_ups.c.state.in_(STANDING), follow_ups.c.code == decision.code)
        .with_for_update()
    ).first()
    if held is not None:
        raise Stale(f"{decision.spot} was decided of before: follow-up {held.id} is {held.state}; cancel that first")


def code_of(connection: sa.Connection, found: Found, about: Subject, asked: str) -> str | None:
    """The state a thing has in a run, ``asked`` if it has that too; blank for none, None where there is no such thing.

    Of a larger place: whether it holds units of the state asked for.
    """
    if about.kind == "unit":
        return _at(found.units.id, found.states.state, about.number)
    if about.kind == "building":
        code = _at(found.buildings.id, found.buildings.code, about.number)
        crosses = _at(found.buildings.id, found.buildings.straddles.astype(np.str_), about.number) == "True"
        return asked if asked == "G3" and crosses else code
    units = found.states.state[units_in(connection, found, about)]
    if about.kind == "grid":
        own = _at(found.grids.id, found.grids.code, about.number)
        return asked if own is not None and asked not in (*GROUND, "U") and asked in units else own
    return asked if asked in units else ""


def _at(ids: Ints, values: NDArray[np.str_], number: int) -> str | None:
    at = int(np.searchsorted(ids, number))
    return str(values[at]) if at < len(ids) and ids[at] == number else None


# -- going on ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Step:
    """What changes of a follow-up; None leaves it. ``on`` is the day of the step, None = today in the city."""

    state: str | None = None
    on: date | None = None
    reason: str | None = None
    post: str | None = None
    due_on: date | None = None


def go_on(connection: sa.Connection, actor: Actor, number: int, step: Step) -> FollowUp:
    """The follow-up after a step.

    Raises
    ------
    Unknown
        When there is none with this id.
    Refused
        For a state there is none of, or that cannot follow; or a day before the one it was decided on, or to come.
    """
    held = _row(connection, number, lock=True)
    today = runs.today(areas.city(connection))
    day = step.on or today
    told: dict[str, Any] = {
        name: value for name in ("reason", "post", "due_on") if (value := getattr(step, name)) is not None
    }
    if step.state is not None and step.state != held.state:
        if step.state not in STEPS:
            raise Refused(f"state {step.state!r}: there are {', '.join(STEPS)}")
        if step.state not in STEPS[held.state]:
            following = ", ".join(STEPS[held.state]) or "nothing"
            raise Refused(f"follow-up {number} is {held.state}, after which comes {following} and not {step.state}")
        if not _decided_on(connection, held) <= day <= today:
            raise Refused(f"{day.isoformat()} is not between the day of the decision and today")
        told |= {"state": step.state, ("started_on" if step.state == "in_progress" else "ended_on"): day}
    if told:
        connection.execute(sa.update(follow_ups).where(follow_ups.c.id == number).values(told))
        _note(connection, actor, "coverage.follow_up", {"follow_up": number, **{k: str(v) for k, v in told.items()}})
    return one(connection, number)


def _note(connection: sa.Connection, actor: Actor, action: str, detail: dict[str, Any]) -> int:
    entry = sa.insert(audit_events).values(actor=actor.name, action=action, detail=detail)
    return int(connection.execute(entry.returning(audit_events.c.id)).scalar_one())


# -- asking ------------------------------------------------------------------------------------------------------------
def one(connection: sa.Connection, number: int) -> FollowUp:
    """The follow-up with this id. Raises Unknown when there is none."""
    return _told(connection, [_row(connection, number)])[0]


def search(
    connection: sa.Connection, *, states: Sequence[str] = (), spot: str | None = None, after: int = 0, limit: int = 100
) -> tuple[list[FollowUp], int | None]:
    """A page of follow-ups by ascending id, and the id after which the next begins; None on the last.

    Raises
    ------
    Refused
        For a state there is none of.
    Unknown
        For a blind spot there cannot be.
    """
    for state in states:
        if state not in STEPS:
            raise Refused(f"state {state!r}: there are {', '.join(STEPS)}")
    wanted: list[sa.ColumnElement[bool]] = [follow_ups.c.id > after]
    if states:
        wanted.append(follow_ups.c.state.in_(states))
    if spot is not None:
        about = subject(connection, spot, areas.current(connection))
        wanted += [follow_ups.c.subject_kind == about.kind, follow_ups.c.subject_id == about.number]
    limit = min(limit, LIMIT)
    query = sa.select(follow_ups).where(*wanted).order_by(follow_ups.c.id).limit(limit + 1)
    rows = connection.execute(query).all()
    return _told(connection, rows[:limit]), rows[limit - 1].id if len(rows) > limit else None


def of_subjects(connection: sa.Connection, kind: str, numbers: Sequence[int]) -> dict[int, FollowUp]:
    """The newest follow-up of each thing of a kind, by its number; those without are left out."""
    those = sa.and_(follow_ups.c.subject_kind == kind, one_of(follow_ups.c.subject_id, list(numbers)))
    rows = connection.execute(sa.select(follow_ups).where(those).order_by(follow_ups.c.id)).all()
    newest = {row.subject_id: row for row in rows}
    told = _told(connection, list(newest.values()))
    return dict(zip(newest, told, strict=True))


def _row(connection: sa.Connection, number: int, *, lock: bool = False) -> sa.Row[Any]:
    query = sa.select(follow_ups).where(follow_ups.c.id == number)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise Unknown(f"no follow-up {number}; ids are told by /v1/follow-ups")
    return row


def _decided_on(connection: sa.Connection, row: sa.Row[Any]) -> date:
    told: date = row.decided_at.astimezone(ZoneInfo(areas.city(connection).time_zone)).date()
    return told


def _told(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[FollowUp]:
    if not rows:
        return []
    city = areas.city(connection)
    about = [Subject(row.subject_kind, row.subject_id) for row in rows]
    named = addresses(connection, tuple(level.key for level in city.levels), about)
    newest = runs.last(connection)
    found = open_run(connection, newest) if newest else None
    plain = ("id", "code", "run", "payload", "decision", "reason", "state", "post", "due_on", "started_on", "ended_on")
    return [
        FollowUp(
            spot=named[one_],
            code_now=code_of(connection, found, one_, row.code) if found else None,
            proposal=row.proposal or None,
            decided_on=_decided_on(connection, row),
            actor=row.actor,
            **{name: getattr(row, name) for name in plain},
        )
        for row, one_ in zip(rows, about, strict=True)
    ]
