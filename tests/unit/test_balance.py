"""Load brought into its band: atoms that cut nothing, grids that hang together, proposals that keep their promise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.arrays import Ints
from geo.crs import SNAP
from geo.errors import Refused
from geo.space.balance.atoms import Land, atoms_of
from geo.space.balance.dividing import divided, grounds
from geo.space.balance.drawing import BENT_M, moves_of, transfers
from geo.space.balance.fronts import proposed
from geo.space.balance.planes import Plane
from geo.space.balance.problems import Problem, measured
from geo.space.balance.searching import Aim, searched
from geo.space.balance.solving import Price, polished, worth
from geo.space.partition import faults, whole_of
from geo.space.redraw.leaves import Leaves
from geo.space.redraw.moves import cut_dedicated, transfer
from tests.loaded_ground import loaded_land, problem_of, shares


def line_of_atoms(loads: list[float], home: list[int], band: tuple[float, float], **told: Any) -> Problem:
    """Atoms in a row, each beside the next."""
    n, grids = len(loads), max(home) + 1
    given = Problem(
        load=np.array(loads, dtype=np.float64),
        area_m2=np.ones(n),
        home=np.array(home, dtype=np.int64),
        is_bound=np.zeros(n, dtype=np.bool_),
        pairs=np.array([(at, at + 1) for at in range(n - 1)], dtype=np.int64),
        parent=np.zeros(grids, dtype=np.int64),
        is_open=np.ones(grids, dtype=np.bool_),
        is_counted=np.ones(grids, dtype=np.bool_),
        band=band,
    )
    return replace(given, **told)


def random_problem(seed: int) -> Problem:
    """Atoms on a lattice in grids of random shape, some bound, one grid locked, two communities."""
    random = np.random.default_rng(seed)
    wide, high = (int(one) for one in random.integers(3, 9, 2))
    at = np.arange(wide * high).reshape(high, wide)
    pairs = np.concatenate(
        [np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()]), np.column_stack([at[:-1].ravel(), at[1:].ravel()])]
    )
    grids = int(random.integers(2, 6))
    seeds = random.random((grids, 2)) * [wide, high]
    spot = np.column_stack([at.ravel() % wide, at.ravel() // wide])
    home = np.hypot(*(spot[:, None] - seeds[None]).transpose(2, 0, 1)).argmin(axis=1)
    load = np.where(random.random(at.size) < 0.2, 0.0, random.integers(0, 50, at.size))
    mean = load.sum() / grids
    open_ = random.random(grids) < 0.85
    return Problem(
        load=load,
        area_m2=random.uniform(1, 3, at.size),
        home=home.astype(np.int64),
        is_bound=random.random(at.size) < 0.05,
        pairs=pairs.astype(np.int64),
        parent=(seeds[:, 0] > wide * 0.7).astype(np.int64),
        is_open=open_,
        is_counted=random.random(grids) < 0.9,
        band=(mean * 0.8, mean * 1.2 + 1),
    )


def stays(problem: Problem, owner: Ints) -> None:
    """Atoms stay under their area, what is locked or bound is where it was, and grids hang together."""
    assert problem.is_whole(owner)
    went = owner != problem.home
    assert not went[problem.is_bound].any()
    closed = ~problem.may
    assert not closed[problem.home[went]].any()
    assert not closed[owner[went]].any()
    assert (problem.parent[owner] == problem.parent[problem.home]).all()
    assert problem.loads(owner).sum() == pytest.approx(problem.load.sum())


@pytest.mark.slow
@settings(max_examples=40)
@given(seed=st.integers(0, 1_000_000))
def test_walks_and_polish_keep_grids_whole_and_never_cost_more(seed: int) -> None:
    problem = random_problem(seed)
    trail = searched(problem, problem.home, Aim(10, 1, 0.1), np.random.default_rng(seed), steps=40)
    for owner in trail:
        stays(problem, owner)
    start = trail[-1] if trail else problem.home
    made = polished(problem, start, Price(20.0), rounds=1)
    stays(problem, made)
    assert worth(problem, made, Price(20.0)) <= worth(problem, start, Price(20.0)) + 1e-9


@pytest.mark.slow
@settings(max_examples=15)
@given(seed=st.integers(0, 1_000_000))
def test_no_proposal_is_worse_than_another_in_everything_and_a_seed_gives_the_same(seed: int) -> None:
    problem = random_problem(seed)
    front = proposed(problem, seed)
    for one in front.proposals:
        stays(problem, one.owner)
        assert one.measures == measured(problem, one.owner)
        assert one.measures.beyond < front.before.beyond
        assert one.measures.moved >= one.at_least - 1e-6
        for other in front.proposals:
            if other is not one:
                assert (
                    other.measures.moved > one.measures.moved
                    or other.measures.beyond > one.measures.beyond
                    or other.measures.cv > one.measures.cv
                )
    again = proposed(problem, seed)
    assert all((a.owner == b.owner).all() for a, b in zip(front.proposals, again.proposals, strict=True))


def test_the_fewest_moves_are_found_where_only_one_will_do() -> None:
    problem = line_of_atoms([100, 100, 100, 100, 100, 50, 100], [0, 0, 0, 0, 0, 1, 1], (240.0, 460.0))
    (middle,) = [one for one in proposed(problem).proposals if one.kind == "middle"]
    assert middle.owner.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert (middle.measures.beyond, middle.measures.moved, middle.at_least) == (0.0, 100.0, 90.0)


def test_load_runs_on_through_a_grid_between() -> None:
    problem = line_of_atoms([100] * 5 + [100] * 4 + [100], [0] * 5 + [1] * 4 + [2], (250.0, 450.0))
    best = proposed(problem).proposals[-1]
    assert best.measures.beyond == 0
    assert np.bincount(best.owner).tolist() in ([4, 3, 3], [3, 4, 3], [3, 3, 4])


def test_nothing_moves_when_all_is_in_the_band_or_all_is_locked() -> None:
    loads, home = [100.0, 100.0, 100.0, 100.0], [0, 0, 1, 1]
    assert proposed(line_of_atoms(loads, home, (100.0, 300.0))).proposals == []
    locked = line_of_atoms(loads, home, (250.0, 300.0), is_open=np.zeros(2, dtype=np.bool_))
    assert proposed(locked).proposals == []


@pytest.mark.slow
@settings(max_examples=20)
@given(seed=st.integers(0, 1_000_000))
def test_atoms_divide_their_leaves_and_cut_no_building_and_no_compound(seed: int) -> None:
    city, land = loaded_land(seed)
    atoms = atoms_of(land, 20.0)
    assert not faults(atoms.shapes, None)
    ground = np.bincount(atoms.leaf, weights=shapely.area(atoms.shapes), minlength=len(land.leaves))
    assert (np.abs(ground - shapely.area(land.leaves)) < 2 * SNAP * shapely.length(land.leaves)).all()
    for things in (land.footprints, land.compounds):
        hair = 4 * SNAP * shapely.length(things)[:, None]
        lies = shares(things, atoms.shapes) > hair
        for leaf in range(len(land.leaves)):
            cut = lies[:, atoms.leaf == leaf].sum(axis=1) > 1
            assert not lies[cut][:, (atoms.leaf == leaf) & ~atoms.is_bound].any()  # parts that lie apart stay
    ours = atoms.building >= 0
    assert atoms.load.sum() == land.loads[ours].sum()
    mostly = shares(land.footprints, city.shapes).max(axis=1) > 0.51 * shapely.area(land.footprints)
    assert ours[mostly].all()


@pytest.mark.slow
@settings(max_examples=8)
@given(seed=st.integers(0, 1_000_000), locked=st.integers(0, 8))
def test_changes_of_a_proposal_leave_a_partition_with_the_loads_it_promised(seed: int, locked: int) -> None:
    city, land = loaded_land(seed)
    atoms = atoms_of(land, 20.0)
    problem = problem_of(city, atoms, locked=locked)
    base = Leaves.of(city.codes, city.shapes)
    for one in proposed(problem, seed).proposals:
        stays(problem, one.owner)
        made = base
        for change in transfers(moves_of(atoms, one.owner), city.codes):
            made = transfer(made, change.drawn, change.to, change.snap_m).applied(made)
        assert not faults(made.shapes, whole_of(made.shapes))
        assert made.codes.tolist() == base.codes.tolist()
        assert (shapely.get_num_geometries(made.shapes) <= shapely.get_num_geometries(base.shapes)).all()
        lies = shares(land.footprints, made.shapes)
        ours = (lies.max(axis=1) > 0) & (lies.max(axis=1) >= shapely.area(land.footprints) - lies.sum(axis=1))
        loads = np.bincount(lies.argmax(axis=1)[ours], weights=land.loads[ours], minlength=len(city.codes))
        assert loads == pytest.approx(problem.loads(one.owner))
        fixed = locked % len(city.codes)
        apart = shapely.symmetric_difference(made.shapes[fixed], base.shapes[fixed])
        assert shapely.area(apart) < 2 * SNAP * shapely.length(base.shapes[fixed])


@pytest.mark.slow
@settings(max_examples=15)
@given(seed=st.integers(0, 1_000_000), parts=st.integers(2, 6), is_bare=st.booleans())
def test_ground_is_divided_into_as_many_grids_as_are_wanted_and_nothing_is_left(
    seed: int, parts: int, is_bare: bool
) -> None:
    city, land = loaded_land(seed)
    whole = whole_of(city.shapes[[0, 1, 4]])
    if is_bare:
        land = replace(land, footprints=land.footprints[:0], loads=land.loads[:0])
    land = replace(land, leaves=np.array([whole], dtype=object))
    found = divided(land, parts, seed)
    assert set(found.part.tolist()) == set(range(parts))
    others = np.delete(city.shapes, [0, 1, 4])
    base = Leaves.of(["old", *(f"other{at}" for at in range(len(others)))], [whole, *others])
    made = base
    for at, ground in enumerate(grounds(found)):
        made = cut_dedicated(made, ground, f"new{at}", BENT_M).applied(made)
    assert not faults(made.shapes, whole_of(made.shapes))
    assert not made.has("old")
    ours = found.atoms.building[: len(land.footprints)] >= 0
    assert found.loads.sum() == pytest.approx(land.loads[ours].sum())
    if is_bare:
        assert found.area_m2.std() / found.area_m2.mean() < 0.5
    again = divided(land, parts, seed)
    assert (again.part == found.part).all()


def test_ground_beside_goes_to_its_longest_border_in_metres_however_far_north() -> None:
    plane = Plane(20.0, 60.0)  # a degree east is half as long as one north there
    ground = shapely.box(0, 0, 300, 300)
    lines = [shapely.LineString([(0, 36), (300, 36)]), shapely.LineString([(30, 0), (30, 36)])]
    land = Land(
        leaves=plane.degrees(np.array([ground], dtype=object)),
        lines=plane.degrees(np.array(lines, dtype=object)),
        footprints=np.zeros(0, dtype=object),
        loads=np.zeros(0),
        compounds=np.zeros(0, dtype=object),
    )
    corner_and_east = 300 * 36
    assert sorted(atoms_of(land, 1.0).area_m2.round(-2).tolist()) == [corner_and_east, 300 * 300 - corner_and_east]


def test_more_grids_than_can_be_made_are_refused() -> None:
    _, land = loaded_land(1, side=2, buildings=2)
    for parts in (1, 51):
        with pytest.raises(Refused, match="2 to 50"):
            divided(land, parts)
