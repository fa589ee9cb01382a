"""PostgreSQL with PostGIS on this machine: where its programs are and how they are run."""

from __future__ import annotations

import glob
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo import debian
from geo.debian import MARK, Progress, libraries
from geo.errors import Unavailable
from geo.settings import settings

OLDEST = 15
SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
)
WAYS_OUT = """Ways out:
  Debian, Ubuntu:  sudo apt-get install -y --no-install-recommends postgresql-{major}-postgis-3
  macOS:           brew install postgis
  other place:     export GRIDATLAS_PG_BINDIR=/folder/of/initdb
  own server:      export GRIDATLAS_DATABASE_URL=postgresql://user:password@host/database"""


def ways_out(major: int | str = OLDEST) -> str:
    """Text that names every way to a PostgreSQL with PostGIS."""
    return WAYS_OUT.format(major=major)


def server_account() -> pwd.struct_passwd | None:
    """Account the server runs as when we are root, which PostgreSQL refuses; None for everybody else.

    Raises
    ------
    Unavailable
        When root finds neither the account of ``GRIDATLAS_PG_USER`` nor ``postgres`` nor ``nobody``.
    """
    if os.geteuid() != 0:
        return None
    wanted = settings().pg_user
    for name in (wanted,) if wanted else ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise Unavailable(
        f"PostgreSQL refuses to run as root and there is no account {wanted or 'postgres or nobody'}; "
        "set GRIDATLAS_PG_USER to an ordinary account, or start as an ordinary user"
    )


@dataclass(frozen=True)
class Install:
    """One PostgreSQL: its folder of programs, its version, and whether PostGIS lies beside it.

    Parameters
    ----------
    bindir
        Folder of ``initdb``, ``pg_ctl``, ``postgres`` and ``psql``.
    prefix
        Root of the prefix we unpacked it into; None when it belongs to the system.
    """

    bindir: Path
    prefix: Path | None
    version: str
    major: int
    postgis: bool

    @property
    def environment(self) -> dict[str, str]:
        """Environment for PostgreSQL's programs, free of the caller's ``PG*`` and of any locale.

        The library path of an unpacked prefix is set here and never for Python itself.
        """
        return _environment(self.prefix)

    def run(
        self, tool: str, *arguments: object, check: bool = True, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Result of one of PostgreSQL's programs, run as the account the server runs as.

        Raises
        ------
        Unavailable
            When it fails and ``check`` is true; the message carries the end of what it said.
        """
        if account := server_account():
            options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        if "stdout" not in options:
            options["capture_output"] = True
        command = [str(self.bindir / tool), *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, cwd="/", text=True, stdin=subprocess.DEVNULL, check=False, **options
        )
        if check and done.returncode:
            said = (done.stderr or done.stdout or "").strip()[-1500:]
            raise Unavailable(f"{tool} failed with exit code {done.returncode}: {said}")
        return done


def _environment(prefix: Path | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    kept["LC_ALL"] = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    if prefix is not None:
        kept["LD_LIBRARY_PATH"] = ":".join(map(str, libraries(prefix)))
        kept["PROJ_DATA"] = kept["PROJ_LIB"] = str(prefix / "usr/share/proj")
    return kept


def look_at(bindir: Path) -> Install | None:
    """The PostgreSQL in ``bindir``; None when there is none or it does not run."""
    if not all(os.access(bindir / tool, os.X_OK) for tool in ("initdb", "postgres", "pg_ctl")):
        return None
    prefix = next((folder for folder in bindir.parents if (folder / MARK).exists()), None)
    try:
        command = [str(bindir / "postgres"), "--version"]
        said = subprocess.run(
            command, env=_environment(prefix), capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"(\d+)", said)
    return Install(bindir, prefix, said, int(found[1]), _has_postgis(bindir, prefix)) if found else None


def _has_postgis(bindir: Path, prefix: Path | None) -> bool:
    shares = [Path(str(bindir).replace("/lib/postgresql/", "/share/postgresql/")).parent]
    if prefix is None and os.access(bindir / "pg_config", os.X_OK):
        asked = subprocess.run([str(bindir / "pg_config"), "--sharedir"], capture_output=True, text=True, check=False)
        shares.append(Path(asked.stdout.strip() or "/nowhere"))
    return any((share / "extension/postgis.control").exists() for share in shares)


def prefix_folder() -> Path:
    """Folder our own PostGIS is unpacked into."""
    return settings().home / "prefix"


def _in(prefix: Path) -> str:
    return str(prefix / "usr/lib/postgresql/*/bin")


def _numbers(path: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", path)]


def _bindirs(patterns: Sequence[str]) -> Iterator[Path]:
    for pattern in patterns:
        newest_first = sorted(glob.glob(pattern), key=_numbers, reverse=True)
        # Homebrew's opt links must stay as they are: PostgreSQL finds its share folder relative to them
        yield from (Path(found) if "homebrew" in pattern else Path(found).resolve() for found in newest_first)


def installs() -> list[Install]:
    """Every PostgreSQL found, in the order they would be taken: the setting, our own prefix, the system's."""
    if named := settings().pg_bindir:
        found = look_at(named)
        return [found] if found else []
    patterns = (_in(prefix_folder()), *SYSTEM)
    return [found for bindir in dict.fromkeys(_bindirs(patterns)) if (found := look_at(bindir))]


def find_install(progress: Progress | None = None, *, major: int | None = None, fetch: bool = True) -> Install:
    """The PostgreSQL with PostGIS to use; on Debian and Ubuntu it is fetched when there is none.

    Parameters
    ----------
    major
        Preferred over newer ones when there: the major version the data on disk was made by.
    fetch
        False only looks.

    Raises
    ------
    Unavailable
        When none can be had; the message says what was found and names every way out.
    """
    found = installs()
    usable = [install for install in found if install.postgis and install.major >= OLDEST]
    if usable:
        return next((install for install in usable if install.major == major), usable[0])
    if (named := settings().pg_bindir) is not None:
        lacking = found[0].version + " without PostGIS" if found else "no PostgreSQL programs"
        raise Unavailable(f"GRIDATLAS_PG_BINDIR={named} holds {lacking}.\n{ways_out()}")
    failed = ""
    if fetch:
        try:
            fetch_postgis(prefix_folder(), progress)
        except Unavailable as error:
            failed = f"\nFetching it from the distribution failed: {error.detail}"
        else:
            return find_install(progress, major=major, fetch=False)
    raise Unavailable(f"no PostgreSQL {OLDEST} or newer with PostGIS was found{_without(found)}.{failed}\n{ways_out()}")


def _without(found: list[Install]) -> str:
    if not found:
        return ""
    seen = "; ".join(
        f"{install.version} at {install.bindir}" + ("" if install.postgis else " has no PostGIS") for install in found
    )
    return f" ({seen})"


def fetch_postgis(prefix: Path, progress: Progress | None = None) -> None:
    """Unpack the distribution's PostgreSQL with PostGIS into ``prefix``: 55 MB down and 135 MB on disk.

    Raises
    ------
    Unavailable
        When this is no Debian, the packages cannot be had, or the disk is full.
    """

    def wish(apt: debian.Apt) -> debian.Wish:
        offered = [int(name.split("-")[1]) for name in apt.search(r"^postgresql-[0-9]+-postgis-3$")]
        if not offered:
            raise Unavailable(f"the distribution offers no package postgresql-NN-postgis-3{apt.said()}")
        major = max(offered)
        server = (f"postgresql-{major}", f"postgresql-client-{major}", "proj-data")
        gis = (f"postgresql-{major}-postgis-3", f"postgresql-{major}-postgis-3-scripts")
        return debian.Wish(f"PostgreSQL {major} with PostGIS", server + gis, lambda folder: _finish(folder, major))

    def runs() -> bool:
        return any(install.postgis for at in _bindirs([_in(prefix)]) if (install := look_at(at)))

    debian.unpack(prefix, wish, progress, runs)


def _finish(folder: Path, major: int) -> None:
    extensions = folder / f"usr/share/postgresql/{major}/extension"
    programs = folder / f"usr/lib/postgresql/{major}"
    for control in extensions.glob("*-3.control"):  # Debian makes these links in a post-install script
        control.with_name(control.name.replace("-3.control", ".control")).symlink_to(control.name)
    heavy = ("lib/llvmjit*", "lib/postgis_raster*", "lib/postgis_sfcgal*", "lib/bitcode", "lib/pgxs")
    for found in [path for pattern in heavy for path in programs.glob(pattern)]:
        shutil.rmtree(found) if found.is_dir() else found.unlink()
    for upgrade in [*extensions.glob("postgis*--*--*.sql"), *extensions.glob("address_standardizer*")]:
        upgrade.unlink()
    install = look_at(programs / "bin")
    if install is None or not install.postgis:
        raise Unavailable(f"the packages of PostgreSQL {major} were unpacked into {folder} but do not run there")
