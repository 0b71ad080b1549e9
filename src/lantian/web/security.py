"""Who asks, and whether they may: every route declares `allow("permission")` or `anyone("why")`, and no other site may
post for a reader.

A reader is known by the session cookie, a script by `Authorization: Bearer <token>`; with neither, it is the public,
who may do what the role `citizen` may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lantian.kernel.accounts import Account, account_of_token, allowed, anonymous, example_login, list_roles
from lantian.kernel.bootstrap import Platform
from lantian.kernel.clock import ClockState
from lantian.kernel.settings import TIMEZONE
from lantian.places.store import PlaceStore

COOKIE = "lantian_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# Nothing from elsewhere, nothing inline. Images may be data: or blob: (MapLibre and chart pictures); workers come from
# our own files.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), interest-cohort=()",
}


@dataclass(frozen=True)
class RoleToTry:
    """A role that a visitor of the example may look as; `current` marks the present one."""

    code: str
    zh: str
    en: str
    current: bool


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page, and when on the platform's clock.

    Attributes:
        platform: the platform.
        account: the account; the public's where nobody signed in.
        token: the session's or script's token; None for the public.
    """

    platform: Platform
    account: Account
    token: str | None = field(default=None, repr=False)

    @cached_property
    def _moment(self) -> tuple[ClockState, datetime]:
        return self.platform.clock.read()

    @property
    def clock(self) -> ClockState:
        """How the clock runs, read once for the whole answer."""
        return self._moment[0]

    @property
    def now(self) -> datetime:
        """The clock's time (aware, UTC), the same for the whole answer: pages pass it down as `as_of`."""
        return self._moment[1]

    @property
    def today(self) -> date:
        """The clock's natural day in Beijing."""
        return self.now.astimezone(TIMEZONE).date()

    def name(self, language: str) -> str:
        """What the bar calls the viewer: the account's name, and in the example the role that it plays."""
        if not self.signed_in:
            return "访客" if language == "zh" else "Visitor"
        current = next((role for role in self.roles_to_try if role.current), None)
        if current:
            return f"示例 · {current.zh}" if language == "zh" else f"Example · {current.en}"
        return self.account.name

    def place(self, language: str) -> str:
        """The place that the viewer's account belongs to, by name; empty where it belongs to none."""
        if self.account.region is None:
            return ""
        try:
            region = PlaceStore(self.platform.engine).region(self.account.region)
        except LookupError:
            return self.account.region
        return region.name if language == "zh" else region.name_en or region.name

    @property
    def signed_in(self) -> bool:
        """Whether there is an account behind the viewer."""
        return self.account.id is not None

    @property
    def has_password(self) -> bool:
        """Whether the account can change its password."""
        return self.signed_in and not self.account.example

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Names of all permissions held anywhere."""
        if not self.account.active or self.account.must_change_password:
            return frozenset()
        return frozenset(name for grant in self.account.grants for name in grant.permissions)

    @cached_property
    def roles_to_try(self) -> list[RoleToTry]:
        """In the example, the roles that the viewer may switch to; empty elsewhere."""
        if not (self.platform.settings.example and self.account.example):
            return []
        roles = (role for role in list_roles(self.platform.engine) if role.code != "admin")
        return [
            RoleToTry(role.code, role.zh, role.en, self.account.login == example_login(role.code)) for role in roles
        ]

    def may(self, permission: str, region: str | None = None, department: str | None = None) -> bool:
        """Whether the viewer may do something; arguments as `kernel.accounts.allowed`."""
        return allowed(self.account, permission, region, department)


def viewer_of(request: Request) -> Viewer:
    """Find out who asks; once per request."""
    known: Viewer | None = getattr(request.state, "viewer", None)
    if known is None:
        platform: Platform = request.app.state.platform
        token = _token(request)
        account = account_of_token(platform.engine, token) if token else None
        known = Viewer(platform, account, token) if account else Viewer(platform, anonymous(platform.engine))
        request.state.viewer = known
    return known


def allow(permission: str, *, region: str | None = None, department: str | None = None) -> Any:
    """Declare which permission a route needs; gives the route its `Viewer`.

        @router.get("/ranking")
        def ranking(request: Request, viewer: Annotated[Viewer, allow("ranking.read")]) -> HTMLResponse: ...

    Args:
        permission: name in `kernel.accounts.PERMISSIONS`.
        region: name of the path or query parameter that holds the code of the region touched; the permission must
            be held there.
        department: the same for the department.

    Returns:
        A FastAPI dependency. It answers 401 to the public (a page then leads to the login) and 403 to an account
        without the permission.

    Raises:
        ValueError: when the route is made, for a permission that does not exist.
    """
    allowed(
        Account(None, "nobody", ""), permission
    )  # a misspelt permission fails at the start, not at the first request

    def check(request: Request) -> Viewer:
        viewer = viewer_of(request)
        where = _parameter(request, region), _parameter(request, department)
        if viewer.may(permission, *where):
            return viewer
        if viewer.account.must_change_password:
            raise HTTPException(303, "the password must be changed first", {"Location": "/password"})
        if not viewer.signed_in:
            raise HTTPException(401, f"sign in: this needs the permission {permission}", {"WWW-Authenticate": "Bearer"})
        raise HTTPException(
            403, f"{viewer.account.login} lacks the permission {permission}" + "".join(f" for {w}" for w in where if w)
        )

    check.declares = permission  # type: ignore[attr-defined]
    return Depends(check)


def anyone(why: str) -> Any:
    """Declare that a route is open to everybody, and why. It looks nobody up: a route that wants its viewer asks
    `viewer_of`.

    Raises:
        ValueError: no reason is given.
    """
    if not why.strip():
        raise ValueError("say why this route is open to everybody")

    async def check() -> None:
        """Let everybody through."""

    check.declares = f"anyone: {why}"  # type: ignore[attr-defined]
    return Depends(check)


def declarations(routers: Iterable[APIRouter]) -> dict[str, str]:
    """What each route declares: `GET /path` -> permission.

    Raises:
        ValueError: routes that declare nothing, each named: an application with such a route does not start.
    """
    found: dict[str, str] = {}
    silent = []
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                silent.append(str(getattr(route, "path", route)))
                continue
            name = f"{' '.join(sorted(route.methods or ()))} {route.path}"
            said = [call.declares for call in _calls(route.dependant) if hasattr(call, "declares")]
            if said:
                found[name] = said[0]
            else:
                silent.append(name)
    if silent:
        raise ValueError(
            f'routes that do not say who may use them (allow("permission") or anyone("why")): {"; ".join(silent)}'
        )
    return found


def sign_in(response: Response, token: str, *, secure: bool) -> None:
    """Put a session's token into the cookie: not readable by scripts, not sent along by other sites' posts."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=secure, path="/")


def local(address: str | None) -> str:
    """Where to go next, if it is a path of this site; else the front page. Keeps a login from becoming a way to
    another site.
    """
    parts = urlsplit(address or "")
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or (address or "").startswith(("//", "/\\")):
        return "/"
    return address or "/"


def login_address(request: Request) -> str:
    """Address of the login page that comes back to where the reader wanted to go."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/login?next={quote(path, safe='')}"


class SecurityHeaders:
    """Middleware: puts `HEADERS` on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI)."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class SameOrigin:
    """Middleware: a request that changes something must come from our own pages, or carry a script's token.

    Browsers say where a post comes from (`Origin`, `Sec-Fetch-Site`) and no page can forge that; together with the
    same-site cookie this needs no token in each form.
    """

    def __init__(self, app: ASGIApp, refuse: Callable[[Request], Response]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI)."""
        if scope["type"] == "http" and scope["method"] not in SAFE and not _from_here(Headers(scope=scope)):
            await self._refuse(Request(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _from_here(headers: Headers) -> bool:
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True  # no site can add this header to a reader's request, and with it the cookie is not looked at
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip() or None
    return request.cookies.get(COOKIE)


def _parameter(request: Request, name: str | None) -> str | None:
    """What the named parameter holds; where it says which region is touched, leaving it out must not widen a grant."""
    if name is None:
        return None
    value = request.path_params.get(name) or request.query_params.get(name)
    if not value:
        raise HTTPException(422, f"{name}: missing; this needs the code that the permission is asked for")
    return str(value)


def _calls(dependant: Any) -> Iterable[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)
