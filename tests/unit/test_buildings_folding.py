"""Rows of one id become one building, whatever their order."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.buildings.folding import fold
from geo.buildings.footprints import COUNTS, TEXTS, Footprints, digests
from geo.polygons import many
from geo.ragged import Ragged

UNKNOWN = float("nan")


def pieces(*rows: dict[str, Any]) -> Footprints:
    """Rows with a box (west, south, east, north in steps of 1e-4 degrees) and fields; what is not named is unknown."""

    def column(name: str, default: object = None) -> list[Any]:
        return [row.get(name, default) for row in rows]

    boxes = np.array([shapely.box(*(120 + step * 1e-4 for step in row["box"])) for row in rows], dtype=object)
    texts = {name: pa.array(column(name), type=pa.string()) for name in ("use", "use_given", "name", "address")}
    return Footprints(
        row=np.array(column("row", 0)) if "row" in rows[0] else np.arange(1, len(rows) + 1),
        source=pa.array(column("source", "s")),
        reference=pa.array(column("id", "a")),
        **texts,
        **{name: np.array(column(name, UNKNOWN), dtype=np.float64) for name in COUNTS},
        ground=Ragged.of(many(boxes)),
    )


boxes = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 3), st.integers(1, 3)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)
rows = st.fixed_dictionaries(
    {
        "id": st.sampled_from("abc"),
        "box": boxes,
        "name": st.sampled_from([None, "楼", "塔"]),
        "floors": st.sampled_from([UNKNOWN, 0.0, 2.5, 6.0]),
        "households": st.sampled_from([UNKNOWN, 0.0, 24.0]),
    }
)


def content(footprints: Footprints) -> dict[str, bytes]:
    return dict(zip(footprints.reference.to_pylist(), digests(footprints).to_pylist(), strict=True))


@given(made=st.lists(rows, min_size=1, max_size=9), data=st.data())
@hypothesis_settings(max_examples=150)
def test_the_order_of_rows_changes_nothing_but_their_numbers(made: list[dict[str, Any]], data: st.DataObject) -> None:
    turned = data.draw(st.permutations(made))
    assert content(fold(pieces(*made)).footprints) == content(fold(pieces(*turned)).footprints)


@given(made=st.lists(rows, min_size=1, max_size=9))
@hypothesis_settings(max_examples=100)
def test_folding_twice_is_folding_once(made: list[dict[str, Any]]) -> None:
    once = fold(pieces(*made)).footprints
    twice = fold(once)
    assert content(twice.footprints) == content(once)
    assert [twice.repeats, twice.joined, twice.apart, twice.disagree] == [[], [], [], {}]


@given(made=st.lists(rows, min_size=1, max_size=9))
@hypothesis_settings(max_examples=100)
def test_ground_is_the_union_of_the_pieces_and_rows_are_accounted_for(made: list[dict[str, Any]]) -> None:
    found = fold(pieces(*made))
    for reference, shape in zip(found.footprints.reference.to_pylist(), found.footprints.ground.shapes, strict=True):
        whole = shapely.union_all(
            [one for row, one in zip(made, pieces(*made).ground.shapes, strict=True) if row["id"] == reference]
        )
        assert shapely.symmetric_difference(shape, whole).area < 1e-15
        assert shape.is_valid
    assert found.pieces == len(made)
    distinct = {(row["id"], row["box"]) for row in made}
    assert len(found.repeats) == len(made) - len(distinct)


def test_pieces_that_touch_become_one_ground_and_others_parts_of_one_building() -> None:
    found = fold(
        pieces(
            {"id": "halves", "box": (0, 0, 2, 1)},
            {"id": "halves", "box": (2, 0, 3, 1)},
            {"id": "far", "box": (0, 0, 1, 1)},
            {"id": "far", "box": (5, 5, 6, 6)},
        )
    )
    assert [len(shapely.get_parts(shape)) for shape in found.footprints.ground.shapes] == [1, 2]
    assert (found.joined, found.apart) == ([(1, "halves")], [(3, "far")])


def test_the_largest_piece_is_heard_first_and_unknown_is_no_word() -> None:
    found = fold(
        pieces(
            {"box": (0, 0, 1, 1), "floors": 3.0, "households": 5.0, "name": "小"},
            {"box": (1, 0, 4, 1), "floors": 6.0, "name": "大"},
        )
    )
    assert (found.footprints.floors[0], found.footprints.households[0]) == (6.0, 5.0)
    assert found.footprints.name.to_pylist() == ["大"]
    assert found.disagree == {"name": [(1, "a: 大, 小")], "floors": [(1, "a: 6.0, 3.0")]}


def test_the_use_and_what_was_said_for_it_stay_together() -> None:
    found = fold(
        pieces(
            {"box": (0, 0, 1, 1), "use": "office", "use_given": "写字楼"},
            {"box": (1, 0, 4, 1), "use_given": "不明"},
        )
    )
    assert found.footprints.use.to_pylist() == ["office"]
    assert found.footprints.use_given.to_pylist() == ["写字楼"]
    assert found.disagree == {"use_given": [(1, "a: 不明, 写字楼")]}


WORDS = st.none() | st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["it's", 'a "b"', "\\", "\n"])
NUMBERS = st.sampled_from([np.nan, 0.0, -0.0, 1.0, 2.5, 1e16, 1e-5, 0.1]) | st.floats(allow_infinity=False)


@given(st.lists(st.tuples(*[WORDS] * len(TEXTS), *[NUMBERS] * len(COUNTS)), max_size=4))
@hypothesis_settings(max_examples=30)
def test_a_digest_is_the_one_that_was_stored_when_each_was_made_by_itself(rows: list[tuple[Any, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * (len(TEXTS) + len(COUNTS))
    boxes = np.array([shapely.MultiPolygon([shapely.box(at, 0, at + 1, 1)]) for at in range(len(rows))], dtype=object)
    none = pa.array([""] * len(rows), type=pa.string())
    made = Footprints(
        row=np.arange(len(rows)),
        source=none,
        reference=none,
        **{name: pa.array(told, type=pa.string()) for name, told in zip(TEXTS, columns, strict=False)},
        **{name: np.array(told, dtype=np.float64) for name, told in zip(COUNTS, columns[len(TEXTS) :], strict=True)},
        ground=Ragged.of(boxes),
    )
    plain = [tuple(None if isinstance(one, float) and np.isnan(one) else one for one in row) for row in rows]
    told = [repr(row).encode() + shapely.to_wkb(box) for row, box in zip(plain, boxes, strict=True)]
    assert digests(made).to_pylist() == [blake2b(one, digest_size=16).digest() for one in told]
