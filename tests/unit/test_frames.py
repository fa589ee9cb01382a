"""Files of rows are read by chunks."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.frames import CHUNK, Frame, opened, sheets


@pytest.mark.slow
def test_what_was_read_of_a_parquet_file_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    random = np.random.default_rng(1)
    schema = pa.schema([(name, pa.float64()) for name in "abcd"])
    with pq.ParquetWriter(path, schema) as writer:
        for _ in range(12):
            writer.write_table(pa.table([random.random(CHUNK) for _ in schema], schema=schema))
    before, held = pa.total_allocated_bytes(), []
    with opened(path) as sheet:
        for frame in sheet.frames:
            held.append(pa.total_allocated_bytes() - before)
            del frame
    assert len(held) == 12
    assert max(held) < path.stat().st_size / 2, "the file is held while it is read"
    assert held[-1] <= 1.1 * held[0], "what is held grows with the rows read"


@pytest.mark.slow
def test_what_was_read_of_a_geopackage_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "CHUNK", 4096)
    frames, wide = 60, 1000
    rows = frames * 4096  # much more than an allocator keeps for itself
    frame = pa.table({"told": ["x" * wide] * rows, "geom": shapely.to_wkb(shapely.points(np.full((rows, 2), 1.0)))})
    told = {"geometry_name": "geom", "geometry_type": "Point", "crs": "EPSG:4326", "SPATIAL_INDEX": "NO"}
    pyogrio.write_arrow(frame, tmp_path / "long.gpkg", driver="GPKG", **told)
    held = []
    with opened(tmp_path / "long.gpkg") as sheet:
        for frame in sheet.frames:
            held.append(resident_bytes())
            del frame
    assert len(held) == frames
    assert held[-1] - held[4] < rows * wide / 4, "what is held grows with the rows read"


@given(sizes=st.lists(st.integers(0, 40), max_size=4), least=st.integers(1, 9), twice=st.integers(0, 3))
def test_frames_begin_small_and_hold_the_same_rows(sizes: list[int], least: int, twice: int) -> None:
    most, end = least * 2**twice, np.cumsum([0, *sizes])
    whole = [Frame(np.arange(a, b), pa.table({"a": np.arange(a, b)}), {}) for a, b in itertools.pairwise(end.tolist())]
    parts = list(sheets.parted(iter(whole), least, most))
    assert [row for part in parts for row in part.table["a"].to_pylist()] == list(range(sum(sizes)))
    assert [row for part in parts for row in part.rows] == list(range(sum(sizes)))
    assert all(len(part.rows) <= min(least * 2**before, most) for before, part in enumerate(parts))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
