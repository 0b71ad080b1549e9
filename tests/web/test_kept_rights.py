"""Hours, days and minutes lie in files: who holds no grant sees none of them through any door, who holds one sees those
of the region granted, and nothing after its end.
"""

import io
from collections.abc import Iterator
from datetime import timedelta

import polars as pl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from lantian.client import Client, LantianError
from lantian.kernel import accounts, audit
from lantian.kernel.accounts.tables import account, account_grant
from lantian.kernel.bootstrap import Platform
from lantian.observations import catalogue
from lantian.observations.feeds import Feeds
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import TelemetryStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web import create_app
from tests.observations.feeds.world import NOW, settle

API = "/api/v1/datasets"
NAMES = {"own_hours": ("1003A", "1005A"), "own_days": ("110101", "110105"), "device_minutes": ("D1", "D2")}
"""Dataset: its place in the county that is not granted, and in the one that is."""
NAMED = {"1003A": "东四", "1005A": "朝阳", "110101": "东城区", "110105": "朝阳区"}
TIME = NOW - timedelta(hours=2)


@pytest.fixture
def world(platform: Platform) -> Platform:
    """Two counties with a station and a device each, their hours, days and minutes; two departments."""
    feeds = settle(platform)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110105", "朝阳区", "Chaoyang")], "test")
    places.put_stations([Station("1005A", "朝阳", "state", "110105", 116.5, 39.95)], "test")
    for name, ours in (("own_hours", "station_hours"), ("own_days", "city_days")):
        text = feeds.all()[ours].text.replace(f"feed: {ours}", f"feed: {name}")
        feeds.add(text.replace("sensitivity: open", "sensitivity: shared"), "test")
    store = ObservationStore(platform)
    hours = {"place": ["1003A", "1005A"], "time": [TIME] * 2, "pm25": [81.0, 82.0]}
    store.append(pl.DataFrame(hours), "hour", "test", actor="test")
    days = {"place": ["110101", "110105"], "date": [TIME.date() - timedelta(days=1)] * 2, "pm25": [71.0, 72.0]}
    store.append(pl.DataFrame(days), "day", "test", actor="test")
    since = NOW - timedelta(days=9)
    both = (("D1", "110101"), ("D2", "110105"))
    Register(platform).put([Device(mn, "dust", "22", mn, region, since, "123456") for mn, region in both], "test")
    minute = {"resolution": "minute", "item": "pm10", "time": TIME, "known_at": TIME, "value": 91.0}
    TelemetryStore(platform).append(pl.DataFrame([{"device": mn, **minute} for mn, _ in both]), "test")
    with audit.act(platform.engine, "test") as connection:  # without passwords, which are slow on purpose
        for login, department in (("owner", "ecology"), ("asker", "housing")):
            person = insert(account).values(login=login, name=login, department=department).returning(account.c.id)
            number = connection.scalar(person)
            given = {"account_id": number, "role": "department", "department": department}
            connection.execute(insert(account_grant).values(given))
    return platform


@pytest.fixture
def client(world: Platform) -> Iterator[TestClient]:
    """The department that asks."""
    known = accounts.get_account(world.engine, "asker")
    token = accounts.create_api_token(world.engine, known, label="test", life=timedelta(days=30))
    with TestClient(create_app(world), headers={"Authorization": f"Bearer {token}"}) as made:
        yield made


def seen(client: TestClient, name: str) -> dict[str, list[str]]:
    """The places of a dataset that the department sees, through each door."""
    places = NAMES[name]
    key = "device" if name == "device_minutes" else "place"
    answer = client.get(f"{API}/{name}/records")
    files = [client.get(f"{API}/{name}/records", params={"format": kind}) for kind in ("csv", "arrow", "parquet")]
    readers = (pl.read_csv, pl.read_ipc_stream, pl.read_parquet)
    open_to_it = answer.status_code == 200
    assert {answer.status_code, *(one.status_code for one in files)} in ({200}, {403})
    mine = Client("http://testserver", client.headers["Authorization"][7:], transport=client._transport)
    if open_to_it:
        frames = [read(io.BytesIO(one.content)) for read, one in zip(readers, files, strict=True)]
        drawn = mine.records(name)
    else:
        frames, drawn = [], pl.DataFrame(schema={key: pl.String})
        with pytest.raises(LantianError, match=f"403: {name} 未授权"):
            mine.records(name)
    texts = {door: client.get(address).text for door, address in (("page", "feeds"), ("sample", "catalogue"))
             for address in [f"/{address}/{name}"]}  # fmt: skip
    found = {
        door: [place for place in places if any(f"<td>{word}</td>" in text for word in (place, NAMED.get(place)))]
        for door, text in texts.items()
    }
    found["api"] = sorted({row[key] for row in answer.json()}) if open_to_it else []
    found["export"] = sorted({str(one) for frame in frames for one in frame[key]})
    found["client"] = sorted(set(drawn[key].cast(pl.String)))
    if name == "device_minutes":
        answers = {mn: client.get(f"/api/v1/devices/{mn}/readings") for mn in places}
        found["device"] = [mn for mn, one in answers.items() if one.status_code == 200 and one.json()]
        found["raw log"] = [mn for mn in places if client.get(f"/api/v1/devices/{mn}/packets").status_code == 200]
        found["device page"] = [mn for mn in places if client.get(f"/devices/{mn}").status_code == 200]
    return found


@pytest.mark.requirement("M6", part="filtered segments: page, interface, export, client")
def test_a_department_sees_of_files_what_it_was_granted_and_nothing_else(world, client):
    owner = accounts.get_account(world.engine, "owner")
    before = {name: seen(client, name) for name in NAMES}
    assert {place for doors in before.values() for found in doors.values() for place in found} == set()
    for name in NAMES:
        feed = Feeds(world).feed(name)
        number = catalogue.request(world.engine, feed, "housing", None, "统筹检查", NOW, "asker")
        until = NOW.date() + timedelta(days=3)
        catalogue.decide(world.engine, feed, number, "granted", NOW, owner, until=until, region="110105")
    for name, (_, granted) in NAMES.items():
        found = seen(client, name)
        assert found == {door: [granted] for door in found}, name
    log = catalogue.readings(world.engine, "own_hours", NOW).filter(account="asker")
    assert set(log["via"]) == {"page", "api", "export"}
    world.clock.jump(NOW + timedelta(days=4))
    after = {name: seen(client, name) for name in NAMES}
    assert {place for doors in after.values() for found in doors.values() for place in found} == set()
    assert before["device_minutes"].keys() > {"page", "sample", "api", "export", "client"}
