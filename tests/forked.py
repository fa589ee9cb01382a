"""Commands, each run in a process of its own that is forked from one with the libraries loaded: seconds saved each."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

LOADED = (
    *("api.cli", "api.commands.boundaries", "api.progress", "geo.bulk", "geo.layers", "geo.incidents.loading"),
    *("geo.boundaries.importing", "geo.buildings.loading", "geo.lines", "geo.demo.towns", "geo.db", "geo.assignments"),
    *("geo.frames.vectors", "geopandas", "openpyxl", "psycopg", "pyarrow.parquet", "pyogrio", "pyproj"),
    *("rich.console", "rich.progress"),
)
"""What the first process imports; a command imports the rest itself."""


@dataclass(frozen=True)
class Limits:
    """What a command may take: seconds, seconds of the processor, MiB of address space; None = any."""

    seconds: float | None = None
    cpu_seconds: int | None = None
    address_mb: int | None = None


@dataclass(frozen=True)
class Ran:
    """What became of a command. ``code`` is minus the signal that ended it, None when it took too long."""

    code: int | None
    stdout: str
    stderr: str
    peak_mb: float


def run(arguments: list[str], folder: Path, environment: dict[str, str], limits: Limits = Limits()) -> Ran:
    """The command ``gridatlas`` with these arguments, run in ``folder``; its peak is 0 when it was killed."""
    with tempfile.TemporaryDirectory(prefix="ran-") as name:
        told = Path(name)
        process = _context().Process(target=_command, args=(arguments, folder, environment, limits, told))
        process.start()
        process.join(limits.seconds)
        is_late = process.is_alive()
        if is_late:
            process.kill()
            process.join()
        out, err, peak = (told / one for one in ("out", "err", "peak"))
        texts = [one.read_text("utf-8", "replace") if one.is_file() else "" for one in (out, err)]
        peak_mb = float(peak.read_text()) if peak.is_file() else 0.0
        code = None if is_late else process.exitcode
        process.close()
        return Ran(code, texts[0], texts[1], peak_mb)


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


def _command(arguments: list[str], folder: Path, environment: dict[str, str], limits: Limits, told: Path) -> None:
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(told / name, os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # asked again: TMPDIR may be another
    if limits.cpu_seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds,) * 2)
    if limits.address_mb is not None:
        resource.setrlimit(resource.RLIMIT_AS, (limits.address_mb << 20,) * 2)
    from api.cli import main

    sys.argv = ["gridatlas", *arguments]
    try:
        main()
    finally:
        found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
        (told / "peak").write_text(str(int(found[1]) / 1024 if found else 0))
