"""Our ES modules: which a page starts from, and which those import in turn."""

from __future__ import annotations

import re
from functools import cache

from maps.assets import STATIC

ENTRY = re.compile(r'import\("(/static/js/[\w-]+\.js)"\)')
"""Where a page's script names the module it starts from."""

IMPORT = re.compile(r'(\bfrom\s+|\bimport\s+)"\./([\w-]+\.js)"')
"""Where a module names another it cannot do without; one it fetches later is named in brackets."""


def needed(html: str) -> tuple[str, ...]:
    """Addresses of every module that a page's script needs to start, the nearest to it first; empty without any."""
    return tuple(address for entry in ENTRY.findall(html) for address in _needed(entry))


@cache
def _needed(entry: str) -> tuple[str, ...]:
    found = {entry.rsplit("/", 1)[1]: None}
    waiting = list(found)
    for name in waiting:
        for _, other in IMPORT.findall((STATIC / "js" / name).read_text(encoding="utf-8")):
            if other not in found:
                found[other] = None
                waiting.append(other)
    return tuple(f"/static/js/{name}" for name in found)
