"""The field page in a real browser: found off-line and kept on the phone, sent once, conflicts decided by a person."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lantian.kernel.bootstrap import Platform
from lantian.supervision.evidence import EvidenceStore
from lantian.supervision.service import Supervision
from tests.supervision.pictures import HERE, picture

from .conftest import DESK, PHONE
from .field_work import a_county, a_photo, a_reported_case, cases_titled, the_account  # noqa: F401  (fixtures)

MEASURES = Path(__file__).parent / "measures"
OVERLAPS, CONTRAST, SMALL_TARGETS = (
    (MEASURES / f"{name}.js").read_text(encoding="utf-8") for name in ("overlaps", "contrast", "small_targets")
)
OFFLINE = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_CONNECTION_REFUSED", "Failed to fetch")
Browse = Callable[..., Any]


def ready(page: Page, address: str) -> None:
    """Open a field page and wait until the phone has all it needs to go on without a network."""
    page.goto(address)
    page.wait_for_selector("[data-field][data-ready=yes]")
    page.wait_for_selector("[data-field][data-worker=yes]")
    page.wait_for_function("() => navigator.serviceWorker.controller")


def fill(page: Page, subject: str, photo: Path) -> None:
    form = page.locator("#finding")
    form.locator("[data-photos]").first.set_input_files(photo)
    expect(form.locator("[data-picked] img")).to_have_count(1)
    form.get_by_text("施工扬尘").click()
    form.get_by_text("物料未覆盖").click()
    form.locator("input[name=subject]").fill(subject)
    form.locator("textarea").fill("东门内土方裸露约二百平方米")


def unplug(visitor: Any) -> Page:
    for part in OFFLINE:
        visitor.expect(part)
    visitor.page.context.set_offline(True)
    return visitor.page


@pytest.mark.browser
@pytest.mark.requirement("V2")
def test_what_is_found_off_line_is_kept_on_the_phone_and_sent_once(
    county: Platform, live: str, browse: Browse, photo: Path
) -> None:
    visitor = browse(live, "inspector", size=PHONE)
    ready(visitor.page, f"{live}/field")
    page = unplug(visitor)
    subject = f"示例工地{uuid.uuid4().hex[:8]}"
    fill(page, subject, photo)
    page.get_by_role("button", name="保存并上传").click()
    expect(page.locator("[data-count]")).to_have_text("1 条待上传")
    page.reload()  # the page comes from the phone, and so does what waits
    expect(page.locator("[data-field=shell]")).to_be_visible()
    expect(page.locator("[data-count]")).to_have_text("1 条待上传")
    expect(page.locator(".queued")).to_contain_text(subject)
    assert cases_titled(county, subject) == []
    page.context.set_offline(False)
    expect(page.locator(".queued")).to_have_attribute("data-state", "sent")
    (case,) = cases_titled(county, subject)
    assert (case["title"], case["region"], case["source"]) == (f"{subject}：物料未覆盖", "110105", "inspection")
    assert case["example"]  # what an account of the example reports is invented
    record = Supervision(county).case(case["number"])
    assert record.case.finding["place_by"] == "photo"
    files = EvidenceStore(county)
    (sha256,) = record.case.evidence
    piece = files.get(sha256)
    assert files.content(sha256) == photo.read_bytes()
    assert (piece.lon, piece.lat) == (pytest.approx(HERE[0], abs=1e-5), pytest.approx(HERE[1], abs=1e-5))
    assert piece.taken_at == datetime(2016, 12, 16, 6, 5, 9, tzinfo=UTC)
    page.reload()
    page.wait_for_selector("[data-field=page][data-ready=yes]")
    assert len(cases_titled(county, subject)) == 1


@pytest.mark.browser
@pytest.mark.requirement("V2", part="a check made off-line meets a case that went on: the inspector decides")
def test_a_check_whose_case_went_on_is_shown_beside_it_and_decided_by_the_inspector(
    county: Platform, live: str, browse: Browse, photo: Path, reported: str, account: Callable[[str], Any]
) -> None:
    visitor = browse(live, "inspector", size=PHONE)
    ready(visitor.page, f"{live}/field")
    page = unplug(visitor)
    page.goto(f"{live}/field/check/{reported}")  # never opened before: the phone kept the day's list
    expect(page.locator("[data-title]")).to_have_text("渣土车未密闭")
    expect(page.locator("[data-fact=requirement]")).to_have_text("全部密闭")
    form = page.locator("#visit")
    form.locator("[data-photos]").first.set_input_files(photo)
    expect(form.locator("[data-picked] img")).to_have_count(1)
    form.get_by_text("通过，销号").click()
    form.locator("textarea").fill("到场查看，已全部密闭")
    form.get_by_role("button", name="保存并上传").click()
    expect(page.locator("[data-count]")).to_have_text("1 条待上传")
    Supervision(county).act(reported, "note", account("office"), "群众又打来电话")
    visitor.expect("409")
    page.context.set_offline(False)
    item = page.locator(".queued")
    expect(item).to_have_attribute("data-state", "conflict")
    expect(item).to_contain_text("到场查看，已全部密闭")
    expect(item).to_contain_text("群众又打来电话")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(SMALL_TARGETS) == []
    assert Supervision(county).case(reported).case.state == "reported"
    page.reload()  # nothing is lost by leaving the page
    expect(page.locator(".queued")).to_have_attribute("data-state", "conflict")
    page.get_by_role("button", name="按最新情况再次提交").click()
    expect(page.locator(".queued")).to_have_attribute("data-state", "sent")
    record = Supervision(county).case(reported)
    assert (record.case.state, record.events[-1].reason) == ("closed", "到场查看，已全部密闭")
    assert len(record.events[-1].evidence) == 1


@pytest.mark.browser
def test_a_check_that_came_too_late_becomes_a_note_or_is_dropped_by_hand(
    county: Platform, live: str, browse: Browse, photo: Path, reported: str, account: Callable[[str], Any]
) -> None:
    visitor = browse(live, "inspector", size=PHONE)
    ready(visitor.page, f"{live}/field/check/{reported}")
    page = unplug(visitor)
    form = page.locator("#visit")
    form.locator("[data-photos]").first.set_input_files(photo)
    expect(form.locator("[data-picked] img")).to_have_count(1)
    form.get_by_text("不通过，退回").click()
    expect(form.locator("input[name=days]")).to_be_visible()
    form.locator("textarea").fill("西侧仍有两辆未密闭")
    form.get_by_role("button", name="保存并上传").click()
    proof = Supervision(county).case(reported).case.evidence
    Supervision(county).move(reported, "pass", account("inspector"), "另一组已核查", evidence=proof)
    visitor.expect("409")
    page.context.set_offline(False)
    item = page.locator(".queued")
    expect(item).to_contain_text("已销号")
    expect(page.get_by_role("button", name="按最新情况再次提交")).to_have_count(0)  # the workflow no longer allows it
    page.get_by_role("button", name="作为备注提交").click()
    expect(item).to_have_attribute("data-state", "sent")
    record = Supervision(county).case(reported)
    last = record.events[-1]
    assert (record.case.state, last.kind, last.reason) == ("closed", "note", "西侧仍有两辆未密闭")


@pytest.mark.browser
def test_what_is_refused_comes_back_with_its_reason_and_can_be_mended(
    county: Platform, live: str, browse: Browse, tmp_path: Path
) -> None:
    visitor = browse(live, "inspector", size=PHONE)
    visitor.expect("422")
    page = visitor.page
    ready(page, f"{live}/field")
    far_away = tmp_path / "sea.jpg"
    far_away.write_bytes(picture(where=(121.0, 31.0)))
    subject = f"示例外地{uuid.uuid4().hex[:8]}"
    fill(page, subject, far_away)
    page.get_by_role("button", name="保存并上传").click()
    item = page.locator(".queued", has_text=subject)
    expect(item).to_contain_text("请选择区县")
    item.get_by_role("button", name="修改").click()
    expect(page.locator("#finding input[name=subject]")).to_have_value(subject)
    expect(page.locator("#finding [data-picked] img")).to_have_count(1)
    page.locator("#finding select[name=region]").select_option("110106")
    page.get_by_role("button", name="保存并上传").click()
    expect(item).to_have_attribute("data-state", "sent")
    (case,) = cases_titled(county, subject)
    assert case["region"] == "110106"


@pytest.mark.browser
def test_a_session_that_ended_loses_nothing(
    county: Platform, live: str, browse: Browse, photo: Path, token: Callable[[str], str]
) -> None:
    visitor = browse(live, "inspector", size=PHONE)
    page = visitor.page
    ready(page, f"{live}/field")
    page.context.clear_cookies()
    subject = f"示例登录{uuid.uuid4().hex[:8]}"
    fill(page, subject, photo)
    page.get_by_role("button", name="保存并上传").click()
    expect(page.locator("[data-signin]")).to_be_visible()
    expect(page.locator("[data-count]")).to_have_text("1 条待上传")
    page.context.add_cookies([{"name": "lantian_session", "value": token("analyst"), "url": live}])
    page.goto(f"{live}/field")  # somebody else signs in on the same phone
    expect(page.locator(".queued")).to_have_attribute("data-state", "foreign")
    assert cases_titled(county, subject) == []
    page.context.add_cookies([{"name": "lantian_session", "value": token("inspector"), "url": live}])
    page.goto(f"{live}/field")
    expect(page.locator(".queued")).to_have_attribute("data-state", "sent")
    assert len(cases_titled(county, subject)) == 1


@pytest.mark.browser
@pytest.mark.requirement("V2", part="an answer that was lost, and two open pages, make no second case")
def test_an_answer_that_was_lost_makes_no_second_case(county: Platform, live: str, browse: Browse, photo: Path) -> None:
    visitor = browse(live, "inspector", size=PHONE)
    page = visitor.page
    ready(page, f"{live}/field")
    visitor.expect("ERR_FAILED")
    lost = []

    def lose(route: Any) -> None:
        lost.append(route.fetch().status)  # the platform keeps it, the phone never hears so
        route.abort()

    page.route("**/field/findings", lose, times=1)
    subject = f"示例丢失{uuid.uuid4().hex[:8]}"
    fill(page, subject, photo)
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/field/findings")):
        page.get_by_role("button", name="保存并上传").click()
    expect(page.locator(".queued")).to_have_attribute("data-state", "waiting")
    assert lost == [201]
    assert len(cases_titled(county, subject)) == 1
    second = page.context.new_page()
    second.goto(f"{live}/field")  # sends too
    page.locator("[data-send-all]").dispatch_event("click")  # hidden by now if the other was quicker
    expect(second.locator(".queued")).to_have_attribute("data-state", "sent")
    expect(page.locator(".queued")).to_have_attribute("data-state", "sent")  # each hears of what the other did
    page.reload()
    expect(page.locator(".queued")).to_have_attribute("data-state", "sent")
    (case,) = cases_titled(county, subject)
    assert case["number"] in page.inner_text(".queued")


@pytest.mark.browser
def test_a_phone_that_can_keep_nothing_sends_at_once(county: Platform, live: str, browse: Browse, photo: Path) -> None:
    page = browse(live, "inspector", size=PHONE).page
    page.add_init_script("IDBFactory.prototype.open = () => { throw new Error('full'); }")
    page.goto(f"{live}/field")
    page.wait_for_selector("[data-field][data-ready=yes]")
    subject = f"示例存满{uuid.uuid4().hex[:8]}"
    fill(page, subject, photo)
    page.get_by_role("button", name="保存并上传").click()
    page.wait_for_url(re.compile("sent="))
    assert len(cases_titled(county, subject)) == 1


@pytest.mark.browser
@pytest.mark.requirement("K3", part="the field page on a phone, and its position by satellite")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_made_for_one_thumb(
    county: Platform, live: str, browse: Browse, reported: str, language: str, photo: Path
) -> None:
    visitor = browse(live, "inspector", size=PHONE)
    page = visitor.page
    page.context.grant_permissions(["geolocation"], origin=live)
    page.context.set_geolocation({"longitude": HERE[0], "latitude": HERE[1], "accuracy": 12})
    ready(page, f"{live}/field?lang={language}")
    page.locator("label[for=line-construction]").click()
    page.locator("[data-locate]").click()
    expect(page.locator("[data-place]")).to_contain_text("116.48000, 39.95000")
    page.locator("summary", has=page.locator("xpath=..")).last.click()
    page.wait_for_selector(".map[data-ready=yes]")
    for address in (None, f"{live}/field/check/{reported}", f"{live}/field/shell"):
        if address:
            page.goto(address)
            page.wait_for_selector("[data-field][data-ready=yes]")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        assert page.evaluate(OVERLAPS) == [], address
        assert page.evaluate(SMALL_TARGETS) == [], address
        assert page.evaluate(CONTRAST) == [], address


@pytest.mark.browser
def test_a_file_and_the_desk_are_laid_out_too(county: Platform, live: str, browse: Browse, reported: str) -> None:
    sha256 = Supervision(county).case(reported).case.evidence[0]
    page = browse(live, "inspector", size=DESK).page
    for size, address in ((DESK, "/field"), (DESK, f"/evidence/{sha256}/about"), (PHONE, f"/evidence/{sha256}/about")):
        page.set_viewport_size(size)
        page.goto(live + address)
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        assert page.evaluate(OVERLAPS) == [], address
        assert page.evaluate(CONTRAST) == [], address
    assert page.evaluate("document.querySelector('.shown img').naturalWidth") == 480
    assert sha256 in page.inner_text(".hash")


@pytest.mark.browser
def test_the_forms_work_without_scripts(
    county: Platform, live: str, chromium: Any, token: Callable[[str], str], photo: Path, reported: str
) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=PHONE)
    context.add_cookies([{"name": "lantian_session", "value": token("inspector"), "url": live}])
    page = context.new_page()
    page.goto(f"{live}/field")
    subject = f"示例无脚本{uuid.uuid4().hex[:8]}"
    page.locator("#finding input[type=file]").first.set_input_files(photo)
    page.get_by_text("施工扬尘").click()
    page.get_by_text("物料未覆盖").click()
    page.locator("#finding input[name=subject]").fill(subject)
    page.get_by_role("button", name="保存并上传").click()
    assert "已收到，编号" in page.inner_text("#page")
    (case,) = cases_titled(county, subject)
    assert case["lon"] == pytest.approx(HERE[0], abs=1e-5)
    page.goto(f"{live}/field/check/{reported}")
    page.get_by_text("通过，销号").click()
    page.locator("#visit textarea").fill("没有照片")
    page.get_by_role("button", name="保存并上传").click()
    assert "须附 1 份佐证材料" in page.inner_text("[role=alert]")
    assert page.input_value("#visit textarea") == "没有照片"
    page.locator("#visit input[type=file]").first.set_input_files(photo)
    page.get_by_role("button", name="保存并上传").click()
    assert f"已收到，编号 {reported}" in page.inner_text("#page")
    assert Supervision(county).case(reported).case.state == "closed"
    context.close()
