"""Programs of the distribution unpacked into a folder of ours: Debian's and Ubuntu's own packages, without root.

apt fetches and checks the signed packages into a state folder of ours, ``dpkg-deb -x`` unpacks them; the system's
own lists, locks and programs are not touched.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geo.errors import Unavailable

Progress = Callable[[str], None]

MARK = ".gridatlas-prefix"  # lies at the root of a folder we unpacked ourselves
TOOLS = ("apt-get", "apt-cache", "dpkg-deb", "dpkg-query")
# what every Debian has, what only post-install scripts want, and the heavy parts that are switched off
LEFT_OUT = re.compile(
    r"(libc6|libc-bin|libgcc-s1|libstdc\+\+6|gcc-\d+-base|base-files|debconf|cdebconf|dpkg|adduser|passwd|locales|tzdata"
    r"|ssl-cert|ucf|openssl|perl|libperl|perl-base|sensible-utils|netbase|lsb-base|sysvinit-utils|init-system-helpers"
    r"|media-types|libjson-perl|libipc-run-perl|postgresql-common|postgresql-client-common|logrotate|procps|mount|util-linux"
    r"|libgdal\d+|gdal-data|gdal-plugins|libllvm\d+\S*|libsfcgal\d+|libgl1-mesa-dri|libz3-4|xdg-utils|x11-utils"
    r"|adwaita-icon-theme|gtk-update-icon-cache|hicolor-icon-theme|dconf-\S+|libgtk-3-common|dbus\S*|systemd\S*|libpam\S*"
    r"|fonts-dejavu\S*|fontconfig|fontconfig-config|xkb-data|desktop-file-utils|shared-mime-info|glib-networking\S*)(t64)?"
)
PLUGINS = ("blas", "lapack", "pulseaudio")  # folders of libraries that the system finds by links or run paths
TIMEOUT_S = 900


@dataclass(frozen=True)
class Wish:
    """What to unpack: its name in messages, the packages it grows from, and how the unpacked folder is finished."""

    name: str
    roots: tuple[str, ...]
    finish: Callable[[Path], None]


def is_here() -> bool:
    """True on Debian, Ubuntu and their kin."""
    return all(shutil.which(tool) for tool in TOOLS)


def libraries(prefix: Path) -> list[Path]:
    """Folders of shared libraries in an unpacked prefix, those in folders of their own included."""
    plain = [*prefix.glob("usr/lib/*-linux-gnu*"), *prefix.glob("lib/*-linux-gnu*")]
    return plain + [deeper for folder in plain for name in PLUGINS if (deeper := folder / name).is_dir()]


def unpack(
    into: Path,
    wish_of: Callable[[Apt], Wish],
    progress: Progress | None = None,
    runs: Callable[[], bool] = lambda: True,
) -> None:
    """Fetch and unpack a wish into ``into``, which appears whole or not at all.

    A second caller waits for the first and finds it done; what a killed one had fetched is not fetched again.
    What is there and does not run, since the system under it has changed, is replaced.

    Raises
    ------
    Unavailable
        When this is no Debian, the packages cannot be had, or the disk is full.
    """
    if not is_here():
        raise Unavailable("only Debian, Ubuntu and their kin have apt-get and dpkg-deb to fetch it with")
    with _alone(into) as lock:
        if (into / MARK).exists() and runs():
            return
        state = into.with_name(f".{into.name}.apt")
        try:
            _unpack(into, Apt(state, lock), wish_of, progress)
        except OSError as error:
            raise Unavailable(f"{into} could not be written: {error}") from error
        shutil.rmtree(state, ignore_errors=True)


def _unpack(into: Path, apt: Apt, wish_of: Callable[[Apt], Wish], progress: Progress | None) -> None:
    tell = progress or (lambda _: None)
    tell("reading the distribution's package lists")
    apt.update()
    wish = wish_of(apt)
    packages = apt.closure(wish.roots)
    tell(f"fetching {wish.name}: {len(packages)} packages, {apt.megabytes(packages)} MB; the system is not changed")
    archives = apt.download(packages)
    tell(f"unpacking {wish.name} into {into}")
    new = into.with_name(f"{into.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for archive in archives:
        _run("dpkg-deb", "-x", str(archive), str(new), lock=apt.lock)
    new.chmod(0o755)  # the first package sets the mode of the root folder
    for name in ("doc", "man", "locale", "lintian", "bug", "info"):
        shutil.rmtree(new / "usr/share" / name, ignore_errors=True)
    (new / MARK).touch()
    wish.finish(new)
    shutil.rmtree(into, ignore_errors=True)
    new.rename(into)


@contextmanager
def _alone(into: Path) -> Iterator[int]:
    into.parent.mkdir(parents=True, exist_ok=True)
    with into.with_name(f".{into.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _run(*command: str, lock: int, cwd: Path | None = None) -> str:
    try:
        # the lock is handed down: when we are killed the command goes on, and whoever comes next waits for it
        done = subprocess.run(
            command,
            cwd=cwd,
            timeout=TIMEOUT_S,
            pass_fds=(lock,),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{command[0]} did not end within {TIMEOUT_S} s") from error
    if done.returncode:
        raise Unavailable(f"{command[0]} … {command[-1]} failed: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.stdout


class Apt:
    """apt with a state folder of its own: the system's sources and keys, our own lists and archives."""

    def __init__(self, state: Path, lock: int) -> None:
        self.lock = lock
        self.archives = state / "archives"
        (state / "lists/partial").mkdir(parents=True, exist_ok=True)
        (self.archives / "partial").mkdir(parents=True, exist_ok=True)
        settings = {
            "Dir::State::lists": state / "lists",
            "Dir::Cache": state,
            "Dir::Cache::archives": self.archives,
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "root",  # else root's apt becomes _apt, who may not write here
            "Acquire::Retries": "3",
            "Acquire::Languages": "none",
        }
        self._options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
        self._complaints = ""

    def update(self) -> None:
        """Read the package lists; sources that do not answer are only remembered."""
        command = ["apt-get", *self._options, "-q", "update"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, pass_fds=(self.lock,)
        )
        self._complaints = done.stderr.strip()

    def said(self) -> str:
        """What apt complained about while it read the lists, as the end of a sentence."""
        return f"; apt said: {self._complaints[-500:]}" if self._complaints else ""

    def search(self, pattern: str) -> list[str]:
        """Names of the packages whose name matches."""
        return [line.split()[0] for line in self._cache("search", "--names-only", pattern).splitlines()]

    def closure(self, roots: Sequence[str]) -> list[str]:
        """The roots and all they depend on, without what every system has and what is not needed unpacked."""
        no = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
        said = self._cache("depends", "--recurse", *(f"--no-{what}" for what in no), *roots)
        needs = dependencies(said)
        essential = self._essential()
        wanted: dict[str, None] = {}
        queue = list(roots)
        while queue:
            name = queue.pop()
            if name in wanted or name.startswith("<") or name in essential:
                continue
            if name not in roots and LEFT_OUT.fullmatch(name):
                continue
            wanted[name] = None
            queue += needs.get(name, [])
        return sorted(wanted)

    def _essential(self) -> set[str]:
        lines = _run(
            "dpkg-query", "-W", "-f", "${Package} ${Priority} ${db:Status-Status}\n", lock=self.lock
        ).splitlines()
        return {line.split()[0] for line in lines if line.endswith((" required installed", " important installed"))}

    def megabytes(self, packages: Sequence[str]) -> int:
        """Size of the packages in MB, those that lie there already included."""
        lines = self._get("download", "--print-uris", *packages).splitlines()
        return round(sum(int(line.split()[2]) for line in lines if line.startswith("'")) / 1e6)

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Archives of the packages, checked against the signed lists; what is there already is kept."""
        for torn in self.archives.glob("*.FAILED"):
            torn.unlink()
        self._get("download", *packages)
        archives = sorted(self.archives.glob("*.deb"))
        wanted = set(packages)
        return [archive for archive in archives if archive.name.split("_")[0] in wanted]

    def _get(self, *arguments: str) -> str:
        return _run("apt-get", *self._options, "-qq", *arguments, lock=self.lock, cwd=self.archives)

    def _cache(self, *arguments: str) -> str:
        return _run("apt-cache", *self._options, *arguments, lock=self.lock)


def dependencies(said: str) -> dict[str, list[str]]:
    """Packages each package needs, out of ``apt-cache depends --recurse``.

    Of alternatives (``|Depends``) the first is taken; of a virtual package (``<name>``) the first provider.
    """
    needs: dict[str, list[str]] = {}
    package = ""
    is_alternative = False
    for line in said.splitlines():
        if not line.startswith(" "):
            package, is_alternative = line.strip().split(":")[0], False
            needs.setdefault(package, [])
        elif found := re.match(r"\s+(\|?)(?:Pre)?Depends: (\S+)", line):
            if not is_alternative:
                needs[package].append(found[2].split(":")[0])
            is_alternative = bool(found[1])
        elif needs[package] and needs[package][-1].startswith("<"):
            needs[package][-1] = line.strip().split(":")[0]
    return needs
