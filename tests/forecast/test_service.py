"""What counts as the forecast of a place, as of a moment; corrections are kept beside it; the map's bytes are exact."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lantian.forecast import service_maps as maps
from lantian.forecast.duty import Correction
from lantian.forecast.service import Forecasts, made_of
from lantian.forecast.store import Run
from lantian.forecast.store_files import checked_fields
from lantian.kernel.bootstrap import Platform
from lantian.kernel.tables import audit as trail
from lantian.standards import aqi
from lantian.standards.codes import POLLUTANTS
from tests.forecast import made

ISSUE = made.ISSUE
PLACES = ("110000", "1001A")
DAY = date(2016, 12, 17)


@pytest.fixture
def forecasts(platform: Platform) -> Forecasts:
    platform.clock.set_simulated(ISSUE, paused=True)
    return Forecasts(platform)


@pytest.fixture
def run(forecasts: Forecasts) -> Run:
    begun = forecasts.store.begin(ISSUE, "history", actor="test")
    return forecasts.store.put(begun, **made.products(ISSUE, PLACES), actor="test")


def correction(**given: object) -> Correction:
    values = {
        "place": "110000",
        "date": DAY,
        "aqi_low": 260,
        "aqi_high": 320,
        "reason": "inversion",
        "primary": ("pm25",),
    }
    return Correction(**(values | given))  # type: ignore[arg-type]


def of(frame: pl.DataFrame, day: date = DAY, place: str = "110000") -> dict[str, object]:
    return frame.filter((pl.col("date") == day) & (pl.col("place") == place)).row(0, named=True)


@pytest.mark.requirement("F5", part="a correction counts from when it was written, and both are kept 会商")
def test_a_correction_counts_from_when_it_was_written_and_nothing_is_lost(
    forecasts: Forecasts, run: Run, platform: Platform
) -> None:
    system = of(forecasts.published(run))
    assert system["source"] == "lantian"
    platform.clock.jump(ISSUE + timedelta(minutes=30))
    forecasts.correct(run, correction(), "li")
    platform.clock.jump(ISSUE + timedelta(hours=1))
    forecasts.correct(run, correction(aqi_low=210, aqi_high=260, reason="wind comes earlier"), "wang")

    now = of(forecasts.published(run))
    assert (now["source"], now["aqi_low"], now["aqi_high"], now["level_low"], now["level_high"]) == (
        "duty",
        210,
        260,
        5,
        5,
    )
    assert [now[f"p{k}"] for k in range(1, 7)] == [system[f"p{k}"] for k in range(1, 7)]
    then = of(forecasts.published(run, as_of=ISSUE + timedelta(minutes=45)))
    assert (then["aqi_low"], then["level_low"], then["level_high"]) == (260, 5, 6)
    assert of(forecasts.published(run, as_of=ISSUE)) == system
    assert of(forecasts.published(run), place="1001A")["source"] == "lantian"

    both = forecasts.outlook(run, ["110000"]).filter(pl.col("date") == DAY)
    assert set(both["source"]) == {"duty", "lantian", "model", "persistence", "statistics"}
    history = forecasts.corrections(run, ["110000"])
    assert [(each.author, each.reason) for each in history] == [("li", "inversion"), ("wang", "wind comes earlier")]
    with platform.engine.connect() as connection:
        rows = connection.execute(select(trail).where(trail.c.table_name == "forecast_correction")).all()
    assert [(row.actor, row.operation) for row in rows] == [("li", "INSERT"), ("wang", "INSERT")]
    assert "inversion" in rows[0].reason


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"date": date(2016, 12, 16)}, "no forecast for 2016-12-16"),
        ({"place": "1002A"}, "1002A has no forecast"),
        ({"aqi_low": 330}, "range within 0 to 500"),
        ({"aqi_high": 501}, "range within 0 to 500"),
        ({"primary": ()}, "name one"),
        ({"aqi_low": 20, "aqi_high": 45}, "there is none up to an AQI of 50"),
        ({"primary": ("smoke",)}, "expected some of pm25"),
        ({"reason": "  "}, "say why"),
    ],
)
def test_a_correction_that_cannot_stand_says_what_would_be_right(
    forecasts: Forecasts, run: Run, change: dict[str, object], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        forecasts.correct(run, correction(**change), "li")
    assert forecasts.corrections(run) == []


def test_a_text_is_a_draft_until_it_is_published(forecasts: Forecasts, run: Run, platform: Platform) -> None:
    assert forecasts.standing(run, "110000").published is None
    forecasts.write(run, "110000", "first words", "li", published=False)
    standing = forecasts.standing(run, "110000")
    assert standing.published is None
    assert standing.draft is not None
    platform.clock.jump(ISSUE + timedelta(minutes=5))
    forecasts.write(run, "110000", "Heavy until Wednesday.", "li", published=True)
    forecasts.correct(run, correction(), "li")
    standing = forecasts.standing(run, "110000")
    assert standing.published is not None
    assert (standing.published.text, standing.draft, standing.corrected) == ("Heavy until Wednesday.", None, 1)
    assert forecasts.standing(run, "110000", ISSUE).published is None
    assert forecasts.standing(run, "1001A").published is None
    with pytest.raises(ValueError, match="1 to 2000 characters"):
        forecasts.write(run, "110000", " ", "li", published=True)


def test_the_newest_issue_counts_and_of_one_issue_that_which_knows_most_weather(forecasts: Forecasts, run: Run) -> None:
    assert forecasts.latest() == run
    better = forecasts.store.begin(ISSUE, "perfect", actor="test")
    assert forecasts.latest() == run  # while it is made
    better = forecasts.store.put(better, **made.products(ISSUE, PLACES), actor="test")
    assert forecasts.latest() == better
    assert forecasts.latest(mode="history") == run
    assert forecasts.run(ISSUE) == better
    assert forecasts.latest(ISSUE - timedelta(hours=1)) is None
    with pytest.raises(LookupError, match="in mode weather"):
        forecasts.run(ISSUE, "weather")


def test_runs_of_a_mode_are_verified_with_the_duty_forecasters_words(
    forecasts: Forecasts, run: Run, platform: Platform
) -> None:
    forecasts.correct(run, correction(aqi_low=195, aqi_high=205), "li")
    platform.clock.jump(ISSUE + timedelta(days=9))
    observed = aqi.daily(
        pl.DataFrame({"place": "110000", "date": [DAY, date(2016, 12, 18)], "pm25": [150.0, 190.0], "pm10": [1.0, 1.0]})
    )
    found = forecasts.scores("history", observed, ["110000"], DAY, date(2016, 12, 23))
    assert (found.issues, found.days, found.first, found.last) == (1, 2, DAY, date(2016, 12, 18))
    first = {(row["source"], row["item"]): row for row in found.table.filter(pl.col("lead") == 1).to_dicts()}
    assert first["duty", "aqi"]["level"] == 1.0
    assert first["lantian", "pm25"]["accuracy"] == pytest.approx(1 - 20 / 150)
    assert first["lantian", "pm25"]["accuracy_persistence"] == pytest.approx(78 / 150)
    assert forecasts.scores("perfect", observed, ["110000"], DAY, date(2016, 12, 23)).table.is_empty()


@given(st.floats(0, 1500, allow_nan=False), st.sampled_from(POLLUTANTS), st.sampled_from([DAY, date(2026, 4, 1)]))
def test_a_byte_of_the_map_stands_for_the_level_that_the_law_gives(value: float, item: str, day: date) -> None:
    value = value / 10 if item == "co" else value
    (index,) = maps.sub_indices(np.array([value]), item, day)
    row = next(sub.row for sub in aqi.on(day).hourly if sub.item == item)
    exact = row.iaqi(int(np.rint(value * 10**row.decimals)))
    if exact is not None:
        assert index == exact
    byte = int(np.ceil(index / maps.STEP))
    level = aqi.level_of(int(index))
    assert level is not None
    assert 1 + sum(byte > end.high / maps.STEP for end in aqi.LEVELS[:5]) == level.number


def test_frames_hold_every_hour_and_cell_and_the_index_is_the_worst_pollutant() -> None:
    fields = checked_fields(made.fields(cells=9, length=3))
    fields["concentration"][0, :, 2, 3] = np.nan
    shape = (3, 9, 9)
    each = {item: np.frombuffer(maps.frames(fields, item), np.uint8).reshape(shape) for item in (*POLLUTANTS, "aqi")}
    assert each["aqi"][0, 2, 3] == maps.MISSING
    known = np.ones(shape, bool)
    known[0, 2, 3] = False
    worst = np.max([each[item] for item in POLLUTANTS], axis=0)
    assert (each["aqi"][known] == worst[known]).all()
    with pytest.raises(KeyError, match="no fields of 'soot'"):
        maps.frames(fields, "soot")

    sheet = maps.sheet(fields)
    assert sheet.times[0] == ISSUE
    assert (sheet.nx, sheet.ny, sheet.columns, len(sheet.lon)) == (9, 9, 9, 81)
    assert sheet.items == ["aqi", *POLLUTANTS]
    arrows = np.frombuffer(maps.winds(fields), np.int8).reshape(3, len(sheet.wind_lon), 2)
    assert (arrows[..., 0] * maps.WIND_STEP == 1).all()
    assert (arrows[..., 1] * maps.WIND_STEP == -2).all()
    bare = maps.sheet(checked_fields(made.fields(cells=9, length=3, wind=False)))
    assert bare.wind_lon == []


def test_a_point_is_answered_by_the_cell_that_holds_it_and_outside_by_nothing() -> None:
    fields = checked_fields(made.fields(cells=21, length=2))
    lon, lat = float(fields["lon"][4, 7]), float(fields["lat"][4, 7])
    found = maps.point(fields, lon + 0.01, lat - 0.01)
    assert found is not None
    assert found["time"].to_list() == [ISSUE, ISSUE + timedelta(hours=1)]
    assert found["pm25"].to_list() == pytest.approx(
        fields["concentration"].sel(item="pm25")[:, 4, 7].to_numpy().tolist()
    )
    assert maps.point(fields, 113.0, 39.9) is None
    edge = float(fields["lon"].min())
    assert maps.point(fields, edge - 0.3, lat) is None


def test_the_legend_names_where_levels_end() -> None:
    assert maps.legend("pm25", DAY) == [35, 75, 115, 150, 250]
    assert maps.legend("pm25", date(2026, 4, 1)) == [35, 60, 115, 150, 250]
    assert maps.legend("co", DAY) == [5, 10, 35, 60, 90]
    assert maps.legend("aqi", DAY) == [50, 100, 150, 200, 300]


@pytest.mark.requirement("F5", part="published values weigh all sources by their late errors")
def test_what_a_value_is_made_of_is_said_in_a_sentence(forecasts: Forecasts, run: Run) -> None:
    assert forecasts.shares(run).is_empty(), "the statistics alone speak"
    assert forecasts.weather(run).is_empty()
    told = shares_of(("statistics", 0.55, 31), ("model", 0.2, 31), ("CMAQ", 0.25, 12), ("CAMS", 0.0, 3))
    said = made_of(told)
    assert said == "statistics 55 %, CMAQ 25 %, engine 20 %, from 31 issues"
    assert said.zh == "统计 55 %、CMAQ 25 %、模式 20 %，据此前 31 次起报"
    early = made_of(shares_of(("statistics", 1.0, 3), ("model", 0.0, 3)))
    assert (early, early.zh) == (
        "statistics 100 %; issues verified so far: engine 3",
        "统计 100 %；已核对的起报：模式 3 次",
    )
    assert made_of(told.clear()).zh == "统计 100 %"


def shares_of(*rows: tuple[str, float, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["source", "share", "issues"], orient="row")


def test_the_sample_and_the_reliability_are_of_the_season_asked_for(forecasts: Forecasts, run: Run) -> None:
    days = [DAY + timedelta(days=number) for number in range(3)]
    seen = aqi.daily(pl.DataFrame({"place": ["110000"] * 3, "date": days, "pm25": [130.0, 180.0, 220.0]}))
    found = {
        season: forecasts.scores("history", seen, ["110000"], days[0], days[-1], ISSUE, season=season)
        for season in ("winter", "summer")
    }
    assert (found["winter"].issues, found["winter"].days, found["winter"].first) == (1, 3, DAY)
    assert found["winter"].reliability.height > 0
    assert (found["summer"].issues, found["summer"].days, found["summer"].first) == (0, 0, None)
    assert found["summer"].reliability.is_empty()
