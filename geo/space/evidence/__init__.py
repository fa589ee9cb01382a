"""Points that say in which area they lie, held against the areas: which datum they bear out, and which vintage."""

from geo.space.evidence.hearing import STATES_NOTHING, Heard, Stated, hear, level_of
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
from geo.space.evidence.matching import Column, Fit, columns_of
from geo.space.evidence.readings import NAMES, Reading, reading_of
from geo.space.evidence.words import Speech, Words, listed

__all__ = [
    "ALPHA",
    "ELSEWHERE",
    "NAMES",
    "PLACE_M",
    "REDRAWN",
    "STATES_NOTHING",
    "TIMES",
    "TOLERANCE_M",
    "Agreement",
    "Column",
    "Elsewhere",
    "Fit",
    "Heard",
    "Reading",
    "Speech",
    "Stated",
    "Verdict",
    "Words",
    "columns_of",
    "hear",
    "judged",
    "level_of",
    "listed",
    "reading_of",
]
