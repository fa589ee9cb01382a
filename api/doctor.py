"""What this machine has and what it lacks, each lack with its way out."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from geo.errors import GeoError
from geo.settings import settings

ROOT = Path(__file__).parent.parent
LEAST_MB = 500
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)(?: ; ([^\\]+))?")
TRIGRAMS = "SELECT show_trgm('社区') <> '{}'"
VERSIONS = (
    "SELECT split_part(version(), ' ', 2) || ', PostGIS ' || extversion FROM pg_extension WHERE extname = 'postgis'"
)


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Parameters
    ----------
    name
        What was looked at, Chinese and English.
    fine
        True when it is as it should be.
    said
        What was found.
    way_out
        What to do; empty when nothing is to be done.
    needed
        False for what only the tests want.
    """

    name: str
    fine: bool
    said: str
    way_out: str = ""
    needed: bool = True


def checks() -> Iterator[Check]:
    """Every check, one after the other; nothing is installed, and a database that was down is down again."""
    yield _python()
    yield _lock()
    yield _home()
    yield _assets()
    yield from _database()
    yield from _browser()


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    way_out = "install Python 3.11 or newer and remove .venv; ./gridatlas makes it anew"
    return Check("Python", sys.version_info >= (3, 11), f"{version} at {sys.prefix}", way_out)


def _lock() -> Check:
    name, way_out = "依赖 Packages", "remove .venv; ./gridatlas makes it anew"
    lock = ROOT / "requirements.lock"
    if not lock.exists():
        return Check(name, True, "installed without the checkout's lock")
    pins = list(_pins(lock))
    off = [f"{package} {_installed(package)} instead of {pin}" for package, pin in pins if _installed(package) != pin]
    if off:
        return Check(
            name, False, f"{len(off)} of {len(pins)} differ from requirements.lock: {', '.join(off[:5])}", way_out
        )
    return Check(name, True, f"{len(pins)} as requirements.lock says")


def _pins(lock: Path) -> Iterator[tuple[str, str]]:
    from packaging.markers import Marker

    for line in lock.read_text().splitlines():
        found = PIN.match(line)
        if found and (not found[3] or Marker(found[3].strip()).evaluate()):
            yield found[1], found[2]


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def _home() -> Check:
    home = settings().home
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(there).free / 1e6
    said = f"{home}, {free / 1000:.1f} GB free"
    return Check("数据目录 Home", free > LEAST_MB, said, f"free {LEAST_MB} MB, or set GRIDATLAS_HOME to another disk")


def _assets() -> Check:
    from maps.assets import VENDOR, missing

    lacking = missing()
    said = f"{len(lacking)} files are missing in {VENDOR}" if lacking else f"all in {VENDOR}"
    return Check("前端资源 Front-end files", not lacking, said, "./gridatlas serve fetches them over the network")


def _database() -> Iterator[Check]:
    name = "数据库 Database"
    if settings().database_url:
        yield from _answers(name, "GRIDATLAS_DATABASE_URL")
        return
    from geo.cluster import Cluster, majors
    from geo.installs import find_install

    try:
        install = find_install(fetch=False, major=max(majors(settings().home), default=None))
    except GeoError as error:
        lines = error.detail.splitlines()
        yield Check(
            "PostGIS", False, lines[0], "./gridatlas db up fetches it on Debian and Ubuntu. " + "\n".join(lines[1:])
        )
        return
    source = "our own prefix" if install.prefix else "the system's"
    yield Check("PostGIS", True, f"{install.version} at {install.bindir} ({source})")
    cluster = Cluster()
    if not cluster.data.exists():
        yield Check(name, True, "not created yet; ./gridatlas db up or demo does")
        return
    was_up = cluster.pid() is not None
    yield from _answers(name, f"{'up' if was_up else 'down (started for this check)'}, {cluster.data}")
    if not was_up:
        cluster.down()


def _answers(name: str, where: str) -> Iterator[Check]:
    """The database answers, has PostGIS, and its trigrams know Chinese."""
    import sqlalchemy as sa

    from geo import db

    try:
        engine = sa.create_engine(db.database_url(), poolclass=sa.NullPool)
        with engine.connect() as connection:
            yield Check(name, True, f"{where}: PostgreSQL {connection.scalar(sa.text(VERSIONS)) or 'without PostGIS'}")
            known = bool(connection.scalar(sa.text(TRIGRAMS)))
    except (GeoError, sa.exc.SQLAlchemyError) as error:
        first = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Check(
            name, False, f"{where}: {first}", "./gridatlas db up says more; on your own server: CREATE EXTENSION"
        )
        return
    way_out = (
        "make the database with LC_CTYPE 'C.UTF-8' or another UTF-8 locale; search by Chinese names is dead without"
    )
    yield Check("中文检索 Search in Chinese", known, "trigrams of 社区 are " + ("there" if known else "empty"), way_out)


def _browser() -> Iterator[Check]:
    from api import browsers

    way_out = "./gridatlas test browser installs or unpacks it"
    try:
        program = browsers.found()
    except GeoError as error:
        yield Check("Chromium", False, error.detail, needed=False)
    else:
        yield Check("Chromium", program is not None, str(program or "none, only tests need it"), way_out, needed=False)
    there = browsers.has_chinese()
    said = "there" if there else "none: screenshots would show boxes"
    yield Check("中文字体 Chinese font", there, said, way_out, needed=False)
