"""Bench: how long blind spots take to be looked for — all, those of one changed unit, nothing changed — or foretold.

The made city stands in a database of its own. What is asserted is what a machine's speed does not decide: that a run
after one change sends few statements, decides few units anew and finds what a run of everything finds. Seconds are
told.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from geo import areas, editions
from geo.actors import Actor
from geo.assignments import assign, open_index
from geo.coverage import foretelling, running, runs
from geo.coverage.values import values
from geo.plans import calendar, drafts, previews, scheduling
from geo.plans.consequences import consequences
from tests.bench.outlooks import moved_border, node, pairs_of
from tests.covered import tell
from tests.lattice_city import Size, build
from tests.throw_away import throw_away_postgis

SIZES = {"small": Size(400, 5_000, 2_000), "full": Size(30_000, 500_000, 200_000)}
ON = date(2026, 11, 22)
CHANGES, WARM = 41, 12  # a server has its statements prepared after a few runs
MOST_STATEMENTS = 45
MOST_OF_A_RUN = 1.5
"""Times a full run that what is to come may take: it reads and decides as much, and writes nothing."""
LEAST_S = 1.0
AFTER = timedelta(days=45)
ACTOR = Actor("bench")


@contextmanager
def city(size: str) -> Iterator[sa.Engine]:
    """The made city in a database that is gone afterwards."""
    with throw_away_postgis() as (engine, _):
        with engine.begin() as connection:
            build(connection, SIZES[size])
        yield engine


def looked(engine: sa.Engine, *, full: bool = False) -> tuple[float, runs.Run]:
    """Seconds of a run, and the run."""
    begun = time.perf_counter()
    with engine.begin() as connection:
        found, _ = running.run(connection, ACTOR, ON, full=full)
    return time.perf_counter() - begun, found


def at_work_s(engine: sa.Engine) -> float:
    """Seconds that this process and the server's, which answers its one connection, were on a processor; Linux."""
    with engine.begin() as connection:  # and not rolled back, or psycopg forgets all that it has prepared
        number = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    told = Path(f"/proc/{number}/schedstat")
    return time.process_time() + (int(told.read_text().split()[0]) / 1e9 if told.exists() else 0.0)


def change(engine: sa.Engine, number: int) -> None:
    """One unit gets another number of members."""
    with engine.begin() as connection:
        row = connection.execute(
            sa.text("UPDATE units SET members = 1 + (coalesce(members, 0) + 1) % 4 WHERE id = :number RETURNING id"),
            {"number": number},
        ).one()
        tell(connection, "units", [row.id])


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """The statements sent meanwhile."""
    sent: list[str] = []

    def note(*told: object) -> None:
        sent.append(str(told[2]))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def foretelling_of(engine: sa.Engine) -> dict[str, float]:
    """Seconds until what a run will find after two grids were redrawn is known, and told again; and of its parts."""
    with engine.begin() as connection:
        node(connection)
        base = editions.stored(connection, areas.current(connection))
        (pair,) = pairs_of(connection, 1)
    with engine.begin() as connection:
        plan = drafts.begin(connection, ACTOR, "bench")
        previews.add(connection, ACTOR, plan, moved_border(base, pair))
        shown = previews.preview(connection, plan)
    with engine.begin() as connection:
        scheduling.schedule(connection, ACTOR, plan.id, datetime.now(UTC) + timedelta(days=1))
    told = {}
    with engine.connect() as connection:
        assign(open_index(connection, areas.current(connection)), np.zeros((1, 2)))  # as a server has it, with kernels
        consequences(connection, shown)
        at, begun = datetime.now(UTC) + AFTER, time.perf_counter()
        edition = calendar.edition_at(connection, at)
        told["plans_foreseen_s"] = time.perf_counter() - begun
        hour = calendar.hour_at(connection, edition, at)
        assert hour is not None
        assert edition.forecast is not None
        assert len(edition.forecast.plans) == 1
        told["registers_followed_s"] = time.perf_counter() - begun - told["plans_foreseen_s"]
        found = foretelling.found(connection, hour)
        told["foretold_s"] = time.perf_counter() - begun
        again = time.perf_counter()
        assert foretelling.found(connection, hour) is found
        told["foretold_again_s"] = time.perf_counter() - again
        begun = time.perf_counter()
        values(connection, edition, "organisational-coverage", areas.city(connection).grid_level, hour)
        told["rates_of_all_grids_s"] = time.perf_counter() - begun
    return {name: round(seconds, 3) for name, seconds in told.items()}


def bench(size: str) -> dict[str, object]:
    """Figures of one run; raises AssertionError where a part looked at finds another thing than all."""
    with city(size) as engine:
        first_s, first = looked(engine)
        nothing_s, same = looked(engine)
        assert same.number == first.number
        took, sent, cpu_s = [], [], 0.0
        for step in range(WARM):
            change(engine, (40 * step + 7) % SIZES[size].units)
            looked(engine)
        for step in range(WARM, WARM + CHANGES):
            change(engine, (40 * step + 7) % SIZES[size].units)
            begun = at_work_s(engine)
            with statements(engine) as those:
                seconds, found = looked(engine)
            cpu_s += at_work_s(engine) - begun
            assert found.kind == "partial"
            assert found.changed["units"] < SIZES[size].units / 10
            took.append(seconds)
            sent.append(len(those))
        assert max(sent) <= MOST_STATEMENTS, sent
        again_s, whole = looked(engine, full=True)
        assert whole.counts == found.counts
        assert set(whole.changed.values()) == {0}, whole.changed
        foretold = foretelling_of(engine)
        assert foretold["foretold_s"] <= MOST_OF_A_RUN * max(again_s, LEAST_S), (foretold, again_s)
    return {
        "grids": SIZES[size].grids,
        "buildings": SIZES[size].buildings,
        "units": SIZES[size].units,
        "first_run_s": round(first_s, 2),
        "full_run_again_s": round(again_s, 2),
        "nothing_changed_ms": round(nothing_s * 1e3, 1),
        "one_unit_changed_ms": round(statistics.median(took) * 1e3, 1),
        "one_unit_changed_p95_ms": round(statistics.quantiles(took, n=20)[-1] * 1e3, 1),
        "one_unit_changed_most_ms": round(max(took) * 1e3, 1),
        "one_unit_changed_statements_most": max(sent),
        "one_unit_changed_cpu_ms": round(cpu_s / CHANGES * 1e3, 1),
        **foretold,
        "found": first.counts,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    print(json.dumps(bench(parser.parse_args().size), indent=2, ensure_ascii=False))
