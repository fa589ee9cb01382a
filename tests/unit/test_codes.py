"""Codes nest, fallback codes are reserved, and a number that was given never returns."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.codes import Scheme, reading_order
from geo.errors import Refused

CITY = Scheme((4, 6, 9, 12, 15))
FREE = Scheme((0, 0, 0))
COMMUNITY = "370102001001"


def row_of_boxes(columns: int, rows: int) -> np.ndarray:
    return np.asarray([shapely.box(x, y, x + 1, y + 1) for y in range(rows) for x in range(columns)], dtype=object)


def test_a_code_nests_in_its_parent_and_in_no_other() -> None:
    assert CITY.nests("370102001001007", COMMUNITY, 3)
    assert not CITY.nests("370102001002007", COMMUNITY, 3)
    assert CITY.nests("370102", "370100", 0)
    assert not CITY.nests("380102", "370100", 0)
    assert CITY.nests("370102001001007", COMMUNITY)


def test_a_code_has_the_length_and_the_digits_of_its_level() -> None:
    assert CITY.fits("370100", 0)
    assert CITY.fits("3701", 0)
    assert not CITY.fits("370101", 0)
    assert CITY.fits("370102001001007", 4)
    assert not CITY.fits("37010200100107", 4)
    assert not CITY.fits("37010200100100A", 4)


def test_free_codes_may_be_anything_but_blank() -> None:
    assert FREE.fits("A6301-0026-00", 2)
    assert not FREE.fits(" ", 2)
    assert FREE.nests("anything", "else")
    assert FREE.reserved(FREE.fallback("A6301"))
    assert not FREE.reserved("A6301-0026-00")


@pytest.mark.parametrize(
    ("area", "level", "code"),
    [(COMMUNITY, 3, "370102001001000"), ("370102001", 2, "370102001000000"), ("370100", 0, "370100000000000")],
)
def test_a_fallback_code_is_the_area_padded_with_zeros_and_reserved(area: str, level: int, code: str) -> None:
    assert CITY.fallback(area, level) == code
    assert CITY.reserved(code)
    assert not CITY.reserved(COMMUNITY + "001")


def test_numbers_run_west_to_east_in_rows_from_the_north() -> None:
    assert reading_order(row_of_boxes(3, 2)).tolist() == [3, 4, 5, 0, 1, 2]
    codes = CITY.numbered(COMMUNITY, row_of_boxes(3, 2), [])
    assert codes == [COMMUNITY + number for number in ("004", "005", "006", "001", "002", "003")]


@given(st.sets(st.integers(0, 999), max_size=990), st.integers(1, 9))
def test_a_number_that_was_given_never_returns(given_numbers: set[int], count: int) -> None:
    given_codes = [f"{COMMUNITY}{number:03d}" for number in given_numbers]
    shapes = row_of_boxes(count, 1)
    if 999 - len(given_numbers - {0}) < count:
        with pytest.raises(Refused, match="numbers left"):
            CITY.numbered(COMMUNITY, shapes, given_codes)
        return
    codes = CITY.numbered(COMMUNITY, shapes, given_codes)
    assert len(set(codes)) == count
    assert not set(codes) & set(given_codes)
    assert all(CITY.fits(code, 4) and CITY.nests(code, COMMUNITY, 3) and not CITY.reserved(code) for code in codes)


def test_numbers_of_other_parents_do_not_count() -> None:
    assert CITY.numbered(COMMUNITY, row_of_boxes(1, 1), ["370102001002009"]) == [COMMUNITY + "001"]


def test_two_digits_and_free_codes_are_numbered_too() -> None:
    assert Scheme((4, 6, 9, 12, 14)).numbered(COMMUNITY, row_of_boxes(1, 1), []) == [COMMUNITY + "01"]
    assert FREE.numbered("17", row_of_boxes(1, 1), ["17-001"]) == ["17-002"]


def test_one_number_of_ten_million_costs_no_list_of_them() -> None:
    shapes = row_of_boxes(1, 1)
    tracemalloc.start()
    codes = Scheme((4, 6, 13)).numbered("370102", shapes, ["3701020000007"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes == ["3701020000008"]
    assert peak < 1_000_000


@pytest.mark.parametrize("lengths", [(), (4,), (4, 4, 6), (6, 4), (4, -1)])
def test_lengths_that_do_not_grow_are_refused(lengths: tuple[int, ...]) -> None:
    with pytest.raises(Refused, match="code lengths"):
        Scheme(lengths)
