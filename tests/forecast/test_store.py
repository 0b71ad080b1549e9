"""Runs are stored whole or not at all, and known from when they were there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from lantian.forecast import store_files
from lantian.forecast.store import RunStore
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.tables import audit as trail
from tests.forecast import made

ISSUE = made.ISSUE
PLACES = ("110000", "1001A")


@pytest.fixture
def store(platform: Platform) -> RunStore:
    platform.clock.set_simulated(ISSUE, paused=True)
    return RunStore(platform)


@pytest.fixture(scope="module")
def products() -> dict[str, pl.DataFrame]:
    return made.products(ISSUE, PLACES)


def test_what_is_put_comes_back_with_its_columns(store: RunStore, products: dict[str, pl.DataFrame]) -> None:
    run = store.begin(ISSUE, "history", actor="test", models={"statistics": "v1"})
    assert (run.status, run.revision, run.folder) == ("running", 0, "2016-12-16T20-history")
    put = store.put(run, **products, fields=made.fields(), actor="test")
    assert (put.status, put.revision, put.models) == ("finished", 1, {"statistics": "v1"})
    assert put.sources == ("lantian", "model", "persistence", "statistics")
    for name, frame in products.items():
        assert store.product(put, name).collect().equals(frame)
    fields = store.fields(put)
    assert dict(fields.sizes) == {"time": 6, "item": 6, "y": 30, "x": 30}
    assert float(abs(fields["concentration"] - made.fields()["concentration"]).max()) < 1e-4
    assert store.get(put.id) == put


def test_a_run_is_known_once_it_was_finished(
    store: RunStore, platform: Platform, products: dict[str, pl.DataFrame]
) -> None:
    run = store.begin(ISSUE, "history", actor="test")
    assert store.runs(ISSUE + timedelta(days=9)) == []
    assert [each.id for each in store.runs()] == [run.id]
    # The clock stands at the issue: in that replay the run is finished now.
    assert store.put(run, **products, actor="test").known_at == ISSUE
    # Later, the same issue is known from when it would have been finished, not from today.
    platform.clock.jump(ISSUE + timedelta(days=3))
    again = store.begin(ISSUE, "perfect", actor="test")
    known = store.put(again, **products, actor="test").known_at
    assert known is not None
    assert ISSUE < known < ISSUE + timedelta(minutes=5)
    assert [each.mode for each in store.runs(ISSUE + timedelta(hours=1))] == ["perfect", "history"]
    assert [each.mode for each in store.runs(ISSUE)] == ["history"]


def test_stages_that_took_hours_make_a_run_known_hours_later(
    store: RunStore, platform: Platform, products: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.clock.jump(ISSUE + timedelta(days=3))
    run = store.begin(ISSUE, "weather", actor="test")
    store.stage(run, "nests", actor="test")
    store.stage(run, "nests", actor="test", ended=True, note="4 of 4")
    (stage,) = store.get(run.id).stages
    assert (stage.name, stage.note) == ("nests", "4 of 4")
    assert stage.ended is not None
    assert stage.ended >= stage.began

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return datetime.now(tz) + timedelta(hours=2)

    monkeypatch.setattr("lantian.forecast.store.datetime", Later)
    known = store.put(run, **products, actor="test").known_at
    assert known is not None
    assert timedelta(hours=2) <= known - ISSUE < timedelta(hours=2, minutes=5)


def test_products_put_again_replace_the_former_as_a_whole(store: RunStore, products: dict[str, pl.DataFrame]) -> None:
    run = store.begin(ISSUE, "history", actor="test")
    first = store.put(run, **products, fields=made.fields(), actor="test")
    raised = products | {"values": products["values"].with_columns(pl.col("value") + 1)}
    store.begin(ISSUE, "history", actor="test")
    assert store.product(store.get(run.id), "values").collect().equals(products["values"])  # while it is made anew
    second = store.put(run, **raised, actor="test")
    assert (second.id, second.revision) == (first.id, 2)
    assert store.product(second, "values").collect()["value"][0] == products["values"]["value"][0] + 1
    assert not store.has_fields(second)
    with pytest.raises(FileNotFoundError):
        store.fields(second)
    assert store.product(first, "values").collect().height == products["values"].height  # a reader of before
    store.put(run, **products, actor="test")
    assert sorted(path.name for path in store.folder(run).iterdir()) == ["products-2", "products-3"]


def test_a_writer_that_is_killed_leaves_the_old_products(
    store: RunStore, products: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.begin(ISSUE, "history", actor="test")
    store.put(run, **products, actor="test")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("_write_fields", "_sync_tree"):
        with monkeypatch.context() as patch:
            patch.setattr(store_files, step, die)
            with pytest.raises(KeyboardInterrupt):
                store.put(run, **products, fields=made.fields(), actor="test")
        assert store.get(run.id).revision == 1
        assert store.product(store.get(run.id), "outlook").collect().equals(products["outlook"])
    assert store.put(run, **products, fields=made.fields(), actor="test").revision == 2
    assert not list(store.folder(run).glob("*.tmp"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"values": pl.DataFrame({"issue": [ISSUE]})}, "values: no column source"),
        ({"hours": made.hours(ISSUE, PLACES[:1], length=2).with_columns(so2=pl.lit("much"))}, "hours: "),
        ({"clearing": made.clearing(ISSUE + timedelta(hours=1), PLACES)}, "rows of another issue"),
        ({"fields": made.fields().rename({"item": "species"})}, "expected concentration with dimensions"),
        ({"fields": made.fields().drop_vars("lon")}, "coordinate lon"),
    ],
)
def test_a_wrong_product_changes_nothing_and_is_named(
    store: RunStore, products: dict[str, pl.DataFrame], change: dict[str, object], told: str
) -> None:
    run = store.begin(ISSUE, "history", actor="test")
    with pytest.raises(ValueError, match=told):
        store.put(run, **(products | change), actor="test")  # type: ignore[arg-type]
    assert store.get(run.id).revision == 0
    with pytest.raises(LookupError, match="no products"):
        store.product(run, "values")


def test_an_issue_must_be_an_hour_that_has_come(store: RunStore) -> None:
    for issue, told in (
        (ISSUE + timedelta(hours=1), "clock shows"),
        (ISSUE - timedelta(minutes=5), "whole hour"),
        (ISSUE.replace(tzinfo=None), "zone"),
    ):
        with pytest.raises(ValueError, match=told):
            store.begin(issue, "history", actor="test")
    with pytest.raises(ValueError, match="history, perfect, weather"):
        store.begin(ISSUE, "guess", actor="test")  # type: ignore[arg-type]


def test_runs_are_audited_and_failures_say_why(store: RunStore, platform: Platform) -> None:
    run = store.begin(ISSUE, "history", actor="forecaster")
    failed = store.fail(run, "no weather", actor="forecaster")
    assert (failed.status, failed.error) == ("failed", "no weather")
    assert store.begin(ISSUE, "history", actor="forecaster").error is None
    with platform.engine.connect() as connection:
        rows = connection.execute(select(trail).where(trail.c.table_name == "forecast_run")).all()
    assert [(row.actor, row.operation) for row in rows] == [
        ("forecaster", "INSERT"),
        ("forecaster", "UPDATE"),
        ("forecaster", "UPDATE"),
    ]
    assert audit.verify(platform.engine) == []


def test_the_archive_holds_many_runs_with_their_mode(store: RunStore, platform: Platform) -> None:
    platform.clock.jump(ISSUE + timedelta(days=9))
    for days in range(3):
        issue = ISSUE + timedelta(days=days)
        store.put(store.begin(issue, "history", actor="test"), **made.products(issue, PLACES[:1]), actor="test")
    found = store.archive(store.runs(ISSUE + timedelta(days=9)), "values").collect()
    assert found["issue"].n_unique() == 3
    assert set(found["mode"]) == {"history"}
    assert store.archive([], "outlook").collect().height == 0


def test_the_folder_stands_under_the_home(store: RunStore, platform: Platform) -> None:
    run = store.begin(datetime(2016, 12, 15, 12, tzinfo=UTC), "perfect", actor="test")
    assert store.folder(run) == Path(platform.home) / "forecast" / "runs" / "2016-12-15T20-perfect"
