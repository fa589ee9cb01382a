"""Files hold the coordinates that were written, to the last decimal of the lattice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from geo.crs import snap
from geo.writing import Rows, write

_DEGREES = st.lists(st.integers(-90 * 10**8, 90 * 10**8), min_size=1, max_size=20)


@given(_DEGREES)
@example([30_26999994, 30_27000006, 30_99999999, 30_00000001, 119_99999999])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_geojson_holds_every_coordinate_of_the_lattice(tmp_path: Path, steps: list[int]) -> None:
    at = snap(np.column_stack([steps, steps[::-1]]) / 1e8)
    schema = pa.schema([pa.field("name", pa.string()), pa.field("geom", pa.binary())])
    table = pa.table([["x"] * len(at), shapely.to_wkb(shapely.points(at)).tolist()], schema=schema)
    path = tmp_path / "points.geojson"
    path.unlink(missing_ok=True)
    assert write(path, Rows("points", schema, iter([table]), "geom", "Point", "EPSG:4326")) == len(at)
    told = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert [one["geometry"]["coordinates"] for one in told] == at.tolist()
