"""What indicators are made of: numbers of leaves and areas, counted from the registers, by the key of a tally."""

from __future__ import annotations

from collections.abc import Callable

from geo.coverage.rollups import Tally
from geo.coverage.tallies import estates, figures, found, ground, matters, meeting, organisations, staffing
from geo.coverage.tallies.asking import Asked

TALLIES: dict[str, Callable[[Asked], Tally]] = {
    "ground": ground.ground,
    "run": found.units,
    "organisations": organisations.organisations,
    "branches": ground.branches,
    "staffing": staffing.posts,
    "serving": figures.serving,
    "report-ins": meeting.report_ins,
    "pairings": meeting.pairings,
    "deliberations": meeting.deliberations,
    "estates": estates.estates,
    "figures": figures.figures,
    "incidents": ground.happened,
    "stages": matters.stages,
    "categories": matters.categories,
}
"""Every tally; an indicator names those it needs."""

DATED: dict[str, str] = {
    "ground": "edition",
    "run": "survey",
    "staffing": "as_of",
    "serving": "as_of",
    "report-ins": "as_of",
    "deliberations": "as_of",
    "figures": "as_of",
    "incidents": "incidents",
}
"""What the days of a tally are; of the others the day rows were last handed in."""
