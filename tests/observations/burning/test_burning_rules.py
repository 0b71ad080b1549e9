"""Fires: which signals are one, who is called, how a fire stands, what FIRMS says. All pure."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lantian.kernel.accounts import Account, Grant
from lantian.observations.burning import firms, settings
from lantian.observations.burning.fire import Fire, FireEvent, due, fold, refused
from lantian.observations.burning.joining import Signal, joined, sure
from lantian.observations.burning.offices import office_of, on_duty_at
from lantian.observations.burning.wardens import Warden, nearest

NOW = datetime(2016, 12, 15, 6, tzinfo=UTC)  # 14:00 in Beijing
OWN = settings.load()
VIIRS = b"""latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,\
satellite,instrument,confidence,version,bright_ti5,frp,daynight
40.10000,116.80000,331.2,0.39,0.36,2016-12-15,530,N,VIIRS,n,1.0NRT,290.1,4.2,D
40.10000,116.80000,331.2,0.39,0.36,2016-12-15,530,N,VIIRS,n,1.0NRT,290.1,4.2,D
40.10000,116.80440,340.0,0.39,0.36,2016-12-15,530,N,VIIRS,h,1.0NRT,291.0,6.0,D
40.30000,116.80000,310.0,0.39,0.36,2016-12-15,0530,N,VIIRS,l,1.0NRT,289.0,1.1,D
"""
MODIS = b"""latitude,longitude,brightness,scan,track,acq_date,acq_time,\
satellite,confidence,version,bright_t31,frp,daynight
39.9,116.2,320.1,1.0,1.0,2016-12-15,02:45,Terra,71,6.0NRT,285.2,11.5,D
"""


def signal(key="1", lon=116.8, lat=40.1, minutes=0, source="camera", confidence="nominal"):
    return Signal(source, "tower", key, NOW + timedelta(minutes=minutes), lon, lat, confidence=confidence)


@pytest.mark.requirement("M10", part="hot spots as FIRMS publishes them")
def test_firms_times_are_utc_and_exact_duplicates_are_one():
    rows, rejects = firms.read(VIIRS)
    assert rejects.is_empty()
    assert rows.height == 3
    assert rows["time"].unique().to_list() == [datetime(2016, 12, 15, 5, 30, tzinfo=UTC)]
    assert rows["brightness"].to_list() == [331.2, 340.0, 310.0]
    (terra,) = firms.read(MODIS)[0].to_dicts()
    assert (terra["time"], terra["satellite"], terra["brightness"]) == (
        datetime(2016, 12, 15, 2, 45, tzinfo=UTC),
        "Terra",
        320.1,
    )
    assert [one.confidence for one in firms.signals(rows)] == ["nominal", "high", "low"]


@pytest.mark.requirement("M10", part="neighbouring pixels of one fire are joined")
def test_neighbouring_pixels_are_one_fire_and_the_same_file_again_is_nothing_new():
    found = firms.signals(firms.read(VIIRS)[0])
    made = joined(found, {}, OWN)
    assert [number for number, _ in made] == [-1, -2, -1]  # by place
    held = {7: [one for number, one in made if number == -1], 8: [one for number, one in made if number == -2]}
    assert joined(found, held, OWN) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "column latitude is missing"),
        (b"latitude,longitude,acq_date,acq_time\n1,2,3,4\n", "column confidence is missing"),
    ],
)
def test_what_is_no_file_of_firms_is_refused(text, says):
    with pytest.raises(firms.FirmsError, match=says):
        firms.read(text, "fires.csv")


def test_a_wrong_row_is_named_and_the_others_are_kept():
    wrong = VIIRS.replace(b"40.30000,116.80000", b"95,116.8") + b"40.4,116.9,,,,2016-12-15,2561,N,VIIRS,n,,,x,D\n"
    rows, rejects = firms.read(wrong, "fires.csv")
    assert rows.height == 2
    assert rejects.select("line", "field", "value").rows() == [
        (5, "latitude", "95"),
        (6, "acq_time", "2561"),
        (6, "frp", "x"),
    ]


def test_signals_join_by_distance_and_time_along_a_front():
    east = 0.005  # 426 m
    front = [signal(str(at), 116.8 + at * east, minutes=at) for at in range(5)]
    assert {number for number, _ in joined(front, {}, OWN)} == {-1}  # 1.7 km long, each near the one before
    assert [number for number, _ in joined([signal("1"), signal("2", 116.81)], {}, OWN)] == [-1, -2]
    later = signal("2", minutes=OWN.join_minutes + 1)
    assert [number for number, _ in joined([signal("1"), later], {}, OWN)] == [-1, -2]
    assert joined([signal("3")], {41: [signal("1")]}, OWN) == [(41, signal("3"))]
    # a pixel reaches further than a camera sees
    assert joined([signal("3", 116.81, source="satellite")], {41: [signal("1")]}, OWN)[0][0] == 41
    assert not sure(signal(confidence="low"), OWN)


def warden(login, region, lon=None, lat=None, **more):
    return Warden(login, login, region, lon=lon, lat=lat, **more)


@pytest.mark.requirement("M10", part="the grid warden is found by place")
def test_the_township_comes_first_then_the_nearest_post_then_the_wider_place():
    township, county = warden("t", "110113101"), warden("c", "110113", 116.8, 40.1)
    city, other = warden("b", "110000", 116.8, 40.1), warden("o", "110112", 116.8, 40.1)
    everybody = [city, other, county, township]
    assert nearest(everybody, "110113101", 116.8, 40.1, NOW) == township
    assert nearest(everybody, "110113101", 116.8, 40.1, NOW, but={"t"}) == county
    assert nearest(everybody, "110113101", 116.8, 40.1, NOW, but={"t", "c"}) == city
    assert nearest([other], "110113101", 116.8, 40.1, NOW) is None
    near, far = warden("near", "110113102", 116.81, 40.1), warden("far", "110113103", 116.9, 40.1)
    assert nearest([far, near, township], "110113", 116.8, 40.1, NOW) == near  # the point is known to its county only


def test_only_who_is_on_duty_is_called_also_past_midnight():
    day, night = (warden(name, "110113", from_hour=a, to_hour=b) for name, a, b in (("d", 8, 20), ("n", 20, 8)))
    assert nearest([day, night], "110113", 116.8, 40.1, NOW) == day
    assert nearest([day, night], "110113", 116.8, 40.1, NOW + timedelta(hours=6)) == night  # 20:00
    assert nearest([day, night], "110113", 116.8, 40.1, NOW + timedelta(hours=14)) == night  # 04:00
    assert nearest([warden("gone", "110113", until=date(2016, 12, 14))], "110113", 116.8, 40.1, NOW) is None


@pytest.mark.parametrize(
    ("fire", "county", "city"),
    [
        ("110113101", "110113", "110000"),
        ("Z11011301", "110113", "110000"),
        ("130102", "130102", "130100"),
        ("419001", "419001", "410000"),
        ("110000", "110000", "110000"),
    ],
)
def test_an_office_is_found_by_the_level_of_its_region(fire, county, city):
    assert (office_of(fire, "county"), office_of(fire, "city")) == (county, city)


def test_whose_duty_it_is_stands_nearest_and_is_no_warden():
    def person(login, role, region, permission="burning.handle"):
        return Account(1, login, login, grants=(Grant(role, frozenset({permission}), region=region),))

    county, city = person("c", "county", "110113"), person("b", "county", "110000")
    others = [
        person("w", "warden", "110113"), person("e", "county", "110112"),
        person("r", "county", "110113", "alerts.read"),
    ]  # fmt: skip
    admin = person("a", "admin", None)
    everybody = [admin, city, county, *others]
    assert [one.login for one in on_duty_at(everybody, "110113")] == ["c"]
    assert [one.login for one in on_duty_at([admin, city, *others], "110113")] == ["b"]
    assert [one.login for one in on_duty_at(everybody, "110000")] == ["b"]
    assert [one.login for one in on_duty_at([admin, *others], "110000")] == ["a"]
    assert on_duty_at(others, "110000") == []


FOUND = Fire(1, "110113", 116.8, 40.1, NOW - timedelta(minutes=4), "camera")


def story(*kinds):
    """Events ten minutes apart; `kind` or `(kind, data)`."""
    events = []
    for at, kind in enumerate(kinds):
        name, data = kind if isinstance(kind, tuple) else (kind, {})
        events.append(FireEvent(at + 1, NOW + timedelta(minutes=10 * at), "w1", name, "why", data))
    return fold(FOUND, events)


@pytest.mark.requirement("M10", part="dispatch, arrival, out, with time and person")
def test_a_fire_is_what_its_events_say():
    done = story("found", ("dispatched", {"warden": "w1", "name": "甲"}), "seen", "arrived", "out")
    assert (done.state, done.to_arrival, done.to_out, done.closed_by) == ("out", 30.0, 40.0, "w1")
    assert not done.open
    alone = story("found", ("dispatched", {"warden": "w1"}), "arrived")
    assert (alone.state, alone.seen_at) == ("arrived", alone.arrived_at)  # who arrives has seen it
    wrong = story("found", ("dispatched", {"warden": "w1"}), "false")
    assert (wrong.state, wrong.to_out, wrong.reason) == ("false", None, "why")
    calls = [("dispatched", {"warden": login}) for login in ("w1", "w2")]
    kept = story("found", ("seen", {"photos": ["p1"]}), ("arrived", {"photos": ["p2", "p1"]}))
    assert kept.photos == ("p1", "p2")
    again = story("found", calls[0], ("joined", {"signals": 2}), calls[1])
    assert (again.signals, again.called, again.warden) == (3, ("w1", "w2"), "w2")
    assert again.dispatched_at == NOW + timedelta(minutes=10)  # of the first call


@pytest.mark.parametrize(
    ("events", "kind", "reason", "says"),
    [
        (("found", "dispatched"), "out", "", "say first that you have arrived"),
        (("found", "dispatched", "seen"), "seen", "", "On the way"),
        (("found", "dispatched", "arrived", "out"), "false", "x", "no “False alarm” now"),
        (("found", "dispatched"), "false", " ", "say why"),
        (("found", "dispatched"), "burn", "", "expected one of"),
    ],
)
def test_what_cannot_be_done_now_is_said(events, kind, reason, says):
    assert says in refused(story(*events), kind, reason).en


@pytest.mark.requirement("M10", part="escalation when nobody answers")
def test_steps_of_escalation_fall_due_until_somebody_answers():
    waiting = story("found", ("dispatched", {"warden": "w1"}))
    called = waiting.dispatched_at
    assert [step.to for step in due(waiting, OWN, called + timedelta(minutes=9))] == []
    assert [step.to for step in due(waiting, OWN, called + timedelta(minutes=25))] == ["next_warden", "county"]
    risen = story("found", ("dispatched", {"warden": "w1"}), ("escalated", {"level": 1, "to": "next_warden"}))
    assert [step.to for step in due(risen, OWN, called + timedelta(minutes=25))] == ["county"]
    answered = story("found", ("dispatched", {"warden": "w1"}), "seen")
    assert due(answered, OWN, called + timedelta(days=1)) == ()
    nobody = story("found")
    assert [step.to for step in due(nobody, OWN, NOW + timedelta(minutes=10))] == ["next_warden"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("after: 20", "after: 5"), "rise from step to step"),
        (("to: county", "to: mayor"), "to 'mayor'"),
        (("least: nominal", "least: sure"), "least 'sure'"),
        (("camera_metres: 800", "camera_metres: no"), "camera_metres False"),
        (("out_minutes", "minutes"), "out_minutes"),
    ],
)
def test_settings_are_refused_with_the_entry(tmp_path, change, says):
    from importlib.resources import files

    text = files("lantian.observations.burning").joinpath("settings.yaml").read_text("utf-8")
    assert change[0] in text
    (tmp_path / settings.FILE).write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(settings.SettingsError, match=says):
        settings.load(tmp_path)
