"""Cells split into blocks by side streets, finer and more crooked in the old town; plane metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.demo.streets import STREET, Cells, Lines, zones
from geo.demo.terrain import Terrain

OLD, CENTRE, INNER, OUTER, EDGE, HILL, LAKE, BANK = range(8)
"""Zones of a city; the size of blocks, their use and their buildings follow."""

BLOCK_M2 = np.array([16_000.0, 26_000.0, 42_000.0, 62_000.0, 105_000.0, 900_000.0, 2e9, 2e9])
_CROOKED = np.array([0.09, 0.03, 0.05, 0.05, 0.08, 0.2, 0.0, 0.0])
_OVER_M = 0.006
_ROUNDS = 7


@dataclass(frozen=True)
class Blocks:
    """Side streets that split the cells, and the zone of each cell."""

    cuts: Lines
    zones: Ints


def split(terrain: Terrain, cells: Cells) -> Blocks:
    """Side streets of every cell; the grounds of large blocks that lie inside them are rings."""
    zone = zone_of(terrain, cells.shapes)
    chance = terrain.order.chance(21)
    faces, of = cells.shapes, zone
    cuts: list[Shapes] = []
    done: list[tuple[Shapes, Ints]] = []
    for _ in range(_ROUNDS):
        large = shapely.area(faces) > BLOCK_M2[of] * chance.uniform(1.15, 2.1, len(faces))
        done.append((faces[~large], of[~large]))
        faces, of = faces[large], of[large]
        if not len(faces):
            break
        lines = _cut_lines(faces, _CROOKED[of], chance)
        cuts.append(lines)
        pieces = shapely.polygonize(shapely.union(shapely.boundary(faces), lines)[:, None])
        faces, index = shapely.get_parts(pieces, return_index=True)
        of = of[index]
    done.append((faces, of))
    whole = np.concatenate([one for one, _ in done])
    rings = _grounds(whole, np.concatenate([one for _, one in done]), terrain.order.chance(22))
    lines = np.concatenate([*cuts, rings])
    lines = lines[shapely.length(lines) > 0]
    count = len(lines)
    return Blocks(Lines(lines, np.full(count, STREET), np.arange(count) + 1_000_000), zone)


def zone_of(terrain: Terrain, cells: Shapes) -> Ints:
    """Zone of each cell, by what it lies in and how far from a centre."""
    points = shapely.point_on_surface(cells)
    xy = shapely.get_coordinates(points)
    size = terrain.order.scale
    reach = np.hypot(xy[:, 0] / terrain.half[0], xy[:, 1] / terrain.half[1])
    centre_m = np.min([np.hypot(*(xy - one).T) for one in terrain.centres], axis=0)
    zone = np.where(reach < 0.60, INNER, np.where(reach < 0.84, OUTER, EDGE))
    zone[centre_m < 950] = CENTRE
    zone[(centre_m < 2_200) & (zone > INNER)] = INNER if size > 1.6 else OUTER
    for kind, grounds in ((OLD, terrain.old_towns), (HILL, terrain.hills)):
        for ground in grounds:
            zone[shapely.contains(ground, points)] = kind
    for shore in zones(terrain)[: len(terrain.lakes)]:
        zone[shapely.contains(shore, points)] = LAKE
    zone[shapely.contains(terrain.corridor(0.0), points)] = BANK
    found: Ints = zone.astype(np.int64)
    return found


def _cut_lines(faces: Shapes, crooked: Floats, chance: np.random.Generator) -> Shapes:
    """One line across the long side of each face, from border to border and 6 mm on."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(faces)).reshape(-1, 5, 2)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    longer = (np.hypot(*first.T) >= np.hypot(*second.T))[:, None]
    long_axis, short_axis = np.where(longer, first, second), np.where(longer, second, first)
    count = len(faces)
    middle = corners[:, :4].mean(axis=1) + long_axis * chance.uniform(-0.13, 0.13, count)[:, None]
    tilt = chance.normal(0, 1, count) * (0.02 + 0.5 * crooked)
    across = short_axis + long_axis / np.hypot(*long_axis.T)[:, None] * (np.hypot(*short_axis.T) * tilt)[:, None]
    steps = np.array([-0.75, -0.25, 0.05, 0.3, 0.75])
    sway = chance.normal(0, 1, (count, 5)) * crooked[:, None] * 0.45
    along = long_axis / np.hypot(*long_axis.T)[:, None] * np.hypot(*short_axis.T)[:, None]
    points = middle[:, None] + across[:, None] * steps[:, None] + along[:, None] * sway[:, :, None]
    straight = crooked < 0.06
    points[straight] = middle[straight][:, None] + across[straight][:, None] * steps[:, None]
    parts, index = shapely.get_parts(shapely.intersection(shapely.linestrings(points), faces), return_index=True)
    order = np.lexsort((-shapely.length(parts), index))
    parts, index = parts[order], index[order]
    keep = np.r_[True, index[1:] != index[:-1]]
    lines = np.full(count, shapely.LineString(), dtype=object)
    lines[index[keep]] = parts[keep]
    return lengthened(shapely.simplify(lines, 0.05), _OVER_M)


def lengthened(lines: Shapes, over_m: float) -> Shapes:
    """Lines made longer by ``over_m`` at both ends; empty ones stay."""

    def both(xy: Floats, of: Ints) -> Floats:
        longer = xy.copy()
        ends = np.r_[True, of[1:] != of[:-1]]
        tails = np.r_[of[1:] != of[:-1], True]
        at, to = np.flatnonzero(ends), np.flatnonzero(tails)
        for tip, next_one in ((at, at + 1), (to, to - 1)):
            way = xy[tip] - xy[next_one]
            longer[tip] += way / np.maximum(np.hypot(*way.T), 1e-9)[:, None] * over_m
        return longer

    xy, of = shapely.get_coordinates(lines, return_index=True)
    if not len(xy):
        return lines
    found = lines.copy()
    return np.asarray(shapely.set_coordinates(found, both(xy, of)))


def _grounds(faces: Shapes, zone: Ints, chance: np.random.Generator) -> Shapes:
    """Rings inside some large blocks, touching no street: the grounds of a school or a hospital."""
    fit = np.isin(zone, (INNER, OUTER)) & (shapely.area(faces) > 52_000)
    fit &= shapely.area(faces) > 0.82 * shapely.area(shapely.oriented_envelope(faces))
    chosen = faces[fit]
    chosen = chosen[chance.random(len(chosen)) < 0.045]
    if not len(chosen):
        return chosen
    corners = shapely.get_coordinates(shapely.oriented_envelope(chosen)).reshape(-1, 5, 2)
    middle = shapely.get_coordinates(shapely.centroid(chosen))[:, None]
    size = chance.uniform(0.34, 0.46, (len(chosen), 1, 1))
    rings: Shapes = np.asarray(shapely.linearrings(middle + (corners - corners[:, :4].mean(axis=1)[:, None]) * size))
    clear: Bools = shapely.contains(shapely.buffer(chosen, -12), rings)
    return rings[clear]
