"""Random cities for laws: wiggly shared borders, holes, enclaves, leaves of several parts. Pure and seeded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Codes, Floats, Ints, Shapes
from geo.codes import Scheme
from geo.crs import snap
from geo.space.arrangement import united
from geo.space.division import AreaLayer, NamedGrids
from geo.space.partition import faults, whole_of

SCHEME = Scheme((4, 6, 9, 12, 15))
CITY = "3799"
STEP = 4e-3  # degrees between the nodes of the made lattice, about 400 m
ORIGIN = (117.0, 36.6)


@dataclass(frozen=True, eq=False)
class MadeCity:
    """A proved partition and what hangs over it; ``shapes`` ascend by ``codes``."""

    codes: Codes
    shapes: Shapes
    community: Ints
    outline: BaseGeometry
    named: Bools

    @property
    def community_codes(self) -> Codes:
        return np.asarray([community_code(int(at)) for at in range(self.community.max() + 1)], dtype=np.str_)

    @property
    def community_shapes(self) -> Shapes:
        ground = united(self.shapes, self.community)
        return np.asarray([ground.get(at, shapely.Polygon()) for at in range(self.community.max() + 1)], dtype=object)

    def grids(self, *, named_only: bool = False) -> NamedGrids:
        """The leaves as a file would give them; with ``named_only`` some ground is left free."""
        these = self.named if named_only else np.ones(len(self.codes), dtype=np.bool_)
        codes = self.codes[these]
        return NamedGrids(
            codes,
            np.char.add("网格", codes),
            np.full(len(codes), "comprehensive"),
            self.community_codes[self.community[these]],
            self.shapes[these],
        )

    def layers(self, *, drawn: bool = True) -> list[AreaLayer]:
        """City, district, subdistricts and communities; without ``drawn`` they are codes only."""
        low = self.community_codes
        full = ~shapely.is_empty(self.community_shapes)
        low, low_shapes = low[full], self.community_shapes[full]
        mid, of_mid = np.unique([code[:9] for code in low], return_inverse=True)
        mid_shapes = np.asarray([whole_of(low_shapes[of_mid == at]) for at in range(len(mid))], dtype=object)
        whole = np.asarray([self.outline], dtype=object)
        text = np.asarray
        layers = [
            (text([CITY]), text([""]), whole),
            (text([CITY + "02"]), text([CITY]), whole),
            (mid, np.full(len(mid), CITY + "02"), mid_shapes),
            (low, np.asarray([code[:9] for code in low]), low_shapes),
        ]
        return [
            AreaLayer(level, codes, np.char.add("区", codes), parents, shapes if drawn else None)
            for level, (codes, parents, shapes) in enumerate(layers)
        ]


def community_code(at: int) -> str:
    return f"{CITY}02{at // 3 + 1:03d}{at % 3 + 1:03d}"


def made_city(seed: int, side: int = 4, wiggle: float = 0.15, *, torn: bool = True) -> MadeCity:
    """A city of about ``side`` squared leaves; with ``torn`` it has holes, enclaves and leaves of several parts."""
    while True:
        cells = _cells(np.random.default_rng(seed), side, wiggle)
        if not faults(cells, None):
            break
        wiggle /= 2
    rng = np.random.default_rng(seed + 1)
    leaf = np.arange(side * side)
    if torn and side > 2:
        leaf[rng.integers(0, len(leaf), 2)] = rng.integers(0, len(leaf), 2)  # may touch, be apart, or be the same
    lost = rng.integers(0, len(leaf), side // 3) if torn else np.zeros(0, dtype=np.int64)
    block = (np.arange(side)[:, None] // 2 * ((side + 1) // 2) + np.arange(side)[None, :] // 2).ravel()
    keep = np.setdiff1d(np.arange(len(leaf)), lost)
    ground = united(cells[keep], leaf[keep])
    community = [int(block[at]) for at in ground]
    shapes = list(ground.values())
    if torn:
        _enclave(rng, shapes, community)
    return _named(rng, np.asarray(shapes, dtype=object), np.asarray(community))


def _named(rng: np.random.Generator, shapes: Shapes, community: Ints) -> MadeCity:
    _, community = np.unique(community, return_inverse=True)
    order = np.argsort(community, kind="stable")
    shapes, community = shapes[order], community[order]
    number = np.arange(len(shapes)) - np.searchsorted(community, community) + 1
    codes = np.asarray([f"{community_code(int(c))}{n:03d}" for c, n in zip(community, number, strict=True)])
    named = rng.random(len(codes)) < 0.8
    named[rng.integers(0, len(codes))] = True
    return MadeCity(codes, shapes, community, whole_of(shapes), named)


def _cells(rng: np.random.Generator, side: int, wiggle: float) -> Shapes:
    nodes = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0), indexing="ij"), -1)
    nodes += rng.uniform(-wiggle, wiggle, nodes.shape)

    def border(a: Floats, b: Floats) -> Floats:
        """From a to b, by way of some nodes beside the straight line."""
        way = np.sort(rng.uniform(0.15, 0.85, rng.integers(0, 4)))[:, None]
        off = rng.uniform(-wiggle, wiggle, (len(way), 1)) * np.minimum(way, 1 - way) * 2
        along = b - a
        return np.concatenate([a[None], a + along * way + np.array([-along[1], along[0]]) * off, b[None]])

    across = [[border(nodes[i, j], nodes[i + 1, j]) for j in range(side + 1)] for i in range(side)]
    up = [[border(nodes[i, j], nodes[i, j + 1]) for j in range(side + 1 - 1)] for i in range(side + 1)]
    cells = []
    for i in range(side):
        for j in range(side):
            ring = np.concatenate([across[i][j], up[i + 1][j], across[i][j + 1][::-1], up[i][j][::-1]])
            cells.append(shapely.Polygon(snap(np.asarray(ORIGIN) + ring * STEP)))
    return np.asarray(shapely.remove_repeated_points(np.asarray(cells, dtype=object)))


def _enclave(rng: np.random.Generator, shapes: list[BaseGeometry], community: list[int]) -> None:
    """A round leaf cut out of the middle of one that is a single part."""
    at = int(rng.integers(0, len(shapes)))
    if shapes[at].geom_type != "Polygon" or len(shapes[at].interiors):
        return
    center = shapely.get_coordinates(shapely.maximum_inscribed_circle(shapes[at]))
    radius = np.hypot(*(center[1] - center[0])) * 0.7
    turn = np.sort(rng.uniform(0, 2 * np.pi, 3 + int(rng.integers(0, 9))))
    inner = shapely.Polygon(snap(center[0] + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)))
    if not inner.is_valid or inner.area < 1e-9:
        return
    shapes[at] = shapely.Polygon(shapes[at].exterior, [inner.exterior])
    shapes.append(inner)
    community.append(community[at])


def cities(smallest: int = 2, largest: int = 5, *, torn: bool = True) -> st.SearchStrategy[MadeCity]:
    """Random proved partitions."""
    return st.builds(
        made_city,
        seed=st.integers(0, 100_000),
        side=st.integers(smallest, largest),
        wiggle=st.sampled_from([0.0, 0.1, 0.2, 0.3]),
        torn=st.just(torn),
    )


def points_in(city: MadeCity, seed: int, n: int) -> Floats:
    """Random points around a city, some outside it."""
    west, south, east, north = city.outline.bounds
    rng = np.random.default_rng(seed)
    return rng.uniform((west - STEP / 4, south - STEP / 4), (east + STEP / 4, north + STEP / 4), (n, 2))


def border_distance(city: MadeCity, lonlat: Floats) -> Floats:
    """Degrees from each point to the nearest border of any leaf, by shapely."""
    borders = shapely.union_all(shapely.boundary(city.shapes))
    return shapely.distance(borders, shapely.points(lonlat))
