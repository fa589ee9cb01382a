"""Doors to the pages: the start page, the coverage map, blind spots, plans, and the import of files."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import shapely.geometry
import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.background import BackgroundTask

from api.auth import ROLES, Asker
from api.deps import At, Question, StoreOf, instant_of
from api.forecasts import expected, omitted
from api.tiles import address_of, prepare
from geo import areas, drawings, lines, revisions
from geo.actors import Actor
from geo.buildings import tiles
from geo.buildings.uses import uses
from geo.coverage import rulebooks, runs
from geo.coverage import tiles as spot_tiles
from geo.entities.ground import BUSINESS_DISTRICTS
from geo.entities.searching import one
from geo.errors import Unknown
from geo.imports import KINDS, NOUNS
from geo.plans import drafts
from geo.plans.calendar import is_to_come
from geo.settings import settings
from maps import blind_spots, compare, districts, planner
from maps import coverage as maps
from maps import imports as import_page
from maps.modules import needed
from maps.page import OPEN_HOUSES, View, policy

router = APIRouter(include_in_schema=False)
LANG_COOKIE = "gridatlas_lang"
SPOTS = "/tiles/blind-spots/{run}/{z}/{x}/{y}.mvt"
SPOTS_TO_COME = "/tiles/blind-spots/at/{}/{{z}}/{{x}}/{{y}}.mvt"
_DRAWN = {
    "import": import_page.page,
    "blind-spots": blind_spots.page,
    "district": districts.page,
    "plans": planner.page,
    "compare": compare.page,
}
_AHEAD = ("start", "coverage", "blind-spots")
"""Pages whose first question is known before their script runs."""
_MODULE = "<{}>; rel=modulepreload; fetchpriority=low"  # after the style sheets, which the first paint waits for
_ASKED = "<{}>; rel=preload; as=fetch; crossorigin"
_SCORED = "/v1/blind-spots?by={level}&code=P1,P2,P3,P4,P5,work,covered,U&f=columns"
_FIRST = "/v1/blind-spots?by=building&limit=200"
"""Spelled as ``spot-doors.js`` spells them: only then a page takes what was fetched ahead."""
_DIGITS = 19  # of the largest id
_WIDE = 2048 * 360 / 256 / 2**spot_tiles.FROM
"""Degrees that 2,048 pixels show at the zoom from which buildings are drawn."""
Lang = Annotated[str | None, Query(description="语言 · zh-CN or en")]


@router.get("/")
def start(request: Request, store: StoreOf, asker: Asker, at: At = None, lang: Lang = None) -> Response:
    """The city at a glance, and the ways into the pages."""
    return _page("start", request, store, asker, at, lang)


@router.get("/maps/coverage")
def coverage_map(request: Request, store: StoreOf, asker: Asker, at: At = None, lang: Lang = None) -> Response:
    """Indicators on every level of the division."""
    return _page("coverage", request, store, asker, at, lang)


@router.get("/maps/blind-spots")
def blind_spots_map(request: Request, store: StoreOf, asker: Asker, at: At = None, lang: Lang = None) -> Response:
    """Who is not covered, why, and what can be done; at a past date as the run of then found it."""
    return _page("blind-spots", request, store, asker, at, lang)


@router.get("/maps/business-districts")
def first_district_page(request: Request, store: StoreOf, asker: Asker, at: At = None, lang: Lang = None) -> Response:
    """The first business district by name; without any, what to do."""
    request.state.district = 0
    return _page("district", request, store, asker, at, lang)


@router.get("/maps/business-districts/{id}")
def district_page(
    request: Request,
    store: StoreOf,
    asker: Asker,
    id: Annotated[int, Path(ge=0, le=2**63 - 1, description="商圈编号 · Id of a business district")],
    at: At = None,
    lang: Lang = None,
) -> Response:
    """One business district: its buildings, floors, rates and alliance; at another date what was found by then."""
    request.state.district = id
    return _page("district", request, store, asker, at, lang)


@router.get("/maps/planner")
def planner_page(request: Request, store: StoreOf, asker: Asker, at: At = None, lang: Lang = None) -> Response:
    """Plans drawn up, looked at and published; `plan` in the address names one. At another date it is for reading."""
    return _page("plans", request, store, asker, at, lang)


@router.get("/maps/compare")
def compare_page(request: Request, store: StoreOf, asker: Asker, at: At = None, lang: Lang = None) -> Response:
    """Two maps of any two editions, plans or days; `a` and `b` in the address name them: e3, p5, 2027-01-01.

    Another date leads to that date as `b`.
    """
    if at is not None:
        with store.read() as connection:
            instant_of(at, areas.city(connection).time_zone)  # refuses what is no time
        sides = request.query_params.items()
        kept = {name: value for name, value in sides if name not in ("at", "b")} | {"b": at}
        return RedirectResponse(f"{request.url.path}?{urlencode(kept)}", status_code=303)
    return _page("compare", request, store, asker, None, lang)


@router.get("/maps/import")
def import_files(request: Request, store: StoreOf, asker: Asker, at: At = None, lang: Lang = None) -> Response:
    """Files handed in, judged on the map, taken in; `id` in the address names one."""
    return _page("import", request, store, asker, at, lang)


def _page(page: str, request: Request, store: StoreOf, asker: Actor, at: str | None, lang: str | None) -> Response:
    nonce = secrets.token_urlsafe(18)
    chosen = maps.language(lang or request.cookies.get(LANG_COOKIE), request.headers.get("accept-language", ""))
    boot: dict[str, Any] = {"roles": ROLES, "role": _role(asker), "review_number": settings().review_number}
    place, ready = "", None
    try:
        with store.asked(at) as asked:
            boot |= _boot(asked, page)
            district = request.query_params.get("bd")
            if page == "district":
                boot |= _districts(asked.connection, request.state.district)
                district = str(boot["district"])
            asked_for = request.query_params.get
            code = _scope(asked, asked_for("plan")) if page == "plans" else asked_for("in")
            boot["within"] = _within(asked, code, district)
            ready = BackgroundTask(prepare, store, asked.edition)  # while the browser reads the page's scripts
            place = asked.city.name if chosen == "zh-CN" else asked.city.name_en or asked.city.name
    except Unknown:
        boot["city"] = None
    if page in ("import", "plans"):
        boot["max_import_mb"] = settings().max_import_mb
    if page == "import":
        boot |= {"kinds": list(KINDS), "nouns": NOUNS, "import_days": settings().import_days}
    html = _DRAWN.get(page, maps.page)(View(page=page, lang=chosen, place=place, nonce=nonce, boot=boot))
    headers = {"Content-Security-Policy": policy(nonce), "Cache-Control": "no-store"}
    headers["Link"] = ", ".join([*map(_MODULE.format, needed(html)), *map(_ASKED.format, _ahead(request, page, boot))])
    response = HTMLResponse(html, headers=headers, background=ready)
    if lang:
        response.set_cookie(LANG_COOKIE, chosen, max_age=31_536_000, samesite="strict")
    return response


def _buildings(connection: sa.Connection, page: str) -> dict[str, Any] | None:
    """Where buildings come from, from which zoom, and what their uses are called; None while there are none."""
    revision = tiles.revision(connection)
    if not revision:
        return None
    address = f"/tiles/buildings/{revision}/{{z}}/{{x}}/{{y}}.mvt"
    least = tiles.FROM if page == "start" else tiles.ALL_FROM  # under colours they are off one zoom longer
    return {"tiles": address, "from": least, "uses": {use.code: [use.zh, use.en] for use in uses().values()}}


def _spots(connection: sa.Connection, instant: datetime | None) -> dict[str, Any]:
    """Where buildings with a state come from, the newest run there was at an instant, and the rules in force.

    None of a time to come: a run would find other things then.
    """
    run = None if is_to_come(instant) else runs.at(connection, instant)
    return {
        "spots": {"tiles": _spot_tiles(instant), "from": spot_tiles.FROM},
        "run": run and {"number": run.number},
        "rules": blind_spots.rules(rulebooks.current()),
    }


def _districts(connection: sa.Connection, asked: int) -> dict[str, Any]:
    """Every business district by name, and the one the page is of: the one asked for, else the first; 0 for none."""
    table = BUSINESS_DISTRICTS.table.c
    rows = connection.execute(sa.select(table.id, table.name, table.name_en, table.kind).order_by(table.name, table.id))
    found = [{"id": row.id, "name": row.name, "name_en": row.name_en, "kind": row.kind} for row in rows]
    return districts.boot(found, asked or (found[0]["id"] if found else 0))


def _spot_tiles(instant: datetime | None) -> str:
    return SPOTS_TO_COME.format(quote(instant.isoformat())) if instant and is_to_come(instant) else SPOTS


def _coverage(connection: sa.Connection, instant: datetime | None) -> dict[str, Any]:
    """The indicator shown at first, and where buildings with a state come from once a grid is entered."""
    return {
        "by": "organisational-coverage" if revisions.of(connection, "units") else "grid-coverage",
        "spots": {"tiles": _spot_tiles(instant), "from": tiles.ALL_FROM},
        "spots_page": OPEN_HOUSES["blind-spots"],
    }


def _within(asked: Question, code: str | None, district: str | None) -> tuple[float, float, float, float] | None:
    """Bounds of the place the URL names, so that the first view is already there; None where it names none."""
    try:
        if district and district.isdecimal():
            ground = one(asked.connection, BUSINESS_DISTRICTS, int(district)).geometry
            return shapely.geometry.shape(ground or {"type": "Point", "coordinates": []}).bounds
        return areas.place(asked.connection, code, asked.edition).bounds if code else None
    except Unknown:
        return None


def _scope(asked: Question, plan: str | None) -> str | None:
    """Code of the area that a plan is of; None where the URL names none, or none there is."""
    try:
        is_id = plan is not None and plan.isdecimal() and len(plan) < _DIGITS
        return drafts.one(asked.connection, int(plan or 0)).scope if is_id else None
    except Unknown:
        return None


def _ahead(request: Request, page: str, boot: dict[str, Any]) -> tuple[str, ...]:
    """What the script of a page is sure to ask for at once, as it spells it."""
    if not boot["city"] or page not in _AHEAD or (boot["at"] and (page != "start" or boot["forecast"])):
        return ()
    indicator = boot.get("by", "grid-coverage")
    levels = boot["city"]["levels"]
    level = levels[max(1, len(levels) - 2)]["key"]
    values = f"/v1/values/{indicator}?level={level}&edition={boot['edition']['number']}&f=packed"
    wanted: dict[str, tuple[str, ...]] = {values: ("by", "level") if page == "coverage" else ()}
    if page == "blind-spots":
        wanted |= {_SCORED.format(level=level): ("by", "z", "in", "bd")} if _is_wide(boot["bounds"]) else {}
        wanted[_FIRST] = ("in", "bd", "by", "codes")
    return tuple(address for address, unless in wanted.items() if not request.query_params.keys() & set(unless))


def _is_wide(bounds: tuple[float, float, float, float]) -> bool:
    """Whether a city is so wide that a map of all of it shows areas in place of buildings on most screens."""
    west, south, east, north = bounds
    return bool(max(east - west, north - south) > _WIDE)


def _role(asker: Actor) -> str:
    return next(iter(asker.roles)) if len(asker.roles) == 1 else ""


def _boot(asked: Question, page: str) -> dict[str, Any]:
    connection, edition = asked.connection, asked.edition
    editions = areas.all_editions(connection)
    found = maps.boot(
        asked.city,
        edition,
        editions=editions,
        bounds=drawings.extent(connection, edition),
        tiles=address_of(edition, asked.instant),
    )
    newest = areas.current(connection)
    if page in ("blind-spots", "district"):
        found |= _spots(connection, asked.instant)
    if page == "coverage":
        found |= _coverage(connection, asked.instant)
    if page == "plans":
        del found["indicators"], found["groups"]
    if page == "compare":
        found |= compare.boot((one.number, address_of(one, None)) for one in editions)
    return found | {
        "at": asked.instant and asked.instant.isoformat(),
        "now": datetime.now(UTC).isoformat(),
        "forecast": {"plans": expected(edition), "omitted": omitted(edition)} if is_to_come(asked.instant) else None,
        "current": newest.number,
        "grids_from": drawings.GRIDS_FROM,
        "base": lines.revision(connection) > 0,
        "buildings": _buildings(connection, page),
    }
