"""The registers of the made city: every file is understood, every reference is met, and what they show can be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo import frames
from geo.demo import shares, ways
from geo.demo.plans import REGISTERS, Order
from geo.demo.steps import write_files
from geo.entities import ENTITIES
from geo.entities.fields import Field, Kind
from geo.entities.lists import meanings, plain

ORDER = Order()
TODAY = ORDER.until.date()
FRESH_DAYS, OLD_DAYS = 365, 730


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("registers")
    write_files(made, ORDER, lambda _: None, boundaries=True)
    return made


def read(folder: Path, key: str) -> pd.DataFrame:
    """The fields of a register as texts, blank where nothing is told."""
    with frames.opened(folder / REGISTERS[key]) as sheet:
        table = pa.concat_tables([frame.table for frame in sheet.frames])
    names = [name for name in table.column_names if name != sheet.geometry]
    columns = ENTITIES[key].mapping.mapped(names, {}, REGISTERS[key])
    assert set(columns.values()) == set(names), "a column nobody understands"
    return pd.DataFrame({name: texts(table.column(column)) for name, column in columns.items()})


def texts(column: pa.ChunkedArray) -> list[str]:
    return ["" if one is None else str(one) for one in column.cast(pa.string()).to_pylist()]


@pytest.fixture(scope="module")
def registers(folder: Path) -> dict[str, pd.DataFrame]:
    return {key: read(folder, key) for key in REGISTERS}


@pytest.fixture(scope="module")
def places(folder: Path) -> dict[str, str]:
    """Level of every code."""
    found = {"9901": "city"}
    for level, name in (
        ("district", "districts"), ("subdistrict", "subdistricts"), ("community", "communities"), ("grid", "grids"),
    ):  # fmt: skip
        document = json.loads((folder / f"{name}.geojson").read_text(encoding="utf-8"))
        found |= {one["properties"]["code"]: level for one in document["features"]}
    return found


@pytest.fixture(scope="module")
def buildings(folder: Path) -> pd.DataFrame:
    table = pyarrow.parquet.read_table(folder / "buildings.parquet")
    found = table.drop_columns(["geometry"]).to_pandas()
    return found.set_index(found["id"].astype(str))


@pytest.fixture(scope="module")
def references(folder: Path, registers: dict[str, pd.DataFrame], buildings: pd.DataFrame) -> dict[str, set[str]]:
    incidents = pd.read_csv(folder / "incidents.csv", dtype=str)["reference"]
    rows = {key: set(table["reference"]) for key, table in registers.items()}
    return rows | {"buildings": set(buildings.index), "incidents": set(incidents)}


def numbers(column: pd.Series) -> np.ndarray:
    return pd.to_numeric(column.replace("", np.nan)).to_numpy(dtype=np.float64)


def ages(column: pd.Series) -> np.ndarray:
    """Days before the city's today; NaN where blank."""
    return np.array([(TODAY - date.fromisoformat(one)).days if one else np.nan for one in column])


@pytest.mark.parametrize("key", list(REGISTERS))
def test_every_row_of_a_register_is_known_once_and_says_what_is_needed(
    key: str, registers: dict[str, pd.DataFrame]
) -> None:
    table, entity = registers[key], ENTITIES[key]
    assert len(table) > 0
    assert table["reference"].is_unique
    assert (table["reference"] != "").all()
    for field in entity.fields:
        if field.needed:
            assert (table[field.name] != "").all(), field.name


@pytest.mark.parametrize("key", list(REGISTERS))
def test_every_column_of_a_register_holds_what_its_field_stands_for(
    key: str, registers: dict[str, pd.DataFrame], references: dict[str, set[str]], places: dict[str, str]
) -> None:
    table = registers[key]
    for field in ENTITIES[key].fields:
        if field.name in table:
            said = {one for one in table[field.name] if one}
            wrong = [one for one in said if not fits(field, one, references, places)]
            assert wrong == [], field.name


def fits(field: Field, said: str, references: dict[str, set[str]], places: dict[str, str]) -> bool:
    if field.kind is Kind.CHOICE:
        return plain(said) in meanings(field.words)
    if field.kind in (Kind.COUNT, Kind.FIGURE):
        return 0 <= float(said) <= field.most and (field.kind is Kind.FIGURE or float(said).is_integer())
    if field.kind is Kind.PLACE:
        return places.get(said) in (field.levels or set(places.values()))
    held = {
        Kind.FLAG: lambda: said in ("是", "否"),
        Kind.DAY: lambda: date.fromisoformat(said) <= TODAY,
        Kind.REFERENCE: lambda: said in references[field.to],
    }
    return held.get(field.kind, lambda: said == said.strip())()


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


# -- sizes and seeds ---------------------------------------------------------------------------------------------------
@hypothesis_settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32), buildings=st.integers(300, 3_000), grids=st.integers(60, 200))
def test_any_seed_and_size_has_registers_that_agree_with_each_other(
    tmp_path_factory: pytest.TempPathFactory, seed: int, buildings: int, grids: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    write_files(folder, Order(grids=grids, buildings=buildings, incidents=200, seed=seed), lambda _: None)
    tables = {key: read(folder, key) for key in REGISTERS}
    known = {key: set(table["reference"]) for key, table in tables.items()}
    for key, field in referring():
        table = tables[key]
        if field.to in known and field.name in table:
            assert set(table[field.name]) - {""} <= known[field.to], f"{key}.{field.name}"


def referring() -> Iterator[tuple[str, Field]]:
    for key in REGISTERS:
        for field in ENTITIES[key].of_kind(Kind.REFERENCE):
            yield key, field


def test_twice_the_city_has_twice_the_units(tmp_path: Path) -> None:
    counts = []
    for grids in (100, 400):
        write_files(tmp_path, Order(grids=grids, buildings=70 * grids, incidents=0), lambda _: None)
        counts.append(len(read(tmp_path, "units")))
    assert 2.5 < counts[1] / counts[0] < 6


def test_a_city_without_a_firm_has_registers_without_a_unit(tmp_path: Path) -> None:
    write_files(tmp_path, Order(grids=60, buildings=0, incidents=0), lambda _: None)
    assert (tmp_path / REGISTERS["units"]).read_text(encoding="utf-8").count("\n") == 1


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(0, 2**32))
def test_numbers_of_a_group_are_spread_evenly(groups: list[int], seed: int) -> None:
    group = np.array(groups, dtype=np.int64)
    drawn = shares.evenly(group, np.random.default_rng(seed))
    for one in np.unique(group):
        mine = np.sort(drawn[group == one])
        steps = np.arange(len(mine) + 1) / len(mine)
        assert (mine >= steps[:-1]).all()
        assert (mine < steps[1:]).all()


@given(st.lists(st.tuples(st.floats(0.01, 100), st.integers(0, 4)), min_size=1, max_size=40), st.integers(0, 500))
def test_what_is_dealt_is_at_least_one_each_and_never_more_than_there_was(
    rows: list[tuple[float, int]], more: int
) -> None:
    _, group = np.unique([one for _, one in rows], return_inverse=True)
    total = np.bincount(group)[group] + more
    given_out = shares.dealt(total, group, np.array([weight for weight, _ in rows]))
    assert (given_out >= 1).all()
    assert (np.bincount(group, given_out) <= np.bincount(group) + more).all()
