"""The proof that a division divides its city, raised as a refusal where it fails."""

from __future__ import annotations

import shapely

from geo.errors import Broken
from geo.space.division.rows import Division
from geo.space.division.uniting import others
from geo.space.partition import Fault, faults, faults_since


def refuse_broken(whole: Division) -> None:
    """Raise Broken where the leaves do not divide the city, whatever was proved before."""
    outline = whole.area_shapes[whole.area_levels == 0]
    if len(outline) != 1:
        raise Broken(f"the division has {len(outline)} areas of level 0; a city is one")
    _refuse(faults(whole.leaf_shapes, outline[0]))


def refuse_broken_since(base: Division, redrawn: Division) -> None:
    """Raise Broken where a redrawn division, or part of one, does not divide the city that ``base`` divides.

    Its edges are held against those of the leaves it was made of; all the others are the same in both.
    """
    gone, come = (one.leaf_shapes[others(one, other)] for one, other in ((base, redrawn), (redrawn, base)))
    if not len(gone) and not len(come):
        return
    before, after = (division.area_shapes[division.area_levels == 0][0] for division in (base, redrawn))
    _refuse(faults_since(come, gone, after, before))


def _refuse(found: list[Fault]) -> None:
    if found:
        kinds = ", ".join(sorted({fault.kind for fault in found}))
        where = shapely.GeometryCollection([fault.where for fault in found])
        raise Broken(f"the leaves do not divide the city: {len(found)} faults ({kinds})", where=where)
