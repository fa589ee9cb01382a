"""Buildings by the state a run found, as vector tiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import drawings
from geo.areas import Ids
from geo.arrays import Bools, Shapes
from geo.coverage.found import Found
from geo.coverage.runs import Run
from geo.coverage.tables import building_states, in_run
from geo.coverage.units import Keys
from geo.errors import Unknown
from geo.statements import statement
from geo.tables import buildings

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
    _check(at)
    return _drawn(connection, at, {"run": run.number, **_NOTHING})


def tile_to_come(connection: sa.Connection, found: Found, at: tuple[int, int, int]) -> bytes:
    """As :func:`tile`, of what is foretold. Raises as it does."""
    _check(at)
    ids = np.array(list(connection.scalars(_NEAR, _placed(at))), dtype=np.int64)
    some = np.flatnonzero(np.isin(found.buildings.id, ids))
    told, unknown = found.buildings, found.units.building[found.states.state == "U"]
    return _drawn(
        connection,
        at,
        {
            "run": found.run.number,
            "ids": told.id[some].tolist(),
            "codes": [code or None for code in told.code[some].tolist()],
            "unknown": np.isin(told.id[some], unknown).tolist(),
            "straddles": told.straddles[some].tolist(),
        },
    )


_NEAR = sa.text(
    "SELECT id FROM buildings WHERE geom && "
    "ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => CAST(:reach AS float8)), 4326) ORDER BY id"
)
_NOTHING: dict[str, list[object]] = {name: [] for name in ("ids", "codes", "unknown", "straddles")}


def _check(at: tuple[int, int, int]) -> None:
    drawings.check_tile(*at)
    if at[0] < FROM:
        raise Unknown(f"no blind spots at zoom {at[0]}: buildings are drawn by their state from zoom {FROM}")


def _drawn(connection: sa.Connection, at: tuple[int, int, int], told: Mapping[str, object]) -> bytes:
    return bytes(connection.execute(statement("spots_tile"), {**_placed(at), **told}).scalar_one())


def _placed(at: tuple[int, int, int]) -> dict[str, float]:
    return dict(zip("zxy", at, strict=True)) | drawings.raster_of(at[0])


@dataclass(frozen=True, eq=False)
class Standing:
    """Buildings (n,) by ascending id: what tiles are cut from.

    Attributes
    ----------
    code
        The worst state of its units, U where all are unknown; blank where it has none.
    has_unknown
        Some of its units are unknown, beside a known worst.
    """

    ids: Ids
    shapes: Shapes
    code: Keys
    has_unknown: Bools
    straddles: Bools


def standing(connection: sa.Connection, run: Run, box: tuple[float, float, float, float]) -> Standing:
    """Every building whose box meets ``box`` (west, south, east, north, degrees), with its state in ``run``."""
    state, around = building_states.c, gis.ST_MakeEnvelope(*box, 4326)
    held = sa.and_(state.building_id == buildings.c.id, in_run(building_states, run.number))
    query = (
        sa.select(
            buildings.c.id,
            gis.ST_AsBinary(buildings.c.geom),
            sa.func.coalesce(state.code, ""),
            sa.func.coalesce(sa.cast(state.units["U"].astext, sa.Integer), 0) > 0,
            sa.func.coalesce(state.straddles, sa.false()),
        )
        .select_from(buildings.outerjoin(building_states, held))
        .where(buildings.c.geom.op("&&")(around))
        .order_by(buildings.c.id)
    )
    rows = connection.execute(query).all()
    ids, wkb, codes, unknown, straddles = zip(*rows, strict=True) if rows else ([],) * 5
    code = np.array(codes, dtype=np.str_)
    return Standing(
        ids=np.array(ids, dtype=np.int64),
        shapes=np.asarray(shapely.from_wkb(np.array([bytes(one) for one in wkb], dtype=object)), dtype=object),
        code=code,
        has_unknown=np.array(unknown, dtype=np.bool_) & (code != "U"),
        straddles=np.array(straddles, dtype=np.bool_),
    )
