"""Buildings by the state a run found, as vector tiles."""

from __future__ import annotations

import sqlalchemy as sa

from geo import drawings
from geo.coverage.runs import Run
from geo.errors import Unknown
from geo.statements import statement

FROM = 14
"""Zoom from which buildings are drawn by their state."""


def tile(connection: sa.Connection, run: Run, at: tuple[int, int, int]) -> bytes:
    """Vector tile z, x, y of the buildings that ``run`` found a state for, uncompressed; empty where there are none.

    None is left out for its size: one too small for the raster is a point. Footprints are those of today.

    Raises
    ------
    Unknown
        For a tile that does not exist, or a zoom below :data:`FROM`.
    """
    z, x, y = at
    drawings.check_tile(z, x, y)
    if z < FROM:
        raise Unknown(f"no blind spots at zoom {z}: buildings are drawn by their state from zoom {FROM}")
    given = {"z": z, "x": x, "y": y, "run": run.number} | drawings.raster_of(z)
    return bytes(connection.execute(statement("spots_tile"), given).scalar_one())
