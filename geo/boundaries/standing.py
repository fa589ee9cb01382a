"""What stands already: the city published, its division in force, and how an import leans on both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from geo import areas, editions
from geo.areas import City, Edition
from geo.arrays import Bools, Codes
from geo.boundaries.members import Members
from geo.boundaries.reading import blank
from geo.boundaries.sources import CITY_LEVEL, CitySource, LevelSource
from geo.errors import Unknown
from geo.incidents.evidence import of_store
from geo.space.division import Division
from geo.space.evidence import Stated
from geo.tables import codes


@dataclass(frozen=True)
class Standing:
    """The city as published.

    ``given`` holds every code ever given, retired ones included; ``stated`` are the stored incidents that state their
    area, None when none does: evidence of the datum of new boundaries.
    """

    city: City
    edition: Edition
    division: Division
    given: frozenset[str]
    stated: Stated | None = None

    def ground(self, code: str) -> BaseGeometry:
        """Shape of an area in force. Raises Unknown when the code is no area."""
        at = np.flatnonzero(self.division.area_codes == code)
        if not at.size:
            raise Unknown(
                f"no area {code!r} in edition {self.edition.number}; --within takes the code of one of its areas"
            )
        shape: BaseGeometry = self.division.area_shapes[at[0]]
        return shape

    def level(self, code: str) -> int:
        """Level of an area in force, 0 = the city. Raises Unknown when the code is no area."""
        self.ground(code)
        return int(self.division.area_levels[self.division.area_codes == code][0])


def standing_of(connection: sa.Connection) -> Standing | None:
    """The city that is published; None before the first edition."""
    try:
        city = areas.city(connection)
        edition = areas.current(connection)
    except Unknown:
        return None
    given = frozenset(connection.scalars(sa.select(codes.c.code)))
    return Standing(city, edition, editions.stored(connection, edition), given, of_store(connection))


def source_of(city: City) -> CitySource:
    """A published city as the sources of its next import would declare it."""
    lengths = city.code_lengths or (0,) * len(city.levels)
    levels = tuple(
        LevelSource(level.key, level.zh, level.en, length or None)
        for level, length in zip(city.levels, lengths, strict=True)
    )
    return CitySource(name=city.name, code=city.code, time_zone=city.time_zone, levels=levels, name_en=city.name_en)


def members_of(standing: Standing, within: str | None) -> dict[int, Members]:
    """Areas in force by level, without the city; with ``within`` only that area, those under it and those above it.

    Areas above the scope come without ground: only what lies in the scope is judged.
    """
    division = standing.division
    inside = np.ones(len(division.area_codes), dtype=np.bool_)
    above = np.zeros(len(division.area_codes), dtype=np.bool_)
    if within is not None:
        inside = division.areas_within(within)
        above = np.isin(division.area_codes, _chain(division, within)) & ~inside
    levels = range(CITY_LEVEL + 1, standing.city.grid_level)
    return {level: _members(standing, level, inside, above) for level in levels}


def _chain(division: Division, code: str) -> list[str]:
    chain = [code]
    while parent := division.parent_of_area(chain[-1]):
        chain.append(parent)
    return chain


def _members(standing: Standing, level: int, inside: Bools, above: Bools) -> Members:
    division = standing.division
    at = np.flatnonzero((division.area_levels == level) & (inside | above))
    shapes = division.area_shapes[at].copy()
    shapes[above[at]] = None
    return Members(
        level=level,
        key=standing.city.levels[level].key,
        codes=_texts(division.area_codes[at]),
        names=_texts(division.area_names[at]),
        kinds=blank(len(at)),
        parents=_texts(division.area_parents[at]),
        parent_names=blank(len(at)),
        files=np.full(len(at), f"edition {standing.edition.number}", dtype=object),
        rows=((),) * len(at),
        shapes=shapes,
        ancestors={},
    )


def _texts(words: Codes) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.asarray([str(word) for word in words], dtype=object)
