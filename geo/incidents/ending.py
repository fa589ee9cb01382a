"""When an incident has ended: a stage says so, or the word that was reported as its state."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from geo.entities import ENTITIES
from geo.entities.lists import lists
from geo.tables import incidents

ENDS = ("resolved", "inspected", "fed_back", "done")
"""Stages after which an incident is not open any more."""
_CLOSED = ("closed", "completed", "办结", "已办结", "结案", "已结案", "完成", "已完成")
_STAGES = ENTITIES["incident_stages"].table


def is_ended(of: sa.FromClause = incidents) -> sa.ColumnElement[bool]:
    """Condition on rows ``of`` incidents: a stage ended it or says it is final, or its status is the word for that."""
    stage = _STAGES.c
    told = sa.exists().where(
        stage.incident_id == of.c.id, sa.or_(stage.stage.in_(ENDS), sa.func.coalesce(stage.is_final, sa.false()))
    )
    return sa.or_(sa.func.lower(of.c.status).in_(_words()), told)


@cache
def _words() -> list[str]:
    """What files write as a state that ends, in lower case."""
    known = [word for key, word in lists()["stages"].items() if key in ENDS]
    said = {one.lower() for word in known for one in (word.key, word.zh, word.en, *word.also)}
    return sorted(said | set(_CLOSED))
