"""Manifests through the feed: the alarm comes once when the term passes, and ends when the manifest arrives."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lantian.kernel.bootstrap import Platform
from lantian.observations import alerts
from lantian.observations.feeds import PLATFORM, Feeds
from lantian.observations.waste.service import ledger, tell
from lantian.places.regions import Region
from lantian.places.store import PlaceStore

NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
EVERYWHERE = [(None, None)]
MANIFEST = {
    "manifest": "SL0000001", "planned_on": "2016-12-15", "producer": "示例甲厂", "region": "110105",
    "receiver": "示例乙厂", "receiver_region": "110105", "waste_name": "废矿物油", "waste_code": "900-214-08",
    "loaded_kg": "1250", "dispatched_at": "2016-12-15 09:00",
}  # fmt: skip


@pytest.fixture
def city(platform: Platform) -> Platform:
    """A platform with one county, its clock in a replay."""
    PlaceStore(platform.engine).put_regions([Region("110105", "朝阳区")], "test")
    platform.clock.set_simulated(NOW, paused=True, actor="test")
    return platform


def told(platform: Platform, **kept: Any) -> list[alerts.Standing]:
    return alerts.listed(platform.engine, EVERYWHERE, as_of=platform.clock.now(), kind="manifest", **kept)


@pytest.mark.requirement("M12")
def test_a_manifest_that_does_not_arrive_is_told_once_until_it_does(city: Platform) -> None:
    feeds = Feeds(city)
    feeds.put("waste_manifest", [MANIFEST], "test", example=True)
    assert told(city) == []
    assert [one.state for one in ledger(city, PLATFORM, NOW)] == ["dispatched"]
    later = NOW + timedelta(days=2)
    city.clock.set_simulated(later, paused=True, actor="test")
    assert len(tell(city, later)) == 1
    assert tell(city, later + timedelta(hours=1)) == []
    (one,) = told(city, waiting=True)
    assert (one.alert.subject, one.alert.region, one.alert.example) == ("SL0000001", "110105", True)
    assert one.alert.at == datetime(2016, 12, 17, 1, tzinfo=UTC)
    assert "示例甲厂发往示例乙厂的废矿物油，装载 1250 kg" in one.alert.zh
    feeds.put("waste_manifest", [{**MANIFEST, "received_at": "2016-12-18 10:00", "received_kg": "1250"}], "test")
    assert told(city, waiting=True) == []
    (ended,) = told(city)
    assert ended.ended_at == later
    assert [(row.state, row.late) for row in ledger(city, PLATFORM, later)] == [("arrived", 25)]
    assert [row.state for row in ledger(city, PLATFORM, NOW)] == ["dispatched"]  # as it was known then


def test_a_list_that_comes_late_raises_the_alarm_by_itself(city: Platform) -> None:
    old = {**MANIFEST, "planned_on": "2016-12-01", "dispatched_at": "2016-12-01 09:00"}
    receipt = Feeds(city).put("waste_manifest", [old], "test")
    assert receipt.notes == ()
    assert [one.alert.subject for one in told(city, waiting=True)] == ["SL0000001"]


@pytest.mark.requirement("M12", part="the ledger reads the days asked for, and of older ones those under way")
def test_the_ledger_of_the_last_days_has_older_manifests_only_where_they_are_under_way(
    city: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = {**MANIFEST, "planned_on": "2016-06-01", "dispatched_at": "2016-06-01 09:00"}
    arrived = {"received_at": "2016-06-02 09:00", "received_kg": "1250"}
    rows = [
        {**long_ago, **arrived, "manifest": "OLD-ARRIVED"},
        {**long_ago, "manifest": "OLD-LATE"},
        {**long_ago, "manifest": "OLD-PLANNED", "dispatched_at": ""},
        {**long_ago, "manifest": "OLD-REFUSED", "opinion": "refuse"},
        {**MANIFEST, "manifest": "NEW-ARRIVED", "received_at": "2016-12-15 19:00", "received_kg": "1250"},
        {**MANIFEST, "manifest": "NEW-WAY"},
    ]
    feeds = Feeds(city)
    assert feeds.put("waste_manifest", rows, "test").rejected == 0
    whole = ledger(city, PLATFORM, NOW)
    read, seen = Feeds.read, []

    def spied(self: Feeds, *asked: Any, **kept: Any) -> Any:
        found = read(self, *asked, **kept)
        seen.extend(found["manifest"])
        return found

    monkeypatch.setattr(Feeds, "read", spied)
    found = ledger(city, PLATFORM, NOW, since=date(2016, 12, 1))
    assert [one.manifest for one in found] == ["OLD-LATE", "NEW-WAY", "NEW-ARRIVED"]
    assert found == [one for one in whole if one.manifest in {each.manifest for each in found}]
    assert "OLD-ARRIVED" not in seen


def test_an_alarm_of_a_manifest_that_was_taken_back_ends(city: Platform) -> None:
    feeds = Feeds(city)
    old = {**MANIFEST, "planned_on": "2016-12-01", "dispatched_at": "2016-12-01 09:00"}
    feeds.put("waste_manifest", [old], "test")
    assert len(told(city, waiting=True)) == 1
    feeds.put("waste_manifest", [{**old, "dispatched_at": ""}], "test")
    tell(city, NOW)
    assert told(city, waiting=True) == []


def test_a_row_that_cannot_be_is_refused_with_its_reason(city: Platform) -> None:
    wrong = [
        {**MANIFEST, "received_at": "2016-12-14 10:00"},
        {**MANIFEST, "manifest": "SL0000002", "waste_code": "90021408"},
        {**MANIFEST, "manifest": "SL0000003", "region": "不知名县"},
    ]
    receipt = Feeds(city).put("waste_manifest", wrong, "test")
    assert (receipt.stored, receipt.rejected) == (0, 3)
    refused = Feeds(city).rejected(receipt.batch)
    faults = {line: (field, reason) for line, field, reason in refused.select("line", "field", "reason").rows()}
    assert {line: field for line, (field, _) in faults.items()} == {"1": "", "2": "waste_code", "3": "region"}
    assert faults["1"][1] == "接收早于发运"
