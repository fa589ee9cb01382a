"""The leaves that are redrawn, by code, and what a change of them is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes, Ints, Shapes
from geo.errors import Refused, Unknown
from geo.space.sights import Sight

BEYOND = ""
"""What stands for a code where ground is outside the city: ground that is annexed comes from it, ceded goes to it."""


@dataclass(frozen=True, eq=False)
class Leaves:
    """A proved partition: shapes (n,) on the lattice, degrees WGS 84, in ascending order of their codes (n,).

    With a ``sight`` they are a part of one; what only the rest could answer raises Unseen.
    """

    codes: Codes
    shapes: Shapes
    sight: Sight | None = None

    @classmethod
    def of(cls, codes: Sequence[str] | Codes, shapes: Sequence[BaseGeometry] | Shapes) -> Leaves:
        """Leaves in the order of their codes. Raises Refused when a code occurs twice, or is blank."""
        named, order = np.unique(np.asarray(codes, dtype=np.str_), return_index=True)
        if len(named) != len(codes):
            raise Refused("a code occurs twice; each leaf has one of its own", zh="同一编码出现两次；每块各一个")
        if BEYOND in named:
            raise Refused("a leaf without a code; each leaf has one", zh="有一块没有编码；每块各一个")
        return cls(named, np.asarray(shapes, dtype=object)[order])

    @cached_property
    def tree(self) -> shapely.STRtree:
        """A tree over the shapes."""
        return shapely.STRtree(self.shapes)

    def near(self, shapes: Shapes, distance: float) -> Ints:
        """Positions, ascending, of the leaves within so many degrees of any of the shapes."""
        if self.sight is not None:
            self.sight.demand_around(shapes)
        return np.unique(self.tree.query(shapes, predicate="dwithin", distance=distance)[1]).astype(np.int64)

    def has(self, code: str) -> bool:
        """Whether a leaf has this code."""
        at = np.searchsorted(self.codes, code)
        found = bool(at < len(self.codes) and self.codes[at] == code)
        if self.sight is not None and not found:
            self.sight.demand(code)
        return found

    def at(self, codes: Iterable[str]) -> Ints:
        """Positions (k,) of codes, in their order. Raises Unknown for a code that is not there."""
        wanted = [str(code) for code in codes]
        if missing := [code for code in wanted if not self.has(code)]:
            raise Unknown(f"no leaf has the code {', '.join(missing)}", zh=f"没有编码为 {'、'.join(missing)} 的网格")
        return np.searchsorted(self.codes, np.asarray(wanted, dtype=np.str_)).astype(np.int64)

    def shape(self, code: str) -> BaseGeometry:
        """The ground of a leaf. Raises Unknown when there is none of this code."""
        found: BaseGeometry = self.shapes[self.at([code])[0]]
        return found


@dataclass(frozen=True, eq=False)
class Moved:
    """Ground that changes hands; a code is :data:`BEYOND` where it leaves or joins the city."""

    was: str
    now: str
    ground: BaseGeometry


@dataclass(frozen=True, eq=False)
class Redrawn:
    """What a redraw does to some leaves.

    Attributes
    ----------
    shapes
        The new ground by code, of every leaf whose vertices change.
    retired
        Codes of leaves without any ground left, ascending.
    moved
        Ground that changes hands, by (was, now) ascending. What snapping bends, less than a step, is in none of it.
    renoded
        Codes in ``shapes`` that only gained or lost vertices.
    pulled
        Lines from where the drawing had a vertex to where it was drawn to, degrees; empty when none was.
    """

    shapes: dict[str, BaseGeometry]
    retired: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    renoded: frozenset[str] = frozenset()
    pulled: BaseGeometry = shapely.MultiLineString()  # noqa: RUF009 a geometry never changes

    @property
    def named(self) -> frozenset[str]:
        """Codes of the leaves whose ground changes: what a page names, and what two changes may conflict on."""
        return frozenset(self.shapes) - self.renoded | frozenset(self.retired)

    def applied(self, leaves: Leaves) -> Leaves:
        """The partition afterwards; leaves that are not concerned are the same objects."""
        kept = ~np.isin(leaves.codes, [*self.shapes, *self.retired])
        codes = [*leaves.codes[kept].tolist(), *self.shapes]
        return Leaves.of(codes, [*leaves.shapes[kept], *self.shapes.values()])
