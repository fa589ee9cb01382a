"""Indexes as files: whole or not there, checked, laid over their base."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from geo.space.cells import files
from geo.space.cells.files import Damaged
from geo.space.cells.index import CellIndex
from geo.space.cells.layout import Redraw
from tests.cities import MadeCity, made_city, points_in


@pytest.fixture(scope="module")
def city() -> MadeCity:
    return made_city(5, 6)


@pytest.fixture(scope="module")
def whole(city: MadeCity) -> CellIndex:
    return CellIndex.build(city.codes, city.shapes)


@pytest.fixture(scope="module")
def laid(city: MadeCity, whole: CellIndex) -> CellIndex:
    """The index after its first leaf went."""
    first = city.shapes[0]
    nothing = (np.zeros(0, dtype=object), np.zeros(0, dtype=np.int32))
    redraw = Redraw(np.array(first.bounds), np.array([1], dtype=np.int32), *nothing)
    found = whole.redrawn(redraw, np.arange(2, len(city.shapes) + 1, dtype=np.int32))
    assert found is not None
    return found


def test_an_index_comes_back_as_it_was_and_takes_no_memory(city: MadeCity, whole: CellIndex, tmp_path: Path) -> None:
    files.write(tmp_path / "1.cells", whole.cells, {"edition": 1})
    stored = files.read(tmp_path / "1.cells")
    assert (stored.about, stored.base) == ({"edition": 1}, None)
    points = points_in(city, 1, 2000)
    assert np.array_equal(CellIndex(stored.cells).positions(points), whole.positions(points))
    for array in (stored.cells.entries, stored.cells.base.words, stored.cells.base.ends, stored.cells.base.sides):
        assert not array.flags.owndata
        assert not array.flags.writeable
        assert array.flags.aligned


def test_one_laid_over_another_has_only_what_lies_over(
    city: MadeCity, whole: CellIndex, laid: CellIndex, tmp_path: Path
) -> None:
    files.write(tmp_path / "1.cells", whole.cells, {})
    files.write(tmp_path / "2.cells", laid.cells, {}, tmp_path / "1.cells")
    stored = files.read(tmp_path / "2.cells")
    assert stored.base == "1.cells"
    points = points_in(city, 1, 2000)
    assert np.array_equal(CellIndex(stored.cells).positions(points), laid.positions(points))
    assert np.array_equal(CellIndex(files.read(tmp_path / "1.cells").cells).positions(points), whole.positions(points))
    assert (tmp_path / "2.cells").stat().st_size < (tmp_path / "1.cells").stat().st_size / 2


@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_file_that_was_cut_short_or_altered_is_damaged(whole: CellIndex, tmp_path: Path, part: float) -> None:
    path = tmp_path / "1.cells"
    files.write(path, whole.cells, {})
    written = bytearray(path.read_bytes())
    at = int(len(written) * part)
    path.write_bytes(written[:at])
    with pytest.raises(Damaged):
        files.read(path)
    written[at] ^= 1
    path.write_bytes(written)
    with pytest.raises(Damaged, match="checksum"):
        files.read(path)


def test_what_is_not_there_is_damaged_and_so_is_what_lies_over_it(
    whole: CellIndex, laid: CellIndex, tmp_path: Path
) -> None:
    with pytest.raises(Damaged, match="cannot be read"):
        files.read(tmp_path / "1.cells")
    files.write(tmp_path / "1.cells", whole.cells, {})
    files.write(tmp_path / "2.cells", laid.cells, {}, tmp_path / "1.cells")
    (tmp_path / "1.cells").unlink()
    with pytest.raises(Damaged, match=r"1\.cells"):
        files.read(tmp_path / "2.cells")


@pytest.mark.slow
def test_a_handful_of_points_from_a_file_imports_no_compiler(whole: CellIndex, tmp_path: Path) -> None:
    files.write(tmp_path / "1.cells", whole.cells, {})
    asks = (
        "import sys; from pathlib import Path; from geo.space.cells import files; import numpy as np\n"
        "from geo.space.cells.index import CellIndex\n"
        "index = CellIndex(files.read(Path(sys.argv[1])).cells)\n"
        "found = index.position(117.005, 36.605), *index.positions(np.full((5, 2), 36.6)).tolist()\n"
        "print(*found, 'numba' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", asks, str(tmp_path / "1.cells")], capture_output=True, text=True, check=True
    ).stdout
    assert said == f"{whole.position(117.005, 36.605)} -1 -1 -1 -1 -1 False\n"
