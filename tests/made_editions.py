"""Editions of a division that a test made up: the city founded by it, or the next edition without a plan."""

from __future__ import annotations

import sqlalchemy as sa

from geo import areas, editions
from geo.areas import City
from geo.editions import Published, Request
from geo.space.division import Division, compare


def published(connection: sa.Connection, division: Division, city: City, request: Request) -> Published | None:
    """The edition that a whole division became; None when it is what is in force already."""
    if not areas.newest_number(connection):
        return editions.found(connection, division, city, request)
    editions.take_turn(connection)
    in_force = areas.current(connection)
    base = editions.stored(connection, in_force)
    weighed = editions.weigh_redrawn(connection, in_force, (base, division, compare(base, division)), request)
    return editions.put_in_force(connection, weighed, request)
