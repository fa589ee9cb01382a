"""What a run found, in memory: the areas over a leaf are those of its lineage."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage.found import Found

LEVELS = 4


@st.composite
def lineages(draw: st.DrawFn) -> np.ndarray:
    """Leaves (n, levels), in any order of their ids; an upper area may be missing (0), the city never is."""
    ids = draw(st.lists(st.integers(100, 200), min_size=1, max_size=12, unique=True))
    rows = [[1, *(draw(st.sampled_from([0, 10 * level + 1, 10 * level + 2])) for level in (1, 2)), one] for one in ids]
    return np.array(rows, dtype=np.int32)


@given(lineages(), st.lists(st.integers(0, 220), max_size=12))
def test_the_areas_over_a_leaf_are_those_of_its_lineage(lineage: np.ndarray, asked: list[int]) -> None:
    known_only: dict[str, Any] = {field.name: None for field in dataclasses.fields(Found)} | {"kept": {}}
    known_only |= {"leaf_ids": lineage[:, -1], "lineage": lineage}
    found = Found(**known_only)
    known = {row[-1]: row for row in lineage.tolist()}
    grid = np.array(asked, dtype=np.int64)
    for level in range(LEVELS):
        assert found.areas_of(grid, level).tolist() == [known[one][level] if one in known else 0 for one in asked]
    lowest = [next(area for area in reversed(known[one][:-1]) if area) if one in known else 0 for one in asked]
    assert found.lowest_of(grid).tolist() == lowest
