"""`/v1/editions/{n}/diff/{m}`, `/v1/differences`, `/v1/changes`: what became of areas and grids."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, NotRequired

import shapely
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import EditionNamed, edition_named
from api.deps import StoreOf, Text, only_known
from api.errors import Malformed, described
from api.plans import answered
from api.previews import CrossingTold
from api.tiles import address_of
from geo import areas, differences, rfc3339
from geo.areas import Edition
from geo.differences import Difference
from geo.plain import plain_of
from geo.plans.calendar import edition_at

router = APIRouter(prefix="/v1", tags=["areas"], dependencies=[Depends(only_known)])
_EXACT = ConfigDict(extra="forbid")
_LARGEST = 2**31 - 1
_MOST = 1000

Number = Annotated[int, Path(ge=1, le=_LARGEST, description="版次 · Number of an edition")]


class NamedTold(TypedDict):
    """An area or a grid as an edition has it; ``kind`` of a grid only, ``parent`` "" above the city."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    name: str
    kind: str | None
    parent: str


class ChangedTold(TypedDict):
    """A code that differs; ``before`` is null for one that appears, ``after`` for one that retires."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    code: str
    level: int
    before: NamedTold | None
    after: NamedTold | None
    moved: bool


class DiffTold(TypedDict):
    """How a later edition differs from an older one, or the other way round."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    since: int
    until: int
    noded: int
    changed: list[ChangedTold]
    crossings: list[CrossingTold]
    ground: NotRequired[dict[str, Any]]


class SideTold(EditionNamed):
    """One of two divisions, and where its ground is drawn from, with layer, z, x and y to be put in."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    tiles: str


class DifferenceTold(TypedDict):
    """How the division of ``until`` differs from that of ``since``, whichever is the later."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    since: SideTold
    until: SideTold
    noded: int
    changed: list[ChangedTold]
    crossings: list[CrossingTold]
    ground: NotRequired[dict[str, Any]]


class EditionChanges(TypedDict):
    """What one edition changed of the one before it."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    edition: int
    effective_at: str
    published_at: str
    published_by: str
    summary: str
    changed: list[ChangedTold]
    crossings: list[CrossingTold]


class Changes(TypedDict):
    """Editions after ``since`` in their order; ``next`` is what to ask with the next time."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    since: int
    next: int
    is_all: bool
    editions: list[EditionChanges]


@router.get(
    "/editions/{since}/diff/{until}",
    summary="两版之差 · How two editions differ",
    response_model=DiffTold,
    responses=described("malformed", "unknown", "unavailable"),
)
def diff(
    store: StoreOf,
    since: Number,
    until: Number,
    ground: Annotated[bool, Query(description="带上易手的地面 · With the ground that changed hands, GeoJSON")] = False,
) -> Response:
    """Areas and grids that differ in more than vertices, and where the ground of the old codes lies in the other."""
    with store.read() as connection:
        both = areas.numbered(connection, since), areas.numbered(connection, until)
        found = differences.between(connection, *both)
    told = {"since": since, "until": until, "noded": found.noded, **_told(found)}
    if ground:
        told["ground"] = _ground(found)
    return answered(told)


_SIDE = "版次或时刻 · An edition as e3, or a time: RFC 3339 or a date; a time to come is a forecast"
Side = Annotated[Text, Query(description=_SIDE, examples=["e1", "2027-01-01"])]
_EDITION = re.compile(r"e(\d{1,9})")


@router.get(
    "/differences",
    summary="两个时刻之差 · How the divisions of any two editions or times differ",
    response_model=DifferenceTold,
    responses=described("malformed", "unknown", "unavailable"),
)
def difference(
    store: StoreOf,
    since: Annotated[Side, Query(alias="from")],
    until: Annotated[Side, Query(alias="to")],
    ground: Annotated[bool, Query(description="带上易手的地面 · With the ground that changed hands, GeoJSON")] = False,
) -> Response:
    """Areas and grids that differ in more than vertices, and where the ground of the old codes lies in the other."""
    with store.read() as connection:
        zone = areas.city(connection).time_zone
        both = [_side(connection, name, zone, which) for name, which in ((since, "from"), (until, "to"))]
        found = differences.between(connection, both[0][0], both[1][0])
    told = {"since": _named(*both[0]), "until": _named(*both[1]), "noded": found.noded, **_told(found)}
    if ground:
        told["ground"] = _ground(found)
    return answered(told)


def _side(connection: sa.Connection, name: str, zone: str, parameter: str) -> tuple[Edition, datetime | None]:
    """The edition that is named, or that of a time with what is scheduled until then."""
    if numbered := _EDITION.fullmatch(name):
        return areas.numbered(connection, int(numbered[1])), None
    instant = rfc3339.read(name, zone)
    if instant is None:
        raise Malformed(parameter, name, f"must be an edition as e3, or {rfc3339.RIGHT.removeprefix('must be ')}")
    return edition_at(connection, instant), instant


def _named(edition: Edition, instant: datetime | None) -> dict[str, Any]:
    return {**edition_named(edition, instant), "tiles": address_of(edition, instant)}


@router.get(
    "/changes",
    summary="变更流 · What changed after an edition, for other systems",
    response_model=Changes,
    responses=described("malformed", "unknown", "unavailable"),
)
def changes(
    store: StoreOf,
    since: Annotated[int, Query(ge=1, le=_LARGEST, description="已知版次 · The edition that the asker knows")],
    limit: Annotated[
        int, Query(ge=1, description=f"最多几版 · At most so many editions; above {_MOST} is {_MOST}")
    ] = 100,
) -> Response:
    """One entry for each edition, each against the one before. ``next`` is the number to ask with afterwards."""
    with store.read() as connection:
        known = areas.numbered(connection, since)
        later = sorted(
            (one for one in areas.all_editions(connection) if one.number > since), key=lambda one: one.number
        )
        page = later[: min(limit, _MOST)]
        told = []
        for before, after in zip([known, *page], page, strict=False):
            entry = {
                "edition": after.number,
                "effective_at": after.effective_at.isoformat(),
                "published_at": after.published_at.isoformat(),
                "published_by": after.published_by,
                "summary": after.summary,
            }
            told.append({**entry, **_told(differences.between(connection, before, after))})
    following = page[-1].number if page else since
    return answered({"since": since, "next": following, "is_all": len(page) == len(later), "editions": told})


def _told(found: Difference) -> dict[str, Any]:
    return {
        "changed": [plain_of(one) for one in found.changed()],
        "crossings": [plain_of(one) for one in found.crosswalk()],
    }


def _ground(found: Difference) -> dict[str, Any]:
    features = [
        {"type": "Feature", "geometry": shapely.geometry.mapping(ground), "properties": plain_of(crossing)}
        for crossing, ground in found.moved()
    ]
    return {"type": "FeatureCollection", "features": features}
