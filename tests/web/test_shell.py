"""What holds for every page and route: permission, headers, languages, static files."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from lantian.kernel.accounts import PERMISSIONS, anonymous
from lantian.kernel.bootstrap import Platform
from lantian.standards import aqi
from lantian.web import create_app
from lantian.web.assets import STATIC, levels_css
from lantian.web.messages import Messages
from lantian.web.navigation import OFFICE, Page, rooms
from lantian.web.render import FOLDERS, Renderer
from lantian.web.security import declarations

PAGES = ("/", "/login", "/calculator", "/calculator/index", "/jobs", "/accounts", "/audit", "/api/v1/docs")
TEMPLATES = sorted(path for folder in FOLDERS for path in folder.glob("*.html"))


@pytest.mark.requirement("K1", part="every route names its permission")
def test_every_route_declares_who_may_use_it(client: TestClient) -> None:
    declared = client.app.state.declarations
    assert len(declared) > 25
    for route, permission in declared.items():
        assert permission in PERMISSIONS or permission.startswith("anyone: "), f"{route}: {permission}"


@pytest.mark.requirement("K1", part="every route names its permission")
def test_an_application_with_a_silent_route_does_not_start() -> None:
    router = APIRouter()

    @router.get("/secret")
    def secret() -> str:
        return "everything"

    with pytest.raises(ValueError, match="GET /secret"):
        declarations([router])


@pytest.mark.requirement("K1", part="every route names its permission")
def test_the_public_gets_nothing_that_needs_an_account(site: Platform, client: TestClient) -> None:
    closed = {route: name for route, name in client.app.state.declarations.items() if not name.startswith("anyone")}
    public = {name for grant in anonymous(site.engine).grants for name in grant.permissions}
    assert len(closed) > 15
    for route, permission in closed.items():
        if permission in public:
            continue
        method, path = route.split(" ", 1)
        path = path.replace("{account_id}", "1").replace("{grant_id}", "1").replace("{job_id}", "1")
        answer = client.request(method, path)
        expected = 401 if path.startswith("/api/v1/") and path != "/api/v1/docs" else 303
        assert answer.status_code == expected, f"{route}: {answer.status_code}"
        if expected == 303:
            assert answer.headers["location"].startswith("/login?next=")


@pytest.mark.parametrize("path", [*PAGES, "/nothing-here", "/api/v1/nothing-here", "/static/x/nothing", "/live"])
def test_every_answer_carries_the_security_headers(
    client: TestClient, sign_in: Callable[[str], None], path: str
) -> None:
    if path == "/live":
        client.app.state.stopping.set()  # the stream ends after its first look
    sign_in("admin")
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_inline_script_style_or_foreign_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", text)
    scripts = re.findall(r"<script[^>]*>", text)
    assert all("src=" in tag or 'type="application/json"' in tag for tag in scripts)


@pytest.mark.requirement("K3", part="Chinese first, English second")
def test_every_message_that_a_template_uses_exists_in_both_languages() -> None:
    messages = Messages(FOLDERS)
    used = {key for path in TEMPLATES for key in re.findall(r"""\bt\(["']([\w.-]+)["'][,)]""", path.read_text("utf-8"))}
    assert len(used) > 100
    assert sorted(key for key in used if key not in messages) == []


def test_a_message_without_english_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text('title = { zh = "标题" }', encoding="utf-8")
    with pytest.raises(ValueError, match=r"broken\.toml: title"):
        Messages([tmp_path])


@pytest.mark.requirement("K3", part="Chinese first, English second")
def test_chinese_comes_first_and_english_stays_once_chosen(client: TestClient) -> None:
    assert 'lang="zh-CN"' in client.get("/calculator").text
    english = client.get("/calculator?lang=en")
    assert 'lang="en"' in english.text
    assert "Composite index" in english.text
    assert "Composite index" in client.get("/calculator").text
    assert "综合指数" in client.get("/calculator?lang=zh").text
    assert "综合指数" in client.get("/calculator?lang=tlh").text


def test_dark_look_is_chosen_and_remembered(client: TestClient) -> None:
    assert 'data-look="light"' in client.get("/calculator").text
    assert 'data-look="dark"' in client.get("/calculator?look=dark").text
    assert 'data-look="dark"' in client.get("/calculator").text


def test_navigation_shows_only_rooms_that_stand_and_that_the_reader_may_enter() -> None:
    pages = (
        Page("audit", "/audit", OFFICE, "audit.read"),
        Page("ranking", "/ranking", "assess", "ranking.read"),
        Page("now", "/now", "monitor", "air.read"),
    )
    assert [room.name for room in rooms(pages, ["air.read", "ranking.read"])] == ["monitor", "assess"]
    assert [room.name for room in rooms(pages, PERMISSIONS)] == ["monitor", "assess", "office"]
    with pytest.raises(ValueError, match="kitchen"):
        Page("x", "/x", "kitchen", "air.read")


def test_a_room_of_many_pages_shows_them_bench_by_bench() -> None:
    water = Page("water", "/water", "monitor", "air.read", "land")
    now, place = (Page(name, f"/{name}", "monitor", "air.read") for name in ("now", "place"))
    (room,) = rooms([water, now, place], ["air.read"])
    assert room.benches == {"air": (now, place), "land": (water,)}
    assert (room.beside(place), room.beside(water)) == ((now, place), (water,))
    with pytest.raises(ValueError, match="bench 'roof' is none of air, instruments"):
        Page("cat", "/cat", "monitor", "air.read", "roof")


def test_every_page_of_the_navigation_has_title_question_and_a_route(client: TestClient) -> None:
    renderer: Renderer = client.app.state.renderer
    for page in renderer.pages:
        assert f"{page.name}.title" in renderer.messages
        assert f"{page.name}.question" in renderer.messages
        assert client.app.state.declarations[f"GET {page.path}"] == page.permission


def test_static_files_are_cached_by_content_and_packed(client: TestClient) -> None:
    assets = client.app.state.renderer.assets
    answer = client.get(assets.url("js/app.js"), headers={"accept-encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.text == (STATIC / "js/app.js").read_text(encoding="utf-8")
    old = client.get("/static/0123456789ab/js/app.js")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    for path in ("/static/x/%2e%2e/app.py", "/static/x/js/../../app.py/x", "/static/x//etc/passwd"):
        assert client.get(path).status_code == 404


def test_level_colours_come_from_the_standard(client: TestClient) -> None:
    css = client.get(client.app.state.renderer.assets.url("css/levels.css")).text
    assert css == levels_css()
    for level in aqi.LEVELS:
        assert f'[data-level="{level.number}"] {{ --level: {level.colour}; --level-ink: {level.text_colour};' in css


def test_errors_are_pages_for_people_and_problems_for_programs(site: Platform, client: TestClient) -> None:
    page = client.get("/nothing-here")
    assert page.status_code == 404
    assert "没有这个页面" in page.text
    problem = client.get("/api/v1/nothing-here")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["status"] == 404
    assert "/api/v1/docs" in problem.json()["detail"]


def test_a_failure_shows_a_number_and_keeps_its_reason_to_the_log(
    site: Platform, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr("lantian.web.pages.calculator.judge", broken)
    with TestClient(create_app(site), raise_server_exceptions=False) as client:
        answer = client.get("/calculator?pm25=75")
    assert answer.status_code == 500
    assert "平台出错了" in answer.text
    assert "secret reason" not in answer.text
    number = re.search(r"No\. (\w{8})", answer.text)
    assert number is not None
    assert number[1] in caplog.text
    assert "content-security-policy" in answer.headers
