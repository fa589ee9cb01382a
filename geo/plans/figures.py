"""Figures of every grid a plan touches, before and after: counted from what belongs to it, or declared of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geo.crs import area_m2
from geo.entities.figures import Figures as Told
from geo.plans.declared import Declared, Posts
from geo.plans.effects import Effects
from geo.plans.grounds import Ground, Leaf


@dataclass(frozen=True)
class Stated:
    """What was declared of a grid, and the day it is of; None where it was not told."""

    as_of: str
    households: int | None
    residents: int | None
    firms: int | None
    workers: int | None


@dataclass(frozen=True)
class Figures:
    """What a grid holds; None where it is not known.

    ``households``, ``firms`` and ``workers`` are sums over its buildings as far as they are known, and
    ``unknown_buildings`` are those whose households are not; ``residents``, ``slots`` and ``slots_filled`` are
    declared, as all of ``declared``. ``covered_units`` and ``blind_spots`` are as the newest run found them: units of
    the states P1 to P5, and buildings that straddle grids.
    """

    area_m2: float
    households: int | None
    residents: int | None
    firms: int | None
    workers: int | None
    buildings: int
    open_incidents: int
    incidents_12m: int
    slots: int | None
    slots_filled: int | None
    units: int
    covered_units: int | None
    blind_spots: int | None
    unknown_buildings: int
    declared: Stated | None


@dataclass(frozen=True)
class GridFigures:
    """A grid a plan touches; ``change`` is ``appeared``, ``retired`` or ``changed``, a side it is not on is None."""

    code: str
    name: str
    kind: str
    community: str
    community_name: str
    change: str
    before: Figures | None
    after: Figures | None


def grid_figures(effects: Effects, declared: Declared, names: Mapping[str, str]) -> list[GridFigures]:
    """Every touched grid, by code; ``names`` are those of areas by code."""
    ground = effects.ground
    told = []
    for code in ground.touched:
        before, after = ground.before.get(code), ground.after.get(code)
        leaf = after or before
        assert leaf is not None
        told.append(
            GridFigures(
                code=code,
                name=leaf.name,
                kind=leaf.kind,
                community=leaf.parent,
                community_name=names.get(leaf.parent, ""),
                change=_change(ground, code),
                before=_side(effects, before, declared, is_after=False) if before else None,
                after=_side(effects, after, declared, is_after=True) if after else None,
            )
        )
    return told


def _change(ground: Ground, code: str) -> str:
    if code not in ground.before:
        return "appeared"
    return "changed" if code in ground.after else "retired"


def _side(effects: Effects, leaf: Leaf, declared: Declared, *, is_after: bool) -> Figures:
    buildings, incidents, units = effects.buildings, effects.incidents, effects.units
    among, happened, inside = (
        (noun.now if is_after else noun.was) == leaf.code for noun in (buildings, incidents, units)
    )
    straddle = buildings.straddles & ~buildings.is_pinned if is_after else buildings.straddled & ~buildings.was_pinned
    posts = (declared.posts_after if is_after else declared.posts_before).get(leaf.code, Posts())
    stated = (declared.figures_after if is_after else declared.figures_before).get(leaf.code)
    judged = effects.are_judged
    return Figures(
        area_m2=float(area_m2(np.array([leaf.shape], dtype=object))[0]),
        households=effects.known("households", among),
        residents=stated.counts["residents"] if stated else None,
        firms=effects.known("firms", among),
        workers=effects.known("workers", among),
        buildings=int(among.sum()),
        open_incidents=int((happened & incidents.is_open).sum()),
        incidents_12m=int((happened & incidents.is_recent).sum()),
        slots=posts.slots,
        slots_filled=posts.filled,
        units=int(inside.sum()),
        covered_units=int((inside & units.is_covered).sum()) if judged else None,
        blind_spots=int((inside & units.is_blind).sum() + (among & straddle).sum()) if judged else None,
        unknown_buildings=int((among & ~np.isfinite(buildings.households)).sum()),
        declared=_stated(stated) if stated else None,
    )


def _stated(told: Told) -> Stated:
    return Stated(as_of=told.as_of.isoformat(), **told.counts)
