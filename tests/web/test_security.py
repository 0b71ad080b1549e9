"""Who may come in, and what another site can make a reader's browser do: nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Annotated

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.web import create_app
from lantian.web.api.answers import resource
from lantian.web.security import COOKIE, Viewer, allow, anyone, local

SignIn = Callable[[str], None]


@pytest.mark.requirement("K1", part="pages")
def test_login_leads_back_and_logout_ends_the_session(client: TestClient, password: str) -> None:
    closed = client.get("/audit?actor=admin")
    assert closed.headers["location"] == "/login?next=%2Faudit%3Factor%3Dadmin"
    form = {"login": "Admin", "password": password, "next": "/audit?actor=admin"}
    answer = client.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/audit?actor=admin")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/audit").status_code == 200
    stolen = client.cookies[COOKIE]
    assert client.post("/logout").headers["location"] == "/login"
    client.cookies.set(COOKIE, stolen)
    assert client.get("/audit").status_code == 303


@pytest.mark.requirement("K1", part="pages")
def test_a_wrong_password_says_nothing_about_the_account(client: TestClient) -> None:
    known = client.post("/login", data={"login": "admin", "password": "wrong"})
    unknown = client.post("/login", data={"login": "nobody", "password": "wrong"})
    assert known.status_code == unknown.status_code == 403
    fault = re.compile(r'role="alert">([^<]+)<')
    assert fault.findall(known.text) == fault.findall(unknown.text) != []
    assert COOKIE not in client.cookies


@pytest.mark.requirement("K1", part="pages")
def test_a_password_made_by_somebody_else_must_be_changed_first(site: Platform, client: TestClient) -> None:
    made = accounts.create_account(site.engine, "test", login="officer", name="某某")
    accounts.grant(site.engine, "test", made.account.id, "analyst")
    first = client.post("/login", data={"login": "officer", "password": made.one_time_password})
    assert first.headers["location"] == "/password"
    assert client.get("/jobs").headers["location"] == "/password"
    assert client.get("/").headers["location"] == "/password"
    form = {"old": made.one_time_password, "new": "a quite new password", "again": "a quite new password"}
    assert client.post("/password", data={**form, "again": "another"}).status_code == 422
    assert client.post("/password", data=form).headers["location"] == "/"
    assert client.get("/jobs").status_code == 200


@pytest.mark.requirement("K1", part="pages")
def test_a_one_time_key_opens_one_session_and_leaves_the_address(site: Platform, client: TestClient) -> None:
    account = accounts.get_account(site.engine, "example-analyst")
    assert account is not None
    key = accounts.create_key(site.engine, account)
    first = client.get(f"/?key={key}")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert key not in first.text
    assert client.get("/jobs").status_code == 200
    client.cookies.clear()
    second = client.get(f"/?key={key}")
    assert second.status_code == 403
    assert "一次性链接无效" in second.text
    assert COOKIE not in client.cookies


@pytest.mark.requirement("K1", part="pages")
def test_each_role_sees_only_what_it_may(client: TestClient, sign_in: SignIn) -> None:
    sign_in("analyst")
    assert client.get("/jobs").status_code == 200
    assert client.get("/audit").status_code == 403
    assert "/audit" not in client.get("/").text
    sign_in("mayor")
    assert client.get("/audit").status_code == 200
    assert client.get("/jobs").status_code == 403


@pytest.mark.requirement("K1", part="pages")
def test_the_example_lets_a_visitor_look_as_another_role(client: TestClient, sign_in: SignIn) -> None:
    sign_in("analyst")
    assert "换个身份看" in client.get("/").text
    answer = client.post("/look-as", data={"role": "mayor", "next": "/audit"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/audit")
    assert client.get("/audit").status_code == 200
    assert client.post("/look-as", data={"role": "admin"}).status_code == 403
    sign_in("admin")
    assert "换个身份看" not in client.get("/").text
    assert client.post("/look-as", data={"role": "citizen"}).status_code == 403


FORGED = (
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://testserver.evil.example"},
    {"origin": "http://testserver", "sec-fetch-site": "cross-site"},
    {"origin": "http://testserver", "sec-fetch-site": "same-site"},
    {},
)


@pytest.mark.requirement("K1", part="no other site acts for a reader")
@pytest.mark.parametrize("headers", FORGED, ids=str)
def test_a_post_from_another_site_is_refused(
    site: Platform, client: TestClient, sign_in: SignIn, headers: dict[str, str]
) -> None:
    sign_in("analyst")
    del client.headers["origin"]
    before = site.clock.now()
    answer = client.post("/clock", data={"action": "step", "value": "1"}, headers=headers)
    assert answer.status_code == 403
    assert site.clock.now() == before


@pytest.mark.requirement("K1", part="no other site acts for a reader")
def test_a_post_from_our_own_page_is_taken(site: Platform, client: TestClient, sign_in: SignIn) -> None:
    sign_in("analyst")
    before = site.clock.now()
    assert client.post("/clock", data={"action": "step", "value": "1"}).status_code == 303
    assert site.clock.now() - before == timedelta(hours=1)


@pytest.mark.requirement("K1", part="scripts")
def test_a_script_comes_with_its_token_and_never_with_a_cookie_beside_it(
    site: Platform, client: TestClient, sign_in: SignIn
) -> None:
    account = accounts.get_account(site.engine, "example-analyst")
    assert account is not None
    token = accounts.create_api_token(site.engine, account, label="notebook")
    bearer = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/jobs", headers=bearer).status_code == 200
    sign_in("admin")
    wrong = client.get("/api/v1/jobs", headers={"authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.headers["content-type"]) == (401, "application/problem+json")
    assert wrong.headers["www-authenticate"] == "Bearer"


# No region asked for must never mean more than the grant reaches.
ASKED = {
    "/regions/110108": 200,
    "/regions/110000": 200,
    "/regions/130100": 403,
    "/asked?code=110108": 200,
    "/asked?code=130100": 403,
    "/asked": 422,
}


def _regional() -> APIRouter:
    router = resource("regions")

    @router.get("/regions/{code}")
    def region(viewer: Annotated[Viewer, allow("targets.edit", region="code")]) -> str:
        return viewer.account.login

    @router.get("/asked")
    def asked(viewer: Annotated[Viewer, allow("targets.edit", region="code")]) -> str:
        return viewer.account.login

    return router


@pytest.mark.requirement("K1", part="region")
def test_a_grant_reaches_its_region_and_what_lies_below(
    site: Platform, password: str, token: Callable[[str], str]
) -> None:
    made = accounts.create_account(site.engine, "test", login="haidian", name="海淀")
    accounts.change_password(site.engine, made.account, made.one_time_password, password)
    accounts.grant(site.engine, "test", made.account.id, "admin", region="110000")
    app = create_app(site, resources=(SimpleNamespace(router=_regional()),))
    with TestClient(app, cookies={COOKIE: token("haidian")}) as client:
        codes = {path: client.get(f"/api/v1{path}").status_code for path in ASKED}
    assert codes == ASKED


def test_a_misspelt_permission_fails_when_the_route_is_made() -> None:
    with pytest.raises(ValueError, match=r"air\.raed"):
        allow("air.raed")
    with pytest.raises(ValueError, match="why"):
        anyone(" ")


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "", None]
)
def test_next_never_leads_to_another_site(address: str | None) -> None:
    assert local(address) == "/"


@given(st.text())
def test_next_is_always_a_path_of_this_site(address: str) -> None:
    assert re.match(r"/(?![/\\])|/$", local(address))
