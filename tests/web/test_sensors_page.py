"""Sensors and polled sources on their pages and in the interface: the example's invented network as people see it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.observations import alerts
from lantian.observations.polling.service import Polls
from lantian.observations.sensors import example
from lantian.observations.sensors.service import Sensors
from lantian.observations.store import ObservationStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web import create_app
from lantian.web.security import COOKIE

from .beijing import ALL, DESK, NOW, PHONE, token

COUNTY = {"1003A": "110105", "1004A": "110105"}
POSITIONS = {
    "1001A": (116.362, 39.878), "1003A": (116.417, 39.929), "1004A": (116.407, 39.886), "1005A": (116.462, 39.937),
    "1006A": (116.339, 39.930), "1007A": (116.288, 39.961), "1008A": (116.664, 40.135), "1010A": (116.230, 40.217),
    "1011A": (116.397, 39.982), "1012A": (116.184, 39.914),
}  # fmt: skip


@pytest.fixture
def micro(fresh: Platform) -> Platform:
    """Ten stations with 46 days of invented hours, and the example's sensors around them."""
    places = PlaceStore(fresh.engine)
    regions = [Region("110000", "北京市", "Beijing"), Region("110105", "朝阳区"), Region("110102", "西城区")]
    places.put_regions(regions, "test")
    stations = [
        Station(code, f"站{code}", "state", COUNTY.get(code, "110102"), *position)
        for code, position in POSITIONS.items()
    ]
    places.put_stations(stations, "test")
    start, hours = NOW - timedelta(days=46), np.arange(46 * 24)
    draw = np.random.default_rng(1)
    city = 80 + 60 * np.sin(hours / 31) + 15 * np.sin(hours / 4)
    frames = [
        pl.DataFrame(
            {
                "place": code,
                "time": [start + timedelta(hours=int(h)) for h in hours],
                "pm25": np.round(np.maximum(5, city * draw.uniform(0.9, 1.1) + 6 * draw.standard_normal(hours.size))),
                "temperature": 2 + 6 * np.sin(hours * 2 * np.pi / 24),
                "dew_point": -6 + 3 * np.sin(hours / 50),
            },
            schema_overrides={"time": pl.Datetime("us", "UTC")},
        )
        for code in POSITIONS
    ]
    ObservationStore(fresh).append(pl.concat(frames), "hour", "test")
    assert example.install(fresh, {"sensors": True}, "example", Progress()) == 8
    return fresh


@pytest.fixture
def as_role(micro: Platform) -> Callable[[str], TestClient]:
    """A client in a role of the example."""

    def act(role: str) -> TestClient:
        client = TestClient(create_app(micro), follow_redirects=False, raise_server_exceptions=False)
        client.cookies.set(COOKIE, token(micro, role))
        return client

    return act


@pytest.mark.requirement("M3", part="page: state, calibrations with scores, strangers")
def test_the_pages_say_how_many_report_and_drift_and_how_far_each_may_be_believed(
    micro: Platform, as_role: Callable[[str], TestClient]
) -> None:
    analyst = as_role("analyst")
    page = analyst.get("/sensors").text
    assert "8 个传感器中 7 个在线，3 个漂移或故障" in page
    assert "lantian/beijing/MS-77" in page
    assert "未知单位，应为 ug/m3" in page
    assert "7 of 8 sensors report, 3 drift or fail" in analyst.get("/sensors?lang=en").text
    silent = analyst.get("/sensors?state=silent&lang=zh").text
    assert "MS-07" in silent
    assert "MS-01</span>" not in silent
    one = analyst.get("/sensors/MS-05?lang=zh").text
    assert "增益漂移" in one
    assert "组网盲校准" in one
    chart = json.loads(one.split('data-chart="sensor"><script type="application/json">')[1].split("</script>")[0])
    assert [series["name"] for series in chart["series"]] == ["原始值", "校准值", "周边标准站"]
    assert all(any(value is not None for _, value in series["points"]) for series in chart["series"])
    assert analyst.get("/sensors/nobody").status_code == 404
    assert analyst.get("/sensors/MS-05?days=900").status_code == 422
    assert as_role("citizen").get("/sensors").status_code == 403
    mayor = as_role("mayor").get("/sensors")
    assert mayor.status_code == 200
    assert "MS-77" not in mayor.text


def test_the_interface_gives_sensors_hours_and_calibrations(as_role: Callable[[str], TestClient]) -> None:
    analyst = as_role("analyst")
    listed = analyst.get("/api/v1/sensors").json()
    assert [row["sensor"] for row in listed] == [f"MS-0{n}" for n in range(1, 9)]
    hours = analyst.get("/api/v1/sensors/MS-01?start=2016-12-10&end=2016-12-12").json()
    assert len(hours) == 48
    assert {"pm25", "pm25_calibrated", "pm25_version", "humidity"} <= hours[0].keys()
    [version] = analyst.get("/api/v1/sensors/MS-01/calibrations").json()
    assert (version["method"], version["reference"]) == ("beside", "1004A")
    assert version["rmse_after"] < 0.5 * version["rmse_before"]
    assert analyst.get("/api/v1/sensors/MS-01?format=csv").text.startswith("sensor,time,")
    for wrong in (
        "start=2016-12-12&end=2016-12-10",
        "start=2001-01-01",
        "end=0001-01-01",
        "start=0001-01-01&end=0001-01-02",
    ):
        assert analyst.get(f"/api/v1/sensors/MS-01?{wrong}").status_code == 422, wrong
    assert analyst.get("/api/v1/sensors/nobody").status_code == 404
    assert as_role("citizen").get("/api/v1/sensors").status_code == 403


def test_who_sees_one_district_sees_its_sensors(micro: Platform, as_role: Callable[[str], TestClient]) -> None:
    accounts.ensure_administrator(micro.engine)
    account = accounts.get_account(micro.engine, "example-county")
    assert account is not None
    accounts.grant(micro.engine, "test", account.id, "county", region="110105")
    for one in account.grants:
        if one.id is not None:
            accounts.revoke_grant(micro.engine, "test", account.id, one.id)
    county = as_role("county")
    seen = {row["sensor"] for row in county.get("/api/v1/sensors").json()}
    assert seen == {"MS-01", "MS-03"}
    assert county.get("/sensors/MS-02").status_code == 404
    assert "2 个传感器中 2 个在线" in county.get("/sensors").text


@pytest.mark.requirement("M3", part="calibration takes the known errors out")
def test_our_own_calibration_takes_the_invented_errors_out_and_twice_changes_nothing(micro: Platform) -> None:
    service, hosts = Sensors(micro), {one.id: one.host for one in example.FLEET}
    until = NOW - timedelta(days=20)
    rows = service.calibrated(["MS-02", "MS-03", "MS-04"], until, NOW, as_of=NOW)
    air = ObservationStore(micro).hourly(start=until, end=NOW, items=["pm25"]).collect().rename({"pm25": "truth"})
    both = rows.with_columns(pl.col("sensor").replace_strict(hosts).alias("place")).join(air, on=["place", "time"])
    errors = both.group_by("sensor").agg(
        (pl.col("pm25") - pl.col("truth")).pow(2).mean().sqrt().alias("raw"),
        (pl.col("pm25_calibrated") - pl.col("truth")).pow(2).mean().sqrt().alias("calibrated"),
    )
    assert (errors["calibrated"] < 0.6 * errors["raw"]).all(), errors
    raised = alerts.listed(micro.engine, [(None, None)], as_of=NOW, kind="drift")
    assert {one.alert.subject for one in raised} == {"MS-05", "MS-06", "MS-07"}
    assert example.install(micro, {"sensors": True}, "example", Progress()) == 0
    assert example.install(micro, {}, "example", Progress()) == 0
    versions = service.store.versions(as_of=NOW)
    assert len(versions) == 8
    service.calibrate_blind("beijing", "pm25", NOW - timedelta(days=45), until, "test")
    newest = [one for one in service.store.versions(as_of=NOW) if one.version == 2]
    assert {one.sensor for one in newest} == {f"MS-0{n}" for n in range(3, 9)}


def test_a_source_that_fails_is_shown_with_its_words(fresh: Platform, fresh_client: TestClient) -> None:
    assert "没有拉取源" in fresh_client.get("/polling").text
    folder = fresh.home / "feeds"
    folder.mkdir(parents=True)
    text = """
feed: gauges
zh: 水位
en: Gauges
about: {zh: 水位, en: Gauges}
owner: ecology
sensitivity: open
key: [gauge]
fields: [{name: gauge, type: text, zh: 站, en: Gauge}]
source: {kind: poll, url: "http://0.0.0.0/x?key=secret", format: csv, every: 1 h, window: 24 h}
"""
    (folder / "gauges.yaml").write_text(text, encoding="utf-8")
    assert "尚未拉取" in fresh_client.get("/polling").text
    assert "never asked" in Polls(fresh).poll("gauges").error
    page = fresh_client.get("/polling").text
    assert "1 个拉取源中 1 个失败" in page
    assert "never asked" in page
    assert "secret" not in page


@pytest.mark.requirement("K3", part="sensors on desk and phone")
def test_the_pages_lie_well_on_desk_and_phone(micro: Platform, visit_fresh: Callable[..., Any]) -> None:
    for path, size, language in (("/sensors", DESK, "zh"), ("/sensors/MS-01", PHONE, "en"), ("/sensors", PHONE, "zh")):
        page = visit_fresh(f"{path}?lang={language}", size=size).page
        for measure in ALL[:2]:
            assert page.evaluate(measure) == [], (path, size, language)
