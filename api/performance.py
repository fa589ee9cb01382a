"""``docs/performance.md``: what benches measured, as they said it, with the machine and the versions beside."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from geo.errors import Refused

_HEAD = """# Performance

Written by `./gridatlas bench NAME --size full --write`: each part is what that bench printed, on the machine and with
the versions it names. Only ratios of one run say something about another machine.
"""
_VERSIONS = ("numba", "numpy", "shapely", "geopandas", "duckdb", "sedonadb", "psycopg", "pyarrow")


def write(path: Path, name: str, size: str, printed: str) -> None:
    """The part of a bench in the page is what it printed just now; the other parts stay.

    Raises
    ------
    Refused
        When the bench did not print one JSON object.
    """
    told = figures(printed)
    if told is None:
        raise Refused(f"bench {name} prints no JSON object, so there are no figures that could be written")
    page = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    part = f"{begin}{_part(name, size, told)}{end}"
    old = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    page = old.sub(lambda _: part, page) if old.search(page) else f"{page}\n{part}"
    path.write_text(page, encoding="utf-8")


def figures(printed: str) -> dict[str, Any] | None:
    """What a bench printed, when it is one JSON object."""
    try:
        told = json.loads(printed)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _part(name: str, size: str, told: dict[str, Any]) -> str:
    head = [f"## {name}", "```sh", f"./gridatlas bench {name} --size {size}", "```", _machine(), ""]
    return "\n".join(head + tables(told))


def tables(told: dict[str, Any]) -> list[str]:
    """Lines of Markdown: a table of the plain figures, and one for each group of them."""
    plain = {key: value for key, value in told.items() if not isinstance(value, dict)}
    lines: list[str] = []
    lines += _table(("", ""), list(plain.items())) if plain else []
    for key, rows in told.items():
        if isinstance(rows, dict):
            lines += [f"### {key}", "", *_nested(rows)]
    return lines


def _nested(rows: dict[str, Any]) -> list[str]:
    """A table with a column for each key of the rows; one of two columns where the rows are plain values."""
    if not all(isinstance(row, dict) for row in rows.values()):
        return _table(("", ""), list(rows.items()))
    heads = list(dict.fromkeys(key for row in rows.values() for key in row))
    return _table(("", *heads), [(name, *(row.get(head, "") for head in heads)) for name, row in rows.items()])


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    told = [heads, ("---",) * len(heads), *rows]
    return [*(f"| {' | '.join(map(str, row))} |" for row in told), ""]


def _machine() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    named = [f"{name} {version(name)}" for name in _VERSIONS]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, at {commit.stdout.strip() or 'no commit'}: {_processor()}, "
        f"{len(os.sched_getaffinity(0))} cores; Python {platform.python_version()}, {', '.join(named)}."
    )


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", about.read_text()) if about.exists() else None
    return found[1].strip() if found else platform.processor() or platform.machine()
