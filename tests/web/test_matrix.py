"""Who may do what: every route asked by every role, generated from what routes declare and what roles hold. What
the tables say is allowed is allowed, and all else is refused. Moves of cases: test_matrix_cases.py.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi import Response
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.web import create_app
from lantian.web.security import COOKIE

from .beijing import token

FILLED = {
    "number": "2016-000001",
    "code": "110000",
    "place": "110000",
    "city": "110000",
    "language": "zh",
    "format": "json",
    "month": "2016-12",
    "day": "2016-12-16",
}
"""What stands in a path; anything else is 1."""


@pytest.fixture(scope="module")
def clients(campaign: Platform) -> Iterator[dict[str, TestClient]]:
    """The public, and a reader of each role; each signed in as the example's account of that role."""
    app = create_app(campaign)
    made: dict[str, TestClient] = {}
    for role in ["public", *(role.code for role in accounts.list_roles(campaign.engine))]:
        made[role] = TestClient(
            app, headers={"origin": "http://testserver"}, follow_redirects=False, raise_server_exceptions=False
        )
        if role != "public":
            made[role].cookies.set(COOKIE, _session(campaign, role))
    yield made
    for client in made.values():
        client.close()


def _session(campaign: Platform, role: str) -> str:
    """The example has no account of an administrator who is past the first change of password: one is made."""
    if role != "admin":
        return token(campaign, role)
    made = accounts.create_account(campaign.engine, "test", login="matrix-admin", name="示例管理员")
    accounts.change_password(campaign.engine, made.account, made.one_time_password, "correct horse battery staple")
    accounts.grant(campaign.engine, "test", made.account.id, "admin")
    return accounts.open_session(campaign.engine, accounts.get_account(campaign.engine, "matrix-admin"))


@pytest.fixture
def doors(clients: dict[str, TestClient], monkeypatch: pytest.MonkeyPatch) -> dict[str, TestClient]:
    """The same readers before doors without rooms: who may is decided as always, and then nothing is done."""
    for route in every_route(clients["public"].app.routes):
        if not inspect.isasyncgenfunction(route.dependant.call):
            is_async = inspect.iscoroutinefunction(route.dependant.call)
            monkeypatch.setattr(route.dependant, "call", later_nothing if is_async else nothing)
    return clients


def nothing(**_: Any) -> Response:
    return Response(status_code=204)


async def later_nothing(**_: Any) -> Response:
    return nothing()


def every_route(routes: Iterable[Any]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        yield from every_route(getattr(route, "routes", ()))


def held(campaign: Platform) -> dict[str, frozenset[str]]:
    """What each role may do, as the database says."""
    roles = {role.code: role.permissions for role in accounts.list_roles(campaign.engine)}
    return {"public": roles["citizen"], **roles}


def filled(path: str) -> str:
    return re.sub(r"{(\w+)(?::\w+)?}", lambda part: FILLED.get(part[1], "1"), path)


def guarded(client: TestClient) -> list[tuple[str, str, str]]:
    """Method, path, permission of each route that is not open to everybody."""
    found = []
    for route, permission in client.app.state.declarations.items():
        if not permission.startswith("anyone"):
            methods, path = route.rsplit(" ", 1)
            found += [(method, path, permission) for method in methods.split() if method != "HEAD"]
    return found


def askers(routes: list[tuple[str, str, str]], may: dict[str, frozenset[str]]) -> Iterator[tuple[str, str, str, str]]:
    """Who asks which route: the first route of each permission is asked by every role, each other one by the public, by
    a role that holds its permission and by one that does not, in turn. One function decides for all routes of a
    permission, so this finds what all roles at all routes would find, in a third of the time.
    """
    seen: set[str] = set()
    for turn, (method, path, permission) in enumerate(routes):
        asking = set(may)
        if permission in seen:
            sides = [sorted(role for role in may if (permission in may[role]) == held) for held in (True, False)]
            asking = {"public", *(side[turn % len(side)] for side in sides if side)}
        seen.add(permission)
        for role in sorted(asking):
            yield role, method, path, permission


@pytest.mark.requirement("K1", part="every route by every role")
def test_every_role_may_what_its_permissions_say_and_nothing_else(doors, campaign):
    may, routes = held(campaign), guarded(doors["public"])
    assert len(routes) > 120
    assert {role for role in doors if role != "public"} == set(may) - {"public"} >= {"office", "citizen", "mayor"}
    wrong, asked = [], set()
    for role, method, path, permission in askers(routes, may):
        asked |= {(role, permission), (method, path)}
        answer = doors[role].request(method, filled(path))
        to_login = role == "public" and answer.headers.get("location", "").startswith("/login")
        refused = answer.status_code in (401, 403) or to_login
        if refused == (permission in may[role]):
            wrong.append(f"{role} {method} {path} ({permission}): {answer.status_code}")
    assert wrong == []
    assert asked == {(role, one[2]) for role in may for one in routes} | {one[:2] for one in routes}


@pytest.mark.requirement("K1", part="no other site may post")
def test_no_post_is_taken_that_does_not_say_it_comes_from_here(clients):
    client = clients["office"]
    posts = [route.split(" ", 1)[1] for route in client.app.state.declarations if route.startswith("POST ")]
    assert len(posts) > 40
    for headers in ({"origin": ""}, {"origin": "http://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        taken = [path for path in posts if client.post(filled(path), headers=headers).status_code != 403]
        assert taken == [], headers


TEXTS = (
    "' or 1=1 --",
    "'; drop table supervision_case; --",
    "%' union select 1 --",
    '"><script>alert(1)</script>',
    "\\",
    "%_",
    "\0",
)


@pytest.mark.requirement("K1", part="filters")
def test_no_filter_of_the_ledger_reaches_the_database_or_the_page_as_more_than_text(clients):
    client = clients["office"]
    fields = ("standing", "region", "department", "category", "source", "round", "q", "order", "p")
    for address in ("/api/v1/cases", "/cases", "/cases.xlsx"):
        for turn, field in enumerate(fields):
            # All read the same questions: beside the interface the page is asked every text of its box for words, and
            # of the others the one that a page could show wrongly and another.
            some = TEXTS if field == "q" or "api" in address else (TEXTS[3], TEXTS[turn % len(TEXTS)])
            for text in some:
                answer = client.get(address, params={field: text})
                assert answer.status_code in (200, 422), (address, field, text)
                if "json" not in answer.headers["content-type"]:
                    assert "<script>alert" not in answer.text, (address, field)
    assert client.get("/cases").status_code == 200
