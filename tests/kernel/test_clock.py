"""The clock: real or simulated, the same for every process, and every change in the trail."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.clock import Clock, ClockError, ClockState, simulated_now
from lantian.kernel.settings import TIMEZONE

RED_ALERT = datetime(2016, 12, 16, 20, tzinfo=TIMEZONE)
REAL = datetime(2026, 3, 1, tzinfo=UTC)

moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
speeds = st.floats(0.001, 10_000)
spans = st.timedeltas(timedelta(0), timedelta(days=30))


@given(moments, moments, speeds, spans)
def test_simulated_time_runs_at_its_speed_from_where_it_was_set(at, set_at, speed, span):
    state = ClockState(True, False, speed, at, set_at)
    shown = simulated_now(state, set_at + span)
    assert abs((shown - at).total_seconds() - span.total_seconds() * speed) < 1e-5


@given(moments, moments, speeds, spans)
def test_a_paused_clock_stands(at, set_at, speed, span):
    assert simulated_now(ClockState(True, True, speed, at, set_at), set_at + span) == at


@given(moments, moments, spans)
def test_a_real_clock_shows_the_real_time(at, set_at, span):
    assert simulated_now(ClockState(False, False, 1.0, at, set_at), set_at + span) == set_at + span


def test_a_new_platform_shows_the_real_time(platform: Platform):
    assert abs(platform.clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert platform.clock.now().tzinfo is UTC
    assert not platform.clock.state.simulated


@pytest.mark.requirement("K4", part="simulated clock")
def test_set_pause_jump_and_resume(platform: Platform):
    clock = platform.clock
    clock.set_simulated(RED_ALERT, paused=True)
    assert clock.now() == RED_ALERT
    clock.jump(RED_ALERT + timedelta(hours=3))
    assert clock.now() == RED_ALERT + timedelta(hours=3)
    assert clock.state.paused
    clock.resume()
    first, second = clock.now(), clock.now()
    assert RED_ALERT + timedelta(hours=3) <= first < second < RED_ALERT + timedelta(hours=4)
    clock.set_real()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.requirement("K4", part="simulated clock")
def test_a_change_of_speed_does_not_make_the_time_leap(platform: Platform):
    clock = platform.clock
    clock.set_simulated(RED_ALERT, speed=3600.0)
    before = clock.now()
    clock.speed(1.0)
    after = clock.now()
    assert before <= after <= before + timedelta(hours=2)
    assert clock.now() - after < timedelta(seconds=30)


@pytest.mark.requirement("K4", part="simulated clock")
def test_every_process_sees_the_same_time(platform: Platform, engine: Engine):
    platform.clock.set_simulated(RED_ALERT, paused=True)
    assert Clock(engine).now() == RED_ALERT
    with engine.connect() as connection:  # what the triggers and column defaults see
        assert connection.scalar(text("select lantian_now()")) == RED_ALERT


def test_python_and_postgresql_agree_on_a_running_clock(platform: Platform, engine: Engine):
    platform.clock.set_simulated(RED_ALERT, speed=100.0)
    before = platform.clock.now()
    with engine.connect() as connection:
        between = connection.scalar(text("select lantian_now()"))
    assert between is not None
    assert before <= between <= platform.clock.now()


def test_changes_are_in_the_trail_with_their_actor(platform: Platform, engine: Engine):
    platform.clock.set_simulated(RED_ALERT, paused=True, actor="li.hua")
    platform.clock.jump(RED_ALERT + timedelta(hours=1), actor="wang.wei")
    with engine.connect() as connection:
        rows = list(audit.entries(connection))[-2:]
    assert [(row.actor, row.table_name, row.operation) for row in rows] == [
        ("li.hua", "clock", "UPDATE"),
        ("wang.wei", "clock", "UPDATE"),
    ]
    assert "2016-12-16T21:00:00+08:00" in rows[1].reason
    assert rows[1].clock_at == "2016-12-16T13:00:00.000000Z"


@pytest.mark.parametrize(
    "change", [Clock.pause, Clock.resume, lambda clock: clock.speed(2), lambda clock: clock.jump(REAL)]
)
def test_the_real_time_cannot_be_changed(platform: Platform, change):
    with pytest.raises(ClockError, match="set_simulated"):
        change(platform.clock)


@pytest.mark.parametrize("factor", [0, -1, float("inf"), float("nan")])
def test_a_speed_must_be_positive(platform: Platform, factor):
    platform.clock.set_simulated(RED_ALERT)
    with pytest.raises(ValueError, match="positive"):
        platform.clock.speed(factor)


def test_a_time_without_zone_is_refused(platform: Platform):
    with pytest.raises(ValueError, match="no time zone"):
        platform.clock.set_simulated(datetime(2016, 12, 16))
