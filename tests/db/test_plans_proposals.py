"""Proposals for a plan: from the made city's buildings, streets and estates to changes that bring what they promise."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli import build
from geo import areas, db
from geo.actors import Actor
from geo.demo import steps
from geo.demo.plans import REGISTERS, Order
from geo.entities import ENTITIES
from geo.entities.loading import Intake, load
from geo.errors import Refused, Stale, Unknown
from geo.plans import drafts, locks, previews, proposals
from geo.plans.drafts import Plan
from geo.plans.proposals import Asked, Offers
from geo.space.redraw.changes import Rename, Transfer
from geo.tables import buildings, codes

ACTOR = Actor("planner")
BAND = (150.0, 230.0)


@pytest.fixture(scope="module")
def stood(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> sa.Engine:
    """A database with the made city's division, streets, buildings and estates."""
    folder = tmp_path_factory.mktemp("demo")
    steps.write_files(folder, Order(), lambda _: None)
    steps.publish_boundaries(engine, ACTOR, lambda _: None)
    steps.draw_base_map(engine, ACTOR, folder / steps.FILES[0])
    steps.load_buildings(engine, ACTOR, folder / steps.FILES[2], lambda _: None)
    estates = Intake(ENTITIES["estates"], folder / REGISTERS["estates"], datum="wgs84", source="demo", commit=True)
    with engine.begin() as connection:
        assert load(connection, ACTOR, estates).is_kept
    return engine


@pytest.fixture
def city(stood: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction on that city, undone afterwards."""
    with stood.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def community(connection: sa.Connection) -> str:
    """The community with the most grids."""
    places = areas.on_level(connection, 4, areas.current(connection))
    counted = [place.code[:12] for place in places]
    return max(sorted(set(counted)), key=counted.count)


def offers(connection: sa.Connection, plan: Plan, asked: Asked) -> Offers:
    return proposals.offered(proposals.prepare(connection, plan, asked))


def households(connection: sa.Connection) -> dict[str, int]:
    """Of each grid, as its buildings are counted."""
    query = sa.select(codes.c.code, sa.func.sum(buildings.c.households)).join(codes, codes.c.id == buildings.c.grid_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(codes.c.code))}


def test_a_proposal_taken_and_published_brings_the_loads_it_promised(city: sa.Connection) -> None:
    plan = drafts.begin(city, ACTOR, "均衡", community(city))
    found = offers(city, plan, Asked(band=BAND))
    kinds = [one.kind for one in found.offers]
    assert kinds == ["few", "middle", "even"]
    middle = found.offers[1]
    assert middle.measures.in_band > found.before.in_band
    assert middle.measures.cv < found.before.cv
    assert "变异系数" in middle.explanation["zh-CN"]
    assert "in the band" in middle.explanation["en"]
    before = households(city)
    made = proposals.take(city, ACTOR, found, 2)
    assert all(isinstance(one.change, Transfer) for one in made)
    previews.publish(city, ACTOR, plan.id)
    now = households(city)
    grids = found.ground.codes[found.ground.kinds == "comprehensive"]
    loads = np.array([now.get(code, 0) for code in grids.tolist()], dtype=np.float64)
    low, high = BAND
    assert int(((loads >= low) & (loads <= high)).sum()) == middle.measures.in_band
    assert loads.std() / loads.mean() == pytest.approx(middle.measures.cv)
    assert sum(now.values()) == sum(before.values())
    elsewhere = {code: count for code, count in before.items() if code not in found.ground.codes}
    assert {code: now[code] for code in elsewhere} == elsewhere


def test_proposals_go_on_from_the_changes_of_the_plan_and_are_the_same_again(city: sa.Connection) -> None:
    plan = drafts.begin(city, ACTOR, "均衡", community(city))
    proposals.take(city, ACTOR, offers(city, plan, Asked(band=BAND)), 1)
    first, again = (offers(city, plan, Asked(band=BAND, seed=3)) for _ in range(2))
    assert [one.changes for one in first.offers] == [one.changes for one in again.offers]
    fresh = offers(city, drafts.begin(city, ACTOR, "另一", plan.scope), Asked(band=BAND))
    assert first.before == pytest.approx(fresh.offers[0].measures) or first.before.cv == pytest.approx(
        fresh.offers[0].measures.cv
    )


def test_what_the_plan_or_the_asker_locks_is_left_alone(city: sa.Connection) -> None:
    plan = drafts.begin(city, ACTOR, "均衡", community(city))
    free = offers(city, plan, Asked(band=BAND))
    busy = [str(free.ground.codes[move.was]) for move in free.offers[-1].moves]
    locks.lock(city, ACTOR, plan, busy[0])
    found = offers(city, plan, Asked(band=BAND, locks=[busy[-1]]))
    touched = {str(found.ground.codes[at]) for one in found.offers for move in one.moves for at in (move.was, move.now)}
    assert touched
    assert not touched & {busy[0], busy[-1]}
    everything = offers(city, plan, Asked(band=BAND, locks=[str(plan.scope)]))
    assert everything.offers == []
    assert any("锁定" in words["zh-CN"] for words in everything.remarks)
    with pytest.raises(Unknown):
        offers(city, plan, Asked(band=BAND, locks=["12"]))


def test_a_mean_outside_the_band_is_said_in_words(city: sa.Connection) -> None:
    plan = drafts.begin(city, ACTOR, "均衡", community(city))
    found = offers(city, plan, Asked())
    assert any("请先合并" in words["zh-CN"] and "merge some first" in words["en"] for words in found.remarks)
    wide = offers(city, plan, Asked(band=(1.0, 5_000.0)))
    assert wide.offers == []
    assert any("不必调整" in words["zh-CN"] for words in wide.remarks)


def test_workers_and_incidents_weigh_what_they_are_told_to(city: sa.Connection) -> None:
    plan = drafts.begin(city, ACTOR, "均衡", community(city))
    single = offers(city, plan, Asked({"households": 1.0, "workers": 1.0}, (100.0, 900.0))).before.mean
    both = offers(city, plan, Asked({"households": 2.0, "workers": 2.0}, (200.0, 1_800.0))).before.mean
    assert both == pytest.approx(2 * single)
    for wrong in (Asked({"households": 0.0}), Asked({"workers": 1.0}), Asked({"dogs": 1.0}), Asked(band=(5.0, 5.0))):
        with pytest.raises(Refused):
            offers(city, plan, wrong)
    with pytest.raises(Refused, match="outside"):
        offers(city, plan, Asked(within=areas.city(city).code))


def test_nothing_is_kept_when_a_proposal_is_not_there(city: sa.Connection) -> None:
    plan = drafts.begin(city, ACTOR, "均衡", community(city))
    with pytest.raises(Unknown, match="no proposal 9"):
        proposals.take(city, ACTOR, offers(city, plan, Asked(band=BAND)), 9)
    assert drafts.changes_of(city, plan) == []
    drafts.add(city, ACTOR, plan, Rename(str(plan.scope), "新名"))
    assert offers(city, plan, Asked(band=BAND)).offers


def test_what_was_worked_out_for_another_drawing_is_not_taken(city: sa.Connection) -> None:
    plan = drafts.begin(city, ACTOR, "均衡", community(city))
    found = offers(city, plan, Asked(band=BAND))
    code = str(found.ground.codes[0])
    previews.add(city, ACTOR, plan, Rename(code, "新名"))
    with pytest.raises(Stale, match="ask for them anew") as stale:
        proposals.take(city, ACTOR, found, 1)
    assert "重新生成" in stale.value.zh
    assert len(drafts.changes_of(city, plan)) == 1


def test_the_command_proposes_and_takes(stood: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "engine", lambda: stood)
    run = CliRunner().invoke
    with stood.connect() as connection:
        scope = community(connection)
    begun = run(build(), ["plan", "begin", "均衡", "--within", scope])
    number = begun.stdout.split()[0]
    told = run(build(), ["plan", "propose", number, "--band", "150", "230", "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert [one["number"] for one in found["proposals"]] == [1, 2, 3]
    taken = run(build(), ["plan", "propose", number, "--band", "150", "230", "--take", "1"])
    assert "变更 changes added" in taken.stdout
    with stood.connect() as connection:
        plan = drafts.one(connection, int(number))
        assert len(drafts.changes_of(connection, plan)) == len(found["proposals"][0]["changes"])
