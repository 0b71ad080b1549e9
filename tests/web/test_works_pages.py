"""The pages of construction sites, vehicles and open burning on the example: what they say, to whom, and how fast."""

import secrets
import time
import tomllib
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from lantian.kernel import accounts
from lantian.kernel.bootstrap import open_platform
from lantian.kernel.settings import Settings
from lantian.observations.burning import example
from lantian.observations.construction.service import Construction
from lantian.observations.feeds.service import Feeds
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.telemetry import TelemetryStore
from lantian.places.store import load_folder
from lantian.web import create_app
from lantian.web.security import COOKIE

from .beijing import EXAMPLE, NOW, token

FEEDS = (
    "construction_site", "construction_check", "remote_sensing_gate", "vehicle_passing", "traffic_flow", "warden",
    "burning_alert", "fire_hotspot",
)  # fmt: skip
FIRMS = b"latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,frp,daynight\n"


@pytest.fixture(scope="module")
def works(server, administration, template, tmp_path_factory):
    """The example's places and accounts, our feeds, a day of minutes of two sites."""
    name = f"lantian_works_{secrets.token_hex(6)}"
    administration.execute(f"create database {name} template {template}")
    config = tomllib.loads((EXAMPLE / "example.toml").read_text("utf-8"))
    regions = {one["role"]: one["region"] for one in config["accounts"] if "region" in one}
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    try:
        settings = Settings(home=tmp_path_factory.mktemp("works") / "home", database_url=url, example=True)
        with open_platform(settings=settings) as opened:
            accounts.ensure_administrator(opened.engine)
            accounts.ensure_example(opened.engine, True, regions)
            load_folder(opened.engine, EXAMPLE, "example", home=opened.home)
            opened.clock.set_simulated(NOW, paused=True)
            feeds = Feeds(opened)
            for feed in FEEDS:
                feeds.put(
                    feed, EXAMPLE / "feeds" / feed / f"{feed}_example.csv", "example", known_at="time", example=True
                )
            example.install(opened, "example")
            _minutes(opened)
            Construction(opened).watch()
            yield opened
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


def _minutes(platform):
    since = datetime(2016, 1, 1, tzinfo=UTC)
    Register(platform).put(
        [
            Device(f"T{site}", "dust", "39", f"示例 {site}", region, since, password="123456", site=site, example=True)
            for site, region in (("site-01", "110105"), ("site-02", "110108"))
        ],
        "test",
    )
    start = NOW - timedelta(hours=24)
    rows = [
        (f"T{site}", "minute", item, start + timedelta(minutes=minute), 150 + 60 * (minute // 240 % 2) + extra)
        for site, extra in (("site-01", 0.0), ("site-02", 200.0))
        for item in ("pm10", "tsp")
        for minute in range(24 * 60)
    ]
    frame = pl.DataFrame(rows, schema=["device", "resolution", "item", "time", "value"], orient="row")
    TelemetryStore(platform).append(frame.with_columns(known_at=pl.col("time") + pl.duration(minutes=1)), "test")


@pytest.fixture
def as_(works):
    """A client in a role, or the public."""
    opened = []

    def act(role=""):
        client = TestClient(
            create_app(works),
            headers={"origin": "http://testserver"},
            follow_redirects=False,
            raise_server_exceptions=False,
        )
        if role:
            client.cookies.set(COOKIE, token(works, role))
        opened.append(client)
        return client

    yield act
    for client in opened:
        client.close()


PATHS = ("/construction", "/construction/site-02", "/vehicles", "/burning", "/burning/1", "/burning/mine")


@pytest.mark.parametrize("path", PATHS)
def test_every_page_answers_first_in_both_languages_within_a_second(as_, path):
    client = as_("county" if path == "/burning/mine" else "analyst")
    for language, word in (("zh", "示例"), ("en", "example")):
        began = time.perf_counter()
        answer = client.get(path, params={"lang": language})
        assert answer.status_code == 200, answer.text[:500]
        assert "<h1>" in answer.text
        assert time.perf_counter() - began < 5  # the page itself is measured in docs; a shared machine may be slow
        if path != "/burning/mine":
            assert word in answer.text
    assert "style=" not in answer.text


def test_who_may_see_nothing_is_led_to_the_login(as_):
    for path in PATHS:
        assert as_().get(path).status_code in (303, 401)
    assert as_("forecaster").get("/burning/mine").status_code == 403
