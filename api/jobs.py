"""Imports worked on beside the doors: one at a time, in the order they were asked for."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.errors import kind_of
from geo import areas, db
from geo.actors import Actor
from geo.areas import City
from geo.errors import GeoError, Stale, Unknown
from geo.imports import KINDS
from geo.imports.kinds import Found, Kind, Work
from geo.imports.records import (
    COMMITTED,
    COMMITTING,
    FAILED,
    JUDGED,
    JUDGING,
    READ,
    READING,
    REFUSED,
    RUNNING,
    WITHDRAWN,
    Import,
    moment,
)
from geo.imports.shelves import FINDINGS, OVERLAY, PLACES, Shelf
from geo.settings import settings

TELL_S = 0.2
"""Seconds between two notes of how far a step is."""
_WAITING = {"zh": "等待", "en": "waiting"}


class _Withdrawn(Exception):
    """Whoever handed the file in took it back while it was being worked on."""


class _Ended(Exception):
    """The server stops; what was being worked on is begun anew when somebody asks for it."""


@dataclass
class Job:
    """One step of one import, asked for and not yet done."""

    record: Import
    before: Import
    run: Callable[[Job], Import]
    actor: Actor
    hold: ExitStack
    jobs: Jobs
    told_s: float = float("-inf")

    def step(self, zh: str, en: str, done: int | None, total: int | None) -> None:
        """Note how far it is; ends it when it was withdrawn meanwhile, unless it already changes the city."""
        shelf = self.jobs.shelf
        if self.record.state != COMMITTING:
            if self.jobs.is_ending:
                raise _Ended
            if shelf.is_taken_back(self.record):
                raise _Withdrawn
        if done is None or time.monotonic() - self.told_s > TELL_S:
            self.told_s = time.monotonic()
            shelf.tell(self.record, {"step": {"zh": zh, "en": en}, "done": done, "total": total})


class Jobs:
    """The queue of imports that one process was asked for, and the one thread that works through it.

    What others need to know lies on the shelf, so that any process can tell how far an import is, and take it back.
    """

    def __init__(self, shelf: Shelf, engine: sa.Engine) -> None:
        self.shelf, self._engine = shelf, engine
        self._queue: queue.Queue[Job | None] = queue.Queue()
        self.is_ending = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    # -- asked by the doors -------------------------------------------------------------------------------------------
    def progress(self, record: Import) -> dict[str, Any] | None:
        """The step it is at, rows done of their total, and how many imports are before it; None when it is idle."""
        if record.state not in RUNNING:
            return None
        told = self.shelf.told(record)
        if told is not None:
            return {**told, "ahead": 0}
        before = [one for one in self.shelf.all() if one.state in RUNNING and _asked(one) < _asked(record)]
        return {"step": _WAITING, "done": None, "total": None, "ahead": len(before)}

    def look(self, record: Import, actor: Actor) -> Import:
        """See what the file holds, in its turn."""
        return self._take(record, READING, self._look, actor)

    def judge(self, record: Import, actor: Actor) -> Import:
        """Judge the file, in its turn."""
        return self._take(record, JUDGING, self._judge, actor)

    def commit(self, record: Import, actor: Actor) -> Import:
        """Take the file in, in its turn."""
        return self._take(record, COMMITTING, self._commit, actor)

    def withdraw(self, number: str) -> Import:
        """The import without its file; one being judged stops at its next step.

        Raises
        ------
        Stale
            When it is changing the city just now.
        """
        record = self.shelf.get(number)
        if record.state == COMMITTING:
            raise Stale(f"import {number} is being taken in; wait for its end")
        if record.state in RUNNING:
            self.shelf.take_back(record)
            if self.shelf.get(number).state in RUNNING:  # else it ended without having seen it
                return record.now(WITHDRAWN)
        with self.shelf.at_work(number):
            return self._withdrawn(self.shelf.get(number))

    def _withdrawn(self, record: Import) -> Import:
        self.shelf.empty(record)
        return self.shelf.put(record if record.state == COMMITTED else record.now(WITHDRAWN))

    def _take(self, record: Import, state: str, run: Callable[[Job], Import], actor: Actor) -> Import:
        """Put a step at the end of the queue; the record says so on the disk before this returns."""
        with ExitStack() as hold, self._lock:
            now = self.shelf.get(record.id)
            if now.state in RUNNING:
                raise Stale(f"import {record.id} is {now.state}; ask again when that is done")
            hold.enter_context(self.shelf.at_work(record.id))
            self.shelf.begin(record)
            taken = self.shelf.put(record.now(state))
            self._queue.put(Job(taken, record, run, actor, hold.pop_all(), self))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="imports", daemon=True)
                self._thread.start()
        return taken

    def rest(self, seconds: float) -> None:
        """Begin nothing more; what is worked on ends at its next step, or is taken in, waited for at most so long."""
        self.is_ending = True
        with self._lock:
            working = self._thread
        if working is not None:
            self._queue.put(None)
            working.join(seconds)

    # -- the thread ---------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            with job.hold, suppress(_Ended):
                with self.shelf.turn():
                    done = self.shelf.put(self._done(job))
                if done.state == WITHDRAWN or self.shelf.is_taken_back(done):
                    self._withdrawn(done)

    def _done(self, job: Job) -> Import:
        """The import after its step, however that ended."""
        record = job.record
        try:
            job.step("准备", "preparing", None, None)
            return job.run(job)
        except _Ended:
            raise
        except _Withdrawn:
            return record.now(WITHDRAWN)
        except GeoError as error:
            return self._failed(job, kind_of(error).name, error.detail)
        except Exception as error:  # the thread serves every other import too
            structlog.get_logger().exception("import", id=record.id)
            return self._failed(job, "fault", _said(error))

    def _failed(self, job: Job, kind: str, detail: str) -> Import:
        """What could not be read or judged has failed; what could not be taken in may be tried again."""
        state = FAILED
        if job.record.state == COMMITTING:
            state = READ if kind == "stale" else job.before.state
        return job.record.now(state, problem={"type": f"/problems/{kind}", "detail": detail})

    def _city(self) -> City | None:
        with db.read(self._engine) as connection:
            try:
                return areas.city(connection)
            except Unknown:
                return None

    def _of(self, job: Job) -> tuple[Kind, Work]:
        record = job.record
        return KINDS[record.kind], Work(record, self.shelf.file(record), self._engine, job.step)

    def _look(self, job: Job) -> Import:
        kind, work = self._of(job)
        job.step("查看文件", "looking at the file", None, None)
        holds, guess = kind.look(work.path, job.record.mapping, self._city())
        return job.record.now(READ, holds=holds.document(), guess=guess, judged=None)

    def _judge(self, job: Job) -> Import:
        kind, work = self._of(job)
        found = kind.judge(work)
        self._keep(job.record, found)
        told = {
            "edition": found.edition,
            "at": moment(),
            "counts": dict(found.counts),
            "kinds": found.kinds,
            "summary": dict(found.summary),
            "refusal": found.refusal,
        }
        return job.record.now(REFUSED if found.is_refused else JUDGED, judged=told)

    def _keep(self, record: Import, found: Found) -> None:
        lines = "".join(json.dumps(dict(one), ensure_ascii=False) + "\n" for one in found.findings)
        self.shelf.write_part(record, FINDINGS, lines)
        self.shelf.write_part(record, PLACES, json.dumps(dict(found.places), ensure_ascii=False))
        self.shelf.write_part(record, OVERLAY, json.dumps(dict(found.overlay), ensure_ascii=False))

    def _commit(self, job: Job) -> Import:
        kind, work = self._of(job)
        assert job.record.judged is not None, "the door makes sure of it"
        became = kind.commit(work, job.actor, int(job.record.judged["edition"]))
        return job.record.now(COMMITTED, committed={**became, "at": moment(), "actor": job.actor.name})


def _asked(record: Import) -> tuple[str, str]:
    """What imports that wait are ordered by."""
    return record.changed_at, record.id


def _said(error: Exception) -> str:
    """What a person is told of an error that no one foresaw."""
    if isinstance(error, SQLAlchemyError):
        return "the database did not carry it out; try again"
    if isinstance(error, OSError):
        return f"the disk did not carry it out: {error.strerror}; free some space and try again"
    return "something went wrong inside; the log knows why"


def sweep(*shelves: Shelf) -> None:
    """Remove what is older than the setting allows; a full or forbidden disk is only noted."""
    try:
        for shelf in shelves:
            shelf.sweep(settings().import_days)
    except OSError as error:
        structlog.get_logger().warning("imports not swept", error=str(error))
