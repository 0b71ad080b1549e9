"""The gateway on the line: who is answered what, and that slow, silent and flooding peers do not hurt others."""

import asyncio
import contextlib
import os
import socket
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from lantian.observations.gateway import journal as journals
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.heard import Heard
from lantian.observations.gateway.limits import Bucket, Limits, Refusals
from lantian.observations.gateway.orders import Order
from lantian.observations.gateway.server import Gateway
from lantian.observations.hj212 import Framer, Link, answer, encode, qn_of, result

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
MN = "A" * 24
LINK = Link("39", MN, "123456")


def device(**changes):
    given = {"mn": MN, "kind": "dust", "st": "39", "name": "d", "region": "110105", "password": "123456"}
    return Device(**given | {"since": NOW - timedelta(days=9)} | changes)


def data(number=0, link=LINK, **changes):
    when = NOW - timedelta(minutes=5)
    (packet,) = link.upload(
        "2051", qn_of(NOW + timedelta(milliseconds=number)), when, {"a34002": {"Avg": 1}}, **changes
    )
    return encode(packet)


@contextlib.asynccontextmanager
async def running(tmp_path, *devices, limits=None, **more):
    gateway = Gateway(tmp_path / "gateway" / "journal", lambda: NOW, limits=limits, **more)
    gateway.devices = {one.mn: one for one in devices or (device(),)}
    port = await gateway.start("127.0.0.1", 0)
    try:
        yield gateway, port
    finally:
        while Peer.open:
            writer = Peer.open.pop().writer
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await gateway.stop()


class Peer:
    """A client that takes packets out of what comes; closed with the gateway of its test."""

    open: ClassVar[list["Peer"]] = []

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.framer, self.had = Framer(lambda mn: ("vendor_mn", "missing_flag", "missing_qn", "empty_pw")), []

    @classmethod
    async def of(cls, port):
        cls.open.append(cls(*await asyncio.open_connection("127.0.0.1", port)))
        return cls.open[-1]

    async def packet(self, seconds=5):
        while not self.had:
            got = await asyncio.wait_for(self.reader.read(65536), seconds)
            if not got:
                return None
            self.had += [frame.packet for frame in self.framer.feed(got)]
        return self.had.pop(0)

    async def say(self, raw):
        self.writer.write(raw)
        return await self.packet()

    async def ended(self, seconds=5):
        while await asyncio.wait_for(self.reader.read(65536), seconds):
            pass
        return True


def test_data_are_answered_9014_and_stand_in_the_journal_before(tmp_path):
    async def talk():
        async with running(tmp_path) as (gateway, port):
            peer = await Peer.of(port)
            raw = data()
            for piece in (raw[:7], raw[7:40]):
                peer.writer.write(piece)
                await asyncio.sleep(0.01)
            told = await peer.say(raw[40:])
            (file,) = journals.files(gateway.journal.folder)
            kept = [record for record, _ in journals.unpack(file.read_bytes())]
            assert not journals.finished(file)
            return told, kept

    told, (record,) = asyncio.run(talk())
    assert (told.cn, told.st, told.qn, told.flag, told.cp) == ("9014", "91", qn_of(NOW), 4, ())
    assert (record.raw, record.way, record.at, record.address) == (data(), journals.KEPT, NOW, "127.0.0.1")
    assert journals.finished(journals.files(tmp_path / "gateway" / "journal")[0])


@pytest.mark.requirement("M2", part="unknown devices and wrong passwords are answered as the standard says")
@pytest.mark.parametrize(
    ("link", "code", "reason"),
    [
        (Link("39", "B" * 24, "123456"), "4", "mn"),
        (Link("39", MN, "000000"), "3", "pw"),
        (Link("22", MN, "123456"), "5", "st"),
        (Link("39", "C" * 24, "123456"), "4", "over"),
    ],
)
def test_strangers_are_refused_in_the_words_of_the_standard_and_noted(tmp_path, link, code, reason):
    async def talk():
        over = device(mn="C" * 24, until=NOW - timedelta(days=1))
        async with running(tmp_path, device(), over) as (gateway, port):
            told = await (await Peer.of(port)).say(data(link=link))
            return told, gateway.knocks.take(), gateway.journal.synced

    told, (knock,), synced = asyncio.run(talk())
    assert (told.cn, told.get("QnRtn"), told.qn) == ("9011", code, qn_of(NOW))
    assert (knock.reason, knock.mn, knock.times) == (reason, link.mn, 1)
    assert f"PW={link.pw}" not in knock.sample
    assert synced == 0  # nothing of theirs is kept


def test_a_stranger_that_knocks_on_is_answered_no_more_and_others_are(tmp_path):
    async def talk():
        limits = Limits(refusals=1, refusal_burst=3)
        async with running(tmp_path, limits=limits) as (gateway, port):
            peer = await Peer.of(port)
            answers = 0
            while await peer.say(data(answers, Link("39", "B" * 24, "x12345"))) is not None:
                answers += 1
            good = await Peer.of(port)
            return answers, (await good.say(data())).cn, gateway.knocks.take()

    answers, cn, (knock,) = asyncio.run(talk())
    assert answers == 3
    assert cn == "9014"
    assert knock.times == 4


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-6] + b"FFFF\r\n", lambda raw: raw.replace(b"Avg=1", b"Avg=2")])
def test_a_packet_with_a_wrong_sum_is_answered_9_and_kept_for_the_log_only(tmp_path, spoil):
    async def talk():
        async with running(tmp_path) as (gateway, port):
            told = await (await Peer.of(port)).say(spoil(data()))
            (file,) = journals.files(gateway.journal.folder)
            return told, next(journals.unpack(file.read_bytes()))[0], gateway.heard[MN].faults

    told, record, faults = asyncio.run(talk())
    assert (told.cn, told.get("QnRtn")) == ("9011", "9")
    assert (record.way, faults) == (journals.REFUSED, 1)


def test_a_packet_whose_mn_the_line_has_spoilt_makes_no_stranger(tmp_path):
    async def talk():
        async with running(tmp_path) as (gateway, port):
            peer = await Peer.of(port)
            await peer.say(data())
            told = await peer.say(data(1).replace(MN.encode(), b"B" + MN[1:].encode()))
            return told, gateway.knocks.take()

    told, knocks = asyncio.run(talk())
    assert (told.cn, told.get("QnRtn")) == ("9011", "9")
    assert knocks == []


def test_heartbeats_and_notices_are_answered_9013_and_what_wants_no_answer_gets_none(tmp_path):
    async def talk():
        async with running(tmp_path, device(version=2025)) as (_, port):
            link = Link("39", MN, "123456", 2025)
            peer = await Peer.of(port)
            beat = await peer.say(encode(link.reply("9015", qn_of(NOW), answer=True)))
            peer.writer.write(data(1, link, answer=False))
            after = await peer.say(data(2, link))
            return beat, after

    beat, after = asyncio.run(talk())
    assert (beat.cn, beat.flag) == ("9013", 8)
    assert (after.cn, after.qn) == ("9014", qn_of(NOW + timedelta(milliseconds=2)))


@pytest.mark.requirement("M2", part="commands: sent again, followed to their result")
def test_a_request_is_sent_again_until_answered_and_its_data_come_back(tmp_path):
    async def talk():
        steps = []
        limits = Limits(answer=0.1)
        async with running(tmp_path, limits=limits, followed=lambda order: steps.append(order.state)) as (
            gateway,
            port,
        ):
            peer = await Peer.of(port)
            await peer.say(data())
            order = Order(MN, "1011", "", "command", 7)
            assert gateway.orders.add(order)
            assert not gateway.orders.add(Order(MN, "1011", "", "command", 7))  # is under way
            first, second = await peer.packet(), await peer.packet()
            peer.writer.write(encode(answer(second)))
            peer.writer.write(encode(LINK.reply("1011", second.qn, SystemTime=NOW)))
            peer.writer.write(encode(result(second)))
            while order.state != "done":
                await asyncio.sleep(0.01)
            return first, second, order, steps

    first, second, order, steps = asyncio.run(talk())
    assert (first.cn, first.pw, first.wants_answer) == ("1011", "123456", True)
    assert first.qn == second.qn == order.qn
    assert steps == ["sent", "accepted", "done"]
    assert (order.qn_rtn, order.exe_rtn, order.answer) == (1, 1, "SystemTime=20261122120000")


def test_a_request_is_refused_unanswered_or_ends_with_its_connection(tmp_path):
    async def talk():
        states = []
        limits = Limits(answer=0.05, tries=2)
        async with running(tmp_path, limits=limits, followed=lambda order: states.append((order.key, order.state))) as (
            gateway,
            port,
        ):
            peer = await Peer.of(port)
            await peer.say(data())
            gateway.orders.add(Order(MN, "2012", "", "command", 1))
            peer.writer.write(encode(answer(await peer.packet(), 2)))
            await asyncio.sleep(0.05)
            gateway.orders.add(Order(MN, "2012", "", "command", 2))
            await asyncio.sleep(0.2)
            gateway.orders.add(Order(MN, "2012", "", "command", 3))
            peer.writer.close()
            await asyncio.sleep(0.1)
            return states

    ended = [one for one in asyncio.run(talk()) if one[1] != "sent"]
    assert ended == [(1, "refused"), (2, "unanswered"), (3, "unanswered")]


def test_who_asks_for_the_time_is_told_but_not_again_and_again(tmp_path):
    async def talk():
        async with running(tmp_path, limits=Limits(answer=0.05, tries=1)) as (_, port):
            peer = await Peer.of(port)
            peer.writer.write(encode(LINK.reply("1013", qn_of(NOW), answer=True)) * 2)
            return [await peer.packet() for _ in range(3)]

    told = asyncio.run(talk())
    assert sorted(packet.cn for packet in told) == ["1012", "9013", "9013"]
    (right,) = [packet for packet in told if packet.cn == "1012"]
    assert right.get("SystemTime") == "20261122120000"


def test_a_clock_that_strays_in_packet_after_packet_is_told_an_old_packet_alone_is_not():
    known = Heard(NOW)
    assert not known.judge_clock(-5000.0, 120)  # sent again, perhaps
    assert not known.judge_clock(1.0, 120)
    assert [known.judge_clock(off, 120) for off in (-400.0, -300.0, -310.0)] == [False, False, True]
    assert known.clock_off == -300.0


def test_no_time_is_told_by_a_simulated_clock(tmp_path):
    async def talk():
        async with running(tmp_path, true_time=lambda: False) as (_, port):
            peer = await Peer.of(port)
            for number in range(4):
                old = Link("39", MN, "123456").upload("2051", f"2016121600000000{number}", NOW, {"a34002": {"Avg": 1}})
                assert (await peer.say(encode(old[0]))).cn == "9014"
            return peer.had

    assert asyncio.run(talk()) == []


@pytest.mark.requirement("M2", part="slow, silent and flooding clients do not hurt others")
def test_a_flooding_peer_waits_and_another_is_answered_at_once(tmp_path):
    async def talk():
        limits = Limits(frames=100, burst=50)
        flood = device(mn="F" * 24)
        async with running(tmp_path, device(), flood, limits=limits) as (gateway, port):
            many = b"".join(data(number, Link("39", "F" * 24, "123456")) for number in range(3000))
            bad = await Peer.of(port)
            bad.writer.write(many)
            await asyncio.sleep(0.2)
            good = await Peer.of(port)
            begun = asyncio.get_running_loop().time()
            told = await good.say(data())
            waited = asyncio.get_running_loop().time() - begun
            return told.cn, waited, gateway.heard["F" * 24].packets

    cn, waited, taken = asyncio.run(talk())
    assert cn == "9014"
    assert waited < 1.0
    assert taken < 1000  # of the 3000 that it wants to bring in at once


def test_a_peer_that_reads_no_answers_is_held_back_and_then_dropped(tmp_path):
    async def talk():
        limits = Limits(frames=1e6, burst=1e6, stuck=0.2)
        async with running(tmp_path, limits=limits) as (gateway, port):
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", port))
            deaf.setblocking(False)
            many, loop = b"".join(data(number) for number in range(500)), asyncio.get_running_loop()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(8):
                    while True:
                        await loop.sock_sendall(deaf, many)
            dropped = not gateway.links
            deaf.close()
            return dropped, (await (await Peer.of(port)).say(data())).cn

    assert asyncio.run(talk()) == (True, "9014")


def test_silent_slow_and_talkative_strangers_are_let_go(tmp_path):
    async def talk():
        limits = Limits(introduce=0.2, strikes=3)
        async with running(tmp_path, limits=limits) as (gateway, port):
            silent, junk, slow = await Peer.of(port), await Peer.of(port), await Peer.of(port)
            slow.writer.write(b"##0100QN=2016")
            junk.writer.write(b"##0001A0000\r\nGET / HTTP/1.1\r\n\r\n" * 20)
            ended = [await junk.ended(), await silent.ended(), await slow.ended()]
            return ended, len(gateway.links)

    assert asyncio.run(talk()) == ([True, True, True], 0)


def test_one_address_has_only_so_many_unknown_connections(tmp_path):
    async def talk():
        async with running(tmp_path, limits=Limits(unknown_links=3)) as (_, port):
            known = await Peer.of(port)
            await known.say(data())  # counts no more
            peers = [await Peer.of(port) for _ in range(4)]
            with contextlib.suppress(ConnectionError):
                assert await peers[3].ended()
            return [(await peer.say(data(number))).cn for number, peer in enumerate(peers[:3])]

    assert asyncio.run(talk()) == ["9014"] * 3


def test_nothing_is_acknowledged_while_the_disk_refuses_and_all_is_when_it_works_again(tmp_path, monkeypatch):
    async def talk():
        monkeypatch.setattr(journals, "_RETRY", 0.05)
        works, sync = [], os.fdatasync

        def refuse(file):
            if not works:
                raise OSError(28, "no space left on device")
            sync(file)

        monkeypatch.setattr(journals.os, "fdatasync", refuse)
        async with running(tmp_path) as (_, port):
            peer = await Peer.of(port)
            peer.writer.write(data())
            with pytest.raises(TimeoutError):
                await peer.packet(0.2)
            works.append(True)
            return (await peer.packet()).cn

    assert asyncio.run(talk()) == "9014"


def test_half_a_record_is_none_and_what_stands_before_it_is_whole(tmp_path):
    whole = journals.pack(1, journals.KEPT, b"a", b"one") + journals.pack(2, journals.SENT, b"b", b"two")
    third = journals.pack(3, journals.KEPT, b"c", b"three")
    for cut in range(len(third)):
        found = list(journals.unpack(whole + third[:cut]))
        assert [(record.raw, record.way) for record, _ in found] == [(b"one", 0), (b"two", 2)]
        assert found[-1][1] == len(whole)
    spoilt = whole[:-1] + b"X" + third
    assert [record.raw for record, _ in journals.unpack(spoilt)] == [b"one"]


def test_buckets_refill_and_refusals_are_forgotten_in_turn():
    bucket = Bucket(2.0, 4.0, 0.0)
    assert bucket.take(4, 0.0) == 0.0
    assert bucket.take(2, 0.0) == 1.0
    assert not bucket.allows(1.0)
    assert bucket.allows(2.0)
    refusals = Refusals(Limits(refusals=60, refusal_burst=1), most=4)
    assert [refusals.answered("a", "m", at) for at in (0.0, 0.5, 2.0)] == [True, False, True]
    assert [refusals.answered("b", mn, 2.0) for mn in ("m", "n")] == [False, False]
