"""Files of grids that were edited elsewhere, worked on beside the doors: each becomes a plan, or is told why not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import shapely
import sqlalchemy as sa
from pydantic import BaseModel
from shapely.geometry.base import BaseGeometry

from api.errors import kind_of, message_of
from api.jobs import Job, Jobs
from api.repeats import once
from geo import db
from geo.actors import Actor
from geo.errors import GeoError, Misjudged
from geo.imports.kinds import told_by
from geo.imports.records import COMMITTED, JUDGING, REFUSED, UPLOADED, Import, moment
from geo.imports.shelves import FINDINGS
from geo.intakes import Answered

KIND = "plan"
_MOST_LISTED = 1_000
_MOST_POINTS = 500


class Filed(BaseModel):
    """What a file was handed in as."""

    name: str
    within: str | None
    datum: str
    sha256: str


class Filings(Jobs):
    """The queue of files that become plans; a plan is there when its file is ``committed``."""

    def file(self, record: Import, actor: Actor, about: Filed, key: str | None) -> Import:
        """Make a plan of the file, in its turn; under ``key`` a repeat makes no second one."""
        told = record.now(UPLOADED, mapping=about.model_dump(mode="json"), commit_key=key)
        return self._take(told, JUDGING, self._file, actor)

    def findings(self, record: Import) -> list[dict[str, Any]]:
        """What was found in the file, the worst first; nothing until it was judged."""
        path = self.shelf.part(record, FINDINGS)
        told: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return told

    def _file(self, job: Job) -> Import:
        record = job.record
        asked = (Filed(**record.mapping), record.commit_key)
        try:
            with db.write(self._engine) as connection:
                answer = carried_out(connection, job.actor, asked, self.shelf.file(record), told_by(job.step))
                job.step("存下", "keeping", None, None)  # the last moment to take it back
        except GeoError as error:
            self._found(record, listed(error.findings if isinstance(error, Misjudged) else ()))
            problem = {"type": f"/problems/{kind_of(error).name}", "detail": error.detail, "where": drawn(error.where)}
            return record.now(REFUSED, problem={**problem, "message": message_of(error)})
        self._found(record, answer["findings"])
        return record.now(COMMITTED, committed={"plan": answer["plan"], "at": moment(), "actor": job.actor.name})

    def _found(self, record: Import, findings: list[dict[str, Any]]) -> None:
        self.shelf.write_part(record, FINDINGS, json.dumps(findings, ensure_ascii=False))


def carried_out(
    connection: sa.Connection,
    actor: Actor,
    asked: tuple[Filed, str | None],
    path: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Number of the plan that a file became, None where nothing differs, and what was found; once under a key."""
    from geo.plans import filed  # its imports take a second, which no other door should wait for

    about, key = asked

    def carry_out() -> Answered:
        begun = filed.begin(connection, actor, about.name, path, (about.within, about.datum), progress)
        return Answered({"plan": begun.plan and begun.plan.id, "findings": listed(begun.findings)}, is_repeat=False)

    found = once(connection, key, about, carry_out)
    return {**found.answer, "is_repeat": found.is_repeat}


def listed(findings: Sequence[Any]) -> list[dict[str, Any]]:
    """The worst findings, each with its ground."""
    return [{**one.document(), "where": drawn(one.where)} for one in findings[:_MOST_LISTED]]


def drawn(where: BaseGeometry | None) -> dict[str, Any] | None:
    """Ground as GeoJSON, of which a box is told where it has too many points to be drawn at once."""
    if where is None or where.is_empty:
        return None
    few = where if shapely.get_num_coordinates(where) <= _MOST_POINTS else shapely.envelope(where)
    told: dict[str, Any] = json.loads(shapely.to_geojson(few))
    return told
