"""The interface's own documentation, written from its OpenAPI description by the server: no script and nothing from
another host.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from lantian.web import api
from lantian.web.navigation import OFFICE, Page
from lantian.web.render import render
from lantian.web.security import allow, anyone

PAGE = Page("docs", f"{api.PREFIX}/docs", OFFICE, "api.read")
router = APIRouter()


@router.get(f"{api.PREFIX}/openapi.json", dependencies=[anyone("describes the interface, holds no data")])
def description(request: Request) -> JSONResponse:
    """The OpenAPI description."""
    return JSONResponse(request.app.openapi())


@router.get(PAGE.path, dependencies=[allow("api.read")])
def page(request: Request) -> Response:
    """List every operation with its parameters."""
    described: dict[str, Any] = request.app.openapi()
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "permission": request.app.state.declarations.get(f"{method.upper()} {path}", ""),
            **operation,
        }
        for path, methods in sorted(described["paths"].items())
        for method, operation in methods.items()
    ]
    return render(request, "docs.html", operations=operations, root=str(request.base_url).rstrip("/"), kind_of=kind_of)


def kind_of(schema: dict[str, Any]) -> str:
    """The kind of a parameter in words: its type, its choices, or its alternatives."""
    if "anyOf" in schema:
        return " | ".join(kind_of(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return " | ".join(str(choice) for choice in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    return str(schema.get("format") or schema.get("type", ""))
