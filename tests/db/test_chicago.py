"""Chicago's incidents agree with the city's own columns as well as its street-line borders allow."""

from __future__ import annotations

import pytest

from tests.proofs import chicago


@pytest.mark.real
def test_beats_districts_wards_and_community_areas_agree_with_the_city_s_own(fresh_database: str) -> None:
    figures = chicago.prove("small", fresh_database)
    assert set(figures) == set(chicago.AREAS)
