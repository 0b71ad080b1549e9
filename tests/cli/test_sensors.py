"""`lantian sensors` and `lantian poll`: from a list and a broker to calibrations; what fails is an exit code."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.observations.sensors.mqtt import Incoming
from lantian.observations.sensors.service import Sensors
from lantian.observations.store import ObservationStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from tests.observations.sensors.broker import Broker

START = datetime(2026, 9, 1, tzinfo=UTC)
HOURS = 24 * 12
LIST = "id,network,name,region,lon,lat,items,since,every\nS1,east,东一,110105,116.40,39.90,pm25,2026-09-01,3600\n"


@pytest.fixture
def place(platform):
    platform.clock.set_simulated(START + timedelta(hours=HOURS), paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市"), Region("110105", "朝阳区")], "test")
    places.put_stations([Station("R1", "标准站", "state", "110105", 116.41, 39.9)], "test")
    frame = pl.DataFrame({"place": "R1", "time": times(), "pm25": truth()})
    ObservationStore(platform).append(frame.with_columns(pl.col("time").cast(pl.Datetime("us", "UTC"))), "hour", "test")
    return platform


def times():
    return [START + timedelta(hours=hour) for hour in range(HOURS)]


def truth():
    return np.round(60 + 40 * np.sin(np.arange(HOURS) / 17))


def payload():
    rows = [{"time": at.isoformat(), "pm25": 1.5 * one + 10} for at, one in zip(times(), truth(), strict=True)]
    return json.dumps({"rows": rows, "period": 3600}).encode()


@pytest.mark.requirement("M3", part="commands")
def test_a_sensor_from_the_list_to_its_calibration(commands, place, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text(LIST, encoding="utf-8")
    assert "no sensor is registered" in commands.refusal("sensors", "show", code=3)
    assert commands.value("sensors", "register", file)["written"] == 1
    assert commands.value("sensors", "register", file)["written"] == 0
    span = ("--from", "2026-09-01", "--to", "2026-09-13")
    assert "0 hours" in commands.refusal("sensors", "calibrate", "S1", "--reference", "R1", *span, code=2)
    Sensors(place).take([Incoming("lantian/east/S1/data", payload())])
    [made] = commands.value("sensors", "calibrate", "S1", "--reference", "标准站", *span)["calibrations"]
    assert (made["version"], made["method"], made["reference"]) == (1, "beside", "R1")
    assert made["coefficients"]["gain"] == pytest.approx(1 / 1.5, rel=0.02)
    assert made["gain_percent"] > 90
    assert "either --reference" in commands.refusal("sensors", "calibrate", "S1", *span, code=2)
    blind = commands.value("sensors", "calibrate", "east", "--blind", *span)
    assert blind == {"calibrations": [], "failed": []}  # it was calibrated beside a station
    shown = commands.value("sensors", "show", "S1")
    assert shown["hours"][-1]["pm25_calibrated"] == pytest.approx(truth()[-1], abs=1)
    assert "S1" in commands.run("sensors", "show").output
    assert commands.value("sensors", "drift") == {"troubles": []}
    place.clock.set_simulated(START + timedelta(hours=HOURS + 12), paused=True)
    [trouble] = commands.value("sensors", "drift", "--watch", code=1)["troubles"]
    assert (trouble["sensor"], trouble["kind"]) == ("S1", "dead")


def test_a_listener_takes_what_a_broker_has_and_ends_when_asked(commands, place, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text(LIST, encoding="utf-8")
    commands.value("sensors", "register", file)
    assert "expected mqtt://" in commands.refusal("sensors", "listen", "--broker", "http://x", code=2)
    with Broker() as broker:
        words = ["sensors", "listen", "--broker", f"mqtt://127.0.0.1:{broker.port}", "--json"]
        command = [sys.executable, "-c", "from lantian.cli import main; main()", *words]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **commands.environment})
        wait(lambda: any(len(one.patterns) == 2 for one in broker.sessions.values()))
        broker.publish("lantian/east/S1/data", payload())
        broker.publish("lantian/east/S2/data", payload())
        wait(lambda: broker.acknowledged == 2)
        running.send_signal(signal.SIGTERM)
        told, _ = running.communicate(timeout=20)
    assert json.loads(told) == {"values": HOURS, "refused": 0, "strangers": 1}
    assert Sensors(place).hours(["S1"], START, START + timedelta(hours=HOURS))["pm25"].len() == HOURS


def wait(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.requirement("M1", part="polling from the command line")
def test_a_source_is_asked_and_its_failure_is_an_exit_code(commands, platform):
    assert "no feed has a source" in commands.refusal("poll", code=3)
    assert "there is no feed 'gauges'" in commands.refusal("poll", "gauges", code=2)
    folder = platform.home / "feeds"
    folder.mkdir(parents=True)
    (folder / "gauges.yaml").write_text(
        "{feed: gauges, zh: 水位, en: Gauges, about: {zh: 水位, en: Gauges}, owner: ecology, sensitivity: open, "
        "key: [gauge], fields: [{name: gauge, type: text, zh: 站, en: Gauge}], "
        'source: {kind: poll, url: "http://0.0.0.0/", format: csv, every: 1 h, window: 24 h}}',
        encoding="utf-8",
    )
    [one] = commands.value("poll", "gauges", code=1)["polled"]
    assert "never asked" in one["error"]
    assert commands.value("poll") == {"polled": []}  # not due yet
