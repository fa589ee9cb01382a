"""`/v1/plans/compare`: plans side by side, as each would be on the edition in force, and why they differ."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from typing_extensions import TypedDict

from api.answers import NOT_STORED
from api.deps import StoreOf, Text, only_known
from api.errors import Malformed, described
from api.previews import BalanceOfGrids, CheckText
from geo.plain import plain_of
from geo.plans.contrasts import MOST, Compared, Metrics, Told, compared

router = APIRouter(prefix="/v1", tags=["plans"], dependencies=[Depends(only_known)])
_EXACT = ConfigDict(extra="forbid")
_LARGEST = 2**63 - 1
_NUMBER = re.compile("[0-9]{1,19}")


class SeveritiesTold(TypedDict):
    """Findings by severity."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    error: int
    warn: int
    info: int


class MetricsTold(BalanceOfGrids):
    """One plan, over the communities that any of the plans touches; plan 0 is the division as it is."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    plan: int
    name: str
    appeared: list[str]
    retired: list[str]
    moved_households: int | None
    households_share: float | None
    checks: SeveritiesTold | None


class PartTold(TypedDict):
    """Buildings that belong to one grid under the first plan and to another under the second."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    first: str
    second: str
    households: int
    buildings: int


class DifferenceTold(TypedDict):
    """Two grids that correspond and differ; null for one that has no counterpart."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    first: str | None
    second: str | None
    first_households: int | None
    second_households: int | None
    shared_households: int
    cause: Literal["only_first", "only_second", "moved", "ground", "recoded"]
    text: CheckText
    parts: list[PartTold]


class ContrastTold(TypedDict):
    """Why a plan differs from the first one."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    first: int
    second: int
    differences: list[DifferenceTold]


class ComparedTold(TypedDict):
    """Plans in the order asked for; ``band`` are the least and the most households of a grid."""

    __pydantic_config__ = _EXACT  # type: ignore[misc]
    by: str
    band: list[int]
    plans: list[MetricsTold]
    contrasts: list[ContrastTold]


@router.get(
    "/plans/compare",
    summary="方案比选 · Plans side by side, and why they differ",
    response_model=ComparedTold,
    responses=described("malformed", "unknown", "stale", "refused", "broken", "unavailable"),
)
def compare(
    store: StoreOf,
    ids: Annotated[
        Text,
        Query(
            description=f"方案编号 · Ids of two to {MOST} plans with commas, the first is compared with; 0 = as it is"
        ),
    ],
) -> Response:
    """Grids are matched by the households they share, so that plans may have different codes and numbers of grids."""
    wanted = ids_of(ids)
    with store.read() as connection:
        told = compared_told(compared(connection, wanted))
    return JSONResponse(told, headers=NOT_STORED)


def ids_of(text: str) -> list[int]:
    """Ids with commas. Raises Malformed for anything else."""
    parts = [part.strip() for part in text.split(",")]
    wrong = next((part for part in parts if not (_NUMBER.fullmatch(part) and int(part) <= _LARGEST)), None)
    if wrong is not None:
        raise Malformed("ids", wrong, "must be ids of plans with commas, as 1,2 or 0,1,2")
    return [int(part) for part in parts]


def compared_told(found: Compared) -> dict[str, Any]:
    """Plans side by side as JSON has them."""
    return {
        "by": "households",
        "band": list(found.band),
        "plans": [_metrics(one) for one in found.metrics],
        "contrasts": [
            {"first": one.first, "second": one.second, "differences": [_difference(each) for each in one.differences]}
            for one in found.contrasts
        ],
    }


def _metrics(one: Metrics) -> dict[str, Any]:
    told = dict(plain_of(one))
    stands = told.pop("balance")
    found = one.checks
    checks = None if found is None else {name: found.get(name, 0) for name in ("error", "warn", "info")}
    return {**told, **stands, "checks": checks}


def _difference(one: Told) -> dict[str, Any]:
    found = one.difference
    return {
        "first": found.first,
        "second": found.second,
        "first_households": one.first_households,
        "second_households": one.second_households,
        "shared_households": found.shared,
        "cause": found.cause,
        "text": {"zh-CN": one.text.zh, "en": one.text.en},
        "parts": [plain_of(part) for part in found.parts],
    }
