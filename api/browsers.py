"""A Chromium that draws Chinese, for the browser tests and the screenshots: found, else installed, else unpacked."""

from __future__ import annotations

import shutil
from pathlib import Path

from geo.errors import Unavailable
from geo.settings import settings

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def chromium() -> Path:
    """Program file of a Chromium.

    Raises
    ------
    Unavailable
        When none can be had; the message names every way out.
    """
    if named := settings().chromium:
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise Unavailable("no Chromium was found; install it, or set GRIDATLAS_CHROMIUM to its program file")
