"""What a row of an entity can say: fields with their kind and their names in both languages.

A field is declared once; its column in the store, its mapping from a file, its judgement and its filter follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a field holds."""

    TEXT = "text"
    CHOICE = "choice"
    """A key of a code list."""
    COUNT = "count"
    """A whole number, 0 or more."""
    FIGURE = "figure"
    """A number, 0 or more."""
    DAY = "day"
    MOMENT = "moment"
    """An instant; without offset in the city's time zone."""
    FLAG = "flag"
    """Yes or no."""
    REFERENCE = "reference"
    """Another entity's row, by its reference, or ``source:reference``."""
    PLACE = "place"
    """An area or grid of the edition in force, by code or unique name."""


@dataclass(frozen=True)
class Field:
    """One field of an entity.

    Parameters
    ----------
    name
        As files, questions and answers call it.
    zh, en
        As pages call it.
    also
        Names of columns that are understood without being told.
    needed
        Whether a row without it is refused.
    words
        CHOICE: key of the code list.
    to
        REFERENCE: key of the entity, or ``buildings``.
    levels
        PLACE: keys of levels that may be named; empty = any.
    unit
        Of a figure or count, as ``m²``; blank for pure numbers.
    most
        COUNT and FIGURE: what is larger was misread.
    """

    name: str
    kind: Kind
    zh: str
    en: str
    also: tuple[str, ...] = ()
    needed: bool = False
    words: str = ""
    to: str = ""
    levels: tuple[str, ...] = ()
    unit: str = ""
    most: float = 1e9

    @property
    def column(self) -> str:
        """Name of its column in the store; ids end in ``_id``."""
        return f"{self.name}_id" if self.kind in (Kind.REFERENCE, Kind.PLACE) else self.name


def text(name: str, zh: str, en: str, *also: str, needed: bool = False) -> Field:
    """A field of free words."""
    return Field(name, Kind.TEXT, zh, en, also, needed)


def choice(name: str, zh: str, en: str, *also: str, words: str, needed: bool = False) -> Field:
    """A field that holds a key of the code list ``words``."""
    return Field(name, Kind.CHOICE, zh, en, also, needed, words=words)


def count(name: str, zh: str, en: str, *also: str, needed: bool = False, most: float = 1e7) -> Field:
    """A field of whole numbers."""
    return Field(name, Kind.COUNT, zh, en, also, needed, most=most)


def figure(name: str, zh: str, en: str, *also: str, unit: str = "") -> Field:
    """A field of numbers."""
    return Field(name, Kind.FIGURE, zh, en, also, unit=unit)


def day(name: str, zh: str, en: str, *also: str, needed: bool = False) -> Field:
    """A field of days."""
    return Field(name, Kind.DAY, zh, en, also, needed)


def moment(name: str, zh: str, en: str, *also: str, needed: bool = False) -> Field:
    """A field of instants."""
    return Field(name, Kind.MOMENT, zh, en, also, needed)


def flag(name: str, zh: str, en: str, *also: str) -> Field:
    """A field of yes and no."""
    return Field(name, Kind.FLAG, zh, en, also)


def reference(name: str, zh: str, en: str, *also: str, to: str, needed: bool = False) -> Field:
    """A field that names a row of the entity ``to``."""
    return Field(name, Kind.REFERENCE, zh, en, also, needed, to=to)


def place(name: str, zh: str, en: str, *also: str, levels: tuple[str, ...] = (), needed: bool = False) -> Field:
    """A field that names an area or grid."""
    return Field(name, Kind.PLACE, zh, en, also, needed, levels=levels)
