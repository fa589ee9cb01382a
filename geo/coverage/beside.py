"""Who stands beside units that changed, as the last run left them, and whose joint group may have come or gone by it.

A change makes a joint group only where one of those that changed is in it, and then all of it is near that one. So a
unit beside has the groups it had where those known to be near still make them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import parameters
from geo.arrays import Ints
from geo.coverage import nearness, reading
from geo.coverage.nearness import Pool
from geo.coverage.rulebooks import RuleBook
from geo.coverage.states import BITS, JOINING, joint_bits
from geo.coverage.tables import unit_states
from geo.fetching import Made, fetch_known, figure, flag, whole
from geo.statements import statement

_M_PER_DEGREE = 110_500.0  # of latitude, a little too few: a box is rather too wide
_WAYS = ("joint_in_building", "joint_in_park", "joint_within_reach")


@dataclass(frozen=True, eq=False)
class Beside:
    """Units (p,) that may join a group, in ascending order of id.

    Attributes
    ----------
    joint
        Bits of :data:`~geo.coverage.states.BITS`: the ways in which a joint group was found for each.
    """

    id: Ints
    pool: Pool
    joint: Ints


def read(connection: sa.Connection, metric_epsg: int, units: Ints, book: RuleBook, *, were: bool) -> Beside:
    """All others that may stand in a joint branch with one of the units.

    Parameters
    ----------
    were
        Also where the units were when they were last read.
    """
    told = fetch_known(connection, "units beside", _beside, _near(units, book, were=were))
    others = ~np.isin(told["id"], units)
    told = {name: column[others] for name, column in told.items()}
    xy_m = reading.metres(np.column_stack([told["x"], told["y"]]), metric_epsg)
    joint = np.bitwise_or.reduce([told[way] * BITS[way] for way in _WAYS])
    return Beside(told["id"], Pool(told["members"], told["building"], told["park"], xy_m), joint)


def sharing(connection: sa.Connection, units: Ints, book: RuleBook) -> Ints:
    """Ids of all others with few members in the building, a park or the reach of one of the units, as stored."""
    found = np.array(list(connection.scalars(statement("coverage_near"), _near(units, book, were=False))))
    return np.setdiff1d(found.astype(np.int64), units)


def _near(units: Ints, book: RuleBook, *, were: bool) -> dict[str, object]:
    """Parameters of the statement that finds who is near units."""
    return {
        "units": parameters.ids(units),
        "were": parameters.ids(units[: None if were else 0]),
        "most": book.thresholds.must_form_members - 1,
        "reach": book.thresholds.reach_m / _M_PER_DEGREE,
    }


def _beside() -> Made:
    span = unit_states.c
    columns = {
        "id": whole(span.unit_id),
        "members": figure(span.members),
        "building": whole(span.building_id),
        "park": whole(span.district_ids[1]),
        "x": figure(gis.ST_X(span.geom)),
        "y": figure(gis.ST_Y(span.geom)),
        **{way: flag(span.reason["keys"].has_key(way), missing=False) for way in _WAYS},
    }
    near = statement("coverage_near").columns(sa.column("id", sa.BigInteger)).subquery("near")
    query = sa.select(unit_states).join(near, near.c.id == span.unit_id)
    return columns, query.where(span.last_run.is_(None), span.code.in_(JOINING)).order_by(span.unit_id)


def doubtful(beside: Beside, changed: Pool, book: RuleBook) -> Ints:
    """Ids of those beside for whom other joint groups may exist than did, ascending.

    Parameters
    ----------
    beside
        All near those that changed, as they are and as they were.
    changed
        Those of them that may join a group now.
    """
    at = np.arange(len(beside.id))
    found = joint_bits(nearness.ways(beside.pool.joined(changed), at, book.thresholds))
    ids: Ints = beside.id[found != beside.joint]
    return ids
