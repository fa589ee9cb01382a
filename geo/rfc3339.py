"""One instant as RFC 3339 writes it, or a day."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

RIGHT = "must be an RFC 3339 instant as 2025-06-01T08:00:00+08:00, or a date as 2025-06-01 (its start in the city)"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+ -]\d\d:\d\d)")


def read(text: str, time_zone: str) -> datetime | None:
    """The aware instant ``text`` names; None where it is neither instant nor date, or no such day or time exists.

    A bare date starts in ``time_zone``. A space in the place of ``+`` is read as ``+``, since that is what an
    unescaped plus sign in a query becomes.

    References
    ----------
    RFC 3339, Date and Time on the Internet: Timestamps (2002), section 5.6.
    """
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(time_zone))
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(re.sub(r" (\d\d:\d\d)$", r"+\1", text).upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return None
