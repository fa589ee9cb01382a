"""What a text's bytes are is recognised or refused, and never read as something else in silence."""

from __future__ import annotations

import gzip
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import Refused
from geo.frames import encodings, opened

LINE = "编号,街道,备注\n1,东风路街道,正常\n2,解放路街道,损坏\n"
usual = st.text(st.sampled_from("东风路解放社区网格街道办事处人民公园学校医院损坏正常已上报"), min_size=1)


def rows(path: Path, **told: str) -> tuple[list[dict[str, str]], str | None]:
    with opened(path, **told) as sheet:
        return [row for frame in sheet.frames for row in frame.table.to_pylist()], sheet.recognised


@given(st.text())
def test_utf8_is_always_utf8(text: str) -> None:
    if "\0" not in text:
        assert encodings.recognised(text.encode()) == "utf-8-sig"


@given(usual, st.text(st.characters(codec="ascii", exclude_characters="\0")))
def test_chinese_of_an_office_in_gbk_is_gbk_whatever_ascii_is_beside_it(text: str, plain: str) -> None:
    sample = f"{plain}{text}\n".encode("gbk")
    try:
        sample.decode("utf-8")  # a short text may be both: nobody can tell
    except UnicodeDecodeError:
        assert encodings.recognised(sample) == "gbk"


@pytest.mark.parametrize(
    ("codec", "told"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("gbk", "gbk"),
        ("gb18030", "gbk"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_a_table_reads_the_same_in_every_encoding_and_says_which(tmp_path: Path, codec: str, told: str | None) -> None:
    (tmp_path / "a.csv").write_bytes(LINE.encode(codec))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(LINE.encode(codec)))
    right = [{"编号": "1", "街道": "东风路街道", "备注": "正常"}, {"编号": "2", "街道": "解放路街道", "备注": "损坏"}]
    assert rows(tmp_path / "a.csv") == (right, told)
    assert rows(tmp_path / "a.csv.gz") == (right, told)


def test_a_byte_of_no_letter_is_told_with_the_last_row_that_can_be_read(tmp_path: Path) -> None:
    """A cell too long for a CSV stands before it: rows are counted up to there."""
    wide, rows_before = "x" * 200_000, 3
    text = "编号,备注\n" + "1,正常\n" * rows_before + f"2,{wide}\n"
    (tmp_path / "a.csv").write_bytes(text.encode() + b"3,\xff\xff\n")
    with pytest.raises(Refused, match=rf"a\.csv is not .*: byte 0xff after about row {rows_before + 1}"):
        rows(tmp_path / "a.csv", encoding="utf-8")


def test_big5_is_told_from_gbk(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("編號,街道\n1,東風路的一個里辦公處\n2,中山區公所大安區\n".encode("big5"))
    found, told = rows(tmp_path / "a.csv")
    assert told == "big5"
    assert found[0]["街道"] == "東風路的一個里辦公處"


@pytest.mark.parametrize(
    ("written", "declared", "right"),
    [("gbk", "utf-8", "gbk"), ("utf-8", "gbk", "utf-8"), ("utf-8-sig", "gbk", "utf-8"), ("utf-16", "gbk", "utf-16")],
)
def test_a_wrong_declaration_is_refused_by_the_right_one(
    tmp_path: Path, written: str, declared: str, right: str
) -> None:
    (tmp_path / "a.csv").write_bytes(LINE.encode(written))
    with pytest.raises(Refused, match=f"a.csv is {right}, not {declared}; declare --encoding {right}"):
        rows(tmp_path / "a.csv", encoding=declared)
    assert rows(tmp_path / "a.csv", encoding=right)[1] is None


def test_a_text_of_no_known_encoding_asks_and_is_read_as_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,straße\n1,Häuser\n".encode("cp1252"))
    with pytest.raises(Refused, match="neither UTF-8, GBK, Big5 nor UTF-16"):
        rows(tmp_path / "a.csv")
    assert rows(tmp_path / "a.csv", encoding="cp1252")[0] == [{"id": "1", "straße": "Häuser"}]
    with pytest.raises(Refused, match="encoding 'gkb' is not known"):
        rows(tmp_path / "a.csv", encoding="gkb")


@pytest.mark.slow
def test_chinese_after_a_long_ascii_beginning_is_seen(tmp_path: Path) -> None:
    lines = ["id,name", *(f"{number},grid" for number in range(400_000)), "9,东风路街道办事处"]
    (tmp_path / "a.csv").write_bytes("\n".join(lines).encode("gbk"))
    found, told = rows(tmp_path / "a.csv")
    assert (found[-1]["name"], told) == ("东风路街道办事处", "gbk")


def test_a_damaged_text_names_the_byte_and_the_row(tmp_path: Path) -> None:
    good = "".join(f"{number},东风路街道办事处社区网格\n" for number in range(20_000))
    (tmp_path / "a.csv").write_bytes(b"id,name\n" + good.encode() + b"3,\xff\xfe\n")
    with pytest.raises(Refused, match=r"byte 0xff after about row \d+"):
        rows(tmp_path / "a.csv")


def test_a_sheet_of_a_workbook_is_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["note"])
    other = book.create_sheet("数据")
    other.append(["编号"])
    other.append([7])
    book.save(tmp_path / "a.xlsx")
    assert rows(tmp_path / "a.xlsx", layer="数据")[0] == [{"编号": "7"}]
    with pytest.raises(Refused, match="no sheet '数椐'; it has 说明, 数据; did you mean '数据'"):
        rows(tmp_path / "a.xlsx", layer="数椐")


def test_a_stray_nul_makes_no_utf16() -> None:
    sample = b"reference,name,business_district,founded_on\r\n1,\x00,,2024-01-01\r\n"
    assert encodings.recognised(sample) == "utf-8-sig"
    assert encodings.recognised(b",,,,\0\r\n") == "utf-8-sig"
    assert encodings.recognised(sample.decode().encode("utf-16-le")) == "utf-16-le"
    assert encodings.recognised("编号,名称\n甲,乙丙丁\n".encode("utf-16-be")) == "utf-16-be"


def test_a_row_of_a_workbook_may_end_before_the_header_does(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (["编号", "名称", "备注"], ["1", "甲"], ["2", None, "乙"], ["3", "丙", "丁", "戊"]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    with opened(tmp_path / "a.xlsx") as read:
        frames = list(read.frames)
    assert [frame.cells for frame in frames] == [{}]
    told = [dict(row) for frame in frames for row in frame.table.to_pylist()]
    assert [row["备注"] for row in told] == ["", "乙", "丁"]
