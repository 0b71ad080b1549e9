"""Requests to devices: one at a time for each, sent again when unanswered, followed to their result."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lantian.observations.gateway.answers import return_code
from lantian.observations.gateway.limits import Limits
from lantian.observations.gateway.offers import Offer
from lantian.observations.hj212 import Packet

State = Literal["waiting", "sent", "accepted", "refused", "done", "failed", "unanswered"]
ENDED = frozenset({"refused", "done", "failed", "unanswered"})
_LONGEST_ANSWER = 2_000
_MOST_WAITING = 50


@dataclass(slots=True)
class Order:
    """A request.

    `why`: `command` (`key` is its number), `gap` (`key` is cn and start) or `time`. `answer` collects the data that
    came back under its CN. `offer`: the secret that it brings, which `cp` covers.
    """

    mn: str
    cn: str
    cp: str
    why: Literal["command", "gap", "time"]
    key: object = None
    qn: str = ""
    state: State = "waiting"
    tries: int = 0
    qn_rtn: int | None = None
    exe_rtn: int | None = None
    answer: str = ""
    data: int = 0
    offer: Offer | None = None


class Orders:
    """The requests of all devices. `send(order)` puts one on the line, giving it a QN; False: no connection stands.
    `changed(order)` hears of every step.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        send: Callable[[Order], bool],
        changed: Callable[[Order], None],
    ) -> None:
        self._loop, self._limits = loop, limits
        self._send, self._changed = send, changed
        self._waiting: dict[str, deque[Order]] = {}
        self._flying: dict[str, Order] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def add(self, order: Order) -> bool:
        """Queue a request; False where it stands in the queue already, or too many do."""
        queue = self._waiting.setdefault(order.mn, deque())
        flying = self._flying.get(order.mn)
        if len(queue) >= _MOST_WAITING or any(
            (one.why, one.key) == (order.why, order.key) for one in (*queue, *([flying] if flying else []))
        ):
            return False
        if order.why == "gap":
            queue.append(order)
        else:  # people do not wait for back-fill
            queue.appendleft(order)
        self._next(order.mn)
        return True

    def flying(self, mn: str) -> Order | None:
        """The request that a device has not finished."""
        return self._flying.get(mn)

    def heard(self, packet: Packet) -> None:
        """A packet came from a device: perhaps it belongs to its request."""
        order = self._flying.get(packet.mn)
        if order is None:
            return
        if packet.cn in ("9011", "9012"):
            if packet.qn and packet.qn != order.qn:
                return  # of an earlier one
            code = return_code(packet, "QnRtn" if packet.cn == "9011" else "ExeRtn")
            if packet.cn == "9011":
                self._requested(order, code)
            else:
                order.exe_rtn = code
                self._end(order, "done" if code == 1 or (code == 100 and order.why == "gap") else "failed")
        elif packet.cn == order.cn and order.offer is None:  # a new password or key wants a clear answer
            order.data += 1
            if order.why == "command" and len(order.answer) < _LONGEST_ANSWER:
                said = ";".join(",".join(f"{name}={text}" for name, text in item) for item in packet.cp)
                order.answer = (order.answer + ("\n" if order.answer else "") + said)[:_LONGEST_ANSWER]
            if order.state == "accepted":
                self._time(order, self._limits.execute)
        elif packet.cn == "9013" and order.why == "time":
            self._end(order, "done")

    def proven(self, mn: str) -> None:
        """What a device sends shows that it did what it was told: no answer is needed any more."""
        self._end(self._flying[mn], "done")

    def gone(self, mn: str) -> None:
        """No connection to this device stands any more."""
        if (order := self._flying.get(mn)) is not None:
            self._end(order, "unanswered")
        self._waiting.pop(mn, None)

    def _requested(self, order: Order, code: int | None) -> None:
        order.qn_rtn = code
        if code == 1:
            order.state = "accepted"
            self._time(order, self._limits.execute)
            self._changed(order)
        else:
            self._end(order, "refused")

    def _next(self, mn: str) -> None:
        if mn in self._flying:
            return
        queue = self._waiting.get(mn)
        if not queue:
            self._waiting.pop(mn, None)
            return
        order = queue.popleft()
        self._flying[mn] = order
        self._try(order)

    def _try(self, order: Order) -> None:
        if self._flying.get(order.mn) is not order:
            return None
        if order.state == "accepted" or order.tries >= self._limits.tries or not self._send(order):
            # data that came without a 9012 are an answer nevertheless
            return self._end(order, "done" if order.data else "unanswered")
        order.tries += 1
        order.state = "sent"
        self._time(order, self._limits.answer)
        if order.tries == 1:
            self._changed(order)
        return None

    def _time(self, order: Order, seconds: float) -> None:
        if (timer := self._timers.pop(order.mn, None)) is not None:
            timer.cancel()
        self._timers[order.mn] = self._loop.call_later(seconds, self._try, order)

    def _end(self, order: Order, state: State) -> None:
        order.state = state
        if (timer := self._timers.pop(order.mn, None)) is not None:
            timer.cancel()
        self._flying.pop(order.mn, None)
        self._changed(order)
        self._loop.call_soon(self._next, order.mn)
