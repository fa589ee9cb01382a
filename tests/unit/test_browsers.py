"""A Chromium is found, else its absence is told with every way out; one of our own gets its libraries and fonts.

The browsers are small scripts here; a real one draws the pages in ``tests/browser``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import browsers
from geo import debian
from geo.debian import MARK
from geo.errors import Unavailable
from geo.settings import settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of one's own on a machine without browser, font and apt."""
    path = tmp_path / "bin"
    path.mkdir()
    (path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GRIDATLAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GRIDATLAS_CHROMIUM", raising=False)
    monkeypatch.setattr(browsers, "MAC", "/nowhere/Chrome")
    monkeypatch.setattr(browsers, "FONTS", (str(tmp_path / "fonts"),))
    monkeypatch.setattr(debian, "TOOLS", ("no-such-apt",))
    settings.cache_clear()
    browsers.found.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()
    browsers.found.cache_clear()


def browser(file: Path, says: str = 'echo "Chromium 1"') -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{says}\n")
    file.chmod(0o755)
    return file


def font(tmp_path: Path) -> None:
    (tmp_path / "fonts/noto").mkdir(parents=True)
    (tmp_path / "fonts/noto/NotoSansCJK-Regular.ttc").touch()


def test_the_systems_browser_is_taken_as_it_is_where_a_font_is(tmp_path: Path) -> None:
    font(tmp_path)
    program = browser(tmp_path / "bin/chromium")
    assert browsers.chromium() == program


def test_a_browser_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    browser(tmp_path / "bin/chromium", "echo 'snap is missing' >&2; exit 1")
    other = browser(tmp_path / "bin/google-chrome")
    assert browsers.found() == other


def test_playwrights_newest_browser_is_found(tmp_path: Path) -> None:
    browser(tmp_path / ".cache/ms-playwright/chromium-1100/chrome-linux/chrome")
    newest = browser(tmp_path / ".cache/ms-playwright/chromium-1200/chrome-linux/chrome")
    assert browsers.found() == newest


def test_the_setting_goes_before_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser(tmp_path / "bin/chromium")
    mine = browser(tmp_path / "mine")
    monkeypatch.setenv("GRIDATLAS_CHROMIUM", str(mine))
    settings.cache_clear()
    assert browsers.found() == mine


def test_a_font_is_seen_in_the_systems_folders(tmp_path: Path) -> None:
    assert not browsers.has_chinese()
    font(tmp_path)
    assert browsers.has_chinese()


def test_a_browser_of_our_own_gets_its_libraries_and_fonts(tmp_path: Path, home: Path) -> None:
    browser(home / "chromium/usr/lib/chromium/chromium", 'echo "$LD_LIBRARY_PATH|$FONTCONFIG_FILE|$1"')
    (home / "chromium/usr/lib/x86_64-linux-gnu/pulseaudio").mkdir(parents=True)
    (home / "fonts").mkdir()
    (home / "fonts" / MARK).touch()
    wrapped = browsers.chromium()
    said = subprocess.run([str(wrapped), "一 二"], capture_output=True, text=True, check=True).stdout.strip()
    libraries, fonts, argument = said.split("|")
    assert libraries.endswith("linux-gnu/pulseaudio")
    assert str(home / "fonts") in Path(fonts).read_text()
    assert argument == "一 二"


def test_without_any_the_message_names_every_way_out() -> None:
    with pytest.raises(Unavailable, match=r"(?s)no Chromium was found.*apt-get install.*GRIDATLAS_CHROMIUM"):
        browsers.chromium()


def test_without_a_font_the_message_names_every_way_out(tmp_path: Path) -> None:
    browser(tmp_path / "bin/chromium")
    with pytest.raises(Unavailable, match=r"(?s)no font with Chinese was found.*fonts-noto-cjk"):
        browsers.chromium()
