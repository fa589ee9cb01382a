"""What is found in a file of rows: every refused row with column, value, why and what would be right."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from geo.errors import TooMuch

LISTED = 10_000
"""Rows listed of a kind that refuses nothing; all are counted, and stored."""
_REFUSED = 100_000  # refused rows before the file is given up: the mapping is wrong, not the rows


Place = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """One kind of finding; ``refuses`` says whether its rows are left out."""

    key: str
    refuses: bool
    zh: str
    en: str


ENCODING = Kind(
    "encoding",
    False,
    "未声明编码，按识别结果读取",
    "no encoding was declared and the text is not UTF-8: read as recognised; declare it with --encoding to be sure",
)
"""Every noun's findings say so when a file's encoding was recognised."""


@dataclass(frozen=True)
class Finding:
    """One row of the file and what is the matter with it; ``where`` in degrees WGS 84 when it has a place."""

    kind: Kind
    row: int
    column: str
    value: str
    where: Place | None = None

    @property
    def message(self) -> str:
        """Row, column, value, why, and what would be right."""
        return f"row {self.row}, {self.column}: {self.value!r}: {self.kind.zh} · {self.kind.en}"


@dataclass
class Findings:
    """Findings gathered chunk after chunk; of kinds that refuse no row only the first ten thousand are listed.

    Each noun has its own ``kinds``.
    """

    kinds: ClassVar[Mapping[str, Kind]] = {}
    listed: list[Finding] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)

    def add(
        self, key: str, column: str, rows: Iterable[tuple[int, str]], where: Mapping[int, Place] | None = None
    ) -> None:
        """Take note of rows (number and value), and of the places of those that have one.

        Raises
        ------
        TooMuch
            When so many rows are refused that the columns must have been mistaken.
        """
        kind = self.kinds[key]
        for row, value in rows:
            self.totals[key] += 1
            if kind.refuses or self.totals[key] <= LISTED:
                self.listed.append(Finding(kind, row, column, value, (where or {}).get(row)))
        if self.refused > _REFUSED:
            last = self.listed[-1].message
            raise TooMuch(f"more than {_REFUSED:,} rows would be refused; are the columns right? The last: {last}")

    def count(self, key: str, number: int) -> None:
        """Take note of a number of rows that need no list."""
        if number:
            self.totals[key] += number

    def forget(self, key: str) -> None:
        """Take back what was found of a kind, to find it anew."""
        if self.totals.pop(key, 0):
            self.listed = [one for one in self.listed if one.kind.key != key]

    @property
    def refused(self) -> int:
        """Rows that are left out."""
        # one thread finds what another asks for: a list of a dictionary is made in one stroke
        return sum(number for key, number in list(self.totals.items()) if self.kinds[key].refuses)

    def geojson(self) -> str:
        """Everything listed as a GeoJSON layer (RFC 7946): one feature a finding, ``geometry`` null without a place."""
        features = [
            {
                "type": "Feature",
                "geometry": None if one.where is None else {"type": "Point", "coordinates": list(one.where)},
                "properties": {
                    "kind": one.kind.key,
                    "row": one.row,
                    "column": one.column,
                    "value": one.value,
                    "refused": one.kind.refuses,
                    "zh": one.kind.zh,
                    "en": one.kind.en,
                },
            }
            for one in self.listed
        ]
        return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
