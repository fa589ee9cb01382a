"""An index as a file: written once, checked, mapped read-only by every process.

A file is a head in JSON and arrays one after another, as Arrow's tensors, and at the end a checksum of all before it.
One made in one piece has the base; one laid over that names its file and has only what lies over. Arrays of a mapped
file take no memory of a process of their own.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo.files import renamed
from geo.space.cells.layout import (
    NO_BUNDLES,
    NO_PART,
    Bundles,
    Cells,
    Edges,
    Lattice,
    Part,
    Rims,
    bundles_of,
    fixed,
    part_of,
)

_TAIL = struct.Struct("<8sIQ")
_MARK = b"GACELLS2"
_ARRAYS = 10
_ALIGNED = 64  # bytes; Arrow aligns a tensor within its message only
_STEP = 1 << 16  # bytes summed at once: large pieces would stay with the process


class Damaged(Exception):
    """A file that is no index, or not the one that was written."""


@dataclass(frozen=True)
class Stored:
    """An index from its file.

    ``about`` is what its maker wrote beside it; ``base`` names the file it lies over, None for one made in one piece.
    """

    cells: Cells
    about: dict[str, Any]
    base: str | None


def write(path: Path, cells: Cells, about: dict[str, Any], base: Path | None = None) -> None:
    """The index is at ``path``, on the disk, or nothing is.

    Parameters
    ----------
    about
        What JSON can hold.
    base
        The file whose base ``cells`` still has, in the same folder; None writes all in one piece, which must have
        nothing over it.
    """
    part, bundles = (cells.over, cells.rims.over) if base else (cells.base, cells.rims.base)
    if base is None and len(cells.over.words):
        raise ValueError("an index with something laid over it is written beside its base")
    head = {"lattice": cells.lattice._asdict(), "about": about, "base": base and base.name}
    text = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    of_all = (text, cells.entries, cells.position_of, cells.rims.of)
    with renamed(path, synced=True) as unfinished:
        with pa.OSFile(str(unfinished), "wb") as sink:
            for array in (*of_all, part.words, part.ends, part.sides, *bundles):
                pa.ipc.write_tensor(pa.Tensor.from_numpy(np.ascontiguousarray(array)), sink)
                sink.write(bytes(-sink.tell() % _ALIGNED))
        with unfinished.open("r+b") as file:
            summed = _checksum(file.seek(0, 2), unfinished)
            file.write(_TAIL.pack(_MARK, summed, file.tell()))


def read(path: Path) -> Stored:
    """The index of a file, its arrays mapped.

    Raises
    ------
    Damaged
        When the file, or the one it lies over, is missing, cut short, or not what was written.
    """
    head, arrays = _mapped(path)
    entries, position_of, rims_of, *others = arrays
    lattice, (part, bundles) = Lattice(**head["lattice"]), _parts(others)
    if head["base"] is None:
        rims = Rims(rims_of, bundles, NO_BUNDLES)
        return Stored(Cells(lattice, entries, part, NO_PART, position_of, rims), head["about"], None)
    base, base_bundles = _base_of(path.with_name(head["base"]))
    rims = Rims(rims_of, base_bundles, bundles)
    return Stored(Cells(lattice, entries, base, part, position_of, rims), head["about"], head["base"])


def _base_of(path: Path) -> tuple[Part, Bundles]:
    head, (_, _, _, *others) = _mapped(path)
    if head["base"] is not None:
        raise Damaged(f"{path.name} is no base: it lies over {head['base']} itself")
    return _parts(others)


def _parts(arrays: list[NDArray[Any]]) -> tuple[Part, Bundles]:
    words, ends, sides, *bundles = arrays
    return part_of(words, Edges(ends, sides)), bundles_of(*bundles)


def _mapped(path: Path) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    try:
        size = path.stat().st_size - _TAIL.size
        with path.open("rb") as file:
            file.seek(max(size, 0))
            tail = file.read(_TAIL.size)
    except OSError as error:
        raise Damaged(f"{path.name} cannot be read: {error.strerror}") from error
    if size < 0 or tail != _TAIL.pack(_MARK, _checksum(size, path), size):
        raise Damaged(f"{path.name} is not what was written: its checksum is another")
    source = pa.memory_map(str(path))
    text, *arrays = (fixed(_next(source)) for _ in range(_ARRAYS))
    head: dict[str, Any] = json.loads(text.tobytes())
    return head, arrays


def _next(source: pa.MemoryMappedFile) -> NDArray[Any]:
    array: NDArray[Any] = pa.ipc.read_tensor(source).to_numpy()
    source.seek(source.tell() + -source.tell() % _ALIGNED)
    return array


def _checksum(size: int, path: Path) -> int:
    summed = 0
    for some in _pieces(path, size):
        summed = zlib.crc32(some, summed)
    return summed


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while size > 0 and (some := file.read(min(_STEP, size))):
            size -= len(some)
            yield some
