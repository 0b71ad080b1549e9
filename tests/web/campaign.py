"""The example's places and its invented campaign, with one site a city and round; loaded once, for tests that read or
that use cases of their own.
"""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from sqlalchemy import make_url

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import Settings
from lantian.places.store import load_folder
from lantian.supervision import example
from lantian.web import create_app
from lantian.web.security import COOKIE

from .beijing import EXAMPLE, NOW, token, windows


@pytest.fixture(scope="session")
def campaign(
    server: str, administration: psycopg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """Places, accounts and the campaign."""
    name = f"lantian_campaign_{secrets.token_hex(6)}"
    administration.execute(f"create database {name} template {template}")
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    config = tomllib.loads((EXAMPLE / "example.toml").read_text("utf-8"))
    regions = {one["role"]: one["region"] for one in config["accounts"] if "region" in one}
    try:
        settings = Settings(home=tmp_path_factory.mktemp("campaign") / "home", database_url=url, example=True)
        with open_platform(settings=settings) as opened:
            accounts.ensure_administrator(opened.engine)
            accounts.ensure_example(opened.engine, True, regions)
            load_folder(opened.engine, EXAMPLE, "example", home=opened.home)
            opened.clock.set_simulated(NOW, paused=True)
            example.install(opened, {**config["campaign"], "per_city": 1}, "example", Progress())
            yield opened
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def as_role(campaign: Platform) -> Iterator[Callable[[str], TestClient]]:
    """A client of the campaign in a role: `as_role("office")`."""
    opened: list[TestClient] = []

    def act(role: str) -> TestClient:
        headers = {"origin": "http://testserver"}
        client = TestClient(
            create_app(campaign), headers=headers, follow_redirects=False, raise_server_exceptions=False
        )
        client.cookies.set(COOKIE, token(campaign, role))
        opened.append(client)
        return client

    yield act
    for client in opened:
        client.close()


@pytest.fixture(scope="session")
def campaign_live(campaign: Platform) -> Iterator[str]:
    """Address of a live server of the campaign."""
    from .conftest import served

    with served(campaign) as address:
        yield address


@pytest.fixture
def visit_campaign(chromium: Browser, campaign: Platform, campaign_live: str) -> Iterator[Callable[..., Any]]:
    """Open a page of the campaign, as `visit` does."""
    with windows(chromium, campaign, campaign_live) as act:
        yield act
