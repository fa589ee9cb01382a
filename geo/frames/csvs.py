"""CSV read by blocks of lines: Arrow reads those that are plain, Python's ``csv`` all others and says what is wrong.

A block is plain when its quotes stand where RFC 4180 has them, no line is blank and each has as many cells as the
header. Then a record is a record to both readers, and rows are numbered by counting. All else that a file may hold is
for ``csv``, which takes the block and as many lines more as its last record has; what follows is a block again. So each
row has the number a person sees, whoever read it.

References
----------
RFC 4180, section 2, rules 5 to 7.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from geo.errors import Refused
from geo.frames import sheets
from geo.frames.sheets import Frame, framed

BLOCK = 1 << 22
"""Letters read at once, and then to the end of the line."""
_LONGEST = 10_000_000
"""Letters of a line."""
_BLANK = (b"\n\n", b"\n\r", b"\r\r")
_QUOTE, _END, _ENDS = 0x22, 0x0A, (0x0A, 0x0D)


class Records:
    """The records of a CSV: its header, then its rows.

    Parameters
    ----------
    lines
        Its text, ends of lines as they are.
    again
        Opens the same text once more.

    Attributes
    ----------
    number
        Records read, blank lines included.
    """

    def __init__(self, path: Path, lines: TextIO, again: Callable[[], TextIO]) -> None:
        self.path, self.lines, self.again, self.number = path, lines, again, 0
        self.delimiter = ","
        with self._telling():
            self.delimiter = max(",;\t", key=self.lines.readline(_LONGEST).count)
            self.lines.seek(0)

    def header(self) -> list[str]:
        """The cells of the first record that is not blank; none when all are. Raises Refused."""
        with self._telling():
            for row in csv.reader(_Feed(self, ""), delimiter=self.delimiter):
                self.number += 1
                if row:
                    return row
        return []

    def frames(self, schema: pa.Schema) -> Iterator[Frame]:
        """The rows after the header, a block at a time. Raises Refused where something cannot be read."""
        while text := self._block():
            table = self._plain(text, schema)
            if table is None:
                yield from self._hard(text, schema)
            else:
                first, self.number = self.number + 1, self.number + table.num_rows
                yield Frame(np.arange(first, self.number + 1), table)

    def line(self) -> str:
        """The next line; one without end is refused before it fills the memory, as a packed file of a kilobyte can."""
        line = self.lines.readline(_LONGEST)
        if len(line) == _LONGEST:
            raise Refused(
                f"{self.path.name} is no table: after row {self.number} a line has more than {_LONGEST:,} letters"
            )
        return line

    def _block(self) -> str:
        with self._telling():
            text = self.lines.read(BLOCK)
            return text if not text or text.endswith("\n") else text + self.line()

    def _plain(self, text: str, schema: pa.Schema) -> pa.Table | None:
        """The rows of a block that is plain; None for another one."""
        data = text.encode()
        is_blank = data.startswith((b"\n", b"\r")) or any(two in data for two in _BLANK)  # to Arrow a row, to csv none
        if is_blank or not _are_paired(np.frombuffer(data, np.uint8), ord(self.delimiter)):
            return None
        reading = pacsv.ReadOptions(column_names=schema.names, block_size=len(data) + 1, use_threads=False)
        parsing = pacsv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, ignore_empty_lines=False)
        types = pacsv.ConvertOptions(column_types=schema)
        try:
            table = pacsv.read_csv(pa.BufferReader(data), reading, parsing, types)
        except pa.ArrowInvalid:
            return None
        longest = max(pc.max(pc.binary_length(column)).as_py() or 0 for column in table.columns)
        return table if longest < csv.field_size_limit() else None

    def _hard(self, text: str, schema: pa.Schema) -> Iterator[Frame]:
        """The records that begin in a block, by ``csv``."""
        rows = self._told(_Feed(self, text))
        while some := list(islice(rows, sheets.CHUNK)):
            yield framed(some, schema)

    def _told(self, feed: _Feed) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of the records that begin in a text; blank ones are counted and left out."""
        with self._telling():
            for row in csv.reader(feed, delimiter=self.delimiter):
                self.number += 1
                if row:
                    yield self.number, row
                if feed.is_at_end:
                    return

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            told = f"byte 0x{error.object[error.start]:02x} after about row {self._last_readable()}"
            raise Refused(
                f"{self.path.name} is not {self.lines.encoding}: {told}; declare the right one, as --encoding gbk for "
                "a Chinese Excel's, or save it as UTF-8"
            ) from error
        except (csv.Error, OSError, EOFError, zlib.error, UnicodeError) as error:
            raise Refused(f"{self.path.name} cannot be read as CSV after row {self.number}: {error}") from error

    def _last_readable(self) -> int:
        """The number of the last row that can be read, counted anew line by line."""
        number = 0
        with suppress(UnicodeDecodeError, csv.Error), self.again() as lines:
            for number, _ in enumerate(csv.reader(lines, delimiter=self.delimiter), start=1):  # noqa: B007
                pass
        return number


class _Feed:
    """Lines of a text, and those of the file after it where the last record goes on there."""

    def __init__(self, records: Records, text: str) -> None:
        self.records, self.text = records, StringIO(text, newline="")
        self.next = self.text.readline()

    @property
    def is_at_end(self) -> bool:
        """Whether every line of the text was taken."""
        return not self.next

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, self.next = self.next or self.records.line(), self.next and self.text.readline()
        if not line:
            raise StopIteration
        return line


def _are_paired(data: NDArray[np.uint8], delimiter: int) -> bool:
    """Whether quotes stand at the ends of cells, or doubled within: then a block ends where a record does."""
    quotes = np.flatnonzero(data == _QUOTE)
    if len(quotes) % 2:
        return False
    opens, closes = quotes[::2], quotes[1::2]
    before = np.append(_END, data)[opens]  # what stands before each
    after = np.append(data, _END)[closes + 1]
    edges = (delimiter, *_ENDS)
    is_opened = np.isin(before, edges) | (before == _QUOTE)
    return bool(is_opened.all() and (np.isin(after, edges) | (after == _QUOTE)).all())
