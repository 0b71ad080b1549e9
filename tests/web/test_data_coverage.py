"""Completeness and revisions on the data page: what is missing, told by ink; how one value came about."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from lantian.kernel.bootstrap import Platform
from lantian.observations import ObservationStore, open_store
from lantian.observations.importer import import_paths
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web.completeness import LEGEND, Share, of_month

from .conftest import NOW


@pytest.fixture
def city(fresh: Platform) -> Platform:
    """A platform of its own, with two stations."""
    places = PlaceStore(fresh.engine)
    places.put_regions([Region("110000", "北京市", "Beijing")], "test")
    names = (("1001A", "万寿西宫"), ("1002A", "定陵"))
    places.put_stations([Station(code, name, "state", "110000", 116.4, 39.9) for code, name in names], "test")
    return fresh


def hours(place: str, present: int, first: datetime = datetime(2016, 11, 30, 16, tzinfo=UTC)) -> pl.DataFrame:
    """A place with all of its 380 rows of December, `present` of which hold PM2.5."""
    return pl.DataFrame(
        {
            "place": place,
            "time": [first + timedelta(hours=hour) for hour in range(380)],
            "pm25": [35.0 if hour < present else None for hour in range(380)],
            "o3": [60.0] * 380,
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


@pytest.mark.browser
@pytest.mark.parametrize("look", ["light", "dark"])
def test_completeness_is_told_by_ink_that_can_be_read(
    city: Platform, visit_fresh: Callable[..., Any], look: str
) -> None:
    presents = (380, 375, 365, 350, 300, 200, 0)
    stations = [Station(f"T{n:03}A", f"站{n}", "state", "110000", 116.4, 39.9) for n in range(len(presents))]
    PlaceStore(city.engine).put_stations(stations, "test")
    store = ObservationStore(city)
    store.append(pl.concat([hours(each.code, n) for each, n in zip(stations, presents, strict=True)]), "hour", "test")
    page = visit_fresh(f"/data/coverage?look={look}").page
    rows = page.locator("table.completeness tbody tr")
    assert [row.locator("td").first.get_attribute("data-shade") for row in rows.all()] == [*"0123456"]
    assert [row.locator("td").first.inner_text().split() for row in rows.all()][:2] == [
        ["100", "380/380"],
        ["98.6", "375/380"],
    ]
    ratios = page.evaluate("""() => {
      const light = (text) => {
        const parts = text.match(/[\\d.]+/g).map(Number);
        return parts.slice(0, 3).map((v) => text.startsWith("color") ? v : v / 255)
          .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
          .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      };
      return [...document.querySelectorAll("td[data-shade]")].map((cell) => {
        const style = getComputedStyle(cell);
        const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05);
      });
    }""")
    assert min(ratios) >= 4.5
    # Of six items two were measured, one of them to the 9th; what is still to come has no cell.
    days = rows.nth(5).locator(".days i")
    assert (days.nth(0).get_attribute("title"), days.nth(14).get_attribute("title")) == ("12-01 48/144", "12-15 24/144")
    assert days.nth(15).get_attribute("title") == "12-16 20/120"
    assert days.nth(16).get_attribute("data-shade") is None


@given(st.integers(1, 10_000), st.data())
def test_a_share_is_never_rounded_up(expected: int, data: st.DataObject) -> None:
    observed = data.draw(st.integers(0, expected))
    share = Share(observed, expected)
    assert (share.text == "100") == (observed == expected) == (share.shade == 0)
    assert float(share.text) <= observed * 100 / expected < float(share.text) + 0.1 + 1e-9
    assert (share.shade == 6) == (observed == 0)
    assert share.shade is not None
    assert share.shade < len(LEGEND)
    if observed < expected:
        more = Share(observed + 1, expected).shade
        assert more is not None
        assert more <= share.shade


def test_a_place_counts_from_its_first_row_on(city: Platform) -> None:
    ObservationStore(city).append(hours("1001A", 380).tail(30), "hour", "test")
    found = of_month(city, date(2016, 12, 1), ["pm25", "o3"], "hour", NOW)
    (row,) = found.rows
    assert (row.whole, found.whole) == (Share(60, 60), Share(60, 60))
    assert {day.day: share for day, share in row.days.items() if share.expected} == {
        15: Share(20, 20),
        16: Share(40, 40),
    }


def test_the_coverage_page_agrees_with_the_store(beijing: Platform, beijing_client: TestClient) -> None:
    items = ["pm25", "pm10", "o3", "no2", "so2", "co"]
    table = open_store(beijing).coverage(start=date(2016, 12, 1), end=date(2017, 1, 1), items=items, as_of=NOW)
    found = of_month(beijing, date(2016, 12, 1), items, "hour", NOW)
    assert found.whole == Share(int(table["observed"].sum()), int(table["expected"].sum()))
    for row in found.rows:
        days = list(row.days.values())
        assert Share(sum(s.observed for s in days), sum(s.expected for s in days)) == row.whole
    page = beijing_client.get("/data/coverage").text
    assert f"2016年12月有效率 {found.whole.text} %：应有 {found.whole.expected:,} 个值" in page
    assert found.worst is not None
    assert "全部为原始数据" in page
    assert beijing_client.get("/data/coverage?month=2016-13").status_code == 422
    assert "2016年11月" in beijing_client.get("/data/coverage?month=2016-11&what=daily").text


@pytest.mark.requirement("K4", part="data page")
def test_revisions_are_shown_as_they_were_known(city: Platform, fresh_client: TestClient, tmp_path: Path) -> None:
    def state(name: str, value: str, **how: Any) -> None:
        (tmp_path / name).write_text(f"station,time,item,value\n1001A,2016-12-16 08:00,PM2.5,{value}\n", "utf-8")
        import_paths(city, [tmp_path / name], "analyst", **how)

    state("a.csv", "35")
    state("b.csv", "36.5")
    address = "/data/history?place=万寿西宫&at=2016-12-16T08:00"
    page = fresh_client.get(address).text
    assert "万寿西宫 2016-12-16 08:00：2 次陈述，改动 1 个值" in page
    assert '<del title="原为 35">35</del>36.5' in page
    assert '<a href="/data?batch=2">第 2 批</a>' in page
    state("c.csv", "40", grade="reviewed", known_at=NOW + timedelta(hours=1))
    assert fresh_client.get(address).text.count("<del") == 1  # known an hour from now, so not yet
    coverage = fresh_client.get("/data/coverage").text
    assert "全部为原始数据" in coverage
    city.clock.jump(NOW + timedelta(hours=2))
    later = fresh_client.get(address).text
    assert '<del title="原为 36.5">36.5</del>40' in later
    assert "审核" in later
    assert "全部为审核数据" in fresh_client.get("/data/coverage").text
    city.clock.jump(datetime(2016, 12, 16, tzinfo=UTC))
    assert "没有任何陈述" in fresh_client.get(address).text
    assert "no place is called" in fresh_client.get("/data/history?place=9999X").text
