"""`/v1/responsibility`: who answers for a place, step by step, and where the chain breaks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import EditionNamed, edition_named
from api.deps import At, StoreOf, Text, only_known
from api.errors import described
from api.locate import DATUMS, datum_named, lonlat_of
from geo.entities.chains import Link, chain
from geo.entities.lists import lists

router = APIRouter(prefix="/v1", tags=["areas"], dependencies=[Depends(only_known)])
_EXACT = ConfigDict(extra="forbid")
_STEPS = {"estate": {"zh": "小区", "en": "Estate"}, "building": {"zh": "楼栋", "en": "Building"}}


class Words(TypedDict):
    """The same in both languages."""

    zh: str
    en: str


class ContactShown(TypedDict):
    """A post on duty; never a person."""

    post: str
    name: Words
    phone: str | None
    hours: str | None


class LinkShown(TypedDict):
    """One step; ``is_broken`` when somebody has to answer there and no post is recorded."""

    step: str
    label: Words
    id: int
    code: str | None
    name: str
    contacts: list[ContactShown]
    organisations: list[str]
    is_broken: bool


class Chain(TypedDict):
    """The chain over a point, the city first; no steps outside the city."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    steps: list[LinkShown]
    broken: list[str]
    edition: EditionNamed


@router.get(
    "/responsibility",
    summary="责任链 · Who answers for this place, from the city down to the building",
    response_model=Chain,
    responses=described("malformed", "unknown", "unavailable"),
)
def responsibility(
    store: StoreOf,
    lon: Annotated[float, Query(allow_inf_nan=False, description="经度（或东坐标）· Longitude, or east")],
    lat: Annotated[float, Query(allow_inf_nan=False, description="纬度（或北坐标）· Latitude, or north")],
    datum: Annotated[Text, Query(description=f"坐标系 · Datum: {DATUMS}")] = "wgs84",
    at: At = None,
) -> JSONResponse:
    """社区交办、小区主办、网格承办、楼栋领办: the posts and Party organisations of each step, and the broken ones.

    At another time it is the ground of then; posts and organisations are those on record now.
    """
    place = lonlat_of(lon, lat, datum_named(datum))
    with store.asked(at) as asked:
        links = chain(asked.connection, asked.edition, place)
    labels = {level.key: {"zh": level.zh, "en": level.en} for level in asked.city.levels} | _STEPS
    steps = [_shown(link, labels[link.step]) for link in links]
    broken = [link.step for link in links if link.is_broken]
    content = {"steps": steps, "broken": broken, "edition": edition_named(asked.edition, asked.instant)}
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _shown(link: Link, label: dict[str, str]) -> dict[str, Any]:
    posts = lists()["posts"]
    told = asdict(link)
    told["contacts"] = [
        {**contact, "name": {"zh": posts[contact["post"]].zh, "en": posts[contact["post"]].en}}
        for contact in told["contacts"]
    ]
    return {**told, "label": label, "organisations": list(link.organisations)}
