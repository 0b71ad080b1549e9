"""The shell in a real browser: nothing overlaps, nothing comes from elsewhere; maps, charts, tables, the clock live."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from lantian.kernel import accounts, jobs
from lantian.kernel.bootstrap import Platform

from .layout import CONTRAST, OUTSIDE, OVERLAPS, assert_well_laid

pytestmark = pytest.mark.browser

PATHS = (
    "/",
    "/demo",
    "/calculator?edition=2026&pm25=75&pm10=150&so2=12&no2=45&co=1.2&o3_8h=88",
    "/calculator?edition=2012&period=hourly",
    "/calculator/index?so2=6&no2=12&pm10=51&pm25=19&co=0.9&o3=137",
    "/forecast",
    "/forecast/consult",
    "/verification",
    "/programme",
    "/meetings",
    "/jobs",
    "/accounts",
    "/audit",
    "/api/v1/docs",
    "/login",
    "/public",
    "/public/cases",
    "/public/questions",
    "/public/data",
    "/catalogue",
    "/catalogue/heating_plant",
    "/feeds/heating_plant",
    "/feeds/health",
    "/polling",
    "/alerts",
    "/alerts?standing=all",
    "/devices",
    "/sensors",
    "/review",
    "/fraud",
    "/network",
    "/burning",
    "/vehicles",
    "/waste",
    "/soil",
    "/complaints",
    "/questions",
    "/opinion",
    "/nothing-here",
)


def read_csv(path: Path) -> list[list[str]]:
    """Rows of a CSV file that starts with the mark by which Excel knows UTF-8."""
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


Browse = Callable[..., Any]


@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_overlaps_and_nothing_sticks_out(live_demo: str, browse: Browse, language: str) -> None:
    visitor = browse(live_demo, "admin")
    visitor.expect("404")
    page = visitor.page
    page.goto(f"{live_demo}/?lang={language}")
    for path in PATHS:
        page.goto(live_demo + path)
        page.wait_for_load_state("load")
        assert_well_laid(page, path, (OVERLAPS, OUTSIDE))


@pytest.mark.parametrize("look", ["light", "dark"])
def test_text_can_be_read_on_every_level_and_in_both_looks(live_demo: str, browse: Browse, look: str) -> None:
    page = browse(live_demo, "admin").page
    page.goto(f"{live_demo}/demo?look={look}")
    page.wait_for_selector(".disc")
    assert page.evaluate(CONTRAST) == []
    page.goto(f"{live_demo}/calculator?edition=2026&pm25=75")
    assert page.evaluate(CONTRAST) == []


@pytest.mark.requirement("K1", part="pages")
def test_a_reader_signs_in_and_out(live: str, browse: Browse, password: str) -> None:
    page = browse(live).page
    page.goto(f"{live}/audit")
    page.fill("#login", "admin")
    page.fill("#password", password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"{live}/audit")
    page.click("summary.who")
    page.get_by_role("button", name="退出").click()
    page.wait_for_url(f"{live}/login")


def test_pages_work_before_scripts_load(live: str, site: Platform, chromium: Any, token: Callable[[str], str]) -> None:
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "lantian_session", "value": token("analyst"), "url": live}])
    page = context.new_page()
    page.goto(f"{live}/calculator?edition=2026")
    page.fill("#pm25", "75")
    page.get_by_role("button", name="计算").click()
    assert "AQI 为 114" in page.inner_text("h1")
    page.click("#clock summary")
    page.get_by_role("button", name="+1 天").click()
    assert "2016-12-17 20:00" in page.inner_text("#clock")
    context.close()


def test_the_calculator_answers_while_one_types(live: str, browse: Browse) -> None:
    page = browse(live, "citizen").page
    page.goto(f"{live}/calculator?edition=2026&lang=en")
    page.fill("#pm25", "75")
    expect(page.locator("#result h1")).to_contain_text("AQI 114")
    expect(page).to_have_url(f"{live}/calculator?edition=2026&period=daily&pm25=75&pm10=&o3_8h=&no2=&so2=&co=")
    page.fill("#pm25", "-5")
    expect(page.locator("#result")).to_contain_text("pm25 = -5")
    assert page.input_value("#pm25") == "-5"


@pytest.mark.requirement("K4", part="the clock on every page")
def test_an_open_page_hears_the_clock(live: str, site: Platform, browse: Browse) -> None:
    page = browse(live, "analyst").page
    page.goto(f"{live}/calculator")
    clock = page.locator("#clock")
    expect(clock).to_contain_text("2016-12-16 20:00")  # Beijing time, though the browser stands in New York
    site.clock.jump(site.clock.now().replace(day=20), actor="test")
    expect(clock).to_contain_text("2016-12-20 20:00")
    site.clock.speed(3600, actor="test")
    site.clock.resume(actor="test")
    expect(clock.get_by_role("button", name="暂停")).to_be_visible()
    expect(clock).to_contain_text("2016-12-20 22:")
    clock.get_by_role("button", name="暂停").click()
    expect(clock.get_by_role("button", name="继续")).to_be_visible()
    site.clock.set_real(actor="test")
    expect(page.locator("#clock.replay")).to_have_count(0)


def test_a_passing_hour_is_told_to_the_page(live: str, site: Platform, browse: Browse) -> None:
    page = browse(live, "analyst").page
    site.clock.speed(3600, actor="test")
    page.goto(f"{live}/calculator")
    page.evaluate("document.addEventListener('live:hour', () => { window.hours = (window.hours ?? 0) + 1; })")
    site.clock.resume(actor="test")
    page.wait_for_function("() => window.hours >= 2")


def test_an_open_page_hears_of_jobs(live: str, site: Platform, browse: Browse) -> None:
    page = browse(live, "analyst").page
    page.goto(f"{live}/jobs")
    heading = page.locator("#jobs h1")
    expect(heading).to_contain_text("项等待")
    before = heading.inner_text()
    jobs.defer(site.engine, jobs.task("web.heard", zh="听得到的任务", en="a job that is heard")(lambda run: None))
    expect(page.locator("#jobs")).to_contain_text("听得到的任务")
    assert heading.inner_text() != before


def test_the_example_switches_roles(live: str, browse: Browse) -> None:
    page = browse(live, "analyst").page
    page.goto(live)
    page.click("summary.who")
    page.get_by_role("button", name="分管副市长").click()
    expect(page.locator("summary.who")).to_contain_text("分管副市长")
    assert page.locator('a[href="/audit"]').count() > 0


def test_a_one_time_address_opens_the_platform(live: str, site: Platform, browse: Browse) -> None:
    account = accounts.get_account(site.engine, "example-analyst")
    assert account is not None
    page = browse(live).page
    page.goto(f"{live}/?key={accounts.create_key(site.engine, account)}")
    assert page.url == f"{live}/"
    expect(page.locator("summary.who")).to_contain_text("示例 · 分析员")


@pytest.mark.requirement("K3", part="map")
def test_the_map_draws_outlines_discs_and_approval_number_without_any_other_host(
    live_demo: str, browse: Browse
) -> None:
    page = browse(live_demo).page
    page.goto(f"{live_demo}/demo")
    page.wait_for_selector(".map[data-ready=yes]")
    assert page.inner_text(".map .approval") == "审图号 GS(2016)0000"
    discs = page.locator(".disc")
    assert discs.count() == 3
    worst = page.get_by_role("button", name="东四")
    assert worst.inner_text() == "312"
    assert worst.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(126, 0, 35)"
    assert "dot" in page.locator(".disc", has_text="120").get_attribute("class")  # too near to the worse one
    worst.click()
    expect(page.locator(".maplibregl-popup")).to_contain_text("PM2.5 262")
    lines = "map => map.queryRenderedFeatures({ layers: ['outlines'] }).length"
    assert page.evaluate(f"({lines})(document.querySelector('.map').map.map)") > 0


@pytest.mark.requirement("K3", part="charts and tables")
def test_a_chart_keeps_gaps_and_exports_its_numbers_and_its_picture(
    live_demo: str, browse: Browse, tmp_path: Path
) -> None:
    page = browse(live_demo).page
    page.goto(f"{live_demo}/demo")
    chart = page.locator("figure[data-chart]")
    chart.locator("canvas").first.wait_for()
    with page.expect_download() as download:
        chart.get_by_role("button", name="导出 CSV").click()
    download.value.save_as(tmp_path / "chart.csv")
    rows = read_csv(tmp_path / "chart.csv")
    assert rows[0] == ["time", "PM2.5", "coverage"]
    assert rows[4] == ["2016-12-16T03:00:00Z", "", "0"]
    assert len(rows) == 13
    with page.expect_download() as download:
        chart.get_by_role("button", name="导出图片").click()
    download.value.save_as(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "chart.png").stat().st_size > 5_000


@pytest.mark.requirement("K3", part="charts and tables")
def test_a_table_sorts_filters_and_its_address_reproduces_it(live_demo: str, browse: Browse, tmp_path: Path) -> None:
    page = browse(live_demo).page
    page.goto(f"{live_demo}/demo")

    def seen() -> list[str]:
        return page.locator("table[data-table] tbody tr:not([hidden]) td:last-child").all_inner_texts()

    page.get_by_role("button", name="value").click()
    assert seen() == ["9", "10", "–"]  # by number, what is missing last
    page.get_by_role("button", name="value").click()
    assert seen() == ["10", "9", "–"]
    page.locator(".table-tools input").fill("a")
    assert seen() == ["10"]
    address = page.url
    assert "sort=-1" in address
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector(".table-tools")
    assert seen() == ["10"]
    with page.expect_download() as download:
        page.locator(".table-tools").get_by_role("button", name="导出 CSV").click()
    download.value.save_as(tmp_path / "table.csv")
    assert read_csv(tmp_path / "table.csv") == [
        ["name", "value"],
        ['a, "quoted"', "10"],
    ]
    with page.expect_download() as download:
        page.locator(".table-tools").get_by_role("button", name="导出图片").click()
    download.value.save_as(tmp_path / "table.png")
    assert (tmp_path / "table.png").read_bytes().startswith(b"\x89PNG")


def test_a_printed_page_leaves_the_frame_out(live: str, browse: Browse) -> None:
    page = browse(live, "analyst").page
    page.goto(f"{live}/calculator?edition=2026&pm25=75&look=dark")
    page.emulate_media(media="print")
    for part in (".bar", ".river", ".logo"):
        assert page.locator(part).is_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert "数据截至 2016年12月16日 周五 20:00" in page.inner_text(".printed")
