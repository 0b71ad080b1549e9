"""The measurements run, and the reference that they are held against does the same work."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from benchmarks import agreement, by_row, national_year, year
from lantian.standards import indices, statistics
from lantian.standards.codes import POLLUTANTS

LAST = date(2016, 2, 3)


@pytest.fixture(scope="module")
def series() -> list[pl.DataFrame]:
    return year.read_files()[0]


@pytest.fixture(scope="module")
def hours(series: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(year.all_months(series, LAST, stations=14))


def test_a_year_has_every_hour_of_every_station_once_and_no_two_alike(hours: pl.DataFrame) -> None:
    assert hours.height == 14 * 34 * 24 == hours.select("place", "time").n_unique()
    assert hours["time"].min() == year.midnight(year.FIRST)
    columns = hours.pivot("place", index="time", values="o3").drop("time")
    assert len({tuple(column) for column in columns}) == 14


def test_the_reference_ranks_the_cities_as_we_do(hours: pl.DataFrame) -> None:
    members = year.members(stations=14, cities=3)
    theirs = by_row.evaluate(hours, members)
    days = statistics.daily(statistics.city(hours, members).select("place", "time", *POLLUTANTS))
    ours = indices.composite(statistics.period(days, by=(year.FIRST, LAST))).sort("composite_index")
    assert [city for _, city in theirs] == ours["place"].to_list()
    # The reference does not round; six single indices are each rounded by 0.005 and their concentrations by 0.5.
    assert [index for index, _ in theirs] == pytest.approx(ours["composite_index"].to_list(), abs=0.1)


def test_hours_agree_with_aqi_hub_and_days_but_for_its_row_of_so2(hours: pl.DataFrame) -> None:
    compared, wrong, *_ = agreement.compare("hourly", hours, "o3")
    assert compared > 10_000
    assert wrong == {}
    compared, wrong, _, others = agreement.compare("daily", statistics.daily(hours), "o3_8h")
    assert compared > 1_000
    assert wrong["so2"] > 0
    assert others == 0


def test_a_small_national_year_is_measured(server_folder: Path) -> None:
    lines = {line.what.strip(): line for line in national_year.run(server_folder, stations=14, cities=3, days=34)}
    assert lines["cities ranked"].measured == "3"
    # Hours in which a station measured nothing are no rows of the store.
    assert 11_000 < int(lines["hours and days judged"].measured.partition(" ")[0].replace(",", "")) <= 14 * 34 * 24
    assert float(lines["times faster"].measured) > 0
    assert lines["its peak memory"].measured.endswith(" GiB")
