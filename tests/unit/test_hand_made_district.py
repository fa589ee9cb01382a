"""The business district made by hand gets the answers worked out by hand."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from geo.buildings.placing import STRADDLES_BELOW
from geo.coverage import ground, joint, rates, rulebooks, scores, states, sums
from tests import hand_made_district as made
from tests import plain_units as plain
from tests.plain_units import arrays

BOOK = rulebooks.read()
UNITS, COVERINGS = arrays(made.UNITS, made.coverings())
FOUND = states.decide(UNITS, COVERINGS, np.datetime64(made.DAY, "D"), BOOK)
CODES = {"U", "P1", "P2", "P3", "P4", "P5", "G1", "G2", "G3"}


def test_every_unit_is_what_was_worked_out_by_hand() -> None:
    record = np.append(COVERINGS.record, 0)[FOUND.covering].tolist()
    told = zip(
        FOUND.state.tolist(), FOUND.method.tolist(), record, map(states.keys, FOUND.reasons.tolist()), strict=True
    )
    assert dict(zip(UNITS.id.tolist(), told, strict=True)) == made.STATES


def test_the_rules_read_out_slowly_give_the_same() -> None:
    said = plain.states(made.UNITS, made.coverings(), made.DAY, BOOK)
    assert said == [state for state, *_ in made.STATES.values()]


def test_every_code_occurs_once_and_p2_as_one_group() -> None:
    units = Counter(state for state, *_ in made.STATES.values() if state in CODES)
    grids = Counter(code for code, _ in made.GRID_STATES.values() if code in CODES - {"U"})
    assert units == {"U": 1, "P1": 1, "P2": len(made.JOINT_GROUPS[0]), "P3": 1, "P4": 1, "P5": 1}
    assert grids | {"G3": len(made.STRADDLING)} == {"G1": 1, "G2": 1, "G3": 1}


def test_a_building_is_its_worst_unit_with_the_weighted_numbers_beside() -> None:
    by_building = sums.by(UNITS, FOUND, UNITS.building, BOOK)
    told = scores.scores(by_building, BOOK)
    columns = (sums.worst(by_building, BOOK), told.score, told.unknown_units, told.unknown_workers)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    assert dict(zip(by_building.group.tolist(), rows, strict=True)) == made.BUILDING_STATES
    assert by_building.group[scores.ranked(told.score, by_building.group)].tolist() == list(made.RANKING)


def test_the_grids_are_what_was_worked_out_by_hand() -> None:
    def recorded(values: list[int | None]) -> np.ndarray:
        return np.array([np.nan if value is None else value for value in values])

    found = ground.leaves(
        np.array([grid.kind == "fallback" for grid in made.GRIDS]),
        np.array([(grid.box[2] - grid.box[0]) * (grid.box[3] - grid.box[1]) for grid in made.GRIDS]),
        recorded([grid.branch for grid in made.GRIDS]),
        recorded([grid.full_time[1] if grid.full_time else None for grid in made.GRIDS]),
    )
    told = zip(found.code.tolist(), map(states.keys, found.reasons.tolist()), strict=True)
    assert dict(zip([grid.id for grid in made.GRIDS], told, strict=True)) == made.GRID_STATES


def test_a_pinned_building_straddles_no_longer() -> None:
    share = np.array([building.share for building in made.BUILDINGS])
    pinned = np.array([building.is_pinned for building in made.BUILDINGS])
    found = ground.straddling(share < STRADDLES_BELOW, pinned)
    assert [building.id for building, is_g3 in zip(made.BUILDINGS, found, strict=True) if is_g3] == list(
        made.STRADDLING
    )


@pytest.mark.parametrize("rate", rates.RATES)
def test_the_rates_are_what_was_worked_out_by_hand(rate: str) -> None:
    whole = sums.by(UNITS, FOUND, np.ones(len(UNITS.id), dtype=np.int64), BOOK)
    for by, (numerator, denominator) in zip(("units", "workers"), made.RATES[rate], strict=True):
        assert [part.tolist() for part in rates.parts(whole, rate, by)] == [[numerator], [denominator]]
        assert rates.rates(whole, rate, by)[0] == pytest.approx(float(Fraction(numerator, denominator)))


def test_one_joint_branch_is_proposed_for_all_units_that_can_join() -> None:
    found = joint.propose(UNITS, FOUND.state == "P2", joint.JointRules.of(BOOK.thresholds))
    groups = [tuple(UNITS.id[row[row >= 0]].tolist()) for row in found.units]
    assert tuple(groups) == made.JOINT_GROUPS
    assert (found.size.tolist(), found.members.tolist(), found.basis.tolist()) == ([3], [4], ["park"])
