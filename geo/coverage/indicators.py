"""The indicators there are: what each counts, among what, how it is classed and called; data in one file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

from geo.errors import Unknown

_FILE = Path(__file__).with_name("indicators.toml")

Kind = Literal["share", "per", "count"]
Group = Literal["ground", "organisations", "staffing", "service", "estates", "population", "incidents"]
GROUPS: dict[str, tuple[str, str]] = {
    "ground": ("网格", "Ground"),
    "organisations": ("党的组织和工作覆盖", "Party organisations"),
    "staffing": ("网格力量", "Staffing"),
    "service": ("服务", "Service"),
    "estates": ("小区", "Estates"),
    "population": ("底数", "Population"),
    "incidents": ("事件", "Incidents"),
}
"""Groups in the order pages offer them, each in Chinese and English."""

KNOWN_LEAST = 0.3
"""Where less than this share is known, a place is told as unknown and not by a value."""

Words = tuple[str, str]


@dataclass(frozen=True)
class Indicator:
    """One indicator.

    Attributes
    ----------
    kind
        ``share``: ``of / among``; ``per``: that × ``scale``; ``count``: ``of`` alone.
    tallies
        Keys of :mod:`geo.coverage.tallies`.
    of, among, unknown, whole
        Names of columns that are added up; ``unknown / whole`` is the share nobody knows of.
    words
        ``of``, ``rest``, ``among``, ``unknown`` and ``one`` in Chinese and English.
    breaks
        Fixed borders of the classes, ascending; none = rounded fifths.
    dark
        Which values are dark: those one looks for.
    smoothed
        Whether a place is shown by its empirical-Bayes estimate.
    least
        Where ``among`` is less, there is too little data.
    short
        What it is called where there is little room; None = its name.
    km2
        Which of ``of`` and ``among`` are square metres of ground.
    depth
        Levels above the grid down to which it is told.
    beside
        Keys of indicators told beside it.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    key: str
    zh: str
    en: str
    group: Group
    kind: Kind
    tallies: tuple[str, ...]
    of: tuple[str, ...]
    words: dict[str, Words]
    dark: Literal["low", "high"]
    among: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    scale: float = 1.0
    breaks: tuple[float, ...] = ()
    smoothed: bool = False
    least: float = 0.0
    short: Words | None = None
    km2: tuple[str, ...] = ()
    depth: int = 0
    beside: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it needs."""
        return (*self.of, *self.among, *self.unknown, *self.whole)


_ADAPTER = TypeAdapter(Indicator)


@cache
def registry() -> dict[str, Indicator]:
    """Every indicator by its key, in the order of the file."""
    told = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {key: _ADAPTER.validate_python({"key": key, **one}) for key, one in told.items()}


def named(key: str) -> Indicator:
    """The indicator ``key``.

    Raises
    ------
    Unknown
        When there is none.
    """
    found = registry().get(key)
    if found is None:
        raise Unknown(f"no indicator {key!r}; there are {', '.join(registry())}")
    return found
