"""The index of each edition as a file, made by whoever asks first and mapped by every process.

The files are a cache: each can be made anew from the database, and is when it is missing or damaged. The first edition
is built whole; a later one is laid over the one before it, for the cost of what it changed, until the layers are many.
"""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects import postgresql as pg

from geo import areas
from geo.areas import Edition, LeafRows
from geo.arrays import Floats
from geo.errors import Broken, Refused, Unavailable
from geo.settings import settings
from geo.space.cells import files
from geo.space.cells.files import Damaged, Stored
from geo.space.cells.index import CellIndex
from geo.space.cells.layout import Redraw
from geo.tables import grids, in_edition

MOST_LAYERS = 64
"""Editions laid over one base; the next one is built whole."""
LARGEST_REDRAW = 0.05
"""Share of the leaves that an edition may change and still be laid over the one before."""
WAIT_S = 30.0
"""Seconds a process waits for another one that makes the same index."""
_LOOK_S = 0.05


def opened(connection: sa.Connection, edition: Edition, leaves: LeafRows) -> CellIndex:
    """The cells of an edition, mapped from their file, which is made where there is none.

    Parameters
    ----------
    leaves
        Those of the edition; their ids are the slots. Their ground is read only where the file must be made.

    Raises
    ------
    Unavailable
        When another process is still making it after ``WAIT_S`` seconds, or there is no room for it.
    Broken
        When the leaves in the database are no partition.
    """
    path = path_of(connection, edition)
    try:
        return CellIndex(files.read(path).cells)
    except Damaged:
        with _alone(path):
            return CellIndex(_read_or_made(connection, edition, leaves, path).cells)


def foreseen(connection: sa.Connection, edition: Edition, leaves: LeafRows) -> CellIndex:
    """The cells of a forecast: those of its edition with what is to come laid over them; in memory, no file is made.

    Parameters
    ----------
    leaves
        Those of the forecast.

    Raises
    ------
    Unavailable, Broken
        As :func:`opened`.
    """
    in_force = replace(edition, forecast=None)
    whole = opened(connection, in_force, areas.leaf_rows(connection, in_force))
    coming = _coming(edition)
    if not coming:
        return whole
    is_small = coming <= max(1.0, LARGEST_REDRAW * edition.leaves)
    laid = whole.redrawn(_to_come(connection, edition), leaves.ids) if is_small else None
    return laid or CellIndex.build(leaves.codes, areas.leaf_shapes(connection, edition), leaves.ids)


def keep(connection: sa.Connection, edition: Edition, leaves: LeafRows) -> None:
    """The index of an edition lies in its file, that of a forecast too; made where it is missing.

    A forecast's is written for processes that ask no database, and goes when the index of another edition is made.

    Raises
    ------
    Unavailable, Broken
        As :func:`opened`.
    """
    if edition.forecast is None:
        opened(connection, edition, leaves)
        return
    path = path_of(connection, edition)
    with _alone(path):
        try:
            files.read(path)
        except Damaged:
            cells = foreseen(connection, edition, leaves).cells
            in_force = path_of(connection, replace(edition, forecast=None))
            base = in_force.with_name(files.read(in_force).base or in_force.name)
            files.write(path, cells, {"edition": edition.number}, base if len(cells.over.words) else None)


def _coming(edition: Edition) -> int:
    """How many rows of leaves a forecast ends and begins."""
    return len(edition.forecast.grids.gone) + len(edition.forecast.grids.ids) if edition.forecast else 0


def _to_come(connection: sa.Connection, edition: Edition) -> Redraw:
    """What a forecast does to the leaves of its edition."""
    assert edition.forecast is not None, "an edition that is in force has a file"
    coming = edition.forecast.grids
    ending = sa.select(gis.ST_AsBinary(grids.c.geom)).where(in_edition(grids, edition.number))
    ending = ending.where(grids.c.id == sa.any_(sa.cast(coming.gone, pg.ARRAY(sa.Integer))))
    gone = [shapely.from_wkb(bytes(wkb)) for wkb in connection.scalars(ending)]
    return Redraw(
        bounds=_bounds([*gone, *coming.shapes]),
        gone=np.array(coming.gone, dtype=np.int32),
        shapes=coming.shapes,
        slots=coming.ids.astype(np.int32),
    )


def database_of(connection: sa.Connection) -> str:
    """What tells the database of a connection from any other."""
    url = connection.engine.url
    return f"{url.host} {url.port} {url.database} {url.query}"


def path_of(connection: sa.Connection, edition: Edition) -> Path:
    """Where the index of an edition, or of a forecast, lies; a city that was published anew has other files."""
    where = hashlib.blake2b(database_of(connection).encode(), digest_size=8).hexdigest()
    folder = settings().indexes or settings().home / "indexes"
    name = f"{edition.number:06d}-{edition.published_at.astimezone(UTC):%Y%m%dT%H%M%S%f}"
    return folder / where / f"{name}{'-' + edition.forecast.key if edition.forecast else ''}.cells"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time makes the index at a path; the lock goes with the process that holds it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.with_suffix(".lock").open("w")
    except OSError as error:
        why = f"{error.strerror}; set GRIDATLAS_INDEXES to one that can be"
        raise Unavailable(f"the folder of indexes {path.parent} cannot be written: {why}") from error
    with held as lock:
        end = time.monotonic() + WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Unavailable("the index of this edition is still being made", retry_after_s=5) from None
                time.sleep(_LOOK_S)
        yield


def _read_or_made(connection: sa.Connection, edition: Edition, leaves: LeafRows, path: Path) -> Stored:
    try:
        return files.read(path)  # another process made it meanwhile
    except Damaged:
        try:
            if not _lay_over(connection, edition, leaves, path):
                whole = CellIndex.build(leaves.codes, areas.leaf_shapes(connection, edition), leaves.ids)
                files.write(path, whole.cells, {"edition": edition.number, "layers": 0})
        except Broken:
            raise
        except Refused as error:
            raise Unavailable(f"the index of this edition: {error.detail}") from error
        _forget_strangers(connection, path)
        return files.read(path)


def _forget_strangers(connection: sa.Connection, path: Path) -> None:
    """Indexes of editions this database no longer has are deleted: those of a city that was there before."""
    there = list(path.parent.glob("*.cells"))  # first: one that is made after the database is asked is no stranger
    known = {path_of(connection, edition).name for edition in areas.all_editions(connection)}
    for other in there:
        if other.name not in known:
            other.unlink(missing_ok=True)
            other.with_suffix(".codes").unlink(missing_ok=True)


def _lay_over(connection: sa.Connection, edition: Edition, leaves: LeafRows, path: Path) -> bool:
    """Whether the index could be laid over that of the edition before, and was written."""
    before = _before(connection, edition)
    if before is None or edition.changed + edition.noded > max(1.0, LARGEST_REDRAW * edition.leaves):
        return False
    base, stored = before
    laid = CellIndex(stored.cells).redrawn(_redraw(connection, edition), leaves.ids)
    if laid is None:
        return False
    files.write(path, laid.cells, {"edition": edition.number, "layers": stored.about["layers"] + 1}, base)
    return True


def _before(connection: sa.Connection, edition: Edition) -> tuple[Path, Stored] | None:
    """The index of the edition before and the file of its base, where it is there and may carry one more layer."""
    if edition.number == 1:
        return None
    path = path_of(connection, areas.numbered(connection, edition.number - 1))
    try:
        stored = files.read(path)
    except Damaged:
        return None
    if stored.about["layers"] >= MOST_LAYERS:
        return None
    return path.with_name(stored.base or path.name), stored


def _redraw(connection: sa.Connection, edition: Edition) -> Redraw:
    """What an edition did to the leaves of the one before: rows that end with it, and rows that begin."""
    ground = sa.select(grids.c.id, gis.ST_AsBinary(grids.c.geom))
    gone, came = (
        [(number, shapely.from_wkb(bytes(wkb))) for number, wkb in connection.execute(ground.where(those))]
        for those in (grids.c.last_edition == edition.number, grids.c.first_edition == edition.number)
    )
    return Redraw(
        bounds=_bounds([shape for _, shape in gone + came]),
        gone=np.array([number for number, _ in gone], dtype=np.int32),
        shapes=np.array([shape for _, shape in came], dtype=object),
        slots=np.array([number for number, _ in came], dtype=np.int32),
    )


def _bounds(shapes: Sequence[BaseGeometry]) -> Floats:
    """West, south, east, north of all; NaN of none, as an edition has that only renames areas."""
    around: Floats = shapely.bounds(shapely.GeometryCollection(shapes))
    return around
