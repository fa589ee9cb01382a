"""A plan is worked out on what it concerns: the whole city would give the same, to the last byte and word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import areas, editions
from geo.actors import Actor
from geo.arrays import Shapes
from geo.errors import GeoError, Refused, Stale
from geo.plans import drafts, previews
from geo.plans.replaying import Replayed, replayed
from geo.space.division import Division, compare, crosswalk, differing, reworded_areas
from geo.space.division.uniting import others
from geo.space.partition import faults
from geo.space.redraw.changes import Change, changed
from geo.statements import statement
from tests import winding_division
from tests.cities import SCHEME
from tests.drawn_plans import published
from tests.planned import divided_city, somehow
from tests.small_city import SMALL_CITY

ACTOR = Actor("planner")
CITY = SMALL_CITY


def on_the_whole(base: Division, asked: list[Change]) -> Replayed | GeoError:
    made = base
    try:
        for change in asked:
            made = changed(made, change, SCHEME).division
    except GeoError as refusal:
        return refusal
    return Replayed(base, made)


def on_a_part(connection: sa.Connection, edition: areas.Edition, asked: list[Change]) -> Replayed | GeoError:
    try:
        return replayed(connection, edition, CITY, asked)
    except GeoError as refusal:
        return refusal


def chain(base: Division, random: np.random.Generator) -> list[Change]:
    """Up to four changes, each asked of what the ones before it make; the last may be refused."""
    asked: list[Change] = []
    for _ in range(int(random.integers(1, 5))):
        so_far = on_the_whole(base, asked)
        if isinstance(so_far, GeoError):
            break
        asked.append(somehow(so_far.made, random))
    return asked


def bytes_of(shapes: Shapes) -> list[bytes]:
    return [bytes(one) for one in shapely.to_wkb(shapely.normalize(shapes))]


def leaves_of(division: Division, which: np.ndarray) -> dict[str, tuple[object, ...]]:
    """Words and ground of leaves by code."""
    rows = (division.leaf_names, division.leaf_kinds, division.leaf_parents)
    words = zip(*(column[which].tolist() for column in rows), bytes_of(division.leaf_shapes[which]), strict=True)
    return dict(zip(division.leaf_codes[which].tolist(), words, strict=True))


def areas_of(division: Division, which: np.ndarray) -> dict[str, tuple[object, ...]]:
    words = zip(division.area_names[which].tolist(), bytes_of(division.area_shapes[which]), strict=True)
    return dict(zip(division.area_codes[which].tolist(), words, strict=True))


def alike(part: Replayed, whole: Replayed) -> None:
    """What a part of the city says is what the whole of it says."""
    here, there = leaves_of(part.made, np.arange(len(part.made.leaf_codes))), others(whole.made, whole.base)
    assert leaves_of(whole.made, there).items() <= here.items()
    all_there = leaves_of(whole.made, np.arange(len(whole.made.leaf_codes)))
    assert here.items() <= all_there.items()
    one, other = compare(part.base, part.made), compare(whole.base, whole.made)
    for field in fields(one):
        found, wanted = getattr(one, field.name), getattr(other, field.name)
        if field.name == "outline_moved":
            assert found == wanted
        elif field.name == "retired_areas":
            assert found.tolist() == wanted.tolist()
        else:
            row = "area" if field.name.endswith("areas") else "leaf"
            side = "base" if field.name in ("retired", "closed", "left_ground", "closed_areas") else "made"
            codes = [getattr(getattr(both, side), f"{row}_codes") for both in (part, whole)]
            assert codes[0][found].tolist() == codes[1][wanted].tolist(), field.name
    assert areas_of(part.made, one.opened_areas) == areas_of(whole.made, other.opened_areas)
    assert crosswalk(part.base, part.made, one) == crosswalk(whole.base, whole.made, other)


def answers_alike(part: Replayed | GeoError, whole: Replayed | GeoError) -> None:
    if isinstance(whole, GeoError):
        assert (type(part), str(part)) == (type(whole), str(whole))
        assert isinstance(part, GeoError)
        places = [shapely.normalize(refusal.where or shapely.Point()) for refusal in (part, whole)]
        assert places[0].wkb == places[1].wkb
    else:
        assert isinstance(part, Replayed), part
        alike(part, whole)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 100_000))
def test_a_plan_on_what_it_concerns_is_the_plan_on_the_whole_city(connection: sa.Connection, seed: int) -> None:
    random, made = np.random.default_rng(seed), divided_city(seed, 9)
    with connection.begin_nested() as attempt:
        edition = published(connection, made)
        base = editions.stored(connection, edition)
        for _ in range(6):
            asked = chain(base, random)
            answers_alike(on_a_part(connection, edition, asked), on_the_whole(base, asked))
        attempt.rollback()


def test_only_what_a_plan_concerns_is_read(connection: sa.Connection) -> None:
    random, made = np.random.default_rng(1), divided_city(1, 20)
    edition = published(connection, made)
    base = editions.stored(connection, edition)
    sizes = []
    while len(sizes) < 8:
        asked = chain(base, random)[:1]
        part = on_a_part(connection, edition, asked)
        if isinstance(part, Replayed) and part.base.sight is not None:
            sizes.append(len(part.base.leaf_codes))
    assert np.median(sizes) < len(base.leaf_codes) / 8


def test_the_store_looks_at_few_rows_to_find_what_a_plan_concerns(connection: sa.Connection) -> None:
    """Of 1,600 leaves and 122 areas; the ground of a row that is passed over costs as much as of one that is wanted."""
    winding_division.publish(connection, 40)
    code, parent = connection.execute(
        sa.text("SELECT code, parent_id FROM codes JOIN grids USING (id) ORDER BY code OFFSET 700 LIMIT 1")
    ).one()
    asked = {"edition": 1, "codes": [code], "margin": 1e-6, "ids": [parent]}
    boxes = {side: [] for side in ("west", "south", "east", "north")}
    for name, wanted in (("leaves_near", 9), ("areas_above", 4)):
        explained = sa.text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement(name).text}")
        plan = connection.execute(explained, asked | boxes).scalar_one()[0]["Plan"]
        assert plan["Actual Rows"] == wanted
        assert sum(looked_at(plan)) <= 6 * wanted, name


def looked_at(node: dict[str, Any]) -> Iterator[float]:
    """Rows of tables that each step of a plan of the store read, those it passed over too."""
    if "Relation Name" in node:
        yield (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    for step in node.get("Plans", ()):
        yield from looked_at(step)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 100_000))
def test_plans_come_into_force_as_they_were_shown_whatever_came_between(connection: sa.Connection, seed: int) -> None:
    """Of plans begun together and published one after the other each passes or is refused as whole cities tell."""
    random, made = np.random.default_rng(seed), divided_city(seed, 7)
    with connection.begin_nested() as attempt:
        published(connection, made)
        for _ in range(3):
            base = editions.stored(connection, areas.current(connection))
            begun = [planned(connection, base, random) for _ in range(3)]
            for plan, asked in begun:
                publish_or_refuse(connection, plan, base, asked)
        attempt.rollback()


def planned(connection: sa.Connection, base: Division, random: np.random.Generator) -> tuple[drafts.Plan, list[Change]]:
    """A plan with changes that can be made of ``base``, and make something of it that was not."""
    while True:
        plan, asked = drafts.begin(connection, ACTOR, "调整"), list[Change]()
        while not asked or isinstance(on_the_whole(base, asked), GeoError):
            asked = chain(base, random)
        try:
            with connection.begin_nested():
                return plan, [previews.add(connection, ACTOR, plan, change).change for change in asked]
        except Refused as refusal:
            if "nothing changes" not in str(refusal):  # what the ones before it made is replaced by the same
                raise


def publish_or_refuse(connection: sa.Connection, plan: drafts.Plan, base: Division, asked: list[Change]) -> None:
    now = editions.stored(connection, areas.current(connection))
    meant = on_the_whole(base, asked)
    assert isinstance(meant, Replayed)
    wanted = on_the_whole(now, asked)
    if any(told(base, meant.made) & told(base, now) for told in (differing, reworded_areas)):
        with pytest.raises(Stale, match=r"(changed|renamed) since plan"):
            previews.preview(connection, plan)
        with pytest.raises(Stale), connection.begin_nested():
            previews.publish(connection, ACTOR, plan.id)
    elif isinstance(wanted, Replayed) and not compare(now, wanted.made).same:
        in_force(connection, plan, wanted)


def in_force(connection: sa.Connection, plan: drafts.Plan, wanted: Replayed) -> None:
    try:
        shown = previews.preview(connection, plan)
    except Stale as refusal:
        if "would not become" in str(refusal):  # another plan moved what this one was drawn on
            return
        raise
    _, done = previews.publish(connection, ACTOR, plan.id)
    difference = shown.weighed.difference
    assert done.crosswalk == shown.crossings
    assert done.appeared.tolist() == shown.weighed.whole.leaf_codes[difference.appeared].tolist()
    kept = editions.stored(connection, done.edition)
    every = np.arange(len(kept.leaf_codes))
    assert leaves_of(kept, every) == leaves_of(wanted.made, np.arange(len(wanted.made.leaf_codes)))
    assert areas_of(kept, np.arange(len(kept.area_codes))) == areas_of(
        wanted.made, np.arange(len(wanted.made.area_codes))
    )
    assert done.edition.leaves == len(every)
    assert not faults(kept.leaf_shapes, kept.area_shapes[kept.area_levels == 0][0])
