"""The Python client against the interface: frames, pages, increments, and one error with the server's sentence."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import httpx2
import polars as pl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from lantian import client as package
from lantian.client import Client, LantianError, connection
from lantian.kernel import accounts, audit
from lantian.kernel.accounts.tables import account, account_grant
from lantian.observations.store import ObservationStore
from lantian.web import create_app
from tests.observations.feeds.world import NOW, settle


@pytest.fixture
def lantian(platform) -> Iterator[Client]:
    feeds = settle(platform)
    feeds.put("firing", [{"kiln": "K1", "at": f"2016-12-1{day} 08:00", "heat": day} for day in (3, 4, 5)], "test")
    with audit.act(platform.engine, "test") as writing:  # without a password, which is slow on purpose
        number = writing.scalar(insert(account).values(login="script", name="示例脚本").returning(account.c.id))
        writing.execute(insert(account_grant).values(account_id=number, role="admin"))
    known = accounts.get_account(platform.engine, "script")
    token = accounts.create_api_token(platform.engine, known, label="test", life=timedelta(days=1))
    transport = TestClient(create_app(platform))._transport
    with Client("http://testserver", token, transport=transport) as made_client:
        yield made_client


def test_the_package_has_two_names():
    assert package.__all__ == ["Client", "LantianError"]


@pytest.mark.requirement("M6", part="lantian.client")
def test_datasets_records_pages_and_increments_are_frames(lantian, platform, monkeypatch):
    catalogue = lantian.datasets()
    assert catalogue.filter(name="firing").select("owner", "records", "readable").rows() == [("industry", 3, True)]
    assert catalogue.schema["newest"] == pl.Datetime("us", "UTC")
    assert [one["name"] for one in lantian.dataset("firing")["fields"]][:2] == ["kiln", "at"]
    monkeypatch.setattr(connection, "PAGE", 2)
    assert lantian.since("firing") is None
    rows = lantian.records("firing")
    assert rows["heat"].to_list() == [3, 4, 5]
    assert rows.schema["at"] == pl.Datetime("us", "UTC")
    assert lantian.records("firing", start=date(2016, 12, 14), end="2016-12-15").height == 1
    assert lantian.records("firing", where={"kiln": "K2"}).is_empty()
    assert lantian.records("firing", as_of=NOW - timedelta(days=1)).is_empty()
    since = lantian.since("firing")
    done = lantian.put(
        "firing", pl.DataFrame({"kiln": ["K1", "K1", "K9"], "at": [datetime(2016, 12, 15, tzinfo=UTC)] * 3})
    )
    assert (done["revised"], done["rejected"]) == (1, 1)
    assert done["refused"][0]["value"] == "K9"
    assert lantian.records("firing", since=since)["heat"].to_list() == [None]
    assert lantian.records("firing", since=lantian.since("firing")).is_empty()
    hours = pl.DataFrame({"place": ["1003A"], "time": [NOW - timedelta(hours=2)], "pm25": [80.0]})
    ObservationStore(platform).append(hours, "hour", "test", actor="test")
    read = lantian.hourly(["1003A"], start=date(2016, 12, 16), items=["pm25"])
    assert read.rows() == [("1003A", NOW - timedelta(hours=2), 80.0)]
    assert lantian.daily().is_empty()


def test_every_error_is_one_kind_with_the_servers_sentence(lantian):
    with pytest.raises(LantianError, match="404: there is no dataset 'nothing'") as refused:
        lantian.records("nothing")
    assert refused.value.status == 404
    with pytest.raises(LantianError, match=r"422: .*where.*colour"):
        lantian.records("firing", where={"colour": "red"})
    with pytest.raises(LantianError, match="unknown field 'colour'"):
        lantian.put("firing", [{"colour": "red"}])
    with pytest.raises(LantianError, match="a time needs its zone"):
        lantian.records("firing", start=datetime(2016, 12, 1))
    broken = httpx2.MockTransport(lambda request: httpx2.Response(502, text="Bad Gateway"))
    with pytest.raises(LantianError, match="502: Bad Gateway"):
        Client("http://nowhere", "x", transport=broken).datasets()
    with pytest.raises(LantianError, match="cannot be reached"):
        Client("http://127.0.0.1:1", "x").datasets()
