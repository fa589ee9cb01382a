"""`/v1/blind-spots`: who is not covered, why, and what can be done; ranked by building, grid, district or area."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, NotRequired

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api import spot_files
from api.answers import NOT_STORED, EditionNamed
from api.deps import At, StoreOf, Text, box_of, only_known
from api.errors import Malformed, described
from api.follow_ups import follow_up_told
from api.looking import LookerOf, found_asked, look
from geo.coverage import details, dossiers, foretelling, histories, rulebooks, runs, spots
from geo.coverage.dossiers import Proposed
from geo.coverage.found import Found, book_of
from geo.coverage.rulebooks import GROUND, STATES
from geo.coverage.runs import Run
from geo.coverage.scores import SCORED
from geo.coverage.spots import Asked, Ranking
from geo.coverage.subjects import subject
from geo.plain import plain_of
from maps.blind_spots import scored

router = APIRouter(prefix="/v1/blind-spots", tags=["coverage"], dependencies=[Depends(only_known)])
_LARGEST = 2**31 - 1
FORMS = ("json", "geojson", "csv", "columns")


class Said(TypedDict):
    """The same in Chinese and English."""

    zh: str
    en: str


class RunNamed(TypedDict):
    """Which run answered; ``is_stale`` when rows, edition, rules or the day have changed since.

    ``number`` is null of one to come: what it would find right after the hour, if rows stay as they are.
    """

    number: int | None
    at: str
    day: str
    edition: int
    rules: str
    surveyed_until: str | None
    sources: list[str]
    is_stale: bool


class BlindSpot(TypedDict):
    """One blind spot; what is not known is null, never 0."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    rank: int
    id: str
    code: str
    name: str
    building: int | None
    grid: str | None
    community: str | None
    place: list[float] | None
    reason: Said
    evidence: list[dict[str, Any]]
    since: str | None
    score: float | None
    parts: list[dict[str, Any]]
    units: dict[str, int]
    unknown_units: int
    workers: int
    uncovered_workers: int
    uncounted: int
    helpers: list[dict[str, Any]]
    group: dict[str, Any] | None
    follow_up: dict[str, Any] | None


class WholeSpot(BlindSpot):
    """A blind spot in full; ``units_list`` holds at most 1000 units, the gravest first."""

    run: RunNamed
    forecast: NotRequired[EditionNamed]
    units_list: list[dict[str, Any]]
    formation: dict[str, Any] | None
    history: list[dict[str, Any]]
    follow_ups: list[dict[str, Any]]


class Moment(TypedDict):
    """What a run found; rates are null where nothing is known."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    run: int
    day: str
    edition: int
    units: dict[str, int]
    workers: dict[str, int]
    organisational: float | None
    work: float | None
    opened: int
    closed: int


class Trend(TypedDict):
    """Moments, the oldest first."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    within: str | None
    moments: list[Moment]


class BlindSpots(TypedDict):
    """One page, the heaviest first; ``counts`` and ``total`` are of all in scope, whatever states were asked for."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    run: RunNamed
    forecast: NotRequired[EditionNamed]
    by: str
    within: str | None
    counts: dict[str, int]
    counts_of: str
    total: int
    wanted: int
    unknown_share: float | None
    weights: dict[str, float]
    spots: list[BlindSpot]
    next: str | None


By = Annotated[Text, Query(description="按 · building, grid, business-district, unit, or the key of a level")]
Within = Annotated[Text | None, Query(description="区域或网格代码 · An area or grid of the run's edition")]
InDistrict = Annotated[
    int | None, Query(alias="business_district", ge=1, le=2**63 - 1, description="商圈编号 · Id of a business district")
]
Codes = Annotated[
    Text | None, Query(description=f"代码 · Of {', '.join([*STATES, *GROUND])}, with commas; none = all blind spots")
]
Bbox = Annotated[Text | None, Query(description="范围 · west,south,east,north in degrees WGS 84")]
RunNumber = Annotated[int | None, Query(ge=1, le=_LARGEST, description="第几次 · An earlier run; none = the newest")]


@router.get(
    "",
    summary="盲点清单 · Blind spots, the heaviest first",
    response_model=BlindSpots,
    responses=described("malformed", "unknown", "refused", "unavailable"),
)
def search(
    request: Request,
    store: StoreOf,
    looker: LookerOf,
    by: By = "building",
    within: Within = None,
    business_district: InDistrict = None,
    code: Codes = None,
    bbox: Bbox = None,
    run: RunNumber = None,
    at: At = None,
    limit: Annotated[int, Query(ge=1, description="上限 1000 · At most this many; more than 1000 is 1000")] = 50,
    after: Annotated[int, Query(ge=0, le=_LARGEST, description="翻页 · From the link `next`")] = 0,
    f: Annotated[
        Text,
        Query(
            description="格式 · json, geojson (one page each); csv, columns (all that is asked for; columns hold id as "
            "tiles carry it, code and score, and nothing else)"
        ),
    ] = "json",
) -> Response:
    """The link ``next`` names the run, so that pages of one list never mix two runs.

    A time to come is answered as a run right after it would find it; its pages name the time.
    """
    if f not in FORMS:
        raise Malformed("f", f, f"must be one of {', '.join(FORMS)}")
    asked = Asked(by, within, business_district, codes_of(code), box_of(bbox))
    look(store, looker, at)
    with store.read() as connection:
        found, forecast = found_asked(connection, run, at)
        ranking = spots.rank(connection, found, asked)
        if f == "csv":
            return spot_files.csv_of(connection, found, ranking)
        if f == "columns":
            told_of = {"run": found.run.number or None, "by": by}
            return JSONResponse({**told_of, **forecast, **scored(ranking)}, headers=NOT_STORED)
        rows = ranking.wanted[after : after + min(limit, spots.LIMIT)]
        told = details.tell(connection, found, ranking, rows, after + 1)
        shown = _with_proposals(told, dossiers.proposals(connection, found, ranking, rows, told))
        head: dict[str, Any] = {"run": run_named(connection, found.run), **forecast}
        head |= {"by": by, "within": within, **counted(found, ranking)}
        following = _following(request, found, after + len(rows), len(ranking.wanted))
        if f == "geojson":
            return spot_files.geojson_of(connection, found, (ranking, rows), shown, {**head, "next": following})
    return JSONResponse({**head, "spots": shown, "next": following}, headers=NOT_STORED)


@router.get(
    "/trend",
    summary="盲点趋势 · What each run found, the oldest first",
    response_model=Trend,
    responses=described("malformed", "unknown", "unavailable"),
)
def trend(
    store: StoreOf,
    looker: LookerOf,
    within: Within = None,
    per: Annotated[Text, Query(description="每日或每次 · day: the last run of each day; run: every run")] = "day",
) -> Response:
    """Units by state with their rates, and how many came into a blind state or left one; as the ground was then."""
    if per not in ("day", "run"):
        raise Malformed("per", per, "must be day or run")
    looker.look()
    with store.read() as connection:
        moments = histories.trend(connection, within)
    if per == "day":
        moments = histories.by_day(moments)
    return JSONResponse({"within": within, "moments": [plain_of(one) for one in moments]}, headers=NOT_STORED)


@router.get(
    "/rules",
    summary="盲点规则 · The rule book, as it is shown",
    response_model=dict[str, Any],
    responses=described("malformed", "unknown", "refused", "unavailable"),
)
def rules(store: StoreOf, run: RunNumber = None) -> Response:
    """States in the order they are tried, thresholds, ages, weights and words; of a run those it was made by."""
    with store.read() as connection:
        book = rulebooks.current() if run is None else book_of(connection, runs.numbered(connection, run).rules)
    told = {**asdict(book), "states": STATES, "ground": GROUND}
    return JSONResponse(told, headers={"Cache-Control": "no-cache"})


@router.get(
    "/{kind}/{id}",
    summary="一个盲点 · One blind spot in full",
    response_model=WholeSpot,
    responses=described("malformed", "unknown", "refused", "unavailable"),
)
def one(
    store: StoreOf,
    looker: LookerOf,
    kind: Annotated[
        Text, Path(max_length=40, description="类型 · unit, building, grid, business-district, or a level")
    ],
    id: Annotated[Text, Path(max_length=40, description="编号 · Id; of a grid or area its code")],
    code: Annotated[Text | None, Query(description="代码 · As which it is told, G3 beside P1")] = None,
    run: RunNumber = None,
    at: At = None,
) -> Response:
    """Its units, who may help, its joint branch with members and outline, its history, and what was decided of it."""
    look(store, looker, at)
    with store.read() as connection:
        found, forecast = found_asked(connection, run, at)
        about = subject(connection, f"{kind}/{id}", found.edition)
        whole = dossiers.dossier(connection, found, about, code)
        body = _with_proposals([whole.spot], [whole.proposed])[0]
        body |= {"run": run_named(connection, found.run), **forecast}
    body |= {name: plain_of(getattr(whole, name)) for name in ("units_list", "formation", "history")}
    body["follow_ups"] = [follow_up_told(one) for one in whole.follow_ups]
    return JSONResponse(body, headers=NOT_STORED)


def _following(request: Request, found: Found, after: int, of: int) -> str | None:
    if after >= of:
        return None
    url = request.url.include_query_params(after=after)
    if number := found.run.number:
        url = url.remove_query_params("at").include_query_params(run=number)
    return f"{url.path}?{url.query}"


def _with_proposals(told: list[details.Spot], proposed: list[Proposed]) -> list[dict[str, Any]]:
    return [
        {
            **plain_of(spot),
            "helpers": plain_of(more.helpers),
            "group": plain_of(more.group),
            "follow_up": follow_up_told(more.follow_up) if more.follow_up else None,
        }
        for spot, more in zip(told, proposed, strict=True)
    ]


def codes_of(text: str | None) -> tuple[str, ...]:
    """Codes told with commas."""
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def run_named(connection: sa.Connection, run: Run) -> RunNamed:
    """What an answer says of its run, and who told what it was made from."""
    return RunNamed(
        number=run.number or None,
        at=run.at.isoformat(),
        day=run.day.isoformat(),
        edition=run.edition,
        rules=run.version,
        surveyed_until=run.surveyed_until.isoformat() if run.surveyed_until else None,
        sources=runs.sources(connection),
        is_stale=run.number != foretelling.NUMBER and runs.is_stale(connection, run),
    )


def counted(found: Found, ranking: Ranking) -> dict[str, Any]:
    """How many places are in which state, of how many, and how many of them are unknown."""
    book, counts = found.book, ranking.counts
    total = sum(number for code, number in counts.items() if code != "G3")
    if ranking.counts_of == "grid":
        total = len(ranking.ids)
    return {
        "counts": counts,
        "counts_of": ranking.counts_of,
        "total": total,
        "wanted": len(ranking.wanted),
        "unknown_share": round(counts.get("U", 0) / total, 4) if total else None,
        "weights": {code: book.weight(code) for code in (*SCORED, *GROUND, "U")},
    }
