"""Figures of every grid a plan touches, before and after: counted from what belongs to it, or declared of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geo.coverage.ground import straddling
from geo.crs import area_m2
from geo.entities.figures import Figures as Told
from geo.plans.declared import Declared, Posts
from geo.plans.effects import Effects
from geo.plans.grounds import Ground, Leaf
from geo.plans.outlooks import BLIND, Coverage, Outlook


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
    declared, as all of ``declared``. Coverage is what a run would find that day: ``covered_units`` have an
    organisation, ``unknown_units`` are U, the shares are of known units; ``state`` is the grid's own, G1, G2 or U;
    ``spots`` are its blind spots by code (units, buildings that straddle grids, itself), together ``blind_spots``.
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
    covered_units: int
    unknown_units: int
    organisational_share: float | None
    work_share: float | None
    state: str
    spots: Mapping[str, int]
    blind_spots: int
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


def grid_figures(effects: Effects, declared: Declared, outlook: Outlook, names: Mapping[str, str]) -> list[GridFigures]:
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
                before=_side(effects, before, declared, outlook.before.coverage[code], is_after=False)
                if before
                else None,
                after=_side(effects, after, declared, outlook.after.coverage[code], is_after=True) if after else None,
            )
        )
    return told


def _change(ground: Ground, code: str) -> str:
    if code not in ground.before:
        return "appeared"
    return "changed" if code in ground.after else "retired"


def _side(effects: Effects, leaf: Leaf, declared: Declared, coverage: Coverage, *, is_after: bool) -> Figures:
    buildings, incidents, units = effects.buildings, effects.incidents, effects.units
    among, happened, inside = (
        (noun.now if is_after else noun.was) == leaf.code for noun in (buildings, incidents, units)
    )
    crossing = straddling(
        *((buildings.straddles, buildings.is_pinned) if is_after else (buildings.straddled, buildings.was_pinned))
    )
    posts = (declared.posts_after if is_after else declared.posts_before).get(leaf.code, Posts())
    stated = (declared.figures_after if is_after else declared.figures_before).get(leaf.code)
    spots = _spots(coverage, int((among & crossing).sum()))
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
        covered_units=coverage.covered,
        unknown_units=coverage.units.get("U", 0),
        organisational_share=coverage.organisational_share,
        work_share=coverage.work_share,
        state=coverage.state,
        spots=spots,
        blind_spots=sum(spots.values()),
        unknown_buildings=int((among & ~np.isfinite(buildings.households)).sum()),
        declared=_stated(stated) if stated else None,
    )


def _spots(coverage: Coverage, crossing: int) -> dict[str, int]:
    """Blind spots of a grid by code: its units, the buildings that straddle it and others, and itself."""
    counted = {**coverage.units, "G3": crossing}
    own = {coverage.state: 1} if coverage.state in BLIND else {}
    return {code: n for code in BLIND if (n := counted.get(code, 0) + own.get(code, 0))}


def _stated(told: Told) -> Stated:
    return Stated(as_of=told.as_of.isoformat(), **told.counts)
