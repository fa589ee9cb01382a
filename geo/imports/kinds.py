"""What a kind of import has to be able to do, and the form a person fills in for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.areas import City
from geo.errors import Refused, Stale
from geo.imports.holdings import Holdings
from geo.imports.records import Import

COLUMN, CHOICE, DATUM, TEXT, FLAG = "column", "choice", "datum", "text", "flag"
"""What a field is filled with: a column of the file, one of its choices, a datum, words, yes or no."""

ENCODINGS = {
    "UTF-8": ("UTF-8", "UTF-8"),
    "GBK": ("GBK（中文 Windows）", "GBK (Chinese Windows)"),
    "Big5": ("Big5（繁体）", "Big5 (traditional Chinese)"),
    "UTF-16": ("UTF-16", "UTF-16"),
}
"""Encodings a person may declare; without one it is recognised."""

Mapped = Mapping[str, Any]
Guess = dict[str, dict[str, Any]]
Step = Callable[[str, str, int | None, int | None], None]
"""Told of progress: the step in Chinese and in English, rows done and their total where they are known."""


def told_by(step: Step) -> Callable[[str], None]:
    """Tells a step words of progress: Chinese before the first blank, English after it, then what they are of."""

    def tell(words: str) -> None:
        zh, _, rest = words.partition(" ")
        en, _, name = rest.partition(" ")
        step(f"{zh} {name}".strip(), f"{en} {name}".strip(), None, None)

    return tell


@dataclass(frozen=True)
class Field:
    """One line of the form.

    Parameters
    ----------
    choices
        Value → its words in Chinese and English; of a column or datum there are none here.
    zh, en
        What it is called, where the pages have no words of their own for it.
    """

    name: str
    role: str
    is_needed: bool = False
    choices: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    zh: str = ""
    en: str = ""

    def document(self) -> dict[str, Any]:
        """The field as plain JSON values."""
        choices = [{"value": value, "zh": zh, "en": en} for value, (zh, en) in self.choices.items()]
        told = {"name": self.name, "role": self.role, "is_needed": self.is_needed, "choices": choices}
        return {**told, "words": {"zh": self.zh, "en": self.en} if self.zh else None}


@dataclass(frozen=True)
class Work:
    """What is to be worked on: a record, its file, the database, whom to tell, and the city as it is called."""

    record: Import
    path: Path
    engine: sa.Engine
    step: Step

    @property
    def actor(self) -> Actor:
        """Who handed the file in."""
        return Actor(self.record.actor)


@dataclass(frozen=True)
class Found:
    """What judging found.

    Parameters
    ----------
    edition
        Number of the edition in force it was judged on; 0 before the first.
    counts
        Findings of each severity.
    kinds
        For each severity and kind how many, and the m² concerned.
    summary
        What would be stored; members differ by kind of import.
    refusal
        Why it cannot be taken in though its rows can be read; empty when it can, or when findings say why.
    findings
        Each finding as plain JSON values, in the order they are shown in.
    places
        The findings that have a place, as a GeoJSON layer.
    overlay
        What the map draws: findings and the file's own ground, simplified.
    """

    edition: int
    counts: Mapping[str, int]
    kinds: list[dict[str, Any]]
    summary: Mapping[str, Any]
    refusal: str
    findings: Iterable[Mapping[str, Any]]
    places: Mapping[str, Any]
    overlay: Mapping[str, Any]

    @property
    def is_refused(self) -> bool:
        """Whether it cannot be taken in as it stands."""
        return bool(self.refusal or self.counts.get("error"))


class Kind(Protocol):
    """One kind of import; stateless."""

    @property
    def key(self) -> str:
        """How it is called in addresses and records."""

    def fields(self, city: City | None) -> list[Field]:
        """The form to be filled in; ``city`` None = none is published yet."""

    def look(self, path: Path, asked: Mapped, city: City | None) -> tuple[Holdings, Guess]:
        """What the file holds, and what its columns seem to be.

        ``asked`` may name an ``encoding`` and a ``layer``. Raises Refused when it cannot be read, TooMuch when it
        unpacks to more than the setting allows.
        """

    def judge(self, work: Work) -> Found:
        """Everything that is wrong with the file and what it would change; nothing is stored. Raises GeoError."""

    def commit(self, work: Work, actor: Actor, edition: int) -> dict[str, Any]:
        """What it became; computed anew. Raises Stale when ``edition`` is no longer in force, and GeoError."""


def guessed(value: str, zh: str, en: str) -> dict[str, Any]:
    """A guess with its reason in both languages."""
    return {"value": value, "why": {"zh": zh, "en": en}}


def still(connection: sa.Connection, edition: int) -> None:
    """Nothing, when this edition is in force; 0 = none. Raises Stale otherwise."""
    newest = areas.newest_number(connection)
    if newest != edition:
        raise Stale(f"judged on edition {edition}, and edition {newest} is in force now: judge it again")


def checked(kind: Kind, given: Mapped, record: Import, city: City | None) -> dict[str, Any]:
    """What a person declared, without blanks, when it fits the form.

    Raises
    ------
    Refused
        For a field or choice there is none of, a column the file does not have, and a needed field left out.
    """
    fields = {one.name: one for one in kind.fields(city)}
    told = {name: value for name, value in given.items() if value not in (None, "", False)}
    for name, value in told.items():
        if name not in fields:
            raise Refused(f"{name!r} is no field of an import of {kind.key}; there are: {', '.join(fields)}")
        _fits(fields[name], value, record)
    return told


def complete(kind: Kind, record: Import, city: City | None) -> None:
    """Nothing, when every needed field is declared. Raises Refused with those that are not."""
    lacking = [one.name for one in kind.fields(city) if one.is_needed and one.name not in record.mapping]
    if lacking:
        raise Refused(f"{', '.join(lacking)} must be declared before the file can be judged")


def _fits(one: Field, value: Any, record: Import) -> None:
    if one.role == FLAG:
        if not isinstance(value, bool):
            raise Refused(f"{one.name} is {value!r}; it must be true or false")
        return
    if not isinstance(value, str) or len(value) > 500 or "\x00" in value:
        raise Refused(f"{one.name} is {str(value)[:80]!r}; it must be a text of at most 500 letters")
    if one.role == DATUM:
        from geo.crs import datum_of

        datum_of(value)
    if one.role == CHOICE and one.choices and value not in one.choices:
        raise Refused(f"{one.name} is {value!r}; it must be one of {', '.join(one.choices)}")
    if one.role == COLUMN and record.holds and "{" not in value:
        there = [column["name"] for column in record.holds["columns"]]
        if value not in there:
            raise Refused(f"{record.filename} has no column {value!r}; it has {', '.join(there)}")
