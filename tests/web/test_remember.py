"""What is remembered stands exactly as long as nothing was written and the clock's minute has not passed."""

import threading
import time
from datetime import timedelta

from lantian.kernel.accounts import anonymous
from lantian.kernel.bootstrap import Platform
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.web import remember
from lantian.web.remember import Memory
from lantian.web.security import Viewer

from .beijing import NOW


def memory(platform: Platform) -> Memory:
    """As a new request has it."""
    return Memory(Viewer(platform, anonymous(platform.engine)))


def test_an_answer_stands_until_something_is_written(fresh: Platform) -> None:
    asked: list[int] = []

    def count() -> int:
        asked.append(1)
        return len(PlaceStore(fresh.engine).regions())

    assert [memory(fresh)("regions", count) for _ in range(3)] == [0, 0, 0]
    assert len(asked) == 1
    PlaceStore(fresh.engine).put_regions([Region("110000", "北京市")], "test")
    assert memory(fresh)("regions", count) == 1
    assert len(asked) == 2


def test_an_answer_stands_for_a_minute_of_the_clock_unless_it_is_timeless(fresh: Platform) -> None:
    asked: list[str] = []

    def ask(name: str, timeless: bool) -> None:
        memory(fresh)(name, lambda: asked.append(name), timeless=timeless)

    # The clock runs on by itself; setting it would be a write, which makes everything new.
    fresh.clock.set_simulated(NOW + timedelta(seconds=1), speed=1.0)
    ask("timed", False), ask("timeless", True)
    ask("timed", False), ask("timeless", True)
    assert asked == ["timed", "timeless"]
    fresh.clock.speed(600)
    ask("timed", False), ask("timeless", True)
    time.sleep(0.15)  # ninety seconds of the clock
    ask("timed", False), ask("timeless", True)
    assert asked[2:] == ["timed", "timeless", "timed"]


def test_readers_who_ask_at_once_wait_for_one_of_them(fresh: Platform) -> None:
    asked, given = [], []
    start = threading.Barrier(8)

    def slow() -> str:
        asked.append(1)
        time.sleep(0.2)
        return "answer"

    def read() -> None:
        mine = memory(fresh)
        start.wait()
        given.append(mine("slow", slow))

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(timeout=20)
    assert given == ["answer"] * 8
    assert len(asked) == 1


def test_a_failure_is_not_remembered_and_old_answers_go(fresh: Platform, monkeypatch) -> None:
    def fail() -> int:
        raise RuntimeError("not now")

    mine = memory(fresh)
    for answer in (fail, lambda: 7):
        try:
            found = mine("often", answer)
        except RuntimeError:
            continue
    assert found == 7
    monkeypatch.setattr(remember, "MOST", 2)
    asked: list[str] = []
    for name in ("a", "b", "c", "a"):
        mine(name, lambda name=name: asked.append(name))
    assert asked == ["a", "b", "c", "a"]
