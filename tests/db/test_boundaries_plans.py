"""Files of boundaries change a city by a plan: kept, previewed, held against others, approved, and then published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from typer.testing import CliRunner

from geo import areas, db, editions
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.checking import check
from geo.boundaries.importing import Prepared
from geo.boundaries.sources import read_sources
from geo.boundaries.standing import standing_of
from geo.editions import Request
from geo.errors import Broken, Refused, Stale
from geo.plans import calendar, drafts, imported, previews, reviews, scheduling, verdicts, wire
from geo.plans.redivisions import Done
from geo.settings import settings
from geo.space.division import Division
from geo.space.redraw.changes import Merge, Rename
from geo.space.redraw.redividing import Redivide
from geo.tables import audit_events, crosswalks
from tests.made_files import (
    CITY,
    COMMUNITIES,
    Feature,
    communities,
    feature,
    grids,
    square,
    write,
    write_city,
    write_sources,
)

LIN, WANG = Actor("lin"), Actor("wang")
FIRST, SECOND, THIRD = (f"{COMMUNITIES[0]}{number:03d}" for number in (1, 2, 3))
LAST = f"{COMMUNITIES[1]}004"
NEW = f"{COMMUNITIES[0]}005"
ADDED = "379901001003"


@pytest.fixture
def city(connection: sa.Connection, tmp_path: Path) -> sa.Connection:
    """Edition 1 is in force, of the files in the folder."""
    assert handed_in(connection, read(connection, write_city(tmp_path))).published
    return connection


@pytest.fixture
def approvals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One approval is wanted."""
    monkeypatch.setenv("GRIDATLAS_APPROVALS", "1")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def read(connection: sa.Connection, path: Path, within: str | None = None) -> Prepared:
    prepared = importing.prepare(read_sources(path), standing_of(connection), within=within)
    assert not prepared.is_refused, prepared.findings
    return prepared


def asked(hour: datetime | None = None, *, over_edits: bool = False) -> Request:
    return Request(LIN, "grids.geojson", {}, hour, over_edits=over_edits)


def handed_in(connection: sa.Connection, prepared: Prepared, request: Request | None = None) -> Done:
    return imported.publish(connection, prepared, request or asked())


def renamed(rows: list[Feature], code: str, name: str) -> None:
    next(row for row in rows if row["properties"]["code"] == code)["properties"]["name"] = name


def halved(rows: list[Feature]) -> None:
    """The first grid becomes two."""
    rows[0]["geometry"] = json.loads(shapely.to_geojson(square(0, 0, 0.6, 1)))
    rows.append(feature(square(0.6, 0, 0.4, 1), code=NEW, name="新格", parent=COMMUNITIES[0]))


def in_force(connection: sa.Connection) -> Division:
    return editions.stored(connection, areas.current(connection))


def origin_of(connection: sa.Connection, edition: int) -> dict[str, Any]:
    told = connection.execute(sa.text("SELECT origin FROM editions WHERE number = :n"), {"n": edition}).scalar_one()
    return dict(told)


def as_given(stored: Division, given: Division) -> bool:
    """Whether leaves and areas are the same to the last word and vertex, rings starting anywhere."""
    words = ("leaf_codes", "leaf_names", "leaf_kinds", "leaf_parents", "area_codes", "area_names", "area_parents")
    same = [getattr(stored, name).tolist() == getattr(given, name).tolist() for name in words]
    shapes = [(getattr(stored, name), getattr(given, name)) for name in ("leaf_shapes", "area_shapes")]
    return all(same) and all(shapely.equals_exact(plain(a), plain(b), 0.0).all() for a, b in shapes)


def plain(shapes: np.ndarray) -> np.ndarray:
    whole = [shapely.multipolygons([*shapely.get_parts(one)]) for one in shapes]
    return np.asarray(shapely.normalize(np.array(whole, dtype=object)), dtype=object)


def test_a_file_is_a_plan_that_replaces_the_city_and_is_published(city: sa.Connection, tmp_path: Path) -> None:
    prepared = read(city, write_city(tmp_path, halved))
    done = handed_in(city, prepared)
    assert done.plan is not None
    assert done.published is not None
    assert (done.plan.name, done.plan.scope, done.plan.state) == ("grids.geojson", None, "in_force")
    assert (done.plan.base_edition, done.plan.edition, done.published.edition.number) == (1, 2, 2)
    (made,) = drafts.changes_of(city, done.plan)
    noded = {"nodes": [THIRD], "has_outline": True}
    assert wire.told(made.change) == {"kind": "redivide", "leaves": [FIRST, NEW], **noded}, "only what differs is kept"
    assert as_given(in_force(city), prepared.judgement.division)
    origin = origin_of(city, 2)
    assert (origin["kind"], origin["plan"]) == ("import", done.plan.id)
    assert [one["file"] for one in origin["files"]] == ["communities.geojson", "grids.geojson"]
    entry = city.execute(sa.select(audit_events).order_by(audit_events.c.id.desc()).limit(1)).one()
    assert (entry.actor, entry.action, entry.detail["edition"]) == ("lin", "publish", 2)
    assert city.scalar(sa.select(sa.func.count()).select_from(crosswalks)) == 2
    assert check(city, areas.current(city)) == []


def test_the_city_is_founded_without_a_plan_and_the_same_file_again_is_none(
    city: sa.Connection, tmp_path: Path
) -> None:
    assert handed_in(city, read(city, write_city(tmp_path))) == Done(None, None)
    assert drafts.listed(city) == []
    assert areas.newest_number(city) == 1


def test_a_preview_keeps_nothing_and_is_what_a_publish_does(city: sa.Connection, tmp_path: Path) -> None:
    prepared = read(city, write_city(tmp_path, halved))
    seen = imported.preview(city, prepared, asked())
    assert (drafts.listed(city), areas.newest_number(city)) == ([], 1)
    done = handed_in(city, prepared).published
    assert done is not None
    assert (seen.base, seen.changed, seen.noded) == (1, done.changed, done.noded)
    assert (seen.appeared.tolist(), seen.retired.tolist()) == (done.appeared.tolist(), done.retired.tolist())


def test_a_scope_is_a_plan_of_that_scope(city: sa.Connection, tmp_path: Path) -> None:
    prepared = read(city, write_city(tmp_path, halved), within=COMMUNITIES[0])
    done = handed_in(city, prepared)
    assert done.plan is not None
    assert done.plan.scope == COMMUNITIES[0]
    (made,) = drafts.changes_of(city, done.plan)
    told = {"within": COMMUNITIES[0], "leaves": [FIRST, NEW], "nodes": [THIRD]}
    assert wire.told(made.change) == {"kind": "redivide", **told}
    assert city.scalar(sa.text("SELECT scope FROM editions WHERE number = 2")) == COMMUNITIES[0]


def test_areas_come_and_go_and_the_outline_moves(city: sa.Connection, tmp_path: Path) -> None:
    """A third community joins the city in the east, a grid is put under it, and another grid is ceded."""
    rows, above = [row for row in grids() if row["properties"]["code"] != FIRST], communities()
    east = next(row for row in rows if row["properties"]["code"] == LAST)
    east["properties"] |= {"code": f"{ADDED}001", "parent": ADDED}
    rows.append(feature(square(4, 1), code=f"{ADDED}002", name="东", parent=ADDED))
    above[0]["geometry"] = json.loads(shapely.to_geojson(shapely.union_all([square(1, 0), square(0, 1, 2, 1)])))
    above[1]["geometry"] = json.loads(shapely.to_geojson(shapely.union_all([square(2, 0, 2, 1), square(2, 1)])))
    above.append(feature(square(3, 1, 2, 1), code=ADDED, name="新社区"))
    write(tmp_path / "grids.geojson", rows)
    write(tmp_path / "communities.geojson", above)
    prepared = read(city, write_sources(tmp_path))
    done = handed_in(city, prepared)
    assert done.published is not None
    assert done.plan is not None
    (made,) = drafts.changes_of(city, done.plan)
    told = wire.told(made.change)
    assert (told["areas"], told["gone"], told["has_outline"]) == ([ADDED], [FIRST, LAST], True)
    assert as_given(in_force(city), prepared.judgement.division)
    assert check(city, areas.current(city)) == []
    back = read(city, write_city(tmp_path))
    assert back.judgement.division.area_codes.tolist() == [CITY, *COMMUNITIES]
    with pytest.raises(Refused, match="never returns"):
        handed_in(city, back)


def test_what_was_redrawn_since_the_file_was_judged_is_a_conflict_and_nothing_is_kept(
    city: sa.Connection, tmp_path: Path
) -> None:
    prepared = read(city, write_city(tmp_path, halved))
    other = drafts.begin(city, WANG, "改名")
    previews.add(city, WANG, other, Rename(FIRST, "别名"))
    reviews.publish(city, WANG, other.id)
    for act in (imported.preview, imported.publish):
        with pytest.raises(Stale, match=rf"{FIRST} changed since plan \d+ was begun on edition 1"), city.begin_nested():
            act(city, prepared, asked())
    assert [one.id for one in drafts.listed(city)] == [other.id]


def test_what_others_changed_elsewhere_meanwhile_stays(city: sa.Connection, tmp_path: Path) -> None:
    prepared = read(city, write_city(tmp_path, halved))
    other = drafts.begin(city, WANG, "合并")
    previews.add(city, WANG, other, Merge((LAST, f"{COMMUNITIES[1]}003"), LAST))
    previews.add(city, WANG, other, Rename(THIRD, "别名"))
    reviews.publish(city, WANG, other.id)
    done = handed_in(city, prepared).published
    assert done is not None
    assert (done.edition.number, done.changed) == (3, 2)
    now = in_force(city)
    assert NEW in now.leaf_codes
    assert f"{COMMUNITIES[1]}003" not in now.leaf_codes, "what was merged after the file was read"
    assert now.leaf_names[now.leaf_codes == THIRD].tolist() == ["别名"]
    assert check(city, areas.current(city)) == []


def test_a_scheduled_plan_keeps_a_file_from_what_it_reserved(city: sa.Connection, tmp_path: Path) -> None:
    other = drafts.begin(city, WANG, "明年")
    previews.add(city, WANG, other, Rename(FIRST, "别名"))
    scheduling.schedule(city, WANG, other.id, datetime.now(UTC) + timedelta(days=30))
    prepared = read(city, write_city(tmp_path, halved))
    for act in (imported.preview, imported.publish):
        with pytest.raises(Stale, match=rf"{FIRST} reserved by plan {other.id}"), city.begin_nested():
            act(city, prepared, asked())


def test_a_file_for_a_day_to_come_is_scheduled_and_foretold_and_comes_into_force_as_it_is(
    city: sa.Connection, tmp_path: Path
) -> None:
    prepared, hour = read(city, write_city(tmp_path, halved)), datetime.now(UTC) + timedelta(days=30)
    seen = imported.preview(city, prepared, asked(hour))
    done = handed_in(city, prepared, asked(hour))
    assert done.published is None
    assert done.plan is not None
    assert (done.plan.state, done.plan.effective_at, areas.newest_number(city)) == ("scheduled", hour, 1)
    then = calendar.edition_at(city, hour)
    assert NEW in areas.leaves(city, then).codes
    _, published = reviews.publish(city, LIN, done.plan.id)
    assert (published.changed, published.noded) == (seen.changed, seen.noded)
    assert as_given(in_force(city), prepared.judgement.division)


def test_a_city_is_not_founded_for_a_day_to_come(connection: sa.Connection, tmp_path: Path) -> None:
    prepared, hour = read(connection, write_city(tmp_path)), datetime.now(UTC) + timedelta(days=30)
    for act in (imported.preview, imported.publish):
        with pytest.raises(Refused, match="lies in the future"), connection.begin_nested():
            act(connection, prepared, asked(hour))


@pytest.mark.usefixtures("approvals")
def test_where_approvals_are_wanted_a_file_waits_as_a_draft_that_others_approve(
    city: sa.Connection, tmp_path: Path
) -> None:
    prepared = read(city, write_city(tmp_path, halved))
    done = handed_in(city, prepared, asked(over_edits=True))
    assert done.published is None
    assert done.plan is not None
    assert (done.plan.state, areas.newest_number(city)) == ("draft", 1)
    with pytest.raises(Stale, match=r"1 approval\(s\)"):
        reviews.publish(city, LIN, done.plan.id)
    waiting = reviews.submit(city, LIN, done.plan)
    verdicts.approve(city, WANG, waiting)
    plan, published = reviews.publish(city, LIN, done.plan.id)
    assert (plan.state, published.edition.number) == ("in_force", 2)
    assert as_given(in_force(city), prepared.judgement.division)
    assert origin_of(city, 2)["files"] == prepared.origin["files"]
    back = read(city, write_city(tmp_path))
    for act in (imported.preview, imported.publish):
        with pytest.raises(Refused, match="no hour can be set"), city.begin_nested():
            act(city, back, asked(datetime.now(UTC), over_edits=True))


def test_later_edits_are_undone_only_when_told(city: sa.Connection, tmp_path: Path) -> None:
    other = drafts.begin(city, WANG, "合并")
    previews.add(city, WANG, other, Merge((FIRST, SECOND), SECOND))
    reviews.publish(city, WANG, other.id)

    def redrawn(rows: list[Feature]) -> None:
        rows[0]["properties"]["code"] = NEW
        renamed(rows, LAST, "新名")

    prepared = read(city, write_city(tmp_path, redrawn))
    for act in (imported.preview, imported.publish):
        with pytest.raises(Refused, match=rf"{SECOND}.*--over-edits"), city.begin_nested():
            act(city, prepared, asked())
    assert handed_in(city, prepared, asked(over_edits=True)).published
    assert as_given(in_force(city), prepared.judgement.division)


def test_what_a_plan_of_files_asks_for_is_read_back_as_it_was_kept(city: sa.Connection, tmp_path: Path) -> None:
    done = handed_in(city, read(city, write_city(tmp_path, halved)))
    assert done.plan is not None
    change = drafts.changes_of(city, done.plan)[0].change
    assert isinstance(change, Redivide)
    assert wire.read(json.loads(json.dumps(wire.written(change)))) == change
    with pytest.raises(Refused, match="import them"):
        wire.asked(wire.written(change))


def test_leaves_that_would_not_divide_the_city_are_refused_with_the_place(city: sa.Connection, tmp_path: Path) -> None:
    """The same plan again after its neighbour was redrawn under it cannot be, whoever asks."""
    prepared = read(city, write_city(tmp_path, halved))
    division = prepared.judgement.division
    division.leaf_shapes[0] = shapely.buffer(division.leaf_shapes[0], -1e-4)
    with pytest.raises(Broken) as refusal, city.begin_nested():
        handed_in(city, prepared)
    assert refusal.value.where is not None
    assert drafts.listed(city) == []


def test_the_command_says_which_plan_it_was_and_how_one_that_waits_goes_on(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    from api import cli

    engine = db.connect(fresh_database)
    monkeypatch.setattr(db, "engine", lambda: engine)
    run, app, path = CliRunner(), cli.build(), str(write_city(tmp_path))
    first = run.invoke(app, ["import", "boundaries", path, "--commit"])
    assert "published as edition 1（" in first.stdout, first.output
    write_city(tmp_path, halved)
    dry = run.invoke(app, ["import", "boundaries", path])
    assert "dry run: would become edition 2" in dry.stdout, dry.output
    done = run.invoke(app, ["import", "boundaries", path, "--commit", "--json"])
    told = json.loads(done.stdout)["summary"]
    assert (told["plan"], told["edition"], told["changed"]) == (1, 2, 2)
    assert told["outcome"]["en"] == "published as edition 2 by plan 1"
    shown = run.invoke(app, ["plan", "show", "1"])
    assert f"1. 重新划分 redivide: leaves {FIRST}, {NEW}" in shown.stdout
    request.getfixturevalue("approvals")
    write_city(tmp_path, lambda rows: (halved(rows), renamed(rows, LAST, "新名"))[0])
    dry = run.invoke(app, ["import", "boundaries", path])
    assert "would become a plan that takes 1 approval(s)" in dry.stdout, dry.output
    waits = run.invoke(app, ["import", "boundaries", path, "--commit"])
    assert waits.exit_code == 0, waits.output
    assert "plan 2 is a draft and takes 1 approval(s): gridatlas plan submit 2" in waits.stdout
    with engine.connect() as opened:
        assert areas.newest_number(opened) == 2
    engine.dispose()
