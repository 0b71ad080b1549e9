"""The Beijing example as pages see it on the evening of 2016-12-16, loaded once for all tests that only read.

`beijing` holds all places, the 28 cities' published days 2013-12-02..2016-12-31, the twelve stations' hours
2016-11-25..2016-12-31 (brought in by the importer, so there are batches and refused rows too), the example's
targets, and a forecast made by formula (`tests.forecast.made`): with a map in mode perfect, without in mode history.
Its clock stands in a replay at 2016-12-16 20:00. It is shared: a test that wants to change anything, the
clock among it, takes a platform of its own.
"""

from __future__ import annotations

import dataclasses
import gzip
import secrets
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from playwright.sync_api import Browser
from sqlalchemy import make_url

from lantian.assessment import periods
from lantian.assessment.records import Records
from lantian.assessment.targets import Target
from lantian.forecast.store import RunStore
from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import Settings
from lantian.observations.importer import import_paths
from lantian.places.store import load_folder
from lantian.web import create_app
from lantian.web.security import COOKIE
from tests.forecast import made

from .layout import ALL, DESK, PHONE  # noqa: F401  (tests take them from here)

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

EXAMPLE = Path(__file__).parents[2] / "examples" / "beijing"
NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing
MEASURES = ALL
FIRST = (2016, 11, 25)  # hours before December, so that rolling means and the first heavy days are whole


@pytest.fixture(scope="session")
def beijing(
    server: str, administration: psycopg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """The loaded example; read only."""
    name = f"lantian_beijing_{secrets.token_hex(6)}"
    administration.execute(f"create database {name} template {template}")
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    folder = tmp_path_factory.mktemp("beijing")
    try:
        settings = Settings(home=folder / "home", database_url=url, example=True)
        with open_platform(settings=settings) as opened:
            accounts.ensure_administrator(opened.engine)
            accounts.ensure_example(opened.engine, True)
            load_folder(opened.engine, EXAMPLE, "example", home=opened.home)
            import_paths(opened, [*hours(folder), cities()], actor="example")
            targets(opened)
            opened.clock.set_simulated(NOW, paused=True)
            forecasts(opened)
            yield opened
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


def hours(folder: Path) -> list[Path]:
    """The station files cut to `FIRST` and later, under their own names."""
    cut = []
    for path in sorted((EXAMPLE / "data" / "beijing_hourly").glob("PRSA_*.csv.gz")):
        head, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        kept = [line for line in lines if tuple(map(int, line.split(",", 4)[1:4])) >= FIRST]
        target = folder / path.name.removesuffix(".gz")
        target.write_text("\n".join((head, *kept)) + "\n", encoding="utf-8")
        cut.append(target)
    return cut


def cities() -> Path:
    """The cities' published days, whole."""
    return next((EXAMPLE / "data").glob("cities28_daily_*.csv.gz"))


def targets(platform: Platform) -> None:
    """The example's targets that state a limit."""
    records, parents = Records(platform.engine), {}
    for stated in tomllib.loads((EXAMPLE / "example.toml").read_text("utf-8"))["targets"]:
        if "limit" not in stated:
            continue
        parents[stated["id"]] = records.put_target(
            Target(
                place=stated["place"],
                quantity=stated["quantity"],
                period=periods.parse(stated["period"]),
                limit=stated["limit"],
                parent=parents.get(stated.get("parent")),
                source=stated["name"],
                example=True,
            ),
            actor="example",
        )


def forecasts(platform: Platform) -> None:
    """The forecast of the evening, by formula."""
    store, products = RunStore(platform), made.products()
    for mode, more in (
        ("history", {}),
        ("perfect", {"fields": made.fields(cells=24, length=12), "shares": made.shares()}),
    ):
        store.put(store.begin(made.ISSUE, mode, actor="example"), **products, **more, actor="example")


def token(platform: Platform, login: str) -> str:
    """A session of an account: `admin`, or a role of the example."""
    account = accounts.get_account(platform.engine, login) or accounts.get_account(platform.engine, f"example-{login}")
    assert account is not None
    return accounts.open_session(platform.engine, account)


@pytest.fixture(scope="session")
def beijing_analyst(beijing: Platform) -> Iterator[TestClient]:
    """The one client behind `beijing_client`."""
    from .conftest import TestClient

    with TestClient(create_app(beijing), follow_redirects=False, raise_server_exceptions=False) as client:
        client.cookies.set(COOKIE, token(beijing, "analyst"))
        yield client


@pytest.fixture
def beijing_client(beijing_analyst: TestClient) -> TestClient:
    """A client of the loaded example, signed in as its analyst, who has chosen no language or look yet; it follows no
    redirect.
    """
    for choice in ("lang", "look"):
        beijing_analyst.cookies.delete(choice)
    return beijing_analyst


@pytest.fixture(scope="session")
def beijing_live(beijing: Platform) -> Iterator[str]:
    """Address of a live server of the loaded example."""
    from .conftest import served

    with served(beijing) as address:
        yield address


@contextmanager
def windows(chromium: Browser, platform: Platform, address: str) -> Iterator[Callable[..., Any]]:
    """Opens browser windows on a live server; what they complain of is checked at the end."""
    from .conftest import Visitor

    opened: list[Visitor] = []

    def act(path: str, login: str | None = "analyst", size: dict[str, int] = DESK, **context: Any) -> Visitor:
        window = chromium.new_context(
            viewport=size, accept_downloads=True, locale="zh-CN", timezone_id="America/New_York", **context
        )
        window.set_default_timeout(20_000)
        if login is not None:
            window.add_cookies([{"name": COOKIE, "value": token(platform, login), "url": address}])
        visitor = Visitor(window.new_page())
        opened.append(visitor)
        visitor.page.goto(address + path)
        return visitor

    yield act
    for visitor in opened:
        visitor.page.context.close()
    for visitor in opened:
        visitor.check(address)


@pytest.fixture
def visit(chromium: Browser, beijing: Platform, beijing_live: str) -> Iterator[Callable[..., Any]]:
    """Open a page of the loaded example: `visit("/now", login="citizen", size=PHONE)`; gives a `Visitor` whose
    complaints are checked at the end of the test.
    """
    with windows(chromium, beijing, beijing_live) as act:
        yield act


@pytest.fixture
def fresh(platform: Platform) -> Platform:
    """A platform of the test's own, without places or data, with the example's accounts; its clock stands in a
    replay.
    """
    opened = dataclasses.replace(platform, settings=platform.settings.model_copy(update={"example": True}))
    accounts.ensure_example(opened.engine, True)
    opened.clock.set_simulated(NOW, paused=True)
    return opened


@pytest.fixture
def fresh_client(fresh: Platform) -> Iterator[TestClient]:
    """A client of `fresh`, signed in as its analyst."""
    from .conftest import TestClient

    with TestClient(create_app(fresh), follow_redirects=False, raise_server_exceptions=False) as client:
        client.cookies.set(COOKIE, token(fresh, "analyst"))
        yield client


@pytest.fixture
def visit_fresh(chromium: Browser, fresh: Platform) -> Iterator[Callable[..., Any]]:
    """As `visit`, on a live server of `fresh`."""
    from .conftest import served

    with served(fresh) as address, windows(chromium, fresh, address) as act:
        yield act
