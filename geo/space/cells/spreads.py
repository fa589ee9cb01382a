"""How likely a point that is known by an accuracy lies in each leaf: integrals along borders, near it only.

The share of a spread that falls in a leaf is a flux through its border (Gauss): with ``g(r)`` the share within a
distance r of the point, the field ``(g(r) - 1) / 2 pi r`` away from the point has the spread for its divergence and a
source of -1 at the point. So a leaf's share is 1 where it holds the point, less ``(1 - g) / 2 pi`` over the angle that
each of its edges subtends; and edges where g is 1 tell nothing.

References
----------
Android, ``Location.getAccuracy``: the radius of 68 % confidence. W3C, Geolocation: one of 95 %.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from geo.arrays import Floats, Ints, Positions

Kind = Literal["disc", "gaussian"]

HOLDS = 0.68
"""Of a Gaussian spread: what lies within the accuracy."""
REACH = 6.0
"""Standard deviations that a Gaussian spread is followed to; 1.5e-8 of it lie beyond."""
TOUCH_M = 5e-8
"""Metres from an edge within which its side is a matter of rounding: the point is moved by a little more."""
STEP = 3e-12
"""Degrees by which a point on a border is moved, a third of a micrometre."""
TURN = 2.4
"""Radians between one try of moving and the next: the golden angle."""
PIECE_M = 50.0
"""Metres up to which an edge is taken as straight: it bends by 0.1 mm at most below 70°."""
TRIES = 16
INTERVAL = 2.0
"""Standard deviations to one quadrature."""
DIGITS = 7
"""Of a share: what lies below is the rounding of places, and decides no tie."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)
"""Of Gauss's quadrature, on -1 to 1; over two standard deviations its error is that of doubles."""


class Shares(NamedTuple):
    """Leaves that each of n points may lie in: those of point i from ``begins[i]`` up to ``begins[i + 1]``.

    ``position`` and ``share`` (k,) of the leaves, descending by share, ties the lowest position; shares above 0 only.
    What the shares of a point lack to 1 lies outside.
    """

    begins: Ints
    position: Positions
    share: Floats

    def at(self, wanted: Positions) -> Floats:
        """Share (n,) of one leaf for each point; 0 where it has none."""
        of = np.repeat(np.arange(len(wanted)), np.diff(self.begins))
        found = np.zeros(len(wanted))
        these = self.position == wanted[of]
        found[of[these]] = self.share[these]
        return found

    def total(self) -> Floats:
        """Share (n,) of all leaves together."""
        running = np.concatenate([[0.0], np.cumsum(self.share)])
        return np.asarray(running[self.begins[1:]] - running[self.begins[:-1]])


def sigma_of(accuracy_m: Floats) -> Floats:
    """Standard deviation (n,) along each axis of the Gaussian spread that holds 68 % within an accuracy."""
    return np.asarray(accuracy_m / np.sqrt(-2 * np.log1p(-HOLDS)))


def ordered(of: Ints, position: Positions, share: Floats, n: int) -> Shares:
    """Shares as they are told, from those of points ``of`` (k,) in any order."""
    share = np.minimum(np.round(share, DIGITS), 1.0)
    order = np.lexsort((position, -share, of))
    order = order[share[order] > 0]
    begins = np.searchsorted(of[order], np.arange(n + 1))
    return Shares(begins.astype(np.int64), position[order].astype(np.int32), share[order])
