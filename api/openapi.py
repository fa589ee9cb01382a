"""`/openapi.json` and `/problems`: what the doors say of themselves, with examples that this very city answers."""

from __future__ import annotations

from copy import deepcopy
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from api import examples
from api.deps import StoreOf
from api.errors import KINDS
from api.locate import Points
from geo.errors import Unknown

router = APIRouter()
PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was wrong, the value, what would be right"},
        "instance": {
            "type": "string",
            "description": "id of the request, as in the header X-Request-Id and in the log",
        },
        "message": {
            "type": "object",
            "description": "detail in Chinese and in English, where it is told in both",
            "required": ["zh-CN", "en"],
            "properties": {"zh-CN": {"type": "string"}, "en": {"type": "string"}},
        },
        "where": {"type": "object", "description": "the place to look at: a GeoJSON geometry, degrees WGS 84"},
        "findings": {
            "type": "array",
            "description": "what is wrong with a file that was handed in, the worst first",
            "items": {"type": "object"},
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("parameter", "value", "expected")},
            },
        },
    },
}


def describe(app: FastAPI) -> None:
    """Let ``app.openapi()`` give the document of this application; it is made once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            schemas = made["components"]["schemas"]
            schemas["Problem"] = PROBLEM
            schemas["Points"] = TypeAdapter(Points).json_schema()
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for operations in made["paths"].values():
                for operation in operations.values():
                    _forget_validation(operation["responses"])
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _forget_validation(responses: dict[str, Any]) -> None:
    """Drop the framework's own 422: what cannot be read is a 400 here."""
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, store: StoreOf) -> Response:
    """The OpenAPI document, its examples taken from the city in force."""
    document = deepcopy(request.app.openapi())
    try:
        with store.read() as connection:
            examples.fill(document, examples.of_city(connection))
    except Unknown:
        pass  # no city, no examples
    return JSONResponse(document, headers={"Cache-Control": "no-cache"})


@router.get("/problems/{name}", include_in_schema=False)
async def problem(name: Annotated[str, Path(max_length=40)]) -> dict[str, Any]:
    """What the type of a problem means."""
    for cls, kind in KINDS.items():
        if kind.name == name:
            return {
                "name": name,
                "status": kind.status,
                "title": kind.title,
                "meaning": (cls.__doc__ or "").split("\n")[0],
            }
    raise Unknown(f"no problem {name!r}; there are: {', '.join(kind.name for kind in KINDS.values())}")
