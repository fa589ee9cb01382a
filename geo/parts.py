"""A long file assigned part by part: one file for each row group, so that a run that was ended goes on where it was.

The parts of a run are written into a folder beside the one that is asked for, which gets its name when every part is
there. What the run was asked is written down with them: parts of another file, of other columns or of another edition
are never mixed with them.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from geo import areas, codebooks, db
from geo.bulk import Assigned, Calendar, Division, OfCity, OfLayer, Progress, assign_sheet
from geo.errors import Refused
from geo.files import renamed
from geo.frames import PARQUET, form_of
from geo.frames.parquets import sheet
from geo.layers import Layer, read_layer
from geo.plans.foreseeing import after
from geo.plans.hours import hours
from geo.positions import Points

UNFINISHED = ".unfinished"
_RUN = "_gridatlas.json"  # what reads folders of Parquet passes over names that begin so
_TOLD = b"gridatlas"


@dataclass(frozen=True)
class Part:
    """One row group of a file, None where it has none, and the name of the file its rows are written to.

    ``stamp`` is how many bytes the file had, and when it was last written (ns).
    """

    source: Path
    group: int | None
    rows: int
    name: str
    stamp: tuple[int, int]

    def assign(self, folder: Path, points: Points, division: Division) -> Assigned:
        """What became of its rows, which are in ``folder``, on the disk and whole.

        Raises
        ------
        Refused
            As :func:`geo.bulk.assign_file`, and when the file is not the one of which the parts were told.
        """
        groups = () if self.group is None else (self.group,)
        self._refuse_changed()
        with (
            sheet(self.source, self.source.name, None, groups) as opened,
            renamed(folder / self.name, synced=True) as unfinished,
        ):
            told = assign_sheet(opened, unfinished, points, division)
            self._refuse_changed()
            return told

    def _refuse_changed(self) -> None:
        if not self.source.is_file() or stamp_of(self.source) != self.stamp:
            raise Refused(f"{self.source} was changed while it was read; start again when it is whole: all begins anew")


def stamp_of(file: Path) -> tuple[int, int]:
    """Bytes of a file, and when it was last written (ns)."""
    about = file.stat()
    return about.st_size, about.st_mtime_ns


@dataclass(frozen=True)
class Run:
    """An unfinished run: its folder, the parts that are still to be made, and what became of the rows of the others."""

    folder: Path
    missing: tuple[Part, ...]
    kept: tuple[Assigned, ...]
    rows: int


Do = Callable[[Run, "Job"], Iterator[Assigned]]
"""Makes the missing parts of a run, and tells of each, in any order."""


def parts_of(source: Path) -> tuple[Part, ...]:
    """The row groups of a Parquet file, or of every one in a folder by their names; those without rows are left out.

    Raises
    ------
    Refused
        When it is no Parquet, or the folder holds none.
    """
    files = sorted(one for one in source.iterdir() if _is_parquet(one)) if source.is_dir() else [source]
    if not files:
        raise Refused(f"{source} holds no Parquet; a folder of parts is made from files that end in .parquet")
    stamps = {file: stamp_of(file) for file in files if file.is_file()}  # before they are read
    found = [(file, group, rows) for file in files for group, rows in enumerate(_groups(file)) if rows]
    told: list[tuple[Path, int | None, int]] = [*found] or [(files[0], None, 0)]
    return tuple(Part(*one, f"part-{at:06d}.parquet", stamps[one[0]]) for at, one in enumerate(told))


def assign_parts(
    source: Path, target: Path, job: Job, do: Do, progress: Progress | None = None
) -> tuple[Assigned, int]:
    """What became of the rows of ``source``, and how many parts were there already; ``target`` is a folder of parts.

    Parameters
    ----------
    job
        What is asked of each part; a run that was asked something else is begun anew.
    do
        Makes the missing parts: :func:`one_by_one`, or workers of :mod:`geo.workers`.

    Raises
    ------
    Refused
        When ``target`` is there already or cannot be written, when another process is writing it, when ``source`` is no
        Parquet; or by ``do``.
    """
    if target.exists():
        raise Refused(f"{target} is there already; remove it, or name another folder")
    with _opened(source, target, job.told()) as run:
        whole = Assigned()
        for told in chain(run.kept, do(run, job) if run.missing else ()):
            add(whole, told)
            if progress:
                progress(whole.rows, run.rows)
        _finish(run, target)
    return whole, len(run.kept)


def one_by_one(run: Run, job: Job) -> Iterator[Assigned]:
    """Makes the parts in this process, one after the other."""
    with job.division() as division:
        for part in run.missing:
            yield part.assign(run.folder, job.points, division)


def add(whole: Assigned, part: Assigned) -> None:
    """Count the rows of ``part`` with those of ``whole``."""
    for one in fields(Assigned):
        value = getattr(part, one.name)
        if isinstance(value, int):
            setattr(whole, one.name, getattr(whole, one.name) + value)
    for rule, rows in part.rules.items():
        whole.rules[rule] = whole.rules.get(rule, 0) + rows
    for key, (rows, first) in part.amiss.items():
        whole.note(key, rows, first)


def _is_parquet(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in (".parquet", ".geoparquet", ".pq")


def _groups(file: Path) -> list[int]:
    """Rows of each row group."""
    if form_of(file) != PARQUET:
        raise Refused(f"{file.name} has no row groups; a folder of parts is made from Parquet, other files go into one")
    if not file.is_file():
        raise Refused(f"there is no file {file}")
    try:
        told = pq.read_metadata(file)
    except (pa.ArrowException, OSError) as error:
        raise Refused(f"{file.name} cannot be read as Parquet: {error}; fetch or export it again") from error
    return [told.row_group(group).num_rows for group in range(told.num_row_groups)]


# -- what is asked ---------------------------------------------------------------------------------------------------
class Job(Protocol):
    """What is asked of every part: small, and understood by any process that can reach the same files and database."""

    @property
    def points(self) -> Points:
        """How the rows are read."""

    def told(self) -> dict[str, Any]:
        """All that decides the answers, as JSON has it."""

    def division(self) -> AbstractContextManager[Division]:
        """What the rows are assigned on, opened once a process."""


@dataclass(frozen=True)
class OnCity:
    """Codes of the city's own division, of these editions (number, published at) and no later ones.

    ``books`` are the files of codes, by edition, of those that may be asked, ``coming`` those of the forecast by its
    stages from 1: with the index beside each they are all that a process needs.
    """

    points: Points
    editions: tuple[tuple[int, str], ...]
    calendar: Calendar
    books: dict[int, Path]
    coming: tuple[Path, ...] = ()

    @classmethod
    def now(cls, points: Points) -> OnCity:
        """On the editions there are now, whose files are made where they are missing."""
        is_timed = bool(points.at or points.when)
        with db.read(db.engine()) as connection:
            calendar = Calendar.of(connection, hours(connection) if is_timed else ())
            asked = [one for one in calendar.editions if is_timed or one.number == calendar.current]
            books = {one.number: codebooks.made(connection, one) for one in asked}
            coming = tuple(codebooks.made(connection, after(connection, hour)) for hour in calendar.hours)
            return cls(points, _editions(connection), calendar, books, coming)

    def told(self) -> dict[str, Any]:
        """Points, editions, and what is to come."""
        coming = [path.stem for path in self.coming]
        return {"points": asdict(self.points), "editions": self.editions, "coming": coming}

    @contextmanager
    def division(self) -> Iterator[Division]:
        """The city, its index and codes mapped from the files all processes of a machine share; no database is asked.

        Raises
        ------
        Refused
            When this process cannot read them.
        """
        yield OfCity(
            self.calendar, lambda number: _book(self.books[number]), lambda stage: _book(self.coming[stage - 1])
        )


@cache
def _book(path: Path) -> codebooks.Codebook:
    return codebooks.opened(path)


@dataclass(frozen=True)
class OnAreas:
    """The areas of a file, as :func:`geo.layers.read_layer` reads them."""

    points: Points
    path: Path
    field: str
    layer: str | None = None
    datum: str | None = None

    def told(self) -> dict[str, Any]:
        """Points, and which file it is."""
        about = self.path.stat()
        file = [self.path.name, about.st_size, about.st_mtime_ns]
        return {"points": asdict(self.points), "areas": [*file, self.field, self.layer, self.datum]}

    @contextmanager
    def division(self) -> Iterator[Division]:
        """The areas; no database is asked."""
        yield OfLayer(_layer(self))


@cache
def _layer(asked: OnAreas) -> Layer:
    return read_layer(asked.path, asked.field, layer=asked.layer, datum=asked.datum)


def _editions(connection: sa.Connection) -> tuple[tuple[int, str], ...]:
    areas.current(connection)  # refuses where nothing has been published
    every = sorted(areas.all_editions(connection), key=lambda one: one.number)
    return tuple((one.number, one.published_at.isoformat()) for one in every)


# -- the unfinished folder -------------------------------------------------------------------------------------------
@contextmanager
def _opened(source: Path, target: Path, asked: dict[str, Any]) -> Iterator[Run]:
    """The run as far as it is; nobody else writes it meanwhile. The lock goes with the process that holds it."""
    parts, folder = parts_of(source), target.with_name(target.name + UNFINISHED)
    files = {part.source: part.stamp for part in parts}
    said = asked | {"files": [[one.name, *stamp] for one, stamp in files.items()]}
    if folder.exists() and not (folder / _RUN).is_file() and any(folder.iterdir()):
        raise Refused(f"{folder} is there and was not made by this; move it away, or name another folder than {target}")
    try:
        folder.mkdir(exist_ok=True)
        record = (folder / _RUN).open("a+", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror} ({folder})") from error
    with record:
        _lock(record, target)
        if not folder.is_dir():
            raise Refused(f"another process has just finished {target}; name another folder")
        _begin(folder, record, json.dumps(said, sort_keys=True))
        done = {part: told for part in parts if (told := told_of(folder / part.name)) is not None}
        missing = tuple(part for part in parts if part not in done)
        yield Run(folder, missing, tuple(done.values()), sum(part.rows for part in parts))


def _lock(record: TextIO, target: Path) -> None:
    try:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(f"another process is writing {target}; wait for it, or name another folder") from None


def _begin(folder: Path, record: TextIO, said: str) -> None:
    """Forget what another run left, and what a process was writing when it was ended."""
    record.seek(0)
    is_same = record.read() == said
    for path in folder.iterdir():
        if path.name != _RUN and not (is_same and path.suffix == ".parquet"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not is_same:
        record.truncate(0)
        record.write(said)
        record.flush()
        os.fsync(record.fileno())


def told_of(part: Path) -> Assigned | None:
    """What a part says became of its rows; None when it is not there, or not whole."""
    try:
        metadata = pq.read_metadata(part).metadata or {}
        return Assigned(**json.loads(metadata[_TOLD]))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
        return None


def _finish(run: Run, target: Path) -> None:
    for path in run.folder.iterdir():
        if path.name != _RUN and path.suffix != ".parquet":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    run.folder.rename(target)
