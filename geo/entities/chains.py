"""The responsibility chain of a place: who answers at each step down to the building, and where it breaks.

社区交办、小区主办、网格承办、楼栋领办: community → residential estate → grid → building. Posts, never persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo.areas import Edition
from geo.arrays import Floats
from geo.assignments import assign, open_index
from geo.entities import TABLES
from geo.tables import buildings

_CONTACTS, _ORGANISATIONS, _ESTATES = TABLES["duty_contacts"], TABLES["party_organisations"], TABLES["estates"]
_ANSWERING = ("community", "estate", "grid", "building")
"""Steps at which somebody has to answer; higher areas are told without being missed."""


@dataclass(frozen=True)
class Contact:
    """A post on duty, as stored: key of the post, telephone, hours."""

    post: str
    phone: str | None
    hours: str | None


@dataclass(frozen=True)
class Link:
    """One step of the chain.

    Attributes
    ----------
    step
        ``city`` … ``community``, ``estate``, ``grid``, ``building``.
    code
        Of an area or grid; None for an estate or building, which have an ``id``.
    contacts, organisations
        Posts on duty there, and names of the Party organisations that answer for it.
    is_broken
        Whether it is a step at which somebody has to answer and no post is recorded.
    """

    step: str
    id: int
    code: str | None
    name: str
    contacts: tuple[Contact, ...]
    organisations: tuple[str, ...]
    is_broken: bool


def chain(connection: sa.Connection, edition: Edition, lonlat: Floats) -> list[Link]:
    """The steps over a point (1, 2) in degrees WGS 84, the city first; empty outside the city.

    Contacts and organisations are those of today. Where no estate or building stands there is no such step, and it
    breaks nothing. Fallback ground has no grid that answers: its step is broken.
    """
    index = open_index(connection, edition)
    position = int(assign(index, lonlat).position[0])
    if position < 0:
        return []
    lon, lat = lonlat[0].tolist()
    point = gis.ST_SetSRID(gis.ST_MakePoint(lon, lat), 4326)
    steps = index.chain(position)
    grid, above = steps[-1], steps[:-1]
    links = [_of_place(connection, one.level, one.id, one.code, one.name) for one in above]
    links += [_of_estate(connection, row) for row in connection.execute(_holding(_ESTATES, point))]
    fallback = bool(np.asarray(index.is_fallback)[position])
    links.append(_of_place(connection, "grid", grid.id, grid.code, grid.name, fallback=fallback))
    links += [_of_building(connection, row) for row in connection.execute(_holding(buildings, point))]
    return links


def _holding(table: sa.Table, point: Any) -> sa.Select[Any]:
    """The smallest row of ``table`` whose ground holds the point."""
    query = sa.select(table.c.id, table.c.name, table.c.reference).where(gis.ST_Covers(table.c.geom, point))
    return query.order_by(table.c.area_m2, table.c.id).limit(1)


def _of_place(
    connection: sa.Connection, level: str, number: int, code: str, name: str, *, fallback: bool = False
) -> Link:
    contacts = _contacts(connection, "place_id", number)
    named = sa.select(_ORGANISATIONS.c.name).where(_ORGANISATIONS.c.place_id == number).order_by(_ORGANISATIONS.c.id)
    organisations = tuple(connection.scalars(named))
    broken = level in _ANSWERING and (fallback or not contacts)
    return Link(level, number, code, name, contacts, organisations, broken)


def _of_estate(connection: sa.Connection, row: sa.Row[Any]) -> Link:
    contacts = _contacts(connection, "estate_id", row.id)
    return Link("estate", row.id, None, row.name or row.reference, contacts, (), not contacts)


def _of_building(connection: sa.Connection, row: sa.Row[Any]) -> Link:
    contacts = _contacts(connection, "building_id", row.id)
    named = sa.select(_ORGANISATIONS.c.name).where(_ORGANISATIONS.c.building_id == row.id)
    organisations = tuple(connection.scalars(named.order_by(_ORGANISATIONS.c.id)))
    return Link("building", row.id, None, row.name or row.reference, contacts, organisations, not contacts)


def _contacts(connection: sa.Connection, column: str, number: int) -> tuple[Contact, ...]:
    query = sa.select(_CONTACTS.c.post, _CONTACTS.c.phone, _CONTACTS.c.hours).where(_CONTACTS.c[column] == number)
    return tuple(Contact(row.post, row.phone, row.hours) for row in connection.execute(query.order_by(_CONTACTS.c.id)))
