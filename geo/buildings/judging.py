"""Rows of a file judged: what can be stored becomes footprints, the rest is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.arrays import Floats
from geo.buildings.findings import Findings
from geo.buildings.footprints import COUNTS, Footprints, taken
from geo.buildings.uses import coded
from geo.crs import Datum
from geo.frames import Frame
from geo.judging import Judging
from geo.polygons import Ground, read_all

_WIDEST = 0.1  # degrees; the largest buildings of the world are a kilometre long
_MOST = {"floors": 200.0, "households": 100_000.0, "firms": 100_000.0, "workers": 1_000_000.0}


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Parameters
    ----------
    columns
        Field → column.
    geometry
        Column of WKB.
    datum
        Of the footprints.
    source
        Of rows when no column does; empty = none.
    uses
        The source's own words → use; see :func:`geo.buildings.uses.read_map`.
    bounds
        The city's west, south, east, north in degrees: swapped coordinates that lie there betray themselves.
    """

    columns: Mapping[str, str]
    geometry: str
    datum: Datum
    source: str
    bounds: tuple[float, float, float, float]
    uses: Mapping[str, str] = field(default_factory=dict)


def judge(frame: Frame, reading: Reading, findings: Findings) -> Footprints:
    """The rows of ``frame`` that can be stored; the others are added to ``findings``."""
    judging = _Judging(frame, reading, findings)
    source, reference = judging.key(reading.source)
    ground = Ground(reading.geometry, reading.datum, reading.bounds, _WIDEST)
    made = read_all(judging, ground)
    given = judging.texts("use")
    columns = {
        "row": frame.rows,
        "source": source,
        "reference": reference,
        "use": judging.uses(given),
        "use_given": _known(given),
        **{name: judging.counts(name) for name in COUNTS},
        "name": _known(judging.texts("name")),
        "address": _known(judging.texts("address")),
    }
    good = np.flatnonzero(judging.good)
    return Footprints(**{name: taken(column, good) for name, column in columns.items()}, ground=made)


class _Judging(Judging):
    def __init__(self, frame: Frame, reading: Reading, findings: Findings) -> None:
        super().__init__(frame, reading.columns, findings)
        self.reading = reading

    def uses(self, given: pa.Array) -> pa.Array:
        codes, strange = coded(given, self.reading.uses)
        self.tell("unknown_use", "use", strange)
        return codes

    def counts(self, name: str) -> Floats:
        """Counts, NaN for unknown; half a floor is one, half a household is not."""
        told, _, wrong = self.figures(name)
        wrong |= (told < 0) | (told > _MOST[name])
        if name != "floors":
            wrong |= ~np.isnan(told) & (told != np.floor(told))
        self.tell("unreadable_count", name, wrong)
        # floors are stored in four bytes: what is compared later must be what is stored
        return np.where(wrong, np.nan, told).astype(np.float32).astype(np.float64)


def _known(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), None, texts)
