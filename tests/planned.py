"""Changes as planners may ask for them, seeded, on any division: every kind there is, for every law of plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes
from geo.codes import Scheme
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
from geo.space.redraw.scopes import GivenLeaf, ReplaceScope
from tests.cities import SCHEME, made_city
from tests.hand_drawings import line_over, polygon_over


def grids(made: Division, kind: str = "comprehensive") -> Codes:
    return made.leaf_codes[made.leaf_kinds == kind]


def unused(made: Division, code: str, scheme: Scheme = SCHEME, first: int = 900) -> str:
    """A code of the same area that no leaf has, the lowest from a number on."""
    stem = scheme.stem(_parent(made, code))
    return next(new for n in range(first, 999) if (new := f"{stem}{n:03d}") not in made.leaf_codes)


def shape(made: Division, code: str) -> BaseGeometry:
    return Leaves(made.leaf_codes, made.leaf_shapes).shape(code)


def _parent(made: Division, code: str) -> str:
    return str(made.leaf_parents[made.leaf_codes == code][0])


# -- changes -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class _Place:
    """Where a change is asked for; without ``is_numbered`` the codes of what is new are left for others to find."""

    made: Division
    random: np.random.Generator
    scheme: Scheme
    is_numbered: bool
    code: str

    @property
    def ground(self) -> BaseGeometry:
        return shape(self.made, self.code)

    def drawn(self) -> BaseGeometry:
        return polygon_over(self.ground, self.random)

    def new(self) -> str:
        return unused(self.made, self.code, self.scheme, int(self.random.integers(500, 900)))

    def other(self) -> str:
        """Another grid or fallback ground: one beside it, or now and then any, which may be itself."""
        beside = Leaves(self.made.leaf_codes, self.made.leaf_shapes).tree.query(self.ground, predicate="touches")
        among = self.made.leaf_codes[beside] if beside.size and self.random.random() < 0.7 else self.made.leaf_codes
        return str(self.random.choice(among))

    def area(self, level: int) -> str:
        """An area of a level, counted from the grids up."""
        return str(self.random.choice(self.made.area_codes[self.made.area_levels == self.made.levels - 1 - level]))


def _split(at: _Place) -> Change:
    line = line_over(at.ground, at.random)
    return Split(at.code, line, (at.code, at.new()), ("留下", "分出")) if at.is_numbered else Split(at.code, line)


def _merge(at: _Place) -> Change:
    return Merge((at.code, at.other()), at.code if at.is_numbered else None)


def _move_border(at: _Place) -> Change:
    other = at.other()
    return MoveBorder(at.code, other, line_over(shapely.union(at.ground, shape(at.made, other)), at.random))


def _cut_dedicated(at: _Place) -> Change:
    kind = str(at.random.choice(["dedicated", "comprehensive"]))
    return CutDedicated(at.drawn(), at.new() if at.is_numbered else None, "商场", grid_kind=kind)


def _dissolve(at: _Place) -> Change:
    return Dissolve(at.code, at.other() if at.random.random() < 0.5 else None)


def _rename(at: _Place) -> Change:
    return Rename(at.code if at.random.random() < 0.5 else at.area(int(at.random.integers(1, 4))), "新名")


def _annex(at: _Place) -> Change:
    """Drawn over a grid at the rim of the city, where that is likely to lie outside."""
    rim = shapely.boundary(at.made.area_shapes[at.made.area_levels == 0][0])
    there = at.made.leaf_codes[shapely.intersects(rim, at.made.leaf_shapes)]
    to = str(at.random.choice(there))
    return Annex(polygon_over(shape(at.made, to), at.random), to)


def _replace_scope(at: _Place) -> Change:
    """An area, now and then the city, as a file may have it: a grid with another name, which has what is drawn or gives
    it to a new one; a leaf may be missing."""
    within = _parent(at.made, at.code) if at.random.random() < 0.8 else None
    leaves = given_leaves(at.made, within)
    whole = shapely.union_all([one.ground for one in leaves])
    meant = shapely.make_valid(at.drawn(), method="structure", keep_collapsed=False)
    [taken] = polygonal(np.array([shapely.intersection(meant, whole, grid_size=SNAP)], dtype=object))
    to = at.code if at.random.random() < 0.7 else at.new()
    edited = [_edited(one, at.code, to, taken) for one in leaves]
    if to != at.code:
        edited.append(GivenLeaf(to, "新划", "comprehensive", _parent(at.made, at.code), taken))
    if at.random.random() < 0.3:
        edited.pop(int(at.random.integers(len(edited))))
    kept = [one for one in edited if one.ground.geom_type in ("Polygon", "MultiPolygon") and one.ground.area]
    return ReplaceScope(tuple(kept), within)


def _edited(one: GivenLeaf, renamed: str, to: str, taken: BaseGeometry) -> GivenLeaf:
    """A leaf after the ground that was taken went ``to`` a leaf."""
    word = "新名" if one.code == renamed else one.name
    if not shapely.intersects(one.ground, taken) and one.code != to:
        return replace(one, name=word)
    laid = shapely.union if one.code == to else shapely.difference
    return replace(one, name=word, ground=laid(one.ground, taken, grid_size=SNAP))


KINDS: dict[type[Change], Callable[[_Place], Change]] = {
    Split: _split,
    Merge: _merge,
    Transfer: lambda at: Transfer(at.drawn(), at.other()),
    MoveBorder: _move_border,
    CutDedicated: _cut_dedicated,
    Dissolve: _dissolve,
    Reparent: lambda at: Reparent(at.code, at.area(1)),
    Rename: _rename,
    Recode: lambda at: Recode(at.code, at.new()),
    Annex: _annex,
    Cede: lambda at: Cede(at.drawn()),
    ReplaceScope: _replace_scope,
}
"""How each kind is asked for; :func:`somehow` draws them alike."""


def somehow(
    made: Division, random: np.random.Generator, scheme: Scheme = SCHEME, *, is_numbered: bool = True
) -> Change:
    """A change as a planner may ask for it, of random grids; it may be one to be refused."""
    named = made.leaf_codes[made.leaf_kinds != "fallback"]
    among = named if len(named) and random.random() < 0.9 else made.leaf_codes
    kind = list(KINDS)[int(random.integers(len(KINDS)))]
    return KINDS[kind](_Place(made, random, scheme, is_numbered, str(random.choice(among))))


# -- divisions ---------------------------------------------------------------------------------------------------------
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
