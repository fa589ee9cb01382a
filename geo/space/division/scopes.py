"""One area of a city divided anew, the rest of the city left as it stands."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Shapes
from geo.errors import Broken, Refused
from geo.space.arrangement import matched, same_ground
from geo.space.division.rows import Division, Lift, lifted, still_known
from geo.space.partition import Fault, faults, whole_of


def replace_scope(base: Division, part: Division, within: str) -> Division:
    """The whole city after ``part`` took the place of everything in the area ``within``.

    Neighbours outside are noded where the new borders end on theirs; what is not concerned stays the same object. Areas
    above are united anew only where a leaf in them changed.

    Parameters
    ----------
    base
        The partition in force.
    part
        Leaves of the scope; of its areas those at and under ``within`` count, the ones above are the base's.
    within
        Code of the area whose ground may be divided anew; its outline stays.

    Raises
    ------
    Refused
        When ``within`` is no area of both, or a code of the part is in use outside.
    Broken
        When the part does not fill the area exactly; ``where`` shows the ground.
    """
    for division, whose in ((base, "the edition in force"), (part, "the new division")):
        if within not in division.area_codes:
            raise Refused(f"{within!r} is no area of {whose}; name an area that both have")
    gone, come = base.areas_within(within), part.areas_within(within)
    kept = ~np.isin(base.leaf_parents, base.area_codes[gone])
    _refuse_taken(base, part, kept, gone, come)
    shapes = np.concatenate([base.leaf_shapes[kept], part.leaf_shapes])
    shapes = _filled(shapes, base.area_shapes[base.area_levels == 0][0], int(kept.sum()))
    codes, names, kinds, parents = (
        np.concatenate([getattr(base, field)[kept], getattr(part, field)])
        for field in ("leaf_codes", "leaf_names", "leaf_kinds", "leaf_parents")
    )
    area_codes, area_names, area_levels, area_parents = (
        np.concatenate([getattr(base, field)[~gone], getattr(part, field)[come]])
        for field in ("area_codes", "area_names", "area_levels", "area_parents")
    )
    area_parents[area_codes == within] = base.parent_of_area(within)
    areas = Lift(area_codes, area_levels, area_parents)
    known = still_known(base, areas, codes, parents, shapes)
    area_shapes = lifted(areas, parents, shapes, known)
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


def _refuse_taken(base: Division, part: Division, kept: Bools, gone: Bools, come: Bools) -> None:
    outside = np.concatenate([base.leaf_codes[kept], base.area_codes[~gone]])
    taken = np.intersect1d(np.concatenate([part.leaf_codes, part.area_codes[come]]), outside)
    if len(taken):
        raise Refused(f"code {str(taken[0])!r} is in use outside the scope; the new division must take another")
    lost = np.setdiff1d(part.leaf_parents, part.area_codes[come])
    if len(lost):
        raise Refused(f"parent {str(lost[0])!r} of the new division lies outside the scope; parents must lie in it")


def _filled(shapes: Shapes, outline: BaseGeometry, kept: int) -> Shapes:
    """The leaves matched and proved; the first ``kept`` may gain and lose vertices only."""
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
