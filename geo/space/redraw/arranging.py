"""A change worked out on one noded arrangement: the borders of the leaves it touches, of their neighbours, and lines.

On the arrangement a gap or an overlap cannot be expressed: a rule says whose each face becomes, and leaves are the
faces of one code united. Noding bends a border by less than a step, so all who share it are taken in; where one is
bent that was not, the ring of neighbours is widened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Codes, Floats, Ints, Shapes
from geo.crs import SNAP
from geo.errors import Broken, Refused
from geo.space.arrangement import NEAR, faces_of, joined, owners_of, united
from geo.space.partition import OUTSIDE, Edges, edges_of, unlike, whole_of
from geo.space.redraw.leaves import BEYOND, Leaves, Moved, Redrawn
from geo.space.redraw.nodes import straightened
from geo.space.redraw.slivers import THIN_M, absorbed

_RINGS = 4


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces (n,) of an arrangement and their edges.

    ``owner`` is the position of the leaf each lies in, OUTSIDE beyond the city, ``codes`` its code; ``is_free`` tells
    what a rule may give away.
    """

    shapes: Shapes
    edges: Edges
    owner: Ints
    codes: Codes
    is_free: Bools


Rule = Callable[[Faces], Codes]
"""Answers the code (n,) of each face afterwards; what it says of faces that are not free is not listened to."""


def redraw(
    leaves: Leaves,
    touched: Sequence[str],
    lines: Sequence[BaseGeometry],
    rule: Rule,
    *,
    beyond: bool = False,
    may_stay: bool = False,
) -> Redrawn:
    """The change a rule makes of the faces of some leaves.

    Parameters
    ----------
    touched
        Codes of the leaves whose ground may change hands.
    lines
        What is drawn, on the lattice.
    beyond
        Whether ground outside the city may change hands as well; its code is ``BEYOND``.
    may_stay
        Whether it is right that nothing changes hands; then nothing is redrawn.

    Raises
    ------
    Broken
        When the leaves would no longer divide the city, with the place. No drawing is known that does.
    Refused
        By the rule, and when nothing changes hands unless it may.
    """
    core = leaves.at(touched)
    near = core
    for _ in range(_RINGS):
        near = np.union1d(near, leaves.near(leaves.shapes[near], NEAR))
        faces = _faces(leaves, near, core, lines, beyond=beyond)
        after = _settled(faces, rule(faces))
        names, shapes = _rebuilt(leaves.shapes[near], faces, after)
        ends = _bent(leaves.shapes[near], shapes, faces, after)
        marks = np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object)
        wider = np.setdiff1d(leaves.near(marks, NEAR), near)
        if not wider.size:
            _stands(leaves, np.setdiff1d(near, core), names, shapes)
            if len(ends) and not beyond:
                _not_torn(leaves.shapes[near], shapes, marks)
            change = _change(leaves, near, names, shapes, faces, after)
            if not change.moved and may_stay:
                return Redrawn({})
            if not change.moved:
                detail = f"nothing changes hands: what is drawn is thinner than {THIN_M:g} m, or there already"
                raise Refused(
                    detail,
                    zh=f"没有地换手：画的比 {THIN_M:g} 米还窄，或本来就是这样",
                    where=_drawn(lines, leaves.shapes[core]),
                )
            return change
        near = np.union1d(near, wider)
    raise Broken(
        "noding this drawing bends borders further and further away",
        zh="这样画会把界线越带越远；换个画法",
        where=shapely.MultiLineString([*marks]),
    )


def _drawn(lines: Sequence[BaseGeometry], touched: Shapes) -> BaseGeometry:
    """What is drawn; where none of it lies on the ground that was meant, that ground."""
    drawn: BaseGeometry = shapely.GeometryCollection([*lines])
    return whole_of(touched) if shapely.is_empty(drawn) else drawn


def _faces(leaves: Leaves, near: Ints, core: Ints, lines: Sequence[BaseGeometry], *, beyond: bool) -> Faces:
    shapes = leaves.shapes[near]
    found = faces_of([*shapely.boundary(shapes), *lines])
    owner = owners_of(found, shapes, shapely.STRtree(shapes))
    inside = np.ones(len(found), dtype=np.bool_) if beyond else owner != OUTSIDE
    found, owner = found[inside], owner[inside]
    owner = np.where(owner == OUTSIDE, OUTSIDE, near[owner])
    codes = np.where(owner == OUTSIDE, BEYOND, leaves.codes[owner])
    return Faces(found, edges_of(found), owner, codes, np.isin(owner, core) | (owner == OUTSIDE))


def _settled(faces: Faces, ruled: Codes) -> Codes:
    """The codes a rule gives free faces, without the slivers it cut off; what was a part of its own may be as thin."""
    after = np.where(faces.is_free, ruled, faces.codes)
    names, label = np.unique(after, return_inverse=True)
    _, was = np.unique(faces.codes, return_inverse=True)
    whole = np.ones(len(after), dtype=np.bool_)
    parts = [_parts(faces.edges, by) for by in (was, label)]
    for before, now in zip(parts[0], parts[1], strict=True):
        whole &= before == now
    inside = np.where(faces.is_free, label, OUTSIDE)  # neighbours neither lose nor gain
    found = absorbed(faces.shapes, faces.edges, inside, whole | ~faces.is_free)
    return np.where(faces.is_free, names[found], after)


def _parts(edges: Edges, by: Ints) -> tuple[Ints, Ints]:
    """The connected part (n,) of each face among those of like label, and how many faces it has."""
    same = (edges.twin != OUTSIDE) & (by[edges.owner] == by[edges.right])
    part = joined(len(by), edges.owner[same], edges.right[same])
    return part, np.bincount(part, minlength=len(by))[part]


def _rebuilt(old: Shapes, faces: Faces, after: Codes) -> tuple[Codes, Shapes]:
    """Codes, ascending, and ground of all who have any afterwards."""
    names, label = np.unique(after, return_inverse=True)
    label = np.where(names[label] == BEYOND, OUTSIDE, label)
    ground = united(faces.shapes, label)
    shapes = straightened(np.asarray([*ground.values()], dtype=object), old)
    bad = ~shapely.is_valid(shapes)
    if bad.any():
        where = shapely.MultiPoint(shapely.get_coordinates(shapes[bad]))
        raise Broken(
            "the drawing leaves ground that vanishes on the lattice", zh="画出的地太小，存不下；画大一些", where=where
        )
    return names[[*ground]], shapes


def _bent(old: Shapes, new: Shapes, faces: Faces, after: Codes) -> Floats:
    """Edges (m, 4) of the rim that are other than they were, but for ground that joined the city or left it."""
    was, now = faces.codes == BEYOND, after == BEYOND
    joined_city, left_city = faces.shapes[was & ~now], faces.shapes[~was & now]
    ends: Floats = unlike(np.concatenate([new, left_city]), np.concatenate([old, joined_city]))[0]
    return ends


def _stands(leaves: Leaves, others: Ints, names: Codes, shapes: Shapes) -> None:
    """Raise Broken where a neighbour vanished, or lost or gained more than bent borders explain."""
    for at in others:
        mine = np.flatnonzero(names == leaves.codes[at])
        slack = 2 * SNAP * shapely.length(leaves.shapes[at])
        if not mine.size or abs(shapely.area(shapes[mine[0]]) - shapely.area(leaves.shapes[at])) > slack:
            code, ground = leaves.codes[at], leaves.shapes[at]
            raise Broken(
                f"the ground of {code} would change, which is not redrawn",
                zh=f"{code} 的地会变，而这次没有要改它；换个画法",
                where=ground,
            )


def _not_torn(old: Shapes, new: Shapes, marks: Shapes) -> None:
    """Raise Broken where the ground as a whole has other rings than before."""
    rings = [len(shapely.get_rings(shapely.get_parts(whole_of(shapes)))) for shapes in (old, new)]
    if rings[0] != rings[1]:
        raise Broken(
            "the change would tear a hole into the city",
            zh="这样改会在城里撕开一个洞；换个画法",
            where=shapely.MultiLineString([*marks]),
        )


def _change(leaves: Leaves, near: Ints, names: Codes, shapes: Shapes, faces: Faces, after: Codes) -> Redrawn:
    """Old and new leaves compared: what moved, what only gained or lost vertices."""
    moved = _moved(faces, after)
    hands = {code for one in moved for code in (one.was, one.now)}
    old = dict(zip(leaves.codes[near].tolist(), leaves.shapes[near], strict=True))
    new = {
        code: shape
        for code, shape in zip(names.tolist(), shapes, strict=True)
        if code not in old or not _same(old[code], shape)
    }
    retired = tuple(sorted(set(old) - set(names.tolist())))
    return Redrawn(new, retired, moved, frozenset(new) - hands)


def _moved(faces: Faces, after: Codes) -> tuple[Moved, ...]:
    went = np.flatnonzero(faces.codes != after)
    if not went.size:
        return ()
    pairs, label = np.unique(np.stack([faces.codes[went], after[went]], axis=1), axis=0, return_inverse=True)
    ground = united(faces.shapes[went], label.reshape(-1))
    return tuple(Moved(str(pairs[at][0]), str(pairs[at][1]), shape) for at, shape in ground.items())


def _same(a: BaseGeometry, b: BaseGeometry) -> bool:
    """Whether two shapes have the same vertices, wherever their rings start."""
    return bool(shapely.equals_identical(shapely.normalize(a), shapely.normalize(b)))
