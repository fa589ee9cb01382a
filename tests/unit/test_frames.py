"""Files of rows are read by chunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from geo.frames import CHUNK, opened


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
