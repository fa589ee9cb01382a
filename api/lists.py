"""Columns as lists of JSON, written by Arrow: no cell becomes a Python object."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.arrays import Floats

_NULL = "null"
_CENTS = pa.array(["", *(f".{cent:02d}".rstrip("0") for cent in range(1, 100))])
_EXACT = 2.0**53 / 100
"""Above it neighbouring figures are further apart than a hundredth."""


def quoted(texts: pa.Array) -> pa.Array:
    """Each text as JSON writes it, and the word for null."""
    return pa.array([json.dumps(text, ensure_ascii=False) for text in texts.to_pylist()], type=pa.string())


def to_digits(figures: Floats, digits: int) -> Floats:
    """Figures (n,) rounded to so many digits; one too large to have them stays as it is."""
    rounded, has_digits = np.array(figures, dtype=np.float64), np.abs(figures) < 2.0**53 / 10.0**digits
    rounded[has_digits] = np.round(rounded[has_digits], digits)
    return rounded


def hundredths(figures: Floats) -> pa.Array:
    """Figures (n,) ≥ 0 rounded to two decimals as JSON writes them, null where not finite.

    Whole hundredths are written as whole numbers, which costs a tenth of writing figures. What has none, above
    ``2**53 / 100``, or is below zero is written as a figure.
    """
    rounded = to_digits(figures, 2)
    if not ((rounded >= 0) & (rounded < _EXACT) | ~np.isfinite(rounded)).all():
        return pc.if_else(pa.array(np.isfinite(rounded)), pa.array(rounded).cast(pa.string()), _NULL)
    is_known = np.isfinite(rounded)
    whole, cents = np.divmod(np.rint(np.where(is_known, rounded, 0.0) * 100).astype(np.int64), 100)
    texts = pc.binary_join_element_wise(pa.array(whole).cast(pa.string()), _CENTS.take(pa.array(cents)), "")
    return texts if is_known.all() else pc.if_else(pa.array(is_known), texts, _NULL)


def listed(texts: pa.Array) -> bytes:
    """A list of JSON of cells that are JSON already; null where null."""
    cells = pc.fill_null(texts, _NULL) if texts.null_count else texts
    whole = pa.ListArray.from_arrays(pa.array([0, len(cells)], pa.int32()), cells)
    joined: bytes = pc.binary_join(whole, ",")[0].as_buffer().to_pybytes()
    return b"[%s]" % joined
