"""Proof: a damaged file is refused in words or taken in whole; it never crashes, hangs, swells, or is half stored.

Small made files of every format, damaged by a seeded chance (``tests/damage.py``), go through the command line, each in
a process of its own with limits. A refusal must be a message that names the file, and leave the database, the folder
and the temporary files as they were; after a success the leaves must still be proved to divide the city.

One case again, its file kept:  bad_files.py --case 1234 --keep FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

import sqlalchemy as sa

from geo import areas, db, tables
from geo.boundaries import checking, findings
from geo.cluster import Cluster
from geo.settings import settings
from tests import forked
from tests.bad_files import ASSIGN, CHECKED, COMMANDS, TAKES, Wanted, write_good_files
from tests.damage import damaged

SEED = 2026
CASES = {"small": 30}
FULL_S = 600.0
STRIDE = 37
WORKERS = 2
LIMITS = forked.Limits(seconds=180, cpu_seconds=40, address_mb=4096)
PEAK_MB = 700
"""What a command may take; a good small file takes about 300."""


@dataclass(frozen=True)
class World:
    """A folder and a database of one worker, and how the database was before every case."""

    server: sa.Engine
    base: str
    name: str
    folder: Path

    @property
    def url(self) -> sa.URL:
        """Where its database is."""
        return self.server.url.set(database=self.name)

    def restore(self) -> None:
        """Make its database the base again."""
        with self.server.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)'))
            connection.execute(sa.text(f'CREATE DATABASE "{self.name}" TEMPLATE "{self.base}"'))

    def run(self, arguments: list[str]) -> forked.Ran:
        """Run a command in the folder, on the database."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRIDATLAS_", "PG"))}
        url = self.url.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgresql")
        ours = {"GRIDATLAS_DATABASE_URL": url, "GRIDATLAS_MAX_IMPORT_MB": "50", "GRIDATLAS_HOME": str(self.folder)}
        scratch = self.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        return forked.run(arguments, self.folder, kept | ours | {"TMPDIR": str(scratch), "COLUMNS": "200"}, LIMITS)

    def digest(self) -> str:
        """What all tables hold, as one text."""
        told = "count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text)))"
        names = [str(one) for one in tables.metadata.sorted_tables]
        rows = " UNION ALL ".join(f"SELECT '{name}' AS name, {told} FROM {name} t" for name in names)
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return json.dumps([list(row) for row in connection.execute(sa.text(f"{rows} ORDER BY 1"))])


@dataclass
class Told:
    """Figures of a run."""

    cases: Counter[str] = field(default_factory=Counter)
    peak_mb: float = 0.0
    failures: list[dict[str, object]] = field(default_factory=list)


def prove(size: str) -> dict[str, object]:
    """Figures; raises AssertionError with every case that failed."""
    begun = time.monotonic()
    told = Told()
    with _worlds() as worlds:
        with ThreadPoolExecutor(WORKERS) as pool:
            checked = _checked(size)
            list(pool.map(_prove_good_files, worlds, (checked[at::WORKERS] for at in range(WORKERS))))
        numbers, until = count(), begun + FULL_S

        def work(world: World) -> None:
            for number in numbers:
                if number >= CASES.get(size, sys.maxsize) or (size == "full" and time.monotonic() > until):
                    return
                _note(told, number, *try_case(world, number))

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(work, worlds))
    assert not told.failures, json.dumps(told.failures, indent=1, ensure_ascii=False)
    return {
        "cases": sum(told.cases.values()),
        **dict(sorted(told.cases.items())),
        "most_mb": round(told.peak_mb),
        "seconds": round(time.monotonic() - begun),
    }


def _asked(number: int) -> Wanted:
    """The command of a case; neighbours are far apart in the list, so that few cases try something of everything."""
    return COMMANDS[number * STRIDE % len(COMMANDS)]


def _checked(size: str) -> list[Wanted]:
    """The commands to be tried on good files: all whose file a run of this size damages."""
    if size not in CASES:
        return CHECKED
    damaged_files = {(one.noun, one.file) for one in map(_asked, range(CASES[size]))}
    return [one for one in CHECKED if (one.noun, one.file) in damaged_files]


def _prove_good_files(world: World, commands: Sequence[Wanted]) -> None:
    """Every command succeeds on the file before it is damaged, else the proof would prove nothing."""
    for wanted in commands:
        ran = _ran(world, wanted, (world.folder / "good" / wanted.file).read_bytes())
        assert ran.code == 0, f"{wanted}: {ran.code} {ran.stdout} {ran.stderr}"
    world.restore()


def _note(told: Told, number: int, wanted: Wanted, ran: forked.Ran, wrong: list[str]) -> None:
    told.cases[f"{wanted.noun} {'taken' if ran.code == 0 else 'refused'}"] += 1
    told.peak_mb = max(told.peak_mb, ran.peak_mb)
    if wrong:
        said = {"stderr": ran.stderr[-1500:], "stdout": ran.stdout[-300:]}
        told.failures.append({"case": number, "command": " ".join(wanted.arguments), "wrong": wrong, **said})
        print(f"case {number} {wanted.file}: {'; '.join(wrong)}", file=sys.stderr, flush=True)


# -- a case ----------------------------------------------------------------------------------------------------------
def try_case(world: World, number: int, keep: Path | None = None) -> tuple[Wanted, forked.Ran, list[str]]:
    """What was asked, what came of it, and what was wrong with that: nothing, when all is well."""
    random = Random(f"{SEED} {number}")
    wanted = _asked(number)
    good = world.folder / "good"
    others = [path.read_bytes() for path in sorted(good.iterdir()) if path.name != wanted.file]
    data = damaged((good / wanted.file).read_bytes(), wanted.kind, others, random)
    before = world.digest()
    ran = _ran(world, wanted, data)
    if keep is not None:
        shutil.copytree(world.folder / "case", keep, dirs_exist_ok=True)
    wrong = [*_wrong_end(wanted, ran), *_left(world, wanted, ran)]
    if world.digest() != before:
        if ran.code != 0 or wanted.noun == ASSIGN:
            wrong.append(f"the database changed although the code is {ran.code}")
        else:
            wrong += _unproved(world)
        world.restore()
    return wanted, ran, wrong


def _ran(world: World, wanted: Wanted, data: bytes) -> forked.Ran:
    """The command run on the good files, one of which holds these bytes."""
    for folder in ("case", "tmp"):
        shutil.rmtree(world.folder / folder, ignore_errors=True)
    shutil.copytree(world.folder / "good", world.folder / "case")
    (world.folder / "case" / wanted.file).write_bytes(data)
    return world.run(list(wanted.arguments))


def _wrong_end(wanted: Wanted, ran: forked.Ran) -> Iterator[str]:
    if ran.code is None or ran.code < 0:
        yield "it took too long" if ran.code is None else f"ended by signal {-ran.code}"
        return
    if "Traceback" in ran.stderr:
        ours = re.findall(r'File ".*?((?:geo|api|maps)/[^"]*)", line (\d+)', ran.stderr)
        yield f"a traceback: {ran.stderr.strip().splitlines()[-1][:300]} ({':'.join(ours[-1]) if ours else '?'})"
    elif ran.code not in (0, 1):
        yield f"exit code {ran.code}"
    elif ran.code == 1 and not any(name in ran.stderr + ran.stdout for name in wanted.names):
        yield "refused without naming the file"
    if ran.peak_mb > PEAK_MB:
        yield f"{ran.peak_mb:.0f} MiB at its peak, at most {PEAK_MB}"


def _left(world: World, wanted: Wanted, ran: forked.Ran) -> Iterator[str]:
    """What lies about that should not: a half output, scratch of a command that ended by itself."""
    there = {path.name for path in (world.folder / "case").iterdir()}
    good = {path.name for path in (world.folder / "good").iterdir()}
    made = there - good - (set(wanted.makes) if ran.code == 0 else set())
    if made:
        yield f"left in the folder: {', '.join(sorted(made))}"
    scratch = [path.name for path in (world.folder / "tmp").iterdir()]
    if scratch and ran.code is not None and ran.code >= 0:
        yield f"left in the temporary folder: {', '.join(scratch)}"


def _unproved(world: World) -> Iterator[str]:
    """Errors that ``gridatlas check`` would find."""
    engine = sa.create_engine(world.url, poolclass=sa.NullPool)
    with db.read(engine) as connection:
        found = checking.check(connection, areas.current(connection))
    if findings.has_errors(found):
        yield f"the edition is not proved: {[one.en for one in found][:3]}"


# -- the world -------------------------------------------------------------------------------------------------------
@contextmanager
def _worlds() -> Iterator[list[World]]:
    """A folder and a database for each worker, all the same."""
    with tempfile.TemporaryDirectory(prefix="gridatlas-proof-") as name, _server(Path(name)) as url:
        server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        base = f"bad_files_{os.getpid()}"
        worlds = [World(server, base, f"{base}_{at}", Path(name) / f"w{at}") for at in range(WORKERS)]
        try:
            with server.connect() as connection:
                connection.execute(sa.text(f'CREATE DATABASE "{base}"'))
            engine = sa.create_engine(server.url.set(database=base), poolclass=sa.NullPool)
            db.migrate(engine)
            first = World(server, base, base, Path(name) / "first")
            write_good_files(first.folder / "good")
            for command in TAKES:
                ran = first.run(list(command))
                assert ran.code == 0, f"{command}: {ran.stdout} {ran.stderr}"
            for world in worlds:
                shutil.copytree(first.folder / "good", world.folder / "good")
                world.restore()
            yield worlds
        finally:
            with server.connect() as connection:
                for one in (*(world.name for world in worlds), base):
                    connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{one}" WITH (FORCE)'))


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """URL of the test server when one is named, else of a throw-away cluster."""
    if named := settings().test_database_url:
        yield named.replace("postgresql://", "postgresql+psycopg://", 1)
        return
    folder.chmod(0o755)
    cluster = Cluster(folder, throw_away=True)
    cluster.up()
    try:
        yield cluster.url("postgres")
    finally:
        cluster.down()


def again(number: int, keep: Path | None) -> None:
    """One case run again, and all it says printed."""
    with _worlds() as worlds:
        wanted, ran, wrong = try_case(worlds[0], number, keep)
    print(" ".join(wanted.arguments), f"\ncode {ran.code}, {ran.peak_mb:.0f} MiB\n{ran.stdout}\n{ran.stderr}\n{wrong}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("small", "full"), default="small")
    parser.add_argument("--case", type=int, help="only this one again")
    parser.add_argument("--keep", type=Path, help="with --case: copy its files to this folder")
    asked = parser.parse_args()
    if asked.case is None:
        print(json.dumps(prove(asked.size), indent=2, ensure_ascii=False))
    else:
        again(asked.case, asked.keep)
