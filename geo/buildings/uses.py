"""What buildings are used for: one code list, and what the words of many sources mean in it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.arrays import Bools
from geo.errors import Refused
from geo.frames import opened

_FILE = Path(__file__).with_name("uses.toml")
_COLUMNS = ("value", "use")


@dataclass(frozen=True)
class Use:
    """One use with its name in both languages."""

    code: str
    zh: str
    en: str


@cache
def uses() -> dict[str, Use]:
    """Every use by its code, in the order of the list."""
    return {code: Use(code, told["zh"], told["en"]) for code, told in _list().items()}


@cache
def words() -> dict[str, str]:
    """What sources say, in lower case → the code of the use; every code means itself."""
    said = {word: code for code, told in _list().items() for word in told["words"]}
    return said | {code: code for code in _list()}


@cache
def _list() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def read_map(path: Path, encoding: str | None = None) -> dict[str, str]:
    """What a source's own words mean, from a file with the columns ``value`` and ``use``; in lower case.

    A blank use says that the word tells no use.

    Raises
    ------
    Refused
        When the file cannot be read, lacks a column, names a use that is in no list, or a value twice.
    """
    told: dict[str, str] = {}
    with opened(path, encoding=encoding) as sheet:
        if missing := [name for name in _COLUMNS if name not in sheet.schema.names]:
            raise Refused(f"{path.name} has no column {missing[0]!r}; a use map has the columns value and use")
        for frame in sheet.frames:
            columns = [frame.table.column(name).to_pylist() for name in _COLUMNS]
            for row, value, use in zip(frame.rows.tolist(), *columns, strict=True):
                _enter(told, path, row, _plain(value), _plain(use))
    return told


def _enter(told: dict[str, str], path: Path, row: int, value: str, use: str) -> None:
    if use and use not in uses():
        raise Refused(f"{path.name} row {row}: {use!r} is no use; there are: {', '.join(uses())}")
    if value in told:
        raise Refused(f"{path.name} row {row}: {value!r} stands there twice; one value has one use")
    told[value] = use


def _plain(text: object) -> str:
    return "" if text is None else str(text).strip().lower()


def coded(given: pa.Array, own: Mapping[str, str]) -> tuple[pa.Array, Bools]:
    """Codes (n,) of what a source says, null where that tells no use, and where it is a word that is not known.

    Parameters
    ----------
    given
        Texts, empty for none; ``yes`` and ``other`` say that there is a building, not what it is used for.
    own
        The source's own words → use, before the list; from :func:`read_map`.
    """
    known: dict[str, str | None] = {**words(), "": None, "yes": None, "other": None}
    known |= {value: use or None for value, use in own.items()}
    said = pc.dictionary_encode(pc.utf8_lower(given))
    meanings = [known.get(word) for word in said.dictionary.to_pylist()]
    strange = np.array([word not in known for word in said.dictionary.to_pylist()], dtype=np.bool_)
    at = said.indices.to_numpy(zero_copy_only=False)
    return pa.array(meanings, type=pa.string()).take(said.indices), strange[at] if len(at) else np.zeros(0, np.bool_)
