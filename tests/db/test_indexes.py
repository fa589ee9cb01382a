"""The index of an edition as a file: made once, laid over the one before, made anew when it is damaged."""

from __future__ import annotations

import fcntl
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from geo import areas, indexes
from geo.errors import Unavailable
from geo.plans import previews
from geo.settings import settings
from geo.space.cells import files
from geo.space.cells.index import CellIndex
from geo.space.redraw.changes import Rename
from tests.hard_points import by_shapely, hard_points
from tests.small_city import COMMUNITIES, publish_small_city
from tests.small_plans import PLANNER, SPLIT, drawn
from tests.undone import undone


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which both editions of the small city are published; undone afterwards."""
    with engine.connect() as opened:
        transaction = opened.begin()
        publish_small_city(opened)
        publish_small_city(opened, 2)
        yield opened
        transaction.rollback()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of indexes; every redraw is small enough to be laid over."""
    monkeypatch.setenv("GRIDATLAS_INDEXES", str(tmp_path))
    monkeypatch.setattr(indexes, "LARGEST_REDRAW", 1.0)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def opened(connection: sa.Connection, number: int) -> CellIndex:
    edition = areas.numbered(connection, number)
    return indexes.opened(connection, edition, areas.leaves(connection, edition))


def assert_right(connection: sa.Connection, index: CellIndex, number: int) -> None:
    shapes = areas.leaves(connection, areas.numbered(connection, number)).shapes
    points = hard_points(shapes, index.cells.lattice, number, 60)
    assert np.array_equal(index.positions(points), by_shapely(shapes, points))


def path(connection: sa.Connection, number: int) -> Path:
    return indexes.path_of(connection, areas.numbered(connection, number))


def test_an_edition_is_built_once_and_the_next_is_laid_over_it(connection: sa.Connection, folder: Path) -> None:
    for number in (1, 2, 1):
        assert_right(connection, opened(connection, number), number)
    assert files.read(path(connection, 1)).base is None
    assert files.read(path(connection, 2)).base == path(connection, 1).name
    assert files.read(path(connection, 2)).about == {"edition": 2, "layers": 1}
    made = path(connection, 1).stat()
    opened(connection, 1)
    assert path(connection, 1).stat() == made
    assert folder in path(connection, 1).parents


def test_an_edition_that_only_renames_an_area_has_the_index_of_the_one_before(engine: sa.Engine, folder: Path) -> None:
    with undone(engine) as connection:
        publish_small_city(connection)
        for number, change in enumerate((None, Rename(COMMUNITIES[0], "甲"), SPLIT, Rename(COMMUNITIES[0], "乙")), 1):
            if change:
                previews.publish(connection, PLANNER, drawn(connection, change).id)
            assert_right(connection, opened(connection, number), number)
            assert files.read(path(connection, number)).about.get("layers", 0) == number - 1
        renamed, split = (files.read(path(connection, number)).cells for number in (4, 3))
        assert np.array_equal(renamed.entries, split.entries)


@pytest.mark.parametrize("broken", [1, 2])
def test_a_damaged_file_is_made_anew(connection: sa.Connection, folder: Path, broken: int) -> None:
    opened(connection, 1), opened(connection, 2)
    with path(connection, broken).open("r+b") as file:
        file.seek(200)
        file.write(b"\xff" * 8)
    assert_right(connection, opened(connection, 2), 2)
    assert_right(connection, opened(connection, 1), 1)


def test_with_many_layers_or_without_the_edition_before_it_is_built_whole(
    connection: sa.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(connection, 2)
    assert files.read(path(connection, 2)).base is None
    path(connection, 2).unlink()
    opened(connection, 1)
    monkeypatch.setattr(indexes, "MOST_LAYERS", 0)
    assert_right(connection, opened(connection, 2), 2)
    assert files.read(path(connection, 2)).base is None


def test_what_a_killed_process_left_unfinished_is_not_taken_for_an_index(
    connection: sa.Connection, folder: Path
) -> None:
    there = path(connection, 1)
    (there.parent / ".gridatlas-killed").mkdir(parents=True)
    (there.parent / ".gridatlas-killed" / there.name).write_bytes(b"half")
    assert_right(connection, opened(connection, 1), 1)


def test_indexes_of_a_city_that_was_there_before_are_deleted(connection: sa.Connection, folder: Path) -> None:
    opened(connection, 1)
    stranger = path(connection, 1).with_name("000001-19990101T000000000000.cells")
    stranger.write_bytes(b"old")
    opened(connection, 2)
    assert not stranger.exists()
    assert path(connection, 1).exists()


def test_who_waits_too_long_for_another_process_is_told_to_ask_again(
    connection: sa.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "WAIT_S", 0.1)
    there = path(connection, 1)
    there.parent.mkdir(parents=True)
    with there.with_suffix(".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="still being made") as told:
            opened(connection, 1)
    assert told.value.retry_after_s == 5
    assert_right(connection, opened(connection, 1), 1)


def test_where_there_is_no_room_for_an_index_one_is_told_to_ask_again(connection: sa.Connection, folder: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(Unavailable, match=r"cells cannot be written: File too large"):
            opened(connection, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(folder.rglob("*.cells"))
    assert_right(connection, opened(connection, 1), 1)


def test_an_index_that_another_process_makes_meanwhile_is_no_stranger(
    connection: sa.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, made = areas.all_editions, path(connection, 1).with_name("000009-20990101T000000000000.cells")

    def asked(connection: sa.Connection) -> list[areas.Edition]:
        found = ask(connection)
        made.write_bytes(b"of an edition that was published since")
        return found

    monkeypatch.setattr(areas, "all_editions", asked)
    opened(connection, 1)
    assert made.exists()


def test_a_folder_of_indexes_that_cannot_be_written_is_named_with_its_setting(
    connection: sa.Connection, folder: Path
) -> None:
    path(connection, 1).parent.write_text("a file in its place")
    with pytest.raises(Unavailable, match="cannot be written: File exists; set GRIDATLAS_INDEXES"):
        opened(connection, 1)
