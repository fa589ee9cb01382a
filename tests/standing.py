"""Buildings set down in a test's city without a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo import areas, revisions
from geo.buildings import staging
from geo.buildings.footprints import COUNTS, NOUN, TEXTS, Footprints
from geo.polygons import many
from geo.ragged import Ragged


def stand(connection: sa.Connection, shapes: Any, **told: list[Any]) -> None:
    """Footprints stored with their grids of today, as ``0``, ``1`` … of source ``s``; fields not told are unknown."""
    n = len(shapes)
    footprints = Footprints(
        row=np.arange(1, n + 1),
        source=pa.array(["s"] * n),
        reference=pa.array([str(at) for at in range(n)]),
        **{name: pa.array(told.get(name, [None] * n), type=pa.string()) for name in TEXTS},
        **{name: np.array(told.get(name, [np.nan] * n), dtype=np.float64) for name in COUNTS},
        ground=Ragged.of(many(np.asarray(shapes, dtype=object))),
    )
    staging.open_stage(connection)
    staging.stage(connection, footprints)
    edition = areas.current(connection)
    assert sum(len(placed.rows) for placed in staging.place_all(connection, edition)) == n
    staging.store(connection, edition)
    revisions.raise_(connection, NOUN)
