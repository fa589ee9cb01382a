"""Marks tell which rows were written since somebody looked; none is lost, and none is told twice."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from geo import fetching, marks
from geo.marks import MANY


def test_what_was_marked_is_told_once_and_in_order(connection: sa.Connection) -> None:
    marks.mark(connection, "units", [7, 3, 3])
    marks.mark(connection, "buildings", [1])
    assert marks.take(connection, ["units", "buildings", "estates"]).ids == {"units": [3, 7], "buildings": [1]}
    assert marks.take(connection, ["units", "buildings"]).ids == {}


def test_marks_of_other_nouns_stay(connection: sa.Connection) -> None:
    marks.mark(connection, "units", [1])
    marks.mark(connection, "estates", [2])
    assert marks.take(connection, ["units"]).ids == {"units": [1]}
    assert marks.take(connection, ["estates"]).ids == {"estates": [2]}


def test_very_many_rows_are_one_mark_that_stands_for_all(connection: sa.Connection) -> None:
    marks.mark(connection, "units", range(MANY + 1))
    assert connection.scalar(sa.text("SELECT count(*) FROM marks")) == 1
    marks.mark(connection, "units", [5])
    assert marks.take(connection, ["units"]).ids == {"units": None}


def test_a_mark_of_a_transaction_still_open_waits_for_the_next_look(engine: sa.Engine) -> None:
    with engine.begin() as writing:
        marks.mark(writing, "units", [9])
        with engine.begin() as looking:
            assert marks.take(looking, ["units"]).ids == {}
    with engine.begin() as looking:
        assert marks.take(looking, ["units"]).ids == {"units": [9]}


def test_columns_are_read_as_they_are_stored_and_nulls_by_their_kind(connection: sa.Connection) -> None:
    rows = sa.text(
        "CREATE TEMP TABLE told ON COMMIT DROP AS SELECT * FROM (VALUES "
        "(1, 2.5::float8, true, DATE '2024-02-29', 'it''s'), (2, NULL, NULL, NULL, NULL), (3, -1e300, false, "
        "DATE '1969-12-31', 'none of them')) AS t (id, figure, flag, day, word)"
    )
    connection.execute(rows)
    told = sa.table("told", *(sa.column(name) for name in ("id", "figure", "flag", "day", "word")))
    columns = {
        "id": fetching.whole(told.c.id),
        "figure": fetching.figure(told.c.figure),
        "flag": fetching.flag(told.c.flag, missing=True),
        "day": fetching.day(told.c.day),
        "word": fetching.word(told.c.word, ["other", "it's", "100%"]),
    }
    found = fetching.fetch(connection, columns, sa.select(told).order_by(told.c.id))
    assert found["id"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(found["figure"], [2.5, np.nan, -1e300])
    assert found["flag"].tolist() == [True, True, False]
    np.testing.assert_array_equal(found["day"], np.array(["2024-02-29", "NaT", "1969-12-31"], "datetime64[D]"))
    assert found["word"].tolist() == ["it's", "", ""]


def test_no_rows_are_columns_of_no_length(connection: sa.Connection) -> None:
    numbers = sa.select(sa.literal_column("1").label("id")).subquery()
    found = fetching.fetch(connection, {"id": fetching.whole(numbers.c.id)}, sa.select(numbers).where(numbers.c.id > 1))
    assert found["id"].shape == (0,)
