"""`lantian case`: the ledger for scripts, and computing anew."""

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from lantian.cli import app
from lantian.kernel import audit
from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform
from lantian.supervision.events import Party
from lantian.supervision.findings import Finding
from lantian.supervision.service import Supervision
from lantian.supervision.tables import supervision_case

HELD = frozenset({"cases.read", "cases.report", "cases.assign"})
OFFICE = Account(1, "office", "office", region="110000", grants=(Grant("office", HELD, None, "110000"),))


@pytest.fixture
def known(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    platform.clock.set_simulated(datetime(2016, 12, 1, 1, tzinfo=UTC), paused=True)
    cases = Supervision(platform)
    number = cases.open(Finding("土方未覆盖", "construction", "letter", "110105"), OFFICE)
    owner = Party("110105", "housing")
    cases.move(number, "hand_over", OFFICE, "交办", owner=owner, days=7, requirement="覆盖")
    monkeypatch.setenv("LANTIAN_HOME", str(platform.home))
    monkeypatch.setenv("LANTIAN_DATABASE_URL", platform.engine.url.render_as_string(hide_password=False))
    return platform


def said(*arguments: str) -> tuple[int, dict]:
    answer = CliRunner().invoke(app, ["case", *arguments, "--json"])
    return answer.exit_code, json.loads(answer.stdout)


@pytest.mark.requirement("V4", part="for scripts")
def test_the_ledger_and_a_case_are_given_as_json(known):
    code, found = said("list", "--standing", "overdue", "--as-of", "2016-12-05T09:00")
    assert (code, found["total"], found["cases"][0]["state"]) == (0, 1, "handed")
    code, one = said("show", "2016-000001")
    assert [event["move"] for event in one["events"]] == [None, "hand_over"]
    assert said("show", "2016-000009")[0] != 0
    assert said("list", "--standing", "lost")[0] != 0
    assert said("list", "--as-of", "2016-11-01T09:00", "--standing", "all")[1]["total"] == 0


def test_what_is_wrong_is_computed_anew(known):
    with audit.act(known.engine, "mallory") as connection:
        connection.execute(update(supervision_case).values(due=date(2030, 1, 1)))
    assert said("rebuild") == (0, {"cases": 1, "changed": 1})
    assert said("rebuild") == (0, {"cases": 1, "changed": 0})
