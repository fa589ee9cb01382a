"""A whole city divided: how files become leaves, and how two divisions differ."""

from geo.space.division.changes import (
    Comparison,
    Crossing,
    compare,
    crosswalk,
    differing,
    differing_areas,
    ground_moved,
    polygonal,
    reworded_areas,
    touched,
)
from geo.space.division.divisions import BLOCKING, GAP_M, divide, party
from geo.space.division.rows import AreaLayer, Division, NamedGrids, ground_of, nothing

__all__ = [
    "BLOCKING",
    "GAP_M",
    "AreaLayer",
    "Comparison",
    "Crossing",
    "Division",
    "NamedGrids",
    "compare",
    "crosswalk",
    "differing",
    "differing_areas",
    "divide",
    "ground_moved",
    "ground_of",
    "nothing",
    "party",
    "polygonal",
    "reworded_areas",
    "touched",
]
