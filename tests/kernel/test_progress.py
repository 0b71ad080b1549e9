from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.kernel.jobs.progress import Progress, ProgressState, Stopped

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_progress_without_a_sink_is_kept_in_memory() -> None:
    hands = Hands()
    progress = Progress(clock=hands)
    assert progress.state.share is None
    progress.stage("reading", total=8)
    hands.wait(10)
    progress.advance(2, "first file")
    assert (progress.state.stage, progress.state.share, progress.state.message) == ("reading", 0.25, "first file")
    assert progress.state.seconds_left(hands.now) == 30
    hands.wait(5)
    assert progress.state.seconds_left(hands.now) == 25
    hands.wait(60)
    assert progress.state.seconds_left(hands.now) == 0
    progress.stage("writing")
    assert (progress.state.share, progress.state.done, progress.state.message) == (None, 0, "")
    assert progress.state.seconds_left(hands.now) is None
    progress.finish("disk full")
    assert progress.state.error == "disk full"
    assert progress.state.finished_at == hands.now
    assert progress.state.seconds_left(hands.now) == 0


def test_a_sink_hears_stages_and_ends_at_once_and_steps_now_and_then() -> None:
    hands = Hands()
    heard: list[ProgressState] = []
    progress = Progress(heard.append, clock=hands)
    progress.stage("reading", total=1000)
    for _ in range(999):
        hands.wait(0.001)
        progress.advance()
    assert [state.done for state in heard] == [0, 0, 400, 800]
    progress.advance()
    progress.finish()
    assert heard[-2].done == 1000
    assert heard[-1].finished_at == hands.now
    assert len(heard) == 6


def test_work_that_was_told_to_stop_stops_at_its_next_report() -> None:
    told = False
    progress = Progress(stopping=lambda: told)
    progress.stage("reading")
    progress.advance()
    told = True
    with pytest.raises(Stopped):
        progress.advance()
    with pytest.raises(Stopped):
        progress.stage("writing")
    assert progress.state.done == 0  # the stage that was begun is shown, and nothing of it is done


@given(st.floats(0, 1e12), st.none() | st.floats(0, 1e12), st.floats(0, 1e6), st.floats(0, 1e6), st.booleans())
def test_share_and_estimate_are_sane_whatever_is_reported(
    done: float, total: float | None, reported_after: float, asked_after: float, finished: bool
) -> None:
    reported = NOON + timedelta(seconds=reported_after)
    state = ProgressState(NOON, reported, "x", NOON, done, total, finished_at=reported if finished else None)
    assert state.share is None or 0 <= state.share <= 1
    left = state.seconds_left(reported + timedelta(seconds=asked_after))
    assert left is None or left >= 0
    if finished or (total is not None and done >= total):
        assert left == 0
