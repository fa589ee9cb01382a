"""Rates come from sums of parts: U is in none of them, partitions add up, nothing is divided by zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coverage import ground, rates, rulebooks, scores, states, sums
from geo.coverage.states import States
from geo.coverage.sums import Sums
from geo.coverage.units import METHODS, Units
from geo.errors import Unknown
from tests import plain_units as plain
from tests.plain_units import ON, Covering, Unit, arrays

BOOK = rulebooks.read()
DAY = np.datetime64(ON, "D")
few = settings(max_examples=40)
District = tuple[list[Unit], list[Covering]]
WEIGHINGS = ("units", "workers")


def decided(district: District) -> tuple[Units, States]:
    units, coverings = arrays(*district)
    return units, states.decide(units, coverings, DAY, BOOK)


def whole(units: Units, found: States) -> Sums:
    return sums.by(units, found, np.zeros(len(units.id), dtype=np.int64), BOOK, np.zeros(1, dtype=np.int64))


def slow(district: District, rate: str, weighing: str) -> tuple[float, float]:
    """Numerator and denominator, read off the definitions unit by unit."""
    units, coverings = district
    numerator = denominator = 0
    for unit, state in zip(units, plain.states(units, coverings, ON, BOOK), strict=True):
        weight = 1 if weighing == "units" else unit.workers or 0
        organised = plain.organisations(unit, coverings, ON)
        sound = [one for one in organised if not plain.is_paper(one, ON, BOOK)] or organised
        among = state not in ("", "U")
        counts = {
            "organisational": bool(organised),
            "work": bool(organised or plain.helpers(unit, coverings, ON)),
            "standalone": any(one.method == "own" for one in sound),
            "on_paper": state == "P5",
            "reachable_gap": state in ("P1", "P2", "P4"),
            "must_form_gap": state in ("P1", "P4"),
            "surveyed": among,
        }[rate]
        if rate == "surveyed":
            among = state != ""
        if rate == "must_form_gap":
            among = among and (unit.members or 0) >= 3
        denominator += weight * among
        numerator += weight * (among and counts)
    return numerator, denominator


@pytest.mark.parametrize("weighing", WEIGHINGS)
@pytest.mark.parametrize("rate", rates.RATES)
@settings(max_examples=25)
@given(district=plain.districts(most=7))
def test_the_definitions_read_out_slowly_agree(district: District, rate: str, weighing: str) -> None:
    numerator, denominator = rates.parts(whole(*decided(district)), rate, weighing)  # type: ignore[arg-type]
    assert (numerator[0], denominator[0]) == slow(district, rate, weighing)


@given(
    plain.districts(), st.sampled_from([rate for rate in rates.RATES if rate != "surveyed"]), st.sampled_from(WEIGHINGS)
)
def test_what_is_unknown_is_in_no_numerator_and_no_denominator(district: District, rate: str, weighing: str) -> None:
    units, coverings = district
    unknown = [unit for unit in units if plain.is_unknown(unit, ON, BOOK)]
    without = [unit for unit in units if unit not in unknown]
    kept = [one for one in coverings if one.unit in {unit.id for unit in without}]
    first, second = whole(*decided(district)), whole(*decided((without, kept)))
    assert [part.tolist() for part in rates.parts(first, rate, weighing)] == [  # type: ignore[arg-type]
        part.tolist()
        for part in rates.parts(second, rate, weighing)  # type: ignore[arg-type]
    ]


@few
@given(plain.districts(), st.data())
def test_the_parts_of_any_partition_add_up_to_the_whole(district: District, data: st.DataObject) -> None:
    units, found = decided(district)
    n = len(units.id)
    group = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), dtype=np.int64)
    divided = sums.by(units, found, group, BOOK)
    up = sums.rolled(divided, np.zeros(len(divided.group), dtype=np.int64), np.zeros(1, dtype=np.int64))
    for name, part in vars(whole(units, found)).items():
        assert getattr(up, name).tolist() == part.tolist(), name


@few
@given(plain.districts(), st.randoms(use_true_random=False))
def test_the_order_of_pairs_and_a_pair_given_twice_change_nothing(district: District, random: object) -> None:
    units, found = decided(district)
    pairs = [(unit, group) for unit in range(len(units.id)) for group in (unit % 2, 2 + unit % 3)]
    mixed = [*pairs, *pairs[: len(pairs) // 2]]
    random.shuffle(mixed)  # type: ignore[attr-defined]

    def summed(listed: list[tuple[int, int]]) -> Sums:
        table = np.array(listed, dtype=np.int64).reshape(-1, 2)
        return sums.of(units, found, (table[:, 0], table[:, 1]), BOOK)

    first, second = summed(pairs), summed(mixed)
    assert all(np.array_equal(getattr(first, name), getattr(second, name)) for name in vars(first))
    assert first.units.sum() == 2 * units.operating.sum()


@few
@given(plain.districts())
def test_every_unit_in_business_stands_in_one_column_and_each_covered_one_in_one_method(district: District) -> None:
    units, found = decided(district)
    total = whole(units, found)
    assert total.units.sum() == units.operating.sum()
    assert total.by_method.sum() == (found.method != "").sum()
    organisations = total.by_method[:, :4].sum()
    assert organisations == total.state("covered", "P5").sum()
    assert total.by_method.sum() - organisations >= total.state("work", "P4").sum()


def test_groups_no_unit_is_in_have_zeros_and_no_rate() -> None:
    units, found = decided(([Unit(1, grid=5)], []))
    table = sums.by(units, found, units.grid, BOOK, np.array([9, 5]))
    assert table.group.tolist() == [5, 9]
    assert table.units.sum(axis=1).tolist() == [1, 0]
    assert np.isnan(rates.rates(table, "organisational")).tolist() == [False, True]
    assert sums.worst(table, BOOK).tolist() == ["P3", ""]


@pytest.mark.parametrize("rate", rates.RATES)
@pytest.mark.parametrize("weighing", WEIGHINGS)
def test_nothing_is_divided_by_zero(rate: str, weighing: str) -> None:
    units, found = decided(([Unit(1, surveyed=None, workers=None), Unit(2, operating=False)], []))
    value = rates.rates(whole(units, found), rate, weighing)[0]  # type: ignore[arg-type]
    assert value == 0.0 if (rate, weighing) == ("surveyed", "units") else np.isnan(value)


def test_a_rate_there_is_none_of_is_unknown() -> None:
    with pytest.raises(Unknown, match="no rate 'coverage'; there are organisational"):
        rates.parts(whole(*decided(([], []))), "coverage")


@few
@given(plain.districts())
def test_a_group_is_its_worst_unit_and_unknown_only_where_all_are(district: District) -> None:
    units, found = decided(district)
    table = sums.by(units, found, units.grid, BOOK)
    for group, state in zip(table.group.tolist(), sums.worst(table, BOOK).tolist(), strict=True):
        inside = set(found.state[(units.grid == group) & units.operating].tolist())
        expected = next((code for code in BOOK.worst if code in inside), "U")
        assert state == expected


@few
@given(plain.districts())
def test_a_score_is_the_sum_of_its_parts_and_knows_nothing_of_the_unknown(district: District) -> None:
    units, found = decided(district)
    table = sums.by(units, found, units.grid, BOOK)
    told = scores.scores(table, BOOK)
    for row, group in enumerate(table.group.tolist()):
        inside = [unit for unit in district[0] if unit.grid == group]
        pairs = [(found.state[unit.id - 1], unit.workers) for unit in inside]
        weighed = sum(BOOK.weight(state) * (workers or 0) for state, workers in pairs if state in scores.SCORED)
        assert told.score[row] == pytest.approx(weighed)
        assert told.uncounted[row] == sum(workers is None for state, workers in pairs if state in scores.SCORED)
        assert told.unknown_units[row] == sum(state == "U" for state, _ in pairs)
        assert told.unknown_workers[row] == sum(workers or 0 for state, workers in pairs if state == "U")


def test_equal_scores_are_ranked_by_id_and_what_has_none_comes_last() -> None:
    score = np.array([3.0, np.nan, 7.0, 3.0, np.nan])
    assert scores.ranked(score, np.array([9, 2, 5, 4, 1])).tolist() == [2, 3, 0, 4, 1]


def test_ground_weighs_by_its_own_code() -> None:
    codes = np.array(["G1", "", "U", "G2", "G2"])
    weighed = scores.of_ground(codes, np.array([10.0, 10.0, 10.0, 100.0, np.nan]), BOOK)
    assert np.array_equal(weighed, [5.0, 0.0, np.nan, 30.0, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("fallback", "area", "branch", "full_time", "code", "reasons"),
    [
        (True, 1.0, np.nan, np.nan, "G1", ("no_grid",)),
        (True, 0.0, np.nan, np.nan, "", ()),
        (False, 1.0, 1, 1, "", ()),
        (False, 1.0, 0, 1, "G2", ("no_branch",)),
        (False, 1.0, 1, 0, "G2", ("no_full_time",)),
        (False, 1.0, 0, 0, "G2", ("no_branch", "no_full_time")),
        (False, 1.0, 0, np.nan, "G2", ("no_branch", "staff_unknown")),
        (False, 1.0, np.nan, 0, "G2", ("no_full_time", "branch_unknown")),
        (False, 1.0, 1, np.nan, "U", ("staff_unknown",)),
        (False, 1.0, np.nan, 2, "U", ("branch_unknown",)),
        (False, 1.0, np.nan, np.nan, "U", ("branch_unknown", "staff_unknown")),
    ],
)
def test_a_grid_lacks_what_is_known_to_be_missing_and_is_unknown_where_nobody_wrote_it_down(
    fallback: bool, area: float, branch: float, full_time: float, code: str, reasons: tuple[str, ...]
) -> None:
    columns = np.array([fallback]), np.array([area]), np.array([branch]), np.array([full_time])
    found = ground.leaves(*columns)
    assert (found.code[0], states.keys(int(found.reasons[0]))) == (code, reasons)


def test_methods_are_counted_in_the_order_of_the_contract() -> None:
    records = [Covering(number, number, method) for number, method in enumerate(METHODS, start=1)]
    total = whole(*decided(([Unit(number, members=0) for number in range(1, len(METHODS) + 1)], records)))
    assert total.by_method.tolist() == [[1] * len(METHODS)]
