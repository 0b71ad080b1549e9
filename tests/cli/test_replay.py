"""`lantian replay`: the clock of a platform that others use at the same time."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

AT = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing


@pytest.mark.requirement("K4", part="replay by command")
def test_a_replay_stands_still_where_it_is_told_for_every_process(commands, platform):
    value = commands.value("replay", "--at", "2016-12-16T20:00")
    assert value == {"now": "2016-12-16T20:00:00+08:00", "simulated": True, "paused": True, "speed": 1.0}
    assert platform.clock.now() == AT
    assert commands.value("replay") == commands.value("replay", "--status") == value
    assert "2016-12-16 20:00:00+08:00  回放，已暂停 replay, paused" in commands.run("replay").stdout


@pytest.mark.requirement("K4", part="replay by command")
def test_a_replay_runs_at_the_speed_that_is_asked(commands, platform):
    value = commands.value("replay", "--from", "2016-12-16T20:00")
    assert (value["paused"], value["speed"]) == (False, 3600)
    assert AT < platform.clock.now() < AT + timedelta(days=7)
    assert commands.value("replay", "--speed", 60)["speed"] == 60
    assert commands.value("replay", "--pause")["paused"]
    stood = platform.clock.now()
    time.sleep(0.05)
    assert platform.clock.now() == stood
    assert not commands.value("replay", "--resume")["paused"]
    assert platform.clock.now() > stood


@pytest.mark.requirement("K4", part="replay by command")
def test_a_replay_to_a_time_ends_there_exactly_and_shows_nothing_later(commands, platform):
    seen: list[datetime] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            seen.append(platform.clock.now())
            time.sleep(0.01)

    platform.clock.set_simulated(AT, paused=True)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        value = commands.value("replay", "--from", "2016-12-16T20:00", "--to", "2016-12-17T08:00", "--speed", 43200)
    finally:
        ended.set()
        watcher.join()
    assert (value["now"], value["paused"]) == ("2016-12-17T08:00:00+08:00", True)
    assert platform.clock.now() == AT + timedelta(hours=12)
    passed = [at for at in seen if AT < at < AT + timedelta(hours=12)]
    assert len(passed) > 5
    assert max(seen) < AT + timedelta(hours=24)  # what passes between two looks is no day


def test_it_goes_on_from_where_it_stands(commands):
    commands.run("replay", "--at", "2016-12-16T20:00", "--speed", 43200)
    assert commands.value("replay", "--to", "2016-12-16T21:00")["now"] == "2016-12-16T21:00:00+08:00"
    assert commands.value("replay", "--jump", "2016-12-18T00:00")["now"] == "2016-12-18T00:00:00+08:00"
    assert "lies before the clock's" in commands.refusal("replay", "--to", "2016-12-17", code=2)


def test_a_watched_replay_that_someone_else_pauses_ends_there(commands, platform):
    platform.clock.set_simulated(AT, paused=True)

    ended = threading.Event()

    def pause_whenever_it_runs() -> None:
        # Again and again: a pause that comes before the replay has begun is one that the replay ends by beginning.
        while not ended.wait(0.05):
            if not platform.clock.state.paused:
                platform.clock.pause()

    someone = threading.Thread(target=pause_whenever_it_runs)
    someone.start()
    try:
        value = commands.value("replay", "--from", "2016-12-16T20:00", "--to", "2017-12-16T20:00", "--speed", 60)
    finally:
        ended.set()
        someone.join()
    assert value["paused"]
    assert value["now"] < "2016-12-17"


def test_real_time_comes_back(commands, platform):
    commands.run("replay", "--at", "2016-12-16T20:00")
    value = commands.value("replay", "--real")
    assert (value["simulated"], value["paused"], value["speed"]) == (False, False, 1.0)
    assert abs(platform.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert "real time" in commands.run("replay").stdout


def test_a_replay_decides_what_a_judgement_knows(commands, city_folder):
    commands.run("load", city_folder)
    commands.run("replay", "--at", "2016-12-05T20:00")
    before = commands.value("evaluate", "北京", "--period", "2016-12")["result"]
    commands.run("replay", "--jump", "2016-12-16T20:00")
    after = commands.value("evaluate", "北京", "--period", "2016-12")["result"]
    assert (before["aqi_days"], after["aqi_days"]) == (4, 15)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--pause", "the clock shows real time: begin a replay with --at TIME or --from TIME"),
        ("--to 2016-12-16", "lies before the clock's"),
        ("--to 2100-01-01", "the clock shows real time"),
        ("--jump 2016-12-16", "the clock shows real time"),
        ("--at yesterday", "'yesterday' is no moment"),
        ("--at 2016-12-16 --from 2016-12-17", "--at and --from cannot be asked at once"),
        ("--real --to 2016-12-17", "not with --real"),
        ("--from 2016-12-16 --speed 0", "expected a positive number"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(empty, arguments, said):
    assert said in empty.refusal("replay", *arguments.split(), code=2)
