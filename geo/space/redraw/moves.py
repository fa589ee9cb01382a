"""The ways ground moves between leaves, each with leaves and a drawing in and a :class:`Redrawn` out.

Lines and polygons are degrees WGS 84 as a hand drew them: they may overshoot, touch themselves, run through vertices
and holes. ``snap_m`` are the metres within which they are pulled to borders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Codes, Ints, Shapes
from geo.crs import SNAP, snapped
from geo.errors import Refused
from geo.space.arrangement import NEAR, joined, united
from geo.space.partition import OUTSIDE, whole_of
from geo.space.redraw.arranging import Faces, redraw
from geo.space.redraw.drawing import SNAP_M, ground_drawn, line_drawn
from geo.space.redraw.leaves import BEYOND, Leaves, Redrawn
from geo.space.redraw.slivers import absorbed

OVER = 8 * SNAP
"""Degrees a drawn line is left to overshoot: cut off at the border itself its ends would lie beside it.

Leaves as near as that to a drawing have a say in it: their borders pull it."""


def split(leaves: Leaves, code: str, line: BaseGeometry, codes: Sequence[str], snap_m: float = SNAP_M) -> Redrawn:
    """One leaf cut by a line, the largest piece to the first of ``codes``, the next to the second, and so on.

    Parts of the leaf that the line does not cut stay with the first.

    Raises
    ------
    Unknown
        When there is no leaf of this code.
    Refused
        When a code is in use or stands twice; when the line makes more or fewer pieces than there are codes, with the
        pieces.
    """
    _unused(leaves, codes, but=[code])
    return _cut(leaves, code, line, snap_m, lambda pieces: codes)


def pieces(leaves: Leaves, code: str, line: BaseGeometry, snap_m: float = SNAP_M) -> Shapes:
    """The pieces (n,) that :func:`split` would make, the largest first, with as many codes as there are pieces.

    Raises
    ------
    Unknown
        When there is no leaf of this code.
    Refused
        When the line makes no two pieces.
    """
    done = _cut(leaves, code, line, snap_m, lambda found: [f"{code}~{rank:03d}" for rank in range(max(found, 2))])
    return np.array([shape for key, shape in sorted(done.shapes.items()) if key.startswith(f"{code}~")], dtype=object)


def _cut(
    leaves: Leaves, code: str, line: BaseGeometry, snap_m: float, named: Callable[[int], Sequence[str]]
) -> Redrawn:
    """A leaf cut by a line; ``named`` gives the codes of so many pieces, for the largest first."""
    at = leaves.at([code])[0]
    drawn = line_drawn(line, shapely.boundary(leaves.shapes[[at]]), snap_m)
    cut = _clipped(drawn.shape, leaves.shapes[at])

    def rule(faces: Faces) -> Codes:
        inside = faces.owner == at
        part = absorbed(faces.shapes, faces.edges, _pieces(faces, inside, cut), ~inside)
        area = np.bincount(part[inside], weights=shapely.area(faces.shapes)[inside], minlength=len(part))
        found = [int(one) for one in np.argsort(-area, kind="stable") if area[one] > 0 and _is_cut(faces, part, one)]
        codes = named(len(found))
        if len(found) != len(codes):
            raise _wrong_count(faces.shapes, part, len(found), len(codes))
        rank = np.zeros(len(part), dtype=np.int64)
        rank[found] = np.arange(len(found))
        return np.asarray(codes, dtype=np.str_)[rank[part]]

    return replace(redraw(leaves, [code], [cut], rule), pulled=drawn.pulled)


def merge(leaves: Leaves, codes: Sequence[str], keep: str) -> Redrawn:
    """Leaves made one under a code, which is one of theirs or new.

    Raises
    ------
    Unknown
        When there is no leaf of one of the codes.
    Refused
        For fewer than two leaves, and for a code that another leaf has.
    """
    if len(set(codes)) < 2:
        raise Refused(
            f"{len(set(codes))} leaf to merge; two or more are wanted",
            zh=f"只有 {len(set(codes))} 个网格；合并要两个以上",
        )
    _unused(leaves, [keep], but=codes)
    return redraw(leaves, sorted(set(codes)), [], lambda faces: np.full(len(faces.codes), keep))


def dissolve(leaves: Leaves, code: str, to: str) -> Redrawn:
    """A leaf given up: all its ground to another one, or as it is under a new code, as of the fallback of its area.

    Raises
    ------
    Unknown
        When there is no leaf of this code.
    Refused
        When it would be given to itself.
    """
    if code == to:
        raise Refused(f"{code} cannot be given to itself", zh=f"{code} 不能并给自己；选另一个网格")
    if leaves.has(to):
        return merge(leaves, [code, to], to)
    return redraw(leaves, [code], [], lambda faces: np.full(len(faces.codes), to))


def transfer(leaves: Leaves, drawn: BaseGeometry, to: str, snap_m: float = SNAP_M) -> Redrawn:
    """The ground of a drawn polygon given to a leaf; who loses all is retired. Ground outside the city is left out.

    Raises
    ------
    Unknown
        When there is no leaf of this code; :func:`cut_dedicated` makes new ones.
    Refused
        For a drawing that tells no ground, or none of another leaf.
    """
    leaves.at([to])
    return _given(leaves, drawn, to, snap_m)


def cut_dedicated(leaves: Leaves, drawn: BaseGeometry, code: str, snap_m: float = SNAP_M) -> Redrawn:
    """The ground of a drawn polygon as a leaf of its own. Raises Refused as :func:`transfer`, and for a code in use."""
    _unused(leaves, [code], but=[])
    return _given(leaves, drawn, code, snap_m)


def move_border(leaves: Leaves, a: str, b: str, line: BaseGeometry, snap_m: float = SNAP_M) -> Redrawn:
    """The ground of two leaves divided anew by a line: each piece to the one that held more of it, equals to ``b``.

    Raises
    ------
    Unknown
        When there is no leaf of one of the codes.
    Refused
        When the line does not leave ground to both.
    """
    at = leaves.at([a, b])
    drawn = line_drawn(line, shapely.boundary(leaves.shapes[at]), snap_m)
    cut = _clipped(drawn.shape, whole_of(leaves.shapes[at]))

    def rule(faces: Faces) -> Codes:
        inside = np.isin(faces.owner, at)
        part = _pieces(faces, inside, cut)
        area = shapely.area(faces.shapes) * np.where(faces.owner == at[0], 1, -1)
        lean = np.bincount(part[inside], weights=area[inside], minlength=len(part))
        sides = lean[np.unique(part[inside])]
        if (sides > 0).all() or (sides <= 0).all():
            raise Refused(
                f"the line does not part {a} from {b}; draw it from rim to rim through both",
                zh=f"这条线没有把 {a} 和 {b} 分开；从一边画到另一边，穿过两格",
                where=line,
            )
        return np.where(lean[part] > 0, a, b)

    return replace(redraw(leaves, [a, b], [cut], rule), pulled=drawn.pulled)


def annex(leaves: Leaves, drawn: BaseGeometry, to: str, snap_m: float = SNAP_M) -> Redrawn:
    """Ground outside the city given to a leaf that is there; ground of other leaves in the drawing stays theirs.

    Raises
    ------
    Unknown
        When there is no leaf of this code.
    Refused
        For a drawing that tells no ground, or none outside the city.
    """
    at = leaves.at([to])
    near = np.union1d(at, leaves.near(np.asarray([drawn], dtype=object), OVER))
    ground = ground_drawn(drawn, shapely.boundary(leaves.shapes[near]), snap_m)

    def rule(faces: Faces) -> Codes:
        taken = (faces.owner == OUTSIDE) & _mostly_in(faces.shapes, ground.shape)
        if not taken.any():
            raise Refused(
                "the drawn polygon holds no ground outside the city", zh="圈里没有城外的地；圈进要划入的地", where=drawn
            )
        return np.where(taken, to, faces.codes)

    touched = leaves.codes[near].tolist()
    change = redraw(leaves, touched, [shapely.boundary(ground.shape)], rule, beyond=True)
    return replace(change, pulled=ground.pulled)


def cede(leaves: Leaves, drawn: BaseGeometry, snap_m: float = SNAP_M) -> Redrawn:
    """Ground given out of the city; who loses all is retired. Raises Refused as :func:`transfer`, and for all of it."""
    done = _given(leaves, drawn, BEYOND, snap_m)
    if not done.shapes and len(done.retired) == len(leaves.codes):
        raise Refused(
            "the drawn polygon holds the whole city, of which something must stay",
            zh="圈住了全城；总要留下一些",
            where=drawn,
        )
    return done


def border(leaves: Leaves, a: str, b: str) -> BaseGeometry:
    """The line two leaves share, degrees; empty when they share none. Raises Unknown when one is not there."""
    one, other = leaves.shapes[leaves.at([a, b])]
    shared: BaseGeometry = shapely.line_merge(shapely.intersection(shapely.boundary(one), shapely.boundary(other)))
    return shared


def _given(leaves: Leaves, drawn: BaseGeometry, to: str, snap_m: float) -> Redrawn:
    """The ground of a drawn polygon given to a code, new or not, or out of the city."""
    near = leaves.near(np.asarray([drawn], dtype=object), OVER)
    if not near.size:
        raise Refused("the drawn polygon lies outside the city", zh="圈的地在城外；画到城里来", where=drawn)
    ground = ground_drawn(drawn, shapely.boundary(leaves.shapes[near]), snap_m)
    touched = set(leaves.codes[near].tolist()) | ({to} if leaves.has(to) else set())
    line = _clipped(shapely.boundary(ground.shape), whole_of(leaves.shapes[near]))

    def rule(faces: Faces) -> Codes:
        taken = (faces.owner != OUTSIDE) & _mostly_in(faces.shapes, ground.shape)
        if not (taken & (faces.codes != to)).any():
            raise Refused(
                "the drawn polygon holds no ground of another leaf",
                zh="圈的地都已经是它的；圈进要划给它的地",
                where=drawn,
            )
        return np.where(taken, to, faces.codes)

    change = redraw(leaves, sorted(touched), [line], rule, beyond=to == BEYOND)
    return replace(change, pulled=ground.pulled)


def _unused(leaves: Leaves, codes: Sequence[str], but: Sequence[str]) -> None:
    for code in codes:
        if not code:
            raise Refused("a leaf has a code; this one is blank", zh="编码是空的；每块各一个")
        if leaves.has(code) and code not in but:
            raise Refused(
                f"the code {code} is in use; choose one that is not",
                zh=f"编码 {code} 已有人用；换一个",
                where=leaves.shape(code),
            )
    if len(set(codes)) != len(codes):
        raise Refused(
            f"a code stands twice among {', '.join(codes)}; each piece has one of its own",
            zh=f"编码 {'、'.join(codes)} 里有重复；每块各一个",
        )


def _clipped(line: BaseGeometry, ground: BaseGeometry) -> BaseGeometry:
    """What of a line lies on a ground or hardly beside it, on the lattice."""
    clipped = shapely.intersection(line, shapely.buffer(ground, OVER))
    found: BaseGeometry = snapped(np.asarray([clipped], dtype=object))[0]
    return found


def _pieces(faces: Faces, inside: Bools, cut: BaseGeometry) -> Ints:
    """Connected ground (n,) of faces ``inside`` when a line may not be crossed, named by a face; OUTSIDE elsewhere."""
    edges = faces.edges
    has = np.flatnonzero(edges.twin != OUTSIDE)
    a, b = edges.owner[has], edges.right[has]
    has = has[inside[a] & inside[b] & (a < b)]
    middle = shapely.points((edges.ends[has, :2] + edges.ends[has, 2:]) / 2)
    shapely.prepare(cut)
    open_ = has[~shapely.dwithin(cut, middle, 2 * SNAP)] if not shapely.is_empty(cut) else has
    return np.where(inside, joined(len(inside), edges.owner[open_], edges.right[open_]), OUTSIDE)


def _is_cut(faces: Faces, part: Ints, piece: int) -> bool:
    """Whether a piece touches another piece: else it is a part of the leaf that lies apart and was not cut."""
    edges = faces.edges
    rim = edges.owner[(part[edges.owner] == piece) & (edges.twin != OUTSIDE)]
    if not rim.size:
        return False
    beside = part[edges.right[(part[edges.owner] == piece) & (edges.twin != OUTSIDE)]]
    return bool(((beside != OUTSIDE) & (beside != piece)).any())


def _wrong_count(faces: Shapes, part: Ints, found: int, wanted: int) -> Refused:
    pieces = max(found, 1)
    hint = "draw it from rim to rim" if pieces < wanted else f"give {pieces} codes, or draw it straighter"
    hint_zh = "从一边画到另一边" if pieces < wanted else f"给 {pieces} 个编码，或画直一些"
    where = shapely.GeometryCollection([*united(faces, part).values()])
    return Refused(
        f"the line makes {pieces} piece{'s' * (pieces > 1)}, not {wanted}; {hint}",
        zh=f"这条线切出 {pieces} 块，要 {wanted} 块；{hint_zh}",
        where=where,
    )


def _mostly_in(faces: Shapes, ground: BaseGeometry) -> Bools:
    """Whether more than half of each face lies in a ground; the borders of the ground run along faces."""
    shapely.prepare(ground)
    inner = shapely.intersects(ground, shapely.point_on_surface(faces))
    hair = np.flatnonzero(shapely.distance(shapely.boundary(faces), shapely.point_on_surface(faces)) < NEAR)
    inner[hair] = shapely.area(shapely.intersection(faces[hair], ground)) * 2 > shapely.area(faces[hair])
    answer: Bools = inner
    return answer
