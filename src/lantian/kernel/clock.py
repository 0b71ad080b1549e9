"""The one clock that everything asks for now: the real time, or a simulated one for replays, drills and training.

Its state is one row of the database, so all processes and machines see the same time, measured on the server's clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row, select, text, update

from lantian.kernel import audit, tables
from lantian.kernel.database import reading


@dataclass(frozen=True, slots=True)
class ClockState:
    """How the clock runs. If `simulated` it showed `at` at the real time `set_at`, and runs `speed` times as fast."""

    simulated: bool
    paused: bool
    speed: float
    at: datetime
    set_at: datetime


def simulated_now(state: ClockState, real_now: datetime) -> datetime:
    """What a clock in `state` shows when the real time is `real_now` (both aware); a real clock shows `real_now`."""
    if not state.simulated:
        return real_now
    if state.paused:
        return state.at
    return state.at + (real_now - state.set_at) * state.speed


class Clock:
    """The platform's clock. Changes are audited in the name of `actor`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self) -> datetime:
        """The present time, aware, in UTC."""
        return self.read()[1]

    def read(self) -> tuple[ClockState, datetime]:
        """How the clock runs and what it shows, of one moment."""
        state, real_now = self._read()
        return state, simulated_now(state, real_now).astimezone(UTC)

    @property
    def state(self) -> ClockState:
        """How the clock runs at the moment."""
        return self._read()[0]

    def set_simulated(self, at: datetime, *, speed: float = 1.0, paused: bool = False, actor: str = "system") -> None:
        """Leave the real time and show `at` (aware); from there run `speed` times as fast, or stand still."""
        self._set(
            actor, f"simulated clock from {_aware(at).isoformat()}", at=at, simulated=True, paused=paused, speed=speed
        )

    def set_real(self, *, actor: str = "system") -> None:
        """Go back to the real time."""
        self._set(actor, "real time", simulated=False, paused=False, speed=1.0)

    def pause(self, *, actor: str = "system") -> None:
        """Let the simulated clock stand still. Raises ClockError on real time, as do `resume`, `speed` and `jump`."""
        self._set(actor, "pause", paused=True)

    def resume(self, *, actor: str = "system") -> None:
        """Let the simulated clock run on."""
        self._set(actor, "resume", paused=False)

    def speed(self, factor: float, *, actor: str = "system") -> None:
        """Let the simulated clock run `factor` (> 0) times as fast as the real one, from where it is."""
        self._set(actor, f"speed {factor:g}", speed=factor)

    def jump(self, at: datetime, *, actor: str = "system") -> None:
        """Put the simulated clock to `at` (aware), forward or back; paused stays paused."""
        self._set(actor, f"jump to {_aware(at).isoformat()}", at=at)

    def _read(self) -> tuple[ClockState, datetime]:
        with reading(self._engine).connect() as connection:
            return _split(connection.execute(select(tables.clock, text("clock_timestamp() as real_now"))).one())

    def _set(self, actor: str, reason: str, **values: Any) -> None:
        factor = values.get("speed", 1.0)
        if not 0 < factor < float("inf"):
            raise ValueError(f"a clock's speed must be a positive number, not {factor}")
        with audit.act(self._engine, actor, f"clock: {reason}") as connection:
            row = connection.execute(select(tables.clock, text("clock_timestamp() as real_now"))).one()
            state, real_now = _split(row)
            if not state.simulated and "simulated" not in values:
                raise ClockError("the clock shows the real time, which no one can change: set_simulated(at) first")
            shown = {"at": simulated_now(state, real_now), "set_at": real_now}
            connection.execute(update(tables.clock).values(**shown | values))


class ClockError(RuntimeError):
    """Something was asked of the real time that only a simulated clock can do."""


def _split(row: Row[Any]) -> tuple[ClockState, datetime]:
    return ClockState(row.simulated, row.paused, row.speed, row.at, row.set_at), row.real_now


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: give an aware datetime, for example in Asia/Shanghai")
    return at
