"""Units and their coverings as plain rows, and the domain's rules read out slowly: what the arrays are held against."""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from geo.coverage.rulebooks import RuleBook
from geo.coverage.units import METHODS, Coverings, Units

ON = date(2026, 11, 22)


@dataclass(frozen=True)
class Unit:
    """One firm or social organisation; metres from the district's corner."""

    id: int
    building: int = 0
    grid: int = 1
    park: int = 0
    xy: tuple[float, float] | None = None
    industry: str = ""
    workers: int | None = 10
    members: int | None = 0
    operating: bool = True
    surveyed: date | None = date(2026, 9, 30)
    name: str = ""


@dataclass(frozen=True)
class Covering:
    """One record of coverage; ``unit`` is the unit's id."""

    unit: int
    record: int
    method: str
    organisation: int = 1
    evidence: date | None = date(2026, 6, 30)
    since: date | None = None
    until: date | None = None
    branch_members: int | None = None
    branch_units: int = 1


def arrays(units: Iterable[Unit], coverings: Iterable[Covering]) -> tuple[Units, Coverings]:
    """The same rows as arrays, in the order of the contract."""
    rows = sorted(units, key=lambda unit: unit.id)
    place = {unit.id: number for number, unit in enumerate(rows)}
    records = sorted(coverings, key=lambda one: (place[one.unit], one.record))

    def floats(values: Iterable[float | None]) -> np.ndarray:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    def days(values: Iterable[date | None]) -> np.ndarray:
        return np.array(list(values), dtype="datetime64[D]")

    def ints(values: Iterable[int]) -> np.ndarray:
        return np.array(list(values), dtype=np.int64)

    def keys(values: Iterable[str]) -> np.ndarray:
        return np.array(list(values), dtype=np.str_)

    return (
        Units(
            id=ints(unit.id for unit in rows),
            building=ints(unit.building for unit in rows),
            grid=ints(unit.grid for unit in rows),
            park=ints(unit.park for unit in rows),
            xy_m=np.array([unit.xy or (np.nan, np.nan) for unit in rows], dtype=np.float64).reshape(-1, 2),
            industry=keys(unit.industry for unit in rows),
            workers=floats(unit.workers for unit in rows),
            members=floats(unit.members for unit in rows),
            operating=np.array([unit.operating for unit in rows], dtype=np.bool_),
            surveyed=days(unit.surveyed for unit in rows),
        ),
        Coverings(
            unit=ints(place[one.unit] for one in records),
            record=ints(one.record for one in records),
            organisation=ints(one.organisation for one in records),
            method=keys(one.method for one in records),
            evidence=days(one.evidence for one in records),
            since=days(one.since for one in records),
            until=days(one.until for one in records),
            branch_members=floats(one.branch_members for one in records),
            branch_units=ints(one.branch_units for one in records),
        ),
    )


def shifted(day: date, months: int) -> date:
    """The same day of the month, so many months later, or the last of a month that has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def is_unknown(unit: Unit, on: date, book: RuleBook) -> bool:
    """U: never surveyed, surveyed too long ago or only later, members not known."""
    if unit.surveyed is None or unit.surveyed > on or unit.members is None:
        return True
    return shifted(unit.surveyed, book.months.survey) < on


def in_force(one: Covering, on: date) -> bool:
    """Whether a record counts on the day."""
    return (one.since is None or one.since <= on) and (one.until is None or on < one.until)


def is_paper(one: Covering, on: date, book: RuleBook) -> bool:
    """P5: no evidence, or too old, or of a later day; a branch, or a joint branch, that is too large."""
    limits = book.thresholds
    if one.evidence is None or one.evidence > on or shifted(one.evidence, book.months.evidence) < on:
        return True
    if one.branch_members is not None and one.branch_members > limits.branch_most_members:
        return True
    return one.method == "joint" and one.branch_units > limits.joint_max_units


def organisations(unit: Unit, coverings: Sequence[Covering], on: date) -> list[Covering]:
    """Records in force by which an organisation covers the unit."""
    return [one for one in coverings if one.unit == unit.id and in_force(one, on) and one.method in METHODS[:4]]


def helpers(unit: Unit, coverings: Sequence[Covering], on: date) -> list[Covering]:
    """Records in force of an instructor, liaison or mass organisation."""
    return [one for one in coverings if one.unit == unit.id and in_force(one, on) and one.method in METHODS[4:]]


def can_join(unit: Unit, units: Sequence[Unit], coverings: Sequence[Covering], on: date, book: RuleBook) -> bool:
    """Whether some joint group with the unit exists, by trying every group."""
    limits = book.thresholds

    def joins(other: Unit) -> bool:
        return (
            other.operating
            and not is_unknown(other, on, book)
            and not organisations(other, coverings, on)
            and other.members is not None
            and 1 <= other.members < limits.must_form_members
        )

    def near(one: Unit, two: Unit) -> bool:
        if one.xy is None or two.xy is None:
            return False
        return math.dist(one.xy, two.xy) <= limits.reach_m

    def fits(group: Sequence[Unit]) -> bool:
        one_building = unit.building != 0 and all(one.building == unit.building for one in group)
        one_park = unit.park != 0 and all(one.park == unit.park for one in group)
        together = one_building or one_park or all(near(one, two) for one, two in combinations(group, 2))
        return together and sum(one.members or 0 for one in group) >= limits.joint_min_members

    others = [other for other in units if other.id != unit.id and joins(other)]
    return any(
        fits([unit, *group]) for size in range(1, limits.joint_max_units) for group in combinations(others, size)
    )


def state(unit: Unit, units: Sequence[Unit], coverings: Sequence[Covering], on: date, book: RuleBook) -> str:
    """The first that holds: unknown, covered (P5 on paper), P1 or P4, P2, covered by work, P3."""
    if not unit.operating:
        return ""
    if is_unknown(unit, on, book):
        return "U"
    if records := organisations(unit, coverings, on):
        return "P5" if all(is_paper(one, on, book) for one in records) else "covered"
    work = helpers(unit, coverings, on)
    members = unit.members or 0
    if members >= book.thresholds.must_form_members:
        return "P4" if work else "P1"
    if members >= 1 and can_join(unit, units, coverings, on, book):
        return "P2"
    return "work" if work else "P3"


def states(units: Sequence[Unit], coverings: Sequence[Covering], on: date, book: RuleBook) -> list[str]:
    """The state of every unit, in ascending order of id."""
    return [state(unit, units, coverings, on, book) for unit in sorted(units, key=lambda one: one.id)]


_DAYS = st.sampled_from([
    None,
    date(2024, 1, 1),
    date(2025, 11, 21),
    date(2025, 11, 22),
    date(2025, 11, 23),
    date(2026, 6, 30),
    ON,
    date(2026, 11, 23),
])  # fmt: skip
_PLACES = st.one_of(
    st.none(), st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda xy: (xy[0] * 100.0, xy[1] * 100.0))
)


@st.composite
def unit_rows(draw: st.DrawFn, identity: int) -> Unit:
    """One unit, more often in business and surveyed than not."""
    return Unit(
        id=identity,
        building=draw(st.sampled_from([0, 0, 11, 12])),
        grid=draw(st.sampled_from([1, 2])),
        park=draw(st.sampled_from([0, 0, 0, 31])),
        xy=draw(_PLACES),
        workers=draw(st.sampled_from([None, 0, 3, 40, 250])),
        members=draw(st.sampled_from([0, 1, 1, 1, 2, 3, 7, None])),
        operating=draw(st.sampled_from([True, True, True, True, False])),
        surveyed=draw(st.one_of(st.just(date(2026, 9, 30)), st.just(date(2026, 9, 30)), _DAYS)),
    )


@st.composite
def covering_rows(draw: st.DrawFn, record: int, unit: int) -> Covering:
    """One record of a unit."""
    return Covering(
        unit=unit,
        record=record,
        method=draw(st.sampled_from(METHODS)),
        organisation=draw(st.integers(0, 3)),
        evidence=draw(_DAYS),
        since=draw(_DAYS),
        until=draw(st.one_of(st.none(), _DAYS)),
        branch_members=draw(st.sampled_from([None, 5, 50, 51])),
        branch_units=draw(st.sampled_from([0, 1, 5, 6])),
    )


@st.composite
def districts(draw: st.DrawFn, most: int = 9) -> tuple[list[Unit], list[Covering]]:
    """Units with records of some of them."""
    units = [draw(unit_rows(identity)) for identity in range(1, draw(st.integers(0, most)) + 1)]
    whose = draw(st.lists(st.integers(1, len(units)), max_size=6)) if units else []
    return units, [draw(covering_rows(record, unit)) for record, unit in enumerate(whose, start=100)]


def rows_of(table: Units | Coverings) -> int:
    """How many rows the arrays have."""
    return len(getattr(table, fields(table)[0].name))
