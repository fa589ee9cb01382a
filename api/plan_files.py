"""`POST /v1/plans/from-file`: a file of grids that was edited elsewhere becomes a plan, with its preview."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import shapely
import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import NOT_STORED
from api.auth import Asker
from api.deps import Store, StoreOf, Text, only_known
from api.errors import described, kind_of, message_of, problem, request_id_of
from api.filings import KIND, Filed, Filings, carried_out, listed
from api.imports import Progress
from api.plans import PlanWhole, made_told
from api.previews import PreviewTold, preview_told
from api.repeats import Key
from api.uploads import BODY, received
from geo.actors import Actor
from geo.errors import Misjudged
from geo.imports.records import INTERRUPTED, UPLOADED, Import
from geo.plain import plain_of
from geo.plans import drafts, previews
from geo.plans.consequences import consequences

ADDRESS = "/v1/plans/from-file"
router = APIRouter(tags=["plans"], dependencies=[Depends(only_known)])
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


class FilingTold(TypedDict):
    """A file that is being made a plan: how far it is, or what became of it.

    ``state`` is judging, then committed, refused, failed, withdrawn, or interrupted where the server stopped. ``plan``
    is the number of the plan, null where nothing differs from the edition in force, or there is none yet.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    id: str
    filename: str
    state: str
    progress: Progress | None
    plan: int | None
    findings: list[PlaceTold]
    problem: dict[str, Any] | None


def filings_of(request: Request) -> Filings:
    """The queue of this application."""
    found: Filings = request.app.state.filings
    return found


FilingsOf = Annotated[Filings, Depends(filings_of)]


@router.post(
    ADDRESS,
    status_code=201,
    summary="文件回交 · A plan of a file of grids that was edited elsewhere",
    response_model=FiledTold,
    responses={
        202: {"model": FilingTold, "description": "后台判读 · Judged beside the door; Location tells how far it is"},
        200: {"model": FiledTold, "description": "没有差别，或已收到过 · Nothing differs, or the same request again"},
        **described(
            "malformed", "denied", "unknown", "stale", "too-much", "refused", "broken", "misjudged", "unavailable"
        ),
    },
    openapi_extra=BODY,
)
async def from_file(
    request: Request,
    filings: FilingsOf,
    store: StoreOf,
    actor: Asker,
    name: Annotated[Text, Query(min_length=1, max_length=200, description="方案名称 · What the plan is called")],
    filename: Annotated[Text, Query(min_length=1, max_length=500, description="文件名 · its name, with its ending")],
    within: Annotated[
        Text | None, Query(max_length=40, description="范围 · Code of the area in which ground may move")
    ] = None,
    datum: Annotated[Text, Query(max_length=40, description="坐标基准 · Datum of the file")] = "wgs84",
    key: Key = None,
    prefer: Annotated[Text | None, Header(max_length=200, description="respond-async · 后台判读")] = None,
) -> Response:
    """Judged as any import: nothing is kept of a file with errors, and the problem has all `findings`, each its place.

    A file that differs in nothing from the edition in force makes no plan: 200, with `plan` and `preview` null. With
    `Prefer: respond-async` the answer is 202 as soon as the file is there, and it is judged beside the door.

    The file has columns code, name, kind and parent, as an exported edition; see docs/plans.md.
    """
    async with received(request, filings.shelf) as incoming:
        about = Filed(name=name, within=within, datum=datum, sha256=incoming.sha256)
        lane: CapacityLimiter = request.app.state.filing
        if "respond-async" not in (prefer or "").lower():
            path = await to_thread.run_sync(incoming.named, filename, limiter=lane)
            told = (about, key, path)
            return await to_thread.run_sync(_answer, request_id_of(request), store, actor, told, limiter=lane)
        record = await to_thread.run_sync(incoming.kept, KIND, filename, actor.name)
    return _later(filings, await to_thread.run_sync(filings.file, record, actor, about, key))


@router.get(
    ADDRESS + "/{number}",
    summary="回交的文件 · How far a file is, and what became of it",
    response_model=FilingTold,
    responses=described("unknown", "unavailable"),
)
def filing(filings: FilingsOf, actor: Asker, number: str) -> Response:
    """Asked again until `state` is none that goes on by itself; the plan then is at `/v1/plans/{plan}`."""
    return JSONResponse(_filing(filings, filings.shelf.get(number)), headers=NOT_STORED)


@router.delete(
    ADDRESS + "/{number}",
    summary="不要了 · Take a file back",
    response_model=FilingTold,
    responses=described("denied", "unknown", "stale", "unavailable"),
)
def take_back(filings: FilingsOf, actor: Asker, number: str) -> Response:
    """No plan is begun of it, unless it is one already."""
    return JSONResponse(_filing(filings, filings.withdraw(number)), headers=NOT_STORED)


def _later(filings: Filings, record: Import) -> Response:
    headers = {**NOT_STORED, "Location": f"{ADDRESS}/{record.id}"}
    return JSONResponse(_filing(filings, record), status_code=202, headers=headers)


def _filing(filings: Filings, record: Import) -> dict[str, Any]:
    """A file as it is now; one that was left before it was begun is as good as interrupted."""
    return {
        "id": record.id,
        "filename": record.filename,
        "state": INTERRUPTED if record.state == UPLOADED else record.state,
        "progress": filings.progress(record),
        "plan": record.committed["plan"] if record.committed else None,
        "findings": filings.findings(record),
        "problem": record.problem,
    }


def _answer(request_id: str, store: Store, actor: Actor, told: tuple[Filed, str | None, Path]) -> Response:
    try:
        return _begun(store, actor, *told)
    except Misjudged as error:
        where = None if error.where is None else shapely.geometry.mapping(error.where)
        more = {"where": where, "message": message_of(error), "findings": listed(error.findings)}
        return problem(kind_of(error), error.detail, request_id, **more)


def _begun(store: Store, actor: Actor, about: Filed, key: str | None, path: Path) -> Response:
    with store.write() as connection:
        found = carried_out(connection, actor, (about, key), path)
        number = found["plan"]
        told = _NO_PLAN if number is None else _told(connection, int(number))
    status = 200 if found["is_repeat"] or number is None else 201
    return JSONResponse({**told, "findings": found["findings"]}, status_code=status, headers=NOT_STORED)


def _told(connection: sa.Connection, number: int) -> dict[str, Any]:
    """The plan of a file with its change and its preview."""
    plan = drafts.one(connection, number)
    made = drafts.changes_of(connection, plan)
    shown = previews.preview(connection, plan)
    return {
        "plan": {**plain_of(plan), "changes": [made_told(one) for one in made]},
        "preview": preview_told(shown, consequences(connection, shown)),
    }
