"""Rankings: the page says what is computed, its address reproduces it, and programs get the same."""

import csv
import gzip
import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from lantian.assessment.periods import parse
from lantian.assessment.service import Assessment
from lantian.kernel.bootstrap import Platform

from .beijing import NOW, cities
from .layout import assert_well_laid

Visit = Callable[..., Any]
PLUS = "2%2B26"


@pytest.fixture(scope="module")
def ranked(beijing: Platform) -> pl.DataFrame:
    """December of the 28 cities, computed apart from the page."""
    judge = Assessment(beijing)
    members = judge.places.group("2+26").members
    return judge.rank(members, parse("2016-12"), reference=members, as_of=NOW)


def printed(page: Any) -> list[list[str]]:
    """The cells of the ranking as they stand on the page."""
    return page.locator("table[data-table=ranking] tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
    )


@pytest.mark.browser
@pytest.mark.requirement("A3", part="page")
@pytest.mark.requirement("K3", part="ranking page in a real browser")
def test_the_page_says_what_is_computed(visit: Visit, ranked: pl.DataFrame) -> None:
    page = visit("/ranking").page
    rows = ranked.to_dicts()
    beijing = next(row for row in rows if row["place"] == "110000")
    head = page.inner_text("h1")
    assert f"北京市2016年12月（至15日）在2+26城市 28 个里排第 {beijing['rank_composite_index']}" in head
    lead = page.inner_text(".lead").replace("−", "-")
    assert f"{beijing['composite_index']:.2f}" in lead
    assert (
        f"同比 {beijing['change_composite_index']:+.1f} %（上年同期 {beijing['composite_index_before']:.2f}）" in lead
    )
    assert f"改善幅度第 {beijing['rank_change_composite_index']} / 28" in lead
    assert f"低 {-beijing['against_composite_index']:.2f} %" in lead
    shown = printed(page)
    assert len(shown) == 28
    for cells, row in zip(shown, rows, strict=True):
        assert [cells[0], *(cell.replace("−", "-") for cell in cells[2:6])] == [
            str(row["rank_composite_index"]),
            f"{row['composite_index']:.2f}",
            f"{row['change_composite_index']:+.1f}",
            str(row["rank_change_composite_index"]),
            f"{row['against_composite_index']:+.2f}",
        ]
        assert cells[6] == f"{row['pm25']:.0f}"
        assert cells[-1] == "15/15"
    assert page.locator(".drawing rect.bar").count() == 28
    assert page.locator(".drawing rect.accent").count() == 1
    assert "北京市：公布的臭氧日值" in page.inner_text(".caveat")  # before the figures that it concerns


@pytest.mark.requirement("A3")
def test_a_city_ranks_where_its_published_days_put_it(ranked: pl.DataFrame) -> None:
    """PM2.5 of every city from the file itself, in exact fractions, half to even; ranks with ties."""
    with gzip.open(cities(), "rt", encoding="utf-8-sig") as file:
        table = pl.DataFrame(list(csv.DictReader(file)))
    names = {name.lower(): name for name in table.columns}
    day, value = names["date"], next(names[key] for key in names if re.sub(r"\W|_", "", key) == "pm25")
    december = table.filter(pl.col(day).str.slice(0, 10).is_between(pl.lit("2016-12-01"), pl.lit("2016-12-15")))
    means = []
    for (_,), rows in december.group_by([next(c for c in table.columns if "code" in c.lower() or "city" in c.lower())]):
        known = [Fraction(text) for text in rows[value].to_list() if text and float(text) > 0]
        means.append(float(round(sum(known) / len(known))))
    assert sorted(means) == sorted(ranked["pm25"].to_list())
    by_value = {row["pm25"]: row["rank_pm25"] for row in ranked.to_dicts()}
    assert by_value == {mean: 1 + sum(other < mean for other in means) for mean in means}


@pytest.mark.requirement("A2", part="mean PM2.5 of the 28 cities as the ministry published it")
def test_the_means_are_those_that_the_ministry_published(beijing: Platform) -> None:
    """2017-10..11 was 65 and -22.6 % on the year, the fourth quarter 71 and -34.3 %: 84.0 and 108.1 the year before."""
    judge = Assessment(beijing)
    members = judge.places.group("2+26").members
    later = datetime(2017, 1, 5, tzinfo=UTC)
    autumn = judge.evaluate(members, parse("2016-10-01..2016-11-30"), later)
    quarter = judge.evaluate(members, parse("2016Q4"), later)
    assert autumn["pm25"].mean() == pytest.approx(65 / (1 - 0.226), abs=0.5)
    assert quarter["pm25"].mean() == pytest.approx(71 / (1 - 0.343), abs=0.6)
    beijing_autumn = autumn.filter(pl.col("place") == "110000")["pm25"][0]
    assert beijing_autumn == pytest.approx(52 / (1 - 0.435), abs=0.6)


@pytest.mark.browser
@pytest.mark.requirement("A3", part="page")
def test_choices_stand_in_the_address_and_a_link_reproduces_them(visit: Visit) -> None:
    visitor = visit("/ranking")
    page = visitor.page
    page.select_option("select[name=item]", "pm25")
    expect(page).to_have_url(re.compile(r"item=pm25"))
    expect(page.locator("h1")).to_contain_text("PM2.5")
    page.select_option("select[name=group]", "beijing-districts")
    expect(page.locator("h1")).to_contain_text("北京各区")
    expect(page.locator(".drawing rect.bar")).to_have_count(8)
    expect(page.locator(".lead")).to_contain_text("比北京各区平均")  # the reference follows the list
    page.get_by_role("link", name="按惯用次序").click()
    expect(page).to_have_url(re.compile(r"order=office"))
    assert [row[1] for row in printed(page)][:3] == ["东城区", "西城区", "朝阳区"]
    page.get_by_role("link", name="3", exact=True).click()
    expect(page.locator(".worst li")).to_have_count(3)
    seen = printed(page)
    again = visit("/" + page.url.split("/", 3)[3]).page
    assert printed(again) == seen
    assert "门头沟区" in again.inner_text("#ranking")  # who has no data is named
    again.fill("#period", "2016Q4")
    again.press("#period", "Enter")
    expect(again.locator("h1")).to_contain_text("第四季度")


@pytest.mark.browser
def test_tables_and_pictures_are_saved(visit: Visit, ranked: pl.DataFrame, tmp_path: Any) -> None:
    page = visit(f"/ranking?group={PLUS}&sort=-2").page
    with page.expect_download() as saved:
        page.locator(".table-tools").get_by_role("button", name="导出 CSV").click()
    path = tmp_path / "ranking.csv"
    saved.value.save_as(path)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert len(rows) == 29
    assert rows[1][1] == "石家庄市"  # sorted by the index, downwards
    assert rows[1][2] == f"{ranked['composite_index'].max():.2f}"
    with page.expect_download() as picture:
        page.locator("[data-tools]").get_by_role("button", name="导出图片").click()
    picture.value.save_as(tmp_path / "ranking.png")
    assert (tmp_path / "ranking.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize(("language", "look"), [("zh", "light"), ("en", "dark")])
def test_nothing_overlaps_and_all_can_be_read(visit: Visit, language: str, look: str) -> None:
    page = visit(f"/ranking?lang={language}&look={look}", login="citizen").page
    for query in ("", "?group=zones-example&item=co", "?group=stations:110000&period=2016&dust=deducted"):
        page.goto(page.url.split("/ranking")[0] + "/ranking" + query)
        page.wait_for_selector(".table-tools")
        assert_well_laid(page, query)


@pytest.mark.browser
def test_it_works_before_scripts_load(beijing_live: str, chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{beijing_live}/ranking?group={PLUS}")  # the public may see rankings
    page.select_option("select[name=item]", "o3")
    page.get_by_role("button", name="显示").click()
    assert "O3-8h 第90百分位" in page.inner_text("h1")
    assert page.locator(".drawing rect.bar").count() == 28
    context.close()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("period=2016-13", "2016-12, 2016Q4"),
        ("group=nowhere", "no list is called"),
        ("group=stations:999999", "no list is called"),
    ],
)
def test_a_wrong_address_says_what_is_right(beijing_client: TestClient, query: str, told: str) -> None:
    answer = beijing_client.get(f"/ranking?{query}")
    assert answer.status_code == 422
    assert told in answer.text


def test_periods_without_data_and_a_platform_without_places_say_so(
    beijing_client: TestClient, fresh_client: TestClient
) -> None:
    assert "还没有数据" in beijing_client.get(f"/ranking?group={PLUS}&period=2017-03").text
    assert "还没有排名的范围" in fresh_client.get("/ranking").text


@pytest.mark.requirement("A3", part="HTTP interface")
def test_programs_get_the_same_in_three_formats(beijing_client: TestClient, ranked: pl.DataFrame) -> None:
    address = f"/api/v1/rankings?group={PLUS}&period=2016-12&reference={PLUS}"
    rows = beijing_client.get(address).json()
    wanted = ["place", "rank_composite_index", "composite_index", "against_composite_index"]
    assert [[row[name] for name in wanted] for row in rows] == [list(row) for row in ranked.select(wanted).rows()]
    arrow = pl.read_ipc_stream(beijing_client.get(f"{address}&format=arrow").content)
    assert arrow.select(wanted).rows() == ranked.select(wanted).rows()
    table = list(csv.DictReader(io.StringIO(beijing_client.get(f"{address}&format=csv").text)))
    assert [row["place"] for row in table] == ranked["place"].to_list()
    assert re.fullmatch(r"pm25 \d+(;\w+ \d+)*", table[0]["primary_days"])
    against = beijing_client.get(f"/api/v1/rankings?group={PLUS}&period=2016-12&against=2014-12&item=pm25").json()
    assert against[0]["rank_pm25"] == 1
    assert against[0]["pm25_before"] != rows[0]["pm25_before"]


@pytest.mark.requirement("A3", part="HTTP interface")
def test_places_are_evaluated_by_name_code_or_group(beijing_client: TestClient, beijing: Platform) -> None:
    rows = beijing_client.get("/api/v1/evaluate?places=北京市&places=130100&period=2016-11").json()
    found = Assessment(beijing).evaluate(["110000", "130100"], parse("2016-11"), NOW)
    assert [(r["place"], r["pm25"], r["composite_index"]) for r in rows] == found.select(
        "place", "pm25", "composite_index"
    ).rows()
    assert len(beijing_client.get(f"/api/v1/evaluate?places={PLUS}&period=2016-11").json()) == 28
    for query, field in (("places=火星&period=2016", "places"), ("places=北京市&period=soon", "period")):
        problem = beijing_client.get(f"/api/v1/evaluate?{query}")
        assert (problem.status_code, problem.headers["content-type"]) == (422, "application/problem+json")
        assert problem.json()["errors"][0]["field"] == field


def test_a_day_that_is_published_later_is_not_on_the_page(beijing: Platform, ranked: pl.DataFrame) -> None:
    assert ranked["end"].unique().to_list() == [date(2016, 12, 15)]
    known = Assessment(beijing).air.daily(["110000"], date(2016, 12, 14), date(2016, 12, 31), NOW)
    assert known["date"].max() == date(2016, 12, 15)
