"""Changes as hands make them, seeded: lines that overshoot, wiggle, run along borders and through vertices, cross
themselves; polygons with spikes, holes, slivers. And what must hold after each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Floats, Shapes
from geo.crs import SNAP, snap
from geo.errors import Broken, Refused
from geo.space.division import polygonal
from geo.space.partition import faults, whole_of
from geo.space.redraw import moves
from geo.space.redraw.drawing import MOST_SNAP_M
from geo.space.redraw.leaves import BEYOND, Leaves, Redrawn
from geo.space.redraw.scopes import laid

Random = np.random.Generator
_M = 1 / 111_319.49
_PULLED = MOST_SNAP_M * _M * 1.5
"""Degrees from what was drawn to where its corners may come to lie."""


@dataclass(frozen=True, eq=False)
class Try:
    """What was asked, all that was drawn for it and the grids it was asked of, and the change or refusal in answer."""

    kind: str
    drawn: BaseGeometry
    ground: BaseGeometry
    answer: Redrawn | Refused


class _Pen:
    """Draws somehow over a ground, and keeps what it drew and the ground of all it was about."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.drawn: BaseGeometry = shapely.GeometryCollection()
        self.about: list[BaseGeometry] = []

    def leaf(self, leaves: Leaves) -> tuple[str, BaseGeometry]:
        at = int(self.random.integers(len(leaves.codes)))
        self.about.append(leaves.shapes[at])
        return str(leaves.codes[at]), leaves.shapes[at]

    def beside(self, leaves: Leaves, code: str) -> str:
        """A leaf that touches another one, or any where none does."""
        found = leaves.tree.query(leaves.shape(code), predicate="touches")
        others = leaves.codes[found] if found.size else leaves.codes
        other = str(others[self.random.integers(len(others))])
        self.about.append(leaves.shape(other))
        return other

    def line(self, ground: BaseGeometry) -> BaseGeometry:
        self.drawn = line_over(ground, self.random)
        return self.drawn

    def polygon(self, ground: BaseGeometry) -> BaseGeometry:
        drawn = polygon_over(ground, self.random)
        self.drawn = shapely.boundary(drawn)
        self.about.append(shapely.make_valid(drawn))
        return drawn


def tried(leaves: Leaves, random: Random, number: int, *, outline: bool = False) -> Try:
    """One random change of a partition; ``number`` makes codes that are not in use; with ``outline`` it may move."""
    kinds = [_split, _split, _merge, _transfer, _cut, _move, _dissolve, _replace, *([_annex, _cede] if outline else [])]
    make = kinds[int(random.integers(len(kinds)))]
    pen = _Pen(random)
    try:
        answer: Redrawn | Refused = make(leaves, pen, f"new{number:06d}")
    except Broken:
        raise
    except Refused as refusal:
        answer = refusal
    return Try(make.__name__.strip("_"), pen.drawn, shapely.union_all([pen.drawn, *pen.about]), answer)


def _split(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    was, ground = pen.leaf(leaves)
    return moves.split(leaves, was, pen.line(ground), [was, code], float(pen.random.choice([0, 0.5, 2])))


def _merge(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    was, _ = pen.leaf(leaves)
    return moves.merge(leaves, [was, pen.beside(leaves, was)], was if pen.random.random() < 0.7 else code)


def _transfer(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    was, ground = pen.leaf(leaves)
    to = pen.beside(leaves, was)
    return moves.transfer(leaves, pen.polygon(ground), to, float(pen.random.choice([0, 0.5])))


def _cut(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    _, ground = pen.leaf(leaves)
    return moves.cut_dedicated(leaves, pen.polygon(ground), code, float(pen.random.choice([0, 0.5])))


def _move(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    was, ground = pen.leaf(leaves)
    other = pen.beside(leaves, was)
    return moves.move_border(leaves, was, other, pen.line(ground.union(leaves.shape(other))))


def _dissolve(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    was, _ = pen.leaf(leaves)
    return moves.dissolve(leaves, was, pen.beside(leaves, was) if pen.random.random() < 0.7 else code)


def _annex(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    was, ground = pen.leaf(leaves)
    return moves.annex(leaves, pen.polygon(ground), was)


def _cede(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    return moves.cede(leaves, pen.polygon(pen.leaf(leaves)[1]))


def _replace(leaves: Leaves, pen: _Pen, code: str) -> Redrawn:
    """A leaf and one beside it replaced by what is drawn of them, a new leaf among them or ground that is left free."""
    was, ground = pen.leaf(leaves)
    old = leaves.at(sorted({was, pen.beside(leaves, was)}))
    whole = shapely.union_all(leaves.shapes[old], grid_size=SNAP)
    meant = shapely.make_valid(polygon_over(ground, pen.random), method="structure", keep_collapsed=False)
    [taken] = polygonal(np.array([shapely.intersection(meant, whole, grid_size=SNAP)], dtype=object))
    cut = polygonal(shapely.difference(leaves.shapes[old], taken, grid_size=SNAP))
    codes = np.array([*leaves.codes[old].tolist(), f"{code}n"])
    shapes = np.array([*cut, taken], dtype=object)
    some = (shapely.area(shapes) > 0) & (pen.random.random(len(shapes)) < 0.9)
    pen.drawn = shapely.union_all(shapely.boundary(shapes[some]))
    given = Leaves.of(codes[some], shapes[some])
    return laid(leaves, old, given, [code] * len(old), float(pen.random.choice([0, 0.5, 2])))


def line_over(ground: BaseGeometry, random: Random) -> BaseGeometry:
    """A line somehow across a ground."""
    makers: list[Callable[[BaseGeometry, Random], Floats]] = [_chord, _wiggle, _through_vertices, _along, _crossing]
    return shapely.LineString(makers[int(random.integers(len(makers)))](ground, random))


def _ends(ground: BaseGeometry, random: Random) -> tuple[Floats, Floats]:
    west, south, east, north = ground.bounds
    centre, size = np.array([(west + east) / 2, (south + north) / 2]), np.hypot(east - west, north - south)
    turn = random.uniform(0, 2 * np.pi)
    way = np.array([np.cos(turn), np.sin(turn)]) * size * random.uniform(0.3, 0.9)
    off = np.array([-way[1], way[0]]) * random.uniform(-0.4, 0.4)
    return centre + off - way, centre + off + way


def _chord(ground: BaseGeometry, random: Random) -> Floats:
    return np.stack(_ends(ground, random))


def _wiggle(ground: BaseGeometry, random: Random) -> Floats:
    a, b = _ends(ground, random)
    steps = np.linspace(0, 1, int(random.integers(3, 30)))[:, None]
    return a + (b - a) * steps + random.normal(0, np.hypot(*(b - a)) / 60, (len(steps), 2))


def _through_vertices(ground: BaseGeometry, random: Random) -> Floats:
    xy = shapely.get_coordinates(ground)
    some = xy[random.integers(0, len(xy), int(random.integers(2, 5)))]
    return some + random.choice([0.0, SNAP, 1e-9, 1e-6]) * random.normal(size=some.shape)


def _along(ground: BaseGeometry, random: Random) -> Floats:
    """Along a stretch of the rim, hardly beside it, and off across the ground."""
    ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(ground))[0])
    at = int(random.integers(len(ring)))
    stretch = np.roll(ring[:-1], -at, axis=0)[: int(random.integers(2, 8))]
    return np.concatenate([stretch + 10 ** random.uniform(-9.5, -5), _ends(ground, random)[1][None]])


def _crossing(ground: BaseGeometry, random: Random) -> Floats:
    a, b = _ends(ground, random)
    c, d = _ends(ground, random)
    return np.stack([a, b, b, c, d])


def polygon_over(ground: BaseGeometry, random: Random) -> BaseGeometry:
    """A polygon somewhere on a ground and around it."""
    west, south, east, north = ground.bounds
    centre = np.array([random.uniform(west, east), random.uniform(south, north)])
    size = np.hypot(east - west, north - south) * 10 ** random.uniform(-2, 0)
    turn = np.sort(random.uniform(0, 2 * np.pi, int(random.integers(3, 16))))
    arm = size * random.uniform(0.3, 1, (len(turn), 1))
    ring = centre + np.stack([np.cos(turn), np.sin(turn)], axis=1) * arm
    odd = random.integers(6)
    if odd == 0:  # a spike there and back
        ring = np.concatenate([ring, ring[:1] + size, ring[:1] + 1e-9])
    if odd == 1:
        ring = shapely.get_coordinates(shapely.LineString(np.stack(_ends(ground, random))).buffer(30 * SNAP))
    if odd == 2:
        ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(ground))[0]) + 10 ** random.uniform(-9, -6)
    if odd == 3:
        random.shuffle(ring)  # crosses itself
    shape = shapely.Polygon(ring)
    if odd == 4 and shape.is_valid:
        shape = shape.difference(shapely.Point(centre).buffer(size * 0.2))
        shape = shapely.get_parts(shape)[0] if len(shapely.get_parts(shape)) else shapely.Polygon(ring)
    return shape


def stands(before: Leaves, change: Redrawn, drawn: BaseGeometry | None = None) -> Leaves:
    """The leaves afterwards; raises AssertionError where a law of redrawing does not hold.

    With what was ``drawn`` it is also asked whether new vertices come from there.
    """
    after = change.applied(before)
    should, has = _outline(before, change), whole_of(after.shapes)
    assert not faults(after.shapes, has)
    assert _is_hair(should, has)
    if not any(BEYOND in (one.was, one.now) for one in change.moved):
        assert _rings(should) == _rings(has)  # its own union cannot show that a whole leaf is missing
    _ledger(before, after, change)
    if drawn is not None:
        _grows_by_what_is_drawn(before, change, drawn)
    for code, shape in zip(before.codes.tolist(), before.shapes, strict=True):
        if code not in change.shapes and code not in change.retired:
            assert after.shape(code) is shape
    return after


def is_refused_in_place(leaves: Leaves, one: Try) -> bool:
    """Whether a refusal has a place: on what was drawn and the grids it was asked of, or those these lie on."""
    if not isinstance(one.answer, Refused) or one.answer.where is None or shapely.is_empty(one.answer.where):
        return False
    own = shapely.buffer(one.ground, 2 * _M)
    near = leaves.shapes[leaves.tree.query(own, predicate="intersects")]
    where = shapely.make_valid(one.answer.where)
    inside = shapely.buffer(shapely.union_all([own, *near]), 2 * _M)
    return bool(shapely.intersects(own, where) and shapely.covers(inside, where))


def _outline(before: Leaves, change: Redrawn) -> BaseGeometry:
    """The ground the city should have afterwards."""
    ground = whole_of(before.shapes)
    for one in change.moved:
        if one.was == BEYOND:
            ground = shapely.union(ground, one.ground, grid_size=SNAP)
        if one.now == BEYOND:
            ground = shapely.difference(ground, one.ground, grid_size=SNAP)
    return ground


def _rings(ground: BaseGeometry) -> int:
    return len(shapely.get_rings(shapely.get_parts(ground)))


def _is_hair(a: BaseGeometry, b: BaseGeometry) -> bool:
    """Whether two grounds differ by no more than bent borders: a step along all they are bounded by."""
    apart = shapely.area(shapely.symmetric_difference(a, b))
    return bool(apart <= 2 * SNAP * max(shapely.length(a), shapely.length(b)))


def _ledger(before: Leaves, after: Leaves, done: Redrawn) -> None:
    """Each leaf has what it had, more what came and less what went, within 1.5 mm along its border.

    Counted in the plane of degrees: on the ellipsoid an edge of 2 km is a geodesic that lies 4 cm beside the stored
    one, and there a node that is dropped changes the area, though not the ground.
    """
    for code in sorted(set(done.shapes) | set(done.retired)):
        was = before.shape(code) if before.has(code) else shapely.Polygon()
        now = after.shape(code) if after.has(code) else shapely.Polygon()
        came = sum(one.ground.area for one in done.moved if one.now == code)
        went = sum(one.ground.area for one in done.moved if one.was == code)
        slack = 1.5e-3 * _M * (was.length + now.length + SNAP)
        assert abs(was.area + came - went - now.area) <= slack, code


def _grows_by_what_is_drawn(before: Leaves, done: Redrawn, drawn: BaseGeometry) -> None:
    """Each vertex that is new lies on what was drawn, as far as that is pulled to borders, and there are no more of
    them than it has corners and crossings."""
    corners = [shapely.get_coordinates(shapes) for shapes in (before.shapes, [*done.shapes.values()])]
    old, new = (xy[:, 0] + 1j * xy[:, 1] for xy in corners)
    fresh = np.unique(new[~np.isin(new, old)])
    near = shapely.dwithin(drawn, shapely.points(fresh.real, fresh.imag), _PULLED)
    assert near.all(), fresh[~near]
    assert len(fresh) <= (most := _corners_and_crossings(before, drawn)), (len(fresh), most)


def _corners_and_crossings(before: Leaves, drawn: BaseGeometry) -> int:
    """Corners of what was drawn, and the pairs of its edges with those of borders, or with one another, that meet."""
    edges, borders = _edges(drawn), shapely.union_all(shapely.boundary(before.shapes))
    tree = shapely.STRtree(edges)
    crossings = tree.query(_edges(borders), predicate="dwithin", distance=_PULLED).shape[1]
    a, b = tree.query(edges, predicate="intersects")
    return int(shapely.get_num_coordinates(drawn)) + crossings + int((a < b).sum())


def _edges(lines: BaseGeometry) -> Shapes:
    """Every edge of lines, each by itself."""
    xy, of = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    one = np.flatnonzero(of[1:] == of[:-1])
    return shapely.linestrings(np.stack([xy[one], xy[one + 1]], axis=1))


def on_lattice(shape: BaseGeometry) -> bool:
    """Whether all vertices lie on the lattice of stored ground."""
    xy = shapely.get_coordinates(shape)
    return bool((snap(xy) == xy).all())
