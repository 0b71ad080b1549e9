"""Enciphered data on the line; passwords and keys changed over it, which hold once the device has taken them."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from lantian.observations.gateway import commands, files, journal, packets, service
from lantian.observations.gateway.desk import Desk
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.journal import KEPT, REFUSED, SENT, pack
from lantian.observations.gateway.limits import Limits
from lantian.observations.gateway.offers import Offer, Offers
from lantian.observations.gateway.orders import Order
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.server import Gateway
from lantian.observations.gateway.service import serve
from lantian.observations.gateway.shelving import Shelver, folder_of
from lantian.observations.gateway.tables import command, stranger
from lantian.observations.hj212 import DataCipher, Framer, Link, answer, encode, qn_of, result
from lantian.observations.simulate import Client, identities, write_devices
from lantian.observations.simulate import Device as Simulated
from lantian.observations.telemetry import TelemetryStore

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
MN = "A" * 24
OLD, NEW, OTHER = "0123456789ABCDEFFEDCBA9876543210", "1" * 31 + "F", "2" * 32
LINK = Link("39", MN, "123456", 2025)
WORDS = "ecb pkcs7 hex"

pytestmark = pytest.mark.requirement("M2", part="SM4 of 2025, new keys and passwords over the line")


def cipher(key=OLD, words=WORDS, iv=""):
    return DataCipher.of_session_key(key, words, iv)


def device(**changes):
    given = {"mn": MN, "kind": "dust", "st": "39", "name": "d", "region": "110105", "password": "123456"}
    given |= {"version": 2025, "cipher": WORDS, "key": OLD, "since": NOW - timedelta(days=9)}
    return Device(**given | changes)


def data(number=0, key=OLD, link=LINK, value="1", **options):
    when = NOW - timedelta(minutes=5)
    qn = qn_of(NOW + timedelta(milliseconds=number))
    (packet,) = link.upload("2051", qn, when, {"a34002": {"Avg": value, "Flag": "N"}})
    return encode(packet, cipher=cipher(key, **options) if key else None)


class Peer:
    """A device's end of a connection, which reads with its key."""

    def __init__(self, reader, writer, key):
        self.reader, self.writer, self.had = reader, writer, []
        self.framer = Framer(cipher=key and cipher(key))

    async def packet(self):
        while not self.had:
            got = await asyncio.wait_for(self.reader.read(65536), 5)
            assert got, "the connection ended"
            self.had += [frame.packet for frame in self.framer.feed(got)]
        return self.had.pop(0)

    async def say(self, raw):
        self.writer.write(raw)
        return await self.packet()


@contextlib.asynccontextmanager
async def speaking(tmp_path, *, key=OLD, one=None, **more):
    gateway = Gateway(tmp_path / "gateway" / "journal", lambda: NOW, **more)
    gateway.devices = {MN: one or device()}
    port = await gateway.start("127.0.0.1", 0)
    peer = Peer(*await asyncio.open_connection("127.0.0.1", port), key)
    try:
        yield gateway, peer
    finally:
        peer.writer.close()
        await gateway.stop()


def written(tmp_path):
    (file,) = journal.files(tmp_path / "gateway" / "journal")
    return [record for record, _ in journal.unpack(file.read_bytes())]


@pytest.mark.parametrize(("words", "iv"), [(WORDS, ""), ("cbc zero base64", "3" * 32)])
def test_what_arrives_is_deciphered_and_kept_as_it_came_and_what_is_said_is_enciphered(tmp_path, words, iv):
    raw = data(words=words, iv=iv)
    strange = data(1, words=words, iv=iv, value="much")

    async def talk():
        one = device(cipher=words, iv=iv)
        async with speaking(tmp_path, key=None, one=one) as (_, peer):
            peer.framer = Framer(cipher=cipher(OLD, words, iv))
            return await peer.say(raw), await peer.say(strange)

    kept, refused = asyncio.run(talk())
    assert (kept.cn, kept.cp) == ("9014", ())
    assert (refused.cn, refused.get("QnRtn")) == ("9011", "100")  # read with the key: it was enciphered
    first, second = written(tmp_path)
    assert (first.way, first.raw) == (KEPT, raw)
    assert b"a34002-Avg=1" in first.clear
    assert b"a34002" not in raw
    assert (second.way, b"Avg=much" in second.clear) == (REFUSED, True)


@pytest.mark.parametrize("key", [OTHER, None])
def test_what_cannot_be_deciphered_is_refused_in_clear_listed_and_kept_for_the_log(tmp_path, key):
    async def talk():
        async with speaking(tmp_path, key=None) as (gateway, peer):
            return await peer.say(data(key=key)), gateway.knocks.take(), gateway.heard

    told, (knock,), heard = asyncio.run(talk())
    assert (told.cn, told.get("QnRtn")) == ("9011", "100")
    assert (knock.mn, knock.reason) == (MN, "key")
    (record,) = written(tmp_path)
    assert (record.way, record.raw, record.clear) == (REFUSED, data(key=key), b"")
    assert heard == {}  # it counts as silent


def sayings(asked, how):
    """What the device says to a request, as bytes."""
    told = {"done": 1, "late": 1, "failed": 2}.get(how)
    yes = [answer(asked, 2 if how == "refused" else 1)] + ([result(asked, told)] if told else [])
    under = cipher(NEW if how == "late" else OLD)
    return b"".join(encode(one, cipher=under) for one in yes)


@pytest.mark.parametrize(
    ("how", "taken"), [("done", True), ("late", True), ("shown", True), ("refused", False), ("failed", False)]
)
def test_a_new_key_holds_when_the_device_says_or_shows_that_it_took_it(tmp_path, how, taken):
    steps = []

    async def talk():
        followed = lambda order: steps.append((order.key, order.state))  # noqa: E731
        async with speaking(tmp_path, followed=followed, limits=Limits(strikes=99)) as (gateway, peer):
            await peer.say(data())
            order = Order(MN, "1014", "SKCreateTime=20261122120000;NewSK=******", "command", 7)
            order.offer = Offer(7, MN, "1014", NEW)
            gateway.orders.add(order)
            asked = await peer.packet()
            assert (asked.cn, asked.get("NewSK")) == ("1014", NEW)
            before = gateway.devices[MN].key
            peer.writer.write(sayings(asked, how))
            if how == "shown":
                await peer.say(data(1, NEW))
            while order.state in ("sent", "accepted"):
                await asyncio.sleep(0.01)
            peer.framer = Framer()  # answers to data are empty, and refusals of a wrong key in clear
            return before, gateway.devices[MN].key, [(await peer.say(data(2, key))).cn for key in (OLD, NEW)]

    before, after, said = asyncio.run(talk())
    assert before == OLD
    assert (after, said) == ((NEW, ["9011", "9014"]) if taken else (OLD, ["9014", "9011"]))
    assert steps[-1] == (7, "done" if taken else how)
    whole = b"".join(record.raw + record.clear for record in written(tmp_path))
    (sent,) = [record for record in written(tmp_path) if record.way == SENT]
    assert b"NewSK=******" in sent.raw
    assert NEW.encode() not in whole


def test_a_new_password_counts_beside_the_old_one_until_the_device_speaks_by_it(tmp_path):
    async def talk():
        async with speaking(tmp_path, one=device(cipher="", key=""), key=None) as (gateway, peer):
            gateway.offers = Offers([Offer(3, MN, "1072", "older1"), Offer(5, MN, "1072", "newest")])
            said = []
            for number, password in enumerate(("older1", "123456", "newest", "older1", "newest")):
                link = Link("39", MN, password, 2025)
                said.append((await peer.say(data(number, None, link))).cn)
                said.append(gateway.devices[MN].password)
            return said

    # the older was taken, whose answer was lost; then the newer, and with it nothing else counts any more
    assert asyncio.run(talk()) == [
        *("9014", "older1", "9011", "older1", "9014", "newest", "9011", "newest", "9014", "newest")
    ]


def test_a_device_that_enciphers_must_speak_2025_and_have_a_key():
    with pytest.raises(ValueError, match="version 2017: expected 2025"):
        device(version=2017)
    with pytest.raises(ValueError, match="cipher 'rot13': expected none, or one of ecb"):
        device(cipher="rot13")
    with pytest.raises(ValueError, match="iv: 0 bytes where 16"):
        device(cipher="cbc pkcs7 hex")
    with pytest.raises(ValueError, match="key: 32 hexadecimal digits") as told:
        device(key="secret")
    assert "secret" not in str(told.value)
    with pytest.raises(ValueError, match="cipher '': expected options"):
        device(cipher="")
    assert OLD not in repr(device())


async def until(look, seconds=20):
    for _ in range(int(seconds / 0.02)):
        if found := await asyncio.to_thread(look):
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come about")


def test_a_stop_that_comes_together_with_a_change_is_not_lost():
    async def stopped(steps):
        event = asyncio.Event()

        async def listen():
            while True:
                await service._either(event, 60)

        task = asyncio.create_task(listen())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        event.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=2)
        done = task.done()
        task.cancel()
        return done

    for steps in range(5):
        assert asyncio.run(stopped(steps)), steps


def test_a_simulated_device_sends_enciphered_and_takes_a_new_key_and_password(platform, tmp_path):
    (known,) = identities(1, ["dust"], version=2025, cipher="cbc pkcs7 base64")
    write_devices(tmp_path / "devices.csv", [known])
    platform.clock.set_simulated(NOW, paused=True, actor="test")
    listed, faults = files.read(tmp_path / "devices.csv", now=NOW - timedelta(days=1))
    assert faults == []
    Register(platform).put(listed, "test")
    its_time = [NOW - timedelta(hours=3)]
    simulated = Simulated(known, its_time[0], real_s=0, hours=False, days=False)

    def newest():
        one = commands.listed(platform, known.mn, as_of=NOW)[0]
        return one.state == "done" and one

    async def sent():
        """Twenty minutes more, and all of it acknowledged."""
        its_time[0] += timedelta(minutes=20)
        before = simulated.tally.made
        await until(lambda: simulated.tally.made > before and simulated.waiting == 0)

    async def talk():
        taken, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
        ready = lambda _, port: taken.set_result(port)  # noqa: E731
        serving = asyncio.create_task(serve(platform, "127.0.0.1", 0, ready=ready, keeper=False, stop=stop))
        client = Client(simulated, "127.0.0.1", await taken, lambda: its_time[0], tick=0.05)
        running = asyncio.create_task(client.run())
        try:
            await sent()
            (one,) = Register(platform).devices()
            for cn, fields in (("1014", {}), ("1072", {"NewPW": "n3wP4s"})):
                commands.ask(platform, one, cn, fields, "示例分析员", NOW)
                with pytest.raises(ValueError, match="one is under way"):
                    commands.ask(platform, one, cn, fields, "test", NOW)
                assert (await until(newest)).exe_rtn == 1
                await sent()
        finally:
            running.cancel()
            stop.set()
            await asyncio.gather(running, serving, return_exceptions=True)
        return simulated.tally

    tally = asyncio.run(talk())
    assert (tally.refused, tally.connections, tally.answered) == (0, 1, tally.made)

    (after,) = Register(platform).devices(passwords=True)
    assert after.password == simulated.link.pw == "n3wP4s"
    assert simulated.cipher == after.data_cipher()
    assert after.key not in ("", known.key)
    written = b"".join(path.read_bytes() for path in sorted(folder_of(platform).glob("*.journal")))
    Shelver(platform).run()  # by now the key is another than that of most packets
    rows = TelemetryStore(platform).read(known.mn).collect()
    assert rows["time"].n_unique() == tally.made
    log = packets.packets(platform, known.mn, as_of=NOW, most=5000)
    assert log.filter(pl.col("faults").list.len() > 0).height == 0
    assert not log.filter(way="kept", cn="2051")["text"].str.contains("a34002").any()
    assert sorted(log.filter(way="sent")["cn"].unique()) == ["1014", "1072"]

    with platform.engine.connect() as connection:
        assert connection.scalars(sa.select(command.c.secret)).all() == [None, None]
        assert connection.scalar(sa.select(sa.func.count()).select_from(stranger)) == 0
        trail = str(connection.exec_driver_sql("select actor, reason, before::text, after::text from audit").all())
        kept = str(connection.execute(sa.select(command)).all())
    for secret in (known.key, after.key, "NewPW=n3wP4s"):
        assert secret not in trail + kept
        assert secret.encode() not in written
    assert trail.count("[redacted]") > 4
    assert "示例分析员" in trail
    assert after.key not in str(log.rows())


def test_the_log_says_that_a_packet_could_not_be_deciphered(platform):
    platform.clock.set_simulated(NOW, paused=True, actor="test")
    Register(platform).put([device()], "test")
    folder = folder_of(platform)
    folder.mkdir(parents=True)
    micro = int(NOW.timestamp() * 1e6)
    clear = cipher().open(data()[6:-6])
    records = [pack(micro, REFUSED, b"", data(1, OTHER)), pack(micro, KEPT, b"", data(), clear)]
    (folder / "one.journal").write_bytes(b"".join(records))
    assert Shelver(platform).run() == 2
    log = packets.packets(platform, MN, as_of=NOW).sort("way")
    assert log["way"].to_list() == ["kept", "refused"]
    assert log["values"].to_list() == [1, 0]
    (fault,) = log["faults"][1].to_list()
    assert (
        fault == "CP: the data cannot be deciphered: nothing where data enciphered with the device's key would be right"
    )


@pytest.mark.parametrize(
    ("cn", "fields", "said"),
    [
        ("1072", {"NewPW": "pw1"}, r"1072 NewPW: \*+ where 6 characters"),
        ("1072", {"NewPW": "密码密码密码"}, r"password '\*+': expected 1 to 32"),
        ("1072", {}, "NewPW is absent"),
        ("1014", {"NewSK": "abc"}, r"1014 NewSK: \*+ where 32 hexadecimal digits"),
        ("3021", {"PolId": "w01018", "InfoId": "i13004", "cp": "i13004-Info"}, "name=value"),
        ("3021", {"PolId": "w01018", "InfoId": "i13004", "cp": "a34002-Rtd=1"}, r"\*-Info is absent"),
        ("3021", {"PolId": "w01018", "InfoId": "i13004", "cp": "i13004-Info=1;a34002-Rtd=1"}, "no field a34002-Rtd"),
        ("3021", {"PolId": "w01018", "InfoId": "i13004", "cp": "i13004-Info=" + "7" * 470}, "1024 are allowed"),
        ("9014", {}, "expected one of 1000"),
    ],
)
def test_a_command_that_cannot_be_is_refused_without_telling_its_secret(cn, fields, said):
    with pytest.raises(ValueError, match=said) as told:
        commands.ask(None, device(), cn, fields, "test", NOW)  # before it touches the database
    assert not any(fields.get(name, "no such text") in str(told.value) for name in ("NewPW", "NewSK"))


def test_a_parameter_is_set_by_free_text_and_a_key_is_only_for_who_enciphers(platform):
    Register(platform).put([device()], "test")
    fields = {"PolId": "w01018", "InfoId": "i13004", "cp": "i13004-Info=168.0"}
    commands.ask(platform, device(), "3021", fields, "test", NOW)
    (asked,) = commands.listed(platform, MN, as_of=NOW)
    assert asked.cp == "PolId=w01018;InfoId=i13004;i13004-Info=168.0"
    with pytest.raises(ValueError, match="sends in clear"):
        commands.ask(platform, device(cipher="", key=""), "1014", {}, "test", NOW)


def test_what_was_told_outlives_its_gateway_until_the_device_has_decided(platform):
    Register(platform).put([device(), device(mn="B" * 24)], "test")
    for mn in (MN, "B" * 24):
        commands.ask(platform, device(mn=mn), "1072", {"NewPW": "n3wP4s"}, "test", NOW)
    office = Desk(platform)
    lost, refused = office.waiting([MN, "B" * 24], NOW)
    assert (lost.cp, lost.offer.secret, "n3wP4s" in repr(lost)) == ("NewPW=******", "n3wP4s", False)
    for order, state in ((lost, "sent"), (refused, "refused")):
        order.state, order.qn = state, "20261122120000000"
        office.follow(order, NOW)
    after = Desk(platform)  # the next gateway
    after.begin()
    devices, offers = after.devices()
    known, offer = offers.speaker(devices[MN], "n3wP4s")
    assert (known.password, offer) == ("n3wP4s", lost.offer)
    assert offers.speaker(devices[MN], "123456") == (devices[MN], None)
    assert offers.speaker(devices["B" * 24], "n3wP4s") is None
    after.follow(Order(MN, "1072", "", "command", offer.number, state="done", offer=offer), NOW)
    devices, offers = after.devices()
    assert (devices[MN].password, devices["B" * 24].password) == ("n3wP4s", "123456")
    assert offers.speaker(devices[MN], "123456") is None
    (listed,) = commands.listed(platform, MN, as_of=NOW)
    assert listed.state == "done"
    with platform.engine.connect() as connection:
        assert connection.execute(sa.select(command.c.qn, command.c.secret).where(command.c.mn == MN)).all() == [
            ("20261122120000000", None)
        ]


def test_a_key_that_makes_text_by_chance_gives_way_to_one_that_makes_a_packet():
    by_chance = "109ADA70932D048820599249586AC6E6"  # found by trial: of one block it makes signs that are UTF-8
    one = device(cipher="ecb zero hex", key=by_chance)
    made = LINK.reply("1061", qn_of(NOW), RtdInterval="3600")
    (frame,) = Framer().feed(encode(made, cipher=cipher(NEW, "ecb zero hex")))
    assert Offers().opened(one, frame)[0].packet is None
    offer = Offer(7, MN, "1014", NEW)
    opened, segment, taken = Offers([offer]).opened(one, frame)
    assert (opened.packet, taken) == (made, offer)
    assert segment.endswith(b"CP=&&RtdInterval=3600&&")
