"""A device without its line: when it measures, what it must still send, what it answers. The clock is passed in.

It behaves as HJ 212-2017 asks: an upload with A=1 is kept until its 9014 comes, sent again with the same QN after the
time-out, and never dropped because the line was away; a request is answered with 9011, done, and its result told with
9012.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from lantian.observations.hj212 import CipherError, DataCipher, Frame, Link, Packet, next_qn, opened, qn_of, resend
from lantian.observations.simulate.contents import Fields, of_instant, of_period
from lantian.observations.simulate.profiles import PROFILES
from lantian.observations.simulate.source import Episode, Source

__all__ = ["Device", "Identity", "Pending", "Tally"]

BEIJING = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device is registered with; the columns of the file that ``simulate-devices --write-devices`` writes.

    ``cipher``: one of ``hj212.CIPHERS`` where its data is enciphered (2025), with ``key`` and, for cbc, ``iv``.
    """

    mn: str
    password: str
    kind: str
    name: str
    region: str = ""
    lon: float | None = None
    lat: float | None = None
    station: str = ""
    version: int = 2017
    tolerances: tuple[str, ...] = ()
    cipher: str = ""
    iv: str = ""
    key: str = field(default="", repr=False)


@dataclass(slots=True)
class Pending:
    """An upload that has no answer yet: the packet, when it was last sent (seconds of the line's clock), how often on
    this line, and whether it ever was.
    """

    packet: Packet
    sent_at: float | None = None
    times: int = 0
    again: bool = False


@dataclass(slots=True)
class Tally:
    """What happened to a device: uploads made, sent, sent again, answered, refused, forgotten; requests it answered;
    connections it made.
    """

    made: int = 0
    sent: int = 0
    resent: int = 0
    answered: int = 0
    refused: int = 0
    forgotten: int = 0
    requests: int = 0
    connections: int = 0
    latencies: list[float] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)


class Device:
    """One device.

    ``real_s``, ``every_s``: intervals of real-time and minute data in seconds, 0 for none; ``hours``, ``days``: does it
    send those. ``memory``: how far back it can tell what it measured. ``keep``: unsent uploads at most, beyond which
    the oldest real-time ones are forgotten first. ``clock_error``: its clock runs ahead by that much until the platform
    sets it.
    """

    def __init__(
        self,
        identity: Identity,
        began: datetime,
        *,
        seed: int = 0,
        real_s: int = 60,
        every_s: int | None = None,
        hours: bool = True,
        days: bool = True,
        episodes: tuple[Episode, ...] = (),
        memory: timedelta = timedelta(days=7),
        keep: int = 20000,
        clock_error: timedelta = timedelta(),
    ) -> None:
        profile = PROFILES[identity.kind]
        self.identity = identity
        self.source = Source(profile, seed, episodes)
        self.link = Link(profile.st, identity.mn, identity.password, identity.version)
        self.cipher: DataCipher | None = None
        if identity.cipher:
            self.take_key(identity.key)
        self.real_s = real_s
        self.every_s = profile.every_s if every_s is None else every_s
        self.over_time_s, self.re_count = 10.0, 3
        self.began = began
        self.memory = memory
        self.clock_error = clock_error
        self.tally = Tally()
        self.real_time = True
        self.hours, self.days = hours, days
        self._keep = keep
        self._queue: OrderedDict[str, Pending] = OrderedDict()
        self._last_qn = ""
        self._wake: datetime | None = None
        self._told = {"2011": began, "2051": began, "2061": began, "2031": began}

    def take_key(self, key: str) -> None:
        """Encipher with this key from now on; 32 hexadecimal digits."""
        self.cipher = DataCipher.of_session_key(key, self.identity.cipher, self.identity.iv)

    def hears(self, frame: Frame) -> Packet | None:
        """What the platform said, deciphered; None where it cannot be read. A refusal may come in clear."""
        if self.cipher is None or frame.read is None:
            return frame.packet
        try:
            return opened(frame, self.cipher.open(frame.raw[6:-4])).packet
        except CipherError:
            return frame.packet if frame.read.cn == "9011" else None

    # -- time ---------------------------------------------------------------------------------------------------------

    def own_time(self, now: datetime) -> datetime:
        """What its own clock shows."""
        return now + self.clock_error

    def qn(self, now: datetime) -> str:
        """A QN that it has not used: its own time, later than the last."""
        wanted = qn_of(self.own_time(now))
        if wanted <= self._last_qn:
            wanted = next_qn(self._last_qn)
        self._last_qn = wanted
        return wanted

    # -- uploads ------------------------------------------------------------------------------------------------------

    def measure(self, now: datetime) -> int:
        """Make all uploads that are due by now, connected or not; give their number."""
        own = self.own_time(now)
        if self._wake is not None and own < self._wake:
            return 0
        before = self.tally.made
        self._wake = own + DAY
        if self.real_time and self.real_s:
            step = timedelta(seconds=self.real_s)
            self._due("2011", now, step, lambda start: of_instant(self.source, start), late=timedelta())
        if self.every_s:
            step = timedelta(seconds=self.every_s)
            self._due("2051", now, step, lambda start: of_period(self.source, start, step), late=step)
        if self.hours:
            self._due("2061", now, HOUR, lambda start: of_period(self.source, start, HOUR), late=HOUR)
        if self.days:
            self._due("2031", now, DAY, lambda start: of_period(self.source, start, DAY), late=DAY)
        return self.tally.made - before

    def _due(
        self, cn: str, now: datetime, step: timedelta, fields: Callable[[datetime], Fields], late: timedelta
    ) -> None:
        own = self.own_time(now)
        start = _floor(self.own_time(self._told[cn]), step)
        if start < self.own_time(self._told[cn]):
            start += step
        while start + late <= own:
            values = fields(start)
            if values:
                packets = self.link.upload(cn, self.qn(now), start, values, cipher=self.cipher)
                self._last_qn = packets[-1].qn
                for packet in packets:
                    self.put(packet)
            start += step
            self._told[cn] = start - self.clock_error
        self._wake = min(self._wake or start + late, start + late)

    def poke(self) -> None:
        """Intervals or the clock were changed: look anew at what is due."""
        self._wake = None

    def put(self, packet: Packet) -> None:
        """Keep an upload until it is answered."""
        self.tally.made += 1
        self._queue[packet.qn] = Pending(packet)
        while len(self._queue) > self._keep:
            oldest = next((qn for qn, kept in self._queue.items() if kept.packet.cn == "2011"), None)
            if oldest is None:
                self._queue.popitem(last=False)
            else:
                del self._queue[oldest]
            self.tally.forgotten += 1

    @property
    def waiting(self) -> int:
        """Uploads without an answer."""
        return len(self._queue)

    def unanswered(self) -> list[Packet]:
        """The uploads without an answer, the oldest first."""
        return [kept.packet for kept in self._queue.values()]

    def to_send(self, line_now: float, window: int = 1) -> list[Packet]:
        """What should go out now: the oldest unsent, ``window`` of them without an answer at most, and what timed out.

        ``line_now`` is the line's clock in seconds. A packet that was sent ``re_count`` times more without an answer
        stays at the head: ``given_up`` says so, and the line should be made anew.
        """
        out: list[Packet] = []
        flying = 0
        for kept in self._queue.values():
            if flying >= window:
                break
            flying += 1
            if kept.sent_at is not None and line_now - kept.sent_at < self.over_time_s:
                continue
            if kept.times > self.re_count:
                continue
            self.tally.sent += 1
            self.tally.resent += kept.again
            kept.sent_at = line_now
            kept.times += 1
            kept.packet = replace(kept.packet, pw=self.link.pw)  # it may have been changed since
            out.append(resend(kept.packet) if kept.again else kept.packet)
            kept.again = True
            if not kept.packet.wants_answer:
                del self._queue[kept.packet.qn]
                break
        return out

    def ready(self, window: int = 1) -> bool:
        """Is there an upload that may go out and never has, or not on this line?"""
        return any(kept.sent_at is None for kept in islice(self._queue.values(), window))

    def given_up(self, line_now: float) -> bool:
        """Has an upload been sent as often as allowed, and the last time-out passed?"""
        head = next(iter(self._queue.values()), None)
        return (
            head is not None
            and head.times > self.re_count
            and head.sent_at is not None
            and line_now - head.sent_at >= self.over_time_s
        )

    def line_lost(self) -> None:
        """The connection ended: what has no answer goes out again on the next one, with its QN."""
        for kept in self._queue.values():
            kept.sent_at = None
            kept.times = 0

    def answered(self, packet: Packet, line_now: float) -> bool:
        """Take an answer (9014, 9013, 9011 with a refusal); was it to an upload of ours?"""
        kept = self._queue.get(packet.qn)
        if kept is None:
            return False
        code = packet.get("QnRtn")
        if packet.cn == "9011":
            if code == "1":
                return True
            self.tally.refused += 1
            self.tally.refusals[code or ""] = self.tally.refusals.get(code or "", 0) + 1
            if code == "9":  # the line spoiled it: send it again at once
                kept.sent_at = None
                return True
        else:
            self.tally.answered += 1
            if kept.sent_at is not None:
                self.tally.latencies.append(line_now - kept.sent_at)
                del self.tally.latencies[:-10000]
        del self._queue[packet.qn]
        return True

    # -- memory -------------------------------------------------------------------------------------------------------

    def remembered(self, cn: str, begin: datetime, end: datetime, now: datetime, qn: str) -> Iterable[Packet]:
        """Tell again what was measured from ``begin`` to ``end`` (both included), oldest first, as far as it is known.

        The packets carry the request's QN and want no answer, as in the standard's exchange.
        """
        step = {"2051": timedelta(seconds=self.every_s or 60), "2061": HOUR, "2031": DAY}[cn]
        oldest = max(begin, self.own_time(now) - self.memory, self.began)
        start = _floor(oldest, step)
        if start < oldest:
            start += step
        while start <= end and start + step <= self.own_time(now):
            values = of_period(self.source, start, step)
            if values:
                yield from self.link.upload(cn, qn, start, values, answer=False, cipher=self.cipher)
            start += step


def _floor(when: datetime, step: timedelta) -> datetime:
    """The beginning of the step that holds a time, counted from midnight of Beijing."""
    local = when.astimezone(BEIJING)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (local - midnight) // step * step
