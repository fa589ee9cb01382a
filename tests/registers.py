"""The registers of the made city as tests read them: written once, each field as the texts its file holds."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from geo.demo.plans import REGISTERS, Order

if TYPE_CHECKING:  # the process that hands tests to its workers reads none of them
    import pandas as pd
    import pyarrow as pa

ORDER = Order()
TODAY = ORDER.until.date()
FRESH_DAYS, OLD_DAYS = 365, 730


@pytest.fixture(scope="session")
def folder(made_city_files: Path) -> Path:
    return made_city_files


def read(folder: Path, key: str) -> pd.DataFrame:
    """The fields of a register as texts, blank where nothing is told."""
    import pandas as pd
    import pyarrow as pa

    from geo import frames
    from geo.entities import ENTITIES

    with frames.opened(folder / REGISTERS[key]) as sheet:
        table = pa.concat_tables([frame.table for frame in sheet.frames])
    names = [name for name in table.column_names if name != sheet.geometry]
    columns = ENTITIES[key].mapping.mapped(names, {}, REGISTERS[key])
    assert set(columns.values()) == set(names), "a column nobody understands"
    return pd.DataFrame({name: texts(table.column(column)) for name, column in columns.items()}, dtype=object)


def texts(column: pa.ChunkedArray) -> list[str]:
    import pyarrow as pa

    return ["" if one is None else str(one) for one in column.cast(pa.string()).to_pylist()]


@pytest.fixture(scope="session")
def registers(folder: Path) -> dict[str, pd.DataFrame]:
    return {key: read(folder, key) for key in REGISTERS}


@pytest.fixture(scope="session")
def places(folder: Path) -> dict[str, str]:
    """Level of every code."""
    found = {"9901": "city"}
    for level, name in (
        ("district", "districts"), ("subdistrict", "subdistricts"), ("community", "communities"), ("grid", "grids"),
    ):  # fmt: skip
        document = json.loads((folder / f"{name}.geojson").read_text(encoding="utf-8"))
        found |= {one["properties"]["code"]: level for one in document["features"]}
    return found


@pytest.fixture(scope="session")
def buildings(folder: Path) -> pd.DataFrame:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(folder / "buildings.parquet")
    found = table.drop_columns(["geometry"]).to_pandas()
    return found.set_index(found["id"].astype(str))


@pytest.fixture(scope="session")
def references(folder: Path, registers: dict[str, pd.DataFrame], buildings: pd.DataFrame) -> dict[str, set[str]]:
    import pandas as pd

    incidents = pd.read_csv(folder / "incidents.csv", dtype=str)["reference"]
    rows = {key: set(table["reference"]) for key, table in registers.items()}
    return rows | {"buildings": set(buildings.index), "incidents": set(incidents)}


def numbers(column: pd.Series) -> np.ndarray:
    import pandas as pd

    return pd.to_numeric(column.replace("", np.nan)).to_numpy(dtype=np.float64)


def ages(column: pd.Series) -> np.ndarray:
    """Days before the city's today; NaN where blank."""
    return np.array([(TODAY - date.fromisoformat(one)).days if one else np.nan for one in column])
