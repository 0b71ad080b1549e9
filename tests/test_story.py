"""The loop of people, told on the example 示例: from the first draw to who is held to account and what is published.

One campaign with one site a city and round, with everything that came of it. Beside it stands a platform on which the
campaign had only come to 1 October: what it said that evening is what the other must still say of that evening.
"""

import json
import secrets
import shlex
import shutil
import tomllib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from lantian.accountability import packs, service
from lantian.accountability.evaluate import evaluate
from lantian.accountability.records import Books
from lantian.accountability.store import Evaluations, replay
from lantian.assessment.periods import parse
from lantian.cli import app, loading
from lantian.disclosure.portal import cases as portal
from lantian.disclosure.service import Disclosure
from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import Settings
from lantian.observations.importer import import_paths
from lantian.places.store import load_folder
from lantian.standards import workdays
from lantian.supervision import example as cases
from lantian.supervision.events import BEIJING
from lantian.supervision.ledger import Filter
from lantian.supervision.programme import quadrants, rollup
from lantian.supervision.programme.service import Programme
from lantian.supervision.register.service import Register
from lantian.supervision.service import Supervision
from lantian.web import create_app
from lantian.web.security import COOKIE

EXAMPLE = Path(__file__).parents[1] / "examples/beijing"
CONFIG = tomllib.loads((EXAMPLE / "example.toml").read_text("utf-8"))
CAMPAIGN = {**CONFIG["campaign"], "per_city": 1}
NAME = CAMPAIGN["name"]
NOW = datetime(2016, 12, 16, 20, tzinfo=BEIJING)
THEN, SEASON = date(2016, 10, 1), "2016AW"


@pytest.fixture(scope="module")
def two(server, administration, template, tmp_path_factory):
    """The campaign to its end, and what was evaluated where it had only come to the evening of 1 October."""
    folder, names = tmp_path_factory.mktemp("story"), [f"lantian_story_{secrets.token_hex(6)}" for _ in range(2)]

    def settings(number):
        url = make_url(server).set(database=names[number]).render_as_string(hide_password=False)
        return Settings(home=folder / f"home{number}", database_url=url, example=True)

    try:
        administration.execute(f"create database {names[0]} template {template}")
        with open_platform(settings=settings(0)) as opened:
            regions = {one["role"]: one["region"] for one in CONFIG["accounts"] if "region" in one}
            accounts.ensure_example(opened.engine, True, regions)
            load_folder(opened.engine, EXAMPLE, "example", home=opened.home)
            import_paths(opened, list((EXAMPLE / "data").glob("cities28_daily_*.csv.gz")), actor="example")
            opened.clock.set_simulated(NOW, paused=True)
            targets = [one for one in CONFIG["targets"] if one.get("group")]
            loading.put_targets(opened, {"targets": targets, "example": True}, "example", Progress())
        administration.execute(f"create database {names[1]} template {names[0]}")
        shutil.copytree(folder / "home0", folder / "home1")
        with open_platform(settings=settings(1)) as early:
            evening = datetime(2016, 10, 1, 23, 59, 59, tzinfo=BEIJING)
            early.clock.set_simulated(evening, paused=True)
            cases.install(early, {**CAMPAIGN, "until": "2016-10-01T23:59:59"}, "example", Progress())
            said = evaluated(early, THEN).to_json()
        with open_platform(settings=settings(0)) as opened:
            loading.put_campaign(opened, CAMPAIGN, "example", Progress())
            yield opened, said
    finally:
        for name in names:
            administration.execute(f"drop database if exists {name} with (force)")


@pytest.fixture(scope="module")
def told(two) -> Platform:
    return two[0]


def evaluated(platform, day):
    return evaluate(packs.load("2017-18"), service.facts(platform, parse(SEASON), day))


def evening(day):
    return datetime(day.year, day.month, day.day, 23, 59, 59, 999999, tzinfo=BEIJING)


def audited(platform):
    with platform.engine.connect() as connection:
        return connection.scalar(sa.text("select max(seq) from audit"))


@pytest.mark.requirement("V1")
def test_the_draw_of_a_round_is_repeated_by_its_command(told, tmp_path):
    register = Register(told)
    drawing = next(one.drawing for one in register.campaign(NAME).rounds if one.round.number == 3)
    path = tmp_path / "list.csv"
    path.write_text(register.list_of(drawing.list_sha256), encoding="utf-8")
    words = ["round", "draw", "--candidates", str(path), "--seed", drawing.seed, "--n", str(drawing.n)]
    printed = CliRunner().invoke(app, [*words, "--shares", drawing.shares, "--json"])
    assert printed.exit_code == 0, printed.output
    again = json.loads(printed.stdout)
    drawn = {one.site.id: (one.stratum, one.rank, one.hash) for one in register.targets(NAME, 3)}
    assert {one["id"]: (one["stratum"], one["rank"], one["hash"]) for one in again["drawn"]} == drawn
    assert len(drawn) == 28
    assert shlex.split(again["command"])[1:] == [*words, "--shares", drawing.shares]
    other = CliRunner().invoke(app, [*words[:-3], "another seed", "--n", str(drawing.n), "--json"])
    assert {one["id"] for one in json.loads(other.stdout)["drawn"]} != drawn.keys()


@pytest.mark.requirement("V3", part="one case from the draw that found it to 销号, and as it stood on each day")
def test_a_case_is_followed_from_the_draw_to_its_end(told):
    desk = Supervision(told)
    target = next(
        one
        for one in Register(told).targets(NAME)
        if one.case_number and desk.case(one.case_number).case.state == "closed"
    )
    record = desk.case(target.case_number)
    assert record.case.finding["region"] == target.site.region
    assert record.case.finding["round"] == f"{NAME}/{target.number}"
    assert record.events[0].at == target.inspected_at
    moves = [event.move for event in record.events if event.kind == "move"]
    assert moves[:3] == ["hand_over", "accept", "report"]
    assert moves[-1] == "pass"
    for event in record.events:
        if event.move == "hand_over":
            handed = desk.case(record.number, event.at).case
            assert (handed.state, handed.due.date) == ("handed", workdays.add(event.day, 1).date)
        if event.move in ("report", "pass"):
            assert event.evidence, "who mended it and who checked it each show a picture"
    first, end = record.events[0], next(event for event in record.events[::-1] if event.move == "pass")
    assert desk.case(record.number, first.at).case.state == "found"
    assert desk.case(record.number, end.at - timedelta(seconds=1)).case.state == "reported"
    with pytest.raises(LookupError):
        desk.case(record.number, first.at - timedelta(seconds=1))

    def numbers(standing, moment):
        return {row["number"] for row in desk.ledger(Filter(standing=standing), moment, limit=5000).rows}

    assert record.number in numbers("open", end.at - timedelta(seconds=1))
    assert record.number in numbers("closed", end.at)
    assert record.number not in numbers("open", end.at)


@pytest.mark.requirement("V4", part="ledger, tally, accountability, order letter: the same numbers of one day")
def test_the_counts_of_one_day_agree(told):
    day, desk = date(2016, 12, 1), Supervision(told)
    kept = Evaluations(told.engine).made()[0]
    assert kept.as_of == day
    rows = desk.ledger(Filter(standing="unfinished"), evening(day), limit=5000).rows
    ledger = Counter(row["owner_region"] for row in rows)
    tally = desk.tally(evening(day), date(2016, 10, 1), day)
    assert dict(tally.filter(pl.col("unfinished") > 0).select("region", "unfinished").iter_rows()) == ledger
    facts = {one["code"]: one.get("unfinished") or 0 for one in json.loads(kept.facts)["counties"]}
    assert {code: int(count) for code, count in facts.items() if int(count)} == ledger
    with TestClient(create_app(told)) as client:
        account = accounts.get_account(told.engine, "example-office")
        client.cookies.set(COOKIE, accounts.open_session(told.engine, account))
        shown = client.get(f"/api/v1/accountability/evaluations/{kept.id}").json()
        page = client.get(f"/accountability?evaluation={kept.id}").text
    for proposal in shown["proposals"]:
        for fact in proposal["facts"]:
            if fact["name"] == "unfinished":
                assert int(fact["value"]) == ledger[proposal["where"]]
        assert proposal["name"] in page
    letter = next(one for one in Disclosure(told).documents() if one.kind == "order_letter")
    values = Disclosure(told).document(letter.id).values
    trigger, made = letter.duty[2], letter.made_at
    seen = desk.ledger(Filter(standing="all", region="110000", source="inspection"), made, limit=5000).rows
    wanted = {row["number"]: row for row in seen if trigger - timedelta(days=30) <= row["opened_on"] <= trigger}
    assert {case["number"] for case in values["cases"]} == wanted.keys()
    assert all(
        case["due"] == wanted[case["number"]]["due"].isoformat()
        for case in values["cases"]
        if wanted[case["number"]]["due"]
    )


@pytest.mark.requirement("C1")
@pytest.mark.requirement("K4", part="an evaluation as of a past day")
def test_an_evaluation_of_a_past_day_stays_what_it_was(two):
    platform, said = two
    assert evaluated(platform, THEN).to_json() == said
    assert evaluated(platform, date(2016, 12, 1)).to_json() != said.replace("2016-10-01", "2016-12-01")
    kept = Evaluations(platform.engine).made()[0]
    assert replay(kept).same
    assert evaluated(platform, kept.as_of).to_json() == kept.result_json


@pytest.mark.requirement("C1", part="people decide; what was promised becomes tasks")
def test_people_decided_and_what_was_promised_became_tasks(told):
    rows = Evaluations(told.engine)
    kept = rows.made()[0]
    verdicts = [one.verdict for one in rows.decisions([kept.id])]
    assert verdicts == ["agree", "agree", "overturn"]
    assert rows.decisions([kept.id], datetime(2016, 12, 4, tzinfo=UTC)) == []
    assert len(rows.agreed(kept.id)) == 2
    promised = [one.task for one in Programme(told).standings() if one.task.source == "interview"]
    assert [(task.quantity, task.due - task.start) for task in promised] == [
        (1, timedelta(days=21)),
        (1, timedelta(days=40)),
    ]
    (held,) = Books(told.engine).interviews()
    assert held.proposal in {one.key for one in rows.agreed(kept.id)}
    assert {task.region for task in promised} == {held.place}


@pytest.mark.requirement("P1", part="a round that ends in the National Day week")
def test_duties_of_a_round_that_ends_in_the_holiday(told):
    """Round 10 ended on Thursday 2016-10-06; 1 to 7 October were off, 8 and 9 October (a weekend) were worked."""
    ended = date(2016, 10, 6)
    assert ended in {one.end for one in Register(told).campaign(NAME).campaign.schedule()}
    duties = [one for one in Disclosure(told).calendar() if one.region == "110000"]
    letter = next(one for one in duties if (one.kind, one.trigger) == ("inspection_letter", ended))
    assert letter.due.date == date(2016, 10, 9)
    told_on = letter.done.done_on
    follow = {one.kind: one.due.date for one in duties if one.trigger == told_on and one.kind != "television_item"}
    assert follow.pop("inspection_letter", None) is None or told_on == ended
    assert follow == {
        "problem_list": {date(2016, 10, 7): date(2016, 10, 9), date(2016, 10, 8): date(2016, 10, 10)}.get(
            told_on, workdays.add(told_on, 2).date
        ),
        "rectification_results": told_on + timedelta(days=15),
    }
    states = Counter(one.state for one in Disclosure(told).calendar() if one.kind == "problem_list")
    assert states["overdue"] == 3
    assert 0 < states["late"] < states["done"]
    before = Disclosure(told).calendar(datetime(2016, 10, 8, 9, tzinfo=BEIJING))
    assert {one.state for one in before if (one.kind, one.trigger) == ("inspection_letter", ended)} <= {"due", "done"}


@pytest.mark.requirement("P1", part="the public list holds published cases and no others")
def test_the_public_list_holds_only_what_was_published(told):
    desk = Supervision(told)
    public = {row["number"] for row in desk.ledger(Filter(standing="all", public=True), limit=5000).rows}
    every = {row["number"] for row in desk.ledger(Filter(standing="all"), limit=5000).rows}
    said = {number for number in every if any(e.kind == "publish" for e in desk.case(number).events)}
    assert public == said
    assert 0 < len(public) < len(every)
    shown = portal.read(told.engine, NOW, NOW.date())
    assert {one.number for one in shown} == public
    text = repr(shown)
    findings = [desk.case(number).case.finding for number in public]
    assert not [one["person"] for one in findings if one["person"] and one["person"] in text]
    assert not [one["address"] for one in findings if one["address"] in text]
    autumn = datetime(2016, 10, 1, 20, tzinfo=BEIJING)
    earlier = portal.read(told.engine, autumn, autumn.date())
    assert {one.number for one in earlier} == {
        number
        for number in public
        if any(event.kind == "publish" and event.at <= autumn for event in desk.case(number).events)
    }


@pytest.mark.requirement("K4", part="the example is loaded once")
def test_loading_again_changes_nothing(told):
    before = audited(told)
    loading.put_campaign(told, CAMPAIGN, "example", Progress())
    assert audited(told) == before


@pytest.mark.requirement("V7")
def test_effort_stands_beside_the_air(told):
    programme = Programme(told)
    plan = next(one for one in programme.plans() if one.code == "2016-28")
    standings = programme.standings(programme=plan.code)
    groups = rollup.group(standings, "county")
    places = quadrants.places(groups, programme.air([one.key for one in groups], plan.period))
    assert len(places) == 28
    worse = quadrants.listed(places, "kept_worse")
    assert worse
    assert all(one.air.now >= one.air.before and one.percent >= 80 for one in worse)
    assert {one.state for one in standings} >= {"done", "on_time", "late", "missing"}


@pytest.mark.requirement("K4", part="the example is written as of its own days")
def test_what_is_written_of_a_day_was_written_on_that_day(told):
    """Nothing carries the time of its loading."""
    tables = {
        "programme_report": "at",
        "programme_task": "at",
        "meeting": "made_at",
        "case_event": "at",
        "accountability_evaluation": "made_at",
        "disclosure_event": "recorded_at",
        "duty_done": "recorded_at",
        "document": "made_at",
    }
    with told.engine.connect() as connection:
        for table, column in tables.items():
            latest = connection.scalar(sa.text(f"select max({column}) from {table}"))
            assert latest <= NOW, f"{table}: {latest}"
