"""Rows of one id become one building: repeats folded, pieces joined, and every disagreement told.

Nothing depends on the order of the rows: among rows that disagree the largest piece is heard first.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Shapes
from geo.buildings.footprints import COUNTS, TEXTS, Footprints
from geo.polygons import many
from geo.ragged import Ragged
from geo.space.grounds import fitted

Told = list[tuple[int, str]]


@dataclass(frozen=True, eq=False)
class Folded:
    """Buildings, and the rows (number, what is told of it) that were repeats, joined, apart, or disagreed (by field).

    ``pieces`` is the number of rows that became these buildings. A row is in ``repeats`` when another of the same id
    has the same footprint; ``joined`` and ``apart`` name the first row of an id.
    """

    footprints: Footprints
    pieces: int
    repeats: Told = field(default_factory=list)
    joined: Told = field(default_factory=list)
    apart: Told = field(default_factory=list)
    disagree: dict[str, Told] = field(default_factory=dict)


def fold(pieces: Footprints) -> Folded:
    """One building for each source and reference of ``pieces``, in the order of their first rows.

    Pieces that touch are joined to one footprint; those that do not become parts of one building. A field is the
    largest piece's that knows it. Folding what was folded changes nothing.
    """
    ground = pieces.ground.shapes
    wkb = shapely.to_wkb(ground).tolist()
    plain, rows = pieces.plain(), pieces.row.tolist()
    size = shapely.area(ground).tolist()
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, key in enumerate(zip(pieces.source.to_pylist(), pieces.reference.to_pylist(), strict=True)):
        members[key].append(at)
    first, fields, shapes = [], [], []
    folded = Folded(pieces, len(rows))
    for (_, reference), group in members.items():
        group.sort(key=lambda at: (-size[at], wkb[at], repr(plain[at]), rows[at]))
        distinct = list({wkb[at]: at for at in reversed(group)}.values())[::-1]
        lowest = min(group, key=rows.__getitem__)
        told = (rows[lowest], reference)
        folded.repeats.extend((rows[at], reference) for at in set(group) - set(distinct))
        if len(distinct) > 1:
            (folded.joined if _is_one(ground[distinct]) else folded.apart).append(told)
        fields.append(_agreed(folded, told, [plain[at] for at in group]))
        shapes.append(ground[distinct[0]] if len(distinct) == 1 else _joined(ground[distinct]))
        first.append(lowest)
    return Folded(
        _footprints(pieces, first, fields, shapes),
        folded.pieces,
        sorted(folded.repeats),
        sorted(folded.joined),
        sorted(folded.apart),
        {name: sorted(told) for name, told in folded.disagree.items()},
    )


def _agreed(folded: Folded, told: tuple[int, str], plain: list[tuple[object, ...]]) -> tuple[object, ...]:
    """For each field the first that is known; a known use is taken with what the source says for it."""
    agreed = []
    for name, values in zip((*TEXTS, *COUNTS), zip(*plain, strict=True), strict=True):
        known = list(dict.fromkeys(value for value in values if value is not None))
        agreed.append(known[0] if known else None)
        if len(known) > 1 and name != "use":
            said = f"{told[1]}: {', '.join(map(str, known))}"
            folded.disagree.setdefault(name, []).append((told[0], said))
    coded = next((fields[:2] for fields in plain if fields[0] is not None), tuple(agreed[:2]))
    return (*coded, *agreed[2:])


def _is_one(shapes: Shapes) -> bool:
    """Whether one can walk through all of these pieces without leaving them."""
    tree = shapely.STRtree(shapes)
    reached = np.zeros(len(shapes), dtype=np.bool_)
    front = np.array([0])
    while len(front):
        reached[front] = True
        _, near = tree.query(shapes[front], predicate="intersects")
        front = np.unique(near[~reached[near]])
    return bool(reached.all())


def _joined(shapes: Shapes) -> shapely.Geometry:
    whole, _ = fitted(np.array([shapely.union_all(shapes)], dtype=object), 0)
    made: shapely.Geometry = many(whole)[0]
    return made


def _footprints(
    pieces: Footprints, first: list[int], fields: list[tuple[object, ...]], shapes: list[shapely.Geometry]
) -> Footprints:
    key = pieces.taken(np.array(first, dtype=np.int64))
    columns = list(zip(*fields, strict=True)) or [()] * (len(TEXTS) + len(COUNTS))
    texts = {name: pa.array(column, type=pa.string()) for name, column in zip(TEXTS, columns, strict=False)}
    counts = {
        name: np.array([np.nan if one is None else one for one in column], dtype=np.float64)
        for name, column in zip(COUNTS, columns[len(TEXTS) :], strict=True)
    }
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    order = np.argsort(key.row, kind="stable")
    footprints = Footprints(
        row=key.row, source=key.source, reference=key.reference, **texts, **counts, ground=Ragged.of(made)
    )
    return footprints.taken(order)
