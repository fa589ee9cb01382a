"""Laws of datum evidence: what is right is never warned of, what is wrong is, and only by places that decide."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from geo.arrays import Floats, Ints, Shapes
from geo.crs import Datum, from_wgs84, metric_epsg, shapes_to_metres, shapes_to_wgs84, to_metres, to_wgs84
from geo.space.evidence import ALPHA, NAMES, PLACE_M, TIMES, Column, Reading, Stated, Verdict, hear, level_of
from geo.space.evidence.ground import Ground
from geo.space.evidence.judging import judged, surely_more, tail
from tests.cities import MadeCity, cities, points_in

DECLARED = [Reading(boundaries, points) for boundaries, points in product(NAMES, NAMES)]
seeds = st.integers(0, 10_000)


def stated_by_shapely(city: MadeCity, seed: int, n: int = 600) -> tuple[Floats, Ints]:
    """Points and the leaf that shapely says holds each; those in none are left out."""
    lonlat = points_in(city, seed, n)
    inside = shapely.contains_xy(city.shapes[:, None], lonlat[:, 0], lonlat[:, 1])
    held = inside.any(axis=0)
    return lonlat[held], inside.argmax(axis=0)[held]


def as_declared(shapes: Shapes, truth: str, declared: str) -> Shapes:
    """Ground as it comes in when numbers in datum ``truth`` are declared to be in another."""
    numbers = shapely.transform(shapes, lambda xy: from_wgs84(xy, Datum(truth)))
    return shapely.make_valid(shapes_to_wgs84(numbers, Datum(declared)))


def judge(shapes: Shapes, lonlat: Floats, label: Ints, declared: Reading, *, points_too: bool = True) -> Verdict:
    verdict = judged(Ground.build(shapes, np.arange(len(shapes))), lonlat, label, declared, points_too=points_too)
    assert verdict is not None
    return verdict


@settings(max_examples=30)
@given(cities(3), seeds, st.sampled_from(DECLARED))
def test_the_right_datum_is_never_warned_of_and_every_point_agrees(
    city: MadeCity, seed: int, declared: Reading
) -> None:
    lonlat, label = stated_by_shapely(city, seed)
    assume(len(label))
    verdict = judge(city.shapes, lonlat, label, declared)
    assert verdict.best == ()
    assert not verdict.is_another_vintage
    assert verdict.elsewhere == ()
    assert verdict.declared.exact == verdict.declared.points == len(label)
    assert not any(one.this_only for one in verdict.agreements)


def chance_of(count: int, of: int, share: float) -> Fraction:
    """P(X ≥ count) for X binomial (of, share), exactly."""
    p = Fraction(share)
    return sum((comb(of, k) * p**k * (1 - p) ** (of - k) for k in range(count, of + 1)), Fraction(0))


@dataclass(frozen=True)
class ByHand:
    """Places that agree as declared only, and under the truth only, counted one by one."""

    declared_only: int
    truth_only: int

    @property
    def suffices(self) -> bool:
        decided = self.declared_only + self.truth_only
        chance = chance_of(self.truth_only, decided, 1 / 2)
        return self.truth_only >= TIMES * self.declared_only and chance < Fraction(ALPHA) / 2


def by_hand(shapes: Shapes, lonlat: Floats, label: Ints) -> ByHand:
    """Under the truth all points agree, so a place decides for it when a point of it disagrees as declared."""
    west, south, east, north = shapely.total_bounds(shapes)
    epsg = metric_epsg((west + east) / 2, (south + north) / 2)
    metric, xy = shapes_to_metres(shapes, epsg), to_metres(lonlat, epsg)
    agrees = [bool(shapely.distance(metric[at], shapely.Point(one)) <= 1) for at, one in zip(label, xy, strict=True)]
    places = {
        (*np.floor(one / PLACE_M).tolist(), int(at))
        for at, one, fine in zip(label, xy, agrees, strict=True)
        if not fine
    }
    return ByHand(0, len(places))


@given(cities(3), seeds, st.integers(1, 200), st.sampled_from([(a, b) for a, b in product(NAMES, NAMES) if a != b]))
def test_a_wrong_datum_is_warned_of_exactly_when_enough_places_decide(
    city: MadeCity, seed: int, n: int, datums: tuple[str, str]
) -> None:
    truth, declared = datums
    lonlat, label = stated_by_shapely(city, seed, n)
    assume(len(label))
    shapes = as_declared(city.shapes, truth, declared)
    verdict = judge(shapes, lonlat, label, Reading(declared, "wgs84"), points_too=False)
    hand = by_hand(shapes, lonlat, label)
    right = next(one for one in verdict.agreements if one.reading.boundaries == truth)
    assert right.near == right.points
    assert (right.declared_only, right.this_only) == (hand.declared_only, hand.truth_only)
    assert right.contradicts == hand.suffices
    if hand.suffices:
        assert right in verdict.best
        assert len(verdict.deciding) >= hand.truth_only or right != verdict.best[0]
        assert not verdict.is_another_vintage


@settings(max_examples=30)
@given(cities(3), seeds, st.sampled_from(NAMES[1:]))
def test_points_of_another_datum_than_declared_are_told_as_such(city: MadeCity, seed: int, truth: str) -> None:
    lonlat, label = stated_by_shapely(city, seed, 2000)
    assume(len(np.unique(label)) >= 4)
    declared = from_wgs84(lonlat, Datum(truth))  # numbers of the truth taken for WGS 84
    verdict = judge(city.shapes, declared, label, Reading("wgs84", "wgs84"))
    right = next(one for one in verdict.agreements if one.reading == Reading("wgs84", truth))
    assert right.near == right.points
    assert not right.contradicts or right in verdict.best


@settings(max_examples=30)
@given(cities(3), seeds, st.integers(0, 2**31), st.sampled_from(NAMES))
def test_the_order_of_rows_changes_nothing_and_repeats_have_no_vote(
    city: MadeCity, seed: int, shuffle: int, declared: str
) -> None:
    lonlat, label = stated_by_shapely(city, seed, 200)
    assume(len(label))
    rng = np.random.default_rng(shuffle)
    label = np.where(rng.random(len(label)) < 0.3, rng.permutation(label), label)
    shapes = as_declared(city.shapes, "wgs84", declared)
    once = judge(shapes, lonlat, label, Reading(declared, "wgs84"))
    order = rng.permutation(len(label))
    again = judge(shapes, lonlat[order], label[order], Reading(declared, "wgs84"))
    twice = judge(shapes, np.tile(lonlat, (3, 1)), np.tile(label, 3), Reading(declared, "wgs84"))
    for other, times in ((again, 1), (twice, 3)):
        assert other.places == once.places
        assert [one.reading for one in other.best] == [one.reading for one in once.best]
        assert other.is_another_vintage == once.is_another_vintage
        assert np.array_equal(other.deciding, once.deciding)
        assert [(e.label, e.places, e.elsewhere, e.found) for e in other.elsewhere] == [
            (e.label, e.places, e.elsewhere, e.found) for e in once.elsewhere
        ]
        for a, b in zip(other.agreements, once.agreements, strict=True):
            assert (a.points, a.exact, a.near) == (b.points * times, b.exact * times, b.near * times)
            assert (a.declared_only, a.this_only) == (b.declared_only, b.this_only)


@settings(max_examples=30)
@given(cities(3), seeds)
def test_areas_with_their_labels_exchanged_are_another_vintage(city: MadeCity, seed: int) -> None:
    lonlat, label = stated_by_shapely(city, seed)
    assume(len(city.codes) > 3)
    exchanged = (label + 1) % len(city.codes)
    verdict = judge(city.shapes, lonlat, exchanged, Reading("wgs84", "wgs84"), points_too=False)
    assume(not verdict.best)  # all leaves in one column, shifted by a leaf: then a datum explains it as well
    assert verdict.is_another_vintage
    assert sum(one.elsewhere for one in verdict.elsewhere) > 0.9 * verdict.places
    worst = verdict.elsewhere[0]
    assert worst.found == (worst.label - 1) % len(city.codes)


@settings(max_examples=30)
@given(cities(4), seeds)
def test_an_area_merged_into_another_is_named_with_where_its_places_lie(city: MadeCity, seed: int) -> None:
    lonlat, label = stated_by_shapely(city, seed, 1500)
    counts = np.bincount(label, minlength=len(city.codes))
    lost, into = np.argsort(-counts)[:2].tolist()
    merged = np.where(label == lost, into, label)
    verdict = judge(city.shapes, lonlat, merged, Reading("wgs84", "wgs84"), points_too=False)
    (only,) = verdict.elsewhere
    assert (only.label, only.found) == (into, lost)
    surely = chance_of(only.elsewhere, only.places, 1 / 5) < Fraction(ALPHA) / len(np.unique(merged))
    assert only.is_redrawn == (surely and only.elsewhere > only.places / 5)
    assert verdict.is_another_vintage or not only.is_redrawn
    assert len(only.lonlat) == only.elsewhere


def test_a_metre_across_the_border_agrees_and_two_do_not() -> None:
    ground = np.asarray([shapely.box(117, 36, 117.1, 36.1), shapely.box(117.1, 36, 117.2, 36.1)], dtype=object)
    metre = 1 / 111_320 / np.cos(np.radians(36.05))
    for metres, near in ((0.9, 1), (1.9, 0)):
        verdict = judge(
            ground, np.asarray([[117.1 + metres * metre, 36.05]]), np.asarray([0]), Reading("wgs84", "wgs84")
        )
        assert (verdict.declared.exact, verdict.declared.near) == (0, near)


def test_a_thousand_points_at_one_corner_are_one_vote() -> None:
    ground = np.asarray([shapely.box(117, 36, 117.1, 36.1), shapely.box(117.1, 36, 117.2, 36.1)], dtype=object)
    rng = np.random.default_rng(1)
    corner = np.asarray([117.1003, 36.05]) + rng.uniform(0, 1e-5, (1000, 2))  # within the shift of GCJ-02 of the border
    verdict = judge(ground, corner, np.zeros(1000, dtype=np.int64), Reading("wgs84", "wgs84"))
    assert verdict.places <= 4
    assert verdict.best == ()


def test_where_gcj02_shifts_nothing_it_is_not_tried() -> None:
    ground = np.asarray([shapely.box(-88, 41, -87, 42)], dtype=object)
    verdict = judge(ground, np.asarray([[-87.5, 41.5]]), np.asarray([0]), Reading("wgs84", "wgs84"))
    assert {one.reading for one in verdict.agreements[1:]} == {Reading("bd09", "wgs84"), Reading("wgs84", "bd09")}
    assert not verdict.is_decided


def test_too_few_places_verify_no_datum() -> None:
    ground = np.asarray([shapely.box(117, 36, 117.1, 36.1)], dtype=object)
    verdict = judge(ground, np.asarray([[117.05, 36.05]] * 5), np.zeros(5, dtype=np.int64), Reading("gcj02", "wgs84"))
    assert verdict.declared.share == 1
    assert not verdict.is_decided


def test_points_that_state_nothing_or_lie_nowhere_are_left_out() -> None:
    ground = Ground.build(np.asarray([shapely.box(117, 36, 118, 37)], dtype=object), np.asarray([0]))
    lonlat = np.asarray([[np.nan, 36.5], [117.5, 36.5]])
    assert judged(ground, lonlat, np.asarray([0, -1]), Reading("wgs84", "wgs84"), points_too=True) is None


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.05, 0.2, 0.5]))
@example(0, 0, 0.5)
def test_the_tail_is_that_of_the_binomial(count: int, more: int, share: float) -> None:
    of = count + more
    assert tail(count, of, share) == pytest.approx(float(chance_of(count, of, share)), rel=1e-9)


def test_a_share_that_is_just_reached_is_not_exceeded_however_many_there_are() -> None:
    assert not surely_more(50_000, 1_000_000, 0.05)
    assert surely_more(51_000, 1_000_000, 0.05)
    assert tail(1_000_000, 1_000_000, 0.5) == 0


# -- words -------------------------------------------------------------------------------------------------------------
def texts(*words: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    made = np.empty(len(words), dtype=object)
    made[:] = words
    return made


def stated(*words: str, counts: list[int] | None = None) -> Stated:
    area = np.repeat(np.arange(len(words)), counts or [1] * len(words))
    return Stated("points", np.full((len(area), 2), 0.5), area, texts(*words), "wgs84")


def test_codes_agree_without_leading_zeros_and_names_without_the_word_for_their_level() -> None:
    assert Column("beat", True, texts()).folded("0111") == Column("beat", True, texts()).folded(" 111 ") == "111"
    assert Column("beat", True, texts()).folded("000") == "000"
    names = Column("town", False, texts())
    assert names.folded("三墩镇") == names.folded("三墩")
    assert names.folded("一一七社区") == names.folded("117社区")


def test_the_level_whose_words_fit_best_is_taken_and_may_be_said() -> None:
    wards = Column("ward", True, texts(*map(str, range(1, 51))))
    communities = Column("community", True, texts(*map(str, range(1, 78))))
    names = Column("community", False, texts(*(f"C{at}" for at in range(77))))
    columns = [communities, names, wards]
    assert level_of(stated(*map(str, range(1, 51))), columns) is wards
    assert level_of(stated(*map(str, range(1, 78))), columns) is communities
    assert level_of(stated("C1", "C2", "5"), columns) is names
    assert level_of(stated("5"), columns, "community") is communities
    assert level_of(stated("nowhere"), columns) is None
    with pytest.raises(Exception, match="ward"):
        level_of(stated("5"), columns, "grid")


def test_areas_unknown_here_are_counted_apart_and_too_many_silence_the_evidence() -> None:
    ground = np.asarray([shapely.box(0, 0, 1, 1)], dtype=object)
    column = Column("district", False, texts("静安区"))
    told = hear(stated("静安", "闸北", counts=[5, 3]), ground, column, "wgs84")
    assert told is not None
    assert told.unknown == (("闸北", 3),)
    assert told.verdict is not None
    assert told.verdict.declared.points == 5
    silent = hear(stated("静安", "闸北", counts=[3, 3]), ground, column, "wgs84")
    assert silent is not None
    assert silent.verdict is None


def test_nothing_is_said_of_areas_without_ground() -> None:
    column = Column("district", False, texts("静安区"))
    assert hear(stated("静安"), np.asarray([shapely.Polygon()], dtype=object), column, "wgs84") is None


def test_moving_there_and_back_is_a_round_trip() -> None:
    from geo.space.evidence.readings import moved

    lonlat = np.asarray([[117.1, 36.6], [121.4, 31.2]])
    there = moved(lonlat, Reading("wgs84", "wgs84"), Reading("wgs84", "gcj02"))
    assert np.allclose(there, to_wgs84(lonlat, Datum("gcj02")), atol=1e-10)
    back = moved(there, Reading("wgs84", "gcj02"), Reading("wgs84", "wgs84"))
    assert np.allclose(back, lonlat, atol=1e-10)
