"""Every unit in business is in exactly one state, the first that holds; the domain read out slowly agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import joint, rulebooks, states
from geo.coverage.rulebooks import RuleBook
from geo.coverage.units import METHODS, Coverings, picked
from geo.errors import Refused
from tests import plain_units as plain
from tests.plain_units import ON, Covering, Unit, arrays

BOOK = rulebooks.read()
DAY = np.datetime64(ON, "D")
few = settings(max_examples=40)
LEVEL = {"P3": 0, "P1": 0, "P2": 0, "work": 1, "P4": 1, "P5": 2, "covered": 3}


def decided(units: Sequence[Unit], coverings: Sequence[Covering] = (), book: RuleBook = BOOK) -> states.States:
    return states.decide(*arrays(units, coverings), DAY, book)


def one(unit: Unit, *coverings: Covering) -> str:
    return str(decided([unit], coverings).state[0])


@settings(max_examples=120)
@given(plain.districts(), st.sampled_from([2, 3, 4]), st.sampled_from([2, 3, 5]))
def test_the_rules_read_out_slowly_agree(
    district: tuple[list[Unit], list[Covering]], must_form: int, most: int
) -> None:
    limits = replace(BOOK.thresholds, must_form_members=must_form, joint_min_members=must_form, joint_max_units=most)
    book = replace(BOOK, thresholds=limits)
    assert decided(*district, book).state.tolist() == plain.states(*district, ON, book)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 3), st.booleans()), max_size=8),
    st.integers(4, 7),
    st.integers(2, 4),
)
def test_joint_groups_are_found_exactly_where_they_are(
    places: list[tuple[int, int, int, bool]], wanted: int, most: int
) -> None:
    limits = replace(BOOK.thresholds, must_form_members=4, joint_min_members=wanted, joint_max_units=most)
    book = replace(BOOK, thresholds=limits)
    units = [
        Unit(n, building=0 if is_placed else 7, xy=(100.0 * x, 100.0 * y) if is_placed else None, members=members)
        for n, (x, y, members, is_placed) in enumerate(places, start=1)
    ]
    assert decided(units, (), book).state.tolist() == plain.states(units, (), ON, book)


@few
@given(plain.districts())
def test_joint_branches_are_proposed_among_the_p2_units_and_wherever_there_are_any(
    district: tuple[list[Unit], list[Covering]],
) -> None:
    units, coverings = arrays(*district)
    found = states.decide(units, coverings, DAY, BOOK)
    small = np.isin(found.state, ["P2", "P3", "work"]) & (units.members >= 1)
    groups = joint.propose(units, small, joint.JointRules.of(BOOK.thresholds))
    assert set(found.state[groups.units[groups.units >= 0]].tolist()) <= {"P2"}
    assert (len(groups.size) > 0) == ("P2" in found.state)


@few
@given(plain.districts())
def test_every_unit_in_business_has_one_state_with_reasons_of_it(district: tuple[list[Unit], list[Covering]]) -> None:
    found = decided(*district)
    for unit, state, reasons in zip(district[0], found.state.tolist(), found.reasons.tolist(), strict=True):
        assert (state in rulebooks.STATES) == unit.operating
        assert bool(states.keys(reasons)) == unit.operating
        assert (state == "U") == bool(
            {"never_surveyed", "survey_old", "survey_later", "members_unknown"} & set(states.keys(reasons))
        )


@few
@given(plain.districts(), st.randoms(use_true_random=False))
def test_the_order_of_records_decides_nothing(district: tuple[list[Unit], list[Covering]], random: object) -> None:
    units, coverings = arrays(*district)
    order = np.arange(len(coverings.unit))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = Coverings(**{name: column[order] for name, column in vars(coverings).items()})
    first, second = states.decide(units, coverings, DAY, BOOK), states.decide(units, mixed, DAY, BOOK)
    assert first.state.tolist() == second.state.tolist()
    assert first.method.tolist() == second.method.tolist()
    assert (
        np.append(coverings.record, 0)[first.covering].tolist() == np.append(mixed.record, 0)[second.covering].tolist()
    )
    assert np.array_equal(first.since.astype(int), second.since.astype(int))


@few
@given(plain.districts(), st.data())
def test_one_more_covering_never_makes_a_unit_less_covered(
    district: tuple[list[Unit], list[Covering]], data: st.DataObject
) -> None:
    units, coverings = district
    if not units:
        return
    whose = data.draw(st.integers(1, len(units)))
    more = [*coverings, data.draw(plain.covering_rows(999, whose))]
    before, after = decided(units, coverings), decided(units, more)
    level = {"": 0, "instructor": 1, "liaison": 1, "mass_organisation": 1} | dict.fromkeys(METHODS[:4], 2)
    assert all(level[was] <= level[now] for was, now in zip(before.method.tolist(), after.method.tolist(), strict=True))
    for number, (was, now) in enumerate(zip(before.state.tolist(), after.state.tolist(), strict=True), start=1):
        if number == whose and was in LEVEL and now != "P2" != was:
            assert LEVEL[was] <= LEVEL[now]


@few
@given(plain.districts(), st.data())
def test_deciding_only_the_affected_ones_equals_deciding_all(
    district: tuple[list[Unit], list[Covering]], data: st.DataObject
) -> None:
    rows, records = district
    changed = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=3))) if rows else []
    after = [data.draw(plain.unit_rows(unit.id)) if unit.id in changed else unit for unit in rows]
    kept = [record for record in records if record.unit not in changed or data.draw(st.booleans())]
    new = [data.draw(plain.covering_rows(800 + number, unit)) for number, unit in enumerate(changed)]
    (units, _), (moved, coverings) = arrays(rows, records), arrays(after, [*kept, *new])
    at = np.array(changed, dtype=np.int64) - 1
    positions = np.union1d(states.affected(units, at, BOOK), states.affected(moved, at, BOOK))
    anew = states.again(decided(rows, records), moved, coverings, positions, DAY, BOOK)
    whole = states.decide(moved, coverings, DAY, BOOK)
    for name in vars(whole):
        assert np.array_equal(getattr(anew, name).astype(str), getattr(whole, name).astype(str)), name


@few
@given(plain.districts(), st.data())
def test_what_is_affected_is_decided_by_its_own_surroundings(
    district: tuple[list[Unit], list[Covering]], data: st.DataObject
) -> None:
    units, coverings = arrays(*district)
    changed = np.array(
        sorted(data.draw(st.sets(st.integers(0, len(units.id) - 1), max_size=2))) if len(units.id) else [], np.int64
    )
    some = states.affected(units, changed, BOOK)
    around = states.affected(units, some, BOOK)
    few = states.decide(*picked(units, coverings, around), DAY, BOOK)
    whole = states.decide(units, coverings, DAY, BOOK)
    assert few.state[np.isin(around, some)].tolist() == whole.state[some].tolist()


def test_a_unit_in_two_records_is_told_by_the_best() -> None:
    paper = Covering(1, 1, "own", evidence=None)
    sound = Covering(1, 2, "industry")
    found = decided([Unit(1, members=4)], [paper, sound, Covering(1, 3, "liaison")])
    assert (found.state[0], found.method[0], found.covering[0]) == ("covered", "industry", 1)


@pytest.mark.parametrize(
    ("since", "until", "right"),
    [
        (None, None, "covered"),
        (ON, None, "covered"),
        (date(2026, 11, 23), None, "P1"),
        (None, ON, "P1"),
        (None, date(2026, 11, 23), "covered"),
    ],
)
def test_a_record_counts_from_its_first_day_to_the_day_before_its_end(
    since: date | None, until: date | None, right: str
) -> None:
    assert one(Unit(1, members=3), Covering(1, 1, "own", since=since, until=until)) == right


@pytest.mark.parametrize(
    ("surveyed", "members", "reasons"),
    [
        (None, 3, ("never_surveyed",)),
        (None, None, ("never_surveyed",)),
        (date(2025, 11, 22), 3, None),
        (date(2025, 11, 21), 3, ("survey_old",)),
        (date(2025, 11, 21), None, ("survey_old", "members_unknown")),
        (date(2026, 11, 23), 3, ("survey_later",)),
        (date(2026, 9, 30), None, ("members_unknown",)),
    ],
)
def test_what_is_not_known_is_told_with_its_reasons_even_where_an_organisation_is_recorded(
    surveyed: date | None, members: int | None, reasons: tuple[str, ...] | None
) -> None:
    found = decided([Unit(1, members=members, surveyed=surveyed)], [Covering(1, 1, "own")])
    assert found.state[0] == ("U" if reasons else "covered")
    assert found.method[0] == ("" if reasons else "own")
    assert states.keys(int(found.reasons[0])) == (reasons or ("organised",))


@pytest.mark.parametrize(
    ("record", "reasons"),
    [
        (Covering(1, 1, "own", evidence=date(2025, 11, 22)), None),
        (Covering(1, 1, "own", evidence=date(2025, 11, 21)), ("evidence_old",)),
        (Covering(1, 1, "area", evidence=None), ("no_evidence",)),
        (Covering(1, 1, "area", evidence=date(2026, 12, 1)), ("evidence_later",)),
        (Covering(1, 1, "own", branch_members=50), None),
        (Covering(1, 1, "own", branch_members=51), ("branch_too_large",)),
        (Covering(1, 1, "joint", branch_units=5), None),
        (Covering(1, 1, "joint", branch_units=6, evidence=None), ("no_evidence", "joint_too_large")),
        (Covering(1, 1, "area", branch_units=60), None),
    ],
)
def test_a_covering_on_paper_is_p5_and_still_a_covering(record: Covering, reasons: tuple[str, ...] | None) -> None:
    found = decided([Unit(1, members=1)], [record])
    assert (found.state[0], found.method[0]) == ("P5" if reasons else "covered", record.method)
    assert states.keys(int(found.reasons[0])) == (reasons or ("organised",))


@pytest.mark.parametrize("months", [1, 3, 6, 12, 24])
@pytest.mark.parametrize("evidence", [date(2024, 2, 29), date(2025, 8, 31), date(2025, 11, 30)])
def test_months_are_of_the_calendar(months: int, evidence: date) -> None:
    book = replace(BOOK, months=replace(BOOK.months, evidence=months))
    last = np.datetime64(plain.shifted(evidence, months), "D")
    rows = arrays([Unit(1, members=1, surveyed=evidence)], [Covering(1, 1, "own", evidence=evidence)])
    book = replace(book, months=replace(book.months, survey=600))
    assert states.decide(*rows, last, book).state[0] == "covered"
    after = states.decide(*rows, last + 1, book)
    assert (after.state[0], after.since[0]) == ("P5", last + 1)


def test_since_when_is_told_where_dates_tell_it() -> None:
    units = [
        Unit(1, members=3),
        Unit(2, members=3),
        Unit(3, members=3),
        Unit(4, members=1, surveyed=date(2025, 1, 15)),
        Unit(5, members=None),
        Unit(6, surveyed=None),
        Unit(7, members=0),
        Unit(8, members=3),
        Unit(9, members=3),
        Unit(10, members=3, surveyed=date(2026, 1, 10)),
    ]
    records = [
        Covering(1, 1, "own", since=date(2020, 5, 1)),
        Covering(2, 2, "own"),
        Covering(3, 3, "own", until=date(2026, 11, 1)),
        Covering(7, 4, "liaison", since=date(2019, 3, 1)),
        Covering(8, 5, "joint", since=date(2021, 7, 1), branch_units=6),
        Covering(9, 6, "joint", since=date(2021, 7, 1), evidence=None),
        Covering(10, 7, "instructor", since=date(2026, 3, 22)),
        Covering(10, 8, "mass_organisation", until=date(2026, 5, 1)),
    ]
    found = decided(units, records)
    told = dict(zip(found.state.tolist(), found.since.tolist(), strict=True))
    assert list(zip(found.state.tolist(), found.since.tolist(), strict=True)) == [
        ("covered", date(2020, 5, 1)),
        ("covered", None),
        ("P1", date(2026, 11, 1)),
        ("U", date(2026, 1, 16)),
        ("U", date(2026, 9, 30)),
        ("U", None),
        ("work", date(2026, 9, 30)),
        ("P5", None),
        ("P5", date(2021, 7, 1)),
        ("P4", date(2026, 3, 22)),
    ], told


def test_joint_groups_are_told_by_their_way_and_never_larger_than_a_joint_branch_may_be() -> None:
    ring = [(0.0, 0.0), (500.0, 0.0), (250.0, 400.0)]
    triple = [Unit(n, xy=place, members=1) for n, place in enumerate(ring, start=1)]
    assert [states.keys(int(bits)) for bits in decided(triple).reasons] == [("joint_within_reach",)] * 3
    apart = [replace(triple[0], xy=(-1.0, 0.0)), *triple[1:]]
    assert decided(apart).state.tolist() == ["P3"] * 3
    one_building = [replace(unit, xy=None, building=7) for unit in triple]
    assert [states.keys(int(bits)) for bits in decided(one_building).reasons] == [("joint_in_building",)] * 3
    one_park = [replace(unit, xy=None, park=7) for unit in triple]
    assert [states.keys(int(bits)) for bits in decided(one_park).reasons] == [("joint_in_park",)] * 3
    pair = replace(BOOK, thresholds=replace(BOOK.thresholds, joint_max_units=2))
    assert decided(one_building, (), pair).state.tolist() == ["P3"] * 3


def test_an_unknown_or_covered_neighbour_joins_no_group() -> None:
    units = [Unit(n, building=7, members=2) for n in (1, 2)]
    assert decided(units).state.tolist() == ["P2", "P2"]
    assert decided([units[0], replace(units[1], surveyed=None)]).state.tolist() == ["P3", "U"]
    assert decided([units[0], replace(units[1], operating=False)]).state.tolist() == ["P3", ""]
    assert decided(units, [Covering(2, 1, "area")]).state.tolist() == ["P3", "covered"]
    assert decided(units, [Covering(2, 1, "liaison")]).state.tolist() == ["P2", "P2"]
    assert decided([units[0], replace(units[1], members=3)]).state.tolist() == ["P3", "P1"]


def test_no_unit_and_no_record_are_no_trouble() -> None:
    assert decided([]).state.tolist() == []
    assert states.affected(arrays([], [])[0], np.zeros(0, np.int64), BOOK).tolist() == []


def test_a_method_there_is_none_of_is_refused() -> None:
    with pytest.raises(Refused, match=r"'party' is no method of covering; there are own, joint"):
        decided([Unit(1)], [Covering(1, 1, "party")])


def test_twenty_thousand_units_on_one_spot_and_a_dense_field_take_no_square_of_time() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    units, coverings = arrays([], [])
    many = {
        name: np.resize(column, (n, *column.shape[1:]))
        for name, column in vars(arrays([Unit(1, members=1)], [])[0]).items()
    }
    many |= {"id": np.arange(n), "xy_m": np.where(np.arange(n)[:, None] % 2, 0.0, rng.uniform(0, 900, (n, 2)))}
    found = states.decide(type(units)(**many), coverings, DAY, BOOK)
    assert (found.state == "P2").all()
