"""Files of boundaries carried out: what publishing them would do, and the plan and the edition they become."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from geo.arrays import Codes
from geo.boundaries.importing import Prepared
from geo.editions import Request
from geo.errors import Refused
from geo.plans import redivisions
from geo.plans.calendar import is_to_come
from geo.plans.redivisions import Done, Judged


@dataclass(frozen=True)
class Preview:
    """What publishing would do; ``is_same`` means nothing. ``hour`` is the one to come it would be scheduled for."""

    base: int
    changed: int
    noded: int
    appeared: Codes
    retired: Codes
    is_same: bool = field(default=False)
    hour: datetime | None = None


def preview(connection: sa.Connection, prepared: Prepared, request: Request) -> Preview:
    """What publishing would change, over the edition in force or over nothing; it refuses what publishing would.

    Raises
    ------
    Stale, Refused, Broken, Unknown
        As :func:`geo.plans.redivisions.publish`.
    """
    weighed = redivisions.preview(connection, _judged(prepared), _asked(prepared, request))
    difference = weighed.difference
    return Preview(
        base=weighed.number,
        changed=difference.changed_count,
        noded=int(difference.noded.sum()),
        appeared=weighed.whole.leaf_codes[difference.appeared],
        retired=weighed.base.leaf_codes[difference.retired],
        is_same=difference.same,
        hour=request.effective_at if is_to_come(request.effective_at) else None,
    )


def publish(connection: sa.Connection, prepared: Prepared, request: Request) -> Done:
    """The plan and the edition it became. The caller's transaction keeps or undoes it.

    Raises
    ------
    Refused
        When it has findings that are errors.
    Stale, Refused, Broken, Unknown
        As :func:`geo.plans.redivisions.publish`.
    """
    if prepared.is_refused:
        errors = sum(one.severity == "error" for one in prepared.findings)
        raise Refused(f"{errors} findings are errors; nothing is published until the files are corrected")
    return redivisions.publish(connection, _judged(prepared), _asked(prepared, request))


def _judged(prepared: Prepared) -> Judged:
    standing = prepared.standing
    edition, base = (standing.edition, standing.division) if standing else (None, None)
    return Judged(prepared.judgement.division, prepared.city, edition, base)


def _asked(prepared: Prepared, request: Request) -> Request:
    return replace(request, origin=prepared.origin, within=prepared.within)
