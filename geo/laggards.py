"""Incidents that have yet to follow the ground: whoever asks is answered as if they had, and no publish waits for them.

A publish that moves the ground of many closed incidents only notes the leaves they were in (:func:`note`). Until they
are written (``geo.incidents.following``), a question that goes by today's borders reads :func:`today`, which locates
them on the edition in force. One lags whose leaf is noted, while it was last written before the edition that is noted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from numpy.typing import NDArray
from sqlalchemy.dialects import postgresql as pg

from geo import areas, rows
from geo.areas import Edition
from geo.assignments import EditionGround, assign, open_index
from geo.fetching import Column, fetch, figure, flag, whole
from geo.tables import incidents, laggards

Rows = dict[str, NDArray[Any]]
ANSWERS: Mapping[str, sa.types.TypeEngine[Any]] = {
    name: incidents.c[name].type for name in ("grid_now", "community_id", "border_m", "rule", "is_doubtful")
}
"""Columns of an incident that may become others when it is placed anew."""
_EPOCH: sa.ColumnElement[Any] = sa.literal_column("timestamptz 'epoch'")
_MICROSECOND: sa.ColumnElement[Any] = sa.literal_column("interval '1 microsecond'")


def asked(of: sa.FromClause = incidents) -> dict[str, Column]:
    """What placing rows ``of`` incidents anew goes by, and what was answered so far."""
    return {
        "id": whole(of.c.id),
        "occurred_us": whole(sa.extract("epoch", of.c.occurred_at) * 1_000_000),
        "x": figure(gis.ST_X(of.c.geom)),
        "y": figure(gis.ST_Y(of.c.geom)),
        "accuracy_m": figure(of.c.accuracy_m),
        "grid_now": whole(of.c.grid_now),
        "community_id": whole(of.c.community_id),
        "border_m": figure(of.c.border_m),
        "rule": whole(of.c.rule),
        "is_doubtful": flag(of.c.is_doubtful, missing=False),
    }


def is_behind() -> sa.ColumnElement[bool]:
    """Condition on a row of ``incidents`` beside one of ``laggards``: it lags for that, and was not looked at yet."""
    return sa.and_(
        incidents.c.grid_now == laggards.c.grid_id,
        incidents.c.edition_now < laggards.c.edition,
        sa.tuple_(incidents.c.occurred_at, incidents.c.id) > sa.tuple_(laggards.c.after_at, laggards.c.after_id),
    )


def note(connection: sa.Connection, edition: Edition, leaves: Sequence[int]) -> None:
    """Note that incidents of old leaves (ids) have yet to follow to ``edition``: all of them, whatever had followed."""
    anew = pg.insert(laggards).from_select(
        ["grid_id", "edition"],
        sa.select(sa.func.unnest(sa.cast(list(leaves), pg.ARRAY(sa.Integer))), sa.literal(edition.number)),
    )
    again = {"edition": anew.excluded.edition, "after_at": sa.text("DEFAULT"), "after_id": sa.text("DEFAULT")}
    connection.execute(anew.on_conflict_do_update(index_elements=["grid_id"], set_=again))


def strike(connection: sa.Connection, leaves: Sequence[int]) -> None:
    """Note no more that incidents of these leaves have to follow: all of them have."""
    connection.execute(sa.delete(laggards).where(rows.one_of(laggards.c.grid_id, leaves)))


def today(connection: sa.Connection, *among: sa.ColumnElement[bool]) -> sa.FromClause:
    """Rows of ``incidents`` as they answer today: the table, or what reads as if all that lag had followed.

    ``among`` are conditions on ``incidents`` which every row that will be asked for meets: no others are located.
    Ask in a transaction that sees one moment; in another, what is published in between is not in the answer.
    """
    if not connection.scalar(sa.select(sa.exists(sa.select(laggards.c.grid_id)))):
        return incidents
    lag = fetch(connection, asked(), sa.select().select_from(incidents.join(laggards, is_behind())).where(*among))
    edition = areas.current(connection)
    anew = others(lag, placed(open_index(connection, edition), lag))
    return _replaced(anew, edition) if len(anew["id"]) else incidents


def placed(ground: EditionGround, found: Rows) -> Rows:
    """The answers (n,) for incidents that were fetched as :func:`asked` says."""
    lonlat = np.stack([found["x"], found["y"]], axis=1)
    assigned = assign(ground, lonlat, accuracy_m=found["accuracy_m"])
    return {
        "grid_now": ground.ids(assigned.position),
        "community_id": ground.lowest_areas(assigned.position),
        "border_m": assigned.border_m.astype(np.float32),
        "rule": assigned.rule,
        "is_doubtful": assigned.is_doubtful,
    }


def others(found: Rows, now: Rows) -> Rows:
    """``id``, ``occurred_us`` and answers (m,) of the incidents whose answers are others now."""
    other = np.flatnonzero(np.logical_or.reduce([found[name] != now[name] for name in ANSWERS]))
    return {"id": found["id"][other], "occurred_us": found["occurred_us"][other]} | {
        name: now[name][other] for name in ANSWERS
    }


def told(anew: Rows) -> sa.TableValuedAlias:
    """What :func:`others` gave, as rows of a statement; its arrays travel with it."""
    types = {"id": sa.BigInteger(), "occurred_us": sa.BigInteger(), **ANSWERS}
    arrays = (sa.cast(anew[name].tolist(), pg.ARRAY(kind)) for name, kind in types.items())
    columns = (sa.column(name, kind) for name, kind in types.items())
    return sa.func.unnest(*arrays).table_valued(*columns, name="anew").render_derived()


def written(new: sa.TableValuedAlias, edition: Edition) -> dict[str, sa.ColumnElement[Any]]:
    """Column of ``incidents`` → what is written to it of rows that were :func:`told`."""
    answers: dict[str, sa.ColumnElement[Any]] = {name: new.c[name] for name in ANSWERS}
    answers |= {name: sa.func.nullif(new.c[name], 0) for name in ("grid_now", "community_id")}
    return answers | {"edition_now": sa.literal(edition.number)}


def is_told(new: sa.TableValuedAlias) -> sa.ColumnElement[bool]:
    """Condition: a row of ``incidents`` is one of those that were :func:`told`."""
    return sa.and_(incidents.c.id == new.c.id, incidents.c.occurred_at == instant(new.c.occurred_us))


def instant(us: sa.ColumnElement[int]) -> sa.ColumnElement[Any]:
    """Microseconds since 1970 UTC as PostgreSQL keeps them."""
    return _EPOCH + us * _MICROSECOND


def _replaced(anew: Rows, edition: Edition) -> sa.FromClause:
    """The incidents, those in ``anew`` with its answers: two arms, so that the first is still found by its indexes."""
    new = told(anew)
    answers = written(new, edition)
    theirs = sa.select(*(answers.get(one.name, one).label(one.name) for one in incidents.c))
    rest = sa.select(incidents).where(incidents.c.id.not_in(sa.select(new.c.id)))
    return sa.union_all(rest, theirs.join_from(new, incidents, is_told(new))).subquery("today")
