"""The registers of the made city as the files offices send: one for each entity, written beside the buildings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import shapely

from geo.arrays import Shapes
from geo.demo import (
    alliances,
    counts,
    coverings,
    estates,
    matters,
    organisations,
    posts,
    stages,
    stations,
    units,
    ways,
)  # fmt: skip
from geo.demo.alliances import Alliances
from geo.demo.books import write_xlsx
from geo.demo.business import BusinessDistrict
from geo.demo.columns import numbered
from geo.demo.coverings import Coverings
from geo.demo.estates import Estates
from geo.demo.organisations import Organisations
from geo.demo.plans import REGISTERS, Order
from geo.demo.sites import Sites
from geo.demo.towns import City
from geo.demo.units import Units
from geo.demo.ways import Ways
from geo.entities import ENTITIES


@dataclass(frozen=True, eq=False)
class Registry:
    """Units, how they are covered, and by whom: what the registers are written from."""

    city: City
    sites: Sites
    districts: list[BusinessDistrict]
    units: Units
    ways: Ways
    names: list[str]
    told: Organisations
    records: Coverings
    allied: Alliances
    fenced: Estates
    register: pa.Table


def draw(city: City, sites: Sites, districts: list[BusinessDistrict]) -> Registry:
    """All of it, in memory: about three hundred bytes a unit."""
    some = units.register(city, sites, districts)
    register = units.table(some, sites, city.order)
    names = register["单位名称"].to_pylist()
    how = ways.decide(some, city.order.chance(103))
    told = organisations.found(city, sites, some, names, how)
    records = coverings.cover(city, sites, some, how, told)
    allied = alliances.ally(city, sites, some, told)
    fenced = estates.fence(city, sites)
    return Registry(city, sites, districts, some, how, names, told, records, allied, fenced, register)


def leaders(registry: Registry) -> list[str]:
    """Reference of the organisation that leads the alliance of each business district, blank where there is none."""
    body = np.full(len(registry.districts), -1, dtype=np.int64)
    body[registry.allied.district] = registry.allied.leader
    return [one or "" for one in numbered(organisations.PREFIX, body).to_pylist()]


def write(registry: Registry, folder: Path) -> None:
    """Write every register but business districts, which stand already, and stages, which follow the incidents."""
    city, told = registry.city, registry.told
    capacity = coverings.capacities(told, registry.records, city.order)
    tables = {
        "units": registry.register,
        "party_organisations": organisations.table(told, capacity, city),
        "coverage_records": coverings.table(registry.records, city),
        "alliances": alliances.table(registry.allied, registry.districts, city),
        "alliance_members": alliances.members(registry.allied, city),
        **_posts_and_counts(registry),
    }
    for key, table in tables.items():
        _write(folder / REGISTERS[key], table, key)
    write_geojson(folder / REGISTERS["estates"], estates.table(registry.fenced, city), registry.fenced.shapes)


def write_stages(folder: Path, incidents: Path, order: Order) -> int:
    """Number of stages written of the incidents of a file that was just written; part by part."""
    rows = 0
    with (folder / REGISTERS["incident_stages"]).open("wb") as file:
        for number, table in enumerate(stages.tables(incidents, order)):
            pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(include_header=number == 0))
            rows += len(table)
    return rows


def _posts_and_counts(registry: Registry) -> dict[str, pa.Table]:
    city, sites, told, fenced = registry.city, registry.sites, registry.told, registry.fenced
    return {
        "service_points": stations.table(city, sites, registry.units, told, fenced),
        "staff_slots": posts.slots(city),
        "duty_contacts": posts.contacts(city, sites, fenced),
        "grid_figures": counts.figures(city, sites),
        "report_ins": counts.report_ins(city),
        "pairings": counts.pairings(city, told),
        "deliberations": counts.deliberations(city, sites, fenced),
        "incident_categories": matters.table(),
    }


def _write(path: Path, table: pa.Table, key: str) -> None:
    if path.suffix == ".xlsx":
        write_xlsx(path, table, ENTITIES[key].zh)
    else:
        write_csv(path, table)


def write_csv(path: Path, table: pa.Table) -> None:
    """A table as UTF-8 CSV; blank where there is nothing."""
    with path.open("wb") as file:
        pyarrow.csv.write_csv(table, file)


def write_geojson(path: Path, table: pa.Table, shapes: Shapes) -> None:
    """A table and its ground, in degrees, as GeoJSON; a feature a line."""
    rows = zip(table.to_pylist(), shapely.to_geojson(shapes).tolist(), strict=True)
    features = [
        f'{{"type":"Feature","properties":{json.dumps(row, ensure_ascii=False)},"geometry":{geometry}}}'
        for row, geometry in rows
    ]
    body = ",\n".join(features)
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n', encoding="utf-8")
