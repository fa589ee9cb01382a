"""The commands that the docs show, and the files they name: small ones, made so that every command can be run.

Who documents a command on a new file adds it to :data:`FILES`; a command that cannot run in a test is named in
:data:`NOT_RUN` with the reason. All run one after the other in one folder, on the made city.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import osmium
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

ROOT = Path(__file__).parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRAM = "./gridatlas"

WEST, SOUTH, EAST, NORTH = 117.88, 36.58, 117.93, 36.62
"""Ground inside the made city."""
POINTS = np.random.default_rng(2026).uniform((WEST, SOUTH), (EAST, NORTH), (50, 2))

NOT_RUN = {
    "test": "it is this very suite",
    "prove": ".ci/run runs every proof at size small",
    "bench": ".ci/run runs every bench at size small",
    "serve": "it serves until it is stopped; tests/http and tests/browser serve",
    "import boundaries liechtenstein.osm.pbf": "another city, from an extract that is not ours to keep",
    "buildings pin": "it needs the id of a building and the code of its grid; tests/db/test_buildings_pins.py runs it",
    "buildings unpin": "as buildings pin",
    "plan undo": "it comes after `plan publish` in the order of letters; tests/db/test_plans.py runs it",
    "plan redo": "as plan undo",
    "plan withdraw": "as plan undo",
    "db down": "refused for a server of one's own, as the tests have; tests/db/test_commands.py runs it",
    "db reset": "it would drop the city the other commands need; tests/db/test_commands.py runs it",
}
"""First words of a command → why it is not run here."""

SMALLER = {"--grids": "60", "--incidents": "200", "--buildings": "200"}
"""Options whose number is made small."""


def documented_commands() -> list[str]:
    """Every line in the docs' shell blocks that begins with ``./gridatlas``, without its comment."""
    blocks = (block for doc in DOCS for block in re.findall(r"```(?:sh|bash)\n(.*?)```", doc.read_text("utf-8"), re.S))
    lines = (line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines())
    return sorted({line.split("  #")[0].strip() for line in lines if line.startswith(PROGRAM)})


def reason_not_to_run(line: str) -> str | None:
    """Why this command is not run here; None when it is."""
    words = shlex.split(line)[1:]
    return next((why for begins, why in NOT_RUN.items() if words[: len(begins.split())] == begins.split()), None)


def arguments(line: str) -> list[str]:
    """The words of a command after the program, cheap enough for a test: numbers small, and nothing served."""
    words = shlex.split(line)[1:]
    words = [SMALLER.get(before, word) for before, word in zip(["", *words], words, strict=False)]
    return [*words, "--no-serve"] if words[0] == "demo" and "--no-serve" not in words else words


def write_files(folder: Path) -> None:
    """Write every file the docs name, and put the made city's beside them as ``data``."""
    (folder / "data").symlink_to(ROOT / "data")
    for name, write in FILES.items():
        write(folder / name)


# -- the files -------------------------------------------------------------------------------------------------------
def _points_parquet(path: Path) -> None:
    pq.write_table(pa.table({"id": range(len(POINTS)), "lon": POINTS[:, 0], "lat": POINTS[:, 1]}), path)


def _csv(header: list[str], encoding: str = "utf-8") -> Callable[[Path], None]:
    """Writer of a CSV with these columns: number, time, longitude, latitude."""

    def write(path: Path) -> None:
        rows = ([f"A{at}", f"2025-03-01T08:{at:02}", lon, lat] for at, (lon, lat) in enumerate(POINTS.tolist()))
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([header, *rows])

    return write


def _wards(path: Path) -> None:
    middle = (WEST + EAST) / 2
    shapes = [shapely.box(WEST, SOUTH, middle, NORTH), shapely.box(middle, SOUTH, EAST, NORTH)]
    geopandas.GeoDataFrame({"ward": ["1", "2"]}, geometry=shapes, crs=4326).to_file(path)


def _poi(path: Path) -> None:
    """Points that state the made city's district by name, its community by code, and the ward of :func:`_wards`."""
    points = geopandas.GeoDataFrame(geometry=shapely.points(POINTS), crs=4326)
    told = {"lon": POINTS[:, 0], "lat": POINTS[:, 1], "ward": np.where(POINTS[:, 0] < (WEST + EAST) / 2, 1, 2)}
    for column, layer, field in (("adname", "districts", "name"), ("所属社区", "communities", "code")):
        areas = geopandas.read_file(ROOT / f"data/boundaries/{layer}.geojson")[[field, "geometry"]]
        found = points.sjoin(areas, how="left")
        told[column] = found[~found.index.duplicated()][field].to_numpy(dtype=object)
    pq.write_table(pa.table(told), path)


def _footprints(path: Path) -> None:
    shapes = shapely.box(*POINTS.T, *(POINTS + 1e-4).T)
    geopandas.GeoDataFrame({"id": range(len(shapes)), "use": "office"}, geometry=shapes, crs=4326).to_parquet(path)


def _houses(path: Path) -> None:
    shapes = shapely.box(*POINTS.T, *(POINTS + 1e-4).T)
    told = {"楼栋编号": range(len(shapes)), "层数": 6, "性质": "住", "street": "文化路", "number": range(len(shapes))}
    geopandas.GeoDataFrame(told, geometry=shapes, crs=4326).to_file(path)


def _words(path: Path) -> None:
    path.write_text("value,use\n住,residential\n办,office\n", encoding="utf-8")


def _region(path: Path) -> None:
    corners = [(WEST, SOUTH), (WEST + 1e-4, SOUTH), (WEST + 1e-4, SOUTH + 1e-4), (WEST, SOUTH + 1e-4)]
    nodes = "".join(f'<node id="{at}" lon="{x}" lat="{y}"/>' for at, (x, y) in enumerate(corners, start=1))
    ring = "".join(f'<nd ref="{at}"/>' for at in (1, 2, 3, 4, 1))
    way = f'<way id="7">{ring}<tag k="building" v="apartments"/></way>'
    path.write_text(f'<osm version="0.6">{nodes}{way}</osm>', encoding="utf-8")


def _roads(path: Path) -> None:
    shape = shapely.LineString([(WEST, SOUTH), (EAST, NORTH)])
    geopandas.GeoDataFrame({"道路等级": ["国道"], "路名": ["东风路"]}, geometry=[shape], crs=4490).to_file(path)


def _streets(path: Path) -> None:
    """One road between two corners, as OpenStreetMap writes it."""
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in enumerate([(WEST, SOUTH), (EAST, NORTH)], start=1):
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
        writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2], tags={"highway": "primary"}))


def _business_districts(path: Path) -> None:
    told = {"编号": ["D1"], "名称": ["文化路商圈"], "类型": ["商圈"]}
    geopandas.GeoDataFrame(told, geometry=[shapely.box(WEST, SOUTH, EAST, NORTH)], crs=4326).to_file(path)


def _rows(*rows: str) -> Callable[[Path], None]:
    """Writer of a CSV with these lines, the header first."""

    def write(path: Path) -> None:
        path.write_text("\n".join([*rows, ""]), encoding="utf-8")

    return write


def _changes(path: Path) -> None:
    """A grid of the made city under another name."""
    told = [{"kind": "rename", "code": "990101001001001", "name": "东门网格"}]
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


FILES: dict[str, Callable[[Path], None]] = {
    "points.parquet": _points_parquet,
    "points.csv": _csv(["id", "time", "lon", "lat"]),
    "wards.geojson": _wards,
    "wards.gpkg": _wards,
    "incidents.csv": _csv(["reference", "occurred_at", "lon", "lat"]),
    "poi.parquet": _poi,
    "buildings.parquet": _footprints,
    "楼栋.geojson": _houses,
    "words.csv": _words,
    "region.osm": _region,
    "city.osm.pbf": _streets,
    "roads.gpkg": _roads,
    "units.csv": _rows(
        "编号,单位名称,行业,从业人数,党员数,普查日期,经度,纬度", "U1,云海软件,软件,120,4,2026-03-01,117.9,36.6"
    ),
    "organisations.csv": _rows("编号,名称,类型,网格编码", "P1,第一网格党支部,网格党支部,990101001001001"),
    "coverage.csv": _rows("编号,网格编码,覆盖方式,佐证日期", "C1,990101001001001,区域覆盖,2026-02-01"),
    "districts.geojson": _business_districts,
    "slots.csv": _rows("编号,网格编码,条线,专兼职,岗位数,在岗数", "S1,990101001001001,公安,兼职,2,1"),
    "changes.json": _changes,
    "12345.csv": _csv(["工单编号", "发生时间", "经度", "纬度"], "gbk"),
}
"""File a documented command reads → who writes it."""


def unused() -> list[str]:
    """Files of :data:`FILES` that no documented command names."""
    words = {word for line in documented_commands() for word in shlex.split(line)}
    return [name for name in FILES if name not in words]
