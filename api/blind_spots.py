"""`/v1/blind-spots`: who is not covered, why, and what can be done; ranked by building, grid, district or area."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.deps import StoreOf, Text, box_of, only_known
from api.errors import described
from api.looking import LookerOf
from geo.coverage import details, runs, spots
from geo.coverage.found import Found, open_run
from geo.coverage.rulebooks import GROUND, STATES
from geo.coverage.scores import SCORED
from geo.coverage.spots import Asked, Ranking

router = APIRouter(prefix="/v1/blind-spots", tags=["coverage"], dependencies=[Depends(only_known)])
_LARGEST = 2**31 - 1


class Said(TypedDict):
    """The same in Chinese and English."""

    zh: str
    en: str


class RunNamed(TypedDict):
    """Which run answered; ``is_stale`` when rows, edition, rules or the day have changed since."""

    number: int
    at: str
    day: str
    edition: int
    rules: str
    surveyed_until: str | None
    is_stale: bool


class BlindSpot(TypedDict):
    """One blind spot; what is not known is null, never 0."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
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


class BlindSpots(TypedDict):
    """One page, the heaviest first; ``counts`` and ``total`` are of all in scope, whatever states were asked for."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    run: RunNamed
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
    limit: Annotated[int, Query(ge=1, description="上限 1000 · At most this many; more than 1000 is 1000")] = 50,
    after: Annotated[int, Query(ge=0, le=_LARGEST, description="翻页 · From the link `next`")] = 0,
) -> Response:
    """The link ``next`` names the run, so that pages of one list never mix two runs."""
    looker.look()
    asked = Asked(by, within, business_district, codes_of(code), box_of(bbox))
    with store.read() as connection:
        chosen = runs.numbered(connection, run)
        found = open_run(connection, chosen)
        ranking = spots.rank(connection, found, asked)
        rows = ranking.wanted[after : after + min(limit, spots.LIMIT)]
        told = details.tell(connection, found, ranking, rows, after + 1)
        body = run_named(found, is_stale=runs.is_stale(connection, chosen))
    head = {"run": body, "by": by, "within": within, **counted(found, ranking)}
    shown = [spot_told(one) for one in told]
    following = None
    if after + len(rows) < len(ranking.wanted):
        query = request.url.include_query_params(after=after + len(rows), run=chosen.number).query
        following = f"{request.url.path}?{query}"
    return JSONResponse({**head, "spots": shown, "next": following}, headers={"Cache-Control": "no-store"})


def codes_of(text: str | None) -> tuple[str, ...]:
    """Codes told with commas."""
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def run_named(found: Found, *, is_stale: bool) -> RunNamed:
    """What an answer says of its run."""
    run = found.run
    return RunNamed(
        number=run.number,
        at=run.at.isoformat(),
        day=run.day.isoformat(),
        edition=run.edition,
        rules=run.version,
        surveyed_until=run.surveyed_until.isoformat() if run.surveyed_until else None,
        is_stale=is_stale,
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


def spot_told(spot: details.Spot) -> dict[str, Any]:
    """A blind spot as JSON has it."""
    return {name: _plain(value) for name, value in asdict(spot).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value
