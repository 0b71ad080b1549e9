"""People of the loop, and a platform that knows one county."""

from datetime import UTC, datetime

import pytest

from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform
from lantian.supervision.service import Supervision

START = datetime(2016, 12, 1, 1, tzinfo=UTC)  # a Thursday, 09:00 in Beijing


def person(login: str, permissions: set[str], region: str | None = "110000", department: str | None = None) -> Account:
    grant = Grant("role", frozenset({"cases.read", *permissions}), department, region)
    return Account(1, login, login, department, region, grants=(grant,))


PEOPLE = {
    "inspector": person("inspector", {"cases.report", "cases.verify"}),
    "office": person("office", {"cases.report", "cases.assign"}),
    "county": person("county", {"cases.report", "cases.handle"}, "110105"),
    "housing": person("housing", {"cases.handle"}, "110105", "housing"),
    "elsewhere": person("elsewhere", {"cases.handle", "cases.verify", "cases.assign"}, "130100"),
    "patrol": person("patrol", {"cases.verify"}),
    "mayor": person("mayor", {"cases.lead"}),
    "everything": person(
        "everything", {"cases.report", "cases.assign", "cases.handle", "cases.verify", "cases.lead"}, None
    ),
}


@pytest.fixture
def people() -> dict[str, Account]:
    return PEOPLE


@pytest.fixture
def desk(platform: Platform) -> Supervision:
    platform.clock.set_simulated(START, paused=True)
    return Supervision(platform)
