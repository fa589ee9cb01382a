"""Several that answer the same, asked in turn: what each took, and by how much ours is faster in the same round.

One process, one thread. CPU time, median of the rounds and their range: a busy machine weighs on all of a round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geo.arrays import Floats, Positions

SEED = 20_260_101
NS, US = 1e9, 1e6


def clustered(random: np.random.Generator, bounds: tuple[float, float, float, float], n: int) -> Floats:
    """(n, 2) lon/lat, as incidents and buildings lie: four of five in a tenth of the box, the others anywhere in it."""
    west, south, east, north = bounds
    size = np.array([east - west, north - south])
    dense = random.random((n, 2)) * size * np.sqrt(0.1) + np.array([west, south]) + 0.3 * size
    wide = random.random((n, 2)) * size + np.array([west, south])
    return np.where(random.random((n, 1)) < 0.8, dense, wide)


@dataclass
class Took:
    """Seconds of the processor for one of those asked about, of each round."""

    name: str
    ask: Callable[[Any], Positions]
    clock: Callable[[], float] = time.process_time
    each_s: list[float] = field(default_factory=list)

    def round(self, about: Any, is_right: Callable[[Positions], bool]) -> None:
        """Ask once; the answer must be right."""
        begun = self.clock()
        found = self.ask(about)
        self.each_s.append((self.clock() - begun) / len(about))
        assert is_right(found), f"{self.name} answers otherwise"


def table(asked: Sequence[Took], unit: tuple[str, float], at_least: Mapping[str, float]) -> dict[str, dict[str, str]]:
    """What each took, in a unit that has so many in a second, beside the first; the first must be faster by so much."""
    name, in_a_second = unit
    mine = np.array(asked[0].each_s)
    rows = {}
    for one in asked:
        took, ratios = np.array(one.each_s) * in_a_second, np.array(one.each_s) / mine
        rows[one.name] = {name: spread(took), "ours is faster by": spread(ratios)}
        assert np.median(ratios) >= at_least.get(one.name, 0.0), f"{one.name}: {np.median(ratios):.1f}"
    return rows


def spread(values: Sequence[float] | Floats) -> str:
    """Median and range."""
    return f"{np.median(values):,.2f} ({np.min(values):,.2f} to {np.max(values):,.2f})"
