"""Names of places as people write them: what two of them must share to mean the same place."""

from __future__ import annotations

import re

_SUFFIX = re.compile("(街道办事处|街道|地区|镇|乡|社区居委会|社区居民委员会|社区|居委会|村委会|村|区|县)$")


def plain_name(name: str) -> str:
    """A name without the word for its level (三墩镇 → 三墩), so that files that differ only in that agree."""
    shorter = _SUFFIX.sub("", name)
    return shorter if len(shorter) > 1 else name
