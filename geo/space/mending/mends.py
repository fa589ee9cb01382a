"""Layers mended: who gets each face, from the grids up, and what that moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Ints, Shapes
from geo.space.arrangement import united
from geo.space.division.rows import AreaLayer, NamedGrids, positions
from geo.space.grounds import fitted
from geo.space.mending.claims import SEVERAL, Arrangement, Claims, arranged
from geo.space.mending.cracks import cracks, free_ground
from geo.space.mending.ledger import Limits, Mend, Places, is_hair, places
from geo.space.partition import OUTSIDE, whole_of

_NESTED = 0.999


@dataclass(frozen=True, eq=False)
class Layers:
    """Grids and what hangs over them; the outline is None where none is declared or nothing has ground."""

    named: NamedGrids
    areas: Sequence[AreaLayer]
    outline: BaseGeometry | None


def once(layers: Layers, limits: Limits, rank: list[int], epsg: int) -> tuple[Layers, list[Mend]]:
    """Everything mended that can be seen at once, and what that moved; ground that this leaves thin is not.

    Parameters
    ----------
    layers
        Degrees WGS 84.
    rank
        Of each level, 0 the highest authority.
    epsg
        Metric CRS of the city.

    Returns
    -------
    tuple[Layers, list[Mend]]
        Grids that no mend concerns are the same objects.
    """
    city = _City.of(layers.named, layers.areas, layers.outline, limits, rank, epsg)
    if city is None:
        return layers, []
    owner = _Owners(city)
    owner.cuts()
    owner.beyond()
    owner.overlaps()
    owner.gaps()
    areas, told = _lifted(city, owner)
    return Layers(replace(layers.named, shapes=owner.shapes()), areas, _whole(city)), owner.mends + told


@dataclass(frozen=True, eq=False)
class _City:
    named: NamedGrids
    areas: Sequence[AreaLayer]
    grids: Shapes
    shapes: list[Shapes]  # of each layer, empty where it has none
    parent: list[Ints]  # of each layer's areas in the layer above, and last of the grids in the lowest layer
    first: list[int]  # position of each layer's first area among all parties
    arrangement: Arrangement
    held: Claims  # by grids
    claim: list[Ints]  # by areas of each layer: position, OUTSIDE, SEVERAL
    several: list[Claims]
    inside: Bools  # faces of the ground to divide
    crack: Ints  # of each face, OUTSIDE for none
    limits: Limits
    rank: list[int]
    epsg: int

    @classmethod
    def of(
        cls,
        named: NamedGrids,
        areas: Sequence[AreaLayer],
        outline: BaseGeometry | None,
        limits: Limits,
        rank: list[int],
        epsg: int,
    ) -> _City | None:
        grids = fitted(named.shapes, 0)[0]
        shapes = [_fitted(layer) for layer in areas]
        if outline is not None:
            shapes[0] = fitted(np.asarray([outline], dtype=object), 0)[0]
        top = next((layer for layer in shapes if not shapely.is_empty(layer).all()), None)
        if top is None and shapely.is_empty(grids).all():
            return None
        ground = grids if top is None else top
        whole = ground[0] if len(ground) == 1 else shapely.union_all(ground)
        if outline is None:
            whole = shapely.union_all([whole, *grids])
        thin = cracks(free_ground(grids, whole), grids, whole, limits, epsg)
        arrangement = arranged([grids, *shapes, thin])
        several = [arrangement.claims(layer) for layer in shapes]
        held = arrangement.claims(grids)
        inside = (arrangement.claims(ground).count > 0) | ((held.count > 0) & (outline is None))
        above = [layer.codes for layer in areas]
        parent = [positions(layer.parents, codes) for layer, codes in zip(areas[1:], above, strict=False)]
        parent = [np.full(len(areas[0].codes), OUTSIDE, dtype=np.int64), *parent, positions(named.parents, above[-1])]
        first = [len(grids), *(len(grids) + np.cumsum([len(layer.codes) for layer in areas])).tolist()]
        return cls(
            named, areas, grids, shapes, parent, first, arrangement, held, [one.single for one in several], several,
            inside, np.maximum(arrangement.claims(thin).single, OUTSIDE), limits, rank, epsg,
        )  # fmt: skip

    @property
    def grid_level(self) -> int:
        return len(self.areas)

    @property
    def drawn(self) -> list[int]:
        """Levels of the areas that have shapes, the highest first, without the city itself."""
        return [at for at, layer in enumerate(self.shapes) if at and not shapely.is_empty(layer).all()]

    def ancestors(self, label: Ints, level: int) -> Ints:
        """Area of a level above each grid position; OUTSIDE where there is none."""
        for at in range(self.grid_level, level, -1):
            label = np.where(label >= 0, self.parent[at][label], OUTSIDE)
        return label

    def places(self, these: Ints, lost: Ints, got: Ints) -> Places:
        return places(self.arrangement.faces, self.arrangement.edges, these, np.stack([lost, got], axis=1), self.epsg)


def _fitted(layer: AreaLayer) -> Shapes:
    if layer.shapes is None:
        return np.full(len(layer.codes), shapely.Polygon(), dtype=object)
    return fitted(layer.shapes, 0)[0]


class _Owners:
    """The grid of each face, decided step by step; ``mends`` is what the steps moved.

    ``face`` and ``grid`` are the claims of grids, ``stands`` says which of them nothing has decided against; ``label``
    is the grid of each face inside, the other claims that stand are ground too large to be mended.
    """

    def __init__(self, city: _City) -> None:
        self.city = city
        self.mends: list[Mend] = []
        self.face, self.grid = city.held.face, city.held.shape
        self.stands = np.ones(len(self.face), dtype=np.bool_)
        self.label = np.full(city.held.faces, OUTSIDE, dtype=np.int64)
        self.touched = np.zeros(len(city.grids), dtype=np.bool_)

    def cuts(self) -> None:
        """Ground of grids in an area of another parent, where that level has the higher authority."""
        city = self.city
        for level in [one for one in city.drawn if city.rank[one] < city.rank[city.grid_level]]:
            up, claim = city.ancestors(self.grid, level), city.claim[level][self.face]
            wrong = self.stands & (up >= 0) & (claim != up) & (claim != SEVERAL) & city.inside[self.face]
            self._drop(np.flatnonzero(wrong), _party(city, level, claim[wrong]), "cut", limited=False)

    def beyond(self) -> None:
        """Ground of grids outside a declared outline: cut off within the limits."""
        these = np.flatnonzero(self.stands & ~self.city.inside[self.face])
        self._drop(these, np.full(len(these), OUTSIDE), "beyond", limited=True)

    def _drop(self, these: Ints, got: Ints, kind: str, *, limited: bool) -> None:
        """Decide against these claims, where a place is within the limits or no limit counts."""
        if not len(these):
            return
        found = self.city.places(self.face[these], self.grid[these], got)
        moves = found.within(self.city.limits) | (not limited)
        self._told(found, np.full(len(moves), kind), moves)
        self.stands[these[moves[found.of]]] = False

    def overlaps(self) -> None:
        """Ground of two grids: the smaller keeps it, within the limits, or where it was drawn to lie inside.

        Ground outside that is too large to be cut off takes part: a place is measured whole, on both sides of the rim.
        """
        city = self.city
        standing = np.flatnonzero(self.stands)
        winner = _winners(city, self.face[standing], self.grid[standing])
        self.label = np.where(city.inside, winner, OUTSIDE)
        lose = standing[self.grid[standing] != winner[self.face[standing]]]
        if not len(lose):
            return
        found = city.places(self.face[lose], self.grid[lose], winner[self.face[lose]])
        kinds = _overlap_kinds(city, found)
        self._told(found, kinds, kinds != "")
        self.stands[lose[(kinds != "")[found.of]]] = False

    def gaps(self) -> None:
        """Free ground within the limits goes to the grid with the longest border, first among those of its area."""
        city = self.city
        free = np.flatnonzero((self.label == OUTSIDE) & city.inside)
        if not len(free):
            return
        found = city.places(free, city.crack[free], np.full(len(free), OUTSIDE))
        small = found.within(city.limits)
        place = np.full(len(self.label), OUTSIDE, dtype=np.int64)
        place[free] = np.where(small[found.of], found.of, OUTSIDE)
        got = self._absorbed(place, len(found.key))
        given = got != OUTSIDE
        gained = replace(found, key=np.stack([np.full(len(got), OUTSIDE), got], axis=1))
        self._told(gained, np.full(len(got), "gap"), given)
        thin = ~given & (found.width_m <= city.limits.width_m)
        self._told(gained, np.full(len(got), "left"), thin & ~small)

    def _absorbed(self, place: Ints, count: int) -> Ints:
        """The grid that each place goes to; OUTSIDE where no grid lies beside it. ``label`` follows."""
        city, edges = self.city, self.city.arrangement.edges
        lowest = city.drawn[-1] if city.drawn else None
        got = np.full(count, OUTSIDE, dtype=np.int64)
        inner = np.flatnonzero((edges.twin != OUTSIDE) & (place[edges.owner] != OUTSIDE))
        inner = inner[place[edges.right[inner]] != place[edges.owner[inner]]]
        length = np.hypot(*(edges.ends[inner, :2] - edges.ends[inner, 2:]).T)
        for _ in range(len(place)):
            mine, beside = edges.owner[inner], self.label[edges.right[inner]]
            open_ = (beside >= 0) & (got[place[mine]] == OUTSIDE)
            if not open_.any():
                break
            home = np.ones(int(open_.sum()), dtype=np.bool_)
            if lowest is not None:
                claim = city.claim[lowest][mine[open_]]
                home = (claim < 0) | (city.ancestors(beside[open_], lowest) == claim)
            got = _best(got, place[mine[open_]], beside[open_], length[open_], home)
            mark = place != OUTSIDE
            self.label[mark] = got[place[mark]]
        return got

    def _told(self, found: Places, kinds: np.ndarray, chosen: Bools) -> None:
        """Enter the chosen places into the ledger, hairs excepted, and mark the grids they concern."""
        parties = found.key[chosen].reshape(-1)
        parties = parties[(parties >= 0) & (parties < len(self.touched))]
        self.touched[parties] = True
        self.mends += found.mends(kinds.tolist(), chosen & ~is_hair(found.ground))

    def shapes(self) -> Shapes:
        """Ground of every grid; the same object where nothing concerned it."""
        faces = self.city.arrangement.faces
        more = self.stands & (self.grid != self.label[self.face])  # held by two, or outside: too large to be mended
        ground = united(np.concatenate([faces, faces[self.face[more]]]), np.concatenate([self.label, self.grid[more]]))
        shapes = self.city.grids.copy()
        for at in np.flatnonzero(self.touched):
            shapes[at] = ground.get(int(at), shapely.Polygon())
        return shapes


def _whole(city: _City) -> BaseGeometry:
    return whole_of(city.arrangement.faces[city.inside])


def _winners(city: _City, face: Ints, grid: Ints) -> Ints:
    """The grid of each face, of those that claim it: dedicated before others, the smaller, the lower position."""
    common = city.named.kinds[grid] != "dedicated"
    order = np.lexsort((grid, shapely.area(city.grids)[grid], common, face))[::-1]  # the first is written last
    label = np.full(city.held.faces, OUTSIDE, dtype=np.int64)
    label[face[order]] = grid[order]
    return label


def _overlap_kinds(city: _City, found: Places) -> np.ndarray:
    """Why each place of an overlap may go to its winner; "" where it may not."""
    lost, got = found.key.T
    dedicated = (city.named.kinds[got] == "dedicated") & (city.named.kinds[lost] != "dedicated")
    area = shapely.area(city.grids)
    common = shapely.area(shapely.intersection(city.grids[lost], city.grids[got]))
    nested = (common >= _NESTED * area[got]) & (area[got] * 2 < area[lost])
    return np.where(
        dedicated, "dedicated", np.where(found.within(city.limits), "overlap", np.where(nested, "nested", ""))
    )


def _best(got: Ints, place: Ints, grid: Ints, length: np.ndarray, home: Bools) -> Ints:
    """The grid with the longest border for each place, its own area's first; the lowest position among equals."""
    pairs, which = np.unique(np.stack([place, grid], axis=1), axis=0, return_inverse=True)
    which = which.reshape(-1)
    total = np.bincount(which, weights=length)
    at_home = np.bincount(which, weights=length * home)
    order = np.lexsort((-pairs[:, 1], total, at_home))  # the best is written last
    chosen = got.copy()
    chosen[pairs[order, 0]] = pairs[order, 1]
    return chosen


def _party(city: _City, level: int, area: Ints) -> Ints:
    """Positions among all parties of areas of a level; OUTSIDE stays."""
    return np.where(area >= 0, city.first[level] + area, OUTSIDE)


# -- the levels above --------------------------------------------------------------------------------------------------
def _lifted(city: _City, owner: _Owners) -> tuple[list[AreaLayer], list[Mend]]:
    """The layers with the ground that their level's faces make, and what that moved."""
    told: list[Mend] = []
    layers = list(city.areas)
    below, decided = owner.label, np.full(len(owner.label), city.grid_level)
    for level in range(city.grid_level - 1, 0, -1):
        claim = city.claim[level]
        chain = np.where(below >= 0, city.parent[level + 1][below], OUTSIDE)
        over = (decided < city.grid_level) & (claim >= 0) & (chain >= 0) & (claim != chain)
        over &= np.asarray(city.rank)[decided] > city.rank[level]
        label = np.where((chain >= 0) & ~over, chain, np.where(claim >= 0, claim, OUTSIDE))
        decided = np.where((chain >= 0) & ~over, decided, level)
        label[~city.inside] = OUTSIDE
        if level in city.drawn:
            told += _area_mends(city, level, label)
            layers[level] = replace(city.areas[level], shapes=_united(city, label, len(city.areas[level].codes)))
        below = label
    if city.areas[0].shapes is not None:
        layers[0] = replace(city.areas[0], shapes=np.asarray([_whole(city)], dtype=object))
    return layers, told


def _united(city: _City, label: Ints, count: int) -> Shapes:
    ground = united(city.arrangement.faces, label)
    return np.asarray([ground.get(at, shapely.Polygon()) for at in range(count)], dtype=object)


def _area_mends(city: _City, level: int, label: Ints) -> list[Mend]:
    """What a level's areas won and lost against the ground they claim."""
    several = city.several[level]
    lost = several.shape != label[several.face]
    face, area = several.face[lost], several.shape[lost]
    won = np.flatnonzero((label >= 0) & (city.claim[level] == OUTSIDE) & city.inside)
    these = np.concatenate([face, won])
    if not len(these):
        return []
    from_ = _party(city, level, np.concatenate([area, np.full(len(won), OUTSIDE)]))
    found = city.places(these, from_, _party(city, level, label[these]))
    inside = np.ones(len(found.key), dtype=np.bool_)
    inside[found.of] = city.inside[these]
    disputed = np.zeros(len(found.key), dtype=np.bool_)
    disputed[found.of] = city.claim[level][these] == SEVERAL
    free = found.key[:, 1] == OUTSIDE
    kinds = np.where(
        ~inside, "outside",
        np.where(free & disputed, "disputed", np.where(found.within(city.limits), "sliver", "authority")),
    )  # fmt: skip
    return found.mends(kinds.tolist(), ~is_hair(found.ground))
