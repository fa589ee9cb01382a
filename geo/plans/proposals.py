"""Proposals for a plan: what the fewest moves would bring, worked out on its scope as its changes leave it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite

import numpy as np
import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.arrays import Bools
from geo.errors import Refused, Stale, Unknown, near
from geo.plans import drafts, explanations, locks, previews
from geo.plans.drafts import Made, Plan
from geo.plans.explanations import Said, Unit
from geo.plans.lands import LOADS, Ground, areas_under, ground_of
from geo.space.balance.atoms import Atoms, atoms_of
from geo.space.balance.dividing import divided, grounds
from geo.space.balance.drawing import BENT_M, Move, moves_of, transfers
from geo.space.balance.fronts import proposed
from geo.space.balance.problems import Measures, Problem, measured
from geo.space.redraw.changes import Change, CutDedicated
from geo.space.redraw.members import COMPREHENSIVE
from geo.space.redraw.numbering import is_numbered

BAND = (300.0, 500.0)
"""Households of a grid, where nothing else is said."""

_FINE = 8
"""Atoms have no more load than this part of the band is wide, so that a grid can be brought into it."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    """What proposals are wanted.

    Parameters
    ----------
    weights
        How much a household, a worker, an incident of the last twelve months weighs.
    band
        Least and most load of a grid; None is :data:`BAND`, for households alone.
    seed
        The same seed gives the same proposals.
    locks
        Codes of grids that must not change, or of areas with all their grids, beside what the plan has locked.
    within
        Code of an area inside the plan's scope; None takes the scope.
    fallback, into
        Code of a fallback leaf and the number of grids to divide it into, instead of balancing what is there.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: {"households": 1.0})
    band: tuple[float, float] | None = None
    seed: int = 0
    locks: Sequence[str] = ()
    within: str | None = None
    fallback: str | None = None
    into: int = 2


@dataclass(frozen=True, eq=False)
class Offered:
    """A proposal in words, in figures, and as changes of a plan."""

    number: int
    kind: str
    explanation: Said
    measures: Measures
    at_least: float
    moves: list[Move]
    changes: Sequence[Change]


@dataclass(frozen=True, eq=False)
class Offers:
    """Proposals by what they move, ascending; ``remarks`` say why there are none, or none that does all.

    ``drawn`` are the plan's changes that they were worked out after.
    """

    plan: Plan
    drawn: list[Made]
    asked: Asked
    band: tuple[float, float]
    ground: Ground
    before: Measures
    remarks: list[Said]
    offers: list[Offered]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What proposals are made of, read from the database; the rest needs no connection."""

    plan: Plan
    drawn: list[Made]
    asked: Asked
    band: tuple[float, float]
    ground: Ground
    locked: Bools


def prepare(connection: sa.Connection, plan: Plan, asked: Asked) -> Prepared:
    """The ground that proposals are made of.

    Raises
    ------
    Refused
        For weights or a band that mean nothing, and as :func:`geo.plans.lands.ground_of`.
    Unknown
        For a lock on a code that is not there.
    Stale, TooMuch
        When the plan has ended or cannot be worked out; when the scope is too large.
    """
    drafts.refuse_ended(plan)
    band = _band(asked)
    ground = ground_of(connection, plan, asked.within, asked.weights, asked.fallback)
    kept = [one.code for one in locks.locks_of(connection, plan)]
    return Prepared(
        plan,
        drafts.changes_of(connection, plan),
        asked,
        band,
        ground,
        _locked(connection, ground, [*asked.locks, *kept]),
    )


def offered(prepared: Prepared, progress: Progress | None = None) -> Offers:
    """Up to three proposals; ``progress`` is told how many of how many steps are done."""
    ground, asked, band = prepared.ground, prepared.asked, prepared.band
    if asked.fallback is not None:
        return _divided(prepared)
    atoms = atoms_of(ground.land, (band[1] - band[0]) / _FINE)
    problem = _problem(ground, atoms, band, prepared.locked)
    front = proposed(problem, asked.seed, progress)
    unit = Unit.of(asked.weights)
    offers = []
    for number, one in enumerate(front.proposals, 1):
        moves = moves_of(atoms, one.owner)
        words = explanations.explained(ground, front, one, moves, unit)
        changes = transfers(moves, ground.codes)
        offers.append(Offered(number, one.kind, words, one.measures, one.at_least, moves, changes))
    said = explanations.remarks(ground, problem, front, unit)
    return Offers(prepared.plan, prepared.drawn, asked, band, ground, front.before, said, offers)


def take(connection: sa.Connection, actor: Actor, offers: Offers, number: int) -> list[Made]:
    """The changes of a proposal, added to its plan as one act, all or none.

    Raises
    ------
    Unknown
        When there is no proposal of this number.
    Stale
        When the plan or the edition in force has changed since the proposals were worked out.
    Stale, Refused, Broken
        As :func:`geo.plans.previews.preview`; it is for the caller to undo the transaction then.
    """
    chosen = [one for one in offers.offers if one.number == number]
    if not chosen:
        there = ", ".join(str(one.number) for one in offers.offers) or "none"
        raise Unknown(
            f"no proposal {number}; there are {there}",
            zh=f"没有第 {number} 个建议；有：{there if offers.offers else '一个也没有'}",
        )
    plan = drafts.one(connection, offers.plan.id, lock=True)
    if drafts.changes_of(connection, plan) != offers.drawn or areas.current(connection).number != offers.ground.base:
        raise Stale(
            f"plan {plan.id}, or the edition in force, changed while proposals were worked out; ask for them anew",
            zh=f"均衡建议算出来之前，方案 {plan.id} 或现行版次又变了；请重新生成建议",
        )
    made: list[Made] = []
    for change in chosen[0].changes:
        made.append(_added(connection, actor, plan, change, made[0].act if made else None))
    previews.preview(connection, plan)
    return made


def _added(connection: sa.Connection, actor: Actor, plan: Plan, change: Change, act: int | None) -> Made:
    """The change, tried by itself only where its code is to be found."""
    add = drafts.add if is_numbered(change) else previews.add
    return add(connection, actor, plan, change, act)


def _divided(prepared: Prepared) -> Offers:
    """The one proposal of ground divided into grids."""
    ground, asked = prepared.ground, prepared.asked
    found = divided(ground.land, asked.into, asked.seed)
    parts = len(found.loads)
    names = [f"新网格{number}" for number in range(1, parts + 1)]
    changes = [
        CutDedicated(shape, None, name, BENT_M, COMPREHENSIVE)
        for shape, name in zip(grounds(found), names, strict=True)
    ]
    moves = [
        Move(0, part + 1, change.drawn, float(load), int(count), float(area))
        for part, (change, load, count, area) in enumerate(
            zip(changes, found.loads, found.buildings, found.area_m2, strict=True)
        )
    ]
    told = replace(
        ground,
        codes=np.array([*ground.codes, *[""] * parts], dtype=np.str_),
        names=np.array([*ground.names, *names], dtype=np.str_),
    )
    problem = Problem(
        load=found.loads,
        area_m2=found.area_m2,
        home=np.arange(parts),
        is_bound=np.zeros(parts, dtype=np.bool_),
        pairs=np.zeros((0, 2), dtype=np.int64),
        parent=np.zeros(parts, dtype=np.int64),
        is_open=np.ones(parts, dtype=np.bool_),
        is_counted=np.ones(parts, dtype=np.bool_),
        band=prepared.band,
    )
    after = measured(problem, problem.home)
    words = explanations.divided(told, after, moves, Unit.of(asked.weights))
    offer = Offered(1, "divided", words, after, 0.0, moves, changes)
    return Offers(
        prepared.plan, prepared.drawn, asked, prepared.band, told, after, explanations.unknowns(ground), [offer]
    )


def _band(asked: Asked) -> tuple[float, float]:
    for name, weight in asked.weights.items():
        if name not in LOADS:
            raise Refused(
                f"no load is called {name!r}{near(name, LOADS)}; there are {', '.join(LOADS)}",
                zh=f"没有叫 {name!r} 的量；有 {'、'.join(LOADS)}",
            )
        if not (isfinite(weight) and weight >= 0):
            raise Refused(
                f"a weight of {weight:g} for {name}; it must be 0 or more",
                zh=f"{name} 的权重 {weight:g} 不行；须不小于 0",
            )
    used = {name: weight for name, weight in asked.weights.items() if weight}
    if not used:
        raise Refused(
            f"nothing is weighed; give one of {', '.join(LOADS)} a weight above 0",
            zh=f"没有权重；给 {'、'.join(LOADS)} 之一大于 0 的权重",
        )
    if asked.band is None and used != {"households": 1.0}:
        raise Refused(
            "a band is wanted where other things than households are weighed", zh="按户数以外的量均衡时要给出区间"
        )
    low, high = asked.band or BAND
    if not (isfinite(low) and isfinite(high) and 0 <= low < high):
        raise Refused(
            f"a band of {low:g} to {high:g}; its bottom must be 0 or more and lie below its top",
            zh=f"区间 {low:g} 到 {high:g}：下限须不小于 0，且小于上限",
        )
    return low, high


def _locked(connection: sa.Connection, ground: Ground, codes: Sequence[str]) -> Bools:
    """Which grids must stay; codes that are not of the ground are passed over where they name anything."""
    edition = areas.current(connection)
    locked = np.isin(ground.codes, list(codes))
    for code in set(codes) - set(ground.codes.tolist()):
        locked |= np.isin(ground.parents, list(areas_under(connection, edition, code).values()))
    return locked


def _problem(ground: Ground, atoms: Atoms, band: tuple[float, float], locked: Bools) -> Problem:
    _, parent = np.unique(ground.parents, return_inverse=True)
    return Problem(
        load=atoms.load,
        area_m2=atoms.area_m2,
        home=atoms.leaf,
        is_bound=atoms.is_bound,
        pairs=atoms.pairs,
        parent=parent.reshape(-1).astype(np.int64),
        is_open=~locked,
        is_counted=ground.kinds == COMPREHENSIVE,
        band=band,
    )
