"""Bench: three proposals for a made community, from buildings and streets to changes that are proved — seconds."""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np
import shapely

from geo.arrays import Shapes
from geo.crs import snapped
from geo.space.balance.atoms import Land, atoms_of
from geo.space.balance.drawing import moves_of, transfers
from geo.space.balance.fronts import Proposal, proposed
from geo.space.balance.problems import Measures, Problem
from geo.space.partition import faults, whole_of
from geo.space.redraw.leaves import Leaves
from geo.space.redraw.moves import transfer
from tests.bench.turns import SEED
from tests.winding_city import winding_city

GRIDS = {"small": (9, 900), "full": (20, 2_000)}
BAND = (300.0, 500.0)
MOST_S = 30.0
_LOT = 3.6e-4
"""Degrees between the corners of lots, about 35 m."""


def community(grids: int, buildings: int) -> tuple[Leaves, Land]:
    """Grids of one community, streets about every 200 m, and buildings beside them, 400 households a grid."""
    random = np.random.default_rng(SEED)
    side = int(np.ceil(np.sqrt(grids)))
    codes, shapes = winding_city(side)
    codes, shapes = codes[:grids], shapes[:grids]
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    across = np.arange(south, north, 6 * _LOT)
    along = np.arange(west, east, 6 * _LOT)
    streets = [shapely.LineString([(west, y), (east, y + _LOT)]) for y in across]
    streets += [shapely.LineString([(x, south), (x - _LOT, north)]) for x in along]
    x, y = np.meshgrid(np.arange(west, east, _LOT), np.arange(south, north, _LOT))
    lots = np.column_stack([x.ravel(), y.ravel()]) + random.uniform(0, 1e-4, (x.size, 2))
    inside = np.flatnonzero(shapely.contains_xy(whole_of(shapes), *lots.T))
    lots = lots[random.permutation(inside)[:buildings]]
    wide = random.uniform(8e-5, 2.2e-4, (len(lots), 2))
    footprints = np.asarray(shapely.box(*lots.T, *(lots + wide).T), dtype=object)
    lean = 1 + 3 * (lots[:, 0] - west) / (east - west)  # more to the east, so that loads must run west
    weights = random.gamma(1.0, 1.0, len(lots)) * lean
    loads = np.rint(weights / weights.sum() * 400 * grids)
    yards = lots[:: max(len(lots) // 12, 1)]
    compounds = np.asarray(shapely.box(*(yards - 1e-4).T, *(yards + 1.2e-3).T), dtype=object)
    land = Land(shapes, snapped(np.asarray(streets, dtype=object)), snapped(footprints), loads, compounds)
    return Leaves.of(codes, shapes), land


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where a proposal is not what it promises."""
    leaves, land = community(*GRIDS[size])
    begun, cpu = time.perf_counter(), time.process_time()
    atoms = atoms_of(land, (BAND[1] - BAND[0]) / 8)
    cut = time.perf_counter() - begun
    problem = Problem(
        load=atoms.load,
        area_m2=atoms.area_m2,
        home=atoms.leaf,
        is_bound=atoms.is_bound,
        pairs=atoms.pairs,
        parent=np.zeros(len(leaves.codes), dtype=np.int64),
        is_open=np.ones(len(leaves.codes), dtype=np.bool_),
        is_counted=np.ones(len(leaves.codes), dtype=np.bool_),
        band=BAND,
    )
    front = proposed(problem, 0)
    spent, spent_cpu = time.perf_counter() - begun, time.process_time() - cpu
    told = {}
    for one in front.proposals:
        assert problem.is_whole(one.owner)
        told[one.kind] = _proved(leaves, land, problem, one, transfers(moves_of(atoms, one.owner), leaves.codes))
    assert len(told) > 1
    assert spent_cpu <= MOST_S
    before = front.before
    return {
        "grids": len(leaves.codes),
        "buildings": len(land.footprints),
        "compounds": len(land.compounds),
        "atoms": len(atoms),
        "cut into atoms, s": round(cut, 2),
        "three proposals, s": round(spent, 2),
        "the same, CPU s": round(spent_cpu, 2),
        "at most, CPU s": MOST_S,
        "load of the machine meanwhile": round(os.getloadavg()[0], 1),
        "households": {"before": _stand(before), **told},
    }


def _stand(measures: Measures) -> dict[str, object]:
    """How loads stand to the band."""
    return {
        "outside the band": round(measures.beyond),
        "grids in it": measures.in_band,
        "CV": round(measures.cv, 3),
    }


def _proved(leaves: Leaves, land: Land, problem: Problem, one: Proposal, changes: list) -> dict[str, object]:
    """What the proposal does, after its changes were made, proved, and its loads counted anew by footprints."""
    made = leaves
    for change in changes:
        made = transfer(made, change.drawn, change.to, change.snap_m).applied(made)
    assert not faults(made.shapes, whole_of(made.shapes))
    loads = _counted(land.footprints, land.loads, made.shapes)
    assert np.allclose(loads, problem.loads(one.owner)), one.kind
    moved = {"moved": round(one.measures.moved), "of at least": round(one.at_least), "changes": len(changes)}
    return {**_stand(one.measures), **moved}


def _counted(footprints: Shapes, loads: np.ndarray, grounds: Shapes) -> np.ndarray:
    building, ground = shapely.STRtree(grounds).query(footprints, predicate="intersects")
    share = shapely.area(shapely.intersection(footprints[building], grounds[ground]))
    rising = np.lexsort((-ground, share))
    home = np.full(len(footprints), -1)
    home[building[rising]] = ground[rising]
    outside = shapely.area(footprints) - np.bincount(building, weights=share, minlength=len(footprints))
    most = np.zeros(len(footprints))
    np.maximum.at(most, building, share)
    ours = (home >= 0) & (most >= outside)
    return np.bincount(home[ours], weights=loads[ours], minlength=len(grounds))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=GRIDS, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
