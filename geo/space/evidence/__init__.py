"""Points that say in which area they lie, held against the areas: which datum they bear out, and which vintage."""

from geo.space.evidence.hearing import Heard, Stated, hear, level_of
from geo.space.evidence.judging import (
    ALPHA,
    ELSEWHERE,
    PLACE_M,
    REDRAWN,
    TIMES,
    TOLERANCE_M,
    Agreement,
    Elsewhere,
    Verdict,
    judged,
)
from geo.space.evidence.matching import Column, Fit
from geo.space.evidence.readings import NAMES, Reading, reading_of

__all__ = [
    "ALPHA",
    "ELSEWHERE",
    "NAMES",
    "PLACE_M",
    "REDRAWN",
    "TIMES",
    "TOLERANCE_M",
    "Agreement",
    "Column",
    "Elsewhere",
    "Fit",
    "Heard",
    "Reading",
    "Stated",
    "Verdict",
    "hear",
    "judged",
    "level_of",
    "reading_of",
]
