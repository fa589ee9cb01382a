"""What a line is, by OpenStreetMap's tags or an office's words."""

from __future__ import annotations

import pytest

from geo.lines.kinds import CLASSES, KINDS, USUAL, class_of, drawn_at, kind_of, of_tags


@pytest.mark.parametrize(
    ("tags", "is_ground", "right"),
    [
        ({"highway": "motorway"}, False, ("road", "arterial")),
        ({"highway": "tertiary_link"}, False, ("road", "secondary")),
        ({"highway": "residential"}, False, ("road", "street")),
        ({"highway": "steps"}, False, ("road", "path")),
        ({"highway": "construction"}, False, None),
        ({"highway": "pedestrian"}, True, None),
        ({"railway": "rail", "service": "yard"}, False, ("rail", "siding")),
        ({"railway": "subway", "tunnel": "yes"}, False, ("underground", "metro")),
        ({"railway": "abandoned"}, False, None),
        ({"highway": "primary", "tunnel": "yes"}, False, ("road", "arterial")),
        ({"waterway": "stream", "tunnel": "culvert"}, False, ("underground", "stream")),
        ({"waterway": "riverbank"}, True, ("water", "river")),
        ({"natural": "water"}, True, ("water", "lake")),
        ({"natural": "water", "water": "canal"}, True, ("water", "canal")),
        ({"natural": "coastline"}, False, ("water", "coast")),
        ({"natural": "wood"}, False, None),
        ({"landuse": "forest"}, True, ("green", "wood")),
        ({"leisure": "park", "landuse": "grass"}, True, ("green", "grass")),
        ({"building": "yes"}, True, None),
        ({}, False, None),
    ],
)
def test_tags_tell_kind_and_class(tags: dict[str, str], is_ground: bool, right: tuple[str, str] | None) -> None:
    assert of_tags(tags, is_ground=is_ground) == right


@pytest.mark.parametrize(
    ("kind", "word", "right"),
    [
        ("road", "国道", "arterial"),
        ("road", "支路", "street"),
        ("road", "trunk_link", "arterial"),
        ("road", "unheard of", "street"),
        ("rail", "地铁", "metro"),
        ("water", "水库", "lake"),
        ("green", "", "park"),
    ],
)
def test_an_offices_words_are_understood(kind: str, word: str, right: str) -> None:
    assert class_of(kind, word) == right


def test_a_kind_nobody_knows_is_none() -> None:
    assert [kind_of(word) for word in ("道路", " Roads ", "水系", "绿地", "铁路", "楼")] == [
        "road", "road", "water", "green", "rail", None,
    ]  # fmt: skip


def test_no_two_kinds_share_a_class_and_every_class_is_drawn_from_some_zoom_on() -> None:
    ranks = [rank for ranks in CLASSES.values() for rank in ranks]
    assert len(ranks) == len(set(ranks))
    assert set(drawn_at(22)) == set(ranks)
    assert all(set(drawn_at(zoom)) <= set(drawn_at(zoom + 1)) for zoom in range(22))
    assert CLASSES.keys() == set(KINDS) == USUAL.keys()
    assert all(rank in CLASSES[kind] for kind, rank in USUAL.items())
