"""Codes that people say: how they nest, which are reserved, and the next one that was never given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import shapely

from geo.arrays import Floats, Ints, Shapes
from geo.errors import Refused

_FREE_DIGITS = 3


@dataclass(frozen=True)
class Scheme:
    """The scheme of one city's codes.

    Parameters
    ----------
    lengths
        Significant characters of a code at each level, city first, grid last; a level's code begins with its
        parent's. Mainland cities: 4, 6, 9, 12, 15 (GB/T 2260, then three digits each). 0 leaves a level free: any code,
        nothing to nest.
    """

    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        fixed = [length for length in self.lengths if length]
        if len(self.lengths) < 2 or any(length < 0 for length in self.lengths):
            raise Refused(f"code lengths {self.lengths} must name every level from the city to the grid, 0 for free")
        if any(b <= a for a, b in pairwise(fixed)):
            raise Refused(f"code lengths {self.lengths} must grow from level to level, as in 4, 6, 9, 12, 15")

    @classmethod
    def of(cls, lengths: Collection[int], levels: int) -> Scheme:
        """The scheme of a city as it is stored: without lengths codes do not nest, and every level is free."""
        return cls(tuple(lengths) or (0,) * levels)

    @property
    def levels(self) -> int:
        """How many levels there are, the grid included."""
        return len(self.lengths)

    def fits(self, code: str, level: int) -> bool:
        """Whether a code has the form of its level; the city's may be padded with zeros (370100 for 3701)."""
        length = self.lengths[level]
        if not length:
            return bool(code.strip())
        if level == 0 and len(code) > length:
            return code.isdigit() and not code[length:].strip("0")
        return len(code) == length and code.isdigit()

    def nests(self, child: str, parent: str, level: int | None = None) -> bool:
        """Whether a child's code begins with its parent's significant part; always where the level is free.

        ``level`` is the parent's; without it, the level whose length the parent's code has.
        """
        if level is None:
            level = self.lengths.index(len(parent)) if parent and len(parent) in self.lengths else 0
        length = self.lengths[level]
        return length == 0 or child.startswith(parent[:length])

    def fallback(self, area: str, level: int | None = None) -> str:
        """Code of the fallback leaf of an area: its significant part padded with zeros; ``-000`` behind a free one.

        The same area gives the same code for ever, and ``reserved`` keeps it from named grids.
        """
        if not self.lengths[-1]:
            return f"{area}-{'0' * _FREE_DIGITS}"
        significant = area[: self.lengths[level]] if level is not None and self.lengths[level] else area
        return significant.ljust(self.lengths[-1], "0")

    def reserved(self, code: str) -> bool:
        """Whether a grid's code is kept for fallback ground: nothing but zeros behind its community's."""
        if not self.lengths[-1]:
            return code.endswith("-" + "0" * _FREE_DIGITS)
        return len(code) == self.lengths[-1] and not code[-self._digits() :].strip("0")

    def stem(self, parent: str) -> str:
        """What the codes of all grids of an area begin with."""
        return parent[: self.lengths[-1] - self._digits()] if self.lengths[-1] else f"{parent}-"

    def numbered(self, parent: str, shapes: Shapes, given: Collection[str]) -> list[str]:
        """New codes for grids of one parent, in the order of ``shapes``.

        Numbers run west to east in rows, the rows from north to south. They go on after the highest ever given, then
        use those never given; one that was given never returns.

        Parameters
        ----------
        parent
            Code of the area the grids lie in.
        shapes
            Their ground, degrees WGS 84, none empty.
        given
            Every grid code ever given, retired ones included; other parents' may be among them.

        Raises
        ------
        Refused
            When the parent has fewer numbers left than grids.
        """
        stem = self.stem(parent)
        width = self._digits() if self.lengths[-1] else _FREE_DIGITS
        used = {
            int(code[len(stem) :])
            for code in given
            if code.startswith(stem) and len(code) == len(stem) + width and code[len(stem) :].isdigit()
        }
        highest, last = max(used, default=0), 10**width - 1
        left = last - len(used - {0})
        if left < len(shapes):
            raise Refused(f"{parent} has {left} grid numbers left of {last}, and {len(shapes)} are wanted")
        free = chain(range(highest + 1, last + 1), (n for n in range(1, highest) if n not in used))
        codes = [""] * len(shapes)
        for number, at in zip(free, reading_order(shapes), strict=False):
            codes[at] = f"{stem}{number:0{width}d}"
        return codes

    def _digits(self) -> int:
        above = [length for length in self.lengths[:-1] if length]
        return self.lengths[-1] - above[-1] if above else min(_FREE_DIGITS, self.lengths[-1])


def reading_order(shapes: Shapes) -> Ints:
    """Positions of shapes as a page is read: west to east in rows, the rows from north to south.

    A row is as high as the middle one of the shapes; a shape belongs to the row its centre lies in.
    """
    shapes = np.asarray(shapes, dtype=object)
    if not len(shapes):
        return np.zeros(0, dtype=np.int64)
    bounds: Floats = shapely.bounds(shapes)
    centers = shapely.get_coordinates(shapely.centroid(shapes))
    height = float(np.median(bounds[:, 3] - bounds[:, 1]))
    row = np.floor((bounds[:, 3].max() - centers[:, 1]) / height)
    return np.lexsort((-centers[:, 1], centers[:, 0], row)).astype(np.int64)
