"""Plans as they are drawn up: begun, changed, undone and done again, withdrawn. A draft survives whoever draws it.

Each change is tried when it is made, on all before it, so a draft never holds one that cannot be carried out on its
base edition; whether it can on the edition in force by then is for the preview to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from geo import areas
from geo.actors import Actor
from geo.areas import Edition
from geo.errors import Refused, Stale, Unknown
from geo.plans import wire
from geo.plans.tables import plan_changes, plans
from geo.space.redraw.changes import Change

DRAWN = ("draft", "checked")
"""States in which a plan may be changed."""
ENDED = ("in_force", "withdrawn")
WORDS = {
    "draft": "草稿",
    "checked": "已检查",
    "submitted": "待审",
    "approved": "已通过",
    "scheduled": "已排期",
    "in_force": "已生效",
    "rejected": "已退回",
    "withdrawn": "已撤回",
}
"""What the states are called in Chinese."""


@dataclass(frozen=True)
class Made:
    """A change in a plan, by whom and when; ``is_undone`` while it can be done again.

    ``act`` is the number of the first of the changes that were made at once; its own where it was made alone.
    ``pulled`` and ``clipped_m2`` are told once, when the change is made: lines, degrees, from where it was drawn to
    where its vertices were pulled to a border; and what was drawn beyond the scope and is left out of it.
    """

    seq: int
    change: Change
    made_by: str
    made_at: datetime
    is_undone: bool
    act: int
    pulled: BaseGeometry | None = None
    clipped_m2: float | None = None


@dataclass(frozen=True)
class Plan:
    """A plan as it stands.

    ``edition`` is the one it became, ``forked_from`` the plan whose changes it began with, ``round`` how often it was
    submitted, ``effective_at`` when it comes into force by itself, ``origin`` the files that it was made of.
    """

    id: int
    name: str
    scope: str | None
    base_edition: int
    state: str
    made_by: str
    made_at: datetime
    edition: int | None
    forked_from: int | None
    round: int
    submitted_by: str | None
    effective_at: datetime | None
    origin: Mapping[str, object] = field(default_factory=dict)


def of_files(actor: Actor, name: str, scope: str | None, base: Edition, origin: Mapping[str, object]) -> Plan:
    """A plan of files that were judged on an edition, kept nowhere yet: id 0."""
    now = datetime.now(UTC)
    return Plan(0, name, scope, base.number, "draft", actor.name, now, None, None, 0, None, None, origin)


def kept(connection: sa.Connection, plan: Plan) -> Plan:
    """A plan of files, kept as a draft with an id."""
    names = ("name", "scope", "base_edition", "made_by", "origin")
    return _kept(connection, {name: getattr(plan, name) for name in names})


def begin(
    connection: sa.Connection, actor: Actor, name: str, scope: str | None = None, *, forked_from: int | None = None
) -> Plan:
    """A new, empty draft on the edition in force.

    Raises
    ------
    Refused
        When the name is blank, or ``scope`` is a grid.
    Unknown
        When nothing has been published, or the edition in force has nothing of the code ``scope``.
    """
    base = base_for(connection, name, scope)
    values = {"name": name.strip(), "scope": scope, "base_edition": base.number}
    values |= {"made_by": actor.name, "forked_from": forked_from}
    return _kept(connection, values)


def _kept(connection: sa.Connection, values: Mapping[str, object]) -> Plan:
    number = connection.scalar(sa.insert(plans).values(values).returning(plans.c.id))
    assert number is not None
    return one(connection, number)


def base_for(connection: sa.Connection, name: str, scope: str | None) -> Edition:
    """The edition in force, on which a plan of this name and scope can begin. Raises as :func:`begin`."""
    if not name.strip():
        raise Refused("a plan has a name; this one is blank", zh="方案名称是空的；起一个名称")
    base = areas.current(connection)
    if scope is not None and areas.place(connection, scope, base).kind is not None:
        raise Refused(
            f"{scope} is a grid; a plan's scope is an area: that of the grid, or one above it",
            zh=f"{scope} 是网格；方案的范围要是区域：它所在的社区，或更高一级",
        )
    return base


def one(connection: sa.Connection, id: int, *, lock: bool = False) -> Plan:
    """The plan with this id; ``lock`` keeps others from changing it until the transaction ends. Raises Unknown."""
    query = sa.select(plans).where(plans.c.id == id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise Unknown(f"no plan {id}", zh=f"没有编号 {id} 的方案；方案清单里有全部编号")
    return Plan(**row._mapping)


def listed(connection: sa.Connection, states: Sequence[str] = ()) -> list[Plan]:
    """Plans in any of the states, all without one; the newest first."""
    query = sa.select(plans).order_by(plans.c.id.desc())
    if states:
        query = query.where(plans.c.state.in_(states))
    return [Plan(**row._mapping) for row in connection.execute(query)]


def changes_of(connection: sa.Connection, plan: Plan) -> list[Made]:
    """Every change of a plan in the order made, the undone ones last."""
    columns = [column for column in plan_changes.c if column.name != "plan_id"]
    query = sa.select(*columns).where(plan_changes.c.plan_id == plan.id).order_by(plan_changes.c.seq)
    return [Made(**{**row._mapping, "change": wire.read(row.change)}) for row in connection.execute(query)]


def in_effect(made: Sequence[Made]) -> list[Change]:
    """The changes that are not undone."""
    return [each.change for each in made if not each.is_undone]


def add(connection: sa.Connection, actor: Actor, plan: Plan, change: Change, act: int | None = None) -> Made:
    """The change, kept as the last one; whatever was undone is gone for good. It is for the caller to have tried it.

    ``act`` is that of the change before, where both are made at once; they are undone and done again together.

    Raises Stale when the plan is no draft any more.
    """
    refuse_settled(plan)
    undone = sa.and_(plan_changes.c.plan_id == plan.id, plan_changes.c.is_undone)
    connection.execute(sa.delete(plan_changes).where(undone))
    last = connection.scalar(sa.select(sa.func.max(plan_changes.c.seq)).where(plan_changes.c.plan_id == plan.id))
    seq = (last or 0) + 1
    values = {"plan_id": plan.id, "seq": seq, "change": wire.written(change), "made_by": actor.name}
    values["act"] = act or seq
    connection.execute(sa.insert(plan_changes).values(values))
    _put_back(connection, plan)
    return changes_of(connection, plan)[-1]


def undo(connection: sa.Connection, plan: Plan, seq: int | None = None) -> list[Made]:
    """The last change that was in effect and all that were made at once with it, undone now, in the order made.

    Raises
    ------
    Refused
        When there is none.
    Stale
        When ``seq`` is given and another one is the last; when the plan is no draft any more.
    """
    return _turn(connection, plan, undone=True, seq=seq)


def redo(connection: sa.Connection, plan: Plan) -> list[Made]:
    """The first change that was undone and all of its act, in effect again, in the order made.

    Raises Refused when there is none, Stale as :func:`add`.
    """
    return _turn(connection, plan, undone=False)


def ended(connection: sa.Connection, plan: Plan, edition: int) -> Plan:
    """The plan, in force as an edition."""
    return put(connection, plan, state="in_force", edition=edition, effective_at=None)


def put(connection: sa.Connection, plan: Plan, **values: object) -> Plan:
    """The plan with other values; it is for the caller to know that it may have them."""
    connection.execute(sa.update(plans).where(plans.c.id == plan.id).values(values))
    return one(connection, plan.id)


def _turn(connection: sa.Connection, plan: Plan, *, undone: bool, seq: int | None = None) -> list[Made]:
    refuse_settled(plan)
    made = [each for each in changes_of(connection, plan) if each.is_undone is not undone]
    if not made:
        if undone:
            raise Refused(
                f"nothing to undo: plan {plan.id} has no change in effect",
                zh=f"没有可撤销的：方案 {plan.id} 没有有效的变更",
            )
        raise Refused(
            f"nothing to do again: no change of plan {plan.id} was undone since the last one was made",
            zh=f"没有可重做的：方案 {plan.id} 上次变更之后没有撤销过",
        )
    chosen = made[-1] if undone else made[0]
    if seq not in (None, chosen.seq):
        raise Stale(
            f"the last change in effect of plan {plan.id} is {chosen.seq}, not {seq}; undo that one first",
            zh=f"方案 {plan.id} 最后一项有效变更是 {chosen.seq}，不是 {seq}；先撤销那一项",
        )
    where = sa.and_(plan_changes.c.plan_id == plan.id, plan_changes.c.act == chosen.act)
    connection.execute(sa.update(plan_changes).where(where).values(is_undone=undone))
    _put_back(connection, plan)
    return [each for each in changes_of(connection, plan) if each.act == chosen.act]


def _put_back(connection: sa.Connection, plan: Plan) -> None:
    """What was checked was another drawing."""
    if plan.state != "draft":
        put(connection, plan, state="draft")


def refuse_ended(plan: Plan) -> None:
    """Raise Stale when a plan is in force or withdrawn: nothing can be done with it any more."""
    if plan.state in ENDED:
        how = f"in force as edition {plan.edition}" if plan.edition else plan.state
        raise Stale(
            f"plan {plan.id} is {how}; begin another one, or fork it",
            zh=f"方案 {plan.id} 已{'生效' if plan.edition else '撤回'}；另起一个，或另存",
        )


def refuse_settled(plan: Plan) -> None:
    """Raise Stale when a plan is not being drawn."""
    refuse_ended(plan)
    if plan.state not in DRAWN:
        scheduled = plan.state == "scheduled"
        first = "take it off the schedule, then revise it" if scheduled else "revise it"
        raise Stale(
            f"plan {plan.id} is {plan.state}; {first} first, then it can be changed",
            zh=f"方案 {plan.id} 现在是{WORDS[plan.state]}，不能改；先{'取消排期，再' * scheduled}改回草稿",
        )
