"""Plans side by side, as they would be on the edition in force: metrics, and why they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from geo.arrays import Codes, Floats
from geo.assignments import Words
from geo.crs import area_m2
from geo.errors import Refused
from geo.plans import drafts, previews
from geo.plans.balances import Balance, balance, staying
from geo.plans.comparing import Difference, Division, Part, differences
from geo.plans.consequences import Consequences, consequences
from geo.plans.effects import Effects
from geo.plans.spreading import Spread, spreads
from geo.settings import settings

MOST = 6
"""Plans compared at once."""
AS_IT_IS = 0
"""Stands for the id of a plan that changes nothing."""
_NAMED = 4  # parts told in a text before "…"


@dataclass(frozen=True)
class Metrics:
    """One plan; ``plan`` 0 is the division as it is. All are taken over the same communities.

    Attributes
    ----------
    balance
        Households over the comprehensive grids of all communities that any of the plans touches.
    moved_households
        That come to another code; None where none of those that move are known.
    households_share
        Of the households there, how many stay under their code.
    checks
        Findings by severity, those that passed aside; None for the division as it is, which no plan is checked for.
    """

    plan: int
    name: str
    balance: Balance
    appeared: tuple[str, ...]
    retired: tuple[str, ...]
    moved_households: int | None
    households_share: float | None
    checks: dict[str, int] | None


@dataclass(frozen=True)
class Told:
    """A difference with the households of either grid and what makes it, in words."""

    difference: Difference
    first_households: int | None
    second_households: int | None
    text: Words


@dataclass(frozen=True)
class Contrast:
    """Why a plan differs from the first one."""

    first: int
    second: int
    differences: list[Told]


@dataclass(frozen=True)
class Compared:
    """Plans in the order they were asked for, and why each differs from the first."""

    band: tuple[int, int]
    metrics: list[Metrics]
    contrasts: list[Contrast]


@dataclass(frozen=True, eq=False)
class _Side:
    """A plan worked out; ``means`` None for the division as it is."""

    id: int
    name: str
    means: Consequences | None
    spread: Spread

    @property
    def effects(self) -> Effects | None:
        return self.means.effects if self.means else None


def compared(connection: sa.Connection, ids: Sequence[int]) -> Compared:
    """Plans side by side, each worked out on the edition in force; 0 among ``ids`` is the division as it is.

    Raises
    ------
    Refused
        For fewer than two, more than :data:`MOST`, or one that stands twice.
    Unknown, Stale, Refused, Broken
        As :func:`geo.plans.previews.preview`.
    """
    if len(ids) < 2 or len(ids) > MOST or len(set(ids)) != len(ids):
        raise Refused(
            f"plans {', '.join(map(str, ids))}: two to {MOST} different ones are compared",
            zh=f"方案 {'、'.join(map(str, ids))}：比选要 2 到 {MOST} 个不同的方案",
        )
    found = {}
    for id in ids:
        if id != AS_IT_IS:
            plan = drafts.one(connection, id)
            found[id] = plan.name, consequences(connection, previews.preview(connection, plan))
    sides = _sides(connection, ids, found)
    by = settings()
    band = (by.band_least, by.band_most)
    buildings = _Universe.of(sides)
    return Compared(
        band=band,
        metrics=[_metrics(side, band) for side in sides],
        contrasts=[_contrast(sides[0], other, buildings) for other in sides[1:]],
    )


def _sides(connection: sa.Connection, ids: Sequence[int], found: dict[int, tuple[str, Consequences]]) -> list[_Side]:
    effects = [means.effects for _, means in found.values() if means.effects is not None]
    parents = {
        leaf.parent for one in effects for leaves in (one.ground.before, one.ground.after) for leaf in leaves.values()
    }
    spread: dict[int, Spread] = {}
    before = Spread(np.zeros(0, dtype=np.str_), np.zeros(0), np.zeros(0, dtype=object))
    for id, (_, means) in found.items():
        if means.effects is not None:
            before, spread[id] = spreads(connection, means.effects, parents)
    named = {id: name for id, (name, _) in found.items()}
    return [_Side(id, named.get(id, ""), found[id][1] if id in found else None, spread.get(id, before)) for id in ids]


def _metrics(side: _Side, band: tuple[int, int]) -> Metrics:
    stands = balance(side.spread.load, side.spread.shapes_m, band)
    means = side.means
    moved = means.totals.households if means else 0
    held = float(np.nansum(side.spread.load))
    grids = means.grids if means else []
    return Metrics(
        plan=side.id,
        name=side.name,
        balance=stands,
        appeared=tuple(one.code for one in grids if one.change == "appeared"),
        retired=tuple(one.code for one in grids if one.change == "retired"),
        moved_households=moved,
        households_share=staying(moved, held),
        checks=dict(Counter(one.severity for one in means.checks if not one.passed)) if means else None,
    )


# -- why they differ ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class _Universe:
    """Buildings (n,) that any of the plans concerns, by id, and the grid of each as it is."""

    at: dict[int, int]
    was: Codes
    households: Floats
    base_m2: dict[str, float]

    @classmethod
    def of(cls, sides: Sequence[_Side]) -> _Universe:
        known: dict[int, tuple[str, float]] = {}
        base: dict[str, float] = {}
        for side in sides:
            if side.effects is not None:
                placed = side.effects.buildings
                told = zip(placed.was.tolist(), placed.households.tolist(), strict=True)
                known |= dict(zip(placed.id.tolist(), told, strict=True))
                base |= {code: _m2(leaf.shape) for code, leaf in side.effects.ground.before.items()}
        ids = sorted(known)
        return cls(
            at={id: at for at, id in enumerate(ids)},
            was=np.array([known[id][0] for id in ids], dtype=np.str_),
            households=np.array([known[id][1] for id in ids], dtype=np.float64),
            base_m2=base,
        )

    def divided(self, side: _Side) -> Division:
        """Where they belong under a plan."""
        if side.effects is None:
            return Division(self.was, {*self.base_m2, *self.was.tolist()} - {""}, self.base_m2)
        ground, placed, grid = side.effects.ground, side.effects.buildings, self.was.astype(object)
        for id, now in zip(placed.id.tolist(), placed.now.tolist(), strict=True):
            grid[self.at[id]] = now
        areas_m2 = {code: m2 for code, m2 in self.base_m2.items() if code not in ground.before}
        areas_m2 |= {code: _m2(leaf.shape) for code, leaf in ground.after.items()}
        there = {*areas_m2, *(code for code in self.was.tolist() if code not in ground.before), *grid.tolist()} - {""}
        return Division(grid.astype(np.str_), there, areas_m2)


def _m2(shape: object) -> float:
    return float(area_m2(np.array([shape], dtype=object))[0])


def _contrast(first: _Side, second: _Side, buildings: _Universe) -> Contrast:
    one, other = buildings.divided(first), buildings.divided(second)
    found = differences(one, other, buildings.households)
    told = [
        Told(
            difference=each,
            first_households=_load(first, one, each.first, buildings),
            second_households=_load(second, other, each.second, buildings),
            text=_words(each, first, second),
        )
        for each in found
    ]
    return Contrast(first.id, second.id, told)


def _load(side: _Side, divided: Division, code: str | None, buildings: _Universe) -> int | None:
    """Households of a grid under a plan; of one that is not comprehensive those of its buildings that are concerned."""
    if code is None:
        return None
    at = np.flatnonzero(side.spread.codes == code)
    load = side.spread.load[at[0]] if at.size else np.nansum(buildings.households[divided.grid == code])
    return int(load) if np.isfinite(load) else None


def _words(found: Difference, first: _Side, second: _Side) -> Words:
    if found.cause == "recoded":
        return Words("同一网格，编码不同", "the same grid under another code")
    if found.cause == "ground":
        return Words("楼栋相同，地块不同", "the same buildings, another ground")
    told = [_part(part, found, (_called(first), _called(second))) for part in found.parts[:_NAMED]]
    zh, en = "；".join(one.zh for one in told), "; ".join(one.en for one in told)
    if found.cause == "moved":
        return Words(zh, en)
    only = _called(first if found.cause == "only_first" else second)
    return Words(f"仅见于{only.zh}：{zh or '无楼栋'}", f"only in {only.en}: {en or 'no building'}")


def _called(side: _Side) -> Words:
    if side.id == AS_IT_IS:
        return Words("现状", "the division as it is")
    return Words(f"方案 {side.id}", f"plan {side.id}")


def _part(part: Part, found: Difference, plans: tuple[Words, Words]) -> Words:
    """What is in the grid of one plan, and whose it is in the other."""
    is_first = part.first == found.first
    code, plan = (part.second, plans[1]) if is_first else (part.first, plans[0])
    n, k = part.households, part.buildings
    held = f"{n} household{'s' * (n != 1)} in {k} building{'s' * (k != 1)}"
    if not code:
        return Words(f"{n} 户 {k} 栋在{plan.zh}不在市内", f"{held}: outside the city in {plan.en}")
    return Words(f"{n} 户 {k} 栋在{plan.zh}属 {code}", f"{held}: of {code} in {plan.en}")
