"""Answers remembered: the same question in the same minute of the clock, with nothing written in between, is computed
once.

The head of the audit trail is the version of everything that pages show: no row of a watched table (observations,
places, targets, the clock itself) changes without a new entry. What becomes known by the mere passing of time does so
on whole minutes. So an answer stands as long as both are the same, and readers who ask at once wait for one of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select

from lantian.kernel.database import reading
from lantian.kernel.tables import audit_head
from lantian.web.security import Viewer

T = TypeVar("T")
State = tuple[int, str]

_STATE = "remembered state"
MOST = 600
"""Answers kept a platform; the one not asked for longest goes first."""


class _Answer:
    def __init__(self) -> None:
        self.lock = Lock()
        self.state: State | None = None
        self.value: object = None


class _Shelf:
    """All answers of one platform."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()

    def place(self, question: Hashable) -> _Answer:
        with self._lock:
            answer = self._answers.setdefault(question, _Answer())
            self._answers.move_to_end(question)
            while len(self._answers) > MOST:
                self._answers.popitem(last=False)
            return answer


_SHELVES: WeakKeyDictionary[Engine, _Shelf] = WeakKeyDictionary()


class Memory:
    """What is remembered, as one viewer may use it: made for one request, from which state and time are taken once."""

    def __init__(self, viewer: Viewer) -> None:
        engine = viewer.platform.engine
        self._shelf = _SHELVES.setdefault(engine, _Shelf())
        known: State | None = viewer.__dict__.get(_STATE)  # as its cached properties, which the request shares too
        if known is None:
            with reading(engine).connect() as connection:
                head = connection.execute(select(audit_head.c.seq)).scalar_one_or_none() or 0
            known = (int(head), f"{viewer.now:%Y-%m-%dT%H:%M}")
            viewer.__dict__[_STATE] = known
        self.state = known

    def __call__(self, question: Hashable, compute: Callable[[], T], *, timeless: bool = False) -> T:
        """Give the remembered answer to a question, or compute and remember it.

        Args:
            question: names the answer, with everything it depends on beside the platform's state and time; never the
                reader, as all readers share it.
            compute: makes the answer; what it gives must not be changed by anybody.
            timeless: the answer does not depend on the clock, so it stands until something is written.
        """
        state = (self.state[0], "") if timeless else self.state
        answer = self._shelf.place(question)
        with answer.lock:
            if answer.state != state:
                answer.value, answer.state = compute(), state
            return cast("T", answer.value)
