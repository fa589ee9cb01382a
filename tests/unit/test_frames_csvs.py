"""CSV is read the same by blocks as by Python's ``csv`` alone, whatever stands in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.errors import Refused
from geo.frames import Frame, csvs, opened, sheets

PIECES = ("a", "值", "", " ", ",", '"', '""', "\n", "\r\n", "\r", ";", "é", ",x\n", '"b"', '"c,d",e\n')
HARD = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
NAMES = st.sampled_from([["a", "b"], ["a", "b", "c"], ["a"]])
ENDS = st.sampled_from(["\n", "\r\n"])
CELLS = st.text(st.sampled_from(list('a值," \n\r;')), max_size=4)
Rows = list[tuple[int, list[str]]]


def alone(text: str, width: int) -> tuple[Rows, dict[int, int]]:
    """Number and cells of each row after the header, and how many cells the odd ones have, by ``csv`` alone."""
    told = [(number, row) for number, row in enumerate(csv.reader(StringIO(text, newline="")), start=1) if row][1:]
    return [(at, (row + [""] * width)[:width]) for at, row in told], {
        at: len(row) for at, row in told if len(row) != width
    }


def read(path: Path, text: str) -> tuple[Rows, dict[int, int]]:
    path.write_bytes(text.encode())
    with opened(path, encoding="utf-8") as sheet:
        frames = list(sheet.frames)
    assert [len(frame.rows) for frame in frames[:-1]] == [sheets.CHUNK] * (len(frames) - 1)
    rows = [
        (number, list(cells.values()))
        for frame in frames
        for number, cells in zip(frame.rows.tolist(), frame.table.to_pylist(), strict=True)
    ]
    return rows, {row: cells for frame in frames for row, cells in frame.cells.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv")


@given(HARD, st.integers(1, 30), st.integers(1, 4), NAMES)
@example('1,2\n3,"4\n5"\n', 4, 2, ["a", "b"])
@example('1,5" x\n"b\n2",y\n', 8, 2, ["a", "b"])
@example("1,2\n\n3,4\n", 100, 2, ["a", "b"])
def test_whatever_is_written_is_read_as_by_csv_alone(
    folder: Path, text: str, block: int, chunk: int, names: list[str]
) -> None:
    whole = f"{','.join(names)}\n{text}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvs, "BLOCK", block)
        patch.setattr(sheets, "CHUNK", chunk)
        assert read(folder / "a.csv", whole) == alone(whole, len(names))


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=20), st.integers(1, 60), ENDS)
def test_what_was_written_as_csv_comes_back(folder: Path, rows: list[list[str]], block: int, end: str) -> None:
    text = StringIO(newline="")
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvs, "BLOCK", block)
        told, odd = read(folder / "a.csv", text.getvalue())
    assert ([cells for _, cells in told], odd) == (rows, {})
    assert [number for number, _ in told] == list(range(2, len(rows) + 2))


def test_arrow_reads_what_is_plain_and_only_the_block_that_is_not_goes_by_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard, known = [], csvs.Records._hard

    def counted(self: csvs.Records, text: str, schema: pa.Schema) -> Iterator[Frame]:
        hard.append(text)
        return known(self, text, schema)

    monkeypatch.setattr(csvs, "BLOCK", 1 << 10)
    monkeypatch.setattr(csvs.Records, "_hard", counted)
    lines = [f'{at},"路 {at}, 里"\r\n' for at in range(1000)]
    lines[500] = '500,5" pipe\r\n'
    rows, odd = read(tmp_path / "a.csv", "id,name\r\n" + "".join(lines))
    around = [(501, ["499", "路 499, 里"]), (502, ["500", '5" pipe']), (503, ["501", "路 501, 里"])]
    assert (rows[499:502], odd) == (around, {})
    assert len(rows) == 1000
    assert len(hard) == 1


def test_bytes_that_are_no_letters_are_told_with_the_row_before_them(tmp_path: Path) -> None:
    good = "".join(f"{at},东风路的一个里办公处\n" for at in range(200_000))
    (tmp_path / "a.csv").write_bytes(b"id,name\n" + good.encode() + b"3,\xff\xfe\n")
    with opened(tmp_path / "a.csv") as sheet, pytest.raises(Refused, match=r"after about row (199\d{3}|20000\d)"):
        list(sheet.frames)
