"""What one peer may take of the gateway, so that slow, silent and flooding ones do not hurt others."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one gateway. Tuned for loggers that send some packets a minute and back-fill in bursts.

    Attributes:
        links: connections in all; unknown_links: those of one address that no registered device has spoken on.
        read: bytes taken from one connection before the others have their turn.
        frames, burst: frames a second that one connection may send for long, and at once; beyond it waits.
        pending: frames of one connection that are not on the disk yet; waiting: bytes of all.
        introduce: seconds until a connection must have said who it is; idle: seconds without a packet, or three times
            the device's interval if that is longer.
        stuck: seconds that a peer may leave our answers unread.
        refusals, refusal_burst: refusals a minute, and at once, that one address or MN is answered.
        strikes: frames in a row that are no packet, or refused, after which a connection ends.
        answer: seconds that a device has to answer a request; tries: how often it is sent; execute: seconds it may then
            take.
        clock: seconds by which a device's clock may stray; tell: seconds between two corrections.
    """

    links: int = 20_000
    unknown_links: int = 64
    read: int = 8_192
    frames: float = 200.0
    burst: float = 2_000.0
    pending: int = 512
    waiting: int = 32 << 20
    introduce: float = 30.0
    idle: float = 900.0
    stuck: float = 30.0
    refusals: float = 6.0
    refusal_burst: float = 5.0
    strikes: int = 10
    answer: float = 10.0
    tries: int = 3
    execute: float = 120.0
    clock: float = 120.0
    tell: float = 3600.0


class Bucket:
    """A token bucket: `rate` a second, at most `burst` at once. Times are seconds of any steady clock."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst, self._tokens, self._at = rate, burst, burst, now

    def take(self, count: float, now: float) -> float:
        """Take tokens, into debt where there are too few; the seconds until the debt is paid."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - count
        self._at = now
        return max(0.0, -self._tokens / self._rate)

    def allows(self, now: float) -> bool:
        """Take one token if there is one."""
        if self.take(1, now) == 0.0:
            return True
        self._tokens += 1
        return False


class Refusals:
    """Which refusals are still answered: a bucket for each address and MN, the least recent forgotten."""

    def __init__(self, limits: Limits, *, most: int = 10_000) -> None:
        self._limits = limits
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def answered(self, address: str, mn: str, now: float) -> bool:
        """Whether a refusal of this MN to this address is answered."""
        # both are asked, so that neither runs up credit while the other refuses
        return all([self._allows(f"address {address}", now), self._allows(f"mn {mn}", now)])

    def _allows(self, key: str, now: float) -> bool:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._limits.refusals / 60, self._limits.refusal_burst, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.allows(now)
