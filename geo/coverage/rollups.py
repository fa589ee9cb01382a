"""What is counted of leaves and areas, added up through the levels: sums of parts, never averages of rates.

Most is counted by leaf; some is told of a community or subdistrict only, and stands there. So what a place has is its
own and that of all below it, whatever level it was told of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from geo.arrays import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Tree:
    """Every area and leaf of an edition.

    Attributes
    ----------
    ids
        (k,) ascending code ids.
    above
        (k, levels) the id on each level over it, its own on its own level; 0 below that, and where there is none.
    """

    ids: Ints
    above: Ints

    @classmethod
    def of(cls, lineage: Ints) -> Tree:
        """The tree of leaves with the ids over them (n, levels), as :func:`geo.areas.lineage` tells them."""
        lineage = lineage.astype(np.int64)
        parts = [lineage.copy()]
        for level in range(lineage.shape[1] - 1):
            upper = np.unique(lineage[lineage[:, level] > 0][:, : level + 1], axis=0)
            parts.append(np.pad(upper, ((0, 0), (0, lineage.shape[1] - level - 1))))
        above = np.concatenate(parts)
        own = np.array([row[row > 0][-1] for row in above], dtype=np.int64)
        order = np.argsort(own)
        return cls(own[order], above[order])

    @cached_property
    def steps(self) -> list[tuple[Bools, Ints]]:
        """For each level which places have one over them (k,), and its position (j,) for each of those."""
        return [(over > 0, np.searchsorted(self.ids, over[over > 0])) for over in self.above.T]


@dataclass(frozen=True, eq=False)
class Tally:
    """What is counted, row by row.

    Attributes
    ----------
    place
        (m,) code id of the leaf or area a row is told of, in any order, as often as one likes; 0 for none.
    columns
        Name → (m,) what is added up; never NaN.
    since, until
        First and last day the numbers reach to, as ISO dates or times; blank where there are none.
    sources
        Where they come from.
    """

    place: Ints
    columns: Mapping[str, Floats]
    since: str = ""
    until: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Total:
    """One column added up: (k,) for every place of the tree; ``own`` what each is told of itself; what is elsewhere."""

    of_place: Floats
    own: Floats
    elsewhere: float


@dataclass(frozen=True, eq=False)
class Totals:
    """Columns of several tallies added up, by name."""

    tree: Tree
    columns: dict[str, Total] = field(default_factory=dict)

    def add(self, tally: Tally) -> None:
        """Nothing; afterwards the columns of the tally are there."""
        at = np.searchsorted(self.tree.ids, tally.place)
        known = (at < len(self.tree.ids)) & (self.tree.ids[np.minimum(at, len(self.tree.ids) - 1)] == tally.place)
        for name, column in tally.columns.items():
            own = np.bincount(at[known], weights=column[known], minlength=len(self.tree.ids)).astype(np.float64)
            self.columns[name] = Total(self._rolled(own), own, float(column[~known].sum()))

    def _rolled(self, own: Floats) -> Floats:
        found = np.zeros(len(self.tree.ids))
        for has, at in self.tree.steps:
            found += np.bincount(at, weights=own[has], minlength=len(found))
        return found

    def of(self, names: tuple[str, ...], ids: Ints) -> Floats:
        """What each of ``ids`` has (n,) of several columns together; ids are of the tree."""
        at = np.searchsorted(self.tree.ids, ids)
        return np.sum([self.columns[name].of_place[at] for name in names], axis=0, dtype=np.float64) + np.zeros(
            len(ids)
        )

    def held(self, names: tuple[str, ...], level: int) -> float:
        """What is told of places above ``level`` only, and so of no place on it."""
        higher = self.tree.above[:, level] == 0
        return float(sum(self.columns[name].own[higher].sum() for name in names))

    def elsewhere(self, names: tuple[str, ...]) -> float:
        """What is told of no place of the edition."""
        return float(sum(self.columns[name].elsewhere for name in names))
