"""Rows of a file judged: what can be stored becomes reports, the rest is named; no row is refused for its position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo import instants
from geo.arrays import Bools, Floats, Ints
from geo.assignments import on_earth
from geo.crs import datum_of
from geo.errors import GeoError
from geo.frames import Frame
from geo.incidents.findings import Findings
from geo.incidents.reports import REPORTED, UNCLASSIFIED, Reports, lonlat_of
from geo.instants import NEVER_US
from geo.judging import Judging, bools

_MOST_M = 1e6
"""An accuracy beyond it is none: what is told through the door is held to it, too."""
_ORDINARY = ("", "0", "false", "no", "n", "normal", "ordinary", "low", "medium", "一般", "普通", "否", "不紧急", "平急")
_URGENT = ("1", "true", "yes", "y", "urgent", "high", "emergency", "紧急", "加急", "特急", "是", "非常紧急")


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Parameters
    ----------
    columns
        Field → column.
    datum
        Of positions whose row names none.
    source
        Of rows when no column does; empty = none.
    zone
        The city's time zone: of times without offset.
    bounds
        The city's west, south, east, north in degrees: swapped coordinates that lie there betray themselves.
    earliest_us, latest_us
        Times that can be.
    """

    columns: Mapping[str, str]
    datum: str
    source: str
    zone: str
    bounds: tuple[float, float, float, float]
    earliest_us: int
    latest_us: int


def judge(frame: Frame, reading: Reading, findings: Findings) -> Reports:
    """The rows of ``frame`` that can be stored; the others are added to ``findings``."""
    judging = _Judging(frame, reading, findings)
    source, reference = judging.key(reading.source)
    occurred_us = judging.occurred()
    raw, datum, lonlat = judging.positions()
    reports = Reports(
        row=frame.rows,
        source=source,
        reference=reference,
        category=judging.filled("category", UNCLASSIFIED),
        urgency=judging.urgencies(),
        status=judging.filled("status", REPORTED),
        occurred_us=occurred_us,
        reported_us=judging.reported(),
        raw=raw,
        datum=datum,
        accuracy_m=judging.accuracies(),
        address=judging.optional("address"),
        stated_area=judging.optional("area"),
        lonlat=lonlat,
    )
    return reports.taken(np.flatnonzero(judging.good))


class _Judging(Judging):
    def __init__(self, frame: Frame, reading: Reading, findings: Findings) -> None:
        super().__init__(frame, reading.columns, findings)
        self.reading = reading

    def optional(self, field: str) -> pa.Array:
        """A field as texts, null where there is none."""
        texts = self.texts(field)
        return pc.if_else(pc.equal(texts, ""), None, texts)

    def occurred(self) -> Ints:
        column = self.column("occurred_at")
        assert column is not None, "mapped() makes sure of it"
        read = instants.read(column, self.reading.zone)
        self.refuse("no_time", "occurred_at", read.is_blank)
        self.refuse("unreadable_time", "occurred_at", read.us == NEVER_US)
        self.refuse("impossible_time", "occurred_at", self.impossible(read.us))
        self.findings.count("naive_time", int((read.is_naive & self.good).sum()))
        return read.us

    def impossible(self, us: Ints) -> Bools:
        return np.asarray((us < self.reading.earliest_us) | (us > self.reading.latest_us), dtype=np.bool_)

    def reported(self) -> Ints:
        column = self.column("reported_at")
        if column is None:
            return np.full(len(self.frame.rows), NEVER_US, dtype=np.int64)
        read = instants.read(column, self.reading.zone)
        wrong = ~read.is_blank & self.impossible(read.us)
        self.tell("unreadable_report", "reported_at", wrong)
        return np.where(wrong, NEVER_US, read.us)

    def accuracies(self) -> Floats:
        metres, _, wrong = self.figures("accuracy_m")
        wrong |= (metres < 0) | (metres > _MOST_M)
        self.tell("unreadable_accuracy", "accuracy_m", wrong)
        return np.where(wrong, np.nan, metres)

    def urgencies(self) -> NDArray[np.int16]:
        texts = pc.utf8_lower(self.texts("urgency"))
        urgent, ordinary = (bools(pc.is_in(texts, pa.array(words))) for words in (_URGENT, _ORDINARY))
        self.tell("unknown_urgency", "urgency", ~urgent & ~ordinary)
        return urgent.astype(np.int16)

    def positions(self) -> tuple[Floats, pa.Array, Floats]:
        """Raw positions, their datums, and degrees WGS 84: NaN where there is no position on Earth."""
        (x, no_x, bad_x), (y, no_y, bad_y) = self.figures("lon"), self.figures("lat")
        raw = np.column_stack([x, y])
        datum, known = self.datums()
        lonlat = lonlat_of(raw, datum)
        self.tell("unreadable_position", "lon", bad_x)
        self.tell("unreadable_position", "lat", bad_y & ~bad_x)
        blank = (no_x | no_y) & ~(bad_x | bad_y)
        self.findings.count("no_position", int((blank & self.good).sum()))
        whole = np.isfinite(raw).all(axis=1)
        self.tell("unknown_datum", "datum", whole & ~known)
        away = whole & known & ~self.in_city(lonlat)
        swapped = away & self.swapped_in_city(raw, datum, away)
        lost = whole & known & ~swapped & ~on_earth(lonlat)
        pairs = _pairs(raw) if (swapped | lost).any() else None
        self.tell("latitude_first", "lon", swapped, pairs)
        self.tell("out_of_range", "lon", lost, pairs)
        return raw, datum, lonlat

    def datums(self) -> tuple[pa.Array, Bools]:
        """The datums by their plain names, and which are known; the others stay as they were written."""
        names = self.filled("datum", self.reading.datum)
        known = np.zeros(len(names), dtype=np.bool_)
        for name in pc.unique(names).to_pylist():
            try:
                plain = datum_of(name).name
            except GeoError:
                continue
            rows = pc.equal(names, name)
            known |= bools(rows)
            names = names if plain == name else pc.if_else(rows, plain, names)
        return names, known

    def in_city(self, lonlat: Floats) -> Bools:
        west, south, east, north = self.reading.bounds
        x, y = lonlat.T
        return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north), dtype=np.bool_)

    def swapped_in_city(self, raw: Floats, datum: pa.Array, where: Bools) -> Bools:
        """Which of the rows ``where`` would lie in the city with their coordinates swapped."""
        found, rows = np.zeros(len(raw), dtype=np.bool_), np.flatnonzero(where)
        if len(rows):
            swapped = np.ascontiguousarray(raw[rows, ::-1])
            found[rows] = self.in_city(lonlat_of(swapped, datum.take(pa.array(rows))))
        return found


def _pairs(raw: Floats) -> pa.Array:
    """Positions (n, 2) as a person reads them."""
    return pa.array([f"{x:.9g} {y:.9g}" for x, y in raw.tolist()])
