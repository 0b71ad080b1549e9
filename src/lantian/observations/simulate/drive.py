"""Many devices at once against one gateway, for a drill or a load: the body of ``lantian simulate-devices``."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lantian.observations.faults import KINDS
from lantian.observations.simulate.client import Client
from lantian.observations.simulate.device import Device, Identity
from lantian.observations.simulate.line import LINE_FAULTS
from lantian.observations.simulate.profiles import PROFILES
from lantian.observations.simulate.source import Episode

__all__ = ["Plan", "Report", "chosen_faults", "devices_of", "drive", "episodes_of", "summed"]

_FAULTY = 0.5
"""Share of the devices that are given a fault of the data where any is wanted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many seconds, how fast the devices' time runs, what goes wrong.

    ``start`` is the devices' time at the beginning (aware); ``data_faults`` and ``line_faults`` are names;
    ``line_share`` is the chance that a fault of the line strikes a packet.
    """

    seconds: float
    start: datetime
    speed: float = 1.0
    seed: int = 0
    real_s: int = 60
    data_faults: tuple[str, ...] = ()
    line_faults: tuple[str, ...] = ()
    line_share: float = 0.05
    window: int = 1
    over_time_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Report:
    """What the devices saw. Times in seconds of the line; ``left`` uploads had no answer at the end."""

    devices: int
    connections: int
    made: int
    sent: int
    resent: int
    answered: int
    refused: int
    left: int
    requests: int
    median_answer_s: float | None
    p99_answer_s: float | None


def chosen_faults(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part the names into those of data and of the line; ``all`` is everything, ``none`` nothing."""
    wanted = list(names)
    if "all" in wanted:
        return tuple(KINDS), tuple(LINE_FAULTS)
    wanted = [name for name in wanted if name != "none"]
    for name in wanted:
        if name not in KINDS and name not in LINE_FAULTS:
            raise ValueError(f"no fault {name!r}; there are all, none, {', '.join((*KINDS, *LINE_FAULTS))}")
    return tuple(name for name in wanted if name in KINDS), tuple(name for name in wanted if name in LINE_FAULTS)


def episodes_of(kind: str, faults: Sequence[str], start: datetime, seed: int) -> tuple[Episode, ...]:
    """Draw the fault of one device, some hours within two days from the start; () for half of the devices."""
    drawn = random.Random(seed)  # noqa: S311
    if not faults or drawn.random() >= _FAULTY:
        return ()
    fault = drawn.choice(list(faults))
    signals = PROFILES[kind].signals
    if fault == "oxygen_dilution" and "a19001" not in PROFILES[kind].units:
        fault = "stuck"
    signal = signals[0] if fault == "oxygen_dilution" else drawn.choice(signals[:4])
    begin = (start + timedelta(hours=drawn.uniform(0, 24))).replace(second=0, microsecond=0)
    return (Episode(fault, signal.code, begin, begin + timedelta(hours=drawn.randint(6, 24)), seed),)


def devices_of(identities: Sequence[Identity], plan: Plan) -> list[Device]:
    """Make the devices of a plan, each with its own values and, if wanted, its fault."""
    devices = []
    for number, identity in enumerate(identities):
        seed = plan.seed * 100003 + number
        episodes = episodes_of(identity.kind, plan.data_faults, plan.start, seed)
        device = Device(identity, plan.start, seed=seed, real_s=plan.real_s, episodes=episodes)
        device.over_time_s = plan.over_time_s
        devices.append(device)
    return devices


async def drive(
    devices: Sequence[Device], plan: Plan, host: str, port: int, watch: Callable[[Report], None] | None = None
) -> Report:
    """Let the devices talk to a gateway for the plan's time. ``watch`` is told how it stands once a second."""
    loop = asyncio.get_running_loop()
    began = loop.time()

    def now() -> datetime:
        """The devices' time."""
        return plan.start + timedelta(seconds=(loop.time() - began) * plan.speed)

    clients = [
        Client(
            device,
            host,
            port,
            now,
            faults=plan.line_faults,
            fault_share=plan.line_share,
            seed=plan.seed + number,
            window=plan.window,
        )
        for number, device in enumerate(devices)
    ]
    tasks = [asyncio.create_task(client.run(lambda: loop.time() - began >= plan.seconds)) for client in clients]
    try:
        while loop.time() - began < plan.seconds:
            await asyncio.sleep(min(1.0, max(0.0, plan.seconds - (loop.time() - began))))
            for task in tasks:
                if task.done():
                    task.result()
            if watch is not None:
                watch(summed(devices))
        await asyncio.wait(tasks, timeout=2.0)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return summed(devices)


def summed(devices: Sequence[Device]) -> Report:
    """Add up what the devices saw."""
    tallies = [device.tally for device in devices]
    latencies = sorted(latency for tally in tallies for latency in tally.latencies)

    def quantile(share: float) -> float | None:
        return round(latencies[min(len(latencies) - 1, int(share * len(latencies)))], 4) if latencies else None

    return Report(
        devices=len(devices),
        connections=sum(tally.connections for tally in tallies),
        made=sum(tally.made for tally in tallies),
        sent=sum(tally.sent for tally in tallies),
        resent=sum(tally.resent for tally in tallies),
        answered=sum(tally.answered for tally in tallies),
        refused=sum(tally.refused for tally in tallies),
        left=sum(device.waiting for device in devices),
        requests=sum(tally.requests for tally in tallies),
        median_answer_s=quantile(0.5),
        p99_answer_s=quantile(0.99),
    )
