"""Rows recovered become an edition without fault, keep their new codes when they come again, and give none twice."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.checking import check
from geo.boundaries.repairs import Repair
from geo.boundaries.sources import read_sources
from geo.boundaries.standing import standing_of
from geo.editions import Request
from geo.plans import imported
from tests.made_files import COMMUNITIES, Feature, grids, kinds, write, write_city


def spoil(rows: list[Feature]) -> None:
    rows[0]["properties"]["code"] = ""
    rows[1]["properties"]["code"] = rows[4]["properties"]["code"]
    rows[2]["properties"]["code"] = "379901009001001"
    rows[7]["geometry"] = None


def test_recovered_rows_are_an_edition_without_fault_and_no_news_the_second_time(
    connection: sa.Connection, tmp_path: Path
) -> None:
    path, request = write_city(tmp_path, spoil), Request(Actor("tester"), "test", {})
    assert importing.prepare(read_sources(path), None).is_refused
    prepared = importing.prepare(read_sources(path), None, repair=Repair())
    assert kinds(prepared.findings) == set()
    assert imported.publish(connection, prepared, request).published
    assert kinds(check(connection, areas.current(connection))) == set()
    division = prepared.judgement.division
    assert COMMUNITIES[1] + "000" in division.leaf_codes, "the ground of the row without geometry"
    again = importing.prepare(read_sources(path), standing_of(connection), repair=Repair())
    assert imported.preview(connection, again, request).is_same

    write(tmp_path / "grids.geojson", [row for at, row in enumerate(grids()) if at not in (0, 1)])
    less = importing.prepare(read_sources(path), standing_of(connection), repair=Repair())
    assert imported.publish(connection, less, request).published
    write_city(tmp_path, spoil)
    back = importing.prepare(read_sources(path), standing_of(connection), repair=Repair())
    assert kinds(back.findings) == set()
    first, second = (set(one.judgement.division.leaf_codes.tolist()) for one in (prepared, back))
    retired = {COMMUNITIES[0] + "005", COMMUNITIES[0] + "006", COMMUNITIES[1] + "005"}
    assert retired == first - second, "and never given again"
    fresh = {COMMUNITIES[0] + "007", COMMUNITIES[0] + "008"}
    assert fresh | {COMMUNITIES[1] + "001"} == second - first, "the last is the code in force of the same ground"
    assert COMMUNITIES[1] + "004" not in first | second, "a row set aside keeps its code"
