"""A planner's word on whose grid a building belongs to, before the largest share."""

from __future__ import annotations

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import marks, revisions
from geo.actors import Actor
from geo.areas import Edition
from geo.assignments import CityIndex, open_index
from geo.buildings.footprints import NOUN
from geo.buildings.placing import place
from geo.buildings.searching import Building, one
from geo.entities.following import take_along
from geo.errors import Refused, Unknown
from geo.locking import lock_current
from geo.space.overlaps import overlaps
from geo.tables import audit_events, buildings


def pin(connection: sa.Connection, actor: Actor, number: int, code: str) -> Building:
    """The building with this id, pinned to the grid ``code`` in force; the same pin again changes nothing.

    Raises
    ------
    Unknown
        For a building or a grid there is none of.
    Refused
        When the grid holds none of the building.
    """
    edition = lock_current(connection)
    index = open_index(connection, edition)
    at = int(np.searchsorted(index.leaves.codes, code))
    if at == len(index.leaves.codes) or index.leaves.codes[at] != code:
        raise Unknown(f"no grid {code!r} in edition {edition.number}; a building is pinned to a grid in force")
    shape = _locked(connection, number)
    found = overlaps(index.index, shape)
    if at not in found.position:
        raise Refused(f"grid {code} holds none of building {number}; {_holding(index, found.position, found.share)}")
    return _write(connection, actor, (number, shape), edition, int(index.leaves.ids[at]))


def unpin(connection: sa.Connection, actor: Actor, number: int) -> Building:
    """The building with this id, back in the grid with the largest share. Raises Unknown when there is none."""
    edition = lock_current(connection)
    return _write(connection, actor, (number, _locked(connection, number)), edition, 0)


def _locked(connection: sa.Connection, number: int) -> np.ndarray:
    """The footprint of a building whose row stays as it is until the transaction ends."""
    query = sa.select(gis.ST_AsBinary(buildings.c.geom)).where(buildings.c.id == number).with_for_update()
    shape = connection.scalar(query)
    if shape is None:
        raise Unknown(f"no building {number}; ids are told by /v1/buildings")
    return np.array([shapely.from_wkb(bytes(shape))], dtype=object)


def _holding(index: CityIndex, position: np.ndarray, share: np.ndarray) -> str:
    if not len(position):
        return "it lies outside the city"
    named = [f"{index.leaves.codes[at]} ({part:.0%})" for at, part in zip(position, share, strict=True)]
    return f"it lies in {', '.join(named)}"


def _write(
    connection: sa.Connection, actor: Actor, building: tuple[int, np.ndarray], edition: Edition, pinned: int
) -> Building:
    number, shape = building
    was = connection.scalar(sa.select(buildings.c.pinned_id).where(buildings.c.id == number)) or 0
    if was != pinned:
        found = place(connection, edition, shape, np.array([pinned], dtype=np.int32))
        written = {
            "grid_id": int(found.grid[0]) or None,
            "share": float(found.share[0]),
            "straddles": bool(found.straddles[0]),
            "community_id": int(found.community[0]) or None,
            "pinned_id": pinned or None,
            "edition": edition.number,
        }
        connection.execute(sa.update(buildings).where(buildings.c.id == number).values(**written))
        take_along(connection, sa.select(buildings.c.id).where(buildings.c.id == number))
        marks.mark(connection, NOUN, [number])
        revisions.raise_(connection, NOUN)
    told = one(connection, number)
    if was != pinned:
        detail = {"building": number, "grid": told.grid, "share": told.share}
        action = "buildings.pin" if pinned else "buildings.unpin"
        connection.execute(sa.insert(audit_events).values(actor=actor.name, action=action, detail=detail))
    return told
