"""Messages: what a sensor may send, units, late and batched rows, and what is refused with which words."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.observations.sensors import message
from lantian.observations.sensors.message import MessageError

NOW = datetime(2026, 11, 22, 2, 5, tzinfo=UTC)
AT = "2026-11-22T10:01:00+08:00"
READ = datetime(2026, 11, 22, 2, 1, tzinfo=UTC)


def read(content, **more):
    return message.data(json.dumps(content).encode(), NOW, **more)


@pytest.mark.requirement("M3", part="values over MQTT")
def test_one_row_and_many_rows_say_the_same():
    one, _ = read({"time": AT, "pm25": 35.2, "humidity": 62})
    many, _ = read({"rows": [{"time": AT, "pm25": 35.2, "humidity": 62}]})
    assert one == many
    assert [(v.time, v.item, v.value, v.resolution) for v in one] == [
        (READ, "pm25", 35.2, "minute"),
        (READ, "humidity", 62.0, "minute"),
    ]


def test_units_come_to_those_of_the_platform():
    units = {"no2": "ppb", "co": "ppm", "temperature": "K", "pressure": "kPa", "pm25": "mg/m3"}
    said, wrong = read(
        {"units": units, "time": AT, "no2": 10, "co": 1, "temperature": 293.15, "pressure": 101.3, "pm25": 0.03}
    )
    assert not wrong
    found = {v.item: v.value for v in said}
    assert found["no2"] == pytest.approx(18.8, abs=0.02)
    assert found["co"] == pytest.approx(1.145, abs=0.002)
    assert found["temperature"] == pytest.approx(20)
    assert found["pressure"] == pytest.approx(1013)
    assert found["pm25"] == pytest.approx(30)


def test_a_stamp_at_the_end_of_the_period_and_hours_and_instants():
    assert read({"stamp": "end", "period": 300, "time": AT, "pm25": 1})[0][0].time == datetime(
        2026, 11, 22, 1, 56, tzinfo=UTC
    )
    assert read({"period": 3600, "time": AT, "pm25": 1})[0][0].resolution == "hour"
    assert read({"period": 0, "time": AT, "pm25": 1})[0][0].resolution == "real"
    assert read({"sent": AT, "time": AT, "pm25": 1})[0][0].said == "20261122100100000"


def test_a_wrong_row_does_not_take_the_others_with_it():
    said, wrong = read(
        {"rows": [{"time": AT, "pm25": 1}, {"time": "10:01", "pm25": 2}, {"time": AT, "pm25": "dirty", "dust": 3}, 7]}
    )
    assert [v.value for v in said] == [1.0]
    assert [(r.row, r.field, r.value) for r in wrong] == [
        (2, "time", "10:01"), (3, "pm25", "dirty"), (3, "dust", "3"), (4, "row", "7"),
    ]  # fmt: skip
    assert all(r.zh and "expected" in r.en for r in wrong)


@pytest.mark.parametrize(("content", "field", "words"), [
    ({"time": "2026-11-22T11:00:00+08:00", "pm25": 1}, "time", "clock is ahead"),
    ({"time": "2024-11-22T10:00:00+08:00", "pm25": 1}, "time", "more than 400 days"),
    ({"time": "2026-11-22T10:00:00", "pm25": 1}, "time", "with its zone"),
    ({"time": AT, "pm25": float("nan")}, "pm25", "a number"),
    ({"time": AT, "pm25": 10**400}, "pm25", "a number"),
    ({"time": AT, "pm25": True}, "pm25", "a number"),
    ({"time": AT, "units": {"no2": ["ppb"]}, "no2": 1}, "units.no2", "ug/m3"),
    ({"time": AT, "units": {"pm25": "ppb"}, "pm25": 1}, "units.pm25", "ug/m3"),
])  # fmt: skip
def test_what_is_refused_says_what_would_be_right(content, field, words):
    said, wrong = read(content)
    assert said == []
    assert [one.field for one in wrong] == [field]
    assert words in wrong[0].en


WHOLE = [
    b"",
    b"35.2",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"rows": 3}',
    b'{"period": -1}',
    b'{"units": []}',
    b'{"stamp": "middle"}',
]


@pytest.mark.parametrize("payload", [*WHOLE, b"[" * 100_000, b" " * 300_000])
def test_a_message_that_cannot_be_read_is_refused_whole(payload):
    with pytest.raises(MessageError, match=r"expected|not JSON"):
        message.data(payload, NOW)


KEYS = st.sampled_from(["time", "rows", "pm25", "units", "period", "sent", "stamp", "x"])
LEAVES = st.none() | st.booleans() | st.floats() | st.text() | st.just(AT)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_payload_breaks_the_reader(payload):
    refused = []
    for read_it in (message.data, message.status):
        try:
            read_it(payload, NOW)
        except MessageError as error:
            refused.append(error.reject)
    assert all("\0" not in one.value and one.value.encode() is not None for one in refused)


def test_topics():
    assert message.topic("lantian/chaoyang/A-17.b/data") == message.Topic("chaoyang", "A-17.b", "data")
    for text in (
        "lantian/a/b",
        "lantian/a/b/other",
        "other/a/b/data",
        "lantian/a/../data",
        "lantian//b/data",
        "lantian/a/b/data/c",
    ):
        with pytest.raises(MessageError, match="expected lantian/<network>"):
            message.topic(text)


def test_status():
    said = message.status(json.dumps({"state": "fault", "battery": 12, "signal": -91, "firmware": "1.2"}).encode(), NOW)
    assert (said.state, said.battery, said.signal, said.firmware) == ("fault", 12.0, -91.0, "1.2")
    with pytest.raises(MessageError, match="0 to 100"):
        message.status(b'{"battery": 900}', NOW)
