"""The private PostGIS: one PostgreSQL cluster under the home folder, on a unix socket that only its owner may use."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from geo.debian import Progress
from geo.errors import Unavailable
from geo.installs import Install, find_install, server_account
from geo.settings import settings

NAME = "gridatlas"  # of the database and of the role
EXTENSIONS = ("postgis", "btree_gist", "pg_trgm")
PORT = 5432  # only part of the socket's name: nothing listens on TCP
LONGEST_SOCKET = 100  # bytes; sun_path holds 108 on Linux and 104 on macOS
START_S = 120
LEAVE_S = 15
CONFIGURATION = """# written by GridAtlas at every start; your own settings go into postgresql.conf below the include
listen_addresses = ''
port = 5432
max_connections = 100
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = 2s
"""
THROW_AWAY = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\nshared_buffers = 64MB\n"


@dataclass(frozen=True)
class Status:
    """What the cluster is right now; ``pid`` is None when it is down, ``size_mb`` 0 before the first start."""

    pid: int | None
    version: str
    bindir: Path
    data: Path
    socket: Path
    log: Path
    size_mb: int


class Cluster:
    """A PostgreSQL cluster in ``home``, one data folder per major version.

    Parameters
    ----------
    home
        Folder of its data, log and locks; None for ``GRIDATLAS_HOME``.
    throw_away
        True trades every promise of durability for speed: for tests only.
    progress
        Told, in words, what takes over a second.

    Raises
    ------
    Unavailable
        When no PostgreSQL with PostGIS can be had.
    """

    def __init__(self, home: Path | None = None, *, throw_away: bool = False, progress: Progress | None = None) -> None:
        self.home = (home or settings().home).absolute()
        self.throw_away = throw_away
        made_by = sorted(majors(self.home))
        self.install: Install = find_install(progress, major=made_by[-1] if made_by else None)
        self.data = self.home / f"pg{self.install.major}"
        self.log = self.home / f"pg{self.install.major}.log"
        self.socket = self._socket_folder()

    def url(self, database: str = NAME) -> str:
        """SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://{NAME}@/{database}?{self._parameters()}"

    def libpq_url(self, database: str = NAME) -> str:
        """URL of one of its databases for ``psql`` and other programs on libpq."""
        return f"postgresql://{NAME}@/{database}?{self._parameters()}"

    def _parameters(self) -> str:
        return f"host={quote(str(self.socket), safe='/')}&port={PORT}"

    def status(self) -> Status:
        """What the cluster is right now; nothing is started."""
        return Status(
            self.pid(), self.install.version, self.install.bindir, self.data, self.socket, self.log, _size_mb(self.data)
        )

    def up(self, progress: Progress | None = None) -> str:
        """Start the server unless it runs: ``"created"``, ``"started"`` or ``"already up"``.

        Afterwards the database ``gridatlas`` stands with its extensions, and this process has forgotten the
        caller's ``PG*`` variables: a ``PGHOSTADDR`` or ``PGSERVICE`` would overrule the URL. Two callers at once
        take turns.

        Raises
        ------
        Unavailable
            When the data belong to another major version, another server's processes linger, or PostgreSQL
            does not start; the message carries the end of its log.
        """
        for name in [name for name in os.environ if name.startswith("PG")]:
            del os.environ[name]
        if self.pid() and self._answers():
            return "already up"
        with self._locked() as lock:
            if self.pid() and self._answers():
                return "already up"
            if new := not self._initialised():
                self._create(lock, progress)
            self._start(progress)
            self._furnish()
            return "created" if new else "started"

    def down(self) -> str:
        """Stop the server: ``"stopped"`` or ``"not running"``.

        Raises
        ------
        Unavailable
            When it does not stop within a minute.
        """
        if not self.data.exists():
            return "not running"
        with self._locked():
            if not self.pid():
                return "not running"
            how = "immediate" if self.throw_away else "fast"
            self.install.run("pg_ctl", "-D", self.data, "-m", how, "-w", "-t", 60, "-s", "stop")
            return "stopped"

    def reset(self) -> None:
        """Drop the database ``gridatlas`` with everything in it and make it anew, empty.

        Raises
        ------
        Unavailable
            When the server does not start.
        """
        self.up()
        self.sql(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        self._furnish()

    def pid(self) -> int | None:
        """Process id of the running server; None when it is down, also when its old id is now somebody else's."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            return pid if self._is_ours(pid) else None
        return None

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What a statement answers, as psql prints it, unaligned and without heads.

        Raises
        ------
        Unavailable
            When the statement fails.
        """
        return self._psql(statement, database, check=True).stdout.strip()

    def _psql(self, statement: str, database: str, *, check: bool) -> subprocess.CompletedProcess[str]:
        quiet = f"SET client_min_messages = warning; {statement}" if ";" in statement else statement
        flags = ("-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.libpq_url(database))
        return self.install.run("psql", *flags, "-c", quiet, check=check, timeout=START_S)

    def _answers(self) -> bool:
        there = f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'"
        return self._psql(there, "postgres", check=False).stdout.strip() == "1"

    def _socket_folder(self) -> Path:
        inside = self.home / "run"
        if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
            return inside
        mark = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:8]
        return Path(tempfile.gettempdir()) / f"{NAME}-{os.geteuid()}-{mark}"

    @contextmanager
    def _locked(self) -> Iterator[int]:
        account = server_account()
        self.home.mkdir(parents=True, exist_ok=True)
        if account:
            _open_to(account, self.home)
        with (self.home / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    def _initialised(self) -> bool:
        version = self.data / "PG_VERSION"
        if version.exists():
            made_by = version.read_text().strip()
            if made_by == str(self.install.major):
                return True
            raise Unavailable(_other_major(self.data, made_by, self.install))
        if others := majors(self.home):
            raise Unavailable(_other_major(self.home / f"pg{max(others)}", str(max(others)), self.install))
        return False

    def _create(self, lock: int, progress: Progress | None) -> None:
        if progress:
            progress(f"creating the database cluster in {self.data}")
        account = server_account()
        made = self.data.with_name(self.data.name + ".new")  # a killed initdb leaves only this one behind
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        if account:
            os.chown(made, account.pw_uid, account.pw_gid)
        # trigrams of Chinese are empty unless lc_ctype knows UTF-8; ICU sorts and folds whatever the system's locales
        locale = ("--locale=C", f"--lc-ctype={self.install.environment['LC_ALL']}")
        icu = ("--locale-provider=icu", "--icu-locale=und")
        self.install.run(
            *("initdb", "-D", made, "-U", NAME, "-E", "UTF8", *locale, *icu),
            *("-A", "peer", "--no-sync", "--no-instructions"),
            timeout=START_S,
            pass_fds=(lock,),  # when we are killed it goes on, and whoever comes next waits for it
        )
        owners = {account.pw_name if account else getpass.getuser(), pwd.getpwuid(os.geteuid()).pw_name}
        (made / "pg_hba.conf").write_text("local all all peer map=own\n")
        (made / "pg_ident.conf").write_text("".join(f"own {owner} {NAME}\n" for owner in sorted(owners)))
        with (made / "postgresql.conf").open("a") as file:
            file.write("\ninclude_if_exists 'gridatlas.conf'\n")
        made.rename(self.data)

    def _start(self, progress: Progress | None) -> None:
        account = server_account()
        self.socket.mkdir(mode=0o755 if account else 0o700, parents=True, exist_ok=True)
        if account:
            os.chown(self.socket, account.pw_uid, account.pw_gid)
        if self.socket.stat().st_uid != (account.pw_uid if account else os.geteuid()):
            raise Unavailable(f"the socket folder {self.socket} belongs to another user; remove it, or set TMPDIR")
        (self.data / "gridatlas.conf").write_text(CONFIGURATION + (THROW_AWAY if self.throw_away else ""))
        if progress:
            progress("starting the database")
        with (self.home / ".alive").open("w") as alive:
            self._await_the_dead(alive.fileno())
            self._clear_stale()
            options = f"-c unix_socket_directories={shlex.quote(str(self.socket))}"
            flags = ("-D", self.data, "-l", self.log, "-w", "-t", START_S, "-s", "-o", options)
            # the server and all its children inherit the locked descriptor: while one of them lives it stays locked
            with open(os.devnull, "w") as nowhere:
                done = self.install.run(
                    "pg_ctl", *flags, "start", check=False, pass_fds=(alive.fileno(),), stdout=nowhere, stderr=nowhere
                )
        if done.returncode:
            raise Unavailable(f"PostgreSQL did not start; the end of {self.log}:\n{_tail(self.log)}")

    def _await_the_dead(self, alive: int) -> None:
        """Wait until no process of an earlier server of this cluster lives, and take its lock."""
        end = time.monotonic() + LEAVE_S
        while True:
            try:
                fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    left = ", ".join(map(str, self._survivors())) or "unknown"
                    raise Unavailable(
                        f"processes of a killed database server still work on {self.data} (pid {left}); "
                        "end them with SIGTERM, or wait, then try again"
                    ) from None
                time.sleep(0.1)
            else:
                return

    def _survivors(self) -> list[int]:
        """Living processes that have the data folder as working folder, as every process of PostgreSQL does."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "cwd").readlink() == self.data.resolve():
                    found.append(int(process.name))
        return found

    def _clear_stale(self) -> None:
        """Remove the lock files of a dead server where a reused process id would make PostgreSQL believe in it."""
        if self._survivors():  # a server started by hand holds no lock of ours: PostgreSQL's own check decides
            return
        for file in (self.data / "postmaster.pid", self.socket / f".s.PGSQL.{PORT}.lock"):
            with suppress(OSError, ValueError, IndexError):
                pid = int(file.read_text().splitlines()[0])
                if _lives(pid) and not self._is_ours(pid):
                    file.unlink()

    def _is_ours(self, pid: int) -> bool:
        try:
            said = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            if Path("/proc/self").exists():
                return False
            shown = ["ps", "-o", "command=", "-p", str(pid)]
            said = subprocess.run(shown, capture_output=True, text=True, check=False).stdout
        return "postgres" in said and re.search(rf"-D\s*{re.escape(str(self.data))}(\s|$)", said) is not None

    def _furnish(self) -> None:
        if not self._answers():
            self.sql(f"CREATE DATABASE {NAME}")
        wanted = "; ".join(f"CREATE EXTENSION IF NOT EXISTS {name}" for name in EXTENSIONS)
        self.sql(f"{wanted};", NAME)
        versions = "SELECT installed_version = default_version FROM pg_available_extensions WHERE name = 'postgis'"
        if self.sql(versions, NAME) == "f":
            self.sql("SELECT postgis_extensions_upgrade();", NAME)


def majors(home: Path) -> set[int]:
    """Major versions of PostgreSQL whose data lie in ``home``."""
    return {int(found.parent.name[2:]) for found in home.glob("pg[0-9]*/PG_VERSION") if found.parent.name[2:].isdigit()}


def _other_major(data: Path, made_by: str, install: Install) -> str:
    return (
        f"{data} was made by PostgreSQL {made_by}, and what is here is {install.version} at {install.bindir}; "
        "nothing was changed. "
        f"Set GRIDATLAS_PG_BINDIR to the programs of PostgreSQL {made_by}, or move the folder away to begin empty"
    )


def _open_to(account: pwd.struct_passwd, home: Path) -> None:
    """Give ``home`` to the server's account and see that it can get there."""
    os.chown(home, account.pw_uid, account.pw_gid)
    home.chmod(0o755)
    probe = subprocess.run(
        ["test", "-x", str(home)], user=account.pw_uid, group=account.pw_gid, extra_groups=[], cwd="/", check=False
    )
    if probe.returncode:
        raise Unavailable(
            f"the database runs as {account.pw_name}, who may not enter {home}; "
            "set GRIDATLAS_HOME to a folder whose parents are open to all, such as /var/lib/gridatlas"
        )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _tail(log: Path, characters: int = 1500) -> str:
    with suppress(OSError):
        return log.read_text(errors="replace")[-characters:]
    return "(no log)"


def _size_mb(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return round(total / 1e6)
