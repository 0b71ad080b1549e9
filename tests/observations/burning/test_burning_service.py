"""Fires over the database: taken in once, dispatched, answered, escalated; as of any moment."""

from datetime import timedelta

import pytest

from lantian.kernel.accounts import NotPermitted
from lantian.observations import alerts
from lantian.observations.burning import FireError, Signal, Warden
from lantian.observations.burning.service import Burning, by_district
from lantian.observations.feeds import PLATFORM
from lantian.observations.feeds.service import Feeds

from .conftest import EAST, NOW, WEST, account

WARDENS = [
    Warden("warden-1", "示例甲", WEST, lon=116.6, lat=40.1),
    Warden("warden-2", "示例乙", WEST, lon=116.9, lat=40.4),
    Warden("warden-3", "示例丙", EAST),
]
EVERYWHERE = ((None, None),)


def signal(key="1", lon=116.61, lat=40.1, minutes=-2, **more):
    return Signal(
        "camera", "tower", key, NOW + timedelta(minutes=minutes), lon, lat, kind="straw", example=True, **more
    )


@pytest.fixture
def burning(city):
    return Burning(city, WARDENS)


def standing(city):
    found = alerts.listed(city.engine, EVERYWHERE, as_of=city.clock.now(), kind="burning", waiting=True)
    return [one.alert for one in found]


@pytest.mark.requirement("M10")
def test_from_a_camera_to_the_fire_put_out_each_step_with_time_and_person(city, burning):
    warden = account("warden-1", "warden", WEST)
    (number,) = burning.take([signal()], "camera")
    found = burning.fire(number)[0]
    assert (found.state, found.warden, found.region) == ("dispatched", "warden-1", WEST)
    (alert,) = standing(city)
    assert (alert.category, alert.department, alert.subject) == ("burning", "agriculture", str(number))
    assert "秸秆" in alert.zh
    assert "已派网格员" in alert.zh
    assert "示例甲" not in alert.zh + alert.en
    for minutes, kind in ((4, "seen"), (21, "arrived"), (50, "out")):
        city.clock.jump(NOW + timedelta(minutes=minutes))
        found = burning.act(number, kind, warden, photos=(lambda: ["a" * 64]) if kind == "out" else None)
    assert (found.state, found.to_arrival, found.to_out, found.closed_by) == ("out", 21.0, 50.0, "warden-1")
    assert found.photos == ("a" * 64,)
    assert standing(city) == []
    _, events, _ = burning.fire(number)
    assert [event.kind for event in events] == ["found", "dispatched", "seen", "arrived", "out"]
    before = burning.fire(number, NOW + timedelta(minutes=30))[0]
    assert (before.state, before.to_out) == ("arrived", None)
    with pytest.raises(LookupError):
        burning.fire(number, NOW - timedelta(minutes=1))


@pytest.mark.requirement("M10", part="idempotent by the sender's id; signals of one fire are joined")
def test_the_same_signal_is_nothing_new_and_a_neighbour_joins(city, burning):
    (number,) = burning.take([signal()], "camera")
    assert burning.take([signal()], "camera") == []
    assert burning.take([signal("2", lon=116.615, minutes=-1)], "camera") == []
    assert burning.fire(number)[0].signals == 2
    (other,) = burning.take([signal("3", lon=116.7)], "camera")
    assert other != number
    assert len(standing(city)) == 2


def test_a_fire_that_is_out_is_not_joined_again(city, burning):
    warden = account("warden-1", "warden", WEST)
    (number,) = burning.take([signal()], "camera")
    burning.act(number, "arrived", warden)
    burning.act(number, "out", warden)
    city.clock.jump(NOW + timedelta(minutes=30))
    (again,) = burning.take([signal("2", minutes=29)], "camera")
    assert again != number


def test_signals_from_elsewhere_too_late_or_too_unsure_call_nobody(city, burning):
    assert burning.take([signal("1", lon=100.0)], "camera") == []
    assert burning.take([signal("2", confidence="low")], "camera") == []
    assert burning.take([signal("3", minutes=-13 * 60)], "camera") == []
    assert burning.listed() == []


@pytest.mark.requirement("M10", part="who may do what")
def test_only_who_was_called_or_the_office_of_the_region_may_act(city, burning):
    called, other = account("warden-1", "warden", WEST), account("warden-2", "warden", WEST)
    county, away = account("shunyi", "county", WEST), account("tongzhou", "county", EAST)
    (number,) = burning.take([signal()], "camera")
    for stranger in (other, away):
        assert burning.mine(stranger) == []
        with pytest.raises(NotPermitted):
            burning.act(number, "seen", stranger)
    assert [one.id for one in burning.mine(called)] == [one.id for one in burning.mine(county)] == [number]
    with pytest.raises(FireError, match="arrived"):
        burning.act(number, "out", called)
    with pytest.raises(FireError, match="say why"):
        burning.act(number, "false", county)
    assert burning.act(number, "seen", called).state == "seen"
    assert burning.act(number, "seen", called).events == 3  # a second tap is the same step
    assert burning.act(number, "false", county, "祭祀用火，已查看").state == "false"
    assert burning.mine(called) == []


@pytest.mark.requirement("M10", part="escalation when nobody answers")
def test_who_does_not_answer_is_followed_by_the_next_warden_then_county_then_city(city, burning):
    (number,) = burning.take([signal()], "camera")
    assert burning.escalate() == 0
    city.clock.jump(NOW + timedelta(minutes=11))
    assert burning.escalate() == 1
    assert burning.escalate() == 0
    found = burning.fire(number)[0]
    assert (found.level, found.warden, found.called) == (1, "warden-2", ("warden-1", "warden-2"))
    city.clock.jump(NOW + timedelta(minutes=41))
    assert burning.escalate() == 2
    assert (burning.fire(number)[0].level, burning.fire(number)[0].to) == (3, "city")
    burning.act(number, "seen", account("warden-1", "warden", WEST))
    city.clock.jump(NOW + timedelta(hours=3))
    assert burning.escalate() == 0


@pytest.mark.requirement("M10", part="the county and the city are told when nobody answers")
def test_an_escalation_tells_the_office_whose_duty_it_is_until_somebody_answers(city):
    office = account("shunyi", "county", WEST)
    burning = Burning(city, WARDENS, [account("bureau", "office"), office, account("tongzhou", "county", EAST)])
    (number,) = burning.take([signal()], "camera")
    city.clock.jump(NOW + timedelta(minutes=21))
    burning.escalate()

    def waiting(scope):
        found = alerts.listed(city.engine, [scope], as_of=city.clock.now(), kind="burning", waiting=True)
        return [one.alert for one in found if one.alert.key != "found"]

    (told,) = waiting((WEST, None))
    assert (told.region, told.department, told.category) == (WEST, "agriculture", None)
    assert "火点已 21 分钟，已派 2 名网格员，均未应答，现报区县处置" in told.zh
    assert waiting((EAST, None)) == []
    city.clock.jump(NOW + timedelta(minutes=41))
    burning.escalate()
    burning.escalate()  # each step is told once
    assert [one.region for one in waiting((None, None))] == ["110000", WEST]
    assert len(waiting((WEST, None))) == 1  # the city's is not the county's
    found, events, _ = burning.fire(number)
    assert found.told == ("shunyi", "bureau")
    assert [event.data.get("told") for event in events if event.kind == "escalated"] == [None, ["shunyi"], ["bureau"]]
    assert [one.id for one in burning.mine(office)] == [number]
    burning.act(number, "seen", office)
    assert waiting((None, None)) == []
    assert len(standing(city)) == 1  # the fire itself lasts


def test_nobody_on_duty_leaves_a_fire_waiting_and_says_so(city):
    (number,) = Burning(city, []).take([signal()], "camera")
    assert Burning(city, []).fire(number)[0].state == "waiting"
    assert "没有当班网格员" in standing(city)[0].zh


@pytest.mark.requirement("M10", part="minutes by district")
def test_times_by_district_are_medians(city, burning):
    office = account("office-1", "county", "110000")
    for at, minutes in enumerate((10, 20, 60)):
        city.clock.jump(NOW + timedelta(hours=4 * at))
        (number,) = burning.take([signal(str(at), minutes=240 * at)], "camera")
        city.clock.jump(NOW + timedelta(hours=4 * at, minutes=minutes))
        burning.act(number, "arrived", office)
    burning.act(number, "out", office)
    (row,) = by_district(burning.listed()).to_dicts()
    assert row == {"region": WEST, "fires": 3, "open": 2, "out": 1, "false": 0, "to_arrival": 20.0, "to_out": 60.0}
    assert burning.listed(scopes=[(EAST, None)]) == []
    assert len(burning.listed(scopes=[(WEST, None)])) == 3


@pytest.mark.requirement("M10", part="feeds of cameras and satellites make fires, wardens come from their feed")
def test_the_feeds_make_fires_by_themselves(city):
    import lantian.observations.burning.duties  # noqa: F401  (registers the rules)

    feeds = Feeds(city)
    wardens = [{"login": "warden-9", "name": "示例员", "region": "顺义区", "lon": 116.6, "lat": 40.1}]
    feeds.put("warden", wardens, "test")
    alert = {
        "sender": "tower", "id": "a1", "time": "2016-12-15 13:58", "lon": 116.61, "lat": 40.1, "kind": "straw",
        "confidence": 90, "address": "示例村",
    }  # fmt: skip
    assert feeds.put("burning_alert", [alert], "test").new == 1
    assert feeds.put("burning_alert", [alert], "test").unchanged == 1
    pixel = {"satellite": "N", "time": "2016-12-15 13:30", "lon": 117.2, "lat": 40.2, "confidence": "h", "frp": 5.0}
    assert feeds.put("fire_hotspot", [pixel], "test").notes == ()
    found = {one.source: one for one in Burning(city).listed()}
    assert (found["camera"].warden, found["camera"].address) == ("warden-9", "示例村")
    assert (found["satellite"].region, found["satellite"].state) == (EAST, "waiting")
    assert feeds.read("warden", PLATFORM)["region"].to_list() == [WEST]
