"""One incident taken in: placed by the rules of a file, durable once answered; the same key is one incident."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo import areas
from geo.actors import Actor
from geo.areas import Edition
from geo.arrays import Floats, Ints
from geo.assignments import instant, microseconds
from geo.crs import datum_of
from geo.errors import Refused, Stale
from geo.incidents.months import make_months, name_of
from geo.incidents.placing import Places, place
from geo.incidents.reports import REPORTED, UNCLASSIFIED, Report, converted
from geo.incidents.searching import Incident, asked_of, one, told
from geo.instants import NEVER_US
from geo.locking import held_after, hold, is_in_force
from geo.tables import audit_events, incident_keys, incidents

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""A report may be this far ahead of our clock; later ones are refused as wrong."""


@dataclass(frozen=True)
class NewIncident:
    """An incident as it is reported.

    Parameters
    ----------
    source, reference
        Who reports it and under what number: together its key.
    occurred_at
        A time without offset is read in the city's time zone.
    x, y
        Longitude and latitude, or east and north, in ``datum``; None or not finite: kept without position.
    accuracy_m
        Metres; None when not known.
    urgency
        0 ordinary, 1 urgent.
    reported_at
        None = now.
    stated_area
        Code or name of the area it is said to lie in: evidence of datums, never used to assign.
    """

    source: str
    reference: str
    occurred_at: datetime
    x: float | None = None
    y: float | None = None
    datum: str = "wgs84"
    category: str = UNCLASSIFIED
    urgency: int = 0
    status: str = REPORTED
    reported_at: datetime | None = None
    accuracy_m: float | None = None
    address: str | None = None
    stated_area: str | None = None


@dataclass(frozen=True)
class StoredIncident:
    """What is stored, and whether it had been before."""

    incident: Incident
    is_repeat: bool


def add(connection: sa.Connection, actor: Actor, incident: NewIncident) -> StoredIncident:
    """The incident as it is stored; the same report a second time is answered with the first.

    Raises
    ------
    Refused
        Without source or reference, with an impossible time, an unknown datum or urgency. Never for its position.
    Stale
        When the key is stored with other content; the stored one stays.
    Unknown
        When nothing has been published.
    """
    report = _report(connection, incident)
    lonlat, occurred_us = converted(np.array([report.raw]), report.datum), np.array([report.occurred_us])
    digest = report.digest()
    key = {"source": report.source, "reference": report.reference}
    entered = _enter(connection, {**key, "digest": digest}, occurred_us)
    if entered is None:
        return _repeated(connection, key, digest)
    if not entered.has_month:
        make_months(connection, occurred_us)
    event = {"actor": actor.name, "action": "incidents.add", "detail": {**key, "id": entered.id}}
    edition = entered.edition
    while True:
        places = place(connection, edition, lonlat, occurred_us, np.array([report.accuracy_m]))
        values = {**_told(report, lonlat), **_placed(places), **event, "id": entered.id}
        stored = connection.execute(_storing(), values).mappings().all()
        if stored:
            return StoredIncident(told(connection, stored, edition)[0], is_repeat=False)
        edition = hold(connection)  # the key, or the edition's row, had to be waited for


@dataclass(frozen=True)
class _Entered:
    """An incident whose key is entered: its id, the edition that is held, and whether its month is there."""

    id: int
    edition: Edition
    has_month: bool


def _enter(connection: sa.Connection, key: dict[str, Any], occurred_us: Ints) -> _Entered | None:
    """None where the key is known; then nothing is held."""
    occurred_at, month = instant(int(occurred_us[0])), name_of(occurred_us)
    asked = {**key, "occurred_at": occurred_at, "month": month}
    row = connection.execute(_entering(), asked).mappings().one_or_none()
    if row is None:
        return None
    fields = dict(row)
    number, has_month = fields.pop("incident"), fields.pop("has_month")
    edition = areas.current(connection) if fields["number"] is None else Edition(**fields)
    return _Entered(number, edition, has_month)


@cache
def _entering() -> sa.Select[tuple[Any, ...]]:
    """Statement: a key that is new is entered, and then the edition in force is held."""
    key = {name: sa.bindparam(name, type_=incident_keys.c[name].type) for name in ("source", "reference", "digest")}
    anew = pg.insert(incident_keys).values(
        **key,
        id=sa.text("nextval(pg_get_serial_sequence('incidents', 'id'))"),
        occurred_at=sa.bindparam("occurred_at", type_=incident_keys.c.occurred_at.type),
    )
    entered = anew.on_conflict_do_nothing().returning(incident_keys.c.id).cte("entered")
    held = held_after(entered)
    has_month = sa.func.to_regclass(sa.bindparam("month", type_=sa.Text)).is_not(None)
    asked = sa.select(entered.c.id.label("incident"), has_month.label("has_month"), *held.c)
    return asked.select_from(entered.outerjoin(held, sa.true()))


@cache
def _storing() -> sa.Select[tuple[Any, ...]]:
    """Statement: an incident and its audit entry, where the edition that places it is in force; else nothing."""
    kept = is_in_force(sa.bindparam("edition_now", type_=sa.Integer))
    place = gis.ST_Point(_given("lon", sa.Double()), _given("lat", sa.Double()), 4326)
    fields = {one.name: place if one.name == "geom" else _given(one.name, one.type) for one in incidents.c}
    stored = sa.insert(incidents).from_select([*fields], sa.select(*fields.values()).where(kept))
    entry = {name: _given(name, audit_events.c[name].type) for name in ("actor", "action", "detail")}
    audited = sa.insert(audit_events).from_select([*entry], sa.select(*entry.values()).where(kept))
    return asked_of(stored.returning(*incidents.c).cte("stored")).add_cte(audited.cte("audited"))


def _given(name: str, kind: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """A parameter of a statement, whose type PostgreSQL is told even where there is no value."""
    return sa.cast(sa.bindparam(name, type_=kind), kind)


def _repeated(connection: sa.Connection, key: dict[str, str], digest: bytes) -> StoredIncident:
    stored = connection.execute(sa.select(incident_keys).filter_by(**key)).one()
    before = one(connection, stored.id, stored.occurred_at)
    if bytes(stored.digest) != digest:
        raise Stale(
            f"reference {key['reference']!r} of source {key['source']!r} is stored with other content as incident "
            f"{before.id}, occurred at {before.occurred_at.isoformat()}; it stays as first reported"
        )
    return StoredIncident(before, is_repeat=True)


def _report(connection: sa.Connection, incident: NewIncident) -> Report:
    """An incident as it is kept. Raises Refused for all but its position."""
    key = {name: _text(getattr(incident, name)) for name in ("source", "reference")}
    for name, text in key.items():
        if not text:
            raise Refused(f"an incident without {name} cannot be told from another; give its {name}")
    if incident.urgency not in (0, 1):
        raise Refused(f"urgency {incident.urgency} is not known; 0 is ordinary, 1 urgent")
    return Report(
        **key,
        category=_text(incident.category) or UNCLASSIFIED,
        urgency=incident.urgency,
        status=_text(incident.status) or REPORTED,
        occurred_us=_time(connection, "occurred_at", incident.occurred_at),
        reported_us=_time(connection, "reported_at", incident.reported_at),
        raw=(_figure(incident.x), _figure(incident.y)),
        datum=datum_of(incident.datum).name,
        accuracy_m=_figure(incident.accuracy_m),
        address=_text(incident.address),
        stated_area=_text(incident.stated_area),
    )


def _text(text: str | None) -> str:
    """Text without what PostgreSQL cannot keep, nor blanks around it."""
    return (text or "").replace("\0", "").strip()


def _figure(figure: float | None) -> float:
    return float(figure) if figure is not None and math.isfinite(figure) else math.nan


def _time(connection: sa.Connection, name: str, given: datetime | None) -> int:
    if given is None:
        return NEVER_US
    aware = given if given.tzinfo else given.replace(tzinfo=ZoneInfo(areas.city(connection).time_zone))
    latest = datetime.now(UTC) + AHEAD
    if not EARLIEST <= aware <= latest:
        raise Refused(f"{name} {aware.isoformat()} cannot be; possible: {EARLIEST:%Y-%m-%d} to {latest:%Y-%m-%d}")
    return microseconds(aware)


def _told(report: Report, lonlat: Floats) -> dict[str, Any]:
    """Columns of an incident as it was reported; ``lon`` and ``lat`` for its point."""
    (lon, lat), (x, y) = lonlat[0].tolist(), report.raw
    figures = {"lon": lon, "lat": lat, "raw_x": x, "raw_y": y, "accuracy_m": report.accuracy_m}
    return {
        **{name: getattr(report, name) for name in ("source", "reference", "category", "urgency", "status", "datum")},
        **{name: getattr(report, name) or None for name in ("address", "stated_area")},
        **{name: None if math.isnan(figure) else figure for name, figure in figures.items()},
        "occurred_at": instant(report.occurred_us),
        "reported_at": datetime.now(UTC) if report.reported_us == NEVER_US else instant(report.reported_us),
    }


def _placed(places: Places) -> dict[str, Any]:
    """Columns of where the only incident of a batch belongs."""
    ids = {"grid_then": places.grid_then, "grid_now": places.grid_now, "community_id": places.community}
    border_m = float(places.border_m[0])
    return {
        **{name: int(id[0]) or None for name, id in ids.items()},
        "edition_then": int(places.edition_then[0]),
        "is_before_first_edition": bool(places.is_before_first[0]),
        "edition_now": places.edition_now,
        "border_m": None if math.isnan(border_m) else border_m,
        "rule": int(places.rule[0]),
        "is_doubtful": bool(places.is_doubtful[0]),
    }
