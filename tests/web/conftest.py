"""A platform with the example's accounts, a client that speaks to it in memory, a real browser before a real server."""

import importlib.util
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import psycopg
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy.engine import make_url

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import Settings
from lantian.web import create_app, make_server
from lantian.web.security import COOKIE

from .beijing import (  # noqa: F401  (fixtures of the loaded example, and of a platform of a test's own)
    beijing,
    beijing_analyst,
    beijing_client,
    beijing_live,
    fresh,
    fresh_client,
    visit,
    visit_fresh,
)
from .campaign import as_role, campaign, campaign_live, visit_campaign  # noqa: F401
from .layout import DESK, PHONE  # noqa: F401  (tests take them from here)

expect.set_options(timeout=20_000)  # a shared machine may be slow; that is no fault of a page
PASSWORD = "correct horse battery staple"
NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing
CHROMIUM = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",  # without a graphics card it takes half of the processor's time; maps stay WebGL
    "--disable-gpu-rasterization",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@pytest.fixture(scope="session")
def house(
    server: str, administration: psycopg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """One platform for all tests of this room, with an administrator and the example's accounts."""
    name = f"lantian_web_{os.getpid()}"
    administration.execute(f"create database {name} template {template}")
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    settings = Settings(home=tmp_path_factory.mktemp("home"), database_url=url, example=True)
    try:
        with open_platform(settings=settings) as opened:
            made = accounts.ensure_administrator(opened.engine)
            assert made is not None
            accounts.change_password(opened.engine, made.account, made.one_time_password, PASSWORD)
            accounts.ensure_example(opened.engine, True)
            yield opened
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def site(house: Platform) -> Platform:
    """The platform, its clock standing in a replay; what a test adds to it stays, so tests use names of their own."""
    house.clock.set_simulated(NOW, paused=True)
    return house


@pytest.fixture
def client(site: Platform) -> Iterator[TestClient]:
    """A client that follows no redirect by itself and comes, as a browser would, from the platform's own pages."""
    headers = {"origin": "http://testserver"}
    with TestClient(create_app(site), headers=headers, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def password() -> str:
    """The administrator's password."""
    return PASSWORD


@pytest.fixture
def token(site: Platform) -> Callable[[str], str]:
    """A session's token: `token("admin")`."""
    return lambda login: token_of(site, login)


@pytest.fixture(scope="session")
def demo() -> ModuleType:
    """The page module of `demo/`, as another package would bring one."""
    spec = importlib.util.spec_from_file_location("lantian_demo_page", Path(__file__).parent / "demo" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def token_of(site: Platform, login: str) -> str:
    """A session of an account: `admin`, or a role of the example."""
    account = accounts.get_account(site.engine, login) or accounts.get_account(site.engine, f"example-{login}")
    assert account is not None
    return accounts.open_session(site.engine, account)


@pytest.fixture
def sign_in(site: Platform, client: TestClient) -> Callable[[str], None]:
    """Sign the client in: `sign_in("admin")`, `sign_in("citizen")`."""

    def act(login: str) -> None:
        client.cookies.clear()
        client.cookies.set(COOKIE, token_of(site, login))

    return act


@contextmanager
def served(site: Platform, *extra: ModuleType) -> Iterator[str]:
    """A live server in a thread; gives its address. `extra`: further page modules."""
    from lantian.web.app import PAGES

    server = make_server(create_app(site, pages=(*PAGES, *extra)), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server ended before it had started"
            assert time.monotonic() < deadline, "the server did not start within 20 s"
            time.sleep(0.02)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture
def live(site: Platform) -> Iterator[str]:
    """Address of a live server with the platform's own pages."""
    with served(site) as address:
        yield address


@pytest.fixture
def live_demo(site: Platform, demo: ModuleType) -> Iterator[str]:
    """Address of a live server that has the demo page as well."""
    with served(site, demo) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's chromium, found by `CHROMIUM` or on the PATH."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no chromium: `apt-get install chromium fonts-noto-cjk`, or set CHROMIUM to a browser's path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        browser.close()


class Visitor:
    """A browser window that must not complain: no console error, nothing refused by policy, no request to another host.

    `expect` names what a test provokes on purpose, as a part of the message.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.expected: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self._hear(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._hear(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _hear(self, text: str) -> None:
        self.complaints.append(text)

    def expect(self, part: str) -> None:
        """Say that a complaint with these words is meant to happen."""
        self.expected.append(part)

    def check(self, address: str) -> None:
        """Fail on anything unexpected."""
        bad = [text for text in self.complaints if not any(part in text for part in self.expected)]
        assert not bad, f"the browser complains: {bad}"
        strangers = self.hosts - {urlsplit(address).netloc, ""}
        assert not strangers, f"requests to other hosts: {strangers}"


@pytest.fixture
def browse(chromium: Browser, site: Platform) -> Iterator[Callable[..., Visitor]]:
    """Open a window: `browse(address, "admin", size=PHONE)`; it is checked for complaints at the end of the test."""
    opened: list[tuple[Visitor, str]] = []

    def act(address: str, login: str | None = None, size: dict[str, int] = DESK) -> Visitor:
        context = chromium.new_context(
            viewport=size, accept_downloads=True, locale="zh-CN", timezone_id="America/New_York"
        )
        context.set_default_timeout(20_000)
        if login is not None:
            context.add_cookies([{"name": COOKIE, "value": token_of(site, login), "url": address}])
        visitor = Visitor(context.new_page())
        opened.append((visitor, address))
        return visitor

    yield act
    for visitor, _ in opened:
        visitor.page.context.close()
    for visitor, address in opened:
        visitor.check(address)
