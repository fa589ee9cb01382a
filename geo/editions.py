"""The one way into an edition: a city is founded, or what a plan makes of it is put in force, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import sqlalchemy as sa

from geo import areas, differences, moves, reservations, rows
from geo import divisions as divisions_of
from geo.actors import Actor
from geo.areas import City, Edition
from geo.arrays import Codes
from geo.assignments import Moving
from geo.errors import Refused, Stale, Unknown
from geo.space import division as divisions
from geo.space.division import Comparison, Crossing, Division
from geo.space.division.proving import refuse_broken, refuse_broken_since
from geo.tables import areas as areas_table
from geo.tables import audit_events, cities, codes, crosswalks, editions, grids, in_edition

_SHOWN = 8  # codes named in a message before "and n more"
_LEAST = timedelta(microseconds=1)  # after the edition before, which a host whose clock is ahead may have put in force


@dataclass(frozen=True)
class Published:
    """What a publish did; codes ascend.

    ``changed`` counts leaves whose code, name, kind, parent or ground differs, ``noded`` those which only gained or
    lost vertices; ``moved_incidents`` and ``moved_buildings`` were placed anew.
    """

    edition: Edition
    changed: int
    noded: int
    appeared: Codes
    retired: Codes
    crosswalk: list[Crossing]
    moved_incidents: int
    moved_buildings: int


@dataclass(frozen=True)
class Request:
    """What is to be published, by whom, and where it comes from.

    Parameters
    ----------
    effective_at
        Aware; None = now. Never in the future: what is not in force has no number.
    origin
        Where the ground comes from: ``kind`` (``import`` or ``plan``), files with their sha256, licence.
    within
        Code of the area whose ground is replaced; None = the whole city.
    over_edits
        True: later edits inside the scope may be undone.
    """

    actor: Actor
    summary: str
    origin: Mapping[str, object]
    effective_at: datetime | None = None
    within: str | None = None
    over_edits: bool = False


@dataclass(frozen=True, eq=False)
class Weighed:
    """What publishing would do: ``base`` is in force (number 0: nothing yet), ``whole`` would be.

    Of a redrawn edition both are the part that is concerned; ``leaves`` are those of all the city afterwards.
    """

    number: int
    base: Division
    whole: Division
    difference: Comparison
    hour: datetime
    leaves: int

    @property
    def next_number(self) -> int:
        """Number of the edition it would become."""
        return self.number + 1


def weigh_first(division: Division, request: Request) -> Weighed:
    """What founding the city would do; every refusal is made here, so a preview refuses what a publish would.

    Raises
    ------
    Refused
        When the hour lies ahead.
    Broken
        When the leaves would not divide the city; ``where`` shows the places.
    Unknown
        When an area is to be replaced.
    """
    if request.within is not None:
        raise Unknown(
            f"no city has been published yet, so there is no area {request.within!r} to replace",
            zh=f"还没有发布过城市，没有区域 {request.within!r} 可更换",
        )
    refuse_broken(division)
    base = divisions.nothing(division.levels)
    difference = divisions.compare(base, division)
    return Weighed(0, base, division, difference, _hour(request, None), len(division.leaf_codes))


def weigh_redrawn(
    connection: sa.Connection, in_force: Edition, made: tuple[Division, Division, Comparison], request: Request
) -> Weighed:
    """What publishing a redrawn edition would do; a part of it is enough, before and after. Every refusal is made here.

    Parameters
    ----------
    made
        Of the edition in force, at least the leaves that become others and the areas above them; what became of it; and
        how they differ.

    Raises
    ------
    Refused
        When a retired code returns, an import would undo later edits, or the hour does not follow the last edition's.
    Broken
        When the leaves would not divide the city; ``where`` shows the places.
    Stale
        When a scheduled plan reserved what would change.
    """
    base, whole, difference = made
    refuse_unfit(connection, base, whole)
    if difference.same:
        return Weighed(in_force.number, base, whole, difference, in_force.effective_at, in_force.leaves)
    reservations.refuse_reserved(connection, divisions.touched(base, whole, difference), but=_plan_of(request))
    if not request.over_edits:
        _refuse_undoing(connection, request, base, difference)
    leaves = in_force.leaves + len(whole.leaf_codes) - len(base.leaf_codes)
    return Weighed(in_force.number, base, whole, difference, _hour(request, in_force), leaves)


def take_turn(connection: sa.Connection) -> None:
    """Wait until no other publish is going on; until this transaction ends others wait.

    Whoever makes a division out of the edition in force takes the turn before it reads: else another edition could come
    between, and would be undone.
    """
    connection.execute(sa.text("LOCK TABLE editions IN SHARE ROW EXCLUSIVE MODE"))


def found(connection: sa.Connection, division: Division, city: City, request: Request) -> Published:
    """The first edition, with the city itself. Every later one is a plan's: see :mod:`geo.plans`.

    Raises
    ------
    Stale
        When a city was published already, or meanwhile.
    Refused, Broken, Unknown
        As :func:`weigh_first`; nothing is stored then.
    """
    take_turn(connection)
    if (newest := connection.scalar(sa.select(sa.func.max(editions.c.number)))) is not None:
        raise Stale(
            f"a city has been published, edition {newest} is in force; what changes it is a plan",
            zh=f"城市已经发布，现行第 {newest} 版；要改它请起方案",
        )
    weighed = weigh_first(division, request)
    _found(connection, city)
    done = put_in_force(connection, weighed, request)
    assert done is not None  # a city has leaves
    return done


def put_in_force(
    connection: sa.Connection, weighed: Weighed, request: Request, crossings: list[Crossing] | None = None
) -> Published | None:
    """The edition that what was weighed in this turn became; None when it changes nothing.

    Only areas and leaves that changed or were noded get new rows. ``crossings`` are the crosswalk, if it is known.

    Raises
    ------
    Refused
        When a code was given to something else before.
    """
    base, whole, difference = weighed.base, weighed.whole, weighed.difference
    if difference.same:
        return None
    crossings = divisions.crosswalk(base, whole, difference) if crossings is None else crossings
    given = rows.register(connection, whole).joined(rows.register(connection, base))
    _enter(connection, weighed, request)
    _replace(connection, weighed, given)
    _cross(connection, crossings, given, weighed.next_number)
    # Last before the moved points are collected: whoever writes a grid reads this row FOR SHARE.
    connection.execute(sa.select(editions.c.number).where(editions.c.number == weighed.number).with_for_update())
    edition = areas.numbered(connection, weighed.next_number)
    moving = Moving(
        edition,
        left=rows.ids_of(given, _left(base, whole, difference)),
        closed=rows.ids_of(given, base.leaf_codes[difference.closed]),
        outline_moved=difference.outline_moved,
    )
    moved = moves.follow(connection, moving, whole)
    _tell(connection, request, edition, moved)
    return Published(
        edition=edition,
        changed=edition.changed,
        noded=edition.noded,
        appeared=whole.leaf_codes[difference.appeared],
        retired=base.leaf_codes[difference.retired],
        crosswalk=crossings,
        moved_incidents=moved.incidents,
        moved_buildings=moved.buildings,
    )


def stored(connection: sa.Connection, edition: Edition) -> Division:
    """The division that ``edition`` holds, as it was published."""
    return divisions_of.whole(connection, edition)


def crosswalk(connection: sa.Connection, since: Edition, until: Edition) -> list[Crossing]:
    """Where the ground of each leaf of one edition that another changed lies in that one, whichever is the later."""
    return differences.between(connection, since, until).crosswalk()


# -- refusals ---------------------------------------------------------------------------------------------------------
def refuse_another(there: City, city: City) -> None:
    """Raise Refused where files are of another city than the one that is stored, or of other levels."""
    if there.code != city.code:
        raise Refused(
            f"this database holds {there.name} ({there.code}), the files are of {city.name} ({city.code}); "
            "one database is one city: use another GRIDATLAS_HOME or GRIDATLAS_DATABASE_URL"
        )
    if there.levels != city.levels or there.code_lengths != city.code_lengths:
        raise Refused(
            f"levels differ: stored are {[level.key for level in there.levels]} with code lengths "
            f"{list(there.code_lengths)}, the files have {[level.key for level in city.levels]} with "
            f"{list(city.code_lengths)}; another division needs a database of its own"
        )


def _hour(request: Request, base: Edition | None) -> datetime:
    now, hour = datetime.now(UTC), request.effective_at
    if hour is None:
        return now if base is None else max(now, base.effective_at + _LEAST)
    if hour > now:
        raise Refused(
            f"effective at {hour.isoformat()} lies in the future; only what is in force has a number",
            zh=f"生效时刻 {hour.isoformat()} 在将来；只有已生效的才有版次号，将来的请排期",
        )
    if base is not None and hour <= base.effective_at:
        raise Refused(
            f"effective at {hour.isoformat()} is not after edition {base.number}, "
            f"in force since {base.effective_at.isoformat()}; choose a later hour",
            zh=f"生效时刻 {hour.isoformat()} 不晚于第 {base.number} 版的 {base.effective_at.isoformat()}；选更晚的时刻",
        )
    return hour


def refuse_unfit(connection: sa.Connection, base: Division, whole: Division) -> None:
    """Raise Broken where a redrawn division is none, with the places, and Refused where a retired code returns."""
    refuse_broken_since(base, whole)
    _refuse_returning(connection, base, whole)


def _refuse_returning(connection: sa.Connection, base: Division, whole: Division) -> None:
    """A retired code never returns; those of fallback ground are reserved, and may."""
    named = np.concatenate([whole.leaf_codes[whole.leaf_kinds != "fallback"], whole.area_codes])
    new = np.setdiff1d(named, np.concatenate([base.leaf_codes, base.area_codes]))
    known = {row.code for row in connection.execute(rows.these_codes(new.tolist()))} if len(new) else set()
    if known:
        raise Refused(
            f"{_listed(sorted(known))} retired before; a retired code never returns: give a new one",
            zh=f"编码 {'、'.join(sorted(known)[:_SHOWN])} 曾经停用；停用的编码永不再用，换一个新的",
        )


def _plan_of(request: Request) -> int | None:
    plan = request.origin.get("plan")
    return plan if isinstance(plan, int) else None


def _refuse_undoing(connection: sa.Connection, request: Request, base: Division, difference: Comparison) -> None:
    """Ground redrawn since the last import of this scope, which this publish would change again."""
    if request.origin.get("kind") != "import":
        return
    above = [request.within] if request.within else []
    while above and (parent := base.parent_of_area(above[-1])):
        above.append(parent)
    imports = editions.c.origin["kind"].astext == "import"
    same_scope = sa.or_(editions.c.scope.is_(None), editions.c.scope.in_(above))
    since = connection.scalar(sa.select(sa.func.max(editions.c.number)).where(imports, same_scope))
    if since is None:
        return
    later = sa.select(codes.c.code).join(grids, grids.c.id == codes.c.id)
    later = later.where(in_edition(grids, sa.select(sa.func.max(editions.c.number)).scalar_subquery()))
    touched = base.leaf_codes[difference.left_ground].tolist()
    undone = list(connection.scalars(later.where(grids.c.first_edition > since, rows.one_of(codes.c.code, touched))))
    if undone:
        raise Refused(
            f"{_listed(sorted(undone))} redrawn after edition {since}, the last import of this scope; "
            "the file would undo that: bring it up to date, or say --over-edits",
            zh=f"{'、'.join(sorted(undone)[:_SHOWN])} 在第 {since} 版（本范围上次导入）之后改划过；"
            "文件会把它改回去：先更新文件，或加 --over-edits",
        )


def _listed(named: list[str]) -> str:
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f"{len(named)} code(s) ({', '.join(named[:_SHOWN])}{more}) were"


# -- writing ----------------------------------------------------------------------------------------------------------
def _found(connection: sa.Connection, city: City) -> None:
    """Store the city itself; its first edition is open towards the past, whatever its hour."""
    connection.execute(
        sa.insert(cities).values(
            code=city.code,
            name=city.name,
            name_en=city.name_en,
            levels=[asdict(level) for level in city.levels],
            code_lengths=list(city.code_lengths),
            time_zone=city.time_zone,
            metric_epsg=city.metric_epsg,
        )
    )


def _enter(connection: sa.Connection, weighed: Weighed, request: Request) -> None:
    connection.execute(
        sa.insert(editions).values(
            number=weighed.next_number,
            effective_at=weighed.hour,
            published_by=request.actor.name,
            summary=request.summary,
            origin=dict(request.origin),
            scope=request.within,
            leaves=weighed.leaves,
            changed=weighed.difference.changed_count,
            noded=int(weighed.difference.noded.sum()),
        )
    )


def _replace(connection: sa.Connection, weighed: Weighed, given: rows.Register) -> None:
    base, whole, difference, number = weighed.base, weighed.whole, weighed.difference, weighed.next_number
    rows.close(connection, areas_table, rows.ids_of(given, base.area_codes[difference.closed_areas]), number)
    rows.close(connection, grids, rows.ids_of(given, base.leaf_codes[difference.closed]), number)
    rows.open_areas(connection, whole, difference.opened_areas, given, number)
    rows.open_grids(connection, whole, difference.opened, given, number)


def _left(base: Division, whole: Division, difference: Comparison) -> Codes:
    """Old leaves whose incidents are placed anew: their ground moved, or they came under another area."""
    kept = np.intersect1d(base.leaf_codes, whole.leaf_codes)
    was = base.leaf_parents[np.searchsorted(base.leaf_codes, kept)]
    now = whole.leaf_parents[np.searchsorted(whole.leaf_codes, kept)]
    return np.union1d(base.leaf_codes[difference.left_ground], kept[was != now])


def _cross(connection: sa.Connection, crossings: list[Crossing], given: rows.Register, number: int) -> None:
    if crossings:
        lines = [
            {
                "edition": number,
                "old_id": given.ids[crossing.old],
                "new_id": given.ids[crossing.new],
                "area_share": crossing.area_share,
                "area_m2": crossing.area_m2,
            }
            for crossing in crossings
        ]
        connection.execute(sa.insert(crosswalks), lines)


def _tell(connection: sa.Connection, request: Request, edition: Edition, moved: moves.Moved) -> None:
    """The audit entry, and the word to other processes that an edition came into force."""
    detail = {
        "edition": edition.number,
        "scope": request.within,
        "changed": edition.changed,
        "noded": edition.noded,
        "moved_incidents": moved.incidents,
        "moved_buildings": moved.buildings,
        "moved_entities": moved.entities,
        "over_edits": request.over_edits,
    }
    connection.execute(sa.insert(audit_events).values(actor=request.actor.name, action="publish", detail=detail))
    connection.execute(sa.select(sa.func.pg_notify("gridatlas_edition", str(edition.number))))
