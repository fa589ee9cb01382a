"""Boundary files for tests: a small clean city written as GeoJSON with its sources.toml, and ways to spoil it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.boundaries import importing
from geo.boundaries.coordinates import around_time_zone, placed
from geo.boundaries.findings import Finding
from geo.boundaries.importing import Prepared
from geo.boundaries.judging import judge_layers, tree_of
from geo.boundaries.nesting import Tree
from geo.boundaries.parents import found_parents
from geo.boundaries.reading import boundaries_of, read_raw, unreadable
from geo.boundaries.sources import read_sources
from geo.boundaries.standing import Standing

Feature = dict[str, Any]
CITY = "3799"
COMMUNITIES = ("379901001001", "379901001002")
WEST, SOUTH, SIDE = 117.0, 36.6, 0.01

LEVELS = """
levels = [
  { key = "city", zh = "市", en = "City", digits = 4 },
  { key = "community", zh = "社区", en = "Community", digits = 12 },
  { key = "grid", zh = "网格", en = "Grid", digits = 15 },
]
"""


def square(column: float, row: float, wide: float = 1, high: float = 1) -> BaseGeometry:
    """A rectangle of the made lattice, nodes at every unit so that neighbours share them."""
    xs = [*(column + at for at in range(max(1, int(wide)))), column + wide]
    ys = [*(row + at for at in range(max(1, int(high)))), row + high]
    ring = [(x, ys[0]) for x in xs] + [(xs[-1], y) for y in ys[1:]]
    ring += [(x, ys[-1]) for x in xs[-2::-1]] + [(xs[0], y) for y in ys[-2::-1]]
    return shapely.Polygon([(round(WEST + x * SIDE, 8), round(SOUTH + y * SIDE, 8)) for x, y in ring])


def feature(shape: BaseGeometry | None, **properties: Any) -> Feature:
    geometry = None if shape is None else json.loads(shapely.to_geojson(shape))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def grids() -> list[Feature]:
    """Eight grids of two communities: columns 0–1 and 2–3, two rows."""
    return [
        feature(
            square(column, row),
            code=f"{COMMUNITIES[column // 2]}{row * 2 + column % 2 + 1:03d}",
            name=f"网格{column}{row}",
            parent=COMMUNITIES[column // 2],
        )
        for row in range(2)
        for column in range(4)
    ]


def communities() -> list[Feature]:
    return [feature(square(2 * at, 0, 2, 2), code=code, name=f"社区{at}") for at, code in enumerate(COMMUNITIES)]


def write(path: Path, features: Iterable[Feature], **extra: Any) -> Path:
    document = {"type": "FeatureCollection", **extra, "features": list(features)}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


def write_sources(
    folder: Path, *, file: str = "grids.geojson", grid: str = "", head: str = "", city: str = LEVELS
) -> Path:
    """A sources.toml beside the files; ``grid`` adds lines to the grid layer, ``head`` tables before the layers."""
    path = folder / "sources.toml"
    path.write_text(
        f'[city]\nname = "试验市"\ncode = "{CITY}"\ntime_zone = "Asia/Shanghai"\n{city}\n{head}\n'
        '[[layer]]\nfile = "communities.geojson"\nlevel = "community"\ndatum = "wgs84"\ncode = "code"\nname = "name"\n'
        f'[[layer]]\nfile = "{file}"\nlevel = "grid"\n'
        + (grid or 'datum = "wgs84"\ncode = "code"\nname = "name"\nparent = "parent"\n'),
        encoding="utf-8",
    )
    return path


def write_city(folder: Path, spoil: Callable[[list[Feature]], None] = lambda _: None) -> Path:
    """The clean city with its grids spoiled; answers its sources.toml."""
    spoiled = grids()
    spoil(spoiled)
    write(folder / "grids.geojson", spoiled)
    write(folder / "communities.geojson", communities())
    return write_sources(folder)


def prepare(path: Path, standing: Standing | None = None, within: str | None = None) -> Prepared:
    return importing.prepare(read_sources(path), standing, within=within)


def rows_of(path: Path) -> tuple[Tree, list[Finding]]:
    """The rows of a city's files as they are read, with their parents looked for, and what was found so far."""
    sources = read_sources(path)
    city = sources.city
    assert city is not None
    layers, findings = [], []
    for source in sources.layers:
        raw = read_raw(source)
        layer, more = placed(
            boundaries_of(raw, source, city.level(source.level), city.level), raw, around_time_zone(city.time_zone)
        )
        layers.append(layer)
        findings += unreadable(raw, source) + more
    findings += judge_layers(layers, findings)
    tree, more = tree_of(city, layers, {})
    tree, parents = found_parents(tree)
    return tree, [*findings, *more, *parents]


def kinds(found: Iterable[Finding], severity: str = "error") -> set[str]:
    return {one.kind for one in found if one.severity == severity}


def one(found: Iterable[Finding], kind: str) -> Finding:
    (only,) = [finding for finding in found if finding.kind == kind]
    return only


def moved(shape: Feature, change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> None:
    """Change the ring of a feature's polygon in place."""
    ring = np.asarray(shape["geometry"]["coordinates"][0])
    shape["geometry"]["coordinates"] = [change(ring).tolist()]
