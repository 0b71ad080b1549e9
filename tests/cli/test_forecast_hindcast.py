"""A hindcast by command: on data that came in after training, and what it says where the model has seen the days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lantian.forecast import learn, shelf, verify, verify_clearing
from lantian.kernel.bootstrap import Platform
from tests.forecast import statistics_made as made

from .conftest import Commands

LATER = timedelta(days=made.DAYS)
FIRST = made.FIRST + LATER + timedelta(days=made.DAYS - 8)
LAST = FIRST + timedelta(days=1)


@pytest.fixture
def trained(platform: Platform) -> Platform:
    """A platform with a model of the city on its shelf, and hours and days that came in after it was trained."""
    shelf.of(platform).add(made.calibrator("history", made.UNLEARNT), datetime(2015, 9, 1, tzinfo=UTC))
    platform.clock.set_simulated(made.moment(FIRST + timedelta(days=9), 20), paused=True)
    made.load(platform, later=LATER, days=60)
    return platform


@pytest.mark.requirement("F5", part="hindcasts by command on data imported after training: by lead day, place and goal")
def test_a_hindcast_of_days_that_came_after_training(trained: Platform, commands: Commands) -> None:
    asked = ("forecast", "hindcast", "--from", FIRST, "--to", LAST, "--mode", "history")
    value = commands.value(*asked)
    assert (value["issues"], value["days"], value["seen"]) == (2, 7, 0)
    assert value["model"]["ends"] < f"{FIRST}"
    rows = [row for row in value["table"] if row["source"] == "statistics"]
    assert {row["place"] for row in rows} == {made.REGION, *made.STATIONS}
    assert {row["lead"] for row in rows if row["item"] == "pm25"} == set(range(1, 8))
    assert all(row["n_persistence"] == row["n"] for row in rows)
    assert set(value["definitions"]) == set(verify.DEFINITIONS)
    city = {row["lead"]: row for row in rows if (row["place"], row["item"]) == (made.REGION, "pm25")}
    goals = {(one["item"], one["definition"]): one for one in value["goals"]}
    assert set(goals) == {(item, name) for item in ("pm25", "o3_8h") for name in ("accuracy", "within_25")}
    fine = goals["pm25", "accuracy"]
    assert (fine["goal"], fine["reached"], fine["n"]) == (0.85, city[1]["accuracy"], 2)
    assert fine["met"] is (fine["reached"] >= 0.85)
    assert fine["by_lead"] == {f"{lead}": row["accuracy"] for lead, row in city.items()}
    clears = {row["name"]: row for row in value["clearing"]}
    assert set(clears) == {"北京市", *made.STATIONS}
    assert (clears["北京市"]["n"], clears["北京市"]["wait"], clears["北京市"]["n_probability"]) == (2, 16, 2)
    assert set(value["definitions_clearing"]) == set(verify_clearing.DEFINITIONS)
    told = commands.run(*asked).stdout
    assert "none of these days was learnt from" in told
    assert "24 小时目标 goals at 24 h" in told
    assert "转清 clearing of dirty air" in told


@pytest.mark.requirement("F5", part="a hindcast says on how many days the model has learnt")
def test_a_hindcast_of_days_that_were_learnt_says_so(trained: Platform, commands: Commands) -> None:
    made.load(trained, days=60)
    day = made.FIRST + timedelta(days=made.DAYS - 9)
    asked = ("forecast", "hindcast", "--from", day, "--to", day, "--mode", "history")
    value = commands.value(*asked)
    assert (value["days"], value["seen"]) == (7, 7)
    assert "ATTENTION: 7 of these 7 days were learnt from, so this is no proof" in commands.run(*asked).stdout
    refused = commands.refusal(*asked[:-1], "perfect", code=3)
    assert "no model of mode perfect is on the shelf" in refused


def test_a_model_of_another_city_is_told_apart_from_missing_observations(trained: Platform, commands: Commands) -> None:
    own = made.calibrator("history", made.UNLEARNT)
    strange = replace(own, network=None, cities=replace(own.cities, codes=("310000",)))
    shelf.of(trained).add(strange, datetime(2015, 9, 2, tzinfo=UTC))
    asked = ("forecast", "hindcast", "--from", FIRST, "--to", LAST, "--mode", "history")
    assert "none of the places with hours here (110000, 1001A, 1002A)" in commands.refusal(*asked, code=3)


@pytest.mark.requirement("F5", part="training by command: versions with their data range and scores")
def test_training_puts_a_version_on_the_shelf(
    commands: Commands, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.clock.set_simulated(made.moment(FIRST, 20), paused=True)
    made.load(platform, days=3)
    learnt = made.calibrator("history", made.UNLEARNT)  # by the training that is not there below
    monkeypatch.setattr(learn, "train", lambda _known, *, mode, **_: learnt)
    (card,) = commands.value("forecast", "train", "--mode", "history")["models"]
    assert (card["mode"], card["begins"], card["ends"]) == (
        "history",
        f"{made.FIRST}",
        f"{made.FIRST + timedelta(days=made.DAYS - 1)}",
    )
    assert "region pm25 lead 1 accuracy" in card["scores"]
    assert shelf.of(platform).open(card["version"]).places == tuple(card["places"])
