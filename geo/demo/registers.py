"""The registers of the made city as the files offices send: one for each entity, written beside the buildings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from geo.demo import alliances, coverings, organisations, units, ways
from geo.demo.alliances import Alliances
from geo.demo.business import BusinessDistrict
from geo.demo.coverings import Coverings
from geo.demo.organisations import Organisations
from geo.demo.plans import REGISTERS
from geo.demo.sites import Sites
from geo.demo.towns import City
from geo.demo.units import Units
from geo.demo.ways import Ways


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
    return Registry(city, sites, districts, some, how, names, told, records, allied, register)


def write(registry: Registry, folder: Path) -> dict[str, int]:
    """Number of rows written into each file, by the key of its entity."""
    city, told = registry.city, registry.told
    capacity = coverings.capacities(told, registry.records, city.order)
    tables = {
        "units": registry.register,
        "party_organisations": organisations.table(told, capacity, city),
        "coverage_records": coverings.table(registry.records, city),
        "alliances": alliances.table(registry.allied, registry.districts, city),
        "alliance_members": alliances.members(registry.allied, city),
    }
    for key, table in tables.items():
        write_csv(folder / REGISTERS[key], table)
    return {key: len(table) for key, table in tables.items()}


def write_csv(path: Path, table: pa.Table) -> None:
    """A table as UTF-8 CSV; blank where there is nothing."""
    with path.open("wb") as file:
        pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(quoting_style="needed"))
