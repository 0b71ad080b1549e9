"""Progress of long work: one small object, used alike inside jobs, in commands and in notebooks.

The work says which stage it is in, how much of it there is and how much is done; where that is shown (a table, a
terminal, nowhere) is the sink's affair.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Sink = Callable[["ProgressState"], None]

# A page reads progress about twice a second; writing it more often only wears the disk.
WRITE_EVERY = timedelta(seconds=0.4)


@dataclass(frozen=True)
class ProgressState:
    """How far some work has come, at one moment. Times are real (never the replay clock's), aware, UTC.

    Attributes:
        started_at: when the work began.
        updated_at: when the work last said something.
        stage: what is being done now, in words; empty before the first stage.
        stage_started_at: when this stage began.
        done: amount done in this stage, in the stage's own unit.
        total: amount in this stage; None if nobody knows.
        message: last remark.
        error: why the work failed; None while it has not.
        finished_at: when it ended, well or badly; None while it runs.
    """

    started_at: datetime
    updated_at: datetime
    stage: str
    stage_started_at: datetime
    done: float = 0.0
    total: float | None = None
    message: str = ""
    error: str | None = None
    finished_at: datetime | None = None

    @property
    def share(self) -> float | None:
        """Share of the stage that is done, 0 to 1; None if the total is not known."""
        if self.total is None:
            return None
        return 1.0 if self.total <= 0 else min(1.0, max(0.0, self.done / self.total))

    def seconds_left(self, now: datetime) -> float | None:
        """Estimate how long the stage still takes, supposing that it goes on at its mean pace.

        Args:
            now: aware time of the question.

        Returns:
            Seconds; 0 once finished; None while nothing is done yet or the total is not known.
        """
        if self.finished_at is not None:
            return 0.0
        if not self.share:
            return None
        # The pace is judged at the last report, and the time since then has already been used up.
        pace = (self.updated_at - self.stage_started_at).total_seconds() / self.share
        return max(0.0, pace - (now - self.stage_started_at).total_seconds())


class Progress:
    """Told by the work how far it is; tells a sink.

    Example:
        >>> progress = Progress()
        >>> progress.stage("reading", total=4)
        >>> progress.advance(3)
        >>> progress.state.share
        0.75

    Args:
        sink: called with each new state worth showing; None keeps it in memory only (`state`).
        stopping: asked at every report; when it answers True the report raises `Stopped`, so work ends between two
            steps, never inside one.
        clock: gives the real time.
    """

    def __init__(
        self,
        sink: Sink | None = None,
        *,
        stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sink = sink
        self._stopping = stopping
        self._clock = clock
        now = clock()
        self._state = ProgressState(started_at=now, updated_at=now, stage="", stage_started_at=now)
        self._shown_at = now
        self._show()

    @property
    def state(self) -> ProgressState:
        """The newest state, shown or not."""
        return self._state

    def stage(self, name: str, total: float | None = None) -> None:
        """Begin a stage.

        Args:
            name: what is being done, as a user reads it.
            total: amount of work in it, in any unit (files, rows, bytes); None if not known.

        Raises:
            Stopped: the worker is shutting down or the job was called off.
        """
        now = self._clock()
        self._change(now, stage=name, stage_started_at=now, done=0.0, total=total, message="")
        self._show()
        self._check()

    def advance(self, amount: float = 1.0, message: str | None = None) -> None:
        """Say that some more of the stage is done.

        Args:
            amount: how much more, in the stage's unit.
            message: a remark to show; None keeps the last one.

        Raises:
            Stopped: the worker is shutting down or the job was called off.
        """
        now = self._clock()
        done = self._state.done + amount
        self._change(now, done=done, message=self._state.message if message is None else message)
        if now - self._shown_at >= WRITE_EVERY or (self._state.total is not None and done >= self._state.total):
            self._show()
        self._check()

    def finish(self, error: str | None = None) -> None:
        """Say that the work has ended.

        Args:
            error: why it failed; None if it went well.
        """
        now = self._clock()
        self._change(now, finished_at=now, error=error)
        self._show()

    def _change(self, now: datetime, **changes: object) -> None:
        self._state = dataclasses.replace(self._state, updated_at=now, **changes)  # type: ignore[arg-type]

    def _show(self) -> None:
        self._shown_at = self._state.updated_at
        if self._sink is not None:
            self._sink(self._state)

    def _check(self) -> None:
        if self._stopping():
            raise Stopped("the worker is stopping; the job goes back to the queue and begins again later")


class Stopped(Exception):  # noqa: N818  (not an error: the work was asked to stop, and did)
    """Raised by a progress report when the work has been asked to stop."""
