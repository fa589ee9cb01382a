"""The registers of the made city: every file is understood, every reference is met, and what they show can be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo.demo import shares, stages
from geo.demo.incidents import CATEGORIES
from geo.demo.plans import REGISTERS, Order
from geo.demo.steps import write_files
from geo.entities import ENTITIES
from geo.entities.fields import Field, Kind
from geo.entities.lists import meanings, plain
from tests.registers import ORDER, TODAY, numbers, read


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
    if field.kind is Kind.MOMENT:
        return said.endswith("+08:00") and datetime.fromisoformat(said).year >= TODAY.year - 1
    if field.kind is Kind.PLACE:
        return places.get(said) in (field.levels or set(places.values()))
    held = {
        Kind.FLAG: lambda: said in ("是", "否"),
        Kind.DAY: lambda: date.fromisoformat(said) <= TODAY,
        Kind.REFERENCE: lambda: said in references[field.to],
    }
    return held.get(field.kind, lambda: said == said.strip())()


# -- ground, posts, counts ---------------------------------------------------------------------------------------------
def test_every_entity_has_a_register() -> None:
    assert set(REGISTERS) == set(ENTITIES)


def test_estates_are_valid_ground_apart_from_each_other_and_a_few_lie_in_two_grids(folder: Path) -> None:
    import geopandas

    estates = geopandas.read_file(folder / REGISTERS["estates"])
    grids = geopandas.read_file(folder / "grids.geojson")
    shapes = estates.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    assert (first == second).all()
    inner = shapely.buffer(shapes, -1e-5)
    estate, _ = shapely.STRtree(grids.geometry.to_numpy()).query(inner, predicate="intersects")
    several = np.bincount(estate, minlength=len(estates)) > 1
    assert 3 <= several.sum() < 0.1 * len(estates)


def test_homes_stand_in_estates_and_estates_count_them(folder: Path, buildings: pd.DataFrame) -> None:
    import geopandas

    estates = geopandas.read_file(folder / REGISTERS["estates"])
    told = numbers(estates["户数"].astype(str).replace({"nan": "", "None": ""}))
    assert np.nansum(told) == buildings["households"].sum()


def test_grid_figures_of_the_later_day_are_those_of_the_buildings_in_grids(
    folder: Path, registers: dict[str, pd.DataFrame], buildings: pd.DataFrame
) -> None:
    figures = registers["grid_figures"]
    days = sorted(set(figures["as_of"]))
    assert len(days) == 2
    now = figures[figures["as_of"] == days[1]]
    assert now["place"].is_unique
    assert len(now) == 260
    for name in ("households", "firms", "workers"):
        assert 0.9 < numbers(now[name]).sum() / buildings[name].sum() <= 1.0
    assert 2.2 < numbers(now["residents"]).sum() / numbers(now["households"]).sum() < 3.2


def test_no_more_posts_are_filled_than_there_are_and_some_grids_have_no_one_full_time(
    registers: dict[str, pd.DataFrame], places: dict[str, str]
) -> None:
    slots = registers["staff_slots"]
    assert (numbers(slots["filled"]) <= numbers(slots["slots"])).all()
    latest = slots[slots["as_of"] == slots["as_of"].max()]
    assert not latest.duplicated(["place", "line", "time"]).any()
    full = latest[(latest["time"] == "专职") & (latest["place"].map(places) == "grid")]
    vacant = numbers(full["filled"]) == 0
    assert 0.03 < vacant.mean() < 0.16
    told = set(latest["place"]) & {code for code, level in places.items() if level == "grid"}
    assert 0.93 < len(told) / 260 < 1.0


def test_duty_contacts_are_posts_with_invented_extensions(registers: dict[str, pd.DataFrame]) -> None:
    contacts = registers["duty_contacts"]
    assert set(contacts["phone"].str.len()) <= {0, 4}
    subjects = sum((contacts[name] != "").astype(int) for name in ("place", "estate", "building"))
    assert (subjects == 1).all()


def test_what_is_met_was_demanded(registers: dict[str, pd.DataFrame]) -> None:
    table = registers["report_ins"]
    assert (numbers(table["met"]) <= numbers(table["demanded"])).all()


# -- incidents ---------------------------------------------------------------------------------------------------------
def test_every_category_of_the_made_incidents_is_admitted_somewhere(registers: dict[str, pd.DataFrame]) -> None:
    told = registers["incident_categories"]
    assert list(told["reference"]) == [one.code for one in CATEGORIES]
    assert list(told["name"]) == [one.zh for one in CATEGORIES]
    assert (numbers(told["due_hours"]) >= 1).all()


CHAINS = {
    "handled": ["巡查发现", "上报", "首次响应", "街道呼叫", "部门应答", "解决", "督查", "反馈"],
    "served": ["群众点单", "社区派单", "部门接单", "党员领单", "完成"],
}


def test_stages_follow_each_other_in_one_chain(registers: dict[str, pd.DataFrame]) -> None:
    stages = registers["incident_stages"]
    at = pd.to_datetime(stages["at"])
    assert (at < pd.Timestamp(ORDER.until)).all()
    for _, rows in stages.assign(at=at).groupby("incident"):
        said = [stage for stage in rows.sort_values("at", kind="stable")["stage"] if stage != "督办"]
        chain = CHAINS["served" if said[0] == "群众点单" else "handled"]
        assert said == [stage for stage in chain if stage in said]
        assert said[0] in {"群众点单", "上报", "巡查发现"}


def test_stages_begin_when_their_incident_was_reported(folder: Path, registers: dict[str, pd.DataFrame]) -> None:
    stages = registers["incident_stages"]
    incidents = pd.read_csv(folder / "incidents.csv", dtype=str).drop_duplicates("reference").set_index("reference")
    begun = stages[stages["stage"].isin(["上报", "群众点单"])].set_index("incident")
    reported = incidents.loc[begun.index, "reported_at"].str[:19].str.replace(" ", "T")
    assert (begun["at"].str[:19].to_numpy() == reported.to_numpy()).all()
    assert 0.2 < len(begun) / len(incidents) < 0.3


def test_some_matters_are_late_some_calls_open_and_what_is_late_is_supervised(
    registers: dict[str, pd.DataFrame],
) -> None:
    stages = registers["incident_stages"]
    first = {name: rows.set_index("incident") for name, rows in stages.groupby("stage")}
    due = pd.to_datetime(first["上报"]["due_at"])
    resolved = pd.to_datetime(first["解决"]["at"])
    late = resolved > due.loc[resolved.index]
    assert 0.05 < late.mean() < 0.3
    supervised = pd.to_datetime(first["督办"]["at"])
    assert (supervised > due.loc[supervised.index]).all()
    assert 0.05 < 1 - len(first["部门应答"]) / len(first["街道呼叫"]) < 0.35
    assert 0.02 < 1 - len(first["解决"]) / len(first["上报"]) < 0.2


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)),  # noqa: DTZ001 - the city's own clock
    st.integers(1, 100),
)
def test_working_hours_add_up_to_what_is_due(begun: datetime, hours: int) -> None:
    start = np.array([np.datetime64(begun, "s").astype(np.int64)], dtype=np.float64)
    due = stages.due_s(start, np.array([hours]))[0]
    minutes = np.arange(start[0] // 60 * 60, due + 120, 60)
    open_now = np.is_busday((minutes // 86_400).astype("datetime64[D]"))
    second = minutes % 86_400
    open_now &= (second >= 9 * 3_600) & (second < 17 * 3_600)
    within = open_now & (minutes >= start[0]) & (minutes < due)
    assert abs(within.sum() - 60 * hours) <= 1


# -- sizes and seeds ---------------------------------------------------------------------------------------------------
@pytest.mark.slow
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


@pytest.mark.slow
def test_twice_the_city_has_twice_the_units(tmp_path: Path) -> None:
    counts = []
    for grids in (100, 400):
        write_files(tmp_path, Order(grids=grids, buildings=70 * grids, incidents=0), lambda _: None)
        counts.append(len(read(tmp_path, "units")))
    assert 2.5 < counts[1] / counts[0] < 6


@pytest.mark.slow
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
