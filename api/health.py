"""`/healthz`, `/readyz`: whether the server lives, and whether it can answer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from typing_extensions import TypedDict

from api.deps import Store, StoreOf, only_known
from api.errors import described
from geo import areas, db
from geo.errors import GeoError
from geo.settings import settings

router = APIRouter(tags=["health"], dependencies=[Depends(only_known)])
LEAST_FREE_MB = 200


class Health(TypedDict):
    """The process answers."""

    status: str


class Check(TypedDict):
    """One thing the answers need; ``detail`` says what is there, or what to do."""

    ok: bool
    detail: str


class Readiness(TypedDict):
    """Whether every check is well."""

    ready: bool
    checks: dict[str, Check]


@router.get("/healthz", summary="进程存活 · The process lives", response_model=Health, responses=described())
async def healthz() -> dict[str, str]:
    """Answers without asking anything else."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="可以作答 · Ready to answer",
    response_model=Readiness,
    responses={**described(), 503: {"model": Readiness, "description": "还不能作答 · Something is missing"}},
)
def readyz(request: Request, store: StoreOf) -> Response:
    """Database, schema, a published city, its index in memory, room on the disk; 503 when any is missing."""
    looks: dict[str, Callable[[], Check]] = {
        "database": lambda: _database(store),
        "schema": lambda: _schema(store),
        "city": lambda: _city(store),
        "index": lambda: _index(request),
        "disk": _disk,
    }
    checks = {name: _safe(look) for name, look in looks.items()}
    ready = all(check["ok"] for check in checks.values())
    body: dict[str, Any] = {"ready": ready, "checks": checks}
    headers = {"Cache-Control": "no-store"} | ({} if ready else {"Retry-After": "2"})
    return JSONResponse(body, status_code=200 if ready else 503, headers=headers)


def _safe(look: Callable[[], Check]) -> Check:
    try:
        return look()
    except GeoError as error:
        return Check(ok=False, detail=error.detail)
    except (DBAPIError, PoolTimeoutError):
        return Check(ok=False, detail="the database does not answer")


def _database(store: Store) -> Check:
    with store.read() as connection:
        version = connection.exec_driver_sql("SELECT postgis_lib_version()").scalar_one()
    return Check(ok=True, detail=f"PostGIS {version}")


def _schema(store: Store) -> Check:
    with store.read() as connection:
        current = db.is_current(connection)
    return Check(ok=current, detail="up to date" if current else "older or newer than this program: restart it")


def _city(store: Store) -> Check:
    with store.read() as connection:
        city, edition = areas.city(connection), areas.current(connection)
    return Check(ok=True, detail=f"{city.name} {city.name_en}, edition {edition.number}")


def _index(request: Request) -> Check:
    warm = request.app.state.timeline.is_warm()
    return Check(ok=warm, detail="loaded" if warm else "loading; ready in a moment")


def _disk() -> Check:
    home = settings().home
    home = home if home.exists() else home.parent
    free_mb = shutil.disk_usage(home).free // 2**20
    return Check(ok=free_mb >= LEAST_FREE_MB, detail=f"{free_mb} MB free, at least {LEAST_FREE_MB} MB needed")
