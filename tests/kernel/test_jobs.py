import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from lantian.kernel import jobs
from lantian.kernel.audit import act
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import BackgroundWorker, JobRun, JobView, schema, worker


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, jobs.Task]:
    """Only the tasks of the test at hand, and none of them afterwards."""
    empty: dict[str, jobs.Task] = {}
    for module in (jobs.tasks, jobs.queue, jobs.housekeeping, worker):
        monkeypatch.setattr(module, "TASKS", empty)
    return empty


def the_job(engine: Engine, number: int) -> JobView:
    found = jobs.get_job(engine, number)
    assert found is not None
    return found


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_job_runs_with_its_arguments_and_shows_how_far_it_came(platform: Platform, engine: Engine) -> None:
    seen = []

    @jobs.task("test.read", zh="读取", en="Read")
    def read(run: JobRun, *, paths: list[str]) -> None:
        run.progress.stage("读取 / reading", total=len(paths))
        for path in paths:
            run.progress.advance(message=path)
        with act(run.platform.engine, run.actor):
            seen.append((run.platform, run.id, run.attempt, run.actor, run.due, paths))

    number = jobs.defer(engine, read, paths=["a.csv", "b.csv"])
    waiting = the_job(engine, number)
    assert (waiting.state, waiting.zh, waiting.en, waiting.progress) == ("waiting", "读取", "Read", None)
    jobs.run_worker(platform, once=True)
    assert seen == [(platform, number, 1, f"job:test.read#{number}", None, ["a.csv", "b.csv"])]
    done = the_job(engine, number)
    assert (done.state, done.arguments, done.seconds_left) == ("succeeded", {"paths": ["a.csv", "b.csv"]}, None)
    assert done.progress is not None
    assert (done.progress.stage, done.progress.share, done.progress.message) == ("读取 / reading", 1.0, "b.csv")
    assert done.deferred_at <= done.started_at <= done.progress.finished_at <= done.ended_at


def test_a_page_sees_a_running_job_with_the_time_left(platform: Platform, engine: Engine) -> None:
    go_on = threading.Event()

    @jobs.task("test.slow", zh="慢", en="Slow")
    def slow(run: JobRun) -> None:
        run.progress.stage("half", total=2)
        time.sleep(0.5)
        run.progress.advance()
        go_on.wait(20)

    number = jobs.defer(engine, slow)
    other = jobs.defer(engine, slow, delay=timedelta(hours=1))
    with BackgroundWorker(platform):
        until(lambda: (found := the_job(engine, number)).progress is not None and found.progress.done == 1)
        running = the_job(engine, number)
        go_on.set()
        until(lambda: the_job(engine, number).state == "succeeded")
    assert running.state == "running"
    assert running.seconds_left is not None
    assert 0 <= running.seconds_left <= 5
    assert running.ended_at is None
    later = the_job(engine, other)
    assert later.state == "waiting"
    assert later.due_at > datetime.now(UTC) + timedelta(minutes=50)
    assert [each.id for each in jobs.list_jobs(engine)] == [other, number]
    assert [each.id for each in jobs.list_jobs(engine, limit=1)] == [other]
    assert [each.id for each in jobs.list_jobs(engine, states=["succeeded", "failed"])] == [number]
    with pytest.raises(ValueError, match="no job state 'done'; there are waiting, running"):
        jobs.list_jobs(engine, states=["done"])


def test_a_failing_job_is_tried_again_and_then_booked_with_its_error(platform: Platform, engine: Engine) -> None:
    attempts = []

    @jobs.task("test.flaky", zh="不稳", en="Flaky", retries=2, retry_wait=0)
    def flaky(run: JobRun, *, until: int) -> None:
        attempts.append(run.attempt)
        if run.attempt < until:
            raise OSError("line is down")

    number = jobs.defer(engine, flaky, until=3)
    for state, error in (
        ("waiting", "OSError: line is down"),
        ("waiting", "OSError: line is down"),
        ("succeeded", None),
    ):
        jobs.run_worker(platform, once=True)
        found = the_job(engine, number)
        assert (found.state, found.progress.error) == (state, error)
    assert attempts == [1, 2, 3]
    hopeless = jobs.defer(engine, flaky, until=9)
    for _ in range(4):
        jobs.run_worker(platform, once=True)
    found = the_job(engine, hopeless)
    assert (found.state, found.progress.error, attempts[3:]) == ("failed", "OSError: line is down", [1, 2, 3])


def test_retries_wait_twice_as_long_each_time(platform: Platform, engine: Engine) -> None:
    @jobs.task("test.down", zh="断", en="Down", retries=3, retry_wait=60)
    def down(run: JobRun) -> None:
        raise OSError("line is down")

    number = jobs.defer(engine, down)
    for wait in (60, 120, 240):
        with engine.begin() as connection:
            connection.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL"))
        jobs.run_worker(platform, once=True)
        due = the_job(engine, number).due_at - datetime.now(UTC)
        assert timedelta(seconds=wait - 15) < due <= timedelta(seconds=wait)


def test_a_job_belongs_to_the_transaction_that_asked_for_it(platform: Platform, engine: Engine) -> None:
    @jobs.task("test.after", zh="后续", en="After")
    def after(run: JobRun) -> None:
        pass

    with pytest.raises(ZeroDivisionError), act(engine, "test") as connection:
        1 / jobs.defer(connection, after) / 0
    assert jobs.list_jobs(engine) == []
    with act(engine, "test") as connection:
        jobs.defer(connection, after)
        assert jobs.list_jobs(engine) == []
    assert len(jobs.list_jobs(engine)) == 1


def test_what_the_clock_asks_for_is_left_out_unless_it_failed(platform: Platform, engine: Engine) -> None:
    @jobs.task("test.each_minute", zh="每分钟", en="Each minute", cron="* * * * *")
    def each_minute(run: JobRun, *, broken: bool = False) -> None:
        if broken:
            raise OSError("line is down")

    @jobs.task("test.asked", zh="要的", en="Asked")
    def asked(run: JobRun) -> None:
        pass

    wanted = jobs.defer(engine, asked)
    well = jobs.defer(engine, each_minute)
    assert [each.id for each in jobs.list_jobs(engine, routine=False)] == [wanted]
    jobs.run_worker(platform, once=True)
    broken = jobs.defer(engine, each_minute, broken=True)
    jobs.run_worker(platform, once=True)
    assert [each.id for each in jobs.list_jobs(engine)] == [broken, well, wanted]
    assert [each.id for each in jobs.list_jobs(engine, routine=False)] == [broken, wanted]


def test_routine_that_went_well_is_forgotten_after_a_day(platform: Platform, engine: Engine) -> None:
    @jobs.task("test.each_minute", zh="每分钟", en="Each minute", cron="* * * * *")
    def each_minute(run: JobRun) -> None:
        pass

    @jobs.task("test.asked", zh="要的", en="Asked")
    def asked(run: JobRun) -> None:
        pass

    old, kept = jobs.defer(engine, each_minute), jobs.defer(engine, asked)
    jobs.run_worker(platform, once=True)
    with engine.begin() as connection:
        connection.execute(text("update procrastinate_events set at = at - interval '25 hours'"))
    fresh = jobs.defer(engine, each_minute)
    jobs.run_worker(platform, once=True)
    jobs.tidy.function(JobRun(platform, 0, 1, "test", jobs.Progress()))
    assert {each.id for each in jobs.list_jobs(engine)} == {kept, fresh}
    assert old not in {kept, fresh}


def test_of_a_task_that_waits_once_one_waits(platform: Platform, engine: Engine) -> None:
    ran = []

    @jobs.task("test.compact", zh="合并", en="Compact", once=True)
    def compact(run: JobRun) -> None:
        ran.append(run.id)

    first = jobs.defer(engine, compact)
    with act(engine, "test") as connection:
        assert jobs.defer(connection, compact) == first
        connection.execute(text("SELECT 1"))  # the transaction is whole
    jobs.run_worker(platform, once=True)
    assert ran == [first]
    assert jobs.defer(engine, compact) != first


def test_a_failed_once_job_gives_way_to_the_one_that_waits(platform: Platform, engine: Engine) -> None:
    waiting = []

    @jobs.task("test.compact", zh="合并", en="Compact", once=True, retries=5, retry_wait=0)
    def compact(run: JobRun) -> None:
        if not waiting:
            waiting.append(jobs.defer(engine, compact))
            raise OSError("disk full")

    first = jobs.defer(engine, compact)
    # One at a time: a second hand would do the later job while the first still runs, and then nothing waits.
    jobs.run_worker(platform, once=True, concurrency=1)
    assert the_job(engine, first).state == "failed"
    assert the_job(engine, waiting[0]).state == "succeeded"


def test_two_workers_do_each_job_once_and_locked_ones_one_by_one(
    platform: Platform, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL", 0.05)
    ran: Counter[int] = Counter()
    inside = threading.Lock()
    overlaps = []

    @jobs.task("test.count", zh="数", en="Count")
    def count(run: JobRun, *, n: int) -> None:
        ran[n] += 1

    @jobs.task("test.alone", zh="独", en="Alone", lock="alone")
    def alone(run: JobRun, *, n: int) -> None:
        overlaps.append(not inside.acquire(blocking=False))
        time.sleep(0.01)
        inside.release()
        ran[n] += 1

    for n in range(0, 60, 2):
        jobs.defer(engine, count, n=n)
    for n in range(1, 20, 2):
        jobs.defer(engine, alone, n=n)
    with BackgroundWorker(platform, concurrency=4), BackgroundWorker(platform, concurrency=4):
        until(lambda: not jobs.list_jobs(engine, states=["waiting", "running"]))
    assert ran == Counter([*range(0, 60, 2), *range(1, 20, 2)])
    assert overlaps == [False] * 10


def test_a_periodic_job_fires_once_for_each_time_whoever_watches(platform: Platform, engine: Engine) -> None:
    fired = []

    @jobs.task("test.minute", zh="每分", en="Each minute", cron="* * * * *")
    def minute(run: JobRun) -> None:
        fired.append(run.due)

    platform.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC))  # of no account: jobs follow the real time
    begun = datetime.now(UTC)
    with BackgroundWorker(platform), BackgroundWorker(platform):
        until(lambda: bool(fired))
        time.sleep(0.5)
    assert len(fired) == len(set(fired))
    assert fired[0].second == 0
    assert begun - timedelta(minutes=1) <= fired[0] <= datetime.now(UTC)
    assert len(fired) <= 2  # 2: the minute turned while we watched
    fired.clear()
    jobs.run_worker(platform, once=True)
    assert fired == []


def test_a_task_is_registered_once_and_with_a_real_cron_line(registry: dict[str, jobs.Task]) -> None:
    def work(run: JobRun) -> None:
        pass

    made = jobs.task("test.work", zh="做", en="Work", cron="15 19 * * *")(work)
    assert made.once
    assert jobs.named("test.work") is made
    with pytest.raises(ValueError, match=r"'test\.work' is registered twice"):
        jobs.task("test.work", zh="做", en="Work")(work)
    with pytest.raises(ValueError, match=r"cron 'nightly' is not"):
        jobs.task("test.night", zh="夜", en="Night", cron="nightly")
    with pytest.raises(KeyError, match=r"no task 'test\.play'; registered: test\.work"):
        jobs.named("test.play")


def test_a_job_whose_task_nobody_knows_fails_and_says_its_name(platform: Platform, engine: Engine) -> None:
    forgotten = jobs.Task("test.gone", "没了", "Gone", lambda run: None)
    number = jobs.defer(engine, forgotten)
    jobs.run_worker(platform, once=True)
    found = the_job(engine, number)
    assert (found.state, found.zh, found.en) == ("failed", "test.gone", "test.gone")


def test_a_worker_told_to_stop_hands_its_job_back(
    platform: Platform, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "GRACE", 0.1)
    attempts = []

    @jobs.task("test.long", zh="长", en="Long")
    def long(run: JobRun) -> None:
        attempts.append(run.attempt)
        run.progress.stage("steps", total=1000)
        for _ in range(1000 if run.attempt == 1 else 1):
            time.sleep(0.02)
            run.progress.advance()

    number = jobs.defer(engine, long)
    with BackgroundWorker(platform):
        until(lambda: bool(attempts))
    stopped = the_job(engine, number)
    assert stopped.state == "waiting"
    assert "goes back to the queue" in stopped.progress.error
    jobs.run_worker(platform, once=True)
    assert the_job(engine, number).state == "succeeded"
    assert attempts == [1, 2]


def test_a_worker_that_runs_once_ends_what_it_began(
    platform: Platform, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty queue is the end of its work and no reason to stop a job that takes longer than the grace of a stop."""
    monkeypatch.setattr(worker, "GRACE", 0.05)

    @jobs.task("test.slow", zh="慢", en="Slow")
    def slow(run: JobRun) -> None:
        for _ in range(20):
            time.sleep(0.02)
            run.progress.advance()

    number = jobs.defer(engine, slow)
    jobs.run_worker(platform, once=True)
    assert the_job(engine, number).state == "succeeded"


def test_a_worker_survives_that_the_database_throws_it_out(
    platform: Platform, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RESTART_AFTER", 0.1)
    ran = []

    @jobs.task("test.note", zh="记", en="Note")
    def note(run: JobRun) -> None:
        ran.append(run.id)

    expected = []
    with BackgroundWorker(platform):
        for _ in range(2):
            expected.append(jobs.defer(engine, note))
            until(lambda: ran == expected)
            with engine.connect() as connection:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
        expected.append(jobs.defer(engine, note))
        until(lambda: ran == expected)


KILLED = """
import sys, time
from pathlib import Path
from lantian.kernel import jobs
from lantian.kernel.bootstrap import open_platform
from lantian.kernel.settings import Settings

@jobs.task("test.fatal", zh="致命", en="Fatal")
def fatal(run):
    run.progress.stage("begun", total=2)
    print("begun", flush=True)
    time.sleep(60)

jobs.run_worker(open_platform(settings=Settings(home=Path(sys.argv[1]), database_url=sys.argv[2])))
"""


def killed_in_the_middle(platform: Platform) -> None:
    """Run a worker in a process of its own and kill it inside its job."""
    command = [sys.executable, "-W", "error", "-c", KILLED, str(platform.home), platform.database.conninfo]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGKILL)


def test_a_job_killed_in_the_middle_is_begun_again(platform: Platform, engine: Engine) -> None:
    finished = []

    @jobs.task("test.fatal", zh="致命", en="Fatal")
    def fatal(run: JobRun) -> None:
        finished.append(run.attempt)

    number = jobs.defer(engine, fatal)
    killed_in_the_middle(platform)
    assert the_job(engine, number).state == "running"
    assert jobs.rescue(engine) == []  # it may still be alive: no half minute has passed
    # A full minute may have brought the worker a periodic job as well, which died with it.
    assert number not in jobs.rescue(engine, {number}, silent_for=0)  # it is ours, and we are alive
    assert jobs.rescue(engine, silent_for=0) == [number]
    assert jobs.rescue(engine, silent_for=0) == []
    jobs.run_worker(platform, once=True)
    assert the_job(engine, number).state == "succeeded"
    assert finished == [2]


def stage_deaths(engine: Engine, number: int, attempts: int) -> None:
    """Leave the job as a worker that died long ago would."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - interval '1 hour') RETURNING id)"
                " UPDATE procrastinate_jobs SET status = 'doing', attempts = :attempts,"
                " worker_id = (SELECT id FROM dead) WHERE id = :number"
            ),
            {"number": number, "attempts": attempts},
        )
    jobs.Progress(jobs.queue.table_sink(engine, number)).stage("begun")


@pytest.fixture
def idle() -> jobs.Task:
    return jobs.task("test.idle", zh="空", en="Idle", once=True)(lambda run: None)


def test_a_job_that_kills_its_workers_is_given_up(engine: Engine, idle: jobs.Task) -> None:
    number = jobs.defer(engine, idle)
    stage_deaths(engine, number, attempts=worker.RESCUES - 2)
    assert jobs.rescue(engine) == [number]
    stage_deaths(engine, number, attempts=worker.RESCUES - 1)
    assert jobs.rescue(engine) == []
    found = the_job(engine, number)
    assert found.state == "failed"
    assert found.progress.error == "begun 5 times, and the last time its worker died"


def test_a_dead_once_job_gives_way_to_the_one_that_waits(engine: Engine, idle: jobs.Task) -> None:
    number = jobs.defer(engine, idle)
    stage_deaths(engine, number, attempts=0)
    later = jobs.defer(engine, idle)
    assert later != number
    assert jobs.rescue(engine) == []
    assert (the_job(engine, number).state, the_job(engine, later).state) == ("failed", "waiting")


def test_old_jobs_and_their_progress_are_tidied_away(platform: Platform, engine: Engine) -> None:
    @jobs.task("test.note", zh="记", en="Note")
    def note(run: JobRun) -> None:
        run.progress.stage("noted")

    old, new = jobs.defer(engine, note), jobs.defer(engine, note)
    jobs.run_worker(platform, once=True)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE procrastinate_events SET at = at - interval '31 days' WHERE job_id = :old"), {"old": old}
        )
    jobs.tidy.function(JobRun(platform, 0, 1, "test", jobs.Progress()))
    assert [each.id for each in jobs.list_jobs(engine)] == [new]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT job_id FROM job_progress")).scalars().all() == [new]


def test_the_queue_of_this_database_is_what_procrastinate_expects(engine: Engine) -> None:
    # If this fails after an upgrade of procrastinate: write a migration that calls `schema.apply`, and change the name.
    assert schema.newest() == "03.04.00_50_post_add_retry_failed_job_procedure"
    with engine.begin() as connection:
        assert schema.present(connection) == schema.newest()
        schema.apply(connection)


def test_an_older_queue_is_brought_up_to_date(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "99.00.00_01_pre_new.sql").write_text(
        "ALTER TABLE procrastinate_jobs ADD COLUMN colour text DEFAULT '50%';"
    )
    (tmp_path / "00.00.01_01_long_past.sql").write_text("SELECT 1 / 0;")
    monkeypatch.setattr(schema.SchemaManager, "get_migrations_path", lambda: str(tmp_path))
    with engine.begin() as connection:
        schema.apply(connection)
        assert schema.present(connection) == "99.00.00_01_pre_new"
        connection.execute(text("SELECT colour FROM procrastinate_jobs"))
        schema.apply(connection)
