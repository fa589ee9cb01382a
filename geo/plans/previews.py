"""A plan worked out on the edition in force: what it would change, and the publish that changes exactly that.

The same computation both times: a publish trusts no earlier preview. Where editions came in between, the plan is
replayed on the one in force, and refused only where both changed the same grids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from geo import areas, editions, reservations
from geo.actors import Actor
from geo.areas import City, Edition
from geo.editions import Published, Request, Weighed
from geo.errors import Refused, Stale
from geo.plans import drafts, locks, verdicts
from geo.plans.drafts import Made, Plan
from geo.plans.replaying import Replayed, clipped_after, numbered_after, replayed, touched_between
from geo.space import division as divisions
from geo.space.division import Comparison, Crossing, Division, differing, ground_of
from geo.space.redraw.changes import Change
from geo.space.redraw.clipping import Clipped, Polygonal, may_reach_beyond
from geo.space.redraw.numbering import is_numbered

_SHOWN = 5  # codes named in a message before "…"


@dataclass(frozen=True, eq=False)
class Preview:
    """What publishing a plan would do.

    The divisions in ``weighed`` hold what is concerned and its neighbours, not the whole city.
    """

    plan: Plan
    weighed: Weighed

    @cached_property
    def crossings(self) -> list[Crossing]:
        """Where the ground of each grid that left some lies then."""
        return divisions.crosswalk(self.weighed.base, self.weighed.whole, self.weighed.difference)

    @property
    def codes(self) -> set[str]:
        """Codes of the leaves that appear, change or retire; not of those which only gain or lose vertices."""
        return divisions.touched(self.weighed.base, self.weighed.whole, self.weighed.difference)

    @property
    def areas(self) -> set[str]:
        """Codes of the areas that are called otherwise, come under another one, appear or retire."""
        return divisions.differing_areas(self.weighed.base, self.weighed.whole)

    @property
    def is_same(self) -> bool:
        """Whether it would change nothing."""
        return self.weighed.difference.same


def preview(connection: sa.Connection, plan: Plan) -> Preview:
    """What publishing the plan now would do.

    Raises
    ------
    Stale
        When editions that came into force since it was begun changed what it changes; when it has ended.
    Refused, Broken, Unknown
        As the changes and :func:`geo.editions.weigh_redrawn` do, and when ground would move outside the scope.
    """
    return _previewed(connection, plan, _request(plan, Actor(plan.made_by)))


def add_together(connection: sa.Connection, actor: Actor, plan: Plan, changes: Sequence[Change]) -> list[Made]:
    """Changes that are one act, each tried on all before it; they are undone and done again together.

    Raises as :func:`add`; it is for the caller to undo the transaction then.
    """
    made: list[Made] = []
    for change in changes:
        made.append(add(connection, actor, plan, change, act=made[0].act if made else None))
    return made


def add(connection: sa.Connection, actor: Actor, plan: Plan, change: Change, act: int | None = None) -> Made:
    """The change, with the codes it lacks, tried on all before it and kept as the last.

    What a polygon draws beyond the plan's scope, or beyond the city where it has none, is left out of it.

    Raises as :func:`preview` and :func:`drafts.add`.
    """
    in_force = areas.current(connection)
    inside = _inside(connection, plan, in_force, change)
    change = inside.change if inside else change
    if not is_numbered(change):
        change = _numbered(connection, plan, in_force, change)
    worked = _worked_out(connection, plan, in_force, change)
    editions.refuse_unfit(connection, worked.base, worked.made)
    made = drafts.add(connection, actor, plan, change, act)
    if inside is None:
        return replace(made, pulled=worked.pulled)
    return replace(made, pulled=inside.pulled, clipped_m2=inside.left_out_m2)


def redo(connection: sa.Connection, plan: Plan) -> list[Made]:
    """The act that was undone first, in effect again, tried as :func:`add` does. Raises as that and `drafts.redo`."""
    made = drafts.redo(connection, plan)
    _worked_out(connection, drafts.one(connection, plan.id), areas.current(connection))
    return made


def publish(
    connection: sa.Connection,
    actor: Actor,
    id: int,
    *,
    effective_at: datetime | None = None,
    refuse: Callable[[Preview], None] = lambda _: None,
) -> tuple[Plan, Published]:
    """The plan, in force as the edition it became, from ``effective_at`` on; None = now.

    Parameters
    ----------
    refuse
        Looks at what it does before that is done, and may refuse it.

    Raises
    ------
    Refused
        When it would change nothing.
    Stale, Refused, Broken, Unknown
        As :func:`preview`; nothing is stored then.
    """
    editions.take_turn(connection)
    plan = drafts.one(connection, id, lock=True)
    verdicts.refuse_unready(plan)
    request = _request(plan, actor, effective_at)
    shown = _previewed(connection, plan, request)
    refuse(shown)
    done = editions.put_in_force(connection, shown.weighed, request, shown.crossings)
    if done is None:
        raise Refused(
            f"plan {plan.id} changes nothing; there is nothing to publish",
            zh=f"方案 {plan.id} 没有任何变化，没有可发布的；先画出变更",
        )
    reservations.free(connection, plan.id)
    return drafts.ended(connection, plan, done.edition.number), done


def _inside(connection: sa.Connection, plan: Plan, in_force: Edition, change: Change) -> Clipped | None:
    """What of a drawn polygon lies in the scope; None where all of it does, and for what draws none."""
    if not isinstance(change, Polygonal) or not np.isfinite(shapely.bounds(change.drawn)).all():
        return None
    scope = plan.scope or areas.city(connection).code
    ground = areas.geometry(connection, scope, in_force)
    if not may_reach_beyond(change.drawn, ground):
        return None
    if in_force.number != plan.base_edition:
        _worked_out(connection, plan, in_force)
    asked = drafts.in_effect(drafts.changes_of(connection, plan))
    found = clipped_after(connection, in_force, areas.city(connection), asked, (change, scope))
    return None if found.change is change else found


def _numbered(connection: sa.Connection, plan: Plan, in_force: Edition, change: Change) -> Change:
    if in_force.number != plan.base_edition:
        _worked_out(connection, plan, in_force)  # another plan may have taken away what is to be numbered
    asked = drafts.in_effect(drafts.changes_of(connection, plan))
    return numbered_after(connection, in_force, areas.city(connection), asked, change)


def tried(connection: sa.Connection, plan: Plan, actor: Actor, hour: datetime | None, *more: Change) -> Preview:
    """What publishing the plan with more changes would do, of which nothing is kept; nor need the plan be.

    Raises as :func:`preview` and :func:`publish`.
    """
    return _previewed(connection, plan, _request(plan, actor, hour), *more)


def _previewed(connection: sa.Connection, plan: Plan, request: Request, *more: Change) -> Preview:
    in_force = areas.current(connection)
    worked = _worked_out(connection, plan, in_force, *more)
    made = (worked.base, worked.made, worked.difference)
    return Preview(plan, editions.weigh_redrawn(connection, in_force, made, request))


def _worked_out(connection: sa.Connection, plan: Plan, in_force: Edition, *more: Change) -> Replayed:
    """What a plan makes of the edition in force, with changes that are not in it yet."""
    drafts.refuse_ended(plan)
    city = areas.city(connection)
    asked = [*drafts.in_effect(drafts.changes_of(connection, plan)), *more]
    if in_force.number == plan.base_edition:
        worked = replayed(connection, in_force, city, asked)
    else:
        worked = _replayed_since(connection, plan, city, in_force, asked)
    _refuse_beyond(plan, worked)
    changed = worked.touched | worked.areas
    locks.refuse_locked(connection, plan, (worked.base, worked.made), changed)
    reservations.refuse_reserved(connection, changed, but=plan.id, on=(worked.base, worked.made))
    return worked


def _replayed_since(
    connection: sa.Connection, plan: Plan, city: City, in_force: Edition, asked: Sequence[Change]
) -> Replayed:
    """Only what both changed is a conflict; leaves that merely gained vertices are noded anew by the replay."""
    begun = areas.numbered(connection, plan.base_edition)
    meant = replayed(connection, begun, city, asked)
    mine = meant.touched
    if both := touched_between(connection, city, begun, in_force, mine):
        raise Stale(
            f"{_listed(both)} changed since plan {plan.id} was begun on edition {plan.base_edition}; "
            f"in force is edition {in_force.number}: look at both and draw these anew",
            zh=f"{_listed(both)} 在方案 {plan.id} 起草（第 {plan.base_edition} 版）之后改过，"
            f"现行第 {in_force.number} 版；两版都看一看，重新画这些",
            where=ground_of(both, (meant.base, meant.made)),
        )
    worked = replayed(connection, in_force, city, asked)
    if both := meant.areas & divisions.reworded_areas(meant.base, worked.base):
        raise Stale(
            f"{_listed(both)} renamed since plan {plan.id} was begun on edition {plan.base_edition}; "
            f"in force is edition {in_force.number}: look at both names, and what is above them, and choose again",
            zh=f"{_listed(both)} 在方案 {plan.id} 起草（第 {plan.base_edition} 版）之后改过名称或上级，"
            f"现行第 {in_force.number} 版；两边都看一看，重新选",
            where=ground_of(both, (worked.base, meant.base)),
        )
    refuse_other(plan, in_force, (meant, worked), mine)
    return worked


def refuse_other(
    plan: Plan,
    in_force: Edition,
    made: tuple[Replayed, Replayed],
    mine: Set[str],
    theirs: Set[str] = frozenset(),
) -> None:
    """Raise Stale where a plan would not make of an edition what it was meant to make.

    Parameters
    ----------
    made
        What was meant, and what it would be.
    mine, theirs
        Codes that the plan touches, and that plans before it will have touched.
    """
    meant, worked = made
    if other := mine & differing(meant.made, worked.made) | (mine | theirs) ^ worked.touched:
        before = " after the plans scheduled before it" if theirs else ""
        raise Stale(
            f"{_listed(other)} would not become on edition {in_force.number}{before} what plan {plan.id} makes of "
            f"edition {plan.base_edition}, on which it was begun: look at both and draw these anew",
            zh=f"{_listed(other)} 在第 {in_force.number} 版上不会成为方案 {plan.id} 在第 {plan.base_edition} 版上所画；"
            "两版都看一看，重新画这些",
            where=ground_of(other, (meant.made, meant.base, worked.made)),
        )


def _refuse_beyond(plan: Plan, worked: Replayed) -> None:
    """Raise Refused where anything would change that lies outside the plan's scope before or after, or the outline."""
    if plan.scope is None:
        return
    base, whole, difference = worked.base, worked.made, worked.difference
    if difference.outline_moved:
        raise Refused(
            f"the outline of the city would move; plan {plan.id} is of {plan.scope}, begin one of the city",
            zh=f"全市外廓会动；方案 {plan.id} 的范围是 {plan.scope}，请起全市的方案",
        )
    if outside := _beyond(base, whole, difference, plan.scope):
        raise Refused(
            f"{_listed(outside.keys())} would change outside {plan.scope}, the scope of plan {plan.id}; "
            f"leave that as it is, or begin a plan of {_holding(base, plan.scope, outside.keys())}",
            zh=f"{_listed(outside.keys())} 在方案 {plan.id} 的范围 {plan.scope} 之外，不能改；"
            "不动它，或起范围更大的方案",
            where=shapely.GeometryCollection([*outside.values()]),
        )


def _beyond(base: Division, whole: Division, difference: Comparison, scope: str) -> dict[str, BaseGeometry]:
    """Ground by code of what differs outside an area: leaves by the area they are or were in, areas by their words."""
    was = np.isin(base.leaf_codes, whole.leaf_codes[difference.changed]) | difference.retired
    differing_areas = sorted(divisions.differing_areas(base, whole))
    found: dict[str, BaseGeometry] = {}
    for division, which in ((base, was), (whole, difference.appeared | difference.changed)):
        within = division.areas_within(scope)
        out = which & ~np.isin(division.leaf_parents, division.area_codes[within])
        found |= zip(division.leaf_codes[out].tolist(), division.leaf_shapes[out], strict=True)
        others = np.isin(division.area_codes, differing_areas) & ~within
        found |= zip(division.area_codes[others].tolist(), division.area_shapes[others], strict=True)
    return found


def _holding(base: Division, scope: str, codes: Set[str]) -> str:
    """The lowest area, as a message names it, that holds an area and some leaves and areas."""
    above = scope
    while above := base.parent_of_area(above):
        areas_in = base.area_codes[base.areas_within(above)]
        leaves_in = base.leaf_codes[np.isin(base.leaf_parents, areas_in)]
        if np.isin([*codes], [*areas_in.tolist(), *leaves_in.tolist()]).all():
            return above
    return "the whole city"


def _listed(codes: Set[str]) -> str:
    named = sorted(codes)
    return ", ".join(named[:_SHOWN]) + (f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else "")


def _request(plan: Plan, actor: Actor, effective_at: datetime | None = None) -> Request:
    """A plan of files says where they come from, and replaces its scope as the import that it is."""
    told: dict[str, object] = {"kind": "plan", **plan.origin, "plan": plan.id}
    if told["kind"] != "import":
        return Request(actor, plan.name, told, effective_at)
    over_edits = bool(told.pop("over_edits", False))
    return Request(actor, plan.name, told, effective_at, plan.scope, over_edits)
