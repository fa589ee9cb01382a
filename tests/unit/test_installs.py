"""PostgreSQL is searched for in one order, and what lacks PostGIS or is too old is passed over.

The programs are small scripts that only tell a version; the real ones are tried in ``tests/db/test_cluster.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from geo import debian, installs
from geo.debian import MARK
from geo.errors import Unavailable
from geo.installs import find_install, look_at
from geo.settings import settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of one's own on a machine that has no PostgreSQL and no apt."""
    monkeypatch.setenv("GRIDATLAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GRIDATLAS_PG_BINDIR", raising=False)
    monkeypatch.setattr(installs, "SYSTEM", (str(tmp_path / "system/lib/postgresql/*/bin"),))
    monkeypatch.setattr(debian, "TOOLS", ("no-such-apt",))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


def postgresql(root: Path, version: str, *, postgis: bool = True) -> Path:
    """Folder of programs under ``root`` as Debian lays them out."""
    major = version.split(".", maxsplit=1)[0]
    bindir = root / f"lib/postgresql/{major}/bin"
    bindir.mkdir(parents=True)
    for tool in ("initdb", "pg_ctl", "postgres"):
        (bindir / tool).write_text(f'#!/bin/sh\necho "postgres (PostgreSQL) {version}"\n')
        (bindir / tool).chmod(0o755)
    extensions = root / f"share/postgresql/{major}/extension"
    extensions.mkdir(parents=True)
    if postgis:
        (extensions / "postgis.control").touch()
    return bindir


def test_the_newest_of_the_system_with_postgis_is_taken(tmp_path: Path) -> None:
    wanted = postgresql(tmp_path / "system", "16.3")
    postgresql(tmp_path / "system", "15.9")
    postgresql(tmp_path / "system", "17.1", postgis=False)
    assert find_install().bindir == wanted


def test_what_fits_the_data_goes_before_the_newest(tmp_path: Path) -> None:
    postgresql(tmp_path / "system", "16.3")
    wanted = postgresql(tmp_path / "system", "15.9")
    assert find_install(major=15).bindir == wanted
    assert find_install(major=14).major == 16


def test_our_own_prefix_goes_before_the_system(tmp_path: Path, home: Path) -> None:
    postgresql(tmp_path / "system", "17.1")
    wanted = postgresql(home / "prefix/usr", "15.9")
    (home / "prefix" / MARK).touch()
    found = find_install()
    assert (found.bindir, found.prefix) == (wanted, home / "prefix")


def test_the_setting_goes_before_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    postgresql(tmp_path / "system", "17.1")
    wanted = postgresql(tmp_path / "other", "15.9")
    monkeypatch.setenv("GRIDATLAS_PG_BINDIR", str(wanted))
    settings.cache_clear()
    assert find_install().bindir == wanted


def test_a_setting_that_names_no_postgis_is_refused_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = postgresql(tmp_path / "other", "15.9", postgis=False)
    monkeypatch.setenv("GRIDATLAS_PG_BINDIR", str(bare))
    settings.cache_clear()
    with pytest.raises(Unavailable, match=r"GRIDATLAS_PG_BINDIR=.* holds .*15\.9 without PostGIS"):
        find_install()


def test_a_postgresql_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    postgresql(tmp_path / "system", "14.9")
    with pytest.raises(Unavailable, match=r"no PostgreSQL 15 or newer .*14\.9"):
        find_install()


def test_without_any_the_message_names_what_was_seen_and_every_way_out(tmp_path: Path) -> None:
    postgresql(tmp_path / "system", "15.9", postgis=False)
    with pytest.raises(Unavailable) as refused:
        find_install()
    said = refused.value.detail
    assert "15.9) at" not in said
    assert "has no PostGIS" in said
    for way_out in ("apt-get install", "brew install postgis", "GRIDATLAS_PG_BINDIR", "GRIDATLAS_DATABASE_URL"):
        assert way_out in said


def test_only_an_unpacked_prefix_sets_the_library_path(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.setenv("PGHOST", "elsewhere")
    (home / "prefix/usr/lib/x86_64-linux-gnu/blas").mkdir(parents=True)
    own = look_at(postgresql(home / "prefix/usr", "15.9"))
    (home / "prefix" / MARK).touch()
    unpacked = look_at(home / "prefix/usr/lib/postgresql/15/bin")
    assert own
    assert unpacked
    assert "LD_LIBRARY_PATH" not in own.environment
    assert unpacked.environment["LD_LIBRARY_PATH"].endswith("linux-gnu/blas")
    assert not any(name.startswith("PG") for name in unpacked.environment)


def test_programs_that_do_not_run_are_no_install(tmp_path: Path) -> None:
    broken = postgresql(tmp_path / "system", "15.9")
    (broken / "postgres").write_text("#!/bin/sh\nexit 127\n")
    assert look_at(broken) is None
    assert look_at(tmp_path / "nowhere") is None
