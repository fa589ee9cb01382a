"""The arrays that travel between modules: what each holds and what a missing value is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Coordinates (n, 2), longitude or east first, or figures (n,); NaN where there is none."""

Ints = NDArray[np.int64]
Positions = NDArray[np.int32]
"""Positions in an array of leaves; -1 where there is none."""

Bools = NDArray[np.bool_]
Codes = NDArray[np.str_]
Shapes = NDArray[np.object_]
"""Shapely geometries; None and empty ones are the caller's to refuse unless the function says otherwise."""

Texts = NDArray[np.object_]
"""Texts as a file has them; blank where there is none."""


def distinct(rows: Ints) -> tuple[Ints, Ints]:
    """The different rows (m, k) of ``rows`` (n, k), ascending, and the number (n,) of each row among them.

    As ``np.unique`` finds them along an axis, which compares rows as a whole and takes many times as long.
    """
    order = np.lexsort(rows.T[::-1])
    ranked = rows[order]
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    number = np.empty(len(rows), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return ranked[new], number


def windows(data: NDArray[np.uint8], width: int) -> NDArray[np.void]:
    """The bytes from every place on, as one thing that is moved at once; they overlap."""
    count = max(len(data) - width + 1, 0)
    return np.ndarray((count,), dtype=f"V{width}", buffer=np.ascontiguousarray(data), strides=(1,))
