"""A city, or an area of it, divided anew from files: founded where there is none, else by a plan like any other."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from geo import areas, editions
from geo.areas import City, Edition
from geo.editions import Published, Request, Weighed
from geo.errors import Refused
from geo.plans import drafts, previews, reviews, scheduling, verdicts
from geo.plans.calendar import is_to_come
from geo.plans.drafts import Plan
from geo.space import division as divisions
from geo.space.division import Division
from geo.space.redraw.redividing import Redivide, asked, is_idle


@dataclass(frozen=True, eq=False)
class Judged:
    """A division of files, whole or of an area, and the edition it was judged on; None where nothing was in force."""

    division: Division
    city: City
    edition: Edition | None
    base: Division | None


@dataclass(frozen=True)
class Done:
    """What became of it: a plan, and the edition that came into force.

    No plan where the city was founded. A plan alone where others have to approve it first (a draft), or where its hour
    is to come (scheduled). Neither where it is what is in force already.
    """

    plan: Plan | None
    published: Published | None


def judged(connection: sa.Connection, division: Division, city: City) -> Judged:
    """A division that was judged on what is in force now."""
    newest = areas.newest_number(connection)
    if not newest:
        return Judged(division, city, None, None)
    edition = areas.numbered(connection, newest)
    return Judged(division, city, edition, editions.stored(connection, edition))


def preview(connection: sa.Connection, found: Judged, request: Request) -> Weighed:
    """What :func:`publish` would do now; nothing is kept, and it refuses what that would."""
    if found.edition is None or found.base is None:
        return editions.weigh_first(found.division, request)
    plan, change = _planned(connection, found, found.edition, found.base, request)
    if is_idle(change):
        base, at = found.base, found.edition
        return Weighed(at.number, base, base, divisions.compare(base, base), at.effective_at, at.leaves)
    if verdicts.wanted():
        _refuse_hour(request)
    past = None if is_to_come(request.effective_at) else request.effective_at
    return previews.tried(connection, plan, request.actor, past, change).weighed


def publish(connection: sa.Connection, found: Judged, request: Request) -> Done:
    """The edition it became, by a plan that is kept. Where approvals are wanted the plan stays a draft for others.

    Where the hour that is asked for is to come, the plan is scheduled for it.

    Raises
    ------
    Refused
        When files are of another city or of other levels; when an hour is given and approvals are wanted, or one to
        come and nothing has been published.
    Stale, Refused, Broken, Unknown
        As :func:`geo.plans.reviews.publish`, and :func:`geo.editions.found` for the first; nothing is stored then.
    """
    editions.take_turn(connection)
    if found.edition is None or found.base is None:
        return Done(None, editions.found(connection, found.division, found.city, request))
    plan, change = _planned(connection, found, found.edition, found.base, request)
    if is_idle(change):
        return Done(None, None)
    plan = drafts.kept(connection, plan)
    drafts.add(connection, request.actor, plan, change)
    if verdicts.wanted():
        _refuse_hour(request)
        previews.preview(connection, plan)
        return Done(plan, None)
    if request.effective_at is not None and is_to_come(request.effective_at):
        return Done(scheduling.schedule(connection, request.actor, plan.id, request.effective_at), None)
    return Done(*reviews.publish(connection, request.actor, plan.id, effective_at=request.effective_at))


def _planned(
    connection: sa.Connection, found: Judged, edition: Edition, base: Division, request: Request
) -> tuple[Plan, Redivide]:
    """The plan, kept nowhere yet, and its change."""
    editions.refuse_another(areas.city(connection), found.city)
    origin = {**request.origin, "kind": "import"} | ({"over_edits": True} if request.over_edits else {})
    plan = drafts.of_files(request.actor, request.summary, request.within, edition, origin)
    return plan, asked(base, found.division, request.within)


def _refuse_hour(request: Request) -> None:
    if request.effective_at is not None:
        raise Refused(
            f"{verdicts.wanted()} approval(s) are wanted before it comes into force, so no hour can be set yet: "
            "leave it out, and schedule the plan when it is approved",
            zh=f"生效前要 {verdicts.wanted()} 人同意，现在不能定时刻；先不写，通过后再排期",
        )
