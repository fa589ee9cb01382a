"""Pairs of numbers out of the bytes of a JSON array, ``[[a,b],[c,d]]``, in one pass and exact.

A number of up to 18 digits is a whole number by a power of ten. Where either is no double of its own, the quotient is
taken with twice the digits, and what then lies too near the middle of two doubles is left to whoever asked.

References
----------
RFC 8259, section 6 (numbers). Clinger, How to read floating point numbers accurately (PLDI 1990). Dekker, A
floating-point technique for extending the available precision, Numer. Math. 18 (1971).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Floats, Ints
from geo.space.cells.compiling import kernel, lean

Bytes = NDArray[np.uint8]
NO_PAIRS = -1
_POWERS = np.array([10.0**power for power in range(23)])
"""Those that are doubles exactly."""
_MOST_DIGITS = 18
_EXACT = 2**53
_SPLIT = 134217729.0  # 2^27 + 1
_NEAR = 1e-6  # of half the way to the next double, far more than the quotient errs by


@kernel
def read_pairs(text: Bytes, found: Floats, doubtful: Ints) -> tuple[int, int]:
    """How many pairs there are, written to ``found`` (n, 2); ``NO_PAIRS`` where it is no array of them.

    Parameters
    ----------
    doubtful
        (2 n, 3) first and last byte and the place of numbers that are not read; the second answer is how many. ``null``
        is NaN.
    """
    pairs, left, at = 0, 0, _past(text, 0, _OPEN)
    if _past(text, at, _CLOSE) == len(text):
        return 0, 0
    while at >= 0 and pairs < len(found):
        at, left = _pair(text, at, (pairs, left), found, doubtful)
        pairs += 1
        if _past(text, at, _CLOSE) == len(text):
            return pairs, left
        at = _past(text, at, _COMMA)
    return NO_PAIRS, 0


@lean
def _pair(text: Bytes, at: int, so_far: tuple[int, int], found: Floats, doubtful: Ints) -> tuple[int, int]:
    """Where what follows a pair begins, -1 where there is none, and how many numbers are in doubt by then."""
    pair, left = so_far
    for side in range(2):
        at = _past(text, at, _COMMA if side else _OPEN)
        end, found[pair, side], is_read = _number(text, at)
        if end >= 0 and not is_read:
            doubtful[left, 0], doubtful[left, 1], doubtful[left, 2] = at, end, 2 * pair + side
            left += 1
        at = end
    return _past(text, at, _CLOSE), left


_OPEN, _CLOSE, _COMMA, _MINUS, _PLUS, _POINT = (ord(letter) for letter in "[],-+.")
_ZERO, _NINE, _E, _LARGE_E, _N, _U, _L = (ord(letter) for letter in "09eEnul")
_BLANK, _TAB, _LINE, _RETURN = (ord(letter) for letter in " \t\n\r")


@lean
def _blank(text: Bytes, at: int) -> int:
    while at < len(text) and (text[at] == _BLANK or text[at] == _TAB or text[at] == _LINE or text[at] == _RETURN):
        at += 1
    return at


@lean
def _past(text: Bytes, at: int, sign: int) -> int:
    """Where what follows a sign begins, blanks on both sides passed over; -1 where another stands there, and of -1."""
    if at < 0:
        return -1
    at = _blank(text, at)
    if at >= len(text) or text[at] != sign:
        return -1
    return _blank(text, at + 1)


@lean
def _is_digit(text: Bytes, at: int) -> bool:
    return 0 <= at < len(text) and _ZERO <= text[at] <= _NINE


@lean
def _number(text: Bytes, at: int) -> tuple[int, float, bool]:
    """Where a number ends, -1 where there is none, its value, and whether it has been read."""
    if at + 3 < len(text) and text[at] == _N and text[at + 1] == _U and text[at + 2] == _L and text[at + 3] == _L:
        return at + 4, np.nan, True
    is_below = at < len(text) and text[at] == _MINUS
    begin = at + 1 if is_below else at
    if not _is_digit(text, begin) or (text[begin] == _ZERO and _is_digit(text, begin + 1)):
        return -1, 0.0, False
    whole, at = _digits(text, begin, 0)
    count, power = at - begin, 0
    if at < len(text) and text[at] == _POINT:
        first = at + 1
        whole, at = _digits(text, first, whole)
        power = first - at
        count -= power
        if power == 0:
            return -1, 0.0, False
    if at < len(text) and (text[at] == _E or text[at] == _LARGE_E):
        at, more = _exponent(text, at + 1)
        if at < 0:
            return -1, 0.0, False
        power += more
    if count > _MOST_DIGITS or abs(power) > 22:
        return at, 0.0, False
    value, is_read = _scaled(whole, power)
    return at, -value if is_below else value, is_read


@lean
def _digits(text: Bytes, at: int, whole: int) -> tuple[int, int]:
    """A whole number with the digits that follow put behind it, of no meaning beyond 18, and where they end."""
    while _is_digit(text, at):
        whole = whole * 10 + int(np.int64(text[at]) - _ZERO)
        at += 1
    return whole, at


@lean
def _exponent(text: Bytes, at: int) -> tuple[int, int]:
    """Where an exponent ends, -1 where there is none, and what it is, no farther from 0 than 9,999."""
    is_below = at < len(text) and text[at] == _MINUS
    if is_below or (at < len(text) and text[at] == _PLUS):
        at += 1
    if not _is_digit(text, at):
        return -1, 0
    power = 0
    while _is_digit(text, at):
        power = min(9_999, power * 10 + int(np.int64(text[at]) - _ZERO))
        at += 1
    return at, -power if is_below else power


@lean
def _scaled(whole: int, power: int) -> tuple[float, bool]:
    """A whole number by a power of ten, and whether that is surely the nearest double."""
    high = np.float64(whole)
    if power >= 0:
        return high * _POWERS[power], whole < _EXACT
    by = _POWERS[-power]
    value = high / by
    if whole < _EXACT:
        return value, True
    product = value * by
    a, b = _halves(value)
    c, d = _halves(by)
    lost = ((a * c - product) + a * d + b * c) + b * d
    rest = (((high - product) - lost) + np.float64(whole - np.int64(high))) / by
    near = value + rest
    half = (np.nextafter(near, np.inf) - near) / 2
    return near, abs(abs(rest - (near - value)) - half) > half * _NEAR


@lean
def _halves(number: float) -> tuple[float, float]:
    """Two numbers of half the digits whose sum it is."""
    wide = _SPLIT * number
    high = wide - (wide - number)
    return high, number - high
