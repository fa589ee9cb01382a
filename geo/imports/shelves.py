"""Where files that were handed in lie: one private folder each, with the file and its record; nothing half written."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from geo.errors import Stale, TooMuch, Unavailable, Unknown
from geo.files import sync
from geo.imports.records import RUNNING, Import, moment, read_document

RECORD, FILE, LOCK = "record.json", "file", "at-work"
PROGRESS, TAKEN_BACK, TURN = "progress.json", "taken-back", ".turn"
FINDINGS, PLACES, OVERLAY = "findings.jsonl", "findings.geojson", "overlay.geojson"

_ID = re.compile(r"[0-9a-f]{16}")
_INCOMING = ".incoming-"
_LONGEST_NAME = 120  # bytes of UTF-8; file systems take 255
_PATIENCE_S = 2.0
_FREE_BYTES = 200_000_000  # left on the disk for everybody else


class Incoming:
    """A file that is being received. It is nobody's until :meth:`kept`, and leaves nothing when that is not reached."""

    def __init__(self, shelf: Shelf, most_bytes: int) -> None:
        self.id = secrets.token_hex(8)
        self.size = 0
        self._shelf, self._most = shelf, most_bytes
        self._digest = hashlib.sha256()
        self._folder = shelf.folder / f"{_INCOMING}{self.id}"
        (self._folder / FILE).mkdir(parents=True)
        self._lock = (self._folder / LOCK).open("ab")
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # a folder of nobody's is swept away by others
        self._file: IO[bytes] = (self._folder / FILE / "incoming").open("wb")

    def write(self, chunk: bytes) -> None:
        """Append to the file.

        Raises
        ------
        TooMuch
            When it grows beyond what may be handed in.
        Unavailable
            When the disk is full.
        """
        self.size += len(chunk)
        if self.size > self._most:
            raise too_large(f"{self.size:,} or more bytes", self._most)
        self._digest.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise Unavailable(
                f"the file cannot be kept: {error.strerror}; free some space", retry_after_s=60
            ) from error

    @property
    def sha256(self) -> str:
        """Of what was written so far."""
        return self._digest.hexdigest()

    def named(self, filename: str) -> Path:
        """The whole file on the disk, under a safe name; nothing more is written then."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return (self._folder / FILE / "incoming").rename(self._folder / FILE / safe_name(filename))

    def kept(self, kind: str, filename: str, actor: str) -> Import:
        """The import it became: file and record are on the disk, and survive a power cut, before this returns."""
        name, at = self.named(filename).name, moment()
        made = Import(self.id, kind, name, self.size, self.sha256, actor, at, at)
        _write(self._folder / RECORD, json.dumps(made.document(), ensure_ascii=False))
        self._folder.rename(self._shelf.folder / self.id)
        sync(self._shelf.folder)
        return made

    def close(self) -> None:
        """Release it; whatever was not kept is removed."""
        self._file.close()
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Shelf:
    """The imports of one city, by id.

    Parameters
    ----------
    folder
        Made when first needed, readable by its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def receiving(self, most_bytes: int, declared: int | None = None) -> Iterator[Incoming]:
        """A file to be written; unless it is kept inside the block nothing of it remains.

        Raises
        ------
        TooMuch
            When the ``declared`` size is beyond ``most_bytes``.
        Unavailable
            When the disk has no room for it.
        """
        if declared is not None and declared > most_bytes:
            raise too_large(f"{declared:,} bytes", most_bytes)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        free = shutil.disk_usage(self.folder).free
        if free < (declared or 0) + _FREE_BYTES:
            raise Unavailable(f"the disk has {free // 10**6:,} MB left, too little; free some space", retry_after_s=60)
        incoming = Incoming(self, most_bytes)
        try:
            yield incoming
        finally:
            incoming.close()

    def get(self, number: str) -> Import:
        """The import of that id; one that was being worked on by a process that is gone is ``interrupted``.

        Raises
        ------
        Unknown
            When there is none.
        """
        found = self._read(number)
        if found.state not in RUNNING or not _is_free(self.folder / number):
            return found
        return self._read(number).left()  # read again: it may have come to its end between the two looks

    def _read(self, number: str) -> Import:
        if _ID.fullmatch(number):
            with suppress(FileNotFoundError):
                return read_document(json.loads((self.folder / number / RECORD).read_text(encoding="utf-8")))
        raise Unknown(f"no import {number[:40]!r}; it may have been removed after GRIDATLAS_IMPORT_DAYS")

    def put(self, record: Import) -> Import:
        """Write a record, whole or not at all; answers it. Raises Unknown when the import is gone."""
        if not (self.folder / record.id).is_dir():
            raise Unknown(f"no import {record.id!r}; it has been removed")
        _write(self.folder / record.id / RECORD, json.dumps(record.document(), ensure_ascii=False))
        return record

    def all(self) -> list[Import]:
        """Every import, the newest first."""
        found = []
        for folder in self.folder.glob("*"):
            if _ID.fullmatch(folder.name):
                with suppress(Unknown):
                    found.append(self.get(folder.name))
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)

    def file(self, record: Import) -> Path:
        """Where its file lies. Raises Unknown when it has been removed."""
        path = self.folder / record.id / FILE / record.filename
        if not path.is_file():
            raise Unknown(f"the file of import {record.id} has been removed; hand it in again")
        return path

    def part(self, record: Import, name: str) -> Path:
        """Where something found in it lies, or will; ``name`` is ``FINDINGS``, ``PLACES`` or ``OVERLAY``."""
        return self.folder / record.id / name

    def write_part(self, record: Import, name: str, text: str) -> None:
        """Write something found in it, whole or not at all."""
        _write(self.part(record, name), text)

    @contextmanager
    def at_work(self, number: str) -> Iterator[None]:
        """The right to work on an import; other processes see by it that somebody does.

        Raises
        ------
        Stale
            When another has it.
        """
        until = time.monotonic() + _PATIENCE_S  # whoever asks whether it is free holds it for a moment
        while (lock := _locked(self.folder / number)) is None:
            if time.monotonic() > until:
                raise Stale(f"import {number} is being worked on; ask again when that is done")
            time.sleep(0.02)
        with lock:
            yield

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The right to be the one import that is worked on; waits for it."""
        with (self.folder / TURN).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def begin(self, record: Import) -> None:
        """Forget what was said of the step before."""
        for name in (PROGRESS, TAKEN_BACK):
            self.part(record, name).unlink(missing_ok=True)

    def tell(self, record: Import, progress: Mapping[str, Any]) -> None:
        """Note how far it is, for any process that asks."""
        new = self.part(record, f".{PROGRESS}")
        new.write_text(json.dumps(progress, ensure_ascii=False), encoding="utf-8")
        new.replace(self.part(record, PROGRESS))

    def told(self, record: Import) -> dict[str, Any] | None:
        """How far it is; None when nothing was noted since its step was asked for."""
        with suppress(FileNotFoundError):
            found: dict[str, Any] = json.loads(self.part(record, PROGRESS).read_text(encoding="utf-8"))
            return found
        return None

    def take_back(self, record: Import) -> None:
        """Have whoever works on it end at the next step."""
        self.part(record, TAKEN_BACK).touch()

    def is_taken_back(self, record: Import) -> bool:
        """Whether somebody took it back since its step was asked for."""
        return self.part(record, TAKEN_BACK).exists()

    def empty(self, record: Import) -> None:
        """Remove its file and all that was found in it; the record stays."""
        for path in (FILE, FINDINGS, PLACES, OVERLAY):
            shutil.rmtree(self.folder / record.id / path, ignore_errors=True)
            with suppress(OSError):
                (self.folder / record.id / path).unlink()

    def remove(self, record: Import) -> None:
        """Remove it with its record."""
        shutil.rmtree(self.folder / record.id, ignore_errors=True)

    def sweep(self, days: float) -> int:
        """Number of imports removed: those nobody touched for so many days, and what cut uploads left behind."""
        removed = 0
        for folder in self.folder.glob(f"{_INCOMING}*"):
            if _is_free(folder):
                shutil.rmtree(folder, ignore_errors=True)
        oldest = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
        for one in self.all():
            if one.changed_at < oldest and one.state not in RUNNING:
                self.remove(one)
                removed += 1
        return removed


def too_large(size: str, most_bytes: int) -> TooMuch:
    """What is said of a file that is too large to be handed in."""
    mb = most_bytes // 1_000_000
    return TooMuch(f"a file of {size}; at most {mb:,} MB are taken: GRIDATLAS_MAX_IMPORT_MB={mb}")


def safe_name(filename: str) -> str:
    """The last part of a path as a name for a file: printable, no separators, not hidden, 120 bytes at most."""
    bare = re.split(r"[/\\]", filename)[-1]
    plain = "".join(one if one.isprintable() and one not in ':*?"<>|' else "_" for one in bare).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 12:
        stem, ending = plain, ""
    room = _LONGEST_NAME - len(f".{ending}".encode())
    stem = stem.encode("utf-8", "ignore")[:room].decode("utf-8", "ignore").rstrip(" .") or "file"
    return f"{stem}.{ending}" if ending else stem


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync(path.parent)


def _locked(folder: Path) -> IO[bytes] | None:
    """The lock of a folder, held until it is closed; None when another holds it."""
    file = (folder / LOCK).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _is_free(folder: Path) -> bool:
    """Whether nobody is at work there; True where there is nothing."""
    try:
        with (folder / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
