"""An OpenStreetMap file taken apart by hand: nodes, ways and relations as they are written, no GDAL in it.

The oracle of what GDAL makes of them; about a second for a file of a megabyte.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Tags = dict[str, str]
Field = tuple[int, int | bytes]


@dataclass
class Way:
    refs: list[int]
    tags: Tags

    @property
    def is_closed(self) -> bool:
        return len(self.refs) > 3 and self.refs[0] == self.refs[-1]


@dataclass
class Relation:
    members: list[tuple[str, int, str]]
    tags: Tags


@dataclass
class Osm:
    nodes: dict[int, tuple[float, float]] = field(default_factory=dict)
    ways: dict[int, Way] = field(default_factory=dict)
    relations: dict[int, Relation] = field(default_factory=dict)


def read_osm(path: Path) -> Osm:
    made = Osm()
    content = path.read_bytes()
    at = 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        header = dict(fields(content[at + 4 : at + 4 + length]))
        at += 4 + length
        size = int(header[3])  # type: ignore[arg-type]
        if header[1] == b"OSMData":
            blob = dict(fields(content[at : at + size]))
            block(zlib.decompress(blob[3]) if 3 in blob else blob[1], made)  # type: ignore[arg-type]
        at += size
    return made


def block(message: bytes, made: Osm) -> None:
    parts = list(fields(message))
    told: dict[int, Any] = dict(parts)
    strings = [text.decode() for number, text in fields(told[1]) if number == 1]  # type: ignore[union-attr]
    grain, lat0, lon0 = (told.get(key, usual) for key, usual in ((17, 100), (19, 0), (20, 0)))
    items = [item for number, group in parts if number == 2 for item in fields(group)]  # type: ignore[arg-type]
    for kind, item in items:
        one: dict[int, Any] = dict(fields(item))  # type: ignore[arg-type]
        if kind == 2:
            for number, lat, lon in zip(*(summed(one[key]) for key in (1, 8, 9)), strict=True):
                made.nodes[number] = (lon0 + grain * lon) / 1e9, (lat0 + grain * lat) / 1e9
        elif kind == 3:
            made.ways[one[1]] = Way(summed(one.get(8, b"")), tags(one, strings))
        elif kind == 4:
            roles = [strings[at] for at in varints(one.get(8, b""))]
            kinds = [("node", "way", "relation")[at] for at in varints(one.get(10, b""))]
            members = list(zip(kinds, summed(one.get(9, b"")), roles, strict=True))
            made.relations[one[1]] = Relation(members, tags(one, strings))
        else:
            assert kind == 1, "nodes come dense in the files at hand"


def tags(one: dict[int, int | bytes], strings: list[str]) -> Tags:
    keys, values = varints(one.get(2, b"")), varints(one.get(3, b""))
    return {strings[key]: strings[value] for key, value in zip(keys, values, strict=True)}


def fields(message: bytes) -> Iterator[Field]:
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        value, at = varint(message, at)
        if key & 7 == 2:
            yield key >> 3, message[at : at + value]
            at += value
        else:
            yield key >> 3, value


def varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def varints(message: int | bytes) -> list[int]:
    assert isinstance(message, bytes)
    found, at = [], 0
    while at < len(message):
        value, at = varint(message, at)
        found.append(value)
    return found


def zigzag(value: int | bytes) -> int:
    assert isinstance(value, int)
    return (value >> 1) ^ -(value & 1)


def summed(message: int | bytes) -> list[int]:
    """Numbers written as differences."""
    total, found = 0, []
    for step in varints(message):
        total += zigzag(step)
        found.append(total)
    return found
