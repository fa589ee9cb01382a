"""A whole city divided: how files become leaves, how two divisions differ, and how one scope is replaced."""

from geo.space.division.changes import (
    Comparison,
    Crossing,
    compare,
    crosswalk,
    differing,
    ground_moved,
    polygonal,
    renamed_areas,
    touched,
)
from geo.space.division.divisions import BLOCKING, GAP_M, divide, party
from geo.space.division.rows import AreaLayer, Division, NamedGrids, nothing
from geo.space.division.scopes import replace_scope

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
    "divide",
    "ground_moved",
    "nothing",
    "party",
    "polygonal",
    "renamed_areas",
    "replace_scope",
    "touched",
]
