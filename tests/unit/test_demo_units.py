"""Units of the made city and who covers them: shares that hold, and blind spots an official would believe."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from geo.demo import ways
from geo.entities.lists import meanings, plain
from tests.registers import FRESH_DAYS, OLD_DAYS, TODAY, ages, numbers


# -- units -------------------------------------------------------------------------------------------------------------
def test_units_stand_in_houses_of_firms_and_never_have_more_workers_than_their_house(
    registers: dict[str, pd.DataFrame], buildings: pd.DataFrame
) -> None:
    units = registers["units"]
    assert 2_000 < len(units) < 4_000
    housed = units[units["building"] != ""]
    house = buildings.loc[housed["building"]]
    assert (house["firms"] > 0).all()
    assert set(house["use"]) == {"office", "commercial", "market", "industrial", "shop"}
    workers = housed.assign(workers=numbers(housed["workers"])).groupby("building")["workers"].sum()
    within = buildings.loc[workers.index, "workers"]
    assert (workers.to_numpy() <= within.to_numpy()).all()
    assert 0.6 < workers.sum() / within.sum() < 0.95
    assert units["name"].is_unique


def test_few_units_have_many_members_and_most_have_none(registers: dict[str, pd.DataFrame]) -> None:
    units = registers["units"]
    members, workers = numbers(units["members"]), numbers(units["workers"])
    assert (members <= workers).all()
    assert 0.5 < (members == 0).mean() < 0.7
    assert 0.15 < ((members == 1) | (members == 2)).mean() < 0.3
    assert 0.1 < (members >= 3).mean() < 0.22
    assert 1 <= (members > 50).sum() < 40


def test_a_fifth_of_the_units_is_unknown_and_a_few_have_closed(registers: dict[str, pd.DataFrame]) -> None:
    units = registers["units"]
    age = ages(units["surveyed_on"])
    unknown = np.isnan(age) | (age > OLD_DAYS)
    assert 0.15 < unknown.mean() < 0.25
    assert np.isnan(age).any()
    assert (age[~unknown] < FRESH_DAYS).all()
    assert 0.01 < (units["operating"] == "否").mean() < 0.06


def test_units_are_placed_by_building_by_position_or_hardly_at_all(registers: dict[str, pd.DataFrame]) -> None:
    units = registers["units"]
    housed, placed = units["building"] != "", units["lon"] != ""
    assert (placed == (units["lat"] != "")).all()
    assert (housed & ~placed).mean() > 0.5
    assert (housed & placed).mean() > 0.2
    assert 0.02 < (~housed & placed).mean() < 0.06
    assert 0 < (~housed & ~placed).mean() < 0.015


# -- organisations and coverage ----------------------------------------------------------------------------------------
def test_organisations_form_a_tree_with_few_that_answer_to_no_one(registers: dict[str, pd.DataFrame]) -> None:
    organisations = registers["party_organisations"]
    above = dict(zip(organisations["reference"], organisations["parent"], strict=True)) | {"": ""}
    reached = set(above)
    for _ in range(10):
        reached = {above[one] for one in reached}
    assert reached == {""}, "a ring"
    roots = organisations[organisations["parent"] == ""]
    assert (roots["place"] == "9901").sum() == 1
    assert 3 <= len(roots) < 0.06 * len(organisations)


def test_each_level_has_its_committee_and_nine_grids_of_ten_their_branch(
    registers: dict[str, pd.DataFrame], places: dict[str, str]
) -> None:
    organisations = registers["party_organisations"]
    of = Counter(
        (places[one.place], one.kind) for one in organisations.itertuples() if one.place and one.kind != "行业党委"
    )
    assert of[("city", "党委")] == 1
    assert of[("district", "党委")] == 2
    assert of[("subdistrict", "党委")] == 8
    assert of[("community", "党委")] + of[("community", "党总支")] == 48
    assert 0.88 <= of[("grid", "网格党支部")] / 260 <= 0.92
    assert {kind for _, kind in of} == {"党委", "党总支", "网格党支部"}


def test_some_branches_are_too_large_and_some_joint_branches_too_wide(registers: dict[str, pd.DataFrame]) -> None:
    organisations, records = registers["party_organisations"], registers["coverage_records"]
    members = numbers(organisations["members"])
    branch = organisations["kind"].isin(["党支部", "网格党支部", "联合党支部"]).to_numpy()
    assert 3 <= (branch & (members > 50)).sum() < 0.1 * branch.sum()
    joined = records[(records["method"] == "联合组建")].groupby("organisation").size()
    assert (joined >= 2).all()
    assert 1 <= (joined > 5).sum() < 0.2 * len(joined)


def test_an_organisation_can_help_at_least_those_it_helps(registers: dict[str, pd.DataFrame]) -> None:
    records, organisations = registers["coverage_records"], registers["party_organisations"]
    now = records[(records["mode"] == "工作覆盖") & (records["until"] == "") & (records["organisation"] != "")]
    helped = now.groupby("organisation").size()
    told = organisations.set_index("reference")["capacity"]
    capacity = numbers(told.loc[helped.index])
    assert (np.isnan(capacity) | (capacity >= helped.to_numpy())).all()
    free = np.nansum(numbers(told)) - helped.sum()
    assert free > 0.1 * len(registers["units"])


def test_every_method_is_recorded_mostly_with_fresh_evidence(registers: dict[str, pd.DataFrame]) -> None:
    records = registers["coverage_records"]
    methods = Counter(meanings("coverage_methods")[plain(one)] for one in records["method"])
    assert set(methods) == set(ways.METHODS[1:])
    organisational = records["method"].isin(["单独组建", "联合组建", "区域覆盖", "行业覆盖"])
    assert (organisational == (records["mode"] == "组织覆盖")).all()
    age = ages(records["evidence_on"])
    assert np.nanmean(age < FRESH_DAYS) > 0.75
    assert (age > OLD_DAYS).sum() > 20
    assert 0 < np.isnan(age).mean() < 0.1
    assert 10 < (records["until"] != "").sum() < 0.1 * len(records)
    now = records[(records["until"] == "") & (records["unit"] != "")]
    assert now["unit"].duplicated().sum() > 10


def test_what_is_covered_began_before_it_was_proved(registers: dict[str, pd.DataFrame]) -> None:
    records = registers["coverage_records"]
    proved, since, until = (ages(records[name]) for name in ("evidence_on", "since", "until"))
    assert (np.isnan(proved) | (since > proved)).all()
    assert (np.isnan(until) | np.isnan(proved) | (until < proved)).all()


def states(registers: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """State of every operating unit by the rules of the domain, without the joint groups of P2; its house beside it."""
    units, records = registers["units"], registers["coverage_records"]
    now = records[records["until"] == ""]
    by_unit = now[now["unit"] != ""].groupby("unit")["mode"].agg(set)
    houses = set(now.loc[now["building"] != "", "building"])
    found = []
    for unit in units[units["operating"] == "是"].itertuples():
        modes = by_unit.get(unit.reference, set())
        members = int(unit.members)
        if not unit.surveyed_on or (TODAY - date.fromisoformat(unit.surveyed_on)).days > OLD_DAYS:
            state = "U"
        elif "组织覆盖" in modes or unit.building in houses:
            state = "covered"
        elif members >= 3:
            state = "P4" if modes else "P1"
        elif members:
            state = "P2"
        else:
            state = "helped" if modes else "P3"
        found.append((unit.building, state))
    return pd.DataFrame(found, columns=["building", "state"])


def test_every_business_district_shows_nearly_every_state(folder: Path, registers: dict[str, pd.DataFrame]) -> None:
    import geopandas

    districts = geopandas.read_parquet(folder / "business_districts.parquet")
    houses = geopandas.read_parquet(folder / "buildings.parquet", columns=["id", "geometry"])
    houses = houses.set_geometry(houses.geometry.representative_point())
    inside = geopandas.sjoin(houses, districts[["code", "geometry"]], predicate="within")
    of = dict(zip(inside["id"].astype(str), inside["code"], strict=True))
    told = states(registers)
    told["district"] = told["building"].map(of)
    seen = told.groupby("district")["state"].agg(set)
    assert len(seen) == len(districts)
    for code, there in seen.items():
        assert there >= {"U", "covered", "P2", "P3"}, code
    assert sum("P1" in there for there in seen) >= 0.8 * len(seen)
    assert sum("P4" in there for there in seen) >= 0.7 * len(seen)


def test_the_city_is_covered_by_half_and_its_gaps_are_few_and_large(registers: dict[str, pd.DataFrame]) -> None:
    of = Counter(states(registers)["state"])
    surveyed = sum(of.values()) - of["U"]
    assert 0.4 < of["covered"] / surveyed < 0.65
    assert 0.01 < of["P1"] / surveyed < 0.06
    assert 0.01 < of["P4"] / surveyed < 0.06
    assert 0.05 < of["P2"] / surveyed < 0.2


def test_a_tower_holds_several_units_that_could_join_a_branch(registers: dict[str, pd.DataFrame]) -> None:
    told = states(registers)
    together = told[(told["state"] == "P2") & (told["building"] != "")].groupby("building").size()
    assert (together >= 3).sum() >= 5
