"""Load brought into its band in a real city: tracts as grids, real footprints as what is counted."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from geo.crs import snapped
from geo.space.balance.atoms import Land, atoms_of
from geo.space.balance.drawing import moves_of, transfers
from geo.space.balance.fronts import proposed
from geo.space.balance.problems import Problem
from geo.space.partition import faults, whole_of
from geo.space.redraw.leaves import Leaves
from geo.space.redraw.moves import transfer
from tests.loaded_ground import shares
from tests.real_leaves import real_leaves

TRACTS = 12


@pytest.mark.real
@pytest.mark.slow
def test_tracts_of_new_york_are_evened_out_without_a_fault(real: Path) -> None:
    codes, shapes = real_leaves("nyc")
    footprints = geopandas.read_parquet(real / "nyc/buildings.parquet", columns=["geometry"]).geometry
    points = np.asarray(shapely.point_on_surface(footprints.values), dtype=object)
    middle = shapely.Point(np.median(shapely.get_coordinates(points), axis=0))
    near = np.sort(np.argsort(shapely.distance(shapes, middle), kind="stable")[:TRACTS])
    codes, shapes = codes[near], shapes[near]
    whole = whole_of(shapes)
    mine = np.asarray(footprints.values[shapely.intersects(whole, footprints.values)], dtype=object)
    mine = snapped(mine[shapely.is_valid(mine)])
    none = np.zeros(0, dtype=object)
    atoms = atoms_of(Land(shapes, none, mine, np.ones(len(mine)), none), 25.0)
    assert not faults(atoms.shapes, None)
    mean = atoms.load.sum() / TRACTS
    free = np.ones(TRACTS, dtype=np.bool_)
    problem = Problem(
        load=atoms.load,
        area_m2=atoms.area_m2,
        home=atoms.leaf,
        is_bound=atoms.is_bound,
        pairs=atoms.pairs,
        parent=np.zeros(TRACTS, dtype=np.int64),
        is_open=free,
        is_counted=free,
        band=(0.8 * mean, 1.2 * mean),
    )
    front = proposed(problem)
    assert front.proposals
    for one in front.proposals:
        assert problem.is_whole(one.owner)
        made = Leaves.of(codes, shapes)
        for change in transfers(moves_of(atoms, one.owner), codes):
            made = transfer(made, change.drawn, change.to, change.snap_m).applied(made)
        assert not faults(made.shapes, whole_of(made.shapes))
        lies = shares(mine, made.shapes)
        ours = (lies.max(axis=1) > 0) & (lies.max(axis=1) >= shapely.area(mine) - lies.sum(axis=1))
        loads = np.bincount(lies.argmax(axis=1)[ours], minlength=TRACTS)
        assert loads.tolist() == problem.loads(one.owner).tolist()
