"""Files that are written: under their name only when they are whole."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import Refused

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def renamed(target: Path, *, synced: bool = False) -> Iterator[Path]:
    """A name beside ``target`` that becomes it when the block ends, and vanishes when it raises.

    An older file stays under its name until then, and is replaced. With ``synced`` both the file and its name are on
    the disk when the block has ended.

    Raises
    ------
    Refused
        When the folder is not there or cannot be written to, ``target`` is a folder itself, or there is no room for it.
    """
    if target.is_dir():
        raise Refused(f"{target} is a folder; name the file to write, as {target / 'coverage.html'}")
    try:
        folder = tempfile.TemporaryDirectory(prefix=".gridatlas-", dir=target.parent)
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror} ({target.parent})") from error
    with folder, _room_for(target):
        unfinished = Path(folder.name) / target.name
        yield unfinished
        if synced:
            sync(unfinished)
        os.replace(unfinished, target)
        if synced:
            sync(target.parent)


@contextmanager
def _room_for(target: Path) -> Iterator[None]:
    """Raises Refused where there is no room for a file."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        why = f"{os.strerror(error.errno)} ({target.parent}); make room, or name another folder"
        raise Refused(f"{target} cannot be written: {why}") from error


def sync(path: Path) -> None:
    """What a file holds, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
