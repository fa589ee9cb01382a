"""`POST /v1/plans/from-file`: a file of grids that was edited elsewhere becomes a plan, with its preview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import shapely
import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from shapely.geometry.base import BaseGeometry
from typing_extensions import TypedDict

from api.answers import NOT_STORED
from api.auth import Asker
from api.deps import Store, StoreOf, Text, only_known
from api.errors import described, kind_of, problem, request_id_of
from api.imports import JobsOf
from api.plans import PlanWhole, made_told
from api.previews import PreviewTold, preview_told
from api.repeats import Key, once
from api.uploads import BODY, received
from geo.actors import Actor
from geo.errors import Misjudged
from geo.intakes import Answered
from geo.plain import plain_of
from geo.plans import drafts, previews
from geo.plans.consequences import consequences

ADDRESS = "/v1/plans/from-file"
router = APIRouter(tags=["plans"], dependencies=[Depends(only_known)])
_MOST_LISTED = 1_000
_MOST_POINTS = 500
_NO_PLAN: dict[str, Any] = {"plan": None, "preview": None}


class PlaceTold(TypedDict):
    """What was found in the file, and where: ``lon`` and ``lat`` to look at, ``where`` the ground, degrees WGS 84."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    kind: str
    severity: str
    file: str
    level: str
    rows: list[int]
    codes: list[str]
    lon: float | None
    lat: float | None
    area_m2: float | None
    message: dict[str, str]
    where: dict[str, Any] | None


class FiledTold(TypedDict):
    """The plan of a file and its preview; both null where nothing differs from the edition in force."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    plan: PlanWhole | None
    findings: list[PlaceTold]
    preview: PreviewTold | None


class _Filed(BaseModel):
    """What a file was handed in as."""

    name: str
    within: str | None
    datum: str
    sha256: str


@router.post(
    ADDRESS,
    status_code=201,
    summary="文件回交 · A plan of a file of grids that was edited elsewhere",
    response_model=FiledTold,
    responses={
        200: {"model": FiledTold, "description": "没有差别，或已收到过 · Nothing differs, or the same request again"},
        **described(
            "malformed", "denied", "unknown", "stale", "too-much", "refused", "broken", "misjudged", "unavailable"
        ),
    },
    openapi_extra=BODY,
)
async def from_file(
    request: Request,
    jobs: JobsOf,
    store: StoreOf,
    actor: Asker,
    name: Annotated[Text, Query(min_length=1, max_length=200, description="方案名称 · What the plan is called")],
    filename: Annotated[Text, Query(min_length=1, max_length=500, description="文件名 · its name, with its ending")],
    within: Annotated[
        Text | None, Query(max_length=40, description="范围 · Code of the area in which ground may move")
    ] = None,
    datum: Annotated[Text, Query(max_length=40, description="坐标基准 · Datum of the file")] = "wgs84",
    key: Key = None,
) -> Response:
    """Judged as any import: nothing is kept of a file with errors, and the problem has all `findings`, each its place.

    A file that differs in nothing from the edition in force makes no plan: 200, with `plan` and `preview` null.

    The file has columns code, name, kind and parent, as an exported edition; see docs/plans.md.
    """
    async with received(request, jobs.shelf) as incoming:
        about = _Filed(name=name, within=within, datum=datum, sha256=incoming.sha256)
        lane: CapacityLimiter = request.app.state.filing
        path = await to_thread.run_sync(incoming.named, filename, limiter=lane)
        return await to_thread.run_sync(_answer, request_id_of(request), store, actor, (about, key, path), limiter=lane)


def _answer(request_id: str, store: Store, actor: Actor, told: tuple[_Filed, str | None, Path]) -> Response:
    try:
        return _begun(store, actor, *told)
    except Misjudged as error:
        listed = [_place(one.document(), one.where) for one in error.findings[:_MOST_LISTED]]
        where = None if error.where is None else shapely.geometry.mapping(error.where)
        return problem(kind_of(error), error.detail, request_id, where=where, findings=listed)


def _begun(store: Store, actor: Actor, about: _Filed, key: str | None, path: Path) -> Response:
    from geo.plans import filed  # its imports take a second, which no other door should wait for

    with store.write() as connection:

        def carry_out() -> Answered:
            begun = filed.begin(connection, actor, about.name, path, (about.within, about.datum))
            listed = [_place(one.document(), one.where) for one in begun.findings[:_MOST_LISTED]]
            return Answered({"plan": begun.plan and begun.plan.id, "findings": listed}, is_repeat=False)

        found = once(connection, key, about, carry_out)
        number = found.answer["plan"]
        told = _NO_PLAN if number is None else _told(connection, int(number))
    status = 200 if found.is_repeat or number is None else 201
    return JSONResponse({**told, "findings": found.answer["findings"]}, status_code=status, headers=NOT_STORED)


def _told(connection: sa.Connection, number: int) -> dict[str, Any]:
    """The plan of a file with its change, and its preview."""
    plan = drafts.one(connection, number)
    made = drafts.changes_of(connection, plan)
    shown = previews.preview(connection, plan)
    return {
        "plan": {**plain_of(plan), "changes": [made_told(one) for one in made]},
        "preview": preview_told(shown, consequences(connection, shown)),
    }


def _place(told: dict[str, Any], where: BaseGeometry | None) -> dict[str, Any]:
    """A finding with its ground, of which a box is told where it has too many points to be drawn at once."""
    if where is None or where.is_empty:
        return {**told, "where": None}
    drawn = where if shapely.get_num_coordinates(where) <= _MOST_POINTS else shapely.envelope(where)
    return {**told, "where": json.loads(shapely.to_geojson(drawn))}
