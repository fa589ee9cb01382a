"""Arrow streams at the doors: points that come as columns, answers that leave as columns.

References
----------
Apache Arrow columnar format, IPC streaming format, and its ``Message.fbs``:
https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
FlatBuffers internals (tables and their fields): https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from api.errors import Malformed
from geo.arrays import Floats
from geo.errors import Refused, TooMuch
from geo.frames.points import is_points, positions

ARROW = "application/vnd.apache.arrow.stream"
COLUMNS = "must be two columns of numbers, lon and lat, or one of points (WKB or GeoArrow)"
_RECORDS = "record batch"
_HEADER, _ROWS, _COMPRESSION = 2, 0, 3  # fields of Message and RecordBatch


def parse(body: bytes, most: int) -> Floats:
    """The points (n, 2) of an Arrow stream, as given; NaN where null.

    Raises
    ------
    Malformed
        When it is no whole Arrow stream, is compressed, or has other columns than those of positions.
    TooMuch
        When there are more than ``most`` points; found before they are read.
    """
    whole = pa.py_buffer(body)
    try:
        reader = pa.ipc.open_stream(whole)
        _refuse_other(reader.schema)
        _refuse_many(whole, most)
        table = reader.read_all()
        table.validate(full=True)
        return _read(table)
    except (pa.ArrowException, OSError, struct.error, ValueError, Refused) as error:
        raise Malformed("body", "", f"must be an Arrow stream: {error}") from None


def stream(columns: pa.RecordBatch) -> bytes:
    """The rows as an Arrow stream, with the metadata of their schema."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, columns.schema) as writer:
        writer.write_batch(columns)
    made: bytes = sink.getvalue().to_pybytes()
    return made


def _refuse_other(schema: pa.Schema) -> None:
    """Only types whose memory is told by their rows are let in."""
    is_pair = sorted(schema.names) == ["lat", "lon"] and all(_is_number(one.type) for one in schema)
    if not is_pair and not (len(schema) == 1 and is_points(schema.field(0).type)):
        raise Malformed("body", ", ".join(f"{one.name}: {one.type}" for one in schema), COLUMNS)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _read(table: pa.Table) -> Floats:
    if table.num_columns == 1:
        return positions(table.column(0))
    both = [table.column(name).cast(pa.float64()).to_numpy() for name in ("lon", "lat")]
    return np.column_stack(both)


def _refuse_many(body: pa.Buffer, most: int) -> None:
    """Nothing, when the batches say few rows and are not compressed: a few bytes may unpack to any number."""
    rows = 0
    for told in _heads(body):
        if _field(told, _COMPRESSION):
            raise Malformed("body", "", "must not be compressed inside the stream")
        at = _field(told, _ROWS)
        rows += int(struct.unpack_from("<q", told[0], at)[0]) if at else 0
        if rows > most:
            raise TooMuch(f"{rows} points in one request; at most {most}: send them in several requests")


def _heads(body: pa.Buffer) -> Iterator[tuple[bytes, int]]:
    """The table RecordBatch of each message (bytes, where it begins); Arrow has verified the bytes."""
    for message in pa.ipc.MessageReader.open_stream(body):
        if message.type == _RECORDS:
            told = message.metadata.to_pybytes()
            root = (told, struct.unpack_from("<I", told)[0])
            at = _field(root, _HEADER)
            yield told, at + struct.unpack_from("<I", told, at)[0]


def _field(table: tuple[bytes, int], number: int) -> int:
    """Where a field of a flatbuffer's table stands; 0 when it is not told."""
    told, at = table
    known = at - struct.unpack_from("<i", told, at)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", told, known)[0]:
        return 0
    offset: int = struct.unpack_from("<H", told, known + 4 + 2 * number)[0]
    return at + offset if offset else 0
