"""Progress in the terminal: the same states that a page shows, as a bar, or as a line a stage where no one looks.

It is drawn on stderr, so that stdout holds the answer and nothing else.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from lantian.kernel.jobs import Progress, ProgressState


class Screen:
    """Shows the states of one piece of work; a context manager. ``quiet`` shows nothing (``--json``)."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[message]}", style="dim", markup=False),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )
        self._bar: TaskID | None = None
        self._stage = ""

    def show(self, state: ProgressState) -> None:
        """Show a state; a new stage begins a new bar."""
        if not state.stage:
            return
        if state.stage != self._stage:
            self._end_stage()
            self._stage = state.stage
            if self._bars.disable:
                self._console.print(f"· {state.stage} …", markup=False, highlight=False)
            else:
                self._bar = self._bars.add_task(state.stage, total=state.total, message="")
        if self._bar is not None:
            self._bars.update(self._bar, completed=state.done, total=state.total, message=state.message)

    def progress(self) -> Progress:
        """A progress for work that is done in this process."""
        return Progress(self.show)

    def say(self, text: str) -> None:
        """Print a line below the bars."""
        self._end_stage()
        self._console.print(text, markup=False, highlight=False)

    def _end_stage(self) -> None:
        if self._bar is not None:
            total = self._bars.tasks[-1].total or 1
            self._bars.update(self._bar, completed=total, total=total, message="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end_stage()
        self._bars.stop()
