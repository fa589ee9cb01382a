"""Two plans side by side: grids are matched by the households they share, whatever their codes and number."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.plans.comparing import Division, differences, matched

CODES = st.sampled_from(["", "a", "b", "c", "d"])
ROWS = st.lists(st.tuples(CODES, CODES, st.integers(0, 9) | st.just(None)), max_size=25)


def divided(grid: list[str], *more: str, area: float = 1e4) -> Division:
    grids = {*grid, *more} - {""}
    return Division(np.array(grid, dtype=np.str_), grids, dict.fromkeys(grids, area))


def sides(rows: list[tuple[str, str, int | None]]) -> tuple[Division, Division, np.ndarray]:
    first, second, held = zip(*rows, strict=True) if rows else ((), (), ())
    households = np.array([np.nan if one is None else one for one in held], dtype=np.float64)
    return divided(list(first)), divided(list(second)), households


@settings(max_examples=40)
@given(ROWS)
def test_every_grid_is_in_one_pair_at_most_and_none_that_are_left_over_share_a_building(
    rows: list[tuple[str, str, int | None]],
) -> None:
    one, other, households = sides(rows)
    pairs = matched(one, other, households)
    first, second = ({pair[at] for pair in pairs} for at in (0, 1))
    assert len(first) == len(second) == len(pairs)
    assert not [row for row in rows if row[0] not in {*first, ""} and row[1] not in {*second, ""}]


@settings(max_examples=40)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_buildings_changes_nothing(rows: list[tuple[str, str, int | None]], random: Random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert differences(*sides(rows)) == differences(*sides(shuffled))


@settings(max_examples=40)
@given(ROWS)
def test_a_plan_does_not_differ_from_itself(rows: list[tuple[str, str, int | None]]) -> None:
    one, _, households = sides(rows)
    assert differences(one, one, households) == []
    assert all(a == b for a, b, _ in matched(one, one, households))


@settings(max_examples=40)
@given(ROWS)
def test_what_is_shared_and_what_is_apart_make_up_every_grid(rows: list[tuple[str, str, int | None]]) -> None:
    one, other, households = sides(rows)
    known = np.nan_to_num(households).astype(int)
    for found in differences(one, other, households):
        for code, side, key in ((found.first, one, "first"), (found.second, other, "second")):
            if code is not None:
                apart = sum(part.households for part in found.parts if getattr(part, key) == code)
                assert found.shared + apart == known[side.grid == code].sum()


def test_a_grid_is_the_one_it_shares_most_households_with_under_whatever_code() -> None:
    first = divided(["a"] * 3 + ["b"])
    second = divided(["x", "x", "y", "y"])
    households = np.array([300, 100, 10, 200.0])
    assert matched(first, second, households) == [("a", "x", 400), ("b", "y", 200)]
    (moved, only) = differences(first, second, households)
    assert (moved.first, moved.second, moved.cause, moved.shared) == ("a", "x", "moved", 400)
    assert [(part.first, part.second, part.households) for part in moved.parts] == [("a", "y", 10)]
    assert (only.first, only.second, only.cause) == ("b", "y", "moved")


def test_a_split_is_a_grid_more_in_one_of_the_plans() -> None:
    first, second = divided(["a", "a", "b"]), divided(["a", "c", "b"])
    kept, new = differences(first, second, np.array([200, 150, 90.0]))
    assert (kept.first, kept.second, kept.cause, kept.shared) == ("a", "a", "moved", 200)
    assert (new.first, new.second, new.cause) == (None, "c", "only_second")
    assert [(part.first, part.second, part.households, part.buildings) for part in new.parts] == [("a", "c", 150, 1)]


def test_another_code_and_another_ground_are_told_apart_from_other_people() -> None:
    (found,) = differences(divided(["a"]), divided(["b"]), np.array([5.0]))
    assert (found.first, found.second, found.cause, found.parts) == ("a", "b", "recoded", ())
    (found,) = differences(divided(["a"]), divided(["a"], area=2e4), np.array([5.0]))
    assert found.cause == "ground"
    (found,) = differences(divided(["a"], "park"), divided(["a"]), np.array([5.0]))
    assert (found.first, found.cause) == ("park", "only_first")
