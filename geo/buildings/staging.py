"""A file's buildings on their way in: staged by binary COPY, folded by id, compared, placed, stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa

from geo import marks
from geo.areas import Edition
from geo.arrays import Bools, Floats, Ints, Positions, Shapes
from geo.buildings.findings import Told
from geo.buildings.folding import Folded, fold
from geo.buildings.footprints import COUNTS, NOUN, TEXTS, Footprints, digests
from geo.buildings.placing import Places, place
from geo.copying import Column, copy, figures, grounds, ids, numbers, texts
from geo.crs import small_area_m2
from geo.entities.following import take_along
from geo.errors import Refused
from geo.findings import LISTED
from geo.polygons import firsts
from geo.ragged import Ragged
from geo.statements import statement
from geo.tables import buildings

Progress = Callable[[int, int | None], None]
MOST_PIECES = 10_000
"""Rows of one id above which the column of ids was mistaken."""
_BATCH = 20_000
_WAITING = """SELECT row_number, reference, ST_AsBinary(staged_buildings.geom) AS shape, buildings.pinned_id
                FROM staged_buildings LEFT JOIN buildings USING (source, reference)
               WHERE row_number > :after ORDER BY row_number LIMIT :most"""


def open_stage(connection: sa.Connection) -> None:
    """Make the stage of this transaction."""
    connection.execute(statement("buildings_stage"))


def stage(connection: sa.Connection, footprints: Footprints) -> None:
    """Put buildings, or pieces of them, on the stage."""
    if not len(footprints):
        return
    copy(connection, "staged_buildings", {"row_number": numbers(footprints.row, "i8"), **told(footprints)})


def told(footprints: Footprints) -> dict[str, Column]:
    """What a file says of buildings, as it is copied: column → cells."""
    return {
        **{name: texts(getattr(footprints, name)) for name in ("source", "reference", *TEXTS)},
        "floors": figures(footprints.floors, "f4"),
        **{name: figures(getattr(footprints, name), "i4") for name in COUNTS[1:]},
        "geom": grounds(footprints.ground),
        "area_m2": figures(small_area_m2(footprints.ground)),
        "digest": texts(digests(footprints)),
    }


def belonging(found: Places) -> dict[str, Column]:
    """Where buildings belong, as it is copied: column → cells."""
    return {
        "grid_id": ids(found.grid),
        "share": figures(found.share),
        "straddles": numbers(found.straddles, "u1"),
        "community_id": ids(found.community),
        "pinned_id": ids(found.pinned),
    }


# -- folding -----------------------------------------------------------------------------------------------------------
def fold_repeated(connection: sa.Connection) -> Iterator[Folded]:
    """What became of the rows whose id stands in several rows, part after part; the stage then holds each id once.

    Raises
    ------
    Refused
        When so many rows carry one id that the column of ids must have been mistaken.
    """
    connection.execute(sa.text("ANALYZE staged_buildings"))
    read = {"stream_results": True, "max_row_buffer": _BATCH}
    with connection.execute(statement("buildings_pieces"), execution_options=read) as pieces:
        # the cursor still sees them: it reads the stage as it was when it was opened
        connection.execute(statement("buildings_unrepeat"))
        held: list[sa.Row[Any]] = []
        for some in pieces.partitions(_BATCH):
            held += some
            _refuse_crowd(held[-1])
            last = (held[-1].source, held[-1].reference)
            yield _folded(connection, [row for row in held if (row.source, row.reference) != last])
            held = [row for row in held if (row.source, row.reference) == last]
        yield _folded(connection, held)


def _refuse_crowd(row: sa.Row[Any]) -> None:
    if row.pieces > MOST_PIECES:
        raise Refused(
            f"{row.pieces:,} rows carry the id {row.reference!r} of {row.source!r}; a building has at most "
            f"{MOST_PIECES:,} pieces: map the column of ids with --map reference=COLUMN"
        )


def _folded(connection: sa.Connection, rows: list[sa.Row[Any]]) -> Folded:
    found = fold(_footprints(rows))
    stage(connection, found.footprints)
    return found


def _footprints(rows: list[sa.Row[Any]]) -> Footprints:
    def told(name: str) -> pa.Array:
        return pa.array([getattr(row, name) for row in rows], type=pa.string())

    def counted(name: str) -> Floats:
        return np.array([getattr(row, name) for row in rows], dtype=np.float64)

    return Footprints(
        row=np.array([row.row_number for row in rows], dtype=np.int64),
        **{name: told(name) for name in ("source", "reference", *TEXTS)},
        **{name: counted(name) for name in COUNTS},
        ground=Ragged.of(_shapes(rows)),
    )


def _shapes(rows: Sequence[sa.Row[Any]]) -> Shapes:
    return np.asarray(shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object)), dtype=object)


# -- what is stored, and where ----------------------------------------------------------------------------------------
def take_stored(connection: sa.Connection) -> tuple[int, list[tuple[int, str]]]:
    """Number of buildings stored already, taken off the stage; and rows (number, reference) that change one."""
    connection.execute(sa.text("ANALYZE staged_buildings"))
    rows = connection.execute(statement("buildings_stored")).all()
    changed = sorted((row.row_number, row.reference) for row in rows if row.row_number is not None)
    return sum(row.number for row in rows if row.row_number is None), changed


@dataclass(frozen=True, eq=False)
class Placed:
    """Some of what is on the stage and where it belongs; ``nodes`` (n, 2) are the first of each footprint."""

    rows: Ints
    references: list[str]
    nodes: Floats
    found: Places

    def told(self, where: Bools) -> Told:
        """Those ``where`` something is to be told of them."""
        at = np.flatnonzero(where)
        some = at[:LISTED]
        places = [(x, y) for x, y in self.nodes[some].tolist()]
        names = [self.references[one] for one in some.tolist()]
        return Told(len(at), list(zip(self.rows[some].tolist(), names, places, strict=True)))


def place_all(connection: sa.Connection, edition: Edition) -> Iterator[Placed]:
    """Where in ``edition`` all that is on the stage belongs, chunk after chunk, written there.

    What was placed before is forgotten. A pin of a stored building is kept while its grid holds some of the footprint.
    """
    connection.execute(sa.text("TRUNCATE staged_building_places"))
    after = 0
    while rows := connection.execute(sa.text(_WAITING), {"after": after, "most": _BATCH}).all():
        number = np.array([row.row_number for row in rows], dtype=np.int64)
        pinned: Positions = np.array([row.pinned_id or 0 for row in rows], dtype=np.int32)
        footprints = _shapes(rows)
        found = place(connection, edition, footprints, pinned)
        copy(connection, "staged_building_places", {"row_number": numbers(number, "i8"), **belonging(found)})
        yield Placed(number, [row.reference for row in rows], firsts(footprints), found)
        after = rows[-1].row_number


def store(connection: sa.Connection, edition: Edition, before: int | None = None) -> int:
    """Number of buildings stored from the stage or brought up to date, with their grids of ``edition``; marked.

    New ones get their row numbers as ids, that many further on as ``before`` says; None: the next ids there are.
    """
    stored = int(
        connection.execute(statement("buildings_store"), {"edition": edition.number, "before": before}).rowcount
    )
    staged = sa.table("staged_buildings", sa.column("source", sa.Text), sa.column("reference", sa.Text))
    same = sa.and_(buildings.c.source == staged.c.source, buildings.c.reference == staged.c.reference)
    those = sa.select(buildings.c.id).join(staged, same)
    take_along(connection, those)
    marks.mark_those(connection, NOUN, those)
    return stored
