"""Changes as a planner may ask for them, seeded, on the division of a made city."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes
from geo.crs import SNAP
from geo.space.division import Division, divide, polygonal
from geo.space.redraw.changes import (
    Annex,
    Cede,
    Change,
    CutDedicated,
    Dissolve,
    Merge,
    MoveBorder,
    Recode,
    Rename,
    Reparent,
    Split,
    Transfer,
)
from geo.space.redraw.leaves import Leaves
from geo.space.redraw.scopes import GivenLeaf, ReplaceScope, is_idle, trimmed
from tests.cities import SCHEME, made_city
from tests.hand_drawings import line_over, polygon_over


def grids(made: Division, kind: str = "comprehensive") -> Codes:
    return made.leaf_codes[made.leaf_kinds == kind]


def unused(made: Division, code: str) -> str:
    """A code of the same community that no leaf has."""
    return next(f"{code[:12]}{n:03d}" for n in range(900, 999) if f"{code[:12]}{n:03d}" not in made.leaf_codes)


def shape(made: Division, code: str) -> BaseGeometry:
    return Leaves(made.leaf_codes, made.leaf_shapes).shape(code)


def somehow(made: Division, random: np.random.Generator) -> Change:
    """A change as a planner may ask for it, of random grids."""
    code, other = (str(random.choice(grids(made))) for _ in range(2))
    ground, new = shape(made, code), unused(made, code)
    line, drawn = line_over(ground, random), polygon_over(ground, random)
    asked: list[Change] = [
        Split(code, line, (code, new), ("留下", "分出")),
        Merge((code, other), code),
        Transfer(drawn, other),
        MoveBorder(code, other, line),
        CutDedicated(drawn, new, "商场"),
        Dissolve(code, other),
        Dissolve(code),
        Reparent(code, str(random.choice(made.area_codes[made.area_levels == made.levels - 2]))),
        Rename(code, "新名"),
        Recode(code, new),
        Annex(drawn, code),
        Cede(drawn),
        _replaced(made, code, drawn, random),
    ]
    return asked[int(random.integers(len(asked)))]


def divided_city(seed: int, side: int = 4, *, torn: bool = True) -> Division:
    """A made city of grids and fallback ground, by communities, subdistricts and a district."""
    city = made_city(seed, side, torn=torn)
    made, found = divide(city.grids(named_only=True), city.layers(), None, SCHEME)
    assert not found, found
    return made


def given_leaves(made: Division, within: str | None = None) -> tuple[GivenLeaf, ...]:
    """The leaves of an area as they are, None for the city, as they are given to replace it."""
    columns = (made.leaf_codes, made.leaf_names, made.leaf_kinds, made.leaf_parents)
    words = zip(*(column.tolist() for column in columns), made.leaf_shapes, strict=True)
    inside = made.area_codes[made.areas_within(within)].tolist() if within else made.area_codes.tolist()
    return tuple(one for one in (GivenLeaf(*told) for told in words) if one.parent in inside)


def _replaced(made: Division, code: str, drawn: BaseGeometry, random: np.random.Generator) -> Change:
    """A community as a file may have it: what is drawn is the grid's now, one may be missing; where not, a new name."""
    leaves = given_leaves(made, code[:12])
    ground = shapely.union_all([one.ground for one in leaves])
    meant = shapely.make_valid(drawn, method="structure", keep_collapsed=False)
    [taken] = polygonal(np.array([shapely.intersection(meant, ground, grid_size=SNAP)], dtype=object))
    edited = [
        replace(
            one, ground=(shapely.union if one.code == code else shapely.difference)(one.ground, taken, grid_size=SNAP)
        )
        for one in leaves
    ]
    kept = [one for one in edited if one.ground.geom_type in ("Polygon", "MultiPolygon") and one.ground.area]
    asked = ReplaceScope(tuple(one for one in kept if one.code == code or random.random() < 0.9), code[:12])
    return Rename(code, "新名") if is_idle(trimmed(made, asked)) else asked
