"""Units that could ever meet in one group, told apart by whole connected components of their compatibility."""

from __future__ import annotations

import numpy as np

from geo.arrays import Floats, Ints, distinct
from geo.coverage.joint.candidates import Candidates, JointRules, as_ints

SLACK = 1e-9  # of a length: what is found by a tree is found a little wider, and asked again exactly
_NEAR = 8  # places that each place is linked to before cells are compared
_WINDOW = [
    (dx, dy) for dx in range(3) for dy in range(-2, 3) if (dx, dy) > (0, 0)
]  # half of the 5 x 5 cells around one


def components(given: Candidates, rules: JointRules) -> Ints:
    """Number (n,) of the component of each unit, 0 and up; units of one may be compatible through others.

    Two units are compatible that share a building or business district, or lie within reach. Every compatible pair is
    in one component, and no component falls apart. The ground is cut into cells whose diagonal is the reach: what is
    in one cell hangs together, and only cells whose units are not yet linked are compared place by place.
    """
    n = len(given)
    links = [_chain(given.building, given.building > 0), _chain(given.park, given.park > 0)]
    placed = np.flatnonzero(np.isfinite(given.xy_m).all(axis=1))
    if len(placed) > 1:
        xy = given.xy_m[placed]
        cell, of = cells(xy, rules.reach_m)
        links.append(placed[_chain(of, np.ones(len(placed), dtype=np.bool_))])
        links.append(placed[_nearest(xy, rules.reach_m)])
        label = _labels(n, links)
        links.append(placed[_across(xy, cell, of, label[placed], rules.reach_m)])
    return _labels(n, links)


def cells(xy_m: Floats, reach_m: float, halvings: int = 0) -> tuple[Ints, Ints]:
    """Cells (c, 2) that hold places, and the number (n,) of the cell of each; two places of a cell are within reach.

    ``halvings`` says how often the side is cut in half.
    """
    side = reach_m / np.sqrt(2) * (1 - SLACK) / 2**halvings
    return distinct(np.floor(xy_m / side).astype(np.int64))


def _labels(n: int, links: list[Ints]) -> Ints:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = np.vstack(links)
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return as_ints(connected_components(graph.tocsr(), directed=False)[1])


def _chain(value: Ints, counted: np.ndarray) -> Ints:
    """Pairs (m, 2) that link all that have one value."""
    order = np.flatnonzero(counted)
    order = order[np.argsort(value[order], kind="stable")]
    same = value[order[1:]] == value[order[:-1]]
    return np.column_stack([order[:-1][same], order[1:][same]])


def _nearest(xy: Floats, reach_m: float) -> Ints:
    """Pairs (m, 2) of places within reach among the nearest of each."""
    from scipy.spatial import cKDTree

    tree = cKDTree(xy)
    _, near = tree.query(xy, k=min(_NEAR, len(xy)), distance_upper_bound=reach_m * (1 + SLACK))
    first = np.repeat(np.arange(len(xy)), near.shape[1])
    pairs = np.column_stack([first, near.reshape(-1)])
    pairs = pairs[pairs[:, 1] < len(xy)]
    return pairs[_apart(xy, pairs) <= reach_m]


def _apart(xy: Floats, pairs: Ints) -> Floats:
    way = xy[pairs[:, 0]] - xy[pairs[:, 1]]
    return np.hypot(way[:, 0], way[:, 1])


def _across(xy: Floats, cell: Ints, of: Ints, label: Ints, reach_m: float) -> Ints:
    """Pairs (m, 2) of places within reach, one for each two cells near each other that were not linked before."""
    from scipy.spatial.distance import cdist

    order = np.argsort(of, kind="stable")
    first = np.searchsorted(of[order], np.arange(len(cell) + 1))
    inside = [order[first[i] : first[i + 1]] for i in range(len(cell))]
    label_of = label[order[first[:-1]]]
    low = np.minimum.reduceat(xy[order], first[:-1])
    high = np.maximum.reduceat(xy[order], first[:-1])
    found = [np.empty((0, 2), dtype=np.int64)]
    for one, other in _neighbours(cell):
        gap = np.maximum(np.maximum(low[other] - high[one], low[one] - high[other]), 0)
        open_ = (label_of[one] != label_of[other]) & (np.hypot(gap[:, 0], gap[:, 1]) <= reach_m * (1 + SLACK))
        for a, b in zip(one[open_].tolist(), other[open_].tolist(), strict=True):
            row, column = divmod(int(np.argmin(cdist(xy[inside[a]], xy[inside[b]]))), len(inside[b]))
            found.append(np.array([[inside[a][row], inside[b][column]]]))
    pairs = np.vstack(found)
    return pairs[_apart(xy, pairs) <= reach_m]


def _neighbours(cell: Ints) -> list[tuple[Ints, Ints]]:
    """Cells that exist, and the one that lies a step of the window beside each."""
    base, width = cell.min(axis=0), int(np.ptp(cell[:, 1])) + 5
    key = (cell[:, 0] - base[0]) * width + (cell[:, 1] - base[1])  # ascending, as the cells are
    found = []
    for dx, dy in _WINDOW:
        wanted = key + dx * width + dy
        at = np.searchsorted(key, wanted)
        there = np.flatnonzero((at < len(key)) & (key[np.minimum(at, len(key) - 1)] == wanted))
        found.append((there, at[there]))
    return found
