"""On which side of an edge a point lies, exactly, over the stored doubles.

References
----------
J. R. Shewchuk, Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates, Discrete &
Computational Geometry 18 (1997): TWO-SUM, TWO-PRODUCT, GROW-EXPANSION and the error bound of ORIENT2D.
T. J. Dekker, A floating-point technique for extending the available precision, Numerische Mathematik 18 (1971): SPLIT.
"""

from __future__ import annotations

import numpy as np

from geo.arrays import Floats
from geo.space.cells.compiling import kernel

_BOUND = (3.0 + 16.0 * 2.0**-53) * 2.0**-53  # of the rounding error, as a share of what was subtracted
_LARGER = 2.0**500  # 180² of it is still a double
_SPLITTER = 2.0**27 + 1.0


@kernel
def two_sum(a: float, b: float) -> tuple[float, float]:
    """Sum rounded, and what rounding lost: together exactly ``a + b``."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


@kernel
def two_product(a: float, b: float) -> tuple[float, float]:
    """Product rounded, and what rounding lost: together exactly ``a * b``."""
    product = a * b
    wide = _SPLITTER * a
    a_high = wide - (wide - a)
    a_low = a - a_high
    wide = _SPLITTER * b
    b_high = wide - (wide - b)
    b_low = b - b_high
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


@kernel
def _grown(expansion: Floats, length: int, value: float) -> int:
    """Length of the expansion with ``value`` added in place; its last part is the largest and carries the sign."""
    rest, kept = value, 0
    for at in range(length):
        rest, lost = two_sum(rest, expansion[at])
        if lost != 0.0:
            expansion[kept] = lost
            kept += 1
    if rest != 0.0 or kept == 0:
        expansion[kept] = rest
        kept += 1
    return kept


@kernel
def _exact_side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    """Sign of the determinant multiplied out: six products, each exact, summed exactly.

    All is taken larger first: the product of a degree and the smallest number there is has no exact double otherwise.
    """
    ax, ay, bx, by, x, y = ax * _LARGER, ay * _LARGER, bx * _LARGER, by * _LARGER, x * _LARGER, y * _LARGER
    expansion = np.zeros(14)
    length = 0
    for left, right in ((bx, y), (-bx, ay), (-ax, y), (-by, x), (by, ax), (ay, x)):
        product, lost = two_product(left, right)
        length = _grown(expansion, length, lost)
        length = _grown(expansion, length, product)
    top = expansion[length - 1]
    return int(top > 0) - int(top < 0)


@kernel
def side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    """1 where the point lies left of the line from a to b, -1 right of it, 0 exactly on it."""
    left = (bx - ax) * (y - ay)
    right = (by - ay) * (x - ax)
    determinant = left - right
    bound = _BOUND * (abs(left) + abs(right))
    if determinant > bound:
        return 1
    if determinant < -bound:
        return -1
    return _exact_side(ax, ay, bx, by, x, y)
