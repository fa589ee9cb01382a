"""Buildings as vector tiles, keyed by how often their rows changed."""

from __future__ import annotations

import sqlalchemy as sa

from geo import drawings, revisions
from geo.buildings.footprints import NOUN
from geo.errors import Unknown
from geo.statements import statement

FROM = 14
"""Zoom from which buildings are drawn."""
ALL_FROM = 15
"""Zoom from which small ones are drawn too."""
SMALL_M2 = 60.0
"""Below it a building is small: a garage, a shed, a kiosk."""


def revision(connection: sa.Connection) -> int:
    """The data revision of buildings, which is part of their tiles' address."""
    return revisions.of(connection, NOUN)


def tile(connection: sa.Connection, at: tuple[int, int, int]) -> bytes:
    """Vector tile z, x, y of buildings with ``use`` and ``straddles``, uncompressed; empty where none is stored.

    A pinned building straddles no more. A footprint too small for the raster is a point: below :data:`ALL_FROM` the
    class of small ones is left out, above nothing is.

    Raises
    ------
    Unknown
        For a tile that does not exist, or a zoom below :data:`FROM`.
    """
    z, x, y = at
    drawings.check_tile(z, x, y)
    if z < FROM:
        raise Unknown(f"no buildings at zoom {z}: they are drawn from zoom {FROM}")
    given = {"z": z, "x": x, "y": y, "least_m2": 0.0 if z >= ALL_FROM else SMALL_M2} | drawings.raster_of(z)
    return bytes(connection.execute(statement("buildings_tile"), given).scalar_one())
