"""Every command both ways: made, written, read, and the same again."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.observations.hj212 import (
    COMMANDS,
    Assembler,
    CommandError,
    Link,
    acknowledge,
    answer,
    codes,
    decode,
    encode,
    next_qn,
    qn_of,
    read,
    resend,
    result,
)

pytestmark = pytest.mark.requirement("M2", part="codec")

MN = "010000A8900016F000169DC0"
QN = "20260801085857223"

moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)).map(lambda t: t.strftime("%Y%m%d%H%M%S"))
texts = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P"], exclude_characters=";,=&#"), min_size=1, max_size=20
)
FIELDS = {
    "OverTime": st.integers(1, 99999),
    "ReCount": st.integers(0, 99),
    "RtdInterval": st.integers(30, 3600),
    "MinInterval": st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30]),
    "NewPW": st.text("0123456789abcXYZ", min_size=6, max_size=6),
    "PolId": st.sampled_from(sorted(codes.POLLUTANTS)),
    "InfoId": st.sampled_from(["i13004", "i11001"]),
    "VaseNo": st.integers(0, 99),
    "CstartTime": st.just("083000"),
    "CTime": st.integers(1, 24),
    "Stime": st.integers(0, 9999),
    "QnRtn": st.sampled_from(sorted(codes.QN_RETURNS)),
    "ExeRtn": st.sampled_from(sorted(codes.EXE_RETURNS)),
    "NewSK": st.text("0123456789ABCDEF", min_size=32, max_size=32),
}
WAYS = [
    (cn, way) for cn, command in COMMANDS.items() for way in ("request", "reply") if getattr(command, way) is not None
]


def link_for(cn: str) -> Link:
    return Link("31", MN, "123456", max(2017, COMMANDS[cn].since))


@st.composite
def filled(draw):
    cn, way = draw(st.sampled_from(WAYS))
    fields = {}
    for parameter in getattr(COMMANDS[cn], way):
        if not parameter.required and draw(st.booleans()):
            continue
        name = parameter.name.replace("*", "i13004")
        values = FIELDS.get(parameter.name, moments if parameter.name.endswith("Time") else texts)
        fields[name] = draw(values)
    return cn, way, fields


def test_there_is_a_command_for_every_code():
    assert set(COMMANDS) == set(codes.CN)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(filled())
def test_every_command_both_ways_comes_back_as_it_went(case):
    cn, way, fields = case
    packet = getattr(link_for(cn), way)(cn, QN, **fields)
    frame = decode(encode(packet))
    assert frame.packet == packet
    assert frame.crc == "right"
    assert frame.faults == ()
    body = read(frame.packet)
    assert {name.replace("*", "i13004"): text for name, text in body.values.items()} == {
        name: str(value) for name, value in fields.items()
    }
    if any(name not in {p.name for p in COMMANDS[cn].request or ()} for name in body.values):
        assert body.way == "reply"


suffixes = st.sampled_from(["Rtd", "Avg", "Min", "Max", "Cou", "ZsRtd", "ZsAvg"])
numbers = st.integers(0, 99999999).map(lambda number: f"{number / 1000:.3f}")
values = st.dictionaries(
    st.sampled_from(sorted(codes.POLLUTANTS)),
    st.dictionaries(suffixes, numbers, min_size=1, max_size=5).map(lambda fields: fields | {"Flag": "N"}),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])  # of a busy machine
@given(st.sampled_from(["2011", "2051", "2061", "2031"]), values, st.permutations(range(30)))
def test_an_upload_of_any_size_is_split_and_put_together_again(cn, given_values, order):
    when = datetime(2026, 8, 1, 0, 58, tzinfo=UTC)
    packets = Link("31", MN, "123456").upload(cn, QN, when, given_values)
    assert len({packet.qn for packet in packets}) == len(packets)
    assembler = Assembler()
    whole = None
    for at in [at for at in order if at < len(packets)]:
        frame = decode(encode(packets[at]))
        assert frame.packet == packets[at]
        assert frame.packet.data_time == "20260801085800"
        assert whole is None
        whole = assembler.add(frame.packet, now=0.0)
    assert whole is not None
    assert not whole.split
    fields = [(f"{code}-{name}", text) for code, entry in given_values.items() for name, text in entry.items()]
    assert list(whole.fields()) == [("DataTime", "20260801085800"), *fields]


@pytest.mark.parametrize("size", range(880, 960, 3))
def test_no_upload_is_longer_than_a_segment_may_be(size):
    made = {"a00000": {"Rtd": "1" * (size // 2)}, "a00001": {"Rtd": "1" * (size - size // 2)}}
    packets = Link("31", MN, "123456").upload("2011", QN, datetime(2026, 8, 1, tzinfo=UTC), made)
    for packet in packets:
        assert decode(encode(packet)).packet == packet


def test_the_answers_are_the_standards():
    upload = Link("32", MN, "123456").upload("2061", "20160801090000001", datetime(2016, 8, 1, tzinfo=UTC), {})[0]
    assert encode(acknowledge(upload)) == (
        b"##0087QN=20160801090000001;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&FF01\r\n"
    )
    request = Link("32", MN, "123456").request("1000", "20160801085857223", OverTime=5, ReCount=3)
    assert encode(request).startswith(b"##0107")
    assert encode(request).endswith(b"CAC1\r\n")
    assert encode(answer(request)).endswith(b"CP=&&QnRtn=1&&1B00\r\n")
    assert read(result(request, 5)).values == {"ExeRtn": "5"}
    assert acknowledge(Link("32", MN, "123456", 2025).reply("9015", QN)).cn == "9013"
    assert acknowledge(Link("32", MN, "123456", 2025).reply("9015", QN)).flag == 8


def test_times_are_of_beijing_and_qns_follow_each_other():
    assert qn_of(datetime(2026, 8, 1, 0, 58, 57, 223999, tzinfo=UTC)) == QN
    assert next_qn("20261231235959999") == "20270101000000000"
    body = read(
        Link("31", MN, "123456").request(
            "2051", QN, BeginTime=datetime(2026, 8, 1, tzinfo=UTC), EndTime="20260801090000"
        )
    )
    assert body.way == "request"
    assert body.time("BeginTime") == datetime(2026, 8, 1, tzinfo=UTC)


def test_the_mark_of_sending_again_is_of_2025():
    assert resend(Link("31", MN, "123456").request("2011", QN)).extra == ()
    marked = resend(Link("31", MN, "123456", 2025).request("2011", QN))
    assert marked.resent
    assert decode(encode(marked)).packet == marked


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda link: link.request("1062", QN, RtdInterval=5), "RtdInterval: '5' where 30 to 3600"),
        (lambda link: link.request("1064", QN, MinInterval=7), "one of 1 2 3"),
        (lambda link: link.request("1072", QN), "NewPW is absent"),
        (lambda link: link.request("2081", QN), "is no request"),
        (lambda link: link.reply("1062", QN), "is no reply"),
        (lambda link: link.request("1061", QN, RtdInterval=30), "has no field RtdInterval"),
        (lambda link: link.request("1014", QN), "came with 2025; the device speaks 2017"),
        (lambda link: link.request("1999", QN), "'1999' is no command"),
        (lambda link: link.request("2051", QN, BeginTime="20261301000000", EndTime="20260101000000"), "YYYYMMDDhhmmss"),
        (lambda link: answer(link.request("1061", QN), 11), "QnRtn: 11 where one of"),
        (lambda link: result(link.request("1061", QN), 11), "ExeRtn: 11 where one of"),
    ],
)
def test_a_command_that_is_wrong_is_not_made(make, said):
    with pytest.raises(CommandError, match=said):
        make(Link("31", MN, "123456"))


def parts(count: int, minute: int = 0) -> list:
    made = {f"a{at:05d}": {"Rtd": "1" * 700} for at in range(count)}
    return list(Link("31", MN, "123456").upload("2011", QN, datetime(2026, 8, 1, 0, minute, tzinfo=UTC), made))


def test_the_assembler_keeps_within_its_bounds():
    assembler = Assembler(seconds=60, most=3)
    for minute in range(5):
        assert assembler.add(parts(2, minute)[0], now=float(minute)) is None
    assert len(assembler) == 3
    assert [partial.missing for partial in assembler.given_up(5.0)] == [[2], [2]]
    assert assembler.add(parts(2, 4)[1], now=6.0) is not None
    assert assembler.add(parts(2, 4)[1], now=7.0) is None  # the device did not hear the answer
    assert len(assembler.given_up(120.0)) == 2
    assert len(assembler) == 0


def test_a_part_sent_again_replaces_the_earlier_one():
    first, second = parts(2)
    later = {"a00000": {"Rtd": "2" * 700}, "a00001": {"Rtd": "1" * 700}}
    again = Link("31", MN, "123456").upload("2011", next_qn(QN, 50), datetime(2026, 8, 1, tzinfo=UTC), later)[0]
    for order in ([first, again, second], [again, first, second]):
        assembler = Assembler()
        whole = [assembler.add(packet, 0.0) for packet in order][-1]
        assert whole.get("a00000-Rtd") == "2" * 700
