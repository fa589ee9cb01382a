"""What a blind spot is about, as its address says it: building/12, unit/7, or a level and a code."""

from __future__ import annotations

import sqlalchemy as sa

from geo import areas
from geo.areas import Edition
from geo.coverage.spots import KINDS, Subject
from geo.errors import Unknown
from geo.tables import codes

_LARGEST = 2**63 - 1


def subject(connection: sa.Connection, text: str, edition: Edition) -> Subject:
    """What ``text`` names, a kind and an id or code with a stroke between.

    Raises
    ------
    Unknown
        When there is no such kind, or no such grid or area in the edition.
    """
    kind, _, name = text.partition("/")
    city = areas.city(connection)
    levels = [level.key for level in city.levels]
    if kind in levels:
        place = areas.place(connection, name, edition)
        if city.levels[place.level].key != kind:
            raise Unknown(f"{name} is a {city.levels[place.level].key} and no {kind}")
        return Subject(kind, place.id)
    if kind not in KINDS or not (name.isascii() and name.isdigit() and 0 < int(name) <= _LARGEST):
        raise Unknown(f"no blind spot {text!r}; they are called as building/12, unit/7, grid/CODE or {levels[-2]}/CODE")
    return Subject(kind, int(name))


def addresses(connection: sa.Connection, levels: tuple[str, ...], found: list[Subject]) -> dict[Subject, str]:
    """How each is called; ``levels`` are the keys whose things are called by their code."""
    coded = sorted({one.number for one in found if one.kind in levels})
    query = sa.select(codes.c.id, codes.c.code).where(codes.c.id.in_(coded))
    names = {row.id: row.code for row in connection.execute(query)}
    return {one: f"{one.kind}/{names[one.number] if one.kind in levels else one.number}" for one in found}
