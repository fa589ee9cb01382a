"""Points of every form are read alike, and no form is taken for another."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.frames.points import is_points, positions

coordinate = st.floats(-200, 200)
ORDINARY = st.tuples(coordinate, coordinate)
WAYS = ("plain", "srid", "swapped", "z", "line", "empty", "damaged", "none")


def cell(way: str, at: tuple[float, float]) -> bytes | None:
    """A point in WKB written this way, or something that is none."""
    point = shapely.Point(at)
    ways = {
        "plain": lambda: shapely.to_wkb(point),
        "srid": lambda: shapely.to_wkb(shapely.set_srid(point, 4326), include_srid=True),
        "swapped": lambda: shapely.to_wkb(point, byte_order=0),
        "z": lambda: shapely.to_wkb(shapely.Point(*at, 5.0)),
        "line": lambda: shapely.to_wkb(shapely.LineString([at, (0, 0)])),
        "empty": lambda: shapely.to_wkb(shapely.Point()),
        "damaged": lambda: b"\x01\x01\x00\x00",
        "none": lambda: None,
    }
    return ways[way]()


@given(st.lists(st.tuples(st.sampled_from(WAYS), ORDINARY), max_size=30), st.integers(0, 3), st.booleans())
def test_each_wkb_is_read_as_shapely_reads_it_in_whatever_company(
    cells: list[tuple[str, tuple[float, float]]], cut: int, is_large: bool
) -> None:
    column = pa.array([cell(*one) for one in cells], pa.large_binary() if is_large else pa.binary())
    found = positions(pa.chunked_array([column[:cut], column[cut:]], column.type))
    is_point = np.array([way in ("plain", "srid", "swapped", "z") for way, _ in cells], dtype=np.bool_)
    expected = np.where(is_point[:, None], np.array([at for _, at in cells]).reshape(-1, 2), np.nan)
    np.testing.assert_array_equal(found, expected)


@given(st.lists(st.none() | ORDINARY, max_size=20), st.integers(0, 3), st.sampled_from(["x y", "x y z", "2", "3"]))
def test_coordinates_themselves_are_read_with_their_gaps(
    points: list[tuple[float, float] | None], cut: int, form: str
) -> None:
    told = [None if point is None else (*point, 7.0) for point in points]
    if form.isdigit():
        kind = pa.list_(pa.float64(), int(form))
        column = pa.array([None if one is None else one[: int(form)] for one in told], kind)
    else:
        names = form.split()
        kind = pa.struct([(name, pa.float64()) for name in names])
        column = pa.array([None if one is None else dict(zip(names, one, strict=False)) for one in told], kind)
    assert is_points(column.type)
    expected = np.array([(np.nan, np.nan) if point is None else point for point in points]).reshape(-1, 2)
    np.testing.assert_array_equal(positions(pa.chunked_array([column], kind)), expected)
    np.testing.assert_array_equal(positions(pa.chunked_array([column[cut:]], kind)), expected[cut:])


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.float64(), pa.list_(pa.float64()), pa.struct([("x", pa.float64())]), pa.list_(pa.int8(), 2)],
)
def test_no_other_column_is_taken_for_points(kind: pa.DataType) -> None:
    assert not is_points(kind)


def test_points_of_one_length_that_lie_apart_are_read_where_they_lie() -> None:
    point = struct.pack("<BIdd", 1, 1, 3.0, 4.0)
    column = pa.array([point, b"x", point, None, point, point])
    assert positions(pa.chunked_array([column]))[:, 0].tolist()[::2] == [3.0, 3.0, 3.0]
