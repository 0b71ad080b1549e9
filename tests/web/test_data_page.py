"""The data page: what came in, what was refused and why, how complete it is, how a value came about; upload."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import BackgroundWorker, list_jobs, run_worker
from lantian.observations import ObservationStore, open_store
from lantian.observations.importer import import_paths
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web import create_app
from lantian.web.completeness import LEGEND, Share, of_month
from lantian.web.intake import incoming, safe_name
from lantian.web.pages import data
from lantian.web.security import COOKIE

from .conftest import DESK, NOW, PHONE, Visitor, served, token_of

PATHS = (
    "/data",
    "/data?batch=13",
    "/data?batch=999",
    "/data/rejected",
    "/data/coverage",
    "/data/coverage?what=weather",
    "/data/coverage?what=daily&month=2016-11",
    "/data/coverage?month=1999-01",
    "/data/history",
    "/data/history?place=1001A&at=2016-12-16T08:00",
    "/data/history?place=110000&at=2016-12-10&resolution=day",
    "/data/history?place=9999X",
)
MEASURES = Path(__file__).parent / "measures"
OVERLAPS, CONTRAST = ((MEASURES / f"{name}.js").read_text(encoding="utf-8") for name in ("overlaps", "contrast"))
BAD = """station,time,item,value
1001A,2016-12-16 08:00,PM2.5,35
1001A,2016-12-16 09:00,PM2.5,-7
1002A,2016-12-16 09:00,PM10,1,234
1002A,2016-12-16 10:00,SO2,<5
1002A,2016-12-16 11:00,CO,180
9999X,2016-12-16 08:00,PM2.5,50
不知道站,2016-12-16 08:00,PM2.5,60
1002A,16/12/2016 08:00,PM2.5,60
1002A,2016-12-16 12:30,NO2,12
1002A,2016-12-16 12:00,猫,12
,2016-12-16 12:00,NO2,12
1001A,2016-12-16 08:00,PM2.5,36
"""


@pytest.fixture
def city(platform: Platform) -> Platform:
    """A platform of its own, with two stations and the example's accounts."""
    platform.clock.set_simulated(NOW, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市", "Beijing")], "test")
    names = (("1001A", "万寿西宫"), ("1002A", "定陵"))
    places.put_stations([Station(code, name, "state", "110000", 116.4, 39.9) for code, name in names], "test")
    accounts.ensure_example(platform.engine, True)
    return platform


@pytest.fixture
def client(city: Platform) -> Iterator[TestClient]:
    headers = {"origin": "http://testserver"}
    with TestClient(create_app(city), headers=headers, follow_redirects=False) as client:
        client.cookies.set(COOKIE, token_of(city, "analyst"))
        yield client


@pytest.fixture
def desk(city: Platform, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Pages of the city in a real browser, `desk("/data")`, checked for complaints at the end."""
    with served(city) as address:
        opened: list[Visitor] = []

        def act(path: str, login: str = "analyst", **context: Any) -> Page:
            window = chromium.new_context(viewport=DESK, locale="zh-CN", **context)
            window.set_default_timeout(20_000)
            window.add_cookies([{"name": COOKIE, "value": token_of(city, login), "url": address}])
            opened.append(Visitor(window.new_page()))
            opened[-1].page.goto(address + path)
            return opened[-1].page

        yield act
        for visitor in opened:
            visitor.page.context.close()
            visitor.check(address)


def bad_file(folder: Path) -> Path:
    path = folder / "十二月补报.csv"
    path.write_text(BAD, encoding="utf-8")
    return path


def work(platform: Platform) -> None:
    """Run what waits; in a thread, as the browser's driver keeps the event loop of this one."""
    thread = Thread(target=run_worker, args=(platform,), kwargs={"once": True})
    thread.start()
    thread.join()


def post(client: TestClient, *files: tuple[str, bytes], **fields: str) -> Any:
    return client.post("/data/upload", files=[("files", each) for each in files], data=fields)


def kept(platform: Platform) -> list[Path]:
    return sorted(path for path in incoming(platform).rglob("*") if path.is_file())


@pytest.mark.browser
@pytest.mark.requirement("K3", part="data page on desk and phone")
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_overlaps_and_nothing_sticks_out(
    visit: Callable[..., Any], size: dict[str, int], language: str
) -> None:
    page = visit(f"/data?lang={language}", size=size).page
    origin = page.evaluate("location.origin")
    for path in PATHS:
        page.goto(origin + path)
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
        assert page.evaluate(OVERLAPS) == [], path
        assert page.evaluate(CONTRAST) == [], path


@pytest.mark.browser
@pytest.mark.requirement("M1", part="upload on the data page, every refused value with its reason")
@pytest.mark.requirement("K3", part="data page")
def test_a_file_with_bad_cells_is_taken_in_and_shows_them_with_reasons(
    city: Platform, desk: Callable[..., Page], tmp_path: Path
) -> None:
    page = desk("/data")
    expect(page.locator("h1")).to_have_text("还没有导入过数据")
    page.set_input_files("#files", [bad_file(tmp_path)])
    expect(page.locator(".picked li")).to_have_text("十二月补报.csv1 KB")
    page.get_by_role("button", name="上传并导入").click()
    expect(page.locator(".import-job .tag")).to_have_text("等待")
    expect(page.locator(".import-job .name")).to_have_text("十二月补报.csv")
    with BackgroundWorker(city):  # the page hears of the job and shows what it brought, without being loaded again
        expect(page.locator(".import-job .tag")).to_have_text("完成")
        expect(page.locator("h1")).to_contain_text("入库 1 个文件")
        expect(page.locator("#imports tbody tr")).to_have_count(1)
        expect(page.locator("#imports .table-tools .count")).to_have_text("1 / 1 行")
    assert "example-analyst" in page.locator("#imports tbody tr").inner_text()
    page.locator(".import-job a").click()
    refused = {
        row.locator("td").nth(3).inner_text(): [cell.strip() for cell in row.locator("td").all_inner_texts()]
        for row in page.locator("table.rejected tbody tr").all()
    }
    assert refused["-7"][1:3] == ["3", "value"]
    assert "低于下限" in refused["-7"][4]
    assert "must lie between 0 and 2000 ug/m3" in refused["-7"][4]
    assert "高于上限" in refused["180"][4]
    assert "不是数字" in refused["<5"][4]
    assert "时间读不懂" in refused["16/12/2016 08:00"][4]
    assert refused["9999X"][1] == "–"  # a place that nobody knows: the whole file is meant
    assert len(refused) == 11
    words = page.locator("table.rejected .words").all_inner_texts()
    assert all("\u4e00" <= word[0] <= "\u9fff" for word in words), words
    assert page.locator("h1").inner_text().startswith("退回 11 个值，来自 1 个文件")


@pytest.mark.browser
def test_refused_values_are_narrowed_by_reason_and_leave_as_csv(
    city: Platform, desk: Callable[..., Page], tmp_path: Path
) -> None:
    import_paths(city, [bad_file(tmp_path)], "analyst")
    page = desk("/data/rejected", accept_downloads=True)
    page.get_by_role("link", name="低于下限").click()
    expect(page.locator("table.rejected tbody tr")).to_have_count(1)
    assert "kind=too+low" in page.url
    page.get_by_role("link", name="全部原因").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="全部 11 行 CSV").click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")  # the mark by which Excel knows UTF-8
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert {(row["line"], row["value"]) for row in rows} >= {("3", "-7"), ("5", "<5"), ("", "9999X")}
    assert len(rows) == 11


@pytest.mark.browser
def test_a_file_is_taken_in_without_scripts(city: Platform, desk: Callable[..., Page], tmp_path: Path) -> None:
    page = desk("/data", java_script_enabled=False)
    page.set_input_files("#files", [bad_file(tmp_path)])
    page.get_by_role("radio", name="审核").check()
    page.get_by_role("button", name="上传并导入").click()
    assert page.locator(".import-job").count() == 1
    (job,) = list_jobs(city.engine)
    assert (job.arguments["grade"], job.arguments["actor"]) == ("reviewed", "example-analyst")


@pytest.mark.browser
def test_the_page_says_that_files_are_too_large_before_they_are_sent(
    desk: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "LIMIT", 1 << 20)
    page = desk("/data")
    (tmp_path / "large.csv").write_bytes(b"0" * (2 << 20))
    page.set_input_files("#files", [tmp_path / "large.csv"])
    said = page.eval_on_selector("#files", "input => input.validationMessage")
    assert said == "这次上传 2 MB，超过一次 1 MB 的上限，没有保存。请分几次传，或在服务器上运行 lantian import 路径。"
    page.get_by_role("button", name="上传并导入").click()
    assert page.url.endswith("/data")


def test_an_upload_that_is_too_large_is_refused_and_nothing_of_it_kept(
    city: Platform, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "LIMIT", 1 << 20)
    answer = post(client, ("large.csv", b"0" * (2 << 20)))
    assert answer.status_code == 413
    assert "上传 3 MB，超过一次 1 MB 的上限" in answer.text
    assert kept(city) == []
    assert list_jobs(city.engine) == []


def test_an_upload_of_unknown_size_is_refused(client: TestClient) -> None:
    answer = client.post("/data/upload", content=iter([b"part"]), headers={"content-type": "multipart/form-data"})
    assert answer.status_code == 411
    assert "Content-Length" in answer.text


@pytest.mark.parametrize(
    ("files", "fields", "said"),
    [
        ([], {"grade": "raw"}, "没有选择文件"),
        ([("a.csv", b"1")], {"grade": "best"}, "应为 raw（原始）或 reviewed（审核）"),
    ],
)
def test_an_upload_that_says_too_little_or_something_wrong_is_told_so(
    city: Platform, client: TestClient, files: list[tuple[str, bytes]], fields: dict[str, str], said: str
) -> None:
    answer = post(client, *files, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert list_jobs(city.engine) == []


def test_a_broken_upload_is_told_what_is_broken(client: TestClient) -> None:
    answer = client.post("/data/upload", content=b"--x\r\nnonsense", headers={"content-type": "multipart/form-data"})
    assert answer.status_code == 400
    assert "boundary" in answer.text


@pytest.mark.requirement("K1", part="data page")
def test_who_may_not_import_sees_no_form_and_is_refused(city: Platform, client: TestClient) -> None:
    assert 'action="/data/upload"' in client.get("/data").text
    client.cookies.set(COOKIE, token_of(city, "county"))
    page = client.get("/data")
    assert page.status_code == 200
    assert 'action="/data/upload"' not in page.text
    assert post(client, ("a.csv", BAD.encode())).status_code == 403
    client.cookies.set(COOKIE, token_of(city, "citizen"))
    assert [client.get(path).status_code for path in PATHS] == [403] * len(PATHS)
    client.cookies.clear()
    assert client.get("/data/rejected.csv").headers["location"].startswith("/login")
    assert kept(city) == []
    assert list_jobs(city.engine) == []


def test_a_file_that_cannot_be_read_and_one_that_is_known_already(city: Platform, client: TestClient) -> None:
    post(client, ("values.csv", BAD.encode()), ("readme.txt", b"about these files"))
    work(city)
    page = client.get("/data/jobs").text
    assert "失败" in page
    assert "未导入" in page
    assert "readme.txt: no known layout. Its first line is" in page
    assert str(city.home) not in page.split("⚠ ReadError")[1]
    assert "新增 1" in page  # what could be read came in all the same
    post(client, ("again.csv", BAD.encode()))
    work(city)
    assert "与先前导入过的文件相同，没有变化" in client.get("/data/jobs").text
    assert open_store(city).hourly(items=["pm25"]).collect().drop_nulls()["pm25"].to_list() == [35.0]


def test_the_page_is_told_once_that_an_import_has_ended(city: Platform, client: TestClient) -> None:
    post(client, ("values.csv", BAD.encode()))
    assert "hx-trigger" not in client.get("/data/jobs?busy=1").headers
    work(city)
    assert client.get("/data/jobs?busy=1").headers["hx-trigger"] == "data:imported"
    assert "hx-trigger" not in client.get("/data/jobs?busy=0").headers


def test_files_of_one_name_are_both_kept_as_they_were_sent(city: Platform, client: TestClient) -> None:
    contents = [b"first", b"second"]
    post(client, *(("../../etc/数据 (1).csv", content) for content in contents))
    assert [path.read_bytes() for path in kept(city)] == [b"second", b"first"]
    assert [path.name for path in kept(city)] == ["2-数据_(1).csv", "数据_(1).csv"]
    (job,) = list_jobs(city.engine)
    assert sorted(job.arguments["paths"]) == sorted(map(str, kept(city)))


@given(st.text(max_size=300))
def test_a_safe_name_stays_in_its_folder_and_fits_any_file_system(name: str) -> None:
    safe = safe_name(name)
    assert (Path("/kept") / safe).resolve().parent == Path("/kept")
    assert not safe.startswith(".")
    assert 0 < len(safe.encode()) <= 255
    assert safe.isprintable()
    assert safe_name(safe) == safe


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
def test_completeness_is_told_by_ink_that_can_be_read(city: Platform, desk: Callable[..., Page], look: str) -> None:
    presents = (380, 375, 365, 350, 300, 200, 0)
    stations = [Station(f"T{n:03}A", f"站{n}", "state", "110000", 116.4, 39.9) for n in range(len(presents))]
    PlaceStore(city.engine).put_stations(stations, "test")
    store = ObservationStore(city)
    store.append(pl.concat([hours(each.code, n) for each, n in zip(stations, presents, strict=True)]), "hour", "test")
    page = desk(f"/data/coverage?look={look}")
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
def test_revisions_are_shown_as_they_were_known(city: Platform, client: TestClient, tmp_path: Path) -> None:
    def state(name: str, value: str, **how: Any) -> None:
        (tmp_path / name).write_text(f"station,time,item,value\n1001A,2016-12-16 08:00,PM2.5,{value}\n", "utf-8")
        import_paths(city, [tmp_path / name], "analyst", **how)

    state("a.csv", "35")
    state("b.csv", "36.5")
    address = "/data/history?place=万寿西宫&at=2016-12-16T08:00"
    page = client.get(address).text
    assert "万寿西宫 2016-12-16 08:00：2 次陈述，改动 1 个值" in page
    assert '<del title="原为 35">35</del>36.5' in page
    assert '<a href="/data?batch=2">第 2 批</a>' in page
    state("c.csv", "40", grade="reviewed", known_at=NOW + timedelta(hours=1))
    assert client.get(address).text.count("<del") == 1  # known an hour from now, so not yet
    coverage = client.get("/data/coverage").text
    assert "全部为原始数据" in coverage
    city.clock.jump(NOW + timedelta(hours=2))
    later = client.get(address).text
    assert '<del title="原为 36.5">36.5</del>40' in later
    assert "审核" in later
    assert "全部为审核数据" in client.get("/data/coverage").text
    city.clock.jump(datetime(2016, 12, 16, tzinfo=UTC))
    assert "没有任何陈述" in client.get(address).text
    assert "no place is called" in client.get("/data/history?place=9999X").text
