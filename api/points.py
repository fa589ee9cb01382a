"""Many points out of one JSON body, without a Python object for each."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import numpy as np

from api.errors import Malformed
from geo.arrays import Floats
from geo.errors import TooMuch
from geo.space.cells.index import is_few

SHAPE = 'must be pairs of numbers, as {"points": [[120.31, 36.12], [120.33, 36.14]]}'
_KEY = re.compile(rb'"points"\s*:\s*')


class Body(NamedTuple):
    """A body taken apart: the points (n, 2) as given, NaN where ``null``, and every other member."""

    points: Floats
    others: dict[str, Any]


def parse(body: bytes, most: int) -> Body:
    """The points and the other members of a JSON object.

    The array of points is cut out of the bytes and read by a kernel (:mod:`geo.space.cells.pairs`); json sees the rest.
    A thousand points cost about a tenth of ``json.loads`` and ``np.array``.

    Raises
    ------
    Malformed
        When it is no JSON object, ``points`` is missing, or they are not pairs of numbers.
    TooMuch
        When there are more than ``most`` points; found before they are read.
    """
    key = _KEY.search(body)
    if key is None:
        raise _wrong(body)
    end = body.find(b'"', key.end())
    chunk = body[key.end() : end if end >= 0 else len(body)]
    chunk = chunk[: chunk.rfind(b"]") + 1]
    count = max(chunk.count(b"[") - 1, 0)
    if count > most:
        raise TooMuch(f"{count} points in one request; at most {most}: send them in several requests")
    found, others = _pairs(chunk, count), _others(body[: key.end()] + b"0" + body[key.end() + len(chunk) :])
    if found is None or others is None or others.pop("points", None) != 0:
        raise _wrong(body)
    return Body(found, others)


def _others(rest: bytes) -> dict[str, Any] | None:
    """The members of an object; None where it is none."""
    try:
        found = json.loads(rest)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _wrong(body: bytes) -> Malformed:
    """What is wrong with a body, and where, told by reading it again as it came."""
    points = _object(body).get("points", "")
    if not isinstance(points, list):
        return Malformed("points", json.dumps(points), f"must be given; {SHAPE}")
    for at, pair in enumerate(points):
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(_is_figure, pair))):
            return Malformed(f"points[{at}]", json.dumps(pair), SHAPE)
    return Malformed("points", "", f"must be one member of the object itself, told once; {SHAPE}")


def _is_figure(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=str)  # NaN and Infinity are no words of JSON
    except (ValueError, RecursionError) as error:
        raise Malformed("body", text[:40].decode(errors="replace"), f"must be JSON: {error}") from None
    if not isinstance(found, dict):
        raise Malformed("body", text[:40].decode(errors="replace"), f"must be a JSON object; {SHAPE}")
    return found


def _pairs(chunk: bytes, count: int) -> Floats | None:
    """The numbers of ``[[a,b],[c,d]]`` as (n, 2); None where there are others than pairs of numbers."""
    return _few(chunk) if is_few(count, "pairs") else _many(chunk, count)


def _few(chunk: bytes) -> Floats | None:
    """As ``_many``, without compiled code."""
    try:
        told = json.loads(chunk, parse_int=float, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in told):
        return None
    if not all(one is None or isinstance(one, float) for pair in told for one in pair):
        return None
    return np.array(told, dtype=np.float64).reshape(-1, 2)


def _many(chunk: bytes, count: int) -> Floats | None:
    """The pairs, None where there are others than pairs of numbers; the few numbers in doubt are read one by one."""
    from geo.space.cells.pairs import NO_PAIRS, read_pairs

    found, doubtful = np.empty((count, 2)), np.empty((2 * count, 3), dtype=np.int64)
    pairs, left = read_pairs(np.frombuffer(chunk, dtype=np.uint8), found, doubtful)
    if pairs == NO_PAIRS:
        return None
    for begin, end, at in doubtful[:left].tolist():
        found[at // 2, at % 2] = float(chunk[begin:end])
    return found
