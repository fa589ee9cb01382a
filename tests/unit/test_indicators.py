"""The registry of indicators: what the page, the doors and the docs are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo.coverage.indicators import GROUPS, Indicator, named, registry
from geo.coverage.tallies import TALLIES
from geo.errors import Unknown

DOCS = (Path(__file__).parents[2] / "docs/indicators.md").read_text(encoding="utf-8")
ALL = registry().values()


@pytest.mark.parametrize("indicator", ALL, ids=registry())
def test_an_indicator_has_its_words_and_its_parts(indicator: Indicator) -> None:
    assert set(indicator.tallies) <= set(TALLIES)
    assert indicator.group in GROUPS
    needed = {"share": {"of", "rest", "among", "one"}, "per": {"of", "among", "one"}, "count": {"of", "one"}}
    assert needed[indicator.kind] <= set(indicator.words)
    assert bool(indicator.among) == (indicator.kind != "count")
    assert bool(indicator.unknown) == bool(indicator.whole) == ("unknown" in indicator.words)
    assert indicator.breaks or indicator.kind == "count" or indicator.group == "incidents"
    assert all(zh and en for zh, en in indicator.words.values())


@pytest.mark.parametrize("indicator", ALL, ids=registry())
def test_an_indicator_is_told_beside_others_that_there_are(indicator: Indicator) -> None:
    assert set(indicator.beside) <= set(registry()) - {indicator.key}
    assert len(indicator.beside) <= 2
    for key in indicator.beside:
        assert named(key).short is not None or len(named(key).zh) <= 8


@pytest.mark.parametrize("indicator", ALL, ids=registry())
def test_an_indicator_stands_in_the_docs(indicator: Indicator) -> None:
    assert f"| `{indicator.key}` | {indicator.zh} |" in DOCS


def test_one_that_there_is_not_is_said_to_be_none() -> None:
    with pytest.raises(Unknown, match="no indicator 'wealth'; there are grid-coverage"):
        named("wealth")
