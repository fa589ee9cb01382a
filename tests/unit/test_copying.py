"""Rows in the bytes of a binary COPY are read back as they were, cell by cell."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.copying import binary, figures, grounds, texts
from geo.ragged import NONE, Ragged

WORDS = st.none() | st.text(st.characters(codec="utf-8"), max_size=12)
FIGURES = st.floats(allow_nan=False)


def cells(rows: bytes) -> list[list[bytes | None]]:
    """The cells of the rows, by the letter of the format."""
    assert rows[:19] == b"PGCOPY\n\xff\r\n\0" + bytes(8)
    found: list[list[bytes | None]] = []
    at = 19
    while (count := struct.unpack_from(">h", rows, at)[0]) >= 0:
        at += 2
        row: list[bytes | None] = []
        for _ in range(count):
            length = struct.unpack_from(">i", rows, at)[0]
            at += 4
            row.append(None if length < 0 else rows[at : at + length])
            at += max(length, 0)
        found.append(row)
    assert rows[at:] == b"\xff\xff"
    return found


@given(st.lists(st.tuples(WORDS, FIGURES, WORDS), max_size=30), st.integers(0, 2))
def test_every_cell_is_in_its_place_whatever_the_lengths_around_it(
    rows: list[tuple[str | None, float, str | None]], cut: int
) -> None:
    first, figure, last = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    kept = rows[cut:]
    told = cells(
        binary(
            [
                texts(pa.array(first, pa.string())[cut:]),
                figures(pa.array(figure, pa.float64()).to_numpy()[cut:]),
                texts(pa.array(last, pa.string())[cut:]),
            ]
        )
    )
    plain = [None if word is None else word.encode() for row in kept for word in (row[0], row[2])]
    assert [cell for row in told for cell in (row[0], row[2])] == plain
    assert [row[1] for row in told] == [struct.pack(">d", row[1]) for row in kept]


@st.composite
def many_parts(draw: st.DrawFn) -> shapely.MultiPolygon:
    """Boxes beside each other, some of them courts."""
    parts = []
    for at in range(draw(st.integers(1, 4))):
        corner = draw(st.tuples(st.floats(-170, 170), st.floats(-80, 80)))
        outer = shapely.box(*corner, corner[0] + 1, corner[1] + 1)
        courts = [
            shapely.box(*(corner + np.array([left, low])), *(corner + np.array([left + 0.1, low + 0.1]))).exterior
            for left, low in draw(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=at + 1))
        ]
        parts.append(shapely.Polygon(outer.exterior, courts))
    return shapely.MultiPolygon(parts)


@given(st.lists(many_parts(), min_size=1, max_size=8))
def test_grounds_are_the_bytes_that_geos_writes(made: list[shapely.MultiPolygon]) -> None:
    shapes = np.array(made, dtype=object)
    told = [row[0] for row in cells(binary([grounds(Ragged.of(shapes))]))]
    assert told == shapely.to_wkb(shapely.set_srid(shapes, 4326), include_srid=True, byte_order=1).tolist()


def test_no_ground_is_no_row() -> None:
    assert cells(binary([grounds(NONE)])) == []
