"""Code lists: the keys a field of choice may hold, their names, and what offices write for them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("lists.toml")


@dataclass(frozen=True)
class Word:
    """One key of a list with its name in both languages, and other words that mean it."""

    key: str
    zh: str
    en: str
    also: tuple[str, ...] = ()


@cache
def lists() -> dict[str, dict[str, Word]]:
    """Every list by its name, in the order of the file: key → word."""
    told = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: {key: Word(key, one["zh"], one["en"], tuple(one.get("also", ()))) for key, one in words.items()}
        for name, words in told.items()
    }


@cache
def meanings(name: str) -> dict[str, str]:
    """What files say, in lower case and without blanks → key of the list ``name``; every key and name means itself."""
    found: dict[str, str] = {}
    for word in lists()[name].values():
        for said in (word.key, word.zh, word.en, *word.also):
            found.setdefault(plain(said), word.key)
    return found


def plain(said: str) -> str:
    """A word as it is compared: lower case, without blanks, hyphens and underscores."""
    return "".join(letter for letter in said.lower() if letter not in " _-　")
