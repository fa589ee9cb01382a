"""A Chromium that draws Chinese for tests and screenshots: found, else installed, else unpacked without root."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

from geo import debian
from geo.debian import MARK, Progress, libraries
from geo.errors import Unavailable
from geo.settings import settings

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ELSEWHERE = (
    ".cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "Library/Caches/ms-playwright/chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
)
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts")
CHINESE = ("*CJK*", "PingFang*", "wqy-*")
FONT_PACKAGE = "fonts-noto-cjk"
WAYS_OUT = """Ways out:
  Debian:          sudo apt-get install -y --no-install-recommends chromium fonts-noto-cjk
  macOS, others:   install Chrome or Chromium
  other place:     export GRIDATLAS_CHROMIUM=/path/to/chromium"""
FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>/usr/share/fonts</dir>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


def chromium(progress: Progress | None = None) -> Path:
    """Program file of a Chromium that draws Chinese, installed or unpacked when there is none.

    Raises
    ------
    Unavailable
        When none can be had; the message names every way out.
    """
    program = found() or _install(progress) or _unpack(progress)
    if not has_chinese():
        _fetch_font(progress)
    return _wrapped(program)


@cache
def found() -> Path | None:
    """Program file of a Chromium that runs: the setting's, the system's, Playwright's, our own; None without one.

    Raises
    ------
    Unavailable
        When ``GRIDATLAS_CHROMIUM`` names a program that does not run.
    """
    if named := settings().chromium:
        if _runs(named):
            return named
        raise Unavailable(f"GRIDATLAS_CHROMIUM={named} does not run; it must be the program file of a Chromium")
    system = [Path(at) for name in NAMES if (at := shutil.which(name))]
    others = [at for pattern in ELSEWHERE for at in sorted(Path.home().glob(pattern), reverse=True)]
    return next((at for at in [*system, Path(MAC), *others, _own_program()] if _runs(at)), None)


def has_chinese() -> bool:
    """True when a font with Chinese characters is there, the system's or our own."""
    if (_own_fonts() / MARK).exists():
        return True
    if lister := shutil.which("fc-list"):
        asked = subprocess.run([lister, ":lang=zh-cn"], capture_output=True, text=True, check=False)
        return bool(asked.stdout.strip())
    return any(file for folder in FONTS for name in CHINESE for file in Path(folder).rglob(name))


def _own_prefix() -> Path:
    return settings().home / "chromium"


def _own_program() -> Path:
    return _own_prefix() / "usr/lib/chromium/chromium"


def _own_fonts() -> Path:
    return settings().home / "fonts"


def _environment(program: Path) -> dict[str, str]:
    """What a Chromium needs beside the caller's environment; empty for one of the system with the system's fonts."""
    needs = {}
    if _own_prefix() in program.parents:
        needs["LD_LIBRARY_PATH"] = ":".join(map(str, libraries(_own_prefix())))
    if needs or (_own_fonts() / MARK).exists():
        needs["FONTCONFIG_FILE"] = str(settings().home / "browser/fonts.conf")
    return needs


def _runs(program: Path) -> bool:
    return os.access(program, os.X_OK) and not _complaint(program)


def _complaint(program: Path) -> str:
    """What a browser says when it does not run; empty when it does."""
    command, environment = [str(program), "--version"], os.environ | _environment(program)
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (asked.returncode and (asked.stderr.strip() or f"exit code {asked.returncode}")) or ""


def _apt_install(*packages: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", "--no-install-recommends", *packages)):
        done = subprocess.run(["apt-get", "-q", *command], capture_output=True, check=False, env=environment)
    return done.returncode == 0


def _install(progress: Progress | None) -> Path | None:
    """Chromium installed by apt, for root on Debian; None where that cannot be."""
    if os.geteuid() != 0 or not debian.is_here():
        return None
    if progress:
        progress(f"installing chromium and {FONT_PACKAGE} with apt-get")
    found.cache_clear()
    return found() if _apt_install("chromium", FONT_PACKAGE) else None


def _unpack(progress: Progress | None) -> Path:
    def finish(folder: Path) -> None:
        if not (folder / _own_program().relative_to(_own_prefix())).exists():
            raise Unavailable("the distribution's package chromium holds no program")

    def runs() -> bool:
        return _runs(_own_program())

    try:
        debian.unpack(_own_prefix(), lambda _: debian.Wish("Chromium", ("chromium",), finish), progress, runs)
        if runs():
            found.cache_clear()
            return _own_program()
        why = f"it was unpacked into {_own_prefix()} but does not run: {_complaint(_own_program())}"
    except Unavailable as error:
        why = error.detail
    raise Unavailable(f"no Chromium was found, and fetching it failed: {why}.\n{WAYS_OUT}")


def _fetch_font(progress: Progress | None) -> None:
    if os.geteuid() == 0 and debian.is_here() and _apt_install(FONT_PACKAGE) and has_chinese():
        return
    try:
        debian.unpack(_own_fonts(), lambda _: debian.Wish("a Chinese font", (FONT_PACKAGE,), lambda _: None), progress)
    except Unavailable as error:
        why = f"no font with Chinese was found, and fetching one failed: {error.detail}"
        raise Unavailable(f"{why}.\n{WAYS_OUT}") from error


def _wrapped(program: Path) -> Path:
    """The program itself, or a script that starts it with the libraries and fonts it needs."""
    needs = _environment(program)
    if not needs:
        return program
    folder = settings().home / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fonts.conf").write_text(FONTS_CONF.format(fonts=_own_fonts(), cache=folder / "cache"))
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in needs.items())
    script = folder / "chromium"
    new = folder / f"chromium.{os.getpid()}"
    new.write_text(f'#!/bin/sh\n{exports}exec {shlex.quote(str(program))} "$@"\n')
    new.chmod(0o755)
    new.replace(script)  # a browser that is being started from the old one is not disturbed
    return script
