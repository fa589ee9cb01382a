"""Columns as lists of JSON, written from tables of texts: no cell becomes a Python object.

A text of a table has a comma after it and blanks up to the width of its table, which JSON lets stand between cells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.arrays import Floats, Ints

Texts = NDArray[np.bytes_]

_NULL = "null"
_WHOLE = 10_000
"""Below it whole numbers are written from a table."""


def texts_of(values: Iterable[str | bool | None]) -> Texts:
    """A table of texts as JSON writes them, and of null as its last."""
    return _padded([*(json.dumps(value, ensure_ascii=False) for value in values), _NULL])


def _padded(texts: list[str]) -> Texts:
    told = [f"{text},".encode() for text in texts]
    width = max(map(len, told))
    return np.array([text.ljust(width) for text in told], dtype=f"S{width}")


def listed(table: Texts, position: NDArray[np.integer[Any]]) -> bytes:
    """A list of JSON of the texts at positions (n,); -1 is null."""
    return _closed(table[position].tobytes())


def _closed(cells: bytes) -> bytes:
    return b"[%s]" % cells.rstrip(b" ,")


def to_digits(figures: Floats, digits: int) -> Floats:
    """Figures (n,) rounded to so many digits; one too large to have them stays as it is."""
    rounded, has_digits = np.array(figures, dtype=np.float64), np.abs(figures) < 2.0**53 / 10.0**digits
    rounded[has_digits] = np.round(rounded[has_digits], digits)
    return rounded


def hundredths(figures: Floats) -> bytes:
    """A list of JSON of figures (n,) rounded to two decimals, null where not finite.

    Those from 0 up to ``_WHOLE`` are put together from two tables, which costs a tenth of writing figures.
    """
    rounded = to_digits(figures, 2)
    is_known = np.isfinite(rounded)
    if not ((rounded >= 0) & (rounded < _WHOLE) | ~is_known).all():
        return _figures(rounded, is_known)
    every = np.rint(np.where(is_known, rounded, 0.0) * 100).astype(np.int64)
    whole: Ints = every // 100
    cells = np.empty(len(every), dtype=[("whole", _WHOLES.dtype), ("cents", _CENTS.dtype)])
    cells["whole"], cells["cents"] = _WHOLES[whole], _CENTS[every - whole * 100]
    cells["whole"][~is_known], cells["cents"][~is_known] = _NULL.encode(), _CENTS[0]
    return _closed(cells.tobytes())


_WHOLES: Texts = np.array([f"{whole:4d}".encode() for whole in range(_WHOLE)], dtype="S4")
_CENTS = _padded(["", *(f".{cent:02d}".rstrip("0") for cent in range(1, 100))])


def _figures(rounded: Floats, is_known: NDArray[np.bool_]) -> bytes:
    texts = pc.if_else(pa.array(is_known), pa.array(rounded).cast(pa.string()), _NULL)
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return _closed(pc.binary_join(whole, ",")[0].as_buffer().to_pybytes())
