"""Where the ground is: how the street grid bends, the river, the lake, the old town, the hills, the city's outline.

All in plane metres, x east and y north of the centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LinearRing, LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats
from geo.demo.plans import Order

HALF_WIDTH_M, HALF_HEIGHT_M = 4_550.0, 3_650.0
QUAY_M = 55.0
"""From the bank to the middle of the road along it."""
OLD_TOWN_M = 1_080.0
_TOWN_SPACING_M = 5_500.0


@dataclass(frozen=True)
class Swirl:
    """Ground turned about a centre by an angle that fades with distance: a quarter with a street grid of its own."""

    x: float
    y: float
    reach_m: float
    angle: float

    def bend(self, xy: Floats) -> Floats:
        """Bent positions; one-to-one, keeps areas."""
        centre = np.array([self.x, self.y])
        away = xy - centre
        square = np.einsum("ij,ij->i", away, away) / self.reach_m**2
        theta = self.angle * np.exp(-square)
        cos, sin = np.cos(theta), np.sin(theta)
        turned = np.column_stack([cos * away[:, 0] - sin * away[:, 1], sin * away[:, 0] + cos * away[:, 1]])
        bent: Floats = turned + centre
        return bent


@dataclass(frozen=True)
class Terrain:
    """The ground streets are laid on."""

    order: Order
    half: tuple[float, float]
    swirls: tuple[Swirl, ...]
    ripples: Floats
    outline: Polygon
    rivers: tuple[LineString, ...]
    river_half_m: tuple[Floats, ...]
    lakes: tuple[Polygon, ...]
    old_towns: tuple[Polygon, ...]
    hills: tuple[Polygon, ...]
    centres: Floats
    """(n, 2) centres of business, the first the new district's."""

    def bend(self, xy: Floats) -> Floats:
        """Positions of the straight street grid on the bent ground."""
        bent = np.array(xy, dtype=np.float64)
        for swirl in self.swirls:
            near = np.hypot(bent[:, 0] - swirl.x, bent[:, 1] - swirl.y) < 3 * swirl.reach_m
            if near.any():
                bent[near] = swirl.bend(bent[near])
        for kx, ky, phase, ax, ay in self.ripples:
            wave = np.sin(kx * bent[:, 0] + ky * bent[:, 1] + phase)
            bent = bent + np.column_stack([ax * wave, ay * wave])
        return bent

    def corridor(self, margin_m: float) -> BaseGeometry:
        """River with its quays, widened by ``margin_m``."""
        strips = [self.strip(number, QUAY_M + margin_m) for number in range(len(self.rivers))]
        return shapely.union_all(np.array(strips, dtype=object))

    def strip(self, number: int, margin_m: float) -> Polygon:
        """Ground between the two lines ``margin_m`` outside the banks of a river."""
        left, right = self.offsets(number, margin_m)
        return Polygon(np.vstack([left, right[::-1]])).buffer(0)

    def offsets(self, number: int, margin_m: float) -> tuple[Floats, Floats]:
        """The two lines ``margin_m`` outside the banks of a river, upstream first."""
        xy = shapely.get_coordinates(self.rivers[number])
        along = np.gradient(xy, axis=0)
        along /= np.linalg.norm(along, axis=1)[:, None]
        across = np.column_stack([-along[:, 1], along[:, 0]]) * (self.river_half_m[number] + margin_m)[:, None]
        return xy + across, xy - across

    def water(self) -> list[tuple[str, BaseGeometry]]:
        """Class and polygon of each water: rivers, moats, lakes."""
        found: list[tuple[str, BaseGeometry]] = []
        found += [("river", self.strip(number, 0.0)) for number in range(len(self.rivers))]
        found += [("lake", lake) for lake in self.lakes]
        for town in self.old_towns:
            found.append(("moat", town.buffer(46).difference(town.buffer(24))))
        return found


def lay(order: Order) -> Terrain:
    """The terrain of a city of that size and seed."""
    size = order.scale
    half = (HALF_WIDTH_M * size, HALF_HEIGHT_M * size)
    chance = order.chance(1)
    swirls, towns, centres = _quarters(order, half, chance)
    rivers, widths = _rivers(half, order.chance(2), size)
    lakes = _lakes(half, order.chance(3), size)
    return Terrain(
        order=order,
        half=half,
        swirls=swirls,
        ripples=_ripples(chance),
        outline=_outline(half, order.chance(4)),
        rivers=rivers,
        river_half_m=widths,
        lakes=lakes,
        old_towns=towns,
        hills=_hills(half, order.chance(5)),
        centres=centres,
    )


def _quarters(
    order: Order, half: tuple[float, float], chance: np.random.Generator
) -> tuple[tuple[Swirl, ...], tuple[Polygon, ...], Floats]:
    """Two quarters in the small city (old town west, new district east); one more for every 30 km² of a larger one."""
    old = np.array([-0.36 * half[0], -0.02 * half[1]])
    new = np.array([0.50 * half[0], 0.10 * half[1]])
    swirls = [Swirl(old[0], old[1], 2_200.0, np.radians(-17)), Swirl(new[0], new[1], 2_900.0, np.radians(27))]
    swirls.append(Swirl(-0.35 * half[0], -0.8 * half[1], 2_000.0, np.radians(20)))
    towns = [_old_town(old, np.radians(-17), chance)]
    centres = [new + np.array([-250.0, -150.0]), old]
    if order.scale > 1.6:
        for at in _scattered(half, chance):
            if min(np.hypot(*(at - one)) for one in (old, new)) < _TOWN_SPACING_M:
                continue
            angle = chance.uniform(-22, 22)
            swirls.append(Swirl(at[0], at[1], chance.uniform(1_800, 3_200), np.radians(angle)))
            centres.append(at)
    return tuple(swirls), tuple(towns), np.array(centres)


def _scattered(half: tuple[float, float], chance: np.random.Generator) -> Floats:
    """Points about 5.5 km apart: a jittered triangle lattice inside the ellipse of the city."""
    step = _TOWN_SPACING_M
    xs = np.arange(-half[0], half[0], step)
    ys = np.arange(-half[1], half[1], step * 0.87)
    grid = np.array([(x + (row % 2) * step / 2, y) for row, y in enumerate(ys) for x in xs]).reshape(-1, 2)
    grid = grid + chance.normal(0, 0.12 * step, grid.shape)
    inside = (grid[:, 0] / half[0]) ** 2 + (grid[:, 1] / half[1]) ** 2 < 0.8
    scattered: Floats = grid[inside]
    return scattered


def _old_town(centre: Floats, angle: float, chance: np.random.Generator) -> Polygon:
    """A walled town: a square gone round and a little crooked; its ring road runs where the wall stood."""
    theta = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    power = 3.4
    radius = (np.abs(np.cos(theta)) ** power + np.abs(np.sin(theta)) ** power) ** (-1 / power)
    radius *= 1 + sum(chance.normal(0, 0.018) * np.cos(k * theta + chance.uniform(0, 6.28)) for k in (1, 2, 3, 5))
    x, y = OLD_TOWN_M * 1.08 * radius * np.cos(theta), OLD_TOWN_M * 0.92 * radius * np.sin(theta)
    cos, sin = np.cos(angle), np.sin(angle)
    return Polygon(np.column_stack([cos * x - sin * y, sin * x + cos * y]) + centre)


def _ripples(chance: np.random.Generator) -> Floats:
    """Plane waves (kx, ky, phase, ax, ay) that keep every long street from being quite straight."""
    waves = []
    for length, tilt in ((7_800.0, 0.030), (4_300.0, 0.022), (2_300.0, 0.016), (1_250.0, 0.008)):
        heading, push = chance.uniform(0, 2 * np.pi, 2)
        size = tilt * length
        k = 2 * np.pi / length
        waves.append([k * np.cos(heading), k * np.sin(heading), chance.uniform(0, 6.28),
                      size * np.cos(push), size * np.sin(push)])  # fmt: skip
    return np.array(waves)


def _rivers(
    half: tuple[float, float], chance: np.random.Generator, size: float
) -> tuple[tuple[LineString, ...], tuple[Floats, ...]]:
    """One river from the north to the south; a second from the west in cities four times the size."""
    course = _course(1.35 * half[1], 0.145 * half[0], chance)
    course[:, 0] += 0.03 * half[0]
    rivers, widths = [LineString(course)], [_widths(course, 78.0 * min(size, 2.5), chance)]
    if size > 2:
        west = _course(1.35 * half[0], 0.16 * half[1], chance)[:, ::-1] * (1, 1)
        meets = _first_meeting(west, rivers[0])
        rivers.append(LineString(west[:meets]))
        widths.append(_widths(west[:meets], 45.0 * min(size, 2.0), chance))
    return tuple(rivers), tuple(widths)


def _course(reach: float, swing: float, chance: np.random.Generator) -> Floats:
    """Course along y from +reach to -reach with bends of every size."""
    y = np.linspace(reach, -reach, max(60, int(2 * reach / 70)))
    x = swing * np.sin(1.75 * y / reach * np.pi / 1.35 + 0.6)
    for length, throw in ((4_700.0, 330.0), (2_500.0, 125.0), (1_400.0, 30.0)):
        x += throw * np.sin(2 * np.pi * y / length + chance.uniform(0, 6.28))
    return np.column_stack([x, y])


def _widths(course: Floats, half_m: float, chance: np.random.Generator) -> Floats:
    at = np.cumsum(np.r_[0, np.hypot(*np.diff(course, axis=0).T)])
    wave = np.zeros(len(at))
    for length in (3_100.0, 1_700.0):
        wave += np.sin(2 * np.pi * at / length + chance.uniform(0, 6.28))
    widths: Floats = half_m * (1 + 0.16 * wave)
    return widths


def _first_meeting(course: Floats, river: LineString) -> int:
    """Number of points of ``course`` up to the one nearest to the river."""
    return int(np.argmin(shapely.distance(shapely.points(course), river))) + 1


def _lakes(half: tuple[float, float], chance: np.random.Generator, size: float) -> tuple[Polygon, ...]:
    """A lake in the north-east, and more in larger cities, each with an island."""
    at = [np.array([0.53 * half[0], 0.58 * half[1]])]
    if size > 2:
        at += [np.array(one) * half for one in ((-0.6, 0.35), (0.35, -0.55), (-0.35, -0.6), (0.75, -0.1))]
    return tuple(_lake(one, chance, 560.0 * min(size, 1.6)) for one in at)


def _lake(at: Floats, chance: np.random.Generator, radius_m: float) -> Polygon:
    shore = _blob(at, radius_m * 1.25, radius_m * 0.8, chance, 0.10)
    island = _blob(at + radius_m * np.array([0.42, 0.12]), 0.13 * radius_m, 0.09 * radius_m, chance, 0.08)
    return Polygon(LinearRing(shapely.get_coordinates(shore)), [shapely.get_coordinates(island)])


def _blob(at: Floats, a: float, b: float, chance: np.random.Generator, rough: float) -> Polygon:
    """A round thing that is not quite round; vertices about 60 m apart."""
    count = int(np.clip(2 * np.pi * max(a, b) / 60, 24, 400))
    theta = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = np.ones(count)
    for k in (2, 3, 4, 5, 7):
        radius += chance.normal(0, rough * 1.6 / k) * np.cos(k * theta + chance.uniform(0, 6.28))
    tilt = chance.uniform(0, np.pi)
    x, y = a * radius * np.cos(theta), b * radius * np.sin(theta)
    return Polygon(np.column_stack([np.cos(tilt) * x - np.sin(tilt) * y, np.sin(tilt) * x + np.cos(tilt) * y]) + at)


def _hills(half: tuple[float, float], chance: np.random.Generator) -> tuple[Polygon, ...]:
    """Hills over the north-western edge, and a low one in the south-east."""
    north = _blob(np.array([-0.62 * half[0], 0.80 * half[1]]), 0.40 * half[0], 0.30 * half[1], chance, 0.13)
    south = _blob(np.array([0.62 * half[0], -0.86 * half[1]]), 0.17 * half[0], 0.13 * half[1], chance, 0.12)
    return north, south


def _outline(half: tuple[float, float], chance: np.random.Generator) -> Polygon:
    """The city's ground: broad lobes, then the small corners of field borders."""
    round_m = np.pi * (half[0] + half[1])
    count = int(round_m / 130)
    regular = np.linspace(0, 2 * np.pi, count, endpoint=False)
    theta = np.sort(regular + chance.normal(0, 0.18 * 2 * np.pi / count, count))
    power = 2.7
    radius = ((np.abs(np.cos(theta)) / half[0]) ** power + (np.abs(np.sin(theta)) / half[1]) ** power) ** (-1 / power)
    for k in (2, 3, 5, 7, 11, 17):
        radius *= 1 + chance.normal(0, 0.11 / k**0.8) * np.cos(k * theta + chance.uniform(0, 6.28))
    radius += chance.normal(0, 26, count)
    return Polygon(np.column_stack([radius * np.cos(theta), radius * np.sin(theta)])).buffer(0)
