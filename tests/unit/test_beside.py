"""A unit that did not change has another joint group only where one near it did, and then it is doubted."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.arrays import Ints
from geo.coverage import beside, rulebooks, states
from geo.coverage.beside import Beside
from geo.coverage.nearness import Pool
from geo.coverage.states import JOINING, States
from geo.coverage.units import Units, picked
from tests import plain_units as plain
from tests.plain_units import ON, Covering, Unit, arrays

BOOK = rulebooks.read()
DAY = np.datetime64(ON, "D")
few = settings(max_examples=60)
WAYS = states.BITS["joint_in_building"] | states.BITS["joint_in_park"] | states.BITS["joint_within_reach"]


def standing(units: Units, decided: States, at: Ints) -> Beside:
    """Those at these positions who may join a group, as a run has left them."""
    small = (units.members >= 1) & (units.members < BOOK.thresholds.must_form_members)
    rows = at[(small & np.isin(decided.state, JOINING))[at]]
    joint = np.where(decided.state == "P2", decided.reasons & WAYS, 0)
    return Beside(units.id[rows], Pool.of(units, rows), joint[rows])


@few
@given(plain.districts(), st.data())
def test_who_is_neither_changed_nor_doubted_is_what_it_was(
    district: tuple[list[Unit], list[Covering]], data: st.DataObject
) -> None:
    rows, records = district
    changed = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=2))) if rows else []
    after = [data.draw(plain.unit_rows(unit.id)) if unit.id in changed else unit for unit in rows]
    kept = [record for record in records if record.unit not in changed or data.draw(st.booleans())]
    (units, was), (moved, coverings) = arrays(rows, records), arrays(after, kept)
    before, now = states.decide(units, was, DAY, BOOK), states.decide(moved, coverings, DAY, BOOK)
    at = np.array(changed, dtype=np.int64) - 1
    near = np.union1d(states.affected(units, at, BOOK), states.affected(moved, at, BOOK))
    others = standing(units, before, np.setdiff1d(near, at))
    own, theirs = picked(moved, coverings, at)
    decided = states.decide(own, theirs, DAY, BOOK, others.pool)
    assert decided.state.tolist() == now.state[at].tolist()
    assert decided.reasons.tolist() == now.reasons[at].tolist()
    doubted = beside.doubtful(others, states.joining(own, decided, BOOK), BOOK)
    same = (before.state == now.state) & (before.reasons == now.reasons)
    assert set(units.id[~same].tolist()) <= {*changed, *doubted.tolist()}


def test_who_loses_the_last_one_it_could_join_is_doubted_and_who_has_others_is_not() -> None:
    rows = [Unit(1, members=2, building=5), Unit(2, members=2, building=5), Unit(3, members=2, building=6)]
    more = [*rows, Unit(4, members=2, building=6), Unit(5, members=2, building=6)]
    units, coverings = arrays(more, [])
    before = states.decide(units, coverings, DAY, BOOK)
    assert before.state.tolist() == ["P2"] * 5
    others = standing(units, before, np.array([1, 3, 4]))  # 1 and 3 have another number of members now
    nobody = Pool.of(units, np.zeros(0, dtype=np.int64))
    assert beside.doubtful(others, nobody, BOOK).tolist() == [2]
