"""Editions: published once, never changed, and only what moved is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from geo import areas, editions
from geo.actors import Actor
from geo.areas import City
from geo.editions import Published, Request
from geo.errors import Broken, Refused, Unknown
from geo.plans import redivisions
from geo.space.division import Division
from geo.tables import areas as areas_table
from geo.tables import audit_events, codes, crosswalks, grids, in_edition
from tests.small_city import (
    CITY,
    COMMUNITIES,
    DEDICATED,
    FALLBACK,
    FIRST,
    SECOND,
    SMALL_CITY,
    SPLIT_OFF,
    publish_small_city,
    small_division,
)

SPLIT = COMMUNITIES[0] + "001"


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which edition 1 of the small city is in force; undone afterwards."""
    with engine.connect() as opened:
        transaction = opened.begin()
        publish_small_city(opened)
        yield opened
        transaction.rollback()


def asked(**changes: object) -> Request:
    return replace(Request(Actor("tests"), "改", {"kind": "import"}), **changes)  # type: ignore[arg-type]


def imports(connection: sa.Connection, division: Division, city: City, request: Request) -> Published | None:
    """The edition that files of a division became, by a plan."""
    return redivisions.publish(connection, redivisions.judged(connection, division, city), request).published


def count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def dump(connection: sa.Connection, number: int) -> list[tuple[object, ...]]:
    edition = areas.numbered(connection, number)
    leaves, above = areas.leaves(connection, edition), areas.upper(connection, edition)
    return [
        *zip(leaves.codes, leaves.names, leaves.kinds, leaves.parent_ids, shapely.to_wkb(leaves.shapes), strict=True),
        *zip(above.codes, above.names, above.levels, above.parent_ids, shapely.to_wkb(above.shapes), strict=True),
    ]


def test_what_is_stored_is_what_was_published(connection: sa.Connection) -> None:
    given, kept = small_division(), editions.stored(connection, areas.current(connection))
    for field in ("leaf_codes", "leaf_names", "leaf_kinds", "leaf_parents", "area_codes", "area_names", "area_parents"):
        assert getattr(kept, field).tolist() == getattr(given, field).tolist()
    assert shapely.equals(kept.leaf_shapes, given.leaf_shapes).all()
    assert shapely.equals(kept.area_shapes, given.area_shapes).all()
    assert kept.area_levels.tolist() == given.area_levels.tolist()


def test_the_same_partition_again_is_no_edition(connection: sa.Connection) -> None:
    before = count(connection, grids)
    assert imports(connection, small_division(), SMALL_CITY, asked()) is None
    assert (count(connection, grids), len(areas.all_editions(connection))) == (before, 1)


def test_only_changed_and_noded_rows_are_written(connection: sa.Connection) -> None:
    before, above = count(connection, grids), count(connection, areas_table)
    published = publish_small_city(connection, 2)
    assert published.appeared.tolist() == [SPLIT_OFF]
    assert published.retired.tolist() == []
    assert count(connection, grids) == before + published.changed + published.noded
    assert count(connection, areas_table) == above


def test_an_edition_never_changes(connection: sa.Connection) -> None:
    before = dump(connection, 1)
    publish_small_city(connection, 2)
    assert dump(connection, 1) == before
    assert dump(connection, 2) != before


def test_every_instant_has_one_edition(connection: sa.Connection) -> None:
    publish_small_city(connection, 2)
    second = timedelta(seconds=1)
    instants = {FIRST - 1000 * second: 1, FIRST: 1, SECOND - second: 1, SECOND: 2, SECOND + second: 2}
    assert {at: areas.at(connection, at).number for at in instants} == instants
    assert areas.current(connection).number == 2


def test_the_crosswalk_says_where_the_ground_went(connection: sa.Connection) -> None:
    published = publish_small_city(connection, 2)
    shares = {(crossing.old, crossing.new): crossing.area_share for crossing in published.crosswalk}
    assert shares.keys() == {(SPLIT, SPLIT), (SPLIT, SPLIT_OFF)}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-9)
    assert count(connection, crosswalks) == len(shares)


def test_a_publish_is_written_in_the_book(connection: sa.Connection) -> None:
    publish_small_city(connection, 2)
    told = connection.execute(sa.select(audit_events).order_by(audit_events.c.id.desc())).first()
    assert told is not None
    assert (told.actor, told.action, told.detail["edition"]) == ("tests", "publish", 2)


def test_a_retired_code_never_returns(connection: sa.Connection) -> None:
    publish_small_city(connection, 2)
    merged = asked(over_edits=True, effective_at=SECOND + timedelta(days=1))
    back = imports(connection, small_division(1), SMALL_CITY, merged)
    assert back is not None
    assert back.retired.tolist() == [SPLIT_OFF]
    with pytest.raises(Refused, match=rf"{SPLIT_OFF}.*never returns"):
        imports(connection, small_division(2), SMALL_CITY, asked(over_edits=True))


def test_an_import_does_not_undo_later_edits_unless_told(connection: sa.Connection) -> None:
    publish_small_city(connection, 2)
    connection.execute(sa.text("""UPDATE editions SET origin = '{"kind": "import"}' WHERE number = 1"""))
    with pytest.raises(Refused, match=rf"{SPLIT}.*--over-edits"):
        imports(connection, small_division(1), SMALL_CITY, asked())
    assert imports(connection, small_division(1), SMALL_CITY, asked(over_edits=True)) is not None


def test_another_city_is_refused(connection: sa.Connection) -> None:
    with pytest.raises(Refused, match="one database is one city"):
        imports(connection, small_division(2), replace(SMALL_CITY, code="1234"), asked())


def test_other_levels_are_refused(connection: sa.Connection) -> None:
    with pytest.raises(Refused, match="levels differ"):
        imports(connection, small_division(2), replace(SMALL_CITY, levels=SMALL_CITY.levels[:-1]), asked())


@pytest.mark.parametrize(
    ("hour", "why"), [(FIRST, "not after edition 1"), (datetime(2999, 1, 1, tzinfo=UTC), "from now to a year ahead")]
)
def test_hours_only_go_forward(connection: sa.Connection, hour: datetime, why: str) -> None:
    with pytest.raises(Refused, match=why):
        imports(connection, small_division(2), SMALL_CITY, asked(effective_at=hour))


def part_of(division: Division, community: str) -> Division:
    """The division of one community, its ancestors left out."""
    leaf, area = division.leaf_parents == community, division.area_codes == community
    fields = {name: getattr(division, name)[leaf] for name in division.__dataclass_fields__ if name.startswith("leaf")}
    fields |= {name: getattr(division, name)[area] for name in division.__dataclass_fields__ if name.startswith("area")}
    return Division(levels=division.levels, **fields)


def test_one_scope_is_replaced_and_the_rest_stays(connection: sa.Connection) -> None:
    part = part_of(small_division(2), COMMUNITIES[0])
    published = imports(connection, part, SMALL_CITY, asked(within=COMMUNITIES[0]))
    assert published is not None
    assert published.appeared.tolist() == [SPLIT_OFF]
    now, wanted = editions.stored(connection, areas.current(connection)), small_division(2)
    assert now.leaf_codes.tolist() == wanted.leaf_codes.tolist()
    assert shapely.equals(now.leaf_shapes, wanted.leaf_shapes).all()


def test_a_scope_that_does_not_fill_its_area_breaks(connection: sa.Connection) -> None:
    part = part_of(small_division(2), COMMUNITIES[0])
    short = replace(part, leaf_shapes=np.array([shapely.buffer(part.leaf_shapes[0], -1e-4), *part.leaf_shapes[1:]]))
    with pytest.raises(Broken) as refusal:
        imports(connection, short, SMALL_CITY, asked(within=COMMUNITIES[0]))
    assert refusal.value.where is not None
    assert shapely.intersects(refusal.value.where, part.leaf_shapes[0])


def test_an_unknown_scope_is_refused(connection: sa.Connection) -> None:
    with pytest.raises(Unknown, match="no area '99'"):
        imports(connection, small_division(2), SMALL_CITY, asked(within="99"))


def test_the_store_itself_refuses_two_rows_of_one_code_in_an_edition(connection: sa.Connection) -> None:
    row = connection.execute(
        sa.select(grids).join(codes, codes.c.id == grids.c.id).where(codes.c.code == FALLBACK)
    ).one()
    publish_small_city(connection, 2)
    doubled = dict(row._mapping) | {"first_edition": 2, "last_edition": None}
    with pytest.raises(IntegrityError, match="one_row_an_edition"):
        connection.execute(sa.insert(grids).values(doubled))


# -- asking -----------------------------------------------------------------------------------------------------------
def test_a_place_knows_its_chain_and_children(connection: sa.Connection) -> None:
    edition = areas.current(connection)
    chain = areas.chain(connection, DEDICATED, edition)
    assert [place.code for place in chain] == [CITY, "379901", "379901001", COMMUNITIES[1], DEDICATED]
    assert DEDICATED in [child.code for child in areas.children(connection, COMMUNITIES[1], edition)]
    assert [place.level for place in chain] == [0, 1, 2, 3, 4]


def test_the_chain_holds_the_ground(connection: sa.Connection) -> None:
    edition = areas.current(connection)
    shapes = [areas.geometry(connection, place.code, edition) for place in areas.chain(connection, DEDICATED, edition)]
    assert all(shapely.covers(outer, inner) for outer, inner in pairwise(shapes))


@pytest.mark.parametrize(
    ("text", "first"), [("海悦", COMMUNITIES[1]), ("379901002002", COMMUNITIES[3]), ("广场", DEDICATED), ("%", None)]
)
def test_places_are_found_by_code_and_name(connection: sa.Connection, text: str, first: str | None) -> None:
    found = areas.search(connection, text, areas.current(connection))
    assert (found[0].code if found else None) == first


def test_an_unknown_code_says_whether_it_was_ever_given(connection: sa.Connection) -> None:
    publish_small_city(connection, 2)
    first = areas.numbered(connection, 1)
    with pytest.raises(Unknown, match="retired or came later"):
        areas.place(connection, SPLIT_OFF, first)
    with pytest.raises(Unknown, match="never given"):
        areas.place(connection, "0", first)


def test_lineage_agrees_with_the_chains(connection: sa.Connection) -> None:
    edition = areas.current(connection)
    ids, lineage = areas.lineage(connection, edition)
    leaves = areas.leaves(connection, edition)
    assert ids.tolist() == leaves.ids.tolist()
    for code, line in zip(leaves.codes, lineage, strict=True):
        assert [place.id for place in areas.chain(connection, str(code), edition)] == line.tolist()


def test_label_points_lie_on_their_ground(connection: sa.Connection) -> None:
    edition = areas.current(connection)
    inside = sa.func.ST_Contains(grids.c.geom, grids.c.label)
    assert all(connection.scalars(sa.select(inside).where(in_edition(grids, edition.number))))


def test_areas_in_the_store_add_up(connection: sa.Connection) -> None:
    edition = areas.current(connection)
    whole = areas.place(connection, CITY, edition).area_m2
    total = connection.scalar(sa.select(sa.func.sum(grids.c.area_m2)).where(in_edition(grids, edition.number)))
    assert total == pytest.approx(whole, rel=1e-9)
    assert areas.place(connection, FALLBACK, edition).kind == "fallback"


def test_nothing_published_is_said_so(fresh_engine: sa.Engine) -> None:
    with fresh_engine.connect() as connection:
        with pytest.raises(Unknown, match="import boundaries"):
            areas.city(connection)
        with pytest.raises(Unknown, match="import boundaries"):
            areas.current(connection)
