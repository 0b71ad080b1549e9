"""The page of weather forecasts that were laid down: what it says of each, and who may issue with one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from lantian.forecast.inbox import FOLDER
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import list_jobs
from tests.forecast.test_foreseen import ISSUE
from tests.forecast.test_inbox import HOUR, lay

pytestmark = pytest.mark.requirement("F1", part="weather forecasts from files drive a forecast")


@pytest.fixture
def laid(site: Platform) -> Iterator[Platform]:
    """Two deliveries at the evening of an issue: one that will do, one that is too short."""
    site.clock.set_simulated(ISSUE + 2 * HOUR, paused=True)
    lay(site.home, "long", -6, 60)
    lay(site.home, "short", -3, 12)
    yield site
    shutil.rmtree(site.home / FOLDER)


def test_what_can_be_used_is_named_and_issued_with(
    laid: Platform, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    sign_in("forecaster")
    page = client.get("/forecast/weather").text
    assert "可用的最新一批是 long" in page
    assert "时段不够长" in page
    assert page.count("用它起报</button>") == 1
    assert client.post("/forecast/weather", data={"name": "long"}).status_code == 303
    (job,) = [one for one in list_jobs(laid.engine) if one.task == "forecast.weather"]
    assert job.arguments == {"name": "long", "issue": ISSUE.isoformat()}
    assert "正在用气象预报起报" in client.get("/forecast/weather").text
    refused = client.post("/forecast/weather", data={"name": "short"})
    assert refused.status_code == 422
    assert "short" in refused.text
    assert client.post("/forecast/weather", data={"name": "../x"}).status_code == 404


def test_readers_see_no_button_and_no_folder_of_the_server(
    laid: Platform, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    sign_in("mayor")
    page = client.get("/forecast/weather").text
    assert "可用的最新一批是 long" in page
    assert "用它起报</button>" not in page
    assert str(laid.home) not in page
    assert client.post("/forecast/weather", data={"name": "long"}).status_code == 403


def test_without_files_it_says_where_to_put_them(
    site: Platform, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    sign_in("forecaster")
    page = client.get("/forecast/weather").text
    assert "还没有气象预报文件" in page
    assert f"{site.home / FOLDER}/" in page
