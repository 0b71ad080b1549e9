"""The page of weather forecasts that were laid down: what it says of each, and who may issue with one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import polars as pl
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from lantian.forecast import tables
from lantian.forecast.inbox import FOLDER
from lantian.forecast.store import RunStore
from lantian.forecast.store_files import SCHEMAS
from lantian.kernel import audit
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


@pytest.fixture
def put(laid: Platform) -> Iterator[Callable[[int], None]]:
    """Puts the evening's forecast, whose weather was corrected by so many issues before."""
    store = RunStore(laid)
    run = store.begin(ISSUE, "weather", actor="test")
    none = {name: pl.DataFrame(schema=dict(SCHEMAS[name])) for name in ("values", "outlook", "hours", "clearing")}
    given = {"temperature": 4.0, "pressure": 1010.0, "dew_point": -3.0, "rain": 0.0, "wind_direction": 0.0}
    used = {"temperature_used": 3.0, "pressure_used": 1010.0, "dew_point_used": -3.0, "wind_speed_used": 3.5}
    row = {"issue": ISSUE, "place": "1001A", "time": ISSUE, "wind_speed": 3.0} | given | used

    def put(issues: int) -> None:
        told = pl.DataFrame([row | {"issues": issues}], schema=dict(SCHEMAS["weather"]), orient="row")
        store.put(run, **none, weather=told, fields=None, actor="test")

    yield put
    with audit.act(laid.engine, "test", "taken away") as connection:
        connection.execute(sa.delete(tables.run).where(tables.run.c.id == run.id))
    shutil.rmtree(store.folder(run))


@pytest.mark.requirement("F1", part="weather forecasts are corrected at the stations by what they lately got wrong")
def test_the_page_says_how_far_the_weather_was_corrected(
    put: Callable[[int], None], client: TestClient, sign_in: Callable[[str], None]
) -> None:
    sign_in("forecaster")
    assert 'id="corrected"' not in client.get("/forecast/weather").text
    put(0)
    assert "站点气象按文件原值使用" in client.get("/forecast/weather").text
    put(9)
    page = client.get("/forecast/weather").text
    assert "按此前 9 次起报的误差订正：气温 −1.0（平均改动 1.0）℃" in page
    assert "风速 +0.5（平均改动 0.5）m/s" in page
    english = client.get("/forecast/weather?lang=en").text
    assert "air temperature −1.0 (1.0 either way) ℃" in english
