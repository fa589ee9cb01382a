"""``gridatlas db`` and ``gridatlas doctor`` as a person types them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from geo.installs import find_install

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(new_home: Callable[[], Path]) -> Path:
    return new_home()


@pytest.fixture(scope="module")
def run(home: Path) -> Iterator[Run]:
    """``run("db", "up", NAME=value)``: the command line with a home of its own and the programs found here."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("GRIDATLAS_", "PG"))}
    found = {"GRIDATLAS_HOME": str(home), "GRIDATLAS_PG_BINDIR": str(find_install().bindir)}
    program = str(Path(sys.executable).with_name("gridatlas"))

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = bare | found | more
        return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)

    yield run
    run("db", "down")


@pytest.fixture
def foreign(fresh_database: str) -> str:
    """URL of a database that GridAtlas did not make, as its owner would write it."""
    return fresh_database.replace("postgresql+psycopg://", "postgresql://")


def test_the_database_goes_up_is_asked_emptied_and_goes_down(run: Run, home: Path) -> None:
    assert run("db", "status").returncode == 1
    up = run("db", "up")
    assert (up.returncode, up.stdout) == (0, ""), up.stderr
    assert "created" in up.stderr
    assert "already up" in run("db", "up").stderr
    status = run("db", "status")
    assert status.returncode == 0
    assert f"{home}/pg" in status.stdout
    assert run("db", "url").stdout.startswith("postgresql://gridatlas@/gridatlas?host=")
    run("db", "psql", "-c", "CREATE TABLE kept AS SELECT 1 AS n")
    assert run("db", "psql", "-Atc", "SELECT '社区' || n FROM kept").stdout == "社区1\n"
    assert run("db", "reset", "--yes").returncode == 0
    assert run("db", "psql", "-Atc", "SELECT to_regclass('kept') IS NULL").stdout == "t\n"
    assert "stopped" in run("db", "down").stderr
    assert "not running" in run("db", "down").stderr


def test_reset_asks_first(run: Run) -> None:
    asked = run("db", "reset")
    assert asked.returncode == 1
    assert "Drop the database" in asked.stdout + asked.stderr


def test_a_server_of_ones_own_is_used_and_left_alone(run: Run, foreign: str) -> None:
    assert run("db", "status", GRIDATLAS_DATABASE_URL=foreign).stdout.startswith("up (GRIDATLAS_DATABASE_URL)")
    assert run("db", "url", GRIDATLAS_DATABASE_URL=foreign).stdout.strip() == foreign
    assert run("db", "psql", "-Atc", "SELECT 1", GRIDATLAS_DATABASE_URL=foreign).stdout == "1\n"
    for command in (("db", "down"), ("db", "reset", "--yes")):
        refused = run(*command, GRIDATLAS_DATABASE_URL=foreign)
        assert refused.returncode == 1
        assert "GRIDATLAS_DATABASE_URL" in refused.stderr


def test_doctor_leaves_a_database_that_was_down_down(run: Run) -> None:
    run("db", "up")
    run("db", "down")
    examined = run("doctor")
    assert "down (started for this check)" in examined.stdout
    assert "trigrams of 社区 are there" in examined.stdout
    assert run("db", "status").returncode == 1


def test_doctor_names_a_missing_postgis_with_its_ways_out(run: Run, tmp_path: Path) -> None:
    examined = run("doctor", GRIDATLAS_PG_BINDIR=str(tmp_path))
    assert examined.returncode == 1
    assert "holds no PostgreSQL programs" in examined.stdout
    assert "brew install postgis" in examined.stdout


def test_doctor_finds_a_database_deaf_to_chinese(run: Run, server: sa.Engine) -> None:
    name = f"deaf_{os.getpid()}"
    with server.connect() as connection:
        locale = "LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER 'libc'"
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}"))
    url = server.url.set(database=name)
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for extension in ("postgis", "pg_trgm"):
            connection.execute(sa.text(f"CREATE EXTENSION {extension}"))
    said = url.render_as_string(hide_password=False).replace("+psycopg", "")
    examined = run("doctor", GRIDATLAS_DATABASE_URL=said)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    assert examined.returncode == 1
    assert "trigrams of 社区 are empty" in examined.stdout
    assert "LC_CTYPE 'C.UTF-8'" in examined.stdout


def test_doctor_says_when_a_server_does_not_answer(run: Run) -> None:
    examined = run("doctor", GRIDATLAS_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert examined.returncode == 1
    assert "✗ 数据库 Database" in examined.stdout
    refused = run("db", "status", GRIDATLAS_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert refused.returncode == 1
    assert "does not answer" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_chromium_that_does_not_run_is_named(run: Run, tmp_path: Path) -> None:
    examined = run("doctor", GRIDATLAS_CHROMIUM=str(tmp_path / "chromium"))
    assert f"GRIDATLAS_CHROMIUM={tmp_path}/chromium does not run" in examined.stdout


def test_a_misspelt_setting_is_refused(run: Run) -> None:
    refused = run("db", "status", GRIDATLAS_HOEM="/elsewhere")
    assert refused.returncode == 1
    assert "did you mean GRIDATLAS_HOME?" in refused.stderr


def test_an_unknown_proof_is_answered_with_the_known_ones(run: Run) -> None:
    refused = run("prove", "no-such")
    assert refused.returncode == 1
    assert "there is no 'no-such' in tests/proofs" in refused.stderr
