"""``gridatlas test``, ``prove``, ``bench`` and ``doctor``: whether all stands, on this machine and in this code."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api import performance
from geo.errors import Unknown

ROOT = Path(__file__).parent.parent.parent
TESTS = ROOT / "tests"
PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True}
_ALONE = ("-n", "-k", "-x", "--pdb", "tests/")
_NARROWED = ("-k", "-m", "--lf", "--sw", "--hypothesis-profile", "tests/")
Size = Annotated[
    str, typer.Option(help="How much: small is what CI runs; a number or 'full' where the script takes it.")
]
Name = Annotated[str, typer.Argument(help="Which one; 'all' runs each; nothing lists them.")]


def register(app: typer.Typer) -> None:
    """Add ``test``, ``prove``, ``bench`` and ``doctor`` to the command line."""
    app.command(name="test", context_settings=PASS_ON)(test)
    app.command()(prove)
    app.command()(bench)
    app.command()(doctor)


def _say(text: str) -> None:
    Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def test(context: typer.Context) -> None:
    """运行测试 · Run the whole suite, or its parts by name: unit db http browser; the rest is handed to pytest.

    ``unit`` alone is the quick loop: a tenth of every law's examples, without what is marked slow.
    """
    wanted, options = _parted(context.args)
    if wanted != ["unit"]:
        named = wanted + [option for option in options if "tests/" in option]
        _prepare(wants_browser=not named or any("browser" in name for name in named))
    command = [sys.executable, "-m", "pytest", *arguments(context.args)]
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(command[0], command)


def arguments(given: list[str]) -> list[str]:
    """What pytest is called with for what ``gridatlas test`` was given: folders of the parts, how, and the rest."""
    wanted, options = _parted(given)
    folders = [str(TESTS / name) for name in wanted]
    return [*folders, *_workers(wanted, options), *_quickly(wanted, options), *options]


def _parted(given: list[str]) -> tuple[list[str], list[str]]:
    parts = {found.name for found in TESTS.iterdir() if found.is_dir()}
    return [name for name in given if name in parts], [name for name in given if name not in parts]


def _prepare(*, wants_browser: bool) -> None:
    """Have PostGIS and Chromium here before pytest starts, so that their fetching is seen."""
    from api import browsers
    from geo.installs import find_install
    from geo.settings import settings

    if not settings().test_database_url:
        find_install(_say)
    if wants_browser:
        browsers.chromium(_say)


def _workers(wanted: list[str], options: list[str]) -> list[str]:
    """Options of pytest-xdist for the whole suite and the units; for another part they cost more than they bring."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if wanted not in ([], ["unit"]) or cores < 2 or any(option.startswith(_ALONE) for option in options):
        return []
    return ["-n", str(min(cores, 4)), "--dist", "loadfile"]


def _quickly(wanted: list[str], options: list[str]) -> tuple[str, ...]:
    """Options of the quick loop for the units alone; what is narrowed down runs in full."""
    if wanted != ["unit"] or any(option.startswith(_NARROWED) for option in options):
        return ()
    return ("-m", "not slow", "--hypothesis-profile", "quick")


def prove(name: Name = "", size: Size = "small") -> None:
    """证明 · Run a proof of tests/proofs at a size."""
    for _, printed in _run_scripts("proofs", name, size):
        print(printed)


def bench(
    name: Name = "",
    size: Size = "small",
    json: Annotated[bool, typer.Option("--json", help="Print the figures as the bench does, as JSON.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Put the figures into docs/performance.md.")] = False,
) -> None:
    """测速 · Run a bench of tests/bench at a size and print its figures."""
    for one, printed in _run_scripts("bench", name, size):
        told = performance.figures(printed)
        print(printed if json or told is None else "\n".join(performance.tables(told)))
        if write:
            performance.write(ROOT / "docs/performance.md", one, size, printed)


def _run_scripts(folder: str, name: str, size: str) -> Iterator[tuple[str, str]]:
    """Name of each script of a folder that is asked for, and what it printed."""
    scripts = {found.stem.replace("_", "-"): found for found in sorted((TESTS / folder).glob("[a-z]*.py"))}
    if not name:
        Console().print("\n".join(scripts) or f"tests/{folder} is empty", highlight=False)
        return
    if name != "all" and name not in scripts:
        raise Unknown(f"there is no {name!r} in tests/{folder}; there are: {', '.join(scripts) or 'none'}")
    for one in scripts if name == "all" else (name,):
        _say(f"{folder}/{one} --size {size}")
        with tempfile.TemporaryDirectory(prefix="gridatlas-indexes-") as indexes:
            command = [sys.executable, str(scripts[one]), "--size", size]
            surroundings = os.environ | {"GRIDATLAS_INDEXES": indexes}
            done = subprocess.run(
                command, cwd=ROOT, check=False, env=surroundings, stdout=subprocess.PIPE, encoding="utf-8"
            )
        if done.returncode:
            print(done.stdout)
            raise typer.Exit(done.returncode)
        yield one, done.stdout


def doctor() -> None:
    """自检 · Say what was found on this machine and what is missing, each lack with its way out."""
    from api.doctor import checks

    console = Console()
    missing = False
    for check in checks():
        mark = "[green]✓[/]" if check.fine else "[bold red]✗[/]" if check.needed else "[yellow]–[/]"
        console.print(f"{mark} [bold]{check.name}[/]  ", end="", highlight=False)
        console.print(check.said, highlight=False, markup=False, soft_wrap=True)
        if not check.fine and check.way_out:
            console.print(f"    → {check.way_out}", highlight=False, markup=False, soft_wrap=True)
        missing = missing or (check.needed and not check.fine)
    if missing:
        raise typer.Exit(1)
