"""Names of places as people write them: what two of them must share to mean the same place."""

from __future__ import annotations

import re
import unicodedata

_SUFFIX = re.compile("(街道办事处|街道|地区|镇|乡|社区居委会|社区居民委员会|社区|居委会|村委会|村|区|县)$")
_DIGITS = dict(zip("〇零○一二三四五六七八九", (0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = re.compile(f"[{''.join(_DIGITS)}{''.join(_UNITS)}]+")
_ONES = "[一二三四五六七八九]"
_COUNTED = re.compile(f"(?:{_ONES}?千)?零?(?:{_ONES}?百)?零?(?:{_ONES}?十)?零?{_ONES}?")
_ORDINAL = re.compile(r"第(?=\d)")


def plain_name(name: str) -> str:
    """A name without the word for its level (三墩镇 → 三墩), so that files that differ only in that agree."""
    shorter = _SUFFIX.sub("", name)
    return shorter if len(shorter) > 1 else name


def folded(name: str) -> str:
    """A name without the word for its level, spaces and 第, numerals as digits, full-width signs as ASCII.

    Both sides of a comparison are folded (三里 and 3里 alike), so no word has to be told from a number.
    """
    plain = "".join(unicodedata.normalize("NFKC", name).split()).casefold()
    return plain_name(_ORDINAL.sub("", _NUMERAL.sub(_figures, plain)))


def _figures(found: re.Match[str]) -> str:
    """Digits of a numeral: counted (一百一十七), spelled (一一七), or sign by sign where it is neither."""
    word = found[0]
    if not any(sign in _UNITS for sign in word):
        return "".join(str(_DIGITS[sign]) for sign in word)
    if not _COUNTED.fullmatch(word):
        return "".join(str(_DIGITS.get(sign, sign)) for sign in word)
    value, ones = 0, 0
    for sign in word:
        if sign in _UNITS:
            value, ones = value + (ones or 1) * _UNITS[sign], 0
        else:
            ones = _DIGITS[sign]
    return str(value + ones)
