"""Sensors of a platform: taken, calibrated by version, handed on, watched; what is wrong is kept and listed."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.observations import alerts
from lantian.observations.sensors.calibration import CalibrationError
from lantian.observations.sensors.drift import Trouble
from lantian.observations.sensors.mqtt import Incoming
from lantian.observations.sensors.service import Sensors
from lantian.observations.sensors.store import Sensor
from lantian.observations.store import ObservationStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 30
END = START + timedelta(days=DAYS)
EVERYWHERE = [(None, None)]


def made(number=1, **more):
    values = {"id": f"s{number}", "network": "east", "name": f"微站 {number}", "region": "110105", "every": 3600,
              "lon": 116.4 + number / 100, "lat": 39.9, "items": ("pm25",), "since": START}  # fmt: skip
    return Sensor(**values | more)


@pytest.fixture
def rooms(platform):
    """Stations with hours; the clock stands at the end of September."""
    platform.clock.set_simulated(END, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市"), Region("110105", "朝阳区")], "test")
    stations = [Station(f"R{n}", f"站 {n}", "state", "110105", 116.4 + n / 50, 39.91) for n in range(3)]
    stations.append(Station("M1", "微站一", "micro", "110105", 116.41, 39.9))
    places.put_stations(stations, "test")
    frame = pl.concat(
        [air().with_columns(pl.lit(one.code).alias("place"), pl.col("pm25") + n) for n, one in enumerate(stations[:3])]
    ).select("place", "time", "pm25")
    ObservationStore(platform).append(frame, "hour", "test")
    return platform


def air():
    hours = np.arange(24 * DAYS)
    return pl.DataFrame(
        {
            "time": [START + timedelta(hours=int(h)) for h in hours],
            "pm25": np.round(60 + 35 * np.sin(hours / 29) + 10 * np.sin(hours / 3), 1),
            "humidity": 55 + 30 * np.sin(hours * 2 * np.pi / 24),
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


def message(sensor, rows, **more):
    return Incoming(f"lantian/{more.pop('network', 'east')}/{sensor}/data", json.dumps({"rows": rows, **more}).encode())


def said(gain=1.5, offset=10.0, hours=slice(None)):
    return [
        {
            "time": row["time"].isoformat(),
            "pm25": gain * row["pm25"] + offset,
            "temperature": 12,
            "humidity": row["humidity"],
        }
        for row in air().to_dicts()[hours]
    ]


@pytest.mark.requirement("M3", part="raw kept, calibrated by version")
def test_a_sensor_is_taken_calibrated_beside_a_station_and_its_hours_go_on(rooms):
    service = Sensors(rooms)
    service.store.put([made(station="M1")], "analyst")
    taken = service.take([message("s1", said(), period=3600)])
    assert (taken.values, taken.refused, taken.strangers) == (3 * 24 * DAYS, 0, 0)
    [version] = service.calibrate("s1", "R0", START, END, "analyst")
    assert (version.version, version.method, version.reference, version.made_by) == (1, "beside", "R0", "analyst")
    assert version.fitted.gain_percent > 90
    rows = service.calibrated(["s1"], START, END)
    truth = air()["pm25"]
    assert (rows["pm25"] - (1.5 * truth + 10)).abs().max() < 1e-6
    assert (rows["pm25_calibrated"] - truth).abs().mean() < 0.5
    assert rows["pm25_version"].unique().to_list() == [1]
    assert service.publish(START, END, "job") == 24 * DAYS
    stored = ObservationStore(rooms).hourly(["M1"], items=["pm25"]).collect().sort("time")
    assert (stored["pm25"] - truth).abs().mean() < 0.5
    assert service.publish(START, END, "job") == 0


def test_a_later_version_holds_from_its_beginning_on_and_the_earlier_before(rooms):
    service = Sensors(rooms)
    service.store.put([made()], "analyst")
    half = 12 * DAYS
    service.take(
        [
            message("s1", said(1.5, 10, slice(0, half)), period=3600),
            message("s1", said(3, 0, slice(half, None)), period=3600),
        ]
    )
    middle = START + timedelta(hours=half)
    service.calibrate("s1", "R0", START, middle, "analyst")
    rooms.clock.set_simulated(END + timedelta(days=1), paused=True)
    [second] = service.calibrate("s1", "R0", middle, END, "analyst")
    assert second.version == 2
    rows = service.calibrated(["s1"], START, END)
    assert rows["pm25_version"].to_list() == [1] * half + [2] * half
    assert (rows["pm25_calibrated"] - air()["pm25"]).abs().mean() < 1
    assert service.calibrated(["s1"], START, END, as_of=END)["pm25_version"].unique().to_list() == [1]


@pytest.mark.requirement("M3", part="wrong messages kept, strangers listed")
def test_wrong_messages_are_kept_and_strangers_listed_with_one_alert(rooms):
    service = Sensors(rooms)
    service.store.put([made()], "analyst")
    batch = [
        Incoming("lantian/east/s1/data", b"\x00garbage"),
        Incoming("nothing/of/ours", b"{}"),
        message("s1", [{"time": "2026-09-30T01:00:00Z", "pm25": "\ud800\0", "dust": 1}]),
        message("s9", said()[:2]),
        message("s1", said()[:2], network="west"),
        Incoming("lantian/east/s1/status", b'{"battery": 40, "state": "fault"}'),
    ]
    taken = service.take(batch)
    assert (taken.values, taken.refused, taken.strangers) == (0, 4, 2)
    kept = service.store.refused(as_of=END)
    assert [(one["field"], one["row"]) for one in kept] == [("dust", 1), ("pm25", 1), ("topic", 0), ("payload", 0)]
    assert all(one["zh"] and one["en"] for one in kept)
    assert {(one["network"], one["sensor"]) for one in service.store.strangers(as_of=END)} == {
        ("east", "s9"),
        ("west", "s1"),
    }
    raised = alerts.listed(rooms.engine, EVERYWHERE, as_of=END, kind="stranger")
    assert sorted(one.alert.subject for one in raised) == ["east/s9", "west/s1"]
    service.take(batch)
    assert len(alerts.listed(rooms.engine, EVERYWHERE, as_of=END, kind="stranger")) == 2
    assert service.store.states()["s1"].battery == 40
    service.store.put([made(9)], "analyst")
    assert [one["network"] for one in service.store.strangers(as_of=END)] == ["west"]
    assert service.store.forget(END + timedelta(days=31)) == 9


def test_late_values_and_corrections(rooms):
    service = Sensors(rooms)
    service.store.put([made(every=60)], "analyst")
    minute = [{"time": (START + timedelta(minutes=m)).isoformat(), "pm25": 10.0} for m in range(60)]
    service.take([message("s1", minute[:30], sent="2026-09-01T10:00:00+08:00")])
    assert service.hours(["s1"], START, END)["pm25"].to_list() == [None]
    service.take([message("s1", minute[30:])])
    assert service.hours(["s1"], START, END)["pm25"].to_list() == [10.0]
    service.take([message("s1", [dict(minute[0], pm25=70.0)], sent="2026-09-01T12:00:00+08:00")])
    service.take([message("s1", minute[:30], sent="2026-09-01T10:00:00+08:00")])
    assert service.hours(["s1"], START, END)["pm25"].to_list() == [11.0]


def test_a_network_is_calibrated_blind_and_watched(rooms):
    service = Sensors(rooms)
    service.store.put([made(n) for n in range(1, 5)], "analyst")
    # The fourth breaks on the 25th.
    broken = said(1.2, 0, slice(0, 24 * 24))
    service.take(
        [message(f"s{n}", said(1 + n / 5, 5 * n), period=3600) for n in range(1, 4)]
        + [message("s4", broken, period=3600)]
    )
    found = service.calibrate_blind("east", "pm25", START, END, "analyst")
    assert set(found) == {"s1", "s2", "s3", "s4"}
    assert all(one.anchored and one.calibration for one in found.values())
    rows = service.calibrated(["s1", "s2", "s3"], START, END).join(air().select("time", truth="pm25"), on="time")
    assert (rows["pm25_calibrated"] - rows["truth"]).abs().mean() < 4
    troubles = service.watch("job")
    assert [(one.sensor, one.kind) for one in troubles] == [("s4", "dead")]
    [one] = alerts.listed(rooms.engine, EVERYWHERE, as_of=END, kind="drift")
    assert (one.alert.subject, one.alert.link) == ("s4", "/sensors/s4")
    service.watch("job")
    assert len(alerts.listed(rooms.engine, EVERYWHERE, as_of=END, kind="drift")) == 1
    service.take([message("s4", said(1.2, 0, slice(24 * 24, None)), period=3600)])
    assert service.watch("job") == []
    assert alerts.listed(rooms.engine, EVERYWHERE, as_of=END, kind="drift", waiting=True) == []


def test_a_drift_whose_beginning_moves_is_one_alert_until_it_ends(rooms, monkeypatch):
    service = Sensors(rooms)
    service.store.put([made()], "analyst")
    for day in range(3):
        since = END - timedelta(days=9 - day)
        lasting = Trouble("s1", "gain", since, since + timedelta(days=6), None, 1.4)
        monkeypatch.setattr(service, "troubles", lambda now, lasting=lasting: [lasting])
        assert service.watch("job") == [lasting]
    assert len(alerts.listed(rooms.engine, EVERYWHERE, as_of=END, kind="drift", waiting=True)) == 1
    monkeypatch.setattr(service, "troubles", lambda now: [])
    service.watch("job")
    assert alerts.listed(rooms.engine, EVERYWHERE, as_of=END, kind="drift", waiting=True) == []


def test_what_cannot_be_calibrated_says_why(rooms):
    service = Sensors(rooms)
    service.store.put([made()], "analyst")
    with pytest.raises(LookupError, match="no sensor 'nobody'"):
        service.calibrate("nobody", "R0", START, END, "analyst")
    with pytest.raises(LookupError, match="no station 'nowhere'"):
        service.calibrate("s1", "nowhere", START, END, "analyst")
    with pytest.raises(CalibrationError, match="0 hours"):
        service.calibrate("s1", "R0", START, END, "analyst")
    with pytest.raises(CalibrationError, match="measures pm25"):
        service.calibrate("s1", "R0", START, END, "analyst", items=["o3"])
    with pytest.raises(LookupError, match="no sensor of network 'south'"):
        service.calibrate_blind("south", "pm25", START, END, "analyst")


@pytest.mark.parametrize(("field", "value", "words"), [
    ("id", "a/b", "letters, digits"), ("items", ("dust",), "some of pm25"), ("items", (), "some of pm25"),
    ("every", 0, "1 to 3600"), ("lat", 99, "globe"), ("name", " ", "missing"), ("since", datetime(2026, 1, 1), "zone"),
])  # fmt: skip
def test_a_sensor_that_cannot_be_registered_says_why(field, value, words):
    with pytest.raises(ValueError, match=words):
        made(**{field: value})
