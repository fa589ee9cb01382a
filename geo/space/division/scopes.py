"""Leaves and areas that take the place of others, the rest of the city left as it stands."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Shapes
from geo.errors import Broken
from geo.space.arrangement import matched, same_ground
from geo.space.division.rows import Division, Lift, lifted, still_known
from geo.space.partition import Fault, faults, faults_since, whole_of


def spliced(base: Division, part: Division, kept: tuple[Bools, Bools], outline: BaseGeometry | None) -> Division:
    """The whole city after the leaves and areas of ``part`` took the place of those that are not kept.

    Neighbours are noded where the new borders end on theirs; what is not concerned stays the same object. Areas are
    united anew only where a leaf in them changed.

    Parameters
    ----------
    base
        The partition in force.
    part
        Leaves and areas that come; the ground of its areas counts for nothing.
    kept
        Which leaves, and which areas, of the base stay.
    outline
        Of the city afterwards; None: it stays.

    Raises
    ------
    Broken
        When the leaves do not fill the outline exactly; ``where`` shows the ground.
    """
    leaves, areas = kept
    shapes = np.concatenate([base.leaf_shapes[leaves], part.leaf_shapes])
    before = base.area_shapes[base.area_levels == 0][0]
    after = before if outline is None else outline
    if faults_since(part.leaf_shapes, base.leaf_shapes[~leaves], after, before):
        shapes = _filled(shapes, after)
    codes, names, kinds, parents = (
        np.concatenate([getattr(base, field)[leaves], getattr(part, field)])
        for field in ("leaf_codes", "leaf_names", "leaf_kinds", "leaf_parents")
    )
    area_codes, area_names, area_levels, area_parents = (
        np.concatenate([getattr(base, field)[areas], getattr(part, field)])
        for field in ("area_codes", "area_names", "area_levels", "area_parents")
    )
    lift = Lift(area_codes, area_levels, area_parents)
    area_shapes = lifted(lift, parents, shapes, still_known(base, lift, codes, parents, shapes))
    leaf, area = np.argsort(codes, kind="stable"), np.argsort(area_codes, kind="stable")
    return Division(
        levels=base.levels,
        leaf_codes=codes[leaf],
        leaf_names=names[leaf],
        leaf_kinds=kinds[leaf],
        leaf_parents=parents[leaf],
        leaf_shapes=shapes[leaf],
        area_codes=area_codes[area],
        area_names=area_names[area],
        area_levels=area_levels[area],
        area_parents=area_parents[area],
        area_shapes=area_shapes[area],
    )


def _filled(shapes: Shapes, outline: BaseGeometry) -> Shapes:
    """The leaves matched and proved."""
    filled = matched(shapes, outline)
    whole = whole_of(filled)
    found = faults(filled, whole if same_ground(whole, outline) else outline)
    if found:
        raise Broken(_told(found), where=shapely.GeometryCollection([fault.where for fault in found]))
    return filled


def _told(found: list[Fault]) -> str:
    ground = sum(fault.area_m2 for fault in found)
    kinds = ", ".join(sorted({fault.kind for fault in found}))
    return (
        f"the new division does not fill its area: {len(found)} faults ({kinds}) with {ground:.2f} m²; "
        "its outline must be the area's outline in the edition in force"
    )
