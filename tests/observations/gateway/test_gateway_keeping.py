"""What becomes of what the journal holds: telemetry, raw log, hours, gaps, alarms; and the register beside it."""

import json
import stat
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from lantian.kernel.doctor import Patient
from lantian.observations import alerts
from lantian.observations.gateway import desk, duties, gaps, hours, keeper, packets, watch
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.files import read
from lantian.observations.gateway.heard import Heard, Knock
from lantian.observations.gateway.journal import KEPT, REFUSED, SENT, SUFFIX, pack
from lantian.observations.gateway.orders import Order
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.shelving import DAMAGED, Shelver, folder_of
from lantian.observations.gateway.standing import standings
from lantian.observations.gateway.tables import device as table
from lantian.observations.gateway.tables import gap, state
from lantian.observations.hj212 import Link, encode, qn_of
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import COLUMNS, TelemetryStore

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MN = "A" * 24
LINK = Link("39", MN, "123456")


def device(**changes):
    given_ = {"mn": MN, "kind": "dust", "st": "39", "name": "示例工地", "region": "110105", "password": "123456"}
    return Device(**given_ | {"since": NOW - timedelta(days=9), "units": {"a34002": "mg/m3"}} | changes)


def upload(when, value, cn="2051", at=None, link=LINK):
    at = at or when + 2 * MINUTE
    return at, encode(link.upload(cn, qn_of(at), when, {"a34002": {"Avg": value, "Flag": "N"}})[0])


def journal(platform, *frames, name="one", tail=b""):
    folder = folder_of(platform)
    folder.mkdir(parents=True, exist_ok=True)
    records = [pack(int(at.timestamp() * 1e6), way, b"192.0.2.1", raw) for at, raw, way in frames]
    (folder / f"{name}{SUFFIX}").write_bytes(b"".join(records) + tail)
    return folder / f"{name}{SUFFIX}"


@pytest.fixture
def fleet(platform):
    platform.clock.set_simulated(NOW, paused=True, actor="test")
    Register(platform).put([device()], "test")
    return platform


@pytest.mark.requirement("M2", part="each record of the journal is shelved once; the raw log keeps all")
def test_the_journal_becomes_telemetry_and_raw_log_once_and_goes(fleet):
    first, again = upload(NOW - HOUR, "0.1"), upload(NOW - HOUR, "0.1")
    spoilt = first[1].replace(b"Avg=0.1", b"Avg=0.7")
    asked = encode(LINK.request("1011", qn_of(NOW)))
    file = journal(
        fleet,
        (*first, KEPT),
        (*again, KEPT),
        (NOW, spoilt, REFUSED),
        (NOW, asked, SENT),
        tail=pack(1, 0, b"", b"x" * 99)[:60],
    )
    assert Shelver(fleet).run() == 4
    assert Shelver(fleet).run() == 0
    assert not file.exists()
    rows = TelemetryStore(fleet).read(MN).collect()
    assert rows.select("item", "value", "flag", "qn").rows() == [("pm10", 100.0, "N", qn_of(first[0]))]
    log = packets.packets(fleet, MN, as_of=NOW)
    assert log.sort("time", "way")["way"].to_list() == ["kept", "kept", "refused", "sent"]
    assert log.filter(way="refused")["faults"].explode()[0].startswith("CRC:")
    assert all("PW=******" in text and "123456" not in text for text in log["text"])
    assert packets.packets(fleet, MN, as_of=NOW, faulty=True).height == 1
    assert packets.packets(fleet, MN, as_of=NOW - timedelta(days=1)).height == 0


def test_a_quirk_that_was_let_through_stands_with_its_packet_and_a_time_to_come_is_not_stored(fleet):
    at, raw = upload(NOW - HOUR, "0.2")
    lower = raw[:-6] + raw[-6:-2].lower() + b"\r\n"
    journal(fleet, (at, lower, KEPT), (*upload(NOW + timedelta(days=3), "0.3", at=NOW), KEPT))
    Shelver(fleet).run()
    log = packets.packets(fleet, MN, as_of=NOW).sort("time")
    assert log["values"].to_list() == [1, 0]
    if lower != raw:
        assert log["quirks"][0].to_list() == ["lower_case_crc"]
    assert "is not a time of the past" in log["faults"][1][0]
    assert TelemetryStore(fleet).read(MN).collect()["value"].to_list() == [200.0]


def test_a_journal_that_cannot_be_read_is_set_aside_and_the_doctor_says_so(fleet):
    file = journal(fleet, (*upload(NOW - HOUR, "0.1"), KEPT), tail=b"\xff" * 200_000)
    assert Shelver(fleet).run() == 1
    assert [path.name for path in (folder_of(fleet) / DAMAGED).iterdir()] == [file.name]
    found = list(duties.check_gateway(Patient(fleet.settings, fleet.database)))
    assert [(one.level, one.subject) for one in found] == [("problem", "gateway"), ("warning", "gateway")]
    assert "no gateway listens" in found[1].message


@pytest.mark.requirement("M2", part="hours go on to the observations, from 2061 or from 45 minutes")
def test_hours_of_a_station_go_on_when_they_are_over_and_late_minutes_revise_them(fleet):
    Register(fleet).put([device(station="S001")], "test")
    begin = NOW - 3 * HOUR
    some = [(*upload(begin + minute * MINUTE, "0.1"), KEPT) for minute in range(45)]
    few = [(*upload(begin + HOUR + minute * MINUTE, "0.5"), KEPT) for minute in range(44)]
    own = [(*upload(begin + 2 * HOUR, "0.3", "2061"), KEPT)]
    running = [(*upload(NOW + minute * MINUTE, "0.9", at=NOW + HOUR), KEPT) for minute in range(50)]
    journal(fleet, *some, *few, *own)
    Shelver(fleet).run()
    assert hours.forward(fleet, NOW + MINUTE) == 2
    observed = ObservationStore(fleet)
    seen = observed.hourly(["S001"], items=["pm10"]).sort("time").collect()
    assert seen.select("time", "pm10").rows() == [(begin, 100.0), (begin + 2 * HOUR, 300.0)]
    journal(fleet, *[(*upload(begin + minute * MINUTE, "0.2", at=NOW), KEPT) for minute in range(45, 60)], *running)
    Shelver(fleet).run()
    assert hours.forward(fleet, NOW + MINUTE) == 0  # the newest hour still runs
    assert hours.forward(fleet, NOW + 2 * HOUR) == 2
    assert hours.forward(fleet, NOW + 2 * HOUR) == 0
    assert observed.hourly(["S001"], begin, begin + HOUR, ["pm10"]).collect()["pm10"].to_list() == [125.0]


def test_a_wind_is_averaged_as_an_angle_and_what_is_not_normal_does_not_count():
    rows = [(minute, 350.0 if minute % 2 else 10.0, "N") for minute in range(50)] + [(55, 180.0, "M")]
    minutes = pl.DataFrame(
        [
            {"device": "d", "item": "wind_direction", "time": NOW + at * MINUTE, "value": value, "flag": flag}
            for at, value, flag in rows
        ],
        schema_overrides={"time": COLUMNS["time"]},
    )
    ((_, time, item, value),) = hours.hourly(minutes, minutes.clear(), {"d": 60}).rows()
    assert (time, item) == (NOW, "wind_direction")
    assert min(value, 360 - value) < 1e-6
    assert hours.hourly(minutes.head(44), minutes.clear(), {"d": 60}).height == 0


@given(st.sets(st.integers(0, 200), min_size=1), st.sets(st.integers(0, 200)))
def test_gaps_and_what_is_there_make_up_the_whole_span(there, covered):
    present = [NOW + number * MINUTE for number in there]
    found = gaps.missing(present, NOW, MINUTE)
    lacking = {NOW + number * MINUTE for number in range(max(there))} - set(present)
    spans = [(NOW + number * MINUTE, NOW + (number + 1) * MINUTE) for number in covered]

    def of(parts):
        return [begin + at * MINUTE for begin, end in parts for at in range((end - begin) // MINUTE)]

    assert sorted(of(found)) == sorted(lacking)
    left = of(gaps.without(found, spans))
    assert sorted(left) == sorted(lacking - {begin for begin, _ in spans})
    cut = gaps.pieces(found, 7 * MINUTE)
    assert sorted(of(cut)) == sorted(lacking)
    assert all(end - begin <= 7 * MINUTE for begin, end in cut)


@pytest.mark.requirement("M2", part="missing minutes are asked for, and not for ever")
def test_a_gap_is_noted_once_asked_for_and_not_again_when_the_device_has_nothing(fleet):
    Register(fleet).put([device(since=NOW - HOUR)], "test")
    heard = Heard(NOW, connected_at=NOW, address="192.0.2.1", cn="2051", packets=1)
    office = desk.Desk(fleet)
    office.write([(MN, heard)], [])
    lost = range(20, 30)
    journal(
        fleet, *[(*upload(NOW - HOUR + minute * MINUTE, "0.1"), KEPT) for minute in range(50) if minute not in lost]
    )
    Shelver(fleet).run()
    assert gaps.look(fleet, NOW) == 1
    assert gaps.look(fleet, NOW) == 0
    (order,) = office.waiting([MN], NOW)
    assert (order.cn, order.why, order.cp) == ("2051", "gap", "BeginTime=20261122112000;EndTime=20261122112959")
    assert office.waiting(["B"], NOW) == []
    order.state = "sent"
    office.follow(order, NOW)
    assert office.waiting([MN], NOW + MINUTE) == []  # not again so soon
    order.state = "unanswered"
    office.follow(order, NOW)
    (again,) = office.waiting([MN], NOW + HOUR)
    again.state, again.exe_rtn = "done", 100
    office.follow(again, NOW)
    assert office.waiting([MN], NOW + timedelta(days=2)) == []
    assert gaps.look(fleet, NOW + MINUTE) == 0
    with fleet.engine.connect() as connection:
        assert connection.scalar(sa.select(gap.c.result)) == "none"


def test_a_gap_that_came_late_is_filled(fleet):
    Register(fleet).put([device(since=NOW - HOUR)], "test")
    desk.Desk(fleet).write([(MN, Heard(NOW, connected_at=NOW))], [])
    journal(fleet, *[(*upload(NOW - HOUR + minute * MINUTE, "0.1"), KEPT) for minute in (0, 1, 4, 5)])
    Shelver(fleet).run()
    assert gaps.look(fleet, NOW) == 1
    journal(fleet, *[(*upload(NOW - HOUR + minute * MINUTE, "0.1", at=NOW), KEPT) for minute in (2, 3)])
    Shelver(fleet).run()
    assert gaps.look(fleet, NOW) == 0
    with fleet.engine.connect() as connection:
        assert connection.scalar(sa.select(gap.c.result)) == "filled"


@pytest.mark.requirement("M2", part="alarms: silent, stranger")
def test_a_silent_device_and_a_stranger_raise_one_alert_that_ends(fleet):
    office = desk.Desk(fleet)
    knock = Knock("B" * 24, "mn", "192.0.2.66", "39", NOW, NOW, 3, "##")
    wrong = Knock(MN, "pw", "192.0.2.67", "39", NOW, NOW, 2, "##")
    office.write([(MN, Heard(NOW - 9 * MINUTE))], [knock])
    office.write([], [knock, wrong])
    assert watch.look(fleet, NOW) == (2, 0)
    assert watch.look(fleet, NOW + 2 * MINUTE) == (1, 0)
    assert watch.look(fleet, NOW + 3 * MINUTE) == (0, 0)

    def lasting(kind, now):
        found = alerts.listed(fleet.engine, ((None, None),), as_of=now, kind=kind)
        return [one.alert for one in found if one.ended_at is None]

    (quiet,) = lasting("silent", NOW + 3 * MINUTE)
    assert (quiet.subject, quiet.region, quiet.at) == (MN, "110105", NOW - 9 * MINUTE)
    assert "示例工地自 2026-11-22 11:51 起无数据，已 11 分钟" in quiet.zh
    unknown, mistaken = sorted(lasting("stranger", NOW + 3 * MINUTE), key=lambda one: one.subject, reverse=True)
    assert (unknown.subject, unknown.figures["times"], unknown.region) == ("address 192.0.2.66", 6, "110000")
    assert (mistaken.subject, "密码错误" in mistaken.zh) == (MN, True)
    office.write([(MN, Heard(NOW + 4 * MINUTE))], [])
    assert watch.look(fleet, NOW + 5 * MINUTE) == (0, 1)
    assert lasting("silent", NOW + 5 * MINUTE) == []
    assert watch.look(fleet, NOW + timedelta(days=2))[1] == 2


def test_how_devices_stand_also_at_a_time_that_is_past(fleet):
    others = [device(mn="B" * 24, since=NOW - HOUR), device(mn="C" * 24, until=NOW - HOUR)]
    Register(fleet).put(others, "test")
    journal(fleet, *[(*upload(NOW - timedelta(hours=hour), "0.1"), KEPT) for hour in (2, 3)])
    Shelver(fleet).run()
    desk.Desk(fleet).write([(MN, Heard(NOW + HOUR, clock_off=-500.0))], [])
    stands = {one.device.mn[0]: one for one in standings(fleet, NOW)}
    assert {mn: one.state for mn, one in stands.items()} == {"A": "silent", "B": "never", "C": "over"}
    assert stands["A"].heard_at == NOW - 2 * HOUR + 2 * MINUTE  # what came after the clock's time is not known yet
    assert stands["A"].strays
    assert stands["A"].coverage[9:11] == pytest.approx([1 / 60, 1 / 60])
    assert standings(fleet, NOW + HOUR, mns=[MN])[0].state == "online"


def test_passwords_are_sealed_and_the_key_is_its_owners(fleet):
    with fleet.engine.connect() as connection:
        sealed = connection.scalar(sa.select(table.c.secret))
        trail = json.dumps(
            [list(row) for row in connection.exec_driver_sql("select before::text, after::text from audit")]
        )
    assert b"123456" not in sealed
    assert "123456" not in trail
    key = fleet.home / "gateway" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    register = Register(fleet)
    assert register.put([device(password="")], "test") == 0
    assert register.put([device(name="other", password="")], "test") == 1
    assert register.devices(passwords=True)[0].password == "123456"
    assert register.devices()[0].password == ""
    with pytest.raises(ValueError, match="password: missing"):
        register.put([device(mn="new", password="")], "test")
    key.write_bytes(b"A" * 43 + b"=")
    with pytest.raises(RuntimeError, match="did not seal the passwords"):
        Register(fleet).devices(passwords=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mn": "a b"}, "mn 'a b': expected 1 to 64"),
        ({"st": "99"}, "st '99': expected one of"),
        ({"kind": "car"}, "kind 'car': expected one of cems"),
        ({"password": "a;b"}, "password"),
        ({"every": 0}, "every 0: expected seconds"),
        ({"units": {"a34002": "degC"}}, "unit 'degC'"),
        ({"tolerances": ("anything",)}, "anything"),
        ({"lon": 1.0}, "expected both or neither"),
        ({"since": NOW.replace(tzinfo=None)}, "with its zone"),
    ],
)
def test_a_device_that_cannot_be_names_field_value_and_what_is_right(change, message):
    with pytest.raises(ValueError, match=message):
        device(**change)


def test_a_list_of_devices_is_read_and_its_wrong_rows_are_named(tmp_path):
    head = "设备编号,设备类型,系统编码,设备名称,访问密码,行政区划代码,单位,上报间隔,经度,纬度,启用时间"
    good = f"{MN},dust,39,安贞工地,123456,110105,a34002=mg/m3;a34001=mg/m3,300,116.4,39.9,2016-01-01"
    bad = good.replace("dust", "car").replace(MN, "B")
    path = tmp_path / "devices.csv"
    path.write_bytes("\r\n".join([head, good, bad, good.replace(",300,", ",often,"), ""]).encode("gb18030"))
    (one,), faults = read(path, now=NOW)
    assert (one.name, one.every, one.units["a34001"], one.since.date()) == ("安贞工地", 300, "mg/m3", date(2016, 1, 1))
    assert [(fault.line, fault.field) for fault in faults] == [(3, "kind"), (4, "every")]
    path.write_text("mn,kind\n")
    with pytest.raises(ValueError, match="line 1: column st is missing"):
        read(path, now=NOW)


def test_what_was_under_way_when_a_gateway_ended_is_unanswered_and_small_segments_are_joined(fleet):
    office = desk.Desk(fleet)
    office.write([(MN, Heard(NOW, connected_at=NOW, packets=7))], [])
    from lantian.observations.gateway import commands

    number = commands.ask(fleet, device(), "1062", {"RtdInterval": "60"}, "test", NOW)
    (order,) = office.waiting([MN], NOW)
    assert (order.key, order.cn, order.cp) == (number, "1062", "RtdInterval=60")
    order.state = "sent"
    office.follow(order, NOW)
    assert desk.Desk(fleet).begin()[MN].packets == 7
    assert commands.listed(fleet, MN, as_of=NOW)[0].state == "unanswered"
    with fleet.engine.connect() as connection:
        assert connection.scalar(sa.select(state.c.connected_at)) is None
    assert isinstance(Order(MN, "1011", "", "time").answer, str)
    for number in range(3):
        journal(fleet, (*upload(NOW - HOUR + number * MINUTE, "0.1"), KEPT), name=f"f{number}")
        Shelver(fleet).run()
    assert keeper.merge(fleet, least=3) == 6
    assert packets.packets(fleet, MN, as_of=NOW).height == 3
