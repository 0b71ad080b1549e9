"""The gateway's dealings with the database: devices in, states, strangers and results of requests out.

Plain blocking functions; `service` calls them in threads. While the database is away they fail, frames go on to the
journal all the same, and what was not written is written later.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway import answers
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.heard import Heard, Knock
from lantian.observations.gateway.offers import Offer, Offers
from lantian.observations.gateway.orders import ENDED, Order
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.tables import command, gap, state

ACTOR = "gateway"
ASKED_AT_MOST = 3
"""A gap is asked for so often."""
_AGAIN = timedelta(minutes=10)
_MOST_STRANGERS = 2_000
_AT_ONCE = 200

_STATES = sa.text(
    """
    insert into device_state (mn, heard_at, connected_at, address, cn, packets, faults, clock_off, told_at)
    select r.* from jsonb_to_recordset(cast(:rows as jsonb)) as r(mn text, heard_at timestamptz,
        connected_at timestamptz, address text, cn text, packets bigint, faults bigint, clock_off double precision,
        told_at timestamptz) join device d on d.mn = r.mn
    on conflict (mn) do update set heard_at = excluded.heard_at, connected_at = excluded.connected_at,
        address = excluded.address, cn = excluded.cn, packets = excluded.packets, faults = excluded.faults,
        clock_off = excluded.clock_off, told_at = excluded.told_at
    """
)
_KNOCKS = sa.text(
    """
    insert into device_stranger (mn, reason, address, st, first_at, last_at, times, sample)
    select * from jsonb_to_recordset(cast(:rows as jsonb)) as r(mn text, reason text, address text, st text,
        first_at timestamptz, last_at timestamptz, times bigint, sample text)
    on conflict (mn, reason, address) do update set last_at = excluded.last_at,
        times = device_stranger.times + excluded.times
    """
)
_FORGET = sa.text(
    """
    delete from device_stranger s using (
        select mn, reason, address from device_stranger order by last_at desc offset :most
    ) old where (s.mn, s.reason, s.address) = (old.mn, old.reason, old.address)
    """
)


class Desk:
    """What one gateway reads from and writes to the database."""

    def __init__(self, platform: Platform) -> None:
        self._engine = platform.database.engine
        self._register = Register(platform)

    def devices(self) -> tuple[dict[str, Device], Offers]:
        """All registered devices by MN, with their passwords, and what is offered to them.

        The offers are read first: one that is confirmed meanwhile is in both, never in neither.
        """
        offers = Offers(self._register.offers())
        return {one.mn: one for one in self._register.devices(passwords=True)}, offers

    def begin(self) -> dict[str, Heard]:
        """What was known when the last gateway ended; what it had under way is over."""
        with self._engine.begin() as connection:
            connection.execute(state.update().where(state.c.connected_at.is_not(None)).values(connected_at=None))
            rows = connection.execute(sa.select(state)).mappings().all()
            left = connection.scalar(sa.select(sa.exists().where(command.c.state.in_(["sent", "accepted"]))))
        if left:
            with audit.act(self._engine, ACTOR, "the gateway was restarted") as connection:
                over = command.update().where(command.c.state.in_(["sent", "accepted"]))
                connection.execute(over.values(state="unanswered"))
        return {
            row["mn"]: Heard(
                at=row["heard_at"],
                address=row["address"],
                cn=row["cn"],
                packets=row["packets"],
                faults=row["faults"],
                clock_off=row["clock_off"],
                told_at=row["told_at"],
            )
            for row in rows
        }

    def write(self, heard: Iterable[tuple[str, Heard]], knocks: Sequence[Knock]) -> None:
        """Write down what is new."""
        states = [
            {
                "mn": mn,
                "heard_at": one.at.isoformat(),
                "connected_at": one.connected_at and one.connected_at.isoformat(),
                "address": one.address,
                "cn": one.cn[:16],
                "packets": one.packets,
                "faults": one.faults,
                "clock_off": one.clock_off,
                "told_at": one.told_at and one.told_at.isoformat(),
            }
            for mn, one in heard
        ]
        with self._engine.begin() as connection:
            if states:
                connection.execute(_STATES, {"rows": json.dumps(states)})
            if knocks:
                rows = json.dumps([asdict(one) for one in knocks], default=datetime.isoformat)
                connection.execute(_KNOCKS, {"rows": rows})
                connection.execute(_FORGET, {"most": _MOST_STRANGERS})

    def waiting(self, connected: Collection[str], now: datetime) -> list[Order]:
        """Commands of people and gaps to ask for, of devices that are connected."""
        if not connected:
            return []
        here = list(connected)
        wanted = (
            sa.select(command)
            .where(command.c.state == "waiting", command.c.expires_at > now, command.c.mn.in_(here))
            .order_by(command.c.id)
            .limit(_AT_ONCE)
        )
        wait = _AGAIN * sa.func.power(2, gap.c.times)
        missing = (
            sa.select(gap)
            .where(gap.c.result == "open", gap.c.mn.in_(here), gap.c.times < ASKED_AT_MOST)
            .where(gap.c.asked_at.is_(None) | (gap.c.asked_at + wait < now))
            .order_by(gap.c.start.desc())
            .limit(_AT_ONCE)
        )
        with self._engine.connect() as connection:
            commands = connection.execute(wanted).mappings().all()
            gaps = connection.execute(missing).mappings().all()
        return [
            *(self._order(row) for row in commands),
            *(
                Order(row["mn"], row["cn"], span(row["start"], row["end"]), "gap", (row["cn"], row["start"]))
                for row in gaps
            ),
        ]

    def _order(self, row: sa.RowMapping) -> Order:
        offer = None
        if row["secret"]:
            offer = Offer(row["id"], row["mn"], row["cn"], self._register.seal.open(row["secret"]))
        return Order(row["mn"], row["cn"], row["cp"], "command", row["id"], offer=offer)

    def follow(self, order: Order, now: datetime) -> None:
        """Write down what became of a request; a new password or key that the device took holds from then on."""
        if order.why == "command":
            values: dict[str, object] = {"state": order.state}
            if order.qn:
                values |= {
                    "qn": order.qn,
                    "qn_rtn": order.qn_rtn,
                    "exe_rtn": order.exe_rtn,
                    "answer": order.answer,
                }
            if order.state in ("refused", "failed"):
                values["secret"] = None
            if order.state == "sent":
                values["sent_at"] = now
            if order.state in ENDED:
                values["ended_at"] = now
            with audit.act(self._engine, ACTOR, f"{order.mn} {order.cn}: {order.state}") as connection:
                connection.execute(command.update().where(command.c.id == order.key).values(values))
                if order.offer is not None and order.state == "done":
                    self._register.confirm(connection, order.offer)
        elif order.why == "gap" and isinstance(order.key, tuple):
            self._follow_gap(order, order.key[0], order.key[1], now)

    def _follow_gap(self, order: Order, cn: str, start: datetime, now: datetime) -> None:
        one = (gap.c.mn == order.mn) & (gap.c.cn == cn) & (gap.c.start == start)
        if order.state == "sent":
            values: dict[str, object] = {"asked_at": now, "times": gap.c.times + 1}
        elif order.state in ENDED:
            last = gap.c.times >= ASKED_AT_MOST
            final = "none" if order.state == "done" else "refused" if order.state == "refused" else "unanswered"
            # said to have nothing: not asked again; else it stays open until it was asked for often enough
            nothing = order.exe_rtn == 100 or (order.state == "done" and not order.data)
            values = {"result": "none" if nothing else sa.case((last, final), else_="open")}
        else:
            return
        with self._engine.begin() as connection:
            connection.execute(gap.update().where(one).values(values))


def span(start: datetime, end: datetime) -> str:
    """BeginTime and EndTime of a request for the periods from `start` to before `end`."""
    return f"BeginTime={answers.stamp(start)};EndTime={answers.stamp(end - timedelta(seconds=1))}"
