"""Duties and documents of a platform: what is recorded, drafted and published, as of any moment."""

import dataclasses
import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest

from lantian.disclosure import archive, rules
from lantian.disclosure.drafts import DraftError
from lantian.disclosure.duties import Event
from lantian.disclosure.service import Disclosure
from lantian.disclosure.values import DailyBrief, OrderLetter, RoundReport, TelevisionScript, ValuesError
from lantian.kernel import accounts, audit
from lantian.kernel.bootstrap import Platform
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.supervision.findings import Finding
from lantian.supervision.service import Supervision

from .samples import everything, order

NOW = datetime(2017, 9, 29, 12, tzinfo=UTC)
CITY, COUNTY = "130100", "130102"


@pytest.fixture
def desk(platform: Platform) -> Disclosure:
    """A platform of its own, in a replay on 29 September 2017."""
    accounts.ensure_example(platform.engine, True)
    PlaceStore(platform.engine).put_regions(
        [Region("130000", "河北省"), Region(CITY, "示例市", example=True), Region(COUNTY, "示例区", example=True)],
        "test",
    )
    platform.clock.set_simulated(NOW, paused=True)
    return Disclosure(platform)


def test_events_are_kept_once_and_checked(desk: Disclosure) -> None:
    ended = Event("round_ended", CITY, date(2017, 9, 29), "第3轮次")
    assert desk.record(ended, "office")
    assert not desk.record(ended, "office")
    assert [(duty.kind, duty.due.date) for duty in desk.calendar()] == [("inspection_letter", date(2017, 10, 9))]
    assert desk.calendar(NOW - timedelta(hours=1)) == []
    for wrong, said in (
        (Event("round_over", CITY, date(2017, 9, 29)), "kind 'round_over': expected one of round_ended"),
        (Event("round_ended", " ", date(2017, 9, 29)), "region is empty"),
        (Event("round_ended", CITY, date(2017, 9, 30)), "expected a day up to 2017-09-29"),
    ):
        with pytest.raises(ValueError, match=said):
            desk.record(wrong, "office")


@pytest.mark.requirement("P1", part="draft from the cases, published in time, makes the duties of the city")
def test_a_draft_from_the_cases_does_the_duty_when_published(desk: Disclosure, platform: Platform) -> None:
    inspector = accounts.get_account(platform.engine, "example-inspector")
    assert inspector is not None
    cases = Supervision(platform)
    numbers = [
        cases.open(Finding(title, "construction", "inspection", COUNTY, example=True), inspector)
        for title in ("土方未覆盖", "出入车辆未冲洗")
    ]
    desk.record(Event("round_ended", CITY, date(2017, 9, 29)), "office")
    (duty,) = desk.calendar()
    kept = desk.draft(duty, "office")
    values = archive.from_json(kept.kind, kept.values)
    assert isinstance(values, RoundReport)
    assert [one.number for one in values.problems] == numbers
    assert [(place.name, place.problems, place.checked) for place in values.places] == [("示例区", 2, None)]
    assert values.example
    pdf = desk.file(kept, "pdf").read_bytes()
    assert hashlib.sha256(pdf).hexdigest() == kept.sha256
    assert desk.calendar()[0].state == "due"

    platform.clock.jump(datetime(2017, 10, 9, 1, tzinfo=UTC))
    out = desk.publish(kept.id, "office")
    assert out.published
    by_kind = {one.kind: one for one in desk.calendar()}
    assert (by_kind["inspection_letter"].state, by_kind["inspection_letter"].done.document) == ("done", kept.id)
    assert by_kind["problem_list"].due.date == date(2017, 10, 11)
    with pytest.raises(ValueError, match="published already"):
        desk.publish(kept.id, "office")
    assert not desk.document(kept.id, NOW).published
    letter = archive.from_json("order_letter", desk.draft(by_kind["problem_list"], "office").values)
    assert isinstance(letter, OrderLetter)
    assert [case.title for case in letter.cases] == ["土方未覆盖", "出入车辆未冲洗"]
    assert audit.verify(platform.engine) == []


def test_a_television_script_names_the_weeks_problems(desk: Disclosure, platform: Platform) -> None:
    inspector = accounts.get_account(platform.engine, "example-inspector")
    assert inspector is not None
    desk.record(Event("campaign_started", CITY, date(2017, 9, 20)), "office")
    duty = next(one for one in desk.calendar() if one.due.date == date(2017, 10, 5))
    with pytest.raises(DraftError, match="没有督查发现的问题，无法起草"):
        desk.draft(duty, "office")
    Supervision(platform).open(Finding("渣土车未密闭", "muck", "inspection", COUNTY, example=True), inspector)
    script = archive.from_json("television_script", desk.draft(duty, "office").values)
    assert isinstance(script, TelevisionScript)
    assert script.airs_on == date(2017, 10, 5)
    assert any("渣土车未密闭" in segment.words for segment in script.segments)
    assert "不足3分钟" in script.length


def test_a_duty_done_by_hand_counts_from_its_trigger_to_today(desk: Disclosure) -> None:
    desk.record(Event("round_ended", CITY, date(2017, 9, 28)), "office")
    (duty,) = desk.calendar()
    for day in (date(2017, 9, 27), date(2017, 9, 30)):
        with pytest.raises(ValueError, match="expected a day from 2017-09-28 to 2017-09-29"):
            desk.mark_done(duty, day, "office")
    desk.mark_done(duty, date(2017, 9, 29), "office", note="报纸")
    found = desk.duty("inspection_letter", CITY, date(2017, 9, 28))
    assert (found.state, found.done.note) == ("done", "报纸")
    with pytest.raises(LookupError, match="there is no duty"):
        desk.duty("inspection_letter", CITY, date(2017, 9, 1))


@pytest.mark.requirement("P3", part="daily progress brief")
def test_the_daily_brief_says_what_is_overdue(desk: Disclosure, platform: Platform) -> None:
    desk.record(Event("round_ended", CITY, date(2017, 9, 20)), "office")
    brief = archive.from_json("daily_brief", desk.brief("office", region=CITY).values)
    assert isinstance(brief, DailyBrief)
    assert "公开职责逾期1项" in brief.headline
    assert brief.duties == ("示例市：督查情况通报应于2017年9月22日前完成，逾期7天。",)
    assert [count.name for count in brief.counts] == ["未结问题", "逾期", "未完成整改", "已销号"]


def test_an_office_has_its_own_rules_and_templates(desk: Disclosure, platform: Platform) -> None:
    text = rules.SHIPPED.read_text("utf-8").replace(
        "n: 2\n    unit: working_days\n    owed_by: inspection", "n: 1\n    unit: days\n    owed_by: inspection"
    )
    (platform.home / "duties.yaml").write_text(text, encoding="utf-8")
    desk.record(Event("round_ended", CITY, date(2017, 9, 29)), "office")
    assert desk.calendar()[0].due.date == date(2017, 9, 30)
    before = desk.make(order(), "office")
    folder = platform.home / "templates"
    folder.mkdir()
    (folder / "order_letter.typ").write_text('#import "common.typ": *\n#data.to_unit', encoding="utf-8")
    after = desk.make(order(), "office")
    assert before.docx_sha256 == after.docx_sha256
    assert before.sha256 != after.sha256
    desk.file(after, "pdf").unlink()
    with pytest.raises(LookupError, match="make the document anew"):
        desk.file(after, "pdf")


def test_values_come_back_from_json_as_they_were() -> None:
    for template, values in everything().items():
        assert archive.from_json(template, archive.to_json(values)) == values
    kept = archive.to_json(order())
    with pytest.raises(ValuesError, match="unknown fields"):
        archive.from_json("order_letter", kept | {"colour": "red"})
    with pytest.raises(ValuesError, match=r"OrderLetter.to_unit is ''"):
        archive.from_json("order_letter", kept | {"to_unit": ""})
    with pytest.raises(ValuesError, match="expected one of"):
        archive.from_json("poem", kept)
    assert dataclasses.asdict(order())
