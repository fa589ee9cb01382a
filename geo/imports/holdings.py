"""What a file holds, seen before it is judged: layers, columns with a few values, rows, and the CRS it tells of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

SHOWN = 5
"""Rows shown of a file, and values of each column."""

LOOKED_AT = 200
"""Rows read to guess what the columns are."""

_LONGEST = 120  # letters of a value that is shown


@dataclass(frozen=True)
class Holdings:
    """A file seen from outside.

    Parameters
    ----------
    form
        What it is: ``geojson``, ``csv`` …
    layers
        Names of the layers inside; empty when there is one only.
    layer
        The one looked at; None where there is no choice.
    encoding, encoding_why
        How its texts are read, and why so; None where that is UTF-8 or the form itself says it.
    crs
        What the file says of its coordinates, in its own words; None when it says nothing. It may be wrong.
    rows
        Their number; None when only reading the whole file tells.
    columns
        Name → a few values as texts, in the file's order.
    types
        Name → type as people say it: text, number …
    preview
        The first rows, as many values as columns.
    has_shapes
        Whether it has a geometry beside its columns.
    """

    form: str
    columns: Mapping[str, Sequence[str]]
    types: Mapping[str, str]
    preview: Sequence[Sequence[str]]
    layers: Sequence[str] = ()
    layer: str | None = None
    encoding: str | None = None
    encoding_why: Mapping[str, str] | None = None
    crs: str | None = None
    rows: int | None = None
    has_shapes: bool = False

    def document(self) -> dict[str, Any]:
        """All of it as plain JSON values; of each column no more values than are shown."""
        told = asdict(self)
        told["columns"] = [
            {"name": name, "type": self.types.get(name, ""), "samples": _shown(values)}
            for name, values in self.columns.items()
        ]
        del told["types"]
        return told


def previewed(columns: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The first rows of columns, each value cut to what a table shows."""
    shown = [list(values[:SHOWN]) for values in columns.values()]
    return [[_cut(value) for value in row] for row in zip(*shown, strict=True)]


def _shown(values: Sequence[str]) -> list[str]:
    """The first different values that say something."""
    different = [value for value in dict.fromkeys(values) if value]
    return [_cut(value) for value in different[:SHOWN]]


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
