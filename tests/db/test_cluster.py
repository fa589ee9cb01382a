"""The private PostGIS stands whatever is done to it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from geo import cluster as clusters
from geo.cluster import NAME, Cluster
from geo.errors import Unavailable
from geo.installs import server_account

UP = "import sys, pathlib; from geo.cluster import Cluster; print(Cluster(pathlib.Path(sys.argv[1])).up())"
ASK = """
import sys, pathlib, sqlalchemy as sa
from geo.cluster import Cluster
cluster = Cluster(pathlib.Path(sys.argv[1]))
cluster.up()
with sa.create_engine(cluster.url()).connect() as connection:
    print(connection.scalar(sa.text("SELECT current_user || ' ' || current_database() || ' ' || current_schema()")))
"""


@pytest.fixture
def home(new_home: Callable[[], Path]) -> Iterator[Path]:
    folder = new_home()
    yield folder
    with suppress(Unavailable):
        Cluster(folder, throw_away=True).down()
    shutil.rmtree(folder, ignore_errors=True)


def start(code: str, home: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(home)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes(of: Cluster) -> list[int]:
    """Ids of the server and of all its children; each has the data folder as its working folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == of.data.resolve():
                found.append(int(process.name))
    return found


def row_count(of: Cluster) -> int:
    return int(of.sql("SELECT count(*) FROM kept", NAME))


def test_up_is_said_once_and_down_is_said_once(home: Path) -> None:
    own = Cluster(home, throw_away=True)
    assert own.status().pid is None
    assert [own.up(), own.up()] == ["created", "already up"]
    assert own.status().pid == own.pid()
    assert [own.down(), own.down()] == ["stopped", "not running"]
    assert own.up() == "started"


def test_trigrams_of_chinese_are_not_empty(cluster: Cluster) -> None:
    assert cluster.sql("SELECT show_trgm('社区') <> '{}'", NAME) == "t"


def test_text_sorts_and_folds_whatever_the_locale_of_the_system(cluster: Cluster) -> None:
    assert cluster.sql("SELECT lower('ÉCOLE Ж') || upper('straße')", NAME) == "école жSTRASSE"
    assert cluster.sql("SELECT string_agg(w, ' ' ORDER BY w) FROM unnest('{b,É,a,e,Z}'::text[]) w", NAME) == "a b e É Z"


def test_nothing_listens_on_a_port(cluster: Cluster) -> None:
    assert cluster.sql("SHOW listen_addresses") == ""


def test_two_clusters_stand_side_by_side(home: Path, cluster: Cluster) -> None:
    other = Cluster(home, throw_away=True)
    other.up()
    assert other.pid() != cluster.pid()
    assert other.sql("SHOW data_directory") == str(other.data)


def test_the_server_belongs_to_an_ordinary_account(cluster: Cluster) -> None:
    account = server_account() or pwd.getpwuid(os.geteuid())
    assert cluster.data.stat().st_uid == account.pw_uid != 0


def test_no_row_is_lost_when_all_processes_are_killed(home: Path) -> None:
    own = Cluster(home)
    own.up()
    own.sql("CREATE TABLE kept (n int)", NAME)
    stored = 0
    with psycopg.connect(own.libpq_url(), autocommit=True) as connection:
        for stored in range(1, 301):
            connection.execute("INSERT INTO kept VALUES (%s)", [stored])
        for pid in processes(own):
            os.kill(pid, signal.SIGKILL)
    assert own.up() == "started"
    assert row_count(own) == stored == 300


def test_children_that_outlive_a_killed_server_are_waited_for(home: Path) -> None:
    own = Cluster(home)
    own.up()
    own.sql("CREATE TABLE kept AS SELECT 1 AS n", NAME)
    # a backend inside one long computation does not notice that its server has died
    busy = "SELECT count(*) FROM generate_series(1, 20000000) a WHERE a % 7 = 0"
    with psycopg.connect(own.libpq_url(), autocommit=True) as connection:
        query = subprocess.Popen(
            [str(own.install.bindir / "psql"), "-Xq", "-d", own.libpq_url(), "-c", busy],
            env=own.install.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while connection.execute("SELECT count(*) FROM pg_stat_activity WHERE query = %s", [busy]).fetchone() == (0,):
            time.sleep(0.02)
        server = own.pid()
        assert server is not None
        os.kill(server, signal.SIGKILL)
    assert own.up() == "started"
    assert own.pid() != server
    assert row_count(own) == 1
    query.wait()


def test_a_survivor_is_named_and_its_lock_file_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Cluster(home, throw_away=True)
    own.up()
    own.down()
    hold = "import fcntl, sys; f = open(sys.argv[1] + '/.alive'); fcntl.flock(f, 2); print('held', flush=True); input()"
    monkeypatch.setattr(clusters, "LEAVE_S", 0.3)
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        (own.data / "postmaster.pid").write_text(f"{holder.pid}\n")
        with pytest.raises(Unavailable, match="still work on"):
            own.up()
        assert (own.data / "postmaster.pid").exists()
        holder.communicate("\n")
    assert own.up() == "started"


def test_a_stale_lock_file_whose_process_id_was_reused_does_not_stop_the_start(home: Path) -> None:
    own = Cluster(home, throw_away=True)
    own.up()
    stale = [(own.data / "postmaster.pid"), own.socket / ".s.PGSQL.5432.lock"]
    lines = [file.read_text() for file in stale]
    own.down()
    for file, text in zip(stale, lines, strict=True):
        file.write_text(re.sub(r"^\d+", str(os.getpid()), text))
    assert own.pid() is None
    assert own.up() == "started"


def test_two_at_once_take_turns(home: Path) -> None:
    both = [start(UP, home) for _ in range(2)]
    said = sorted(one.communicate(timeout=120)[0].strip() for one in both)
    assert said == ["already up", "created"]


def test_a_killed_creation_is_begun_again(home: Path) -> None:
    first = start(UP, home)
    while not any(home.glob("pg*.new/base")):
        assert first.poll() is None
        time.sleep(0.005)
    first.kill()
    first.communicate()
    assert not any(home.glob("pg*/PG_VERSION")) or any(home.glob("pg*.new"))
    assert Cluster(home, throw_away=True).up() == "created"


def test_a_long_path_puts_the_socket_elsewhere(home: Path) -> None:
    deep = home / ("层" * 40) / "home"
    own = Cluster(deep, throw_away=True)
    try:
        own.up()
        assert home not in own.socket.parents
        assert own.sql("SELECT 1") == "1"
        with sa.create_engine(own.url(), poolclass=sa.NullPool).connect() as connection:
            assert connection.scalar(sa.text("SELECT current_database()")) == NAME
    finally:
        own.down()
        shutil.rmtree(own.socket)


def test_a_socket_folder_of_somebody_else_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Cluster(home, throw_away=True)
    monkeypatch.setattr(own, "socket", Path("/proc/self"))
    if server_account() is None:
        monkeypatch.setattr(own, "socket", Path("/usr"))
    with pytest.raises((Unavailable, PermissionError)):
        own.up()


def test_data_of_another_major_are_refused_and_kept(home: Path) -> None:
    older = home / "pg13"
    older.mkdir()
    (older / "PG_VERSION").write_text("13\n")
    with pytest.raises(Unavailable, match=r"pg13 was made by PostgreSQL 13, .* GRIDATLAS_PG_BINDIR"):
        Cluster(home).up()
    assert (older / "PG_VERSION").read_text() == "13\n"
    assert not list(home.glob("pg*.new"))


def test_the_callers_postgresql_variables_do_not_leak_in(home: Path) -> None:
    hostile = {
        "PGHOST": "203.0.113.1",
        "PGHOSTADDR": "203.0.113.1",
        "PGPORT": "1",
        "PGUSER": "nobody",
        "PGDATABASE": "elsewhere",
        "PGDATA": "/nowhere",
        "PGOPTIONS": "-c search_path=elsewhere",
        "PGSERVICE": "elsewhere",
        "PGSSLMODE": "verify-full",
        "PGCONNECT_TIMEOUT": "2",
        "LC_ALL": "POSIX",
        "LANG": "de_DE.ISO-8859-1",
    }
    asked = start(ASK, home, **hostile)
    said, complained = asked.communicate(timeout=120)
    assert said.strip() == f"{NAME} {NAME} public", complained


def test_reset_leaves_an_empty_database_with_its_extensions(home: Path) -> None:
    own = Cluster(home, throw_away=True)
    own.up()
    own.sql("CREATE TABLE kept AS SELECT 1 AS n", NAME)
    own.reset()
    assert own.sql("SELECT to_regclass('kept') IS NULL AND postgis_lib_version() IS NOT NULL", NAME) == "t"


def test_a_home_the_server_may_not_enter_is_named(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    own = Cluster(closed / "home", throw_away=True)
    if account := server_account():
        with pytest.raises(Unavailable, match=f"{account.pw_name}, who may not enter .*; set GRIDATLAS_HOME"):
            own.up()
    else:
        assert own.up() == "created"
        own.down()


def test_a_server_that_does_not_start_shows_the_end_of_its_log(home: Path) -> None:
    own = Cluster(home, throw_away=True)
    own.up()
    own.down()
    with (own.data / "postgresql.conf").open("a") as file:
        file.write("max_connections = many\n")
    with pytest.raises(Unavailable, match=r"(?s)did not start; the end of .*max_connections"):
        own.up()
