"""Chance that keeps its shares in every group, however small: what a district's page shows is never a freak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo.arrays import Floats, Ints


def evenly(group: Ints, chance: np.random.Generator) -> Floats:
    """A number in [0, 1) for each row; those of one group are spread evenly over it, in an order of chance."""
    order = np.lexsort((chance.random(len(group)), group))
    rank, size = ranks(group[order])
    found = np.empty(len(group))
    found[order] = (rank + chance.random(len(group))) / size
    return found


def ranks(group: Ints) -> tuple[Ints, Ints]:
    """Place of each row in its group from 0, and the group's size; rows of one group follow each other."""
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(group)])
    size: Ints = np.repeat(sizes, sizes)
    rank: Ints = np.arange(len(group)) - np.repeat(starts, sizes)
    return rank, size


def picked(shares: Sequence[float], drawn: Floats) -> Ints:
    """Position of the share each number in [0, 1) falls into; shares need not sum to 1."""
    steps = np.cumsum(shares)
    found: Ints = np.minimum(np.searchsorted(steps / steps[-1], drawn, side="right"), len(steps) - 1)
    return found


def dealt(total: Ints, group: Ints, weight: Floats) -> Ints:
    """``total`` of each group shared among its rows by weight, at least 1 each; never more than the total.

    Parameters
    ----------
    total
        (rows,) the group's total, repeated on its rows; at least the number of its rows.
    group
        (rows,) 0 … groups - 1.
    """
    if not len(group):
        return np.empty(0, dtype=np.int64)
    rows = np.bincount(group)
    sums = np.bincount(group, weights=weight)
    found: Ints = 1 + np.floor((total - rows[group]) * weight / sums[group]).astype(np.int64)
    return found
