"""Random ground to balance: a made city's leaves, streets across them, buildings and compounds anywhere."""

from __future__ import annotations

import numpy as np
import shapely

from geo.arrays import Shapes
from geo.space.balance.atoms import Atoms, Land
from geo.space.balance.problems import Problem
from tests.cities import ORIGIN, STEP, MadeCity, made_city


def loaded_land(seed: int, side: int = 3, buildings: int = 120) -> tuple[MadeCity, Land]:
    """A made city of ``side`` squared leaves or fewer, and the land it is: a tenth of the buildings weigh nothing."""
    random = np.random.default_rng(seed)
    city = made_city(seed % 50, side, torn=False)
    west, south, east, north = shapely.total_bounds(city.shapes).tolist()
    size = np.array([east - west, north - south])
    corner = np.array([west, south])
    at = corner + random.random((buildings, 2)) * size
    wide = random.uniform(1e-4, 4e-4, (buildings, 2))
    boxes = np.asarray(shapely.box(*at.T, *(at + wide).T), dtype=object)
    turned = [
        shapely.affinity.rotate(box, turn) for box, turn in zip(boxes, random.uniform(0, 90, buildings), strict=True)
    ]
    loads = np.where(random.random(buildings) < 0.1, 0, random.integers(1, 60, buildings)).astype(np.float64)
    ends = corner + random.random((12, 4, 2)) * size * 1.2 - 0.1 * size
    yards = corner + random.random((3, 2)) * size
    compounds = np.asarray(shapely.box(*yards.T, *(yards + random.uniform(5e-4, 2e-3, (3, 2))).T), dtype=object)
    lines = np.asarray(shapely.linestrings(ends), dtype=object)
    return city, Land(city.shapes, lines, np.asarray(turned, dtype=object), loads, compounds)


def problem_of(city: MadeCity, atoms: Atoms, spread: float = 0.25, locked: int | None = None) -> Problem:
    """The problem of bringing every leaf within ``spread`` of the mean."""
    open_ = np.ones(len(city.codes), dtype=np.bool_)
    if locked is not None:
        open_[locked % len(open_)] = False
    mean = atoms.load.sum() / len(city.codes)
    return Problem(
        load=atoms.load,
        area_m2=atoms.area_m2,
        home=atoms.leaf,
        is_bound=atoms.is_bound,
        pairs=atoms.pairs,
        parent=city.community.astype(np.int64),
        is_open=open_,
        is_counted=np.ones(len(city.codes), dtype=np.bool_),
        band=(mean * (1 - spread), mean * (1 + spread)),
    )


def shares(shapes: Shapes, grounds: Shapes) -> np.ndarray:
    """Area (n, g) that each shape has in each ground."""
    found = np.zeros((len(shapes), len(grounds)))
    a, b = shapely.STRtree(grounds).query(shapes, predicate="intersects")
    found[a, b] = shapely.area(shapely.intersection(shapes[a], grounds[b]))
    return found


__all__ = ["ORIGIN", "STEP", "loaded_land", "problem_of", "shares"]
