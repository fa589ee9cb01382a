"""Many points out of one JSON body, without a Python object for each."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from api.errors import Malformed
from geo.arrays import Floats
from geo.errors import TooMuch

SHAPE = 'must be pairs of numbers, as {"points": [[120.31, 36.12], [120.33, 36.14]]}'
_KEY = re.compile(rb'"points"\s*:\s*')
_TORN = re.compile(rb"[0-9.]\s+[0-9.+\-]")
_NUMERIC = b"0123456789+-.eE \t\r\n"


class Body(NamedTuple):
    """A body taken apart: the points (n, 2) as given, NaN where ``null``, and every other member."""

    points: Floats
    others: dict[str, Any]


def parse(body: bytes, most: int) -> Body:
    """The points and the other members of a JSON object.

    The array of points is cut out of the bytes, proved to be pairs by its skeleton (all that is no number), and its
    numbers are read by Arrow; json sees the rest. 100,000 points cost about a tenth of ``json.loads`` and ``np.array``.

    Raises
    ------
    Malformed
        When it is no JSON object, ``points`` is missing, or they are not pairs of numbers.
    TooMuch
        When there are more than ``most`` points; found before they are read.
    """
    key = _KEY.search(body)
    if key is None:
        _object(body)
        raise Malformed("points", "", f"must be given; {SHAPE}")
    end = body.find(b'"', key.end())
    chunk = body[key.end() : end if end >= 0 else len(body)]
    chunk = chunk[: chunk.rfind(b"]") + 1]
    rest = body[: key.end()] + b"0" + body[key.end() + len(chunk) :]
    others = _object(rest)
    if others.pop("points", None) != 0:
        raise Malformed("points", "", f"must be one member of the object itself; {SHAPE}")
    count = max(chunk.count(b"[") - 1, 0)
    if count > most:
        raise TooMuch(f"{count} points in one request; at most {most}: send them in several requests")
    return Body(_pairs(chunk, count), others)


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("body", text[:40].decode(errors="replace"), f"must be JSON: {error}") from None
    if not isinstance(found, dict):
        raise Malformed("body", text[:40].decode(errors="replace"), f"must be a JSON object; {SHAPE}")
    return found


def _pairs(chunk: bytes, count: int) -> Floats:
    """The numbers of ``[[a,b],[c,d]]`` as (n, 2)."""
    chunk = chunk.replace(b", ", b",")  # as most write it; what is left of blanks is looked at one by one
    is_blank = len(chunk.split(None, 1)) > 1
    skeleton = chunk.replace(b"null", b"0").translate(None, delete=_NUMERIC)
    if skeleton != b"[" + b",".join([b"[,]"] * count) + b"]" or (is_blank and _TORN.search(chunk)):
        raise Malformed("points", chunk[:40].decode(errors="replace"), SHAPE)
    if not count:
        return np.empty((0, 2))
    numbers = chunk.translate(None, delete=b"[] \t\r\n").replace(b"null", b"nan")
    try:
        flat = _split(numbers).cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        raise Malformed("points", chunk[:40].decode(errors="replace"), SHAPE) from None
    points: Floats = flat.reshape(count, 2)
    return points


def _split(numbers: bytes) -> pa.Array:
    """The texts between the commas, as they stand in the bytes but for the commas themselves."""
    commas = np.flatnonzero(np.frombuffer(numbers, dtype=np.uint8) == ord(","))
    ends = np.append(commas, len(numbers)) - np.arange(len(commas) + 1)
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    texts = pa.py_buffer(numbers.translate(None, delete=b","))
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), texts)
