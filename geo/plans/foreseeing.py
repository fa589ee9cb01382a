"""The division at a time to come: the edition in force, and all that scheduled plans will have made of it by then.

Plans are carried out on the edition in force one after the other, in the order of their hours, by the computation that
publishes them. One that could not come into force as things stand is left out, and told with the reason.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, revisions, rows
from geo.areas import Edition
from geo.arrays import Bools, Codes, Shapes
from geo.buildings.footprints import NOUN as BUILDINGS
from geo.crs import area_m2
from geo.errors import GeoError
from geo.forecasts import Expected, Forecast, Omitted, Rows
from geo.plans import drafts, previews, reviews
from geo.plans.drafts import Plan
from geo.plans.hours import due
from geo.plans.replaying import Replayed, replayed
from geo.plans.tables import plan_changes
from geo.space.division import Division, compare, nothing
from geo.space.division.proving import refuse_broken_since
from geo.space.redraw.changes import Change
from geo.tables import codes

_KEPT = 8
_made: OrderedDict[tuple[object, ...], Edition] = OrderedDict()
_working = Lock()


@dataclass(frozen=True)
class Foreseen:
    """A scheduled plan that concerns a place: the grid it will lie in, "" outside the city."""

    plan: int
    plan_name: str
    effective_at: datetime
    code: str
    name: str


def foreseen(connection: sa.Connection, due: Sequence[int]) -> Edition:
    """The edition in force with what scheduled plans make of it.

    Worked out once for the same plans on the same edition, as long as the buildings that checks look at are the same.

    Parameters
    ----------
    due
        Ids of the plans in the order of their hours, at least one.
    """
    in_force = areas.current(connection)
    plans = [drafts.one(connection, id) for id in due]
    hours = tuple((plan.id, plan.effective_at) for plan in plans)
    key = (connection.engine.url, in_force, revisions.of(connection, BUILDINGS), hours, _drawn(connection, due))
    with _working:
        if key not in _made:
            _made[key] = replace(in_force, forecast=_worked_out(connection, in_force, plans))
        _made.move_to_end(key)
        while len(_made) > _KEPT:
            _made.popitem(last=False)
        return _made[key]


def after(connection: sa.Connection, hour: datetime) -> Edition:
    """The edition in force with what is scheduled until an hour, at least one plan."""
    return foreseen(connection, due(connection, hour))


def _drawn(connection: sa.Connection, due: Sequence[int]) -> tuple[object, ...]:
    """What tells the changes of plans from others they had: a plan may be taken back, changed and scheduled again."""
    made = plan_changes.c
    query = sa.select(made.plan_id, made.seq, made.made_at).where(made.plan_id.in_(due), ~made.is_undone)
    return tuple(map(tuple, connection.execute(query.order_by(made.plan_id, made.seq))))


def about(forecast: Forecast, lon: float, lat: float) -> list[Foreseen]:
    """What plans will have changed about a place, the earliest first; degrees WGS 84, empty for most places.

    On a border the lowest code has it, as everywhere. Scheduled plans reserve what they change, so each tells for
    itself.
    """
    place = shapely.Point(lon, lat)
    found = []
    for plan in forecast.plans:
        was, now = _leaf(plan.was, place), _leaf(plan.now, place)
        if plan.codes & {was[0], now[0]}:
            found.append(Foreseen(plan.plan, plan.name, plan.effective_at, *now))
    return found


def _leaf(division: Division, place: shapely.Point) -> tuple[str, str]:
    """Code and name of the leaf a place lies in, among those that were looked at; blank for none."""
    at = shapely.covers(division.leaf_shapes, place).nonzero()[0]
    return (str(division.leaf_codes[at[0]]), str(division.leaf_names[at[0]])) if len(at) else ("", "")


# -- working out -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class _SoFar:
    """What came of the plans before: their changes, the codes they touch, and the city thereabouts."""

    asked: tuple[Change, ...] = ()
    touched: frozenset[str] = frozenset()
    worked: Replayed | None = None


def _worked_out(connection: sa.Connection, in_force: Edition, plans: Sequence[Plan]) -> Forecast:
    so_far = _SoFar()
    expected: list[Expected] = []
    omitted: list[Omitted] = []
    for plan in plans:
        assert plan.effective_at is not None, "a scheduled plan has an hour"
        try:
            so_far, found = _after(connection, in_force, so_far, plan)
            expected.append(Expected(plan.id, plan.name, plan.effective_at, *found))
        except GeoError as error:
            omitted.append(Omitted(plan.id, plan.name, plan.effective_at, str(error)))
    return _forecast(connection, in_force, so_far.worked, tuple(expected), tuple(omitted))


def _after(
    connection: sa.Connection, in_force: Edition, so_far: _SoFar, plan: Plan
) -> tuple[_SoFar, tuple[frozenset[str], Division, Division]]:
    """What comes of one more plan. Raises as :func:`geo.plans.reviews.publish` would at its hour."""
    shown = previews.preview(connection, plan)
    reviews.refuse_errors(connection, shown)
    mine = frozenset(shown.codes)
    alone = Replayed(shown.weighed.base, shown.weighed.whole)
    asked = (*so_far.asked, *drafts.in_effect(drafts.changes_of(connection, plan)))
    worked = alone
    if so_far.asked:
        worked = replayed(connection, in_force, areas.city(connection), asked)
        previews.refuse_other(plan, in_force, (alone, worked), mine, so_far.touched)
        refuse_broken_since(worked.base, worked.made)
    return _SoFar(asked, so_far.touched | mine, worked), (mine, alone.base, alone.made)


# -- rows --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class _Parts:
    """Leaves, or areas, of a division, as columns."""

    codes: Codes
    names: Codes
    kinds: Codes
    levels: np.ndarray
    parents: Codes
    shapes: Shapes

    @classmethod
    def leaves(cls, division: Division) -> _Parts:
        levels = np.full(len(division.leaf_codes), division.levels - 1)
        named = (division.leaf_codes, division.leaf_names, division.leaf_kinds)
        return cls(*named, levels, division.leaf_parents, division.leaf_shapes)

    @classmethod
    def areas(cls, division: Division) -> _Parts:
        none = np.full(len(division.area_codes), "", dtype=np.str_)
        words = (division.area_codes, division.area_names, none)
        return cls(*words, division.area_levels, division.area_parents, division.area_shapes)


def _forecast(
    connection: sa.Connection,
    in_force: Edition,
    worked: Replayed | None,
    expected: tuple[Expected, ...],
    omitted: tuple[Omitted, ...],
) -> Forecast:
    base, made = (worked.base, worked.made) if worked else (nothing(2), nothing(2))
    difference = compare(base, made)
    ids, fresh_from = _ids(connection, base, made)
    leaves = _rows(ids, (base.leaf_codes, difference.closed), _Parts.leaves(made), difference.opened)
    above = _rows(ids, (base.area_codes, difference.closed_areas), _Parts.areas(made), difference.opened_areas)
    rests = [(one.plan, one.effective_at) for one in expected], [(one.plan, one.effective_at) for one in omitted]
    told = [in_force, fresh_from, rests, leaves.plain(), above.plain()]
    return Forecast(_digest(told), expected, omitted, leaves, above, base, made, fresh_from)


def _digest(told: Iterable[object]) -> str:
    digest = hashlib.blake2b(digest_size=10)
    for one in told:
        digest.update(repr(one).encode())
    return digest.hexdigest()


def _ids(connection: sa.Connection, base: Division, made: Division) -> tuple[dict[str, int], int]:
    """Ids of the codes of both, those never registered after all others, and the first of these."""
    named = sorted({*base.leaf_codes.tolist(), *base.area_codes.tolist(), *made.leaf_codes, *made.area_codes})
    known = {row.code: row.id for row in connection.execute(rows.these_codes([str(code) for code in named]))}
    fresh_from = 1 + (connection.scalar(sa.select(sa.func.max(codes.c.id))) or 0)
    new = [str(code) for code in named if str(code) not in known]
    return known | {code: fresh_from + at for at, code in enumerate(new)}, fresh_from


def _rows(ids: dict[str, int], closed: tuple[Codes, Bools], made: _Parts, opened: Bools) -> Rows:
    shapes = made.shapes[opened]
    named = made.codes[opened]
    was, ends = closed
    return Rows(
        gone=[ids[code] for code in was[ends].tolist()],
        ids=np.array([ids[code] for code in named.tolist()], dtype=np.int64),
        codes=named,
        names=made.names[opened],
        levels=made.levels[opened].astype(np.int64),
        kinds=made.kinds[opened],
        parent_ids=np.array([ids[code] if code else 0 for code in made.parents[opened].tolist()], dtype=np.int64),
        shapes=rows.multi(shapes),
        area_m2=area_m2(shapes),
        labels=rows.label_points(shapes),
    )
