"""`/v1/plans/{id}/comments`, `…/locks`, `…/links`: what people say of a plan, keep out of it, and show of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.auth import Asker
from api.deps import StoreOf, Text, only_known
from api.errors import described
from api.plans import PlanTold, answered
from api.previews import Number
from geo.plain import plain_of
from geo.plans import comments, drafts, links, locks, previews

router = APIRouter(prefix="/v1", tags=["plans"], dependencies=[Depends(only_known)])
_EXACT = ConfigDict(extra="forbid")
_LARGEST = 2**63 - 1
_CHANGES = described("malformed", "denied", "unknown", "stale", "refused", "unavailable")
_READS = described("malformed", "unknown", "unavailable")

Which = Annotated[int, Path(ge=1, le=_LARGEST, description="编号 · Id")]
Code = Annotated[Text, Path(min_length=1, max_length=40, description="编码 · Code of a grid or an area")]


class CommentTold(TypedDict):
    """Something said; ``place`` is GeoJSON, or null for the whole plan."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    id: int
    text: str
    place: dict[str, Any] | None
    made_by: str
    made_at: str
    settled_by: str | None
    settled_at: str | None


class Comments(TypedDict):
    """Everything said of a plan, in that order."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    comments: list[CommentTold]


class LockTold(TypedDict):
    """A grid or an area that a plan must not change."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    code: str
    made_by: str
    made_at: str


class Locks(TypedDict):
    """What a plan must leave as it is, by code."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    locks: list[LockTold]


class LinkTold(TypedDict):
    """A way to a plan, until ``ends_at``."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    id: int
    made_by: str
    made_at: str
    ends_at: str


class Links(TypedDict):
    """The links of a plan, ended ones too."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    links: list[LinkTold]


class Shared(TypedDict):
    """A link just made, with its token, which is told this once."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    token: str
    link: LinkTold


class Saying(BaseModel):
    """What is said, and where."""

    model_config = _EXACT

    text: Annotated[Text, Field(max_length=comments.LONGEST, description="意见 · What is said")]
    place: Annotated[dict[str, Any] | None, Field(description="位置 · GeoJSON of the place it is about")] = None


class Settling(BaseModel):
    """Whether a comment is dealt with."""

    model_config = _EXACT

    settled: bool


class Sharing(BaseModel):
    """How long a link stands."""

    model_config = _EXACT

    days: Annotated[float, Field(gt=0, le=links.LONGEST_DAYS, description="天数 · Days")] = 30


@router.get("/plans/{id}/comments", summary="意见 · What was said of a plan", response_model=Comments, responses=_READS)
def said(store: StoreOf, id: Number) -> Response:
    """In that order."""
    with store.read() as connection:
        found = comments.comments_of(connection, drafts.one(connection, id))
    return answered({"comments": [plain_of(one) for one in found]})


@router.post(
    "/plans/{id}/comments",
    summary="提意见 · Say something of a plan",
    response_model=CommentTold,
    status_code=201,
    responses=_CHANGES,
)
def say(store: StoreOf, actor: Asker, id: Number, body: Saying) -> Response:
    """Of a plan in any state, as a whole or of a place in it."""
    with store.write() as connection:
        comment = comments.say(connection, actor, drafts.one(connection, id), body.text, body.place)
    return answered(plain_of(comment), status_code=201)


@router.post(
    "/plans/{id}/comments/{comment}",
    summary="意见已处理 · Say that a comment is dealt with, or open again",
    response_model=CommentTold,
    responses=_CHANGES,
)
def settle(store: StoreOf, actor: Asker, id: Number, comment: Which, body: Settling) -> Response:
    """Who said so is kept beside it."""
    with store.write() as connection:
        plan = drafts.one(connection, id)
        return answered(plain_of(comments.settle(connection, actor, plan, comment, settled=body.settled)))


@router.get("/plans/{id}/locks", summary="锁定 · What a plan leaves as it is", response_model=Locks, responses=_READS)
def locked(store: StoreOf, id: Number) -> Response:
    """By code."""
    with store.read() as connection:
        found = locks.locks_of(connection, drafts.one(connection, id))
    return answered({"locks": [plain_of(one) for one in found]})


@router.put(
    "/plans/{id}/locks/{code}", summary="加锁 · Lock a grid or an area", response_model=LockTold, responses=_CHANGES
)
def lock(store: StoreOf, actor: Asker, id: Number, code: Code) -> Response:
    """From now on a change of it is refused; so is the lock where the plan changes it already."""
    with store.write() as connection:
        plan = drafts.one(connection, id, lock=True)
        made = locks.lock(connection, actor, plan, code)
        previews.preview(connection, plan)
        return answered(plain_of(made))


@router.delete("/plans/{id}/locks/{code}", summary="解锁 · Unlock", status_code=204, responses=_CHANGES)
def unlock(store: StoreOf, actor: Asker, id: Number, code: Code) -> Response:
    """It may be changed again."""
    with store.write() as connection:
        locks.unlock(connection, drafts.one(connection, id, lock=True), code)
    return Response(status_code=204)


@router.get("/plans/{id}/links", summary="分享链接 · Links to a plan", response_model=Links, responses=_READS)
def linked(store: StoreOf, id: Number) -> Response:
    """Without their tokens, which are not kept."""
    with store.read() as connection:
        found = links.links_of(connection, drafts.one(connection, id))
    return answered({"links": [plain_of(one) for one in found]})


@router.post(
    "/plans/{id}/links",
    summary="生成链接 · A link under which a plan can be read",
    response_model=Shared,
    status_code=201,
    responses=_CHANGES,
)
def share(store: StoreOf, actor: Asker, id: Number, body: Sharing | None = None) -> Response:
    """Whoever has it reads this plan and changes nothing."""
    with store.write() as connection:
        token, link = links.share(connection, actor, drafts.one(connection, id), (body or Sharing()).days)
    return answered({"token": token, "link": plain_of(link)}, status_code=201)


@router.delete("/plans/{id}/links/{link}", summary="停用链接 · End a link", status_code=204, responses=_CHANGES)
def end(store: StoreOf, actor: Asker, id: Number, link: Which) -> Response:
    """It opens nothing from now on."""
    with store.write() as connection:
        links.end(connection, drafts.one(connection, id), link)
    return Response(status_code=204)


@router.get(
    "/links/{token}", summary="打开链接 · The plan that a link opens", response_model=PlanTold, responses=_READS
)
def opened(store: StoreOf, token: Annotated[Text, Path(min_length=1, max_length=100)]) -> Response:
    """As it stands."""
    with store.read() as connection:
        return answered(plain_of(links.opened(connection, token)))
