"""The city as files: boundaries as GeoJSON with their ``sources.toml``, everything else as GeoParquet and CSV."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import shapely

from geo.demo import buildings, dirt, incidents, occupants
from geo.demo.basemaps import BaseMap
from geo.demo.business import BusinessDistrict
from geo.demo.districts import CITY_CODE, DIGITS, Level, Town
from geo.demo.names import CITY
from geo.demo.sites import Sites, gathered, seen
from geo.demo.towns import City

LEVELS = (("city", "市"), ("district", "区"), ("subdistrict", "街道"), ("community", "社区"), ("grid", "网格"))
_FILES = {"district": "districts", "subdistrict": "subdistricts", "community": "communities", "grid": "grids"}
_ORIGIN = "invented: written by the generator in geo/demo, shows no real place"
_LICENCE = "CC0-1.0"


def write_boundaries(town: Town, folder: Path) -> list[Path]:
    """Paths of the boundary files and of the ``sources.toml`` that declares them."""
    folder.mkdir(parents=True, exist_ok=True)
    outline = folder / "outline.geojson"
    _write(outline, [_feature(town.outline, {"code": CITY_CODE, "name": CITY[0], "name_en": CITY[1]})])
    paths = {"outline": outline}
    for key, name in _FILES.items():
        paths[key] = folder / f"{name}.geojson"
        _write(paths[key], _features(town.levels[key], key))
    sources = folder / "sources.toml"
    sources.write_text(_sources(paths), encoding="utf-8")
    return [*paths.values(), sources]


def _features(level: Level, key: str) -> list[str]:
    texts = shapely.to_geojson(level.shapes)
    rows = zip(level.codes, level.names, level.parents, level.kinds, texts, strict=True)
    found = []
    for code, (zh, en), parent, kind, text in rows:
        properties = {"code": code, "name": zh, "name_en": en, "parent": parent}
        if key == "grid":
            properties["kind"] = kind
        found.append(_joined(text, properties))
    return found


def _feature(shape: shapely.Geometry, properties: dict[str, str]) -> str:
    return _joined(shapely.to_geojson(shape), properties)


def _joined(geometry: str, properties: dict[str, str]) -> str:
    fields = json.dumps(properties, ensure_ascii=False)
    return f'{{"type":"Feature","properties":{fields},"geometry":{geometry}}}'


def _write(path: Path, features: list[str]) -> None:
    body = ",\n".join(features)
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n', encoding="utf-8")


def _sources(paths: dict[str, Path]) -> str:
    """The declaration; its checksums are of the files as they were just written."""
    levels = ",\n".join(
        f'  {{ key = "{key}", zh = "{zh}", en = "{key.capitalize()}", digits = {digits} }}'
        for (key, zh), digits in zip(LEVELS, DIGITS, strict=True)
    )
    lines = [
        "# A fictional city, written by geo/demo; docs/demo-city.md says how to write it again.",
        f'[city]\nname = "{CITY[0]}"\nname_en = "{CITY[1]}"\ncode = "{CITY_CODE}"\ntime_zone = "Asia/Shanghai"',
        f"levels = [\n{levels},\n]\n",
        f"[outline]\n{_file(paths['outline'])}\n",
    ]
    for key in _FILES:
        kind = '\nkind = "kind"' if key == "grid" else ""
        fields = 'code = "code"\nname = "name"\nname_en = "name_en"\nparent = "parent"' + kind
        lines.append(f'[[layer]]\nlevel = "{key}"\n{fields}\n{_file(paths[key])}\n')
    return "\n".join(lines)


def _file(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f'file = "{path.name}"\ndatum = "wgs84"\norigin = "{_ORIGIN}"\nlicence = "{_LICENCE}"\nsha256 = "{digest}"'


NATURAL = 73.0
"""Buildings a grid has when nothing is thinned out or set closer."""
_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": [], "edges": "planar"}},
}
"""GeoParquet's own words; without a CRS it is OGC:CRS84, longitude first."""


def write_buildings(city: City, path: Path) -> Sites:
    """The buildings written, chunk by chunk; none, and no file, when none are ordered."""
    order = city.order
    ratio = order.buildings / (NATURAL * order.grids)
    tightness = max(0.5, ratio**-0.5) if ratio > 1 else 1.0
    chance = order.chance(63)

    chunks: list[Sites] = []

    def tables() -> Iterator[pa.Table]:
        done = 0
        for some in buildings.raise_all(city.ground, city.terrain, tightness):
            kept = some.kept(chance.random(len(some.blocks)) < ratio)
            table = occupants.described(kept, city.blocks, chance, done + 1)
            chunks.append(seen(table, kept.shapes, kept.blocks))
            yield table
            done += len(kept.blocks)

    if order.buildings:
        _write_tables(path, tables())
    return gathered(chunks)


def write_base_map(base: BaseMap, path: Path) -> int:
    """Number of roads, railways, waters and greens written."""
    columns = {"kind": base.kinds, "class": base.classes, "name": base.names}
    return _write_tables(path, iter([_geo_table(columns, base.shapes)]))


def write_business_districts(found: list[BusinessDistrict], leaders: list[str], path: Path) -> int:
    """Number of business districts written; ``leaders`` are the organisations that lead them, blank for none."""
    columns = {"organisation": leaders} | {
        name: [str(getattr(one, name)) for one in found] for name in ("code", "name", "name_en", "kind", "operator")
    }
    return _write_tables(path, iter([_geo_table(columns, np.array([one.shape for one in found], dtype=object))]))


def write_incidents(city: City, path: Path, progress: Callable[[int], None] | None = None) -> int:
    """Number of rows written, repeats included; the file is written slice by slice."""
    chance = city.order.chance(94)
    rows = 0
    with path.open("wb") as file:
        for number, some in enumerate(incidents.happen(city.ground, city.order)):
            table = dirt.handed_over(some, city.blocks, chance)
            options = pyarrow.csv.WriteOptions(include_header=number == 0, quoting_style="needed")
            pyarrow.csv.write_csv(table, file, options)
            rows += len(table)
            if progress:
                progress(rows)
    return rows


def _geo_table(columns: dict[str, list[str]], shapes: np.ndarray) -> pa.Table:
    return pa.table({**columns, "geometry": pa.array(shapely.to_wkb(shapes), type=pa.binary())})


def _write_tables(path: Path, tables: Iterator[pa.Table]) -> int:
    rows = 0
    writer = None
    try:
        for table in tables:
            told = table.replace_schema_metadata({"geo": json.dumps(_GEO)})
            writer = writer or pyarrow.parquet.ParquetWriter(path, told.schema, compression="zstd")
            writer.write_table(told)
            rows += len(told)
    finally:
        if writer:
            writer.close()
    return rows
