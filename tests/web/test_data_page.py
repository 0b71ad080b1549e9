"""The data page: what came in, what was refused and why, how complete it is, how a value came about; upload."""

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import BackgroundWorker, list_jobs, run_worker
from lantian.observations import open_store
from lantian.observations.importer import import_paths
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web.intake import incoming, safe_name
from lantian.web.pages import data
from lantian.web.security import COOKIE

from .conftest import token_of
from .layout import assert_well_laid

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
HERE = {"origin": "http://testserver"}  # as a browser says of a form on our own page
FORM = HERE | {"content-type": "multipart/form-data"}
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
def city(fresh: Platform) -> Platform:
    """A platform of its own, with two stations."""
    places = PlaceStore(fresh.engine)
    places.put_regions([Region("110000", "北京市", "Beijing")], "test")
    names = (("1001A", "万寿西宫"), ("1002A", "定陵"))
    places.put_stations([Station(code, name, "state", "110000", 116.4, 39.9) for code, name in names], "test")
    return fresh


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
    return client.post("/data/upload", headers=HERE, files=[("files", each) for each in files], data=fields)


def kept(platform: Platform) -> list[Path]:
    return sorted(path for path in incoming(platform).rglob("*") if path.is_file())


@pytest.mark.browser
@pytest.mark.requirement("K3", part="data page on desk and phone")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_overlaps_and_nothing_sticks_out(visit: Callable[..., Any], language: str) -> None:
    page = visit(f"/data?lang={language}").page
    origin = page.evaluate("location.origin")
    for path in PATHS:
        page.goto(origin + path)
        page.wait_for_load_state("load")
        assert_well_laid(page, path)


@pytest.mark.browser
@pytest.mark.requirement("M1", part="upload on the data page, every refused value with its reason")
@pytest.mark.requirement("K3", part="data page")
def test_a_file_with_bad_cells_is_taken_in_and_shows_them_with_reasons(
    city: Platform, visit_fresh: Callable[..., Any], tmp_path: Path
) -> None:
    page = visit_fresh("/data").page
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
    assert "pm25 应在 0 至 2000 ug/m3 之间" in refused["-7"][4]
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
    city: Platform, visit_fresh: Callable[..., Any], tmp_path: Path
) -> None:
    import_paths(city, [bad_file(tmp_path)], "analyst")
    page = visit_fresh("/data/rejected").page
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
    assert all("\u4e00" <= row["reason"][0] <= "\u9fff" or "pm25" in row["reason"] for row in rows)


def test_no_refused_value_becomes_a_formula_in_excel(city: Platform, fresh_client: TestClient, tmp_path: Path) -> None:
    values = ("=1+1", "+1", "-1", "-x", "@x", "ok")
    rows = "".join(f"1001A,2016-12-16 0{n}:00,PM2.5,{value}\n" for n, value in enumerate(values))
    (tmp_path / "cells.csv").write_text("station,time,item,value\n" + rows, encoding="utf-8")
    import_paths(city, [tmp_path / "cells.csv"], "analyst")
    read = csv.DictReader(io.StringIO(fresh_client.get("/data/rejected.csv").content.decode("utf-8-sig")))
    assert {row["value"] for row in read} == {"'=1+1", "-1", "'-x", "'@x", "ok"}  # +1 is a number


@pytest.mark.browser
def test_a_file_is_taken_in_without_scripts(city: Platform, visit_fresh: Callable[..., Any], tmp_path: Path) -> None:
    page = visit_fresh("/data", java_script_enabled=False).page
    page.set_input_files("#files", [bad_file(tmp_path)])
    page.get_by_role("radio", name="审核").check()
    page.get_by_role("button", name="上传并导入").click()
    assert page.locator(".import-job").count() == 1
    (job,) = list_jobs(city.engine)
    assert (job.arguments["grade"], job.arguments["actor"]) == ("reviewed", "example-analyst")


@pytest.mark.browser
def test_the_page_says_that_files_are_too_large_before_they_are_sent(
    visit_fresh: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "LIMIT", 1 << 20)
    page = visit_fresh("/data").page
    (tmp_path / "large.csv").write_bytes(b"0" * (2 << 20))
    page.set_input_files("#files", [tmp_path / "large.csv"])
    said = page.eval_on_selector("#files", "input => input.validationMessage")
    assert said == "这次上传 2 MB，超过一次 1 MB 的上限，没有保存。请分几次传，或在服务器上运行 lantian import 路径。"
    page.get_by_role("button", name="上传并导入").click()
    assert page.url.endswith("/data")


def test_an_upload_that_is_too_large_is_refused_and_nothing_of_it_kept(
    city: Platform, fresh_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "LIMIT", 1 << 20)
    answer = post(fresh_client, ("large.csv", b"0" * (2 << 20)))
    assert answer.status_code == 413
    assert "上传 3 MB，超过一次 1 MB 的上限" in answer.text
    assert kept(city) == []
    assert list_jobs(city.engine) == []


def test_an_upload_of_unknown_size_is_refused(fresh_client: TestClient) -> None:
    answer = fresh_client.post("/data/upload", content=iter([b"part"]), headers=FORM)
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
    city: Platform, fresh_client: TestClient, files: list[tuple[str, bytes]], fields: dict[str, str], said: str
) -> None:
    answer = post(fresh_client, *files, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert list_jobs(city.engine) == []


def test_a_broken_upload_is_told_what_is_broken(fresh_client: TestClient) -> None:
    answer = fresh_client.post("/data/upload", content=b"--x\r\nnonsense", headers=FORM)
    assert answer.status_code == 400
    assert "boundary" in answer.text


@pytest.mark.requirement("K1", part="data page")
def test_who_may_not_import_sees_no_form_and_is_refused(city: Platform, fresh_client: TestClient) -> None:
    assert 'action="/data/upload"' in fresh_client.get("/data").text
    fresh_client.cookies.set(COOKIE, token_of(city, "county"))
    page = fresh_client.get("/data")
    assert page.status_code == 200
    assert 'action="/data/upload"' not in page.text
    assert post(fresh_client, ("a.csv", BAD.encode())).status_code == 403
    fresh_client.cookies.set(COOKIE, token_of(city, "citizen"))
    assert [fresh_client.get(path).status_code for path in PATHS] == [403] * len(PATHS)
    fresh_client.cookies.clear()
    assert fresh_client.get("/data/rejected.csv").headers["location"].startswith("/login")
    assert kept(city) == []
    assert list_jobs(city.engine) == []


@pytest.mark.requirement("K1", part="data page")
def test_an_upload_writes_only_where_its_sender_may(city: Platform, fresh_client: TestClient, tmp_path: Path) -> None:
    places = PlaceStore(city.engine)
    places.put_regions([Region("110102", "西城区"), Region("110114", "昌平区")], "test")
    stations = (("1001A", "万寿西宫", "110102"), ("1002A", "定陵", "110114"))
    places.put_stations([Station(code, name, "state", region, 116.4, 39.9) for code, name, region in stations], "test")
    made = accounts.create_account(city.engine, "test", login="li.lei", name="李雷", region="110114")
    accounts.change_password(city.engine, made.account, made.one_time_password, "correct horse battery staple")
    accounts.grant(city.engine, "test", made.account.id or 0, "analyst", region="110114")
    fresh_client.cookies.set(COOKIE, token_of(city, "li.lei"))
    table = b"station,time,pm25\n1001A,2016-12-16 08:00,35\n1002A,2016-12-16 08:00,36\n1002A,2016-12-16 09:00,37\n"
    post(fresh_client, ("two.csv", table))
    work(city)
    hours = open_store(city).hourly(None, date(2016, 12, 16), date(2016, 12, 17), ["pm25"]).collect()
    assert sorted(hours["pm25"].to_list()) == [36, 37]
    page = fresh_client.get("/data/rejected").text
    assert "不在导入人的授权区域内" in page
    assert "没有权限，退回 1 行：导入人没有这个地点的 data.import 权限" in page

    again = tmp_path / "two.csv"
    again.write_bytes(table)
    assert import_paths(city, [again], "lantian").new == 1, "the same file brings the rest to who may everywhere"


def test_a_file_that_cannot_be_read_and_one_that_is_known_already(city: Platform, fresh_client: TestClient) -> None:
    post(fresh_client, ("values.csv", BAD.encode()), ("readme.txt", b"about these files"))
    work(city)
    page = fresh_client.get("/data/jobs").text
    assert "失败" in page
    assert "未导入" in page
    assert "readme.txt：不认识的表格格式，首行为" in page
    assert "readme.txt: no known layout. Its first line is" in fresh_client.get("/data/jobs?lang=en").text
    assert str(city.home) not in page.split("⚠ ReadError")[1]
    assert "新增 1" in page  # what could be read came in all the same
    post(fresh_client, ("again.csv", BAD.encode()))
    work(city)
    assert "与先前导入过的文件相同，没有变化" in fresh_client.get("/data/jobs?lang=zh").text
    assert open_store(city).hourly(items=["pm25"]).collect().drop_nulls()["pm25"].to_list() == [35.0]


def test_the_page_is_told_once_that_an_import_has_ended(city: Platform, fresh_client: TestClient) -> None:
    post(fresh_client, ("values.csv", BAD.encode()))
    assert "hx-trigger" not in fresh_client.get("/data/jobs?busy=1").headers
    work(city)
    assert fresh_client.get("/data/jobs?busy=1").headers["hx-trigger"] == "data:imported"
    assert "hx-trigger" not in fresh_client.get("/data/jobs?busy=0").headers


def test_files_of_one_name_are_both_kept_as_they_were_sent(city: Platform, fresh_client: TestClient) -> None:
    contents = [b"first", b"second"]
    post(fresh_client, *(("../../etc/数据 (1).csv", content) for content in contents))
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
