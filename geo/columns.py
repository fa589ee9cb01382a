"""Columns of files as texts and figures, whatever type they came in; a cell that holds no such thing holds nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.arrays import Codes, Floats, Positions
from geo.errors import Refused

_EXACT = 2.0**53
"""Whole numbers below it are themselves as doubles, and are told without a point."""


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column in one piece, without dictionary, extension type or views."""
    one = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(one.type, pa.BaseExtensionType):
        one = one.storage
    if pa.types.is_dictionary(one.type):
        one = one.dictionary_decode()
    if pa.types.is_string_view(one.type):
        return pc.cast(one, pa.large_string())
    if pa.types.is_binary_view(one.type) or pa.types.is_fixed_size_binary(one.type):
        return pc.cast(one, pa.large_binary())
    return one


def texts(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Trimmed texts (n,), whole numbers without a point; null for blanks, not-a-number, and bytes not in UTF-8.

    Lists, structures and intervals say no single thing: null throughout.
    """
    one = plain(column)
    if pa.types.is_nested(one.type) or pa.types.is_interval(one.type):
        return pa.nulls(len(one), type=pa.string())
    if pa.types.is_floating(one.type):
        one = _of_floats(pc.cast(one, pa.float64()))
    if pa.types.is_binary(one.type) or pa.types.is_large_binary(one.type):
        one = _decoded(one)
    if pa.types.is_timestamp(one.type):
        one = known_zone(one)
    told = pc.utf8_trim_whitespace(pc.replace_substring(pc.cast(one, pa.string()), "\0", ""))
    return pc.if_else(pc.equal(told, ""), None, told)


def figures(column: pa.Array | pa.ChunkedArray, where: str) -> Floats:
    """Figures (n,) of a column of numbers or texts; NaN where there is none. Beyond 2^53 they are the nearest double.

    Parameters
    ----------
    where
        File and column, as a refusal names them.

    Raises
    ------
    Refused
        For a column of any other type.
    """
    one = plain(column)
    if not any(fits(one.type) for fits in (*_NUMBERS, *_TEXTS, pa.types.is_boolean, pa.types.is_null)):
        raise Refused(f"{where} holds {one.type}, which are no numbers")
    return numbers(one)


def numbers(column: pa.Array | pa.ChunkedArray) -> Floats:
    """As :func:`figures`, of a column of any type: NaN throughout where it holds neither numbers nor texts."""
    import pandas as pd

    one = plain(column)
    if any(fits(one.type) for fits in (*_NUMBERS, pa.types.is_boolean)):
        return np.array(pc.cast(one, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    if (plainly := _read_plainly(one)) is not None:
        return plainly
    told = np.array(texts(one).to_pylist(), dtype=object)
    return np.array(pd.to_numeric(pd.Series(told, dtype=object), errors="coerce"), dtype=np.float64)


def _read_plainly(column: pa.Array) -> Floats | None:
    """Texts that Arrow reads as figures, each blank one as none; None when it cannot read one of them."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None
    try:
        read = pc.cast(pc.if_else(pc.equal(column, ""), None, column), pa.float64())
    except pa.ArrowInvalid:
        return None
    return np.array(read.to_numpy(zero_copy_only=False), dtype=np.float64)


def cells(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Values (n,) as Python has them; texts where it has none, as for a time beyond its calendar."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError, KeyError):  # too far away, of too fine a clock, in a zone there is none of
        return list(texts(column).to_pylist())


def known_zone(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Timestamps in their zone, or in UTC where their file names a zone there is none of."""
    try:
        pc.cast(pa.array([0], type=column.type), pa.string())
    except pa.ArrowInvalid:
        return pc.cast(column, pa.timestamp(column.type.unit, "UTC"))
    return column


_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)


def _of_floats(column: pa.Array) -> pa.Array:
    """Doubles as a person writes them: 12.0, which once had blanks beside it, is 12."""
    column = pc.if_else(pc.is_nan(column), None, column)
    is_whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), _EXACT))
    whole = pc.cast(pc.cast(pc.if_else(is_whole, column, None), pa.int64()), pa.string())
    return pc.coalesce(whole, pc.cast(column, pa.string()))


def _decoded(column: pa.Array) -> pa.Array:
    """Bytes as texts; null where they are none in UTF-8."""
    try:
        return pc.cast(column, pa.large_string())
    except pa.ArrowInvalid:
        return pa.array([word(one) for one in column.to_pylist()], type=pa.large_string())


def word(value: bytes | None) -> str | None:
    """Bytes as a text; None where they are none in UTF-8."""
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def known(codes: Codes) -> pa.Array:
    """Codes (n,) as an Arrow array, null where blank."""
    texts = pa.array(codes, type=pa.string())
    return pc.if_else(pc.equal(texts, ""), None, texts)


def chosen(values: pa.Array, position: Positions) -> pa.Array:
    """The value at each position; null where it is -1."""
    return values.take(pa.array(position, mask=position < 0))
