"""Small good files of every format that is read, and the commands that read them: what ``prove bad-files`` damages."""

from __future__ import annotations

import csv
import gzip
import zipfile
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import openpyxl
import osmium
import pandas as pd
import shapely

from geo.entities import ENTITIES, Lies
from tests import entity_rows
from tests.made_files import communities, grids, write, write_sources

BOUNDARIES, INCIDENTS, BUILDINGS, LINES, ASSIGN = "boundaries", "incidents", "buildings", "lines", "assign"
ENTITY = "entities"
ROWS = 40

_COLUMNS = ("--level", "grid", "--datum", "wgs84", "--code", "code", "--name", "name", "--parent", "parent")
_AREAS = ("grids.geojson", "grids.geojson.gz", "grids.gpkg", "grids.zip", "grids.parquet", "grids.fgb", "grids-mif.zip")
_TABLES = ("points.csv", "points-gbk.csv", "points.csv.gz", "points.parquet", "points.xlsx")
_OF_ENTITIES = {f"{key}.{'gpkg' if one.lies is Lies.GROUND else 'csv'}": key for key, one in ENTITIES.items()}
_OF_ENTITIES |= {"units.xlsx": "units", "units.parquet": "units"}
_OF_ENTITIES |= {f"ground.{kind}": "business_districts" for kind in ("zip", "parquet", "fgb")}
"""File → key of the entity it holds: each entity once, those of the most kinds of columns in more formats."""
_NAMED = ("units.csv", "party_organisations.csv", "business_districts.gpkg", "estates.gpkg", "alliances.csv")
_TOWNS = ("town.osm", "town.osm.pbf")
_SHAPES = ("spots.parquet", "spots.gpkg", "spots.geojson", "spots.zip", "spots.fgb")

INTO = {"csv": "out.csv", "csv.gz": "out.csv", "xlsx": "out.csv", "parquet": "out.parquet", "zip": "out.parquet"}
INTO |= {"gpkg": "out.gpkg", "geojson": "out.gpkg", "fgb": "out.geojson", "geojson.gz": "out.gpkg"}
"""Kind of a file that is assigned → what is written."""


@dataclass(frozen=True)
class Wanted:
    """A command that reads ``file``, and names it when it refuses."""

    noun: str
    file: str
    arguments: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Its ending without the dot."""
        return self.file.split(".", 1)[1]

    @property
    def makes(self) -> tuple[str, ...]:
        """File that it writes, where it assigns."""
        return (Path(self.arguments[2]).name,) if self.noun == ASSIGN else ()

    @property
    def names(self) -> tuple[str, ...]:
        """What a refusal may name: the file; of a table also its rows, of a sources.toml what stands in it."""
        rows = dict.fromkeys((INCIDENTS, BUILDINGS, LINES, ENTITY), ("row ",))
        more = {"sources.toml": ("layer", "city", "level"), **rows}
        return (self.file, *self.makes, *more.get(self.file, ()), *more.get(self.noun, ()))


def _boundaries(file: str, *more: str) -> Wanted:
    columns = () if file == "sources.toml" else _COLUMNS
    return Wanted(BOUNDARIES, file, ("import", "boundaries", f"case/{file}", *columns, "--commit", *more))


def _incidents(file: str, *more: str) -> Wanted:
    told = ("--datum", "wgs84", "--source", "t", "--commit")
    return Wanted(INCIDENTS, file, ("import", "incidents", f"case/{file}", *told, *more))


def _buildings(file: str, *more: str) -> Wanted:
    told = ("--datum", "wgs84", "--source", "t", "--commit")
    of = () if file in _TOWNS else ("--map", "reference=code")
    return Wanted(BUILDINGS, file, ("import", "buildings", f"case/{file}", *told, *of, *more))


def _lines(file: str, *more: str) -> Wanted:
    of = () if file in _TOWNS else ("--kind", "green")
    return Wanted(LINES, file, ("import", "lines", f"case/{file}", "--datum", "wgs84", "--commit", *of, *more))


def _entities(file: str, *more: str) -> Wanted:
    told = ("--datum", "wgs84", "--source", "t", "--commit")
    return Wanted(ENTITY, file, ("import", ENTITIES[_OF_ENTITIES[file]].slug, f"case/{file}", *told, *more))


def _assign(file: str, *more: str) -> Wanted:
    kind = file.split(".", 1)[1]
    return Wanted(ASSIGN, file, ("assign", f"case/{file}", f"case/{INTO[kind]}", "--datum", "wgs84", *more))


def _against(areas: str) -> Wanted:
    told = ("assign", "case/points.parquet", "case/out.parquet", "--datum", "wgs84", "--areas", f"case/{areas}")
    return Wanted(ASSIGN, areas, (*told, "--code", "code"))


COMMANDS = [
    *(_boundaries(file) for file in _AREAS),
    *(_incidents(file) for file in _TABLES),
    *(_entities(file) for file in _OF_ENTITIES),
    _boundaries("sources.toml"),
    *(_assign(file) for file in (*_TABLES, *_SHAPES)),
    *(_buildings(file) for file in (*_TOWNS, *_AREAS)),
    *(_lines(file) for file in (*_TOWNS, "grids.zip", "grids.geojson")),
    *(_boundaries(file, "--repair") for file in _AREAS),
    *(_incidents(file, "--skip-bad") for file in _TABLES),
    *(_entities(file, "--skip-bad", "--whole") for file in _OF_ENTITIES),
    *(_against(file) for file in ("grids.geojson", "grids.gpkg", "grids.zip", "grids.parquet")),
]
CHECKED = [one for one in COMMANDS if not {"--repair", "--skip-bad"} & set(one.arguments)]
"""Those that must succeed before their file is damaged: each file for each noun once."""

TAKES = (
    ("import", "boundaries", "good/sources.toml", "--commit"),
    ("import", "incidents", "good/first.csv", "--datum", "wgs84", "--source", "first", "--commit"),
    *(
        (
            "import",
            ENTITIES[_OF_ENTITIES[file]].slug,
            f"good/{file}",
            "--datum",
            "wgs84",
            "--source",
            "first",
            "--commit",
        )
        for file in _NAMED
    ),
)
"""Commands that make the city every case begins with, and of each entity that others name the rows they name."""


def write_good_files(folder: Path) -> None:
    """Write every file of :data:`COMMANDS` and :data:`TAKES`."""
    folder.mkdir(parents=True)
    write(folder / "grids.geojson", grids())
    write(folder / "communities.geojson", communities())
    write_sources(folder)
    _write_areas(folder)
    _write_points(folder)
    _write_town(folder)
    _write_entities(folder)


def _write_areas(folder: Path) -> None:
    frame = geopandas.read_file(folder / "grids.geojson")
    (folder / "grids.geojson.gz").write_bytes(gzip.compress((folder / "grids.geojson").read_bytes(), mtime=0))
    _write_layers(frame, folder, "grids")
    _pack(frame, folder / "grids-mif.zip", "grids.mif", "MapInfo File")


def _write_layers(frame: geopandas.GeoDataFrame, folder: Path, name: str) -> None:
    frame.to_file(folder / f"{name}.gpkg", layer="here")
    frame.to_file(folder / f"{name}.fgb")
    frame.to_parquet(folder / f"{name}.parquet")
    _pack(frame, folder / f"{name}.zip", f"{name}.shp", "ESRI Shapefile")


def _pack(frame: geopandas.GeoDataFrame, path: Path, name: str, driver: str) -> None:
    """One dataset of several files in a zip."""
    inside = path.with_suffix(".unpacked")
    inside.mkdir()
    frame.to_file(inside / name, driver=driver, encoding="utf-8")
    with zipfile.ZipFile(path, "w") as packed:
        for member in sorted(inside.iterdir()):
            packed.write(member, member.name)
            member.unlink()
    inside.rmdir()


def _write_points(folder: Path) -> None:
    lonlat = np.random.default_rng(7).uniform((116.999, 36.599), (117.041, 36.621), (ROWS, 2))
    told = pd.DataFrame(
        {
            "reference": [f"A{at}" for at in range(ROWS)],
            "occurred_at": [f"2025-03-01T08:{at:02}:00+08:00" for at in range(ROWS)],
            "category": ["垃圾", "占道"] * (ROWS // 2),
            "lon": lonlat[:, 0],
            "lat": lonlat[:, 1],
        }
    )
    rows = [list(told), *told.to_numpy().tolist()]
    for name, encoding in (("points.csv", "utf-8"), ("points-gbk.csv", "gbk"), ("first.csv", "utf-8")):
        with (folder / name).open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows(rows)
    (folder / "points.csv.gz").write_bytes(gzip.compress((folder / "points.csv").read_bytes(), mtime=0))
    told.to_parquet(folder / "points.parquet")
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(folder / "points.xlsx")
    spots = geopandas.GeoDataFrame(told[["reference", "category"]], geometry=shapely.points(lonlat), crs=4326)
    spots = spots.rename(columns={"reference": "ref"})
    _write_layers(spots, folder, "spots")
    spots.to_file(folder / "spots.geojson")


def _write_town(folder: Path) -> None:
    """A row of houses, one with a courtyard, and a street, as OpenStreetMap has them: as XML and as .pbf."""
    nodes, ways = [], []
    for house in range(6):
        west, south = 117.002 + house * 0.004, 36.602
        corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
        nodes += [(house * 4 + at + 1, west + x * 0.002, south + y * 0.002) for at, (x, y) in enumerate(corners)]
        refs = [house * 4 + at + 1 for at in (0, 1, 2, 3, 0)]
        ways.append((house + 1, refs, {"building": "apartments", "name": f"{house}号楼", "building:levels": "6"}))
    ways.append((7, [1, 5, 9, 13, 17, 21], {"highway": "residential", "name": "柳林路"}))
    told = [f'<node id="{one}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>' for one, lon, lat in nodes]
    for one, refs, tags in ways:
        inside = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        inside += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        told.append(f'<way id="{one}" version="1">{inside}</way>')
    whole = '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n' + "\n".join(told) + "\n</osm>\n"
    (folder / "town.osm").write_text(whole, encoding="utf-8")
    with osmium.SimpleWriter(str(folder / "town.osm.pbf")) as writer:
        for thing in osmium.FileProcessor(str(folder / "town.osm")):
            writer.add(thing)


def _write_entities(folder: Path) -> None:
    """The rows of :mod:`tests.entity_rows`, each entity as a file of its own; points and ground in more formats."""
    rows = entity_rows.rows(spot=(117.015, 36.605))
    rows["incident_stages"][0]["incident"] = "first:A1"
    for key, found in rows.items():
        entity_rows.written(folder, key, found)
    units = pd.DataFrame(rows["units"])
    units["name"] = units["name"].str.lstrip("=")  # a workbook would take it for a formula
    units.to_parquet(folder / "units.parquet")
    units.to_excel(folder / "units.xlsx", index=False)
    _write_layers(geopandas.GeoDataFrame(rows["business_districts"], geometry="geometry", crs=4326), folder, "ground")
