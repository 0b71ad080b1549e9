"""What the gateway knows of each device at the moment, in memory; written to the database every few seconds."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from lantian.observations.gateway.covering import shown
from lantian.observations.hj212 import Frame, Packet

_MOST_STRANGERS = 500
_STEADY = 3


@dataclass(slots=True)
class Heard:
    """Of one device: when it was last heard, from where, how often, and how its clock strays.

    `clock_off`: seconds that its clock is before ours (minus: behind), by the QN of packets that were not old ones;
    None: not known. `strayed`: packets in a row beyond the limit.
    """

    at: datetime
    connected_at: datetime | None = None
    address: str = ""
    cn: str = ""
    packets: int = 0
    faults: int = 0
    clock_off: float | None = None
    told_at: datetime | None = None
    strayed: int = field(default=0, repr=False)

    def judge_clock(self, off: float, limit: float) -> bool:
        """Note how far a packet's QN lies before our time; whether the device should be told the time.

        A packet that is sent again, or from a buffer, has an old QN, so one alone proves nothing: the nearest to our
        time within some packets in a row counts.
        """
        if abs(off) <= limit:
            self.clock_off, self.strayed = off, 0
            return False
        if self.strayed == 0 or self.clock_off is None or abs(off) < abs(self.clock_off):
            self.clock_off = off
        self.strayed += 1
        return self.strayed >= _STEADY


@dataclass(slots=True)
class Knock:
    """Packets that were refused alike: of this MN, for this reason, from this address."""

    mn: str
    reason: str
    address: str
    st: str
    first_at: datetime
    last_at: datetime
    times: int
    sample: str


class Knocks:
    """Who knocked since the last writing down; of too many only the latest."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], Knock] = OrderedDict()

    def add(self, frame: Frame, packet: Packet, reason: str, address: str, now: datetime) -> None:
        """Note one refused packet."""
        mn = _plain(packet.mn)
        one = self._kept.get((mn, reason, address))
        if one is None:
            one = Knock(mn, reason, address, _plain(packet.st), now, now, 0, shown(frame.raw, 400))
            self._kept[mn, reason, address] = one
            if len(self._kept) > _MOST_STRANGERS:
                self._kept.popitem(last=False)
        one.times += 1
        one.last_at = now

    def take(self) -> list[Knock]:
        """All since the last taking."""
        taken, self._kept = list(self._kept.values()), OrderedDict()
        return taken


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() and sign.isascii() else "?" for sign in text[:64])
