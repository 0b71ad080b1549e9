"""Split packets put together again, within bounds of number and time.

Each part has its own QN (HJ 212-2017 C.50) and may be read and answered alone; who wants the whole asks for it here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from lantian.observations.hj212.packet import Packet, flag_of

__all__ = ["Assembler", "Partial"]

Key: TypeAlias = tuple[str, str, str, str, int]
"""MN, ST, CN, DataTime and PNUM: what the parts of one upload share."""


@dataclass(slots=True)
class Partial:
    """Parts of one upload that are not all there."""

    key: Key
    began: float
    parts: dict[int, Packet] = field(default_factory=dict)

    @property
    def missing(self) -> list[int]:
        """Numbers of the parts that have not come."""
        return [number for number in range(1, self.key[4] + 1) if number not in self.parts]


class Assembler:
    """Collects parts. ``now`` is any clock in seconds that the caller keeps to; what waits longer than ``seconds`` is
    given up, and the oldest is when there are more than ``most`` uploads or an upload has more than ``parts`` parts.
    """

    def __init__(self, *, seconds: float = 120.0, most: int = 1000, parts: int = 64) -> None:
        self._seconds, self._most, self._parts = seconds, most, parts
        self._open: OrderedDict[Key, Partial] = OrderedDict()
        self._done: OrderedDict[Key, float] = OrderedDict()
        self._given_up: list[Partial] = []

    def __len__(self) -> int:
        return len(self._open)

    def add(self, packet: Packet, now: float) -> Packet | None:
        """Take a packet; give the whole when it is complete, at once where it was never split.

        A part that comes again replaces the earlier one if its QN is not smaller; one of an upload that was complete
        within the time is dropped.
        """
        self._expire(now)
        if packet.pnum is None or packet.pno is None or packet.pnum == 1:
            return packet
        key: Key = (packet.mn, packet.st, packet.cn, packet.data_time or "", packet.pnum)
        if key in self._done:
            return None
        partial = self._open.setdefault(key, Partial(key, now))
        if packet.pnum > self._parts:
            self._given_up.append(self._open.pop(key))
            partial.parts[packet.pno] = packet
            return None
        there = partial.parts.get(packet.pno)
        if there is None or packet.qn >= there.qn:
            partial.parts[packet.pno] = packet
        if partial.missing:
            if len(self._open) > self._most:
                self._given_up.append(self._open.popitem(last=False)[1])
            return None
        del self._open[key]
        self._done[key] = now
        return _whole(partial)

    def given_up(self, now: float) -> list[Partial]:
        """What will not be completed: too old, or too many; each is given once."""
        self._expire(now)
        gone, self._given_up = self._given_up, []
        return gone

    def _expire(self, now: float) -> None:
        while self._open and next(iter(self._open.values())).began + self._seconds < now:
            self._given_up.append(self._open.popitem(last=False)[1])
        while self._done and (next(iter(self._done.values())) + self._seconds < now or len(self._done) > self._most):
            self._done.popitem(last=False)
        del self._given_up[: -self._most]


def _whole(partial: Partial) -> Packet:
    """The parts as one packet: head of the first, items of all in their order, DataTime once."""
    packets = [partial.parts[number] for number in sorted(partial.parts)]
    first = packets[0]
    items = list(first.cp)
    for packet in packets[1:]:
        items.extend(item for item in packet.cp if item[0][0] != "DataTime")
    flag = None if first.flag is None else flag_of(first.version or 2017, answer=first.wants_answer)
    return replace(first, flag=flag, pnum=None, pno=None, cp=tuple(items))
