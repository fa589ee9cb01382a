"""Incidents as they were reported, many at a time and every field usable; what tells a repeat from a change."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.arrays import Floats, Ints
from geo.assignments import on_earth
from geo.crs import datum_of, snap, to_wgs84
from geo.errors import GeoError

UNCLASSIFIED = "unclassified"
REPORTED = "reported"
_DIGEST_BYTES = 16
_SEPARATOR = b"\x1f"


@dataclass(frozen=True, eq=False)
class Reports:
    """The fields of n incidents; texts are arrow arrays, empty rather than null except ``address`` and ``stated_area``.

    Attributes
    ----------
    row
        Row numbers of the file, ascending.
    occurred_us, reported_us
        Microseconds since 1970 UTC; ``reported_us`` is :data:`geo.instants.NEVER_US` where it was not told.
    raw
        (n, 2) the position as it came, in ``datum``; NaN for none.
    accuracy_m
        Metres; NaN when not known.
    lonlat
        (n, 2) degrees WGS 84, snapped; NaN where ``raw`` is no position on Earth.
    """

    row: Ints
    source: pa.Array
    reference: pa.Array
    category: pa.Array
    urgency: NDArray[np.int16]
    status: pa.Array
    occurred_us: Ints
    reported_us: Ints
    raw: Floats
    datum: pa.Array
    accuracy_m: Floats
    address: pa.Array
    stated_area: pa.Array
    lonlat: Floats

    def __len__(self) -> int:
        return len(self.row)

    def taken(self, at: Ints) -> Reports:
        """The incidents at these positions."""
        columns = {name: getattr(self, name) for name in self.__dataclass_fields__}
        rows = pa.array(at)
        return Reports(**{n: c.take(rows) if isinstance(c, pa.Array) else c[at] for n, c in columns.items()})


@dataclass(frozen=True)
class Report:
    """One incident as it was reported, as :class:`Reports` has many; texts empty, figures NaN where there is none."""

    source: str
    reference: str
    category: str
    urgency: int
    status: str
    occurred_us: int
    reported_us: int
    raw: tuple[float, float]
    datum: str
    accuracy_m: float
    address: str
    stated_area: str

    def digest(self) -> bytes:
        """As of :func:`digests`; arrays of one would take ten times as long."""
        figures = (math.nan if math.isnan(one) else one + 0.0 for one in (*self.raw, self.accuracy_m))
        fixed = struct.pack("<3q3d", self.occurred_us, self.reported_us, self.urgency, *figures)
        words = [self.category, self.status, self.datum, self.address]
        if self.stated_area:
            words.append(self.stated_area)
        said = _SEPARATOR.join([fixed, *(word.encode() for word in words)])
        return blake2b(said, digest_size=_DIGEST_BYTES).digest()


def lonlat_of(raw: Floats, datum: pa.Array) -> Floats:
    """Positions (n, 2) in degrees WGS 84, snapped; NaN where there is none on Earth or the datum is not known."""
    found = np.full(raw.shape, np.nan)
    finite = np.isfinite(raw).all(axis=1)
    for name in pc.unique(datum).to_pylist():
        rows = np.flatnonzero(finite & pc.equal(datum, name).to_numpy(zero_copy_only=False))
        if len(rows):
            found[rows] = converted(raw[rows], name)
    return found


def converted(raw: Floats, datum: str) -> Floats:
    """Positions (n, 2) of one datum in degrees WGS 84, snapped; NaN where they are not on Earth."""
    try:
        known = datum_of(datum)
    except GeoError:
        return np.full(raw.shape, np.nan)
    if known.plain:
        found = snap(raw)
        found[~on_earth(raw)] = np.nan
        return found
    # only coordinates the datum can express: the others would come out as infinity, with a warning or an error
    good = on_earth(raw) if known.epsg is None else np.isfinite(raw).all(axis=1)
    found = np.full(raw.shape, np.nan)
    if good.any():
        found[good] = snap(to_wgs84(raw[good], known))
    found[~on_earth(found)] = np.nan
    return found


def digests(reports: Reports) -> pa.Array:
    """What was reported, 16 bytes (n,) each: equal for a repeat, different when any field but the key changed."""
    fixed = np.column_stack(
        [
            reports.occurred_us,
            reports.reported_us,
            reports.urgency,
            *(_bits(column) for column in (*reports.raw.T, reports.accuracy_m)),
        ]
    ).astype("<i8")
    width = fixed.shape[1] * fixed.itemsize
    numbers = pa.Array.from_buffers(pa.binary(width), len(fixed), [None, pa.py_buffer(fixed.tobytes())])
    words = [_bytes(column) for column in (reports.category, reports.status, reports.datum, reports.address)]
    separator = pa.scalar(_SEPARATOR, pa.large_binary())  # Arrow imports pandas for its first scalar
    plain = pc.binary_join_element_wise(numbers.cast(pa.large_binary()), *words, separator)
    # what is stored without a stated area keeps the digest it has
    area = _bytes(reports.stated_area)
    said = pc.if_else(pc.equal(area, b""), plain, pc.binary_join_element_wise(plain, area, separator))
    _, ends, data = said.buffers()
    told, whole = np.frombuffer(ends, np.int64)[said.offset :].tolist(), memoryview(data or b"")
    each = [blake2b(whole[told[at] : told[at + 1]], digest_size=_DIGEST_BYTES).digest() for at in range(len(said))]
    return pa.array(each, type=pa.binary())


def _bytes(texts: pa.Array) -> pa.Array:
    return pc.fill_null(texts, "").cast(pa.large_binary())


def _bits(figures: Floats) -> Ints:
    """The bits of figures, one pattern for every NaN and for both zeros."""
    return np.where(np.isnan(figures), np.nan, figures + 0.0).view(np.int64)
