"""Empirical-Bayes shares: between the raw share and the mean, sure in proportion to the units behind them."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.arrays import Floats
from geo.coverage.smoothing import STRONGEST, WEAKEST, Prior, prior, smoothed

counts = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=30)


def arrays(pairs: list[tuple[int, int]]) -> tuple[Floats, Floats]:
    """``of`` and ``among`` (n,) with ``of`` never above ``among``."""
    among = np.array([max(pair) for pair in pairs], dtype=np.float64)
    return np.array([min(pair) for pair in pairs], dtype=np.float64), among


@given(counts)
def test_an_estimate_lies_between_the_raw_share_and_the_mean_inside_its_interval(pairs: list[tuple[int, int]]) -> None:
    of, among = arrays(pairs)
    fitted = prior(of, among)
    assert 0 < fitted.mean < 1
    assert WEAKEST <= fitted.strength <= STRONGEST
    found = smoothed(of, among, fitted)
    there = among > 0
    assert np.isnan(found.share[~there]).all()
    raw = of[there] / among[there]
    low, high = np.minimum(raw, fitted.mean), np.maximum(raw, fitted.mean)
    assert (found.share[there] >= low - 1e-12).all()
    assert (found.share[there] <= high + 1e-12).all()
    assert (found.low[there] < found.high[there]).all()
    assert (found.low[there] >= 0).all()
    assert (found.high[there] <= 1).all()


@given(counts, st.randoms(use_true_random=False))
def test_the_order_of_the_places_changes_nothing(pairs: list[tuple[int, int]], random: Random) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)
    one, other = prior(*arrays(pairs)), prior(*arrays(shuffled))
    assert one.mean == pytest.approx(other.mean)
    assert one.strength == pytest.approx(other.strength, rel=1e-6)


def test_the_interval_is_that_of_the_beta_distribution() -> None:
    from scipy import stats  # loaded in half a second

    found = smoothed(np.array([18.0]), np.array([40.0]), Prior(0.6, 20.0))
    beta = stats.beta(0.6 * 20 + 18, 0.4 * 20 + 22)
    assert found.share[0] == pytest.approx(beta.mean())
    assert (found.low[0], found.high[0]) == pytest.approx(beta.interval(0.9))


@pytest.mark.parametrize(("mean", "strength"), [(0.5, 8.0), (0.2, 20.0), (0.75, 60.0)])
def test_a_prior_is_found_again_from_the_places_drawn_from_it(mean: float, strength: float) -> None:
    random = np.random.default_rng(7)
    among = random.integers(5, 120, 1500).astype(np.float64)
    truth = random.beta(mean * strength, (1 - mean) * strength, 1500)
    fitted = prior(random.binomial(among.astype(int), truth).astype(np.float64), among)
    assert fitted.mean == pytest.approx(mean, abs=0.02)
    assert fitted.strength == pytest.approx(strength, rel=0.2)


@pytest.mark.parametrize(("mean", "strength"), [(0.5, 8.0), (0.25, 25.0), (0.7, 100.0)])
def test_nine_intervals_in_ten_hold_the_truth(mean: float, strength: float) -> None:
    random = np.random.default_rng(11)
    among = random.integers(3, 80, 2000).astype(np.float64)
    truth = random.beta(mean * strength, (1 - mean) * strength, 2000)
    of = random.binomial(among.astype(int), truth).astype(np.float64)
    found = smoothed(of, among, prior(of, among))
    held = float(np.mean((found.low <= truth) & (truth <= found.high)))
    assert held == pytest.approx(0.9, abs=0.025)


def test_smoothing_is_nearer_to_the_truth_than_the_raw_share() -> None:
    random = np.random.default_rng(3)
    among = random.integers(3, 60, 500).astype(np.float64)
    truth = random.beta(6.0, 4.0, 500)
    of = random.binomial(among.astype(int), truth).astype(np.float64)
    found = smoothed(of, among, prior(of, among))
    assert np.mean((found.share - truth) ** 2) < 0.8 * np.mean((of / among - truth) ** 2)


def test_where_places_do_not_differ_the_smallest_no_longer_lead_the_ranking() -> None:
    """In a city without any real difference most of the raw worst ten are of the smallest fifth; smoothed, few are."""
    random = np.random.default_rng(5)
    among = np.concatenate([np.full(40, 12.0), np.full(160, 60.0)])
    raw_small = smooth_small = 0
    for _ in range(60):
        of = random.binomial(among.astype(int), 0.6).astype(np.float64)
        found = smoothed(of, among, prior(of, among))
        raw_small += int((np.argsort(of / among, kind="stable")[:10] < 40).sum())
        smooth_small += int((np.argsort(found.share, kind="stable")[:10] < 40).sum())
    assert raw_small > 0.6 * 600
    assert smooth_small < 0.35 * 600


@pytest.mark.parametrize(("of", "among"), [([], []), ([0.0], [0.0]), ([5.0], [5.0]), ([0.0, 0.0], [9.0, 3.0])])
def test_few_or_no_places_or_none_that_differ_still_have_a_prior(of: list[float], among: list[float]) -> None:
    fitted = prior(np.array(of), np.array(among))
    assert 0 < fitted.mean < 1
    assert WEAKEST <= fitted.strength <= STRONGEST
