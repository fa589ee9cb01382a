"""Which ids a file has shown before, in constant memory: none is forgotten, few are taken for one they are not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo.arrays import Bools

_BITS = 27  # 16 MB; after ten million ids one in fifty new ones is taken for an old one


class Seen:
    """The ids of the rows of one file, part after part.

    References
    ----------
    B. H. Bloom, Space/time trade-offs in hash coding with allowable errors, Communications of the ACM 13 (1970).
    """

    def __init__(self, bits: int = _BITS) -> None:
        self._marked = np.zeros(1 << (bits - 3), dtype=np.uint8)
        self._bits = bits

    def add(self, source: pa.Array, reference: pa.Array) -> Bools:
        """Which of these rows (n,) may share their id with another of them or with one added before; they are now.

        True for all that do.
        """
        keys = map(hash, zip(source.to_pylist(), reference.to_pylist(), strict=True))
        number = np.fromiter(keys, dtype=np.int64, count=len(source)).view(np.uint64)
        _, which, times = np.unique(number, return_inverse=True, return_counts=True)
        low = number & np.uint64((1 << self._bits) - 1)
        high = number >> np.uint64(64 - self._bits)
        repeated: Bools = (times > 1)[which] | (self._are_marked(low) & self._are_marked(high))
        for place in (low, high):
            np.bitwise_or.at(self._marked, place >> np.uint64(3), _bit(place))
        return repeated

    def _are_marked(self, place: NDArray[np.uint64]) -> Bools:
        marked: Bools = (self._marked[place >> np.uint64(3)] & _bit(place)) > 0
        return marked


def _bit(place: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (place & np.uint64(7)).astype(np.uint8))
