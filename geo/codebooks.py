"""Codes of an edition as a file beside its index: with both a process answers for points and asks no database."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo import indexes
from geo.areas import Edition
from geo.arrays import Bools, Codes
from geo.assignments import CityIndex, open_index
from geo.errors import Refused
from geo.files import renamed
from geo.space.cells import files
from geo.space.cells.index import CellIndex
from geo.space.locate import GridIndex

SUFFIX = ".codes"
_SUM_BYTES = 4


@dataclass(frozen=True, eq=False)
class Codebook:
    """An edition ready to be asked, from its two files alone.

    Attributes
    ----------
    codes
        Codes (n,) of the leaves, ascending.
    level_codes
        For each level the code (n,) of the area over every leaf; empty text where there is none.
    """

    index: GridIndex
    is_fallback: Bools
    codes: Codes
    level_codes: list[Codes]


def made(connection: sa.Connection, edition: Edition) -> Path:
    """Where the codes of an edition, or of a forecast, lie, beside its index; both are made where they are missing.

    Raises
    ------
    Unavailable
        When another process is making the index and does not end.
    """
    city = open_index(connection, edition)
    indexes.keep(connection, edition, city.leaves)  # a process may hold one whose file is gone
    path = indexes.path_of(connection, edition).with_suffix(SUFFIX)
    try:
        _read(path)
    except (pa.ArrowException, OSError):
        _write(path, city)
    return path.resolve()


def opened(path: Path) -> Codebook:
    """The codes at ``path`` with the index beside them.

    Raises
    ------
    Refused
        When either file cannot be read here; the message names the folder that every worker must see.
    """
    try:
        told = _read(path)
        cells = files.read(path.with_suffix(".cells")).cells
    except (pa.ArrowException, OSError, files.Damaged) as error:
        raise Refused(
            f"this process cannot read {path.stem} in {path.parent}: {error}; every worker must see that folder under "
            "the same name: set GRIDATLAS_INDEXES to one that all see, and start again"
        ) from error
    about = json.loads(told.schema.metadata[b"about"])
    codes = _texts(told["leaf"])
    return Codebook(
        index=GridIndex(codes, about["metric_epsg"], CellIndex(cells)),
        is_fallback=np.asarray(told["is_fallback"].to_numpy(), dtype=np.bool_),
        codes=codes,
        level_codes=[_texts(told[f"level {at}"]) for at in range(about["levels"])],
    )


def _read(path: Path) -> pa.Table:
    """What :func:`_write` wrote. Raises OSError or an ArrowException where that is not there, or something else is."""
    body = path.read_bytes()
    if zlib.crc32(body[:-_SUM_BYTES]).to_bytes(_SUM_BYTES) != body[-_SUM_BYTES:]:
        raise pa.ArrowInvalid(f"{path.name} is not what was written: its checksum is another")
    return pa.ipc.open_stream(body[:-_SUM_BYTES]).read_all()


def _write(path: Path, city: CityIndex) -> None:
    """The file is at ``path``, on the disk, or nothing is."""
    columns = {"leaf": city.leaves.codes, **{f"level {at}": codes for at, codes in enumerate(city.level_codes)}}
    table = pa.table({name: pa.array(codes, pa.string()) for name, codes in columns.items()})
    table = table.append_column("is_fallback", pa.array(city.is_fallback))
    about = json.dumps({"metric_epsg": city.city.metric_epsg, "levels": len(city.level_codes)})
    table = table.replace_schema_metadata({"about": about})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    body = sink.getvalue().to_pybytes()
    with renamed(path, synced=True) as unfinished:
        unfinished.write_bytes(body + zlib.crc32(body).to_bytes(_SUM_BYTES))


def _texts(column: pa.ChunkedArray) -> Codes:
    return np.array(column.to_pylist(), dtype=np.str_)
