"""Errors: problem+json (RFC 9457) for the interface, a designed page for people, a way to the login where that is what
is missing.
"""

import logging
import secrets
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import DataError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException

from lantian.standards.frames import StandardsError
from lantian.web import api
from lantian.web.render import render
from lantian.web.security import HEADERS, login_address

_UNKEPT = ("NUL (0x00)", "out of range")
"""What PostgreSQL says of a text with a zero byte, and of a number that is too large for its column."""

_log = logging.getLogger("lantian.web")


def install(app: FastAPI) -> None:
    """Make an application answer errors in this room's way."""
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StandardsError, _unlawful)
    app.add_exception_handler(DataError, _unkept)
    app.add_exception_handler(Exception, _failed)


def not_found(request: Request) -> Response:
    """The answer where there is nothing."""
    return _answer(request, 404, "")


def other_site(request: Request) -> Response:
    """The answer to a post that does not come from our own pages."""
    return _answer(
        request,
        403,
        "this request does not come from a page of this platform (Origin and Host differ, or Origin is missing)",
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    headers = dict(error.headers or {})
    if "Location" in headers and not _for_programs(request):
        return RedirectResponse(headers["Location"], 303)
    if error.status_code == 401 and not _for_programs(request):
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"HX-Redirect": "/login"})
        return RedirectResponse(login_address(request), 303)
    status = 403 if error.status_code == 303 else error.status_code
    detail = error.detail if error.detail != _phrase(status) else ""
    if not detail and status == 404 and _for_programs(request):
        detail = f"nothing stands at {request.url.path}; /api/v1/docs lists what does"
    answer = await run_in_threadpool(_answer, request, status, detail)
    answer.headers.update({name: value for name, value in headers.items() if name != "Location"})
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {
            "field": ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]),
            "value": fault.get("input"),
            "message": fault["msg"],
        }
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['field']} = {fault['value']!r}: {fault['message']}" for fault in faults)
    return await run_in_threadpool(_answer, request, 422, detail, faults)


async def _unlawful(request: Request, error: Exception) -> Response:
    return await run_in_threadpool(_answer, request, 422, str(error))


async def _unkept(request: Request, error: Exception) -> Response:
    """A value that fits its description and that no database takes: the sender's fault, not ours."""
    assert isinstance(error, DataError)
    said = str(error.orig)
    if not any(part in said for part in _UNKEPT):
        return await _failed(request, error)
    return await run_in_threadpool(_answer, request, 422, f"a value cannot be kept or looked for: {said}")


async def _failed(request: Request, error: Exception) -> Response:
    number = secrets.token_hex(4)
    _log.error("error %s at %s %s", number, request.method, request.url.path, exc_info=error)
    answer = await run_in_threadpool(_answer, request, 500, f"No. {number}")
    answer.headers.update(HEADERS)  # this answer is given outside all middleware
    return answer


def _for_programs(request: Request) -> bool:
    return request.url.path.startswith("/api/") and "text/html" not in request.headers.get("accept", "")


def _answer(request: Request, status: int, detail: str, faults: Sequence[dict[str, Any]] = ()) -> Response:
    if request.url.path.startswith("/api/"):
        return api.problem(status, _phrase(status), detail, **({"errors": list(faults)} if faults else {}))
    kind = status if status in (403, 404, 500) else 400 if status < 500 else 500
    return render(request, "error.html", status=status, code=status, kind=str(kind), detail=detail)


def _phrase(status: int) -> str:
    return str(HTTPException(status).detail)
