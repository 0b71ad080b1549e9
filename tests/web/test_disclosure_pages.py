"""Duties and documents: what is overdue is said first, one click drafts, publishing does it; who may not, cannot."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime

import docx
import pytest

from lantian.disclosure.duties import Event
from lantian.disclosure.service import Disclosure
from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.places.groups import Group
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.supervision.findings import Finding
from lantian.supervision.service import Supervision

from .conftest import TestClient
from .layout import assert_well_laid

CITY = "130100"
ORIGIN = {"origin": "http://testserver"}


@pytest.fixture
def town(fresh: Platform) -> Platform:
    """A town with a round that ended, problems that it found and a campaign that runs."""
    PlaceStore(fresh.engine).put_regions(
        [
            Region("130000", "河北省", "Hebei"),
            Region(CITY, "石家庄市", "Shijiazhuang"),
            Region("130102", "长安区", "Chang'an"),
        ],
        "test",
    )
    fresh.clock.set_simulated(datetime(2017, 9, 29, 12, tzinfo=UTC), paused=True)
    inspector = accounts.get_account(fresh.engine, "example-inspector")
    assert inspector is not None
    Supervision(fresh).open(Finding("土方未覆盖", "construction", "inspection", "130102", example=True), inspector)
    desk = Disclosure(fresh)
    desk.record(Event("round_ended", CITY, date(2017, 9, 29), "第3轮次", example=True), "office")
    desk.record(Event("campaign_started", CITY, date(2017, 9, 25)), "office")
    return fresh


def form(kind: str = "inspection_letter", trigger: str = "2017-09-29", **more: str) -> dict[str, str]:
    return {"kind": kind, "region": CITY, "trigger": trigger, **more}


@pytest.mark.requirement("P1", part="page with the calendar of working days, overdue duties first")
def test_the_page_says_first_what_is_overdue(town: Platform, fresh_client: TestClient) -> None:
    page = fresh_client.get("/duties").text
    assert "1 项公开职责逾期" in page  # Thursday's television item
    assert "逾期 1 天" in page
    assert "2017-10-09" in page  # two working days, over the National Day holiday
    assert "9/30 <small>班</small>" in page
    assert "10/2 <small>休</small>" in page
    assert 'lang="en"' in fresh_client.get("/duties?lang=en").text
    assert "1 duties of disclosure are overdue" in fresh_client.get("/duties?lang=en").text


@pytest.mark.requirement("P1", part="one click to the draft; publishing does the duty")
def test_one_click_drafts_and_publishing_does_the_duty(town: Platform, fresh_client: TestClient) -> None:
    made = fresh_client.post("/duties/draft", data=form(), headers=ORIGIN)
    assert made.status_code == 303
    listed = fresh_client.get(made.headers["location"]).text
    assert "1 份草稿待发布，已发布 0 份" in listed
    assert "第3轮次督查情况通报（石家庄市人民政府）" in listed
    pdf = fresh_client.get("/documents/1.pdf")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    word = docx.Document(io.BytesIO(fresh_client.get("/documents/1.docx").content))
    assert any("土方未覆盖" in cell.text for table in word.tables for row in table.rows for cell in row.cells)
    assert "看草稿" in fresh_client.get("/duties").text
    town.clock.jump(datetime(2017, 10, 9, 2, tzinfo=UTC))
    assert fresh_client.post("/documents/1/publish", headers=ORIGIN).status_code == 303
    assert "published already" in fresh_client.post("/documents/1/publish", headers=ORIGIN).text
    page = fresh_client.get("/duties").text
    assert "按期完成" in page
    assert "公开问题清单" in page  # the city's own duties follow
    rows = fresh_client.get("/api/v1/duties?state=done").json()
    assert [(row["kind"], row["due"], row["document"]) for row in rows] == [("inspection_letter", "2017-10-09", 1)]


def test_a_duty_done_elsewhere_is_marked(town: Platform, fresh_client: TestClient) -> None:
    wrong = fresh_client.post("/duties/done", data=form(done_on="2017-10-05"), headers=ORIGIN)
    assert wrong.status_code == 422
    assert "expected a day from 2017-09-29 to 2017-09-29" in wrong.text
    item = form("television_item", "2017-09-28", done_on="2017-09-28", note="市电视台")
    assert fresh_client.post("/duties/done", data=item, headers=ORIGIN).status_code == 303
    page = fresh_client.get("/duties").text
    assert "没有逾期的公开职责" in page
    assert "市电视台" in page
    assert fresh_client.post("/duties/done", data=form("poem", done_on="2017-09-29"), headers=ORIGIN).status_code == 404


def test_an_event_is_recorded_by_the_name_of_a_place(town: Platform, fresh_client: TestClient) -> None:
    said = {"kind": "letter_published", "place": "石家庄", "happened_on": "2017-09-29", "note": ""}
    assert fresh_client.post("/duties/events", data=said, headers=ORIGIN).status_code == 303
    assert "公开整改结果" in fresh_client.get("/duties").text
    for wrong in ({"place": "没有的地方"}, {"kind": "poem"}, {"happened_on": "2017-12-01"}):
        assert fresh_client.post("/duties/events", data=said | wrong, headers=ORIGIN).status_code == 422


@pytest.mark.requirement("P1", part="only who may publish does, and only where they may")
def test_who_only_reads_changes_nothing(
    town: Platform, fresh_client: TestClient, reader: Callable[[str], None]
) -> None:
    reader("forecaster")
    page = fresh_client.get("/duties").text
    assert "督查情况通报" in page
    for action in ("/duties/draft", "/duties/done", "/duties/events"):
        assert action not in page
    assert fresh_client.post("/duties/draft", data=form(), headers=ORIGIN).status_code == 403
    assert fresh_client.post("/documents/make", data={"kind": "daily_brief"}, headers=ORIGIN).status_code == 403
    reader("citizen")
    assert fresh_client.get("/duties").status_code == 403
    assert fresh_client.get("/documents/1.pdf").status_code == 403


@pytest.fixture
def reader(fresh: Platform, fresh_client: TestClient) -> Callable[[str], None]:
    from lantian.web.security import COOKIE

    from .beijing import token

    def act(login: str) -> None:
        fresh_client.cookies.clear()
        fresh_client.cookies.set(COOKIE, token(fresh, login))

    return act


def test_empty_pages_say_what_to_do(fresh_client: TestClient) -> None:
    assert "没有触发公开职责的事件" in fresh_client.get("/duties").text
    assert "还没有文稿" in fresh_client.get("/documents").text
    assert "没有区域数据" in fresh_client.post("/documents/make", data={"kind": "daily_brief"}, headers=ORIGIN).text
    answer = fresh_client.post("/documents/make", data={"kind": "monthly_bulletin", "period": "x"}, headers=ORIGIN)
    assert (answer.status_code, "period" in answer.text) == (422, True)
    assert fresh_client.get("/documents/9.pdf").status_code == 404
    assert fresh_client.get("/documents/9.exe").status_code == 422


@pytest.mark.requirement("P3", part="daily brief made by a click")
def test_the_daily_brief_is_made_by_a_click(town: Platform, fresh_client: TestClient) -> None:
    PlaceStore(town.engine).put_group(Group("one", "一市", (CITY,)), "test")
    made = fresh_client.post("/documents/make", data={"kind": "daily_brief"}, headers=ORIGIN)
    assert made.status_code == 303
    assert "攻坚行动每日快报（2017年9月29日）" in fresh_client.get(made.headers["location"]).text
    assert Disclosure(town).document(1).values["headline"].endswith("公开职责逾期1项，即将到期0项。")


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/duties", "/documents"])
def test_nothing_overlaps(town: Platform, visit_fresh: Callable[..., object], path: str) -> None:
    desk = Disclosure(town)
    desk.draft(desk.duty("inspection_letter", CITY, date(2017, 9, 29)), "office")
    for language in ("zh", "en"):
        page = visit_fresh(f"{path}?lang={language}", login="office").page
        assert_well_laid(page)
