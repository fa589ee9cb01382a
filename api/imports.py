"""`/v1/imports`: a file handed in, looked at, judged, taken in. Each door is one step; the work is done beside them."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.answers import GEOJSON
from api.auth import Asker
from api.deps import Store, StoreOf, Text, only_known
from api.errors import Malformed, described
from api.jobs import Jobs
from api.uploads import BODY, received
from geo import areas
from geo.areas import City
from geo.boundaries.findings import SEVERITIES
from geo.errors import Stale, Unknown
from geo.imports import KINDS, kinds
from geo.imports.records import COMMITTED, COMMITTING, JUDGED, READ, UPLOADED, Import
from geo.imports.shelves import FINDINGS, OVERLAY, PLACES

ADDRESS = "/v1/imports"
router = APIRouter(prefix=ADDRESS, tags=["imports"], dependencies=[Depends(only_known)])

_MOST_LISTED = 50
_MOST_FINDINGS = 1_000


class Choice(TypedDict):
    """One thing a field may be."""

    value: str
    zh: str
    en: str


class FieldTold(TypedDict):
    """One line of the form: filled with a ``column``, a ``choice``, a ``datum``, a ``text``, or a ``flag``."""

    name: str
    role: str
    is_needed: bool
    choices: list[Choice]
    words: Words | None


class Words(TypedDict):
    """The same in both languages."""

    zh: str
    en: str


class Progress(TypedDict):
    """How far the work is; ``ahead``: imports that come first."""

    step: Words
    done: int | None
    total: int | None
    ahead: int


class ImportTold(TypedDict):
    """An import as it is now; ``docs/import-page.md`` explains the members."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    id: str
    kind: str
    filename: str
    bytes: int
    sha256: str
    actor: str
    created_at: str
    changed_at: str
    state: str
    progress: Progress | None
    fields: list[FieldTold]
    holds: dict[str, Any] | None
    guess: dict[str, Any]
    mapping: dict[str, Any]
    judged: dict[str, Any] | None
    committed: dict[str, Any] | None
    problem: dict[str, Any] | None


class ImportLine(TypedDict):
    """An import in the list."""

    id: str
    kind: str
    filename: str
    bytes: int
    actor: str
    created_at: str
    changed_at: str
    state: str
    committed: dict[str, Any] | None


class ImportsListed(TypedDict):
    """The newest imports."""

    imports: list[ImportLine]


class FindingsListed(TypedDict):
    """Some findings, in order; ``next`` leads on."""

    findings: list[dict[str, Any]]
    total: int
    next: str | None


class Mapping(BaseModel):
    """What the columns are: each of the import's ``fields`` that is declared, by name."""

    model_config = ConfigDict(extra="forbid")

    fields: Annotated[
        dict[str, str | bool | None],
        Field(description="字段 · field → column, choice, datum, text, or true", max_length=40),
    ]


def jobs_of(request: Request) -> Jobs:
    """The queue of this application."""
    found: Jobs = request.app.state.jobs
    return found


JobsOf = Annotated[Jobs, Depends(jobs_of)]


@router.get("", summary="最近的导入 · Recent imports", response_model=ImportsListed, responses=described("unavailable"))
def listed(jobs: JobsOf, asker: Asker) -> dict[str, Any]:
    """The newest fifty; what nobody touched for `GRIDATLAS_IMPORT_DAYS` has been removed."""
    newest = jobs.shelf.all()[:_MOST_LISTED]
    return {"imports": [{name: getattr(one, name) for name in ImportLine.__annotations__} for one in newest]}


@router.post(
    "",
    status_code=201,
    summary="交来文件 · Hand in a file",
    response_model=ImportTold,
    responses=described("malformed", "denied", "too-much", "unavailable"),
    openapi_extra=BODY,
)
async def hand_in(
    request: Request,
    jobs: JobsOf,
    store: StoreOf,
    asker: Asker,
    kind: Annotated[Text, Query(description="种类 · boundaries")],
    filename: Annotated[Text, Query(min_length=1, max_length=500, description="文件名 · its name, with its ending")],
) -> Response:
    """A 2xx is durable: the file lies on the disk. One that is cut off, or larger than allowed, leaves nothing."""
    if kind not in KINDS:
        raise Malformed("kind", kind, f"must be one of {', '.join(KINDS)}")
    record = await _received(request, jobs, (kind, filename, asker.name))
    record = await to_thread.run_sync(jobs.look, record, asker)
    body = await to_thread.run_sync(_told, store, jobs, record)
    return JSONResponse(body, status_code=201, headers={"Location": f"/v1/imports/{record.id}"})


async def _received(request: Request, jobs: Jobs, about: tuple[str, str, str]) -> Import:
    """The file, written as it comes in; whatever happens, none of it remains unless all of it is there."""
    async with received(request, jobs.shelf) as incoming:
        return await to_thread.run_sync(incoming.kept, *about, limiter=CapacityLimiter(1))


@router.get(
    "/{number}",
    summary="一次导入 · One import as it is now",
    response_model=ImportTold,
    responses=described("unknown", "unavailable"),
)
def one(store: StoreOf, jobs: JobsOf, asker: Asker, number: str) -> Response:
    """State, progress, what the file holds, what its columns seem to be, what was found, what it became."""
    record = jobs.shelf.get(number)
    if record.state == UPLOADED:  # whoever was to look at it is gone
        record = _again(jobs, record, asker)
    return JSONResponse(_told(store, jobs, record), headers={"Cache-Control": "no-store"})


def _again(jobs: Jobs, record: Import, asker: Asker) -> Import:
    try:
        return jobs.look(record, asker)
    except Stale:  # another request saw to it first
        return jobs.shelf.get(record.id)


@router.put(
    "/{number}/mapping",
    summary="字段对应 · Say what the columns are",
    response_model=ImportTold,
    responses=described("malformed", "denied", "unknown", "stale", "refused", "unavailable"),
)
def declare(store: StoreOf, jobs: JobsOf, asker: Asker, number: str, body: Mapping) -> dict[str, Any]:
    """What was declared before is forgotten. Another encoding or layer has the file looked at again."""
    record = jobs.shelf.get(number).idle()
    told = kinds.checked(KINDS[record.kind], body.fields, record, _city(store))
    changed = record.now(READ, mapping=told, judged=None)
    again = any(told.get(name) != record.mapping.get(name) for name in ("encoding", "layer"))
    if again or record.holds is None:
        return _told(store, jobs, jobs.look(changed, asker))
    with jobs.shelf.at_work(number):
        return _told(store, jobs, jobs.shelf.put(changed))


@router.post(
    "/{number}/judge",
    status_code=202,
    summary="判读 · Judge the file; nothing is stored",
    response_model=ImportTold,
    responses=described("denied", "unknown", "stale", "refused", "unavailable"),
)
def judge(store: StoreOf, jobs: JobsOf, asker: Asker, number: str) -> dict[str, Any]:
    """The same run as the command line's without `--commit`, in its turn; ask for the import to see how far it is."""
    record = jobs.shelf.get(number).idle()
    kinds.complete(KINDS[record.kind], record, _city(store))
    jobs.shelf.file(record)
    return _told(store, jobs, jobs.judge(record, asker))


@router.get(
    "/{number}/findings",
    summary="发现 · What was found, worst first",
    response_model=FindingsListed,
    responses=described("malformed", "unknown", "stale"),
)
def findings(
    request: Request,
    jobs: JobsOf,
    asker: Asker,
    number: str,
    kind: Annotated[Text | None, Query(description="种类 · of this kind only")] = None,
    severity: Annotated[Text | None, Query(description="级别 · error, warning or info only")] = None,
    limit: Annotated[int, Query(ge=1, description="上限 1000 · At most this many; more than 1000 is 1000")] = 100,
    after: Annotated[int, Query(ge=0, description="翻页 · From the link `next`")] = 0,
) -> dict[str, Any]:
    """Each has `number`, its place in the whole list, as the features of `overlay.geojson` name it in `finding`."""
    if severity is not None and severity not in SEVERITIES:
        raise Malformed("severity", severity, f"must be one of {', '.join(SEVERITIES)}")
    path = _part(jobs, number, FINDINGS)
    with path.open(encoding="utf-8") as lines:
        every = ({"number": at, **json.loads(line)} for at, line in enumerate(lines))
        wanted = (one for one in every if kind in (None, one["kind"]) and severity in (None, one["severity"]))
        skipped = sum(1 for _ in islice(wanted, after))
        page = list(islice(wanted, min(limit, _MOST_FINDINGS)))
        rest = sum(1 for _ in wanted)
    following = request.url.include_query_params(after=skipped + len(page)).query if rest else None
    return {
        "findings": page,
        "total": skipped + len(page) + rest,
        "next": None if following is None else f"{request.url.path}?{following}",
    }


@router.get(
    "/{number}/findings.geojson",
    summary="发现的地点 · Places of the findings, as a layer for a GIS",
    response_class=Response,
    responses={200: {"content": {GEOJSON: {}}}, **described("unknown", "stale")},
)
def places(jobs: JobsOf, asker: Asker, number: str) -> Response:
    """Every finding with its exact ground, degrees WGS 84; what `--geojson` of the command line writes."""
    return _sent(_part(jobs, number, PLACES))


@router.get(
    "/{number}/overlay.geojson",
    summary="图上所画 · What the map draws: findings and the file's ground, simplified",
    response_class=Response,
    responses={200: {"content": {GEOJSON: {}}}, **described("unknown", "stale")},
)
def overlay(jobs: JobsOf, asker: Asker, number: str) -> Response:
    """Features carry `finding` (number of a finding) or `code`; `cut` says how many were too many to be drawn."""
    return _sent(_part(jobs, number, OVERLAY))


@router.post(
    "/{number}/commit",
    status_code=202,
    summary="入库 · Take the file in",
    response_model=ImportTold,
    responses={
        200: {"model": ImportTold, "description": "已经入库 · Carried out before under this key"},
        **described("malformed", "denied", "unknown", "stale", "refused", "unavailable"),
    },
)
def commit(
    response: Response,
    store: StoreOf,
    jobs: JobsOf,
    asker: Asker,
    number: str,
    idempotency_key: Annotated[
        Text | None,
        Header(alias="Idempotency-Key", min_length=1, max_length=200, description="请求唯一键 · A repeat is no second"),
    ] = None,
) -> dict[str, Any]:
    """Everything is computed anew. 409 when another edition came into force since it was judged: judge it again."""
    record = jobs.shelf.get(number)
    is_repeat = idempotency_key is not None and record.commit_key == idempotency_key
    if is_repeat and record.state in (COMMITTING, COMMITTED):
        response.status_code = 200
        return _told(store, jobs, record)
    record.idle()
    if record.state != JUDGED or record.judged is None:
        raise Stale(f"import {number} is {record.state}; it can be taken in when it is judged without errors")
    with store.read() as connection:
        newest = areas.newest_number(connection)
    if newest != record.judged["edition"]:
        judged_on = record.judged["edition"]
        raise Stale(f"judged on edition {judged_on}, and edition {newest} is in force now: judge it again")
    return _told(store, jobs, jobs.commit(record.now(JUDGED, commit_key=idempotency_key), asker))


@router.delete(
    "/{number}",
    summary="撤回 · Withdraw an import and remove its file",
    response_model=ImportTold,
    responses=described("denied", "unknown", "stale"),
)
def withdraw(store: StoreOf, jobs: JobsOf, asker: Asker, number: str) -> dict[str, Any]:
    """File and findings are removed. What was taken in stays in; while it is being taken in this is a 409."""
    return _told(store, jobs, jobs.withdraw(number))


def _part(jobs: Jobs, number: str, name: str) -> Path:
    record = jobs.shelf.get(number)
    path = jobs.shelf.part(record, name)
    if record.judged is None or not path.is_file():
        raise Stale(f"import {number} is {record.state} and has no findings; judge it first")
    return path


def _sent(path: Path) -> Response:
    return FileResponse(path, media_type=GEOJSON, headers={"Cache-Control": "no-store"})


def _city(store: Store) -> City | None:
    with store.read() as connection:
        try:
            return areas.city(connection)
        except Unknown:
            return None


def _told(store: Store, jobs: Jobs, record: Import) -> dict[str, Any]:
    document = record.document()
    del document["commit_key"]
    form = [one.document() for one in KINDS[record.kind].fields(_city(store))]
    return {**document, "progress": jobs.progress(record), "fields": form}
