"""The gateway itself: who may speak, what becomes of a frame, when it is answered. No database in here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from lantian.observations.gateway import answers
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.heard import Heard, Knocks
from lantian.observations.gateway.journal import KEPT, REFUSED, SENT, Journal, pack
from lantian.observations.gateway.limits import Limits, Refusals
from lantian.observations.gateway.link import Link
from lantian.observations.gateway.offers import COVER, Offer, Offers
from lantian.observations.gateway.orders import Order, Orders
from lantian.observations.hj212 import CipherError, Frame, Packet

Due = tuple[Link, bytes | None]
Now = Callable[[], datetime]

UNREADABLE = "100"
"""QnRtn for what cannot be read, or not deciphered."""
_LOOK = 5.0  # seconds between two looks for silent and stuck connections
_SECOND = timedelta(seconds=1)
_BEIJING = timezone(timedelta(hours=8))


class Gateway:
    """Connections, the journal, and what is known of devices. Made and used in one event loop.

    Attributes:
        devices: those that may speak, by MN; replaced as a whole when the register changes. offers: new passwords and
            keys that they were told and have not confirmed; replaced likewise.
        heard: what is known of each; changed: MNs of which something new is known; knocks: who was refused.
        links: connections; by_mn: the one on which each device spoke last; held: those that wait for the disk.
        frames, kept: frames taken so far, and those on the disk.
    """

    def __init__(
        self,
        folder: Path,
        now: Now,
        *,
        limits: Limits | None = None,
        followed: Callable[[Order], None] | None = None,
        true_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.limits = limits or Limits()
        self.now = now
        self._true_time = true_time
        self.buffer = memoryview(bytearray(self.limits.read))
        self.devices: dict[str, Device] = {}
        self.offers = Offers()
        self.heard: dict[str, Heard] = {}
        self.changed: set[str] = set()
        self.knocks = Knocks()
        self.links: set[Link] = set()
        self.by_mn: dict[str, Link] = {}
        self.held: set[Link] = set()
        self.frames = self.kept = 0
        self.journal: Journal[Due] = Journal(folder, self._durable)
        self.orders = Orders(self.loop, self.limits, self._send, self._followed)
        self._report = followed or _unheard
        self._refusals = Refusals(self.limits)
        self._numbers = answers.Numbers()
        self._unknown: dict[str, int] = {}
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, host: str, port: int) -> int:
        """Listen; the port that it became."""
        self._tasks = [self.loop.create_task(self.journal.run()), self.loop.create_task(self._watch())]
        self._server = await self.loop.create_server(lambda: Link(self), host, port, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening, end all connections, bring to the disk what is there."""
        if self._server is not None:
            self._server.close()
        for link in list(self.links):
            link.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def crowded(self) -> bool:
        """Whether the disk does not keep up."""
        return self.journal.waiting > self.limits.waiting

    def tolerances(self, mn: str) -> Iterable[str]:
        """What a device may do otherwise than the standard says."""
        device = self.devices.get(mn)
        return () if device is None else device.allowed

    # --- connections

    def opened(self, link: Link) -> bool:
        """A connection came; False: too many."""
        self.links.add(link)
        unknown = self._unknown[link.address] = self._unknown.get(link.address, 0) + 1
        return len(self.links) <= self.limits.links and unknown <= self.limits.unknown_links

    def closed(self, link: Link) -> None:
        """A connection ended."""
        self.links.discard(link)
        self.held.discard(link)
        if not link.mns:
            self._known(link)
        for mn in link.mns:
            if self.by_mn.get(mn) is link:
                del self.by_mn[mn]
                self.heard[mn].connected_at = None
                self.changed.add(mn)
                self.orders.gone(mn)

    def _known(self, link: Link) -> None:
        """It no longer counts among the unknown ones of its address."""
        left = self._unknown.get(link.address, 1) - 1
        if left > 0:
            self._unknown[link.address] = left
        else:
            self._unknown.pop(link.address, None)

    # --- frames

    def take(self, link: Link, frame: Frame) -> None:
        """Judge a frame, keep it, and see to its answer."""
        self.frames += 1
        packet, now = frame.read, self.now()
        if packet is None:
            if link.mns and not frame.junk:  # of a device that is known: for its log
                self._keep(link, frame, REFUSED, now, None)
            return self._strike(link)
        device, offer, refused = self._speaker(packet, now)
        clear = b""
        if device is not None and device.cipher and refused is None and not _spoilt(frame):
            try:
                frame, clear, key = self.offers.opened(device, frame)
                packet, offer = frame.read or packet, offer or key
            except CipherError:
                refused = "key", UNREADABLE
        if refused is not None and _spoilt(frame):  # what it says of itself may be what the line made of it
            if link.mns:
                self._keep(link, frame, REFUSED, now, answers.refusal(packet, "9"))
            return self._strike(link)
        if device is None or refused is not None:
            return self._refuse(link, frame, packet, *(refused or ("mn", "4")))
        known = self._heard_from(link, device, packet, now)
        if frame.packet is None:
            known.faults += 1
            fault = frame.fault
            told = answers.refusal(packet, fault.qn_return if fault else UNREADABLE, device.data_cipher())
            self._keep(link, frame, REFUSED, now, told, clear)
            return self._strike(link)
        link.strikes = 0
        self._keep(link, frame, KEPT, now, answers.acknowledgement(packet), clear)
        self._judge_time(known, device, packet, now)
        self.orders.heard(packet)
        if offer is not None and packet.cn not in answers.REPLIES:  # it speaks as it was told: no answer is needed
            self._proven(offer)
        return None

    def _speaker(self, packet: Packet, now: datetime) -> tuple[Device | None, Offer | None, tuple[str, str] | None]:
        """Whose packet it is, by an offered password perhaps, or why it is of none of ours and the QnRtn for that."""
        device = self.devices.get(packet.mn)
        if device is None:
            return None, None, ("mn", "4")
        known = self.offers.speaker(device, packet.pw)
        if known is None:
            return device, None, ("pw", "3")
        device, offer = known
        if packet.st != device.st and not (packet.st == answers.SYSTEM and packet.cn in answers.REPLIES):
            return device, None, ("st", "5")
        return device, offer, None if device.counts_at(now) else ("over", "4")

    def _heard_from(self, link: Link, device: Device, packet: Packet, now: datetime) -> Heard:
        mn = device.mn
        known = self.heard.get(mn)
        if known is None:
            known = self.heard[mn] = Heard(now)
        if mn not in link.mns:
            if not link.mns:
                self._known(link)
            link.mns.add(mn)
            link.silence = max(link.silence, 3.0 * device.every)
        if self.by_mn.get(mn) is not link:
            self.by_mn[mn] = link
            known.connected_at, known.address = now, link.address
        known.at, known.cn = now, packet.cn
        known.packets += 1
        link.heard = self.loop.time()
        self.changed.add(mn)
        return known

    def _keep(
        self, link: Link, frame: Frame, way: int, now: datetime, answer: bytes | None, clear: bytes = b""
    ) -> None:
        link.pending += 1
        moment = int(now.timestamp() * 1e6)
        ended = not any(fault.name == "missing_terminator" for fault in frame.deviations)
        raw = frame.raw + b"\r\n" if ended else frame.raw
        self.journal.add(pack(moment, way, link.address.encode()[:255], raw, clear), (link, answer))

    def _durable(self, dues: list[Due]) -> None:
        """What is on the disk is answered, all of a connection at once."""
        self.kept += len(dues)
        out: dict[Link, list[bytes]] = {}
        for link, answer in dues:
            out.setdefault(link, []).append(answer or b"")
        for link, parts in out.items():
            link.write(b"".join(parts))
            link.durable(len(parts))
        if self.held and not self.crowded:
            for link in self.held:
                link.release("disk")
            self.held.clear()

    def _refuse(self, link: Link, frame: Frame, packet: Packet, reason: str, code: str) -> None:
        """Not one of ours: answered as long as it does not knock too often, and noted for the officer."""
        now = self.now()
        self.knocks.add(frame, packet, reason, link.address, now)
        if self._refusals.answered(link.address, packet.mn[:64], self.loop.time()):
            told = answers.refusal(packet, code)
            if reason == "key":  # it knows the password: for the log, and to be deciphered when the key is found
                self._keep(link, frame, REFUSED, now, told)
            else:
                link.write(told or b"")
            self._strike(link)
        elif not link.mns:
            link.close()
        else:
            self._strike(link)

    def _strike(self, link: Link) -> None:
        link.strikes += 1
        if link.strikes >= self.limits.strikes:
            link.close()

    # --- time

    def _judge_time(self, known: Heard, device: Device, packet: Packet, now: datetime) -> None:
        if not self._true_time():
            return  # a simulated clock is no time to go by
        wanted = packet.cn == "1013"
        said = _moment(packet.qn)
        if said is not None and packet.cn not in answers.REPLIES and not packet.resent:
            wanted |= known.judge_clock((said - now).total_seconds(), self.limits.clock)
        if wanted and (known.told_at is None or (now - known.told_at) >= self.limits.tell * _SECOND):
            known.told_at = now
            known.strayed = 0
            self.orders.add(Order(device.mn, "1012", "", "time"))

    # --- requests

    def _send(self, order: Order) -> bool:
        link, device = self.by_mn.get(order.mn), self.devices.get(order.mn)
        if link is None or device is None or not link.open:
            return False
        order.qn = order.qn or self._numbers.next(datetime.now(UTC))
        cp = f"SystemTime={answers.stamp(self.now())}" if order.why == "time" else order.cp
        try:
            raw = kept = answers.request(device, order.cn, cp, order.qn)
            if order.offer is not None:
                kept = answers.request(device, order.cn, cp, order.qn, clear=True)
                raw = answers.request(device, order.cn, cp.replace(COVER, order.offer.secret), order.qn)
                self.offers.put(order.offer)
        except ValueError:
            return False
        link.write(raw)
        moment = int(self.now().timestamp() * 1e6)
        link.pending += 1
        self.journal.add(pack(moment, SENT, link.address.encode()[:255], kept), (link, None))
        return True

    def _followed(self, order: Order) -> None:
        """A request went a step further; what it brought holds, or is forgotten, before anybody writes so down."""
        offer, device = order.offer, self.devices.get(order.mn)
        if offer is not None and order.state == "done":
            if device is not None:
                self.devices[order.mn] = offer.taken(device)
            self.offers.drop(offer, older=True)
        elif offer is not None and order.state in ("refused", "failed"):
            self.offers.drop(offer)
        self._report(order)

    def _proven(self, offer: Offer) -> None:
        flying = self.orders.flying(offer.mn)
        if flying is not None and flying.offer == offer:
            self.orders.proven(offer.mn)
        else:
            self._followed(Order(offer.mn, offer.cn, "", "command", offer.number, state="done", offer=offer))

    # --- upkeep

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(_LOOK, self.limits.introduce / 4, self.limits.stuck / 4))
            self.look()

    def look(self) -> None:
        """End connections that never said who they are, have fallen silent, or leave our answers unread."""
        now, limits = self.loop.time(), self.limits
        for link in list(self.links):
            if link.stuck_since is not None and now - link.stuck_since > limits.stuck:
                link.abort()
            elif not link.mns:
                if now - link.opened > limits.introduce:
                    link.close()
            elif now - link.heard > link.silence:
                link.close()


def _spoilt(frame: Frame) -> bool:
    """Whether the check sum says that not all of it is as it was sent."""
    return frame.packet is None and any(fault.name.startswith("crc_wrong") for fault in frame.faults)


def _unheard(order: Order) -> None:
    """Nobody follows the requests."""


def _moment(qn: str) -> datetime | None:
    """The time that a QN is made of; None where it is none."""
    if len(qn) != 17 or not (qn.isascii() and qn.isdigit()):
        return None
    try:
        day, clock = (int(qn[:4]), int(qn[4:6]), int(qn[6:8])), (int(qn[8:10]), int(qn[10:12]), int(qn[12:14]))
        return datetime(*day, *clock, int(qn[14:]) * 1000, tzinfo=_BEIJING)
    except ValueError:
        return None
