"""Classes: fixed, in order, without gaps; every value has exactly one."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage.indicators import named, registry
from maps import palette

figures = st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1e6)), max_size=60)


@given(figures, st.sampled_from(["grid-coverage", "incident-density", "incidents"]))
def test_every_value_lies_in_exactly_one_class(values: list[float], indicator: str) -> None:
    value = np.array(values, dtype=np.float64)
    if indicator == "grid-coverage":
        value = value / 1e6
    classes = palette.classes(named(indicator), value)
    for one in value[np.isfinite(value) & (value > 0)]:
        inside = [c for c in classes if (c.lower is None or one >= c.lower) and (c.upper is None or one < c.upper)]
        assert len(inside) == 1


@given(figures)
def test_classes_meet_from_the_highest_down_and_have_different_colours(values: list[float]) -> None:
    classes = palette.classes(named("incidents"), np.array(values, dtype=np.float64))
    assert all(above.lower == below.upper for above, below in itertools.pairwise(classes))
    assert len({one.colour for one in classes}) == len(classes)
    if classes:
        assert classes[0].upper is None
        assert classes[-1].lower is None


def test_breaks_of_a_share_do_not_depend_on_the_values() -> None:
    some, other = np.array([0.1, 0.5]), np.array([0.99, 1.0])
    assert palette.classes(named("grid-coverage"), some) == palette.classes(named("grid-coverage"), other)


def test_a_share_of_everything_has_a_class_of_its_own() -> None:
    highest = palette.classes(named("grid-coverage"), np.array([1.0]))[0]
    assert highest.lower is not None
    assert 0.9994 < highest.lower < 1


def test_the_lowest_share_and_the_highest_count_are_the_darkest() -> None:
    dark = palette.RAMP[0]
    assert palette.classes(named("grid-coverage"), np.array([0.5]))[-1].colour == dark
    assert palette.classes(named("incidents"), np.arange(1.0, 1000.0))[0].colour == dark


def test_breaks_of_counts_are_round() -> None:
    assert [palette.rounded(value) for value in (0, 0.013, 3.4, 7.2, 180, 2300)] == [0, 0.012, 3, 8, 200, 2500]


def test_lightness_of_the_ramp_rises_strictly() -> None:
    def luminance(colour: str) -> float:
        channels = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    steps = [luminance(colour) for colour in palette.RAMP]
    assert all(a < b for a, b in itertools.pairwise(steps))


def test_every_indicator_has_ascending_breaks_and_a_class_for_every_share() -> None:
    for indicator in registry().values():
        assert list(indicator.breaks) == sorted(set(indicator.breaks))
        classes = palette.classes(indicator, np.array([0.2, 0.7]))
        assert len({one.colour for one in classes}) == len(classes)
        darkest = classes[-1] if indicator.dark == "low" else classes[0]
        assert darkest.colour == palette.RAMP[0]
