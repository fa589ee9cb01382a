"""Who covers whom: records of coverage as they are read, and the units each covers where these lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa

from geo import parameters
from geo.arrays import Floats, Ints
from geo.coverage.reading import ALL, ORGANISATIONS, RECORDS, UNITS, Asked
from geo.coverage.units import METHODS, Coverings, Days, Keys, Units
from geo.fetching import Column, Made, day, fetch_known, figure, whole, word

BRANCHES = ("branch", "joint_branch", "grid_branch")
"""Kinds of organisations that have a most number of members."""

_ONE_UNIT = ("own", "joint")  # of a building or grid these mean `area`: its units have no organisation of their own


@dataclass(frozen=True, eq=False)
class Records:
    """Records of coverage (k,), ascending by id; each is of a unit, or a building, or a grid, the others being 0.

    The rest is as in :class:`~geo.coverage.units.Coverings`; ``method`` is blank for one there is none of.
    """

    record: Ints
    unit: Ints
    building: Ints
    grid: Ints
    organisation: Ints
    method: Keys
    evidence: Days
    since: Days
    until: Days
    branch_members: Floats
    branch_units: Ints

    def handed(self, heirs: Mapping[int, int]) -> Records:
        """The same, those of some grids (by id) being those of their heirs."""
        return replace(self, grid=np.array([heirs.get(one, one) for one in self.grid.tolist()], dtype=np.int64))


def coverings(connection: sa.Connection, given: Units, on: np.datetime64, asked: Asked = ALL) -> Coverings:
    """Records of coverage, one row a unit and record, as :func:`covering` tells them.

    Parameters
    ----------
    given
        The units whose records are wanted, as :func:`geo.coverage.reading.units` has read them with the same ``asked``.
    on
        The day on which units of a branch are counted, those in business only.
    """
    of = {} if asked.ids is None else {"units": given.id, "buildings": given.building, "grids": given.grid}
    return covering(read(connection, on, of), given)


def covering(told: Records, given: Units) -> Coverings:
    """Records, one row a unit and record; a record of a building or grid for each of the units that lies there.

    A building or grid has no organisation of its own: ``own``, ``joint`` and ``area`` of one mean ``area``, and
    ``industry``, which covers units and not ground, means nothing there.
    """
    on_ground = told.unit == 0
    method = np.where(on_ground & np.isin(told.method, _ONE_UNIT), "area", told.method)
    usable = (method != "") & ~(on_ground & (method == "industry"))
    row, unit = [], []
    taken = np.zeros(len(method), dtype=np.bool_)
    keys = ((told.unit, given.id), (told.building, given.building), (told.grid, given.grid))
    for wanted, key in keys:
        these = np.flatnonzero(usable & ~taken & (wanted != 0))
        taken |= wanted != 0
        pairs = _matched(wanted[these], key)
        row.append(these[pairs[0]])
        unit.append(pairs[1])
    rows, units_of = np.concatenate(row), np.concatenate(unit)
    order = np.lexsort((told.record[rows], units_of))
    rows, units_of = rows[order], units_of[order]
    return Coverings(
        unit=units_of,
        record=told.record[rows],
        organisation=told.organisation[rows],
        method=method[rows],
        evidence=told.evidence[rows],
        since=told.since[rows],
        until=told.until[rows],
        branch_members=told.branch_members[rows],
        branch_units=told.branch_units[rows],
    )


def _matched(wanted: Ints, key: Ints) -> tuple[Ints, Ints]:
    """Positions in ``wanted`` and in ``key`` of every pair that is equal."""
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    first = np.searchsorted(ranked, wanted, side="left")
    count = np.searchsorted(ranked, wanted, side="right") - first
    left = np.repeat(np.arange(len(wanted)), count)
    step = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
    return left, order[first[left] + step]


def read(connection: sa.Connection, on: np.datetime64, of: Mapping[str, Ints]) -> Records:
    """Records of the ``units``, ``buildings`` and ``grids`` with some ids; all records where ``of`` is empty.

    ``on`` is the day on which units of a branch are counted.
    """
    given = {name: parameters.ids(np.unique(ids)) for name, ids in of.items()}
    told = fetch_known(connection, f"records by {', '.join(of)}", lambda: _recorded(bool(of)), given)
    ids, units = _branches(connection, on, Asked(np.unique(told["organisation"]) if of else None))
    branch_units = np.zeros(len(told["organisation"]), dtype=np.int64)
    known = np.isin(told["organisation"], ids)
    branch_units[known] = units[np.searchsorted(ids, told["organisation"][known])]
    return Records(**told, branch_units=branch_units)


def _recorded(is_some: bool) -> Made:
    record, organisation = RECORDS.c, ORGANISATIONS.alias().c
    members = sa.case((organisation.kind.in_(BRANCHES), organisation.members))
    columns: dict[str, Column] = {
        "record": whole(record.id),
        "unit": whole(record.unit_id),
        "building": whole(record.building_id),
        "grid": whole(record.grid_id),
        "organisation": whole(record.organisation_id),
        "method": word(record.method, METHODS),
        "evidence": day(record.evidence_on),
        "since": day(record.since),
        "until": day(record.until),
        "branch_members": figure(members),
    }
    joined = RECORDS.outerjoin(organisation.id.table, organisation.id == record.organisation_id)
    query = sa.select(RECORDS).select_from(joined).order_by(record.id)
    if is_some:
        named = {"units": record.unit_id, "buildings": record.building_id, "grids": record.grid_id}
        query = query.where(sa.or_(*(column == sa.any_(parameters.listed(name)) for name, column in named.items())))
    return columns, query


def _branches(connection: sa.Connection, on: np.datetime64, asked: Asked) -> tuple[Ints, Ints]:
    """Ids of organisations, ascending, and how many units in business each covers by ``own`` or ``joint``."""
    given = {"today": str(on), **asked.given}
    told = fetch_known(connection, asked.name("branches"), lambda: _counted(asked), given)
    return told["id"], told["units"]


def _counted(asked: Asked) -> Made:
    record, unit = RECORDS.c, UNITS.c
    today = sa.cast(sa.bindparam("today", type_=sa.Text), sa.Date)
    in_force = sa.and_(
        sa.or_(record.since.is_(None), record.since <= today), sa.or_(record.until.is_(None), record.until > today)
    )
    counted = (
        sa.select(record.organisation_id, sa.func.count(sa.distinct(record.unit_id)).label("units"))
        .join(unit.id.table, unit.id == record.unit_id)
        .where(record.method.in_(_ONE_UNIT), in_force, unit.operating.is_distinct_from(sa.false()))
        .where(*asked.named(record.organisation_id))
        .group_by(record.organisation_id)
    )
    branch = counted.subquery().c
    query = sa.select(branch.organisation_id.table).where(branch.organisation_id.is_not(None))
    columns = {"id": whole(branch.organisation_id), "units": whole(branch.units)}
    return columns, query.order_by(branch.organisation_id)
