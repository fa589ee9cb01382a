"""What is known of a file that was handed in: whose it is, how far it has come, what was found, what became of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from geo.errors import Stale

UPLOADED = "uploaded"
READING, JUDGING, COMMITTING = "reading", "judging", "committing"
READ, JUDGED, REFUSED, COMMITTED = "read", "judged", "refused", "committed"
FAILED, INTERRUPTED, WITHDRAWN = "failed", "interrupted", "withdrawn"

RUNNING = (READING, JUDGING, COMMITTING)
"""States in which somebody is at work, or next in the queue."""

OVER = (COMMITTED, WITHDRAWN)
"""States that nothing leads out of."""

STATES = (UPLOADED, *RUNNING, READ, JUDGED, REFUSED, *OVER, FAILED, INTERRUPTED)


@dataclass(frozen=True)
class Import:
    """One file on its way in. It lies as JSON beside the file; every change writes it anew.

    Parameters
    ----------
    id
        Sixteen hexadecimal digits, drawn at random.
    kind
        What it holds: ``boundaries``, ``incidents`` …
    filename
        Its own name, without folders and made safe to be a file's name.
    actor
        Who handed it in.
    state
        One of :data:`STATES`.
    holds
        What was seen in it (``holdings.Holdings`` as JSON); None until it was looked at.
    guess
        Field → ``{"value", "why"}``: what its columns seem to be; never a datum.
    mapping
        What the person declared; empty until then.
    judged
        What judging found: ``edition`` in force then, ``counts``, ``kinds``, ``summary``; None until then.
    committed
        What it became; None until then.
    problem
        Why the last step failed: ``type`` and ``detail``.
    commit_key
        The Idempotency-Key it was taken in under.
    """

    id: str
    kind: str
    filename: str
    bytes: int
    sha256: str
    actor: str
    created_at: str
    changed_at: str
    state: str = UPLOADED
    holds: Mapping[str, Any] | None = None
    guess: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    mapping: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    judged: Mapping[str, Any] | None = None
    committed: Mapping[str, Any] | None = None
    problem: Mapping[str, Any] | None = None
    commit_key: str | None = None

    def document(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}

    def now(self, state: str, **changes: Any) -> Import:
        """The same import in another state; what went wrong before is forgotten unless it is said again."""
        return dataclasses.replace(self, **{"problem": None, **changes}, state=state, changed_at=moment())

    def left(self) -> Import:
        """The same import when whoever was at work on it is gone: a look is begun anew, all else ``interrupted``."""
        if self.state not in RUNNING:
            return self
        return self.now(UPLOADED if self.state == READING else INTERRUPTED)

    def idle(self) -> Import:
        """Itself, when nobody is at work on it and its file is there.

        Raises
        ------
        Stale
            Otherwise; the message says what to wait for.
        """
        if self.state in RUNNING:
            raise Stale(f"import {self.id} is {self.state}; ask again when that is done")
        if self.state in OVER:
            raise Stale(f"import {self.id} is {self.state}, and its end; hand the file in again")
        return self


def read_document(document: Mapping[str, Any]) -> Import:
    """An import from its JSON; members of a later version are left out."""
    known = {one.name for one in dataclasses.fields(Import)}
    return Import(**{name: value for name, value in document.items() if name in known})


def moment() -> str:
    """Now, as RFC 3339 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
