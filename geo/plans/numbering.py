"""Codes for changes that come without: who holds more households keeps the code, and no code is given twice."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo import areas
from geo.arrays import Floats, Shapes
from geo.codes import Scheme
from geo.plans.tables import plan_changes, plans
from geo.space.division import Division
from geo.space.locate import GridIndex
from geo.space.overlaps import largest_overlap
from geo.space.redraw.changes import Change
from geo.space.redraw.numbering import Numbers, Size
from geo.space.redraw.numbering import numbered as numbered_by
from geo.tables import buildings, codes
from geo.turns import Turn, wait_for

_ENDED = ("in_force", "withdrawn")
_OF_LEAVES = ("$.leaves.features[*].properties.code", "$.leaves.codes[*]")
"""Where the leaves of a change name their codes: as features, or as columns."""


def numbered(connection: sa.Connection, division: Division, change: Change) -> Change:
    """The change with the codes it lacks, as the city's scheme gives them; ``division`` is what it is made of.

    A code is never given again, whether it is in force, retired, or in a plan that is still open. Raises as
    :func:`geo.space.redraw.numbering.numbered`.
    """
    city = areas.city(connection)
    scheme = Scheme.of(city.code_lengths, len(city.levels))
    numbers = Numbers(
        scheme=scheme,
        given=lambda area: _given(connection, scheme.stem(area)),
        size=households_on(connection, city.metric_epsg),
    )
    return numbered_by(division, change, numbers)


def households_on(connection: sa.Connection, metric_epsg: int) -> Size:
    """Answers the households known on pieces (n,) of ground, of the buildings that lie on one by more than half."""

    def size(pieces: Shapes) -> Floats:
        near = [buildings.c.geom.op("&&")(gis.ST_MakeEnvelope(*box, 4326)) for box in shapely.bounds(pieces).tolist()]
        query = sa.select(gis.ST_AsBinary(buildings.c.geom).label("shape"), buildings.c.households)
        found = connection.execute(query.where(buildings.c.households > 0, sa.or_(*near))).all()
        footprints = shapely.from_wkb(np.array([bytes(row.shape) for row in found], dtype=object))
        order = np.array([f"{at:06d}" for at in range(len(pieces))])
        at, share = largest_overlap(GridIndex.build(order, pieces, metric_epsg), footprints)
        held = np.array([row.households for row in found], dtype=np.float64)
        inside = share > 0.5
        return np.bincount(at[inside], weights=held[inside], minlength=len(pieces)).astype(np.float64)

    return size


def _given(connection: sa.Connection, stem: str) -> AbstractSet[str]:
    """Codes that begin with a stem: all ever given, and those that plans which are still open take.

    Others who ask wait until this transaction ends: what it takes cannot be seen before.
    """
    wait_for(connection, Turn.NUMBERS)
    ever = connection.scalars(sa.select(codes.c.code).where(codes.c.code.startswith(stem, autoescape=True)))
    of_leaves = (sa.func.jsonb_path_query_array(plan_changes.c.change, sa.cast(at, pg.JSONPATH)) for at in _OF_LEAVES)
    named = (plan_changes.c.change[name].astext for name in ("code", "to"))
    taken = sa.select(plan_changes.c.change["codes"], *of_leaves, *named)
    taken = taken.join(plans).where(plans.c.state.not_in(_ENDED))
    spoken: set[str] = set(ever)
    for several, given, kept, *single in connection.execute(taken):
        spoken |= {code for code in [*(several or ()), *given, *kept, *single] if code and code.startswith(stem)}
    return spoken
