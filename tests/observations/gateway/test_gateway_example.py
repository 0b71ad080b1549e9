"""The invented fleet: three days through codec, journal and shelving, once."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from lantian.kernel.jobs import Progress
from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts
from lantian.observations.gateway import example, packets
from lantian.observations.gateway.example_fleet import FLEET
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.shelving import folder_of
from lantian.observations.gateway.standing import standings
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import TelemetryStore

UNTIL = datetime(2016, 12, 16, 20, tzinfo=TIMEZONE)


@pytest.mark.requirement("M2", part="a fleet in the example")
def test_the_fleet_speaks_for_three_days_follows_its_station_and_is_put_in_once(platform):
    platform.clock.set_simulated(UNTIL, paused=True, actor="test")
    begin = UNTIL - timedelta(days=3)
    times = pl.datetime_range(begin, UNTIL, "1h", eager=True, time_zone="Asia/Shanghai").dt.convert_time_zone("UTC")
    high = pl.DataFrame({"place": "1005A", "time": times, "pm25": 300.0, "pm10": 400.0})
    ObservationStore(platform).append(high, "hour", "test")
    count = example.install(platform, {"devices": True}, "test", Progress())
    assert 8000 < count < 9000
    assert example.install(platform, {"devices": True}, "test", Progress()) == 0
    assert example.install(platform, {}, "test", Progress()) == 0
    assert not list(folder_of(platform).iterdir())

    fleet = Register(platform).devices()
    assert [one.mn for one in fleet] == sorted(one.mn for one in FLEET)
    assert all(one.example for one in fleet)
    assert {one.site for one in fleet if one.kind == "dust"} == {f"site-0{number}" for number in range(1, 7)}
    store = TelemetryStore(platform)
    hours = store.read(resolution="hour").collect()
    assert hours.filter(device="11010539000000000000D001", item="pm10").height == 71  # the last comes after eight
    near, far = (hours.filter(device=mn, item="pm25")["value"].mean() for mn in (FLEET[9].mn, FLEET[10].mn))
    assert near > 1.5 * far  # only the first stands beside the station with the high values
    stack = hours.filter(device=FLEET[8].mn, item="so2")
    assert stack.filter(flag="F").height == 8
    normal = stack.filter(flag="N").join(
        hours.filter(device=FLEET[8].mn, item="a19001").select("time", oxygen="value"), on="time"
    )
    expected = normal["value"] * 15 / (21 - normal["oxygen"])
    assert (normal["converted"] / expected - 1).abs().max() < 0.05  # figures are sent with one decimal

    stands = {one.device.mn: one for one in standings(platform, UNTIL)}
    assert [one.device.site for one in stands.values() if one.state == "silent"] == ["site-06"]
    assert [one.device.site for one in stands.values() if one.strays] == ["site-05"]
    told = alerts.listed(platform.engine, ((None, None),), as_of=UNTIL)
    assert sorted(one.alert.kind for one in told) == ["silent", "stranger", "stranger"]
    assert all(one.alert.example for one in told)
    log = packets.packets(platform, FLEET[2].mn, as_of=UNTIL, most=5000)
    said = pl.col("qn").str.strptime(pl.Datetime("us"), "%Y%m%d%H%M%S%3f").dt.replace_time_zone("Asia/Shanghai")
    waited = log.select(pl.col("time") - said.dt.convert_time_zone("UTC")).to_series()
    assert (waited > timedelta(hours=4)).sum() == 26  # two hours of minutes, and their hours
