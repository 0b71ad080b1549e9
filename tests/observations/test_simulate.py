"""Simulated devices: they keep what was not answered, obey, remember, and speak nothing but the standard."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from lantian.observations.faults import KINDS
from lantian.observations.gateway import files
from lantian.observations.hj212 import Framer, Link, Packet, acknowledge, decode, encode, readings
from lantian.observations.simulate import (
    COLUMNS,
    LINE_FAULTS,
    PROFILES,
    Client,
    Device,
    Episode,
    Plan,
    Source,
    chosen_faults,
    devices_of,
    drive,
    identities,
    obey,
    write_devices,
)

pytestmark = pytest.mark.requirement("M2", part="device simulator")

START = datetime(2026, 7, 22, 0, 0, tzinfo=UTC)  # 08:00 in Beijing
HOUR = timedelta(hours=1)


def device(kind: str = "cems", **how) -> Device:
    return Device(identities(1, [kind])[0], START, **how)


def made(one: Device, until: datetime) -> list[Packet]:
    one.measure(until)
    return [decode(encode(packet)).packet for packet in one.unanswered()]


@pytest.mark.parametrize("kind", PROFILES)
def test_every_kind_sends_what_it_measures_and_the_strict_reader_takes_it(kind):
    one = device(kind, real_s=600)
    packets = made(one, START + timedelta(hours=9))
    assert None not in packets
    by_cn = {cn: [packet for packet in packets if packet.cn == cn] for cn in ("2011", "2051", "2061", "2031")}
    assert len({packet.data_time for packet in by_cn["2061"]}) == 9
    assert {packet.data_time for packet in by_cn["2031"]} == set()  # the day began before the device did
    minutes = {packet.data_time for packet in by_cn["2051"]}
    assert len(minutes) == 9 * 3600 // PROFILES[kind].every_s
    rows = [row for packet in packets for row in readings(packet, PROFILES[kind].units)]
    assert {row.code for row in rows} == set(PROFILES[kind].units)
    for row in rows:
        assert row.value is not None
        assert row.flag == "N"
        assert row.code == "a01008" or row.low is None or row.low <= row.value <= row.high
    for packet in packets:
        assert packet.st == PROFILES[kind].st
        assert packet.wants_answer


def test_a_stacks_hour_is_converted_to_the_reference_oxygen_and_has_its_mass():
    one = device("cems", real_s=0, every_s=0)
    rows = {row.item: row for packet in made(one, START + HOUR) for row in readings(packet, PROFILES["cems"].units)}
    so2, oxygen, flow = rows["so2"], rows["a19001"], rows["a00000"]
    assert so2.converted == pytest.approx(so2.value * 15 / (21 - oxygen.value), rel=0.02)
    assert so2.total == pytest.approx(so2.value * 1e-9 * flow.value, rel=0.05)  # kg of one hour


def test_a_day_is_told_when_it_is_over():
    one = Device(identities(1)[0], datetime(2026, 7, 21, 16, tzinfo=UTC), real_s=0, every_s=0, hours=False)
    assert made(one, datetime(2026, 7, 22, 15, 59, tzinfo=UTC)) == []
    assert [packet.data_time for packet in made(one, datetime(2026, 7, 22, 16, tzinfo=UTC))] == ["20260722000000"]


def test_what_has_no_answer_goes_out_again_with_its_qn():
    one = device(every_s=0, hours=False)
    one.measure(START + timedelta(minutes=2))
    (first,) = one.to_send(0.0)
    assert one.to_send(9.9) == []
    assert one.to_send(10.0) == one.to_send(20.0) == one.to_send(30.0) == [first]
    assert one.to_send(50.0) == []
    assert not one.given_up(39.9)
    assert one.given_up(40.0)
    one.line_lost()
    assert one.to_send(60.0) == [first]
    assert one.answered(acknowledge(first), 60.5)
    assert not one.answered(acknowledge(first), 60.6)
    (second,) = one.to_send(61.0)
    assert second.qn > first.qn
    assert (one.tally.answered, one.tally.resent, one.tally.latencies) == (1, 4, [0.5])


def test_while_cut_off_it_forgets_real_time_data_first():
    one = device(keep=100)
    one.measure(START + 4 * HOUR)
    left = one.unanswered()
    assert len(left) == 100
    assert one.tally.forgotten == one.tally.made - 100
    assert sum(packet.cn == "2061" for packet in left) >= 4 or sum(packet.cn == "2011" for packet in left) == 0


def request(one: Device, cn: str, **fields) -> list[Packet]:
    asked = one.link.request(cn, "20260722100000000", **fields)
    said = obey(one, decode(encode(asked)).packet, START + 2 * HOUR)
    for packet in said:
        assert decode(encode(packet)).packet == packet
        assert packet.qn == asked.qn
    assert (said[0].cn, said[0].get("QnRtn")) == ("9011", "1")
    assert said[-1].cn == "9012"
    return said


def test_it_obeys():
    one = device(clock_error=timedelta(minutes=5))
    assert request(one, "1011")[1].get("SystemTime") == "20260722100500"
    request(one, "1012", SystemTime="20260722100000")
    assert request(one, "1011")[1].get("SystemTime") == "20260722100000"
    request(one, "1062", RtdInterval=30)
    assert request(one, "1061")[1].get("RtdInterval") == "30"
    request(one, "1064", MinInterval=10)
    assert request(one, "1063")[1].get("MinInterval") == "10"
    request(one, "1000", OverTime=5, ReCount=1)
    assert (one.over_time_s, one.re_count) == (5.0, 1)
    assert request(one, "3018", PolId="a21026")[1].get("Stime")
    assert request(one, "3011", PolId="w01018")[-1].get("ExeRtn") == "3"
    request(one, "2012")
    one.measure(START + HOUR)
    assert "2011" not in {packet.cn for packet in one.unanswered()}
    request(one, "1072", NewPW="654321")
    assert one.link.pw == "654321"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"pw": "000000"}, "3"), ({"st": "22"}, "5"), ({"mn": "F" * 24}, "4")],
)
def test_it_refuses_who_has_no_right(change, code):
    one = device()
    given = {"st": "31", "mn": one.identity.mn, "pw": one.identity.password} | change
    said = obey(one, Link(**given).request("1062", "20260722100000000", RtdInterval=30), START)
    assert [(packet.cn, packet.get("QnRtn")) for packet in said] == [("9011", code)]
    assert one.real_s == 60


def test_an_unknown_command_is_refused():
    one = device()
    asked = Packet("31", "1014", one.identity.mn, one.identity.password, "20260722100000000", 5)
    assert [packet.get("QnRtn") for packet in obey(one, asked, START)] == ["8"]


def test_it_tells_again_what_it_told():
    one = device("dust", real_s=0, hours=False)
    told = {packet.data_time: packet.cp for packet in made(one, START + 2 * HOUR)}
    said = request(one, "2051", BeginTime="20260722090000", EndTime="20260722095500")
    again = {packet.data_time: packet.cp for packet in said[1:-1]}
    assert len(again) == 12
    assert again == {when: cp for when, cp in told.items() if when in again}
    assert not any(packet.wants_answer for packet in said)
    assert request(one, "2061", BeginTime="20260721000000", EndTime="20260721100000")[-1].get("ExeRtn") == "100"
    assert request(one, "2061", BeginTime="20260722100000", EndTime="20260722090000")[-1].get("ExeRtn") == "3"


@pytest.mark.parametrize("fault", KINDS)
def test_a_fault_of_the_data_is_in_what_is_sent(fault):
    episode = Episode(fault, "a21026", START + 2 * HOUR, START + 26 * HOUR, 3)
    values, marked = Source(PROFILES["cems"], 5, (episode,)).minutes(START, 30 * 60)
    true, _ = Source(PROFILES["cems"], 5).minutes(START, 30 * 60)
    differs = values["a21026"] != true["a21026"]
    assert differs[120 : 26 * 60].any()
    assert not differs[:120].any()
    assert not differs[26 * 60 :].any()
    assert ("a21026" in marked) == (fault == "calibration_abuse")
    # asked for another stretch, a minute has the same value
    again, _ = Source(PROFILES["cems"], 5, (episode,)).minutes(START + 5 * HOUR, 60)
    assert again["a21026"].tolist() == pytest.approx(values["a21026"][300:360].tolist(), nan_ok=True)


def test_the_gateway_can_register_what_is_written(tmp_path):
    path = tmp_path / "devices.csv"
    known = identities(6, seed=7)
    write_devices(path, known)
    assert tuple(path.read_text(encoding="utf-8").splitlines()[0].split(",")) == COLUMNS
    devices, faults = files.read(path, now=START)
    assert faults == []
    for one, registered in zip(known, devices, strict=True):
        profile = PROFILES[one.kind]
        assert (registered.mn, registered.password, registered.kind) == (one.mn, one.password, one.kind)
        assert (registered.st, dict(registered.units), registered.every) == (profile.st, profile.units, profile.every_s)
        asked = Link(registered.st, one.mn, one.password).request("2011", "20260722100000000")
        assert decode(encode(asked)).packet == asked
    assert len({one.mn for one in known}) == 6
    assert identities(6, seed=7) == known != identities(6, seed=8)


class Gateway:
    """The other end of the line: answers what it can read, never twice the same, and may be told to be deaf."""

    def __init__(self, deaf: Callable[[int], bool] = lambda number: False) -> None:
        self.packets: list[Packet] = []
        self.frames = 0
        self.faulty = 0
        self.connections = 0
        self.said: list[Packet] = []
        self._deaf = deaf

    async def __aenter__(self) -> "Gateway":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        framer = Framer()
        try:
            while data := await reader.read(4096):
                for frame in framer.feed(data):
                    self.frames += 1
                    if frame.packet is None:
                        self.faulty += 1
                        continue
                    if frame.packet.wants_answer:
                        if self._deaf(self.frames):
                            continue
                        self.packets.append(frame.packet)
                        writer.write(encode(acknowledge(frame.packet)))
                    else:
                        self.said.append(frame.packet)
        except ConnectionError:
            pass
        finally:
            writer.close()


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def carried(one: Device, gateway: Gateway, now: datetime, **how) -> asyncio.Task:
    client = Client(one, "127.0.0.1", gateway.port, lambda: now, tick=0.02, **how)
    return asyncio.create_task(client.run())


@pytest.mark.parametrize(
    "faults", [(), ("disconnect",), ("wrong_crc",), ("junk", "glued", "split"), tuple(LINE_FAULTS)]
)
def test_whatever_the_line_does_every_upload_is_answered_in_the_end(faults):
    async def talk() -> None:
        one = device("dust", real_s=60)
        one.over_time_s, one.re_count = 0.05, 50
        async with Gateway() as gateway:
            task = carried(
                one, gateway, START + timedelta(minutes=20), faults=faults, fault_share=0.2, seed=4, window=4
            )
            await until(lambda: one.tally.made > 16 and one.waiting == 0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        kept = {(packet.cn, packet.data_time, packet.pno): packet for packet in gateway.packets}
        assert len(kept) == one.tally.made
        assert len({packet.qn for packet in gateway.packets}) == one.tally.made
        if "disconnect" in faults:
            assert gateway.connections > 1
        if "wrong_crc" in faults or "junk" in faults:
            assert gateway.faulty > 0
        if not faults:
            assert (gateway.faulty, one.tally.resent, gateway.connections) == (0, 0, 1)

    asyncio.run(talk())


def test_a_deaf_gateway_makes_it_send_again_and_then_come_back():
    async def talk() -> None:
        one = device("dust", real_s=0, hours=False)
        one.over_time_s, one.re_count = 0.05, 2
        async with Gateway(deaf=lambda number: number <= 5) as gateway:
            task = carried(one, gateway, START + timedelta(minutes=5))
            await until(lambda: one.tally.answered == 1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert gateway.connections == 2
        assert one.tally.resent == 5

    asyncio.run(talk())


def test_many_devices_drive_a_gateway_and_report():
    async def talk() -> None:
        plan = Plan(seconds=1.0, start=START, speed=1200.0, data_faults=tuple(KINDS), window=8)
        async with Gateway() as gateway:
            done = await drive(devices_of(identities(8), plan), plan, "127.0.0.1", gateway.port)
        assert done.devices == done.connections == 8
        assert done.answered > 0
        assert done.made == done.answered + done.left
        assert done.answered <= len(gateway.packets)
        assert done.p99_answer_s >= done.median_answer_s > 0

    asyncio.run(talk())


def test_faults_are_chosen_by_name():
    assert chosen_faults(["none"]) == ((), ())
    assert chosen_faults(["all"]) == (tuple(KINDS), tuple(LINE_FAULTS))
    assert chosen_faults(["drift", "junk"]) == (("drift",), ("junk",))
    with pytest.raises(ValueError, match="no fault 'wobble'; there are all, none, stuck"):
        chosen_faults(["wobble"])
