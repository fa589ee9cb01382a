"""What is counted adds up: children and what the parent is told of itself make the parent, and nothing is lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from geo.arrays import Ints
from geo.coverage.rollups import Tally, Totals, Tree


@st.composite
def cities(draw: st.DrawFn) -> Ints:
    """Leaves with the ids over them (n, levels), some without the area just above them."""
    levels = draw(st.integers(2, 5))
    n = draw(st.integers(1, 25))
    lineage = np.zeros((n, levels), dtype=np.int64)
    lineage[:, 0] = 1
    for level in range(1, levels - 1):
        width = draw(st.integers(1, 3))
        parts = [draw(st.integers(0, width - 1)) for _ in range(n)]
        lineage[:, level] = 1000 * level + lineage[:, level - 1] % 1000 * 10 + parts
    lineage[:, -1] = 100_000 + np.arange(n)
    for row in range(n):
        if levels > 2 and draw(st.booleans()) and draw(st.booleans()):
            lineage[row, -2] = 0
    return lineage


@given(cities(), st.data())
def test_every_place_is_the_sum_of_its_children_and_its_own(lineage: Ints, data: st.DataObject) -> None:
    tree = Tree.of(lineage)
    places = data.draw(st.lists(st.sampled_from([0, 77, *tree.ids.tolist()]), max_size=40))
    weights = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(places), max_size=len(places))), float)
    totals = Totals(tree)
    totals.add(Tally(np.array(places, dtype=np.int64), {"n": weights}))
    column = totals.columns["n"]
    parent = np.array([row[row > 0][-2] if (row > 0).sum() > 1 else 0 for row in tree.above])
    for at, number in enumerate(tree.ids.tolist()):
        assert column.of_place[at] == column.of_place[parent == number].sum() + column.own[at]


@given(cities(), st.data())
def test_every_level_with_what_is_held_above_and_elsewhere_is_everything(lineage: Ints, data: st.DataObject) -> None:
    tree = Tree.of(lineage)
    places = data.draw(st.lists(st.sampled_from([0, 77, *tree.ids.tolist()]), max_size=40))
    totals = Totals(tree)
    totals.add(Tally(np.array(places, dtype=np.int64), {"n": np.ones(len(places))}))
    for level in range(lineage.shape[1]):
        ids = tree.ids[[(row > 0).nonzero()[0][-1] == level for row in tree.above]]
        there = totals.of(("n",), ids).sum()
        assert there + totals.held(("n",), level) + totals.elsewhere(("n",)) == len(places)


def test_several_columns_are_added_and_two_tallies_stand_side_by_side() -> None:
    totals = Totals(Tree.of(np.array([[1, 2, 10], [1, 2, 11], [1, 3, 12]])))
    totals.add(Tally(np.array([10, 11, 11]), {"a": np.array([1.0, 2.0, 3.0]), "b": np.ones(3)}))
    totals.add(Tally(np.array([2, 9]), {"c": np.array([5.0, 7.0])}))
    assert_allclose(totals.of(("a", "b"), np.array([1, 2, 3, 11])), [9, 9, 0, 7])
    assert_allclose(totals.of(("c",), np.array([1, 2, 10])), [5, 5, 0])
    assert totals.of((), np.array([1, 2])).tolist() == [0, 0]
    assert totals.elsewhere(("c",)) == 7
    assert totals.held(("c",), 2) == 5
