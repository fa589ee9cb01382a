"""In which way a building may be organised: one suggestion each, the first rule that holds, with its reasons."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.coverage.formations import ANCHORS, FORMATIONS, REASONS, Suggestions, Tenants, sentences, suggest, tenants
from geo.coverage.units import Units
from tests.scattered_units import rearranged, scattered_units

SEEDS = st.integers(0, 100_000)
PARTY = ("", "none", "covered", "branch")


def one(
    *,
    units: int = 5,
    members: float = 6,
    anchored: str = "",
    single_owner: bool = False,
    property_party: str = "",
    is_area: bool = False,
) -> tuple[str, tuple[str, ...]]:
    """Formation and reasons of one place."""
    held = Tenants(np.array([1]), np.array([units]), np.array([members]), np.array([9]), np.array([anchored]))
    found = suggest(held, np.array([single_owner]), np.array([property_party]), np.array([is_area]))
    return str(found.formation[0]), found.told(0)


def test_one_owner_or_one_unit_stands_alone() -> None:
    assert one(single_owner=True) == ("standalone", ("one_owner",))
    assert one(units=1) == ("standalone", ("one_unit",))
    assert one(units=1, single_owner=True, anchored="organised") == ("standalone", ("one_owner", "one_unit"))


def test_an_anchor_or_an_organised_property_company_leads_an_alliance() -> None:
    for key in ANCHORS:
        assert one(anchored=key) == ("joint_alliance", (f"anchor_{key}",))
    assert one(property_party="branch") == ("joint_alliance", ("property_organised",))
    assert one(property_party="branch", anchored="workers")[1] == ("anchor_workers", "property_organised")
    assert one(property_party="covered") == one(property_party="none") == one()


def test_many_small_units_join() -> None:
    assert one() == ("joint", ("many_small",))
    assert one(members=np.nan) == ("joint", ("many_small", "members_unknown"))


def test_a_whole_district_and_a_building_with_too_few_members_are_the_areas() -> None:
    assert one(is_area=True, single_owner=True) == ("area", ("whole_area",))
    assert one(members=2, units=1) == ("area", ("too_few_members",))
    assert one(members=3, units=1) == ("standalone", ("one_unit",))


def test_an_empty_building_is_suggested_nothing() -> None:
    assert one(units=0, members=0, is_area=True, property_party="branch") == ("", ())


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from([0.0, 2.0, 3.0, np.nan]),
            st.sampled_from(["", *ANCHORS]),
            st.booleans(),
            st.sampled_from(PARTY),
            st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_place_has_one_suggestion_of_its_own_with_a_reason_and_only_an_empty_one_has_none(
    rows: list[tuple[int, float, str, bool, str, bool]],
) -> None:
    count, members, anchored, owner, party, area = (np.array(column) for column in zip(*rows, strict=True))
    held = Tenants(np.arange(len(rows)), count, members, (anchored != "").astype(np.int64), anchored)
    found = suggest(held, owner, party, area)
    for at, row in enumerate(rows):
        alone = one(
            units=row[0], members=row[1], anchored=row[2], single_owner=row[3], property_party=row[4], is_area=row[5]
        )
        assert (str(found.formation[at]), found.told(at)) == alone
        assert (alone[0] in FORMATIONS) == (row[0] > 0) == bool(alone[1])


def organised(units: Units) -> np.ndarray:
    return units.id % 7 == 0


@given(SEEDS, st.integers(0, 60), st.booleans())
def test_tenants_are_what_counting_unit_by_unit_finds(seed: int, n: int, gaps: bool) -> None:
    units = with_gaps(scattered_units(seed, n), seed) if gaps else scattered_units(seed, n)
    held = tenants(units, units.building, organised(units), 0.5)
    assert held.place.tolist() == sorted(set(units.building[units.operating].tolist()) - {0})
    for at, place in enumerate(held.place.tolist()):
        here = [one for one in range(n) if units.building[one] == place and units.operating[one]]
        assert held.units[at] == len(here)
        assert np.array_equal(held.members[at], units.members[here].sum(), equal_nan=True)
        assert (int(held.anchor[at]), str(held.anchored[at])) == anchor(units, here)


def anchor(units: Units, here: list[int]) -> tuple[int, str]:
    """The anchor of these units, by the words of the rule."""

    def known(figure: float) -> float:
        return -1.0 if np.isnan(figure) else figure

    own = [one for one in here if organised(units)[one]]
    if own:
        best = max(own, key=lambda one: (known(units.members[one]), known(units.workers[one]), -units.id[one]))
        return int(units.id[best]), "organised"
    for name in ("workers", "members"):
        figure = getattr(units, name)
        for one in here:
            if len(here) > 1 and figure[one] > 0.5 * sum(figure[here]):
                return int(units.id[one]), name
    return 0, ""


def with_gaps(units: Units, seed: int) -> Units:
    """Some figures unknown, some units closed."""
    random = np.random.default_rng(seed)
    n = len(units.id)
    members, workers = units.members.copy(), units.workers.copy()
    members[random.random(n) < 0.2] = np.nan
    workers[random.random(n) < 0.2] = np.nan
    return Units(**(vars(units) | {"members": members, "workers": workers, "operating": random.random(n) < 0.8}))


@given(SEEDS, st.integers(0, 60))
def test_the_order_of_units_changes_no_tenants(seed: int, n: int) -> None:
    units = with_gaps(scattered_units(seed, n), seed)
    moved = rearranged(units, np.random.default_rng(seed).permutation(n))
    one_, other = (tenants(some, some.building, organised(some)) for some in (units, moved))
    for name, value in vars(one_).items():
        assert np.array_equal(getattr(other, name), value, equal_nan=value.dtype.kind == "f"), name


def test_every_formation_and_reason_has_words_in_both_languages() -> None:
    assert tuple(sentences()) == (*FORMATIONS, *REASONS)
    for said in sentences().values():
        assert all(text.format(units=2, members=3, least=3, anchor="某公司") for text in (said.zh, said.en))


def test_reasons_are_bits_by_their_position() -> None:
    every = Suggestions(np.array(["joint"]), np.array([(1 << len(REASONS)) - 1]))
    assert every.told(0) == REASONS
