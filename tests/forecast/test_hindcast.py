"""What a hindcast is verified with: days and hours as frames, also of a platform to which only days came."""

from __future__ import annotations

from lantian.forecast import hindcast, history, learn, runner
from lantian.forecast.service import Forecasts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.standards.codes import POLLUTANTS
from tests.forecast import statistics_made as made


def test_a_platform_that_has_only_the_days_of_cities_is_forecast(platform: Platform) -> None:
    hourly, daily = made.frames()
    only_days = history.of_frames(hourly.clear(), daily, {})
    assert hindcast.hours_of(only_days, only_days.places).columns == ["place", "time", *POLLUTANTS]
    platform.clock.set_simulated(made.ISSUE, paused=True)
    made.load(platform, days=60, hours=False)
    calibrator = learn.train(only_days, mode="history", effort=made.UNLEARNT)
    run = runner.issue_forecast(platform, made.ISSUE, "history", calibrator, actor="test", progress=Progress())
    forecasts = Forecasts(platform)
    days = forecasts.published(run)
    assert set(days["place"]) == {made.REGION, made.FAR}
    assert sorted(set(days["lead"])) == [1, 2, 3, 4, 5, 6, 7]
    assert set(run.sources) >= {"lantian", "statistics", "persistence"}
    assert forecasts.hours(run).is_empty()
    assert forecasts.clearing(run).is_empty()
