"""The page of what benches measured: each has its part, which a new run replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from api import performance
from geo.errors import Refused


def test_a_bench_has_one_part_which_a_new_run_replaces(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    performance.write(page, "locate", "full", '{"leaves": 9, "10 points": {"ours": {"ns": "1", "faster": "2"}}}')
    performance.write(page, "other", "full", '{"memory": {"first": 1, "second": 2}}')
    performance.write(page, "locate", "small", '{"leaves": 12}')
    text = page.read_text()
    assert text.count("## locate") == 1
    assert "| leaves | 12 |" in text
    assert "| leaves | 9 |" not in text
    assert "./gridatlas bench locate --size small" in text
    assert "### memory\n\n|  |  |\n| --- | --- |\n| first | 1 |" in text
    assert "cores; Python 3." in text


def test_rows_of_figures_are_a_table_with_their_names(tmp_path: Path) -> None:
    performance.write(
        tmp_path / "p.md", "locate", "full", '{"10 points": {"ours": {"ns": "1"}, "theirs": {"ns": "2"}}}'
    )
    assert (
        "### 10 points\n\n|  | ns |\n| --- | --- |\n| ours | 1 |\n| theirs | 2 |\n" in (tmp_path / "p.md").read_text()
    )


def test_what_is_no_json_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="prints no JSON object"):
        performance.write(tmp_path / "p.md", "pages", "full", "a table")
    assert not (tmp_path / "p.md").exists()


def test_figures_are_told_as_tables_and_anything_else_as_it_is() -> None:
    assert performance.tables({"leaves": 9}) == ["|  |  |", "| --- | --- |", "| leaves | 9 |", ""]
    assert performance.figures('{"leaves": 9}') == {"leaves": 9}
    assert performance.figures("a table") is None
    assert performance.figures("[1]") is None
