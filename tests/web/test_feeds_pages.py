"""Pages and interface of shared data: a file makes a dataset; who holds no grant sees nothing through any door."""

import io
from datetime import timedelta

import polars as pl
import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert
from sqlalchemy.engine import make_url

from lantian.client import Client, LantianError
from lantian.kernel import accounts, audit
from lantian.kernel.accounts.tables import account, account_grant
from lantian.kernel.bootstrap import Platform
from lantian.observations import alerts, catalogue
from lantian.observations.catalogue import rls
from lantian.observations.feeds import Feeds, duties
from lantian.web import create_app
from tests.observations.feeds.world import NOW, settle

API = "/api/v1/datasets"

DOORS = ("page", "sample", "api", "export", "client", "sql")

CISTERN = """
feed: cistern
zh: 示例雨水池
en: Cisterns
about: {zh: 示例雨水池水位。, en: Levels of cisterns.}
owner: water
key: [cistern, day]
time: day
place: region
update: {every: 1 d, within: 12 h}
fields:
  - {name: cistern, type: text, zh: 水池, en: Cistern, required: true}
  - {name: day, type: date, zh: 日期, en: Day, required: true}
  - {name: region, type: region, zh: 区域, en: Region, required: true}
  - {name: level, type: number, unit: m, zh: 水位, en: Level, low: 0, high: 20, decimals: 2}
page: {columns: [cistern, day, region, level], chart: {kind: line, x: day, y: level, by: cistern}, sort: -day}
"""


@pytest.fixture
def world(platform: Platform) -> Platform:
    """Places, two feeds with records in two counties, and accounts of departments."""
    feeds = settle(platform)
    rows = [
        {"kiln": kiln, "at": f"2016-12-1{day} 08:00", "heat": day, "plate": "京A12345", "worker": "张三"}
        for kiln in ("K1", "K2")
        for day in (4, 5, 6)
    ]
    feeds.put("firing", rows, "test")
    with audit.act(platform.engine, "test") as connection:  # without passwords, which are slow on purpose
        for login, role, department in (
            ("owner", "department", "industry"),
            ("asker", "department", "housing"),
            ("office", "admin", None),
        ):
            person = insert(account).values(login=login, name=login, department=department).returning(account.c.id)
            number = connection.scalar(person)
            connection.execute(insert(account_grant).values(account_id=number, role=role, department=department))
    return platform


def client_of(world: Platform, login: str) -> TestClient:
    known = accounts.get_account(world.engine, login)
    token = accounts.create_api_token(world.engine, known, label="test", life=timedelta(days=1))
    client = TestClient(create_app(world), follow_redirects=False)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def granted(world: Platform, until: str, region: str | None) -> int:
    feed = Feeds(world).feed("firing")
    number = catalogue.request(world.engine, feed, "housing", None, "统筹检查", NOW, "asker")
    owner = accounts.get_account(world.engine, "owner")
    day = NOW.date() + timedelta(days=int(until))
    catalogue.decide(world.engine, feed, number, "granted", NOW, owner, until=day, region=region)
    return number


def seen(world: Platform, asker: TestClient, sql: psycopg.Connection) -> dict[str, list[str]]:
    """The kilns that the department sees, through each door."""
    page, entry = asker.get("/feeds/firing").text, asker.get("/catalogue/firing").text
    records = asker.get(f"{API}/firing/records")
    exported = asker.get(f"{API}/firing/records", params={"format": "parquet"})
    mine = Client(
        "http://testserver", asker.headers["Authorization"].removeprefix("Bearer "), transport=asker._transport
    )
    if records.status_code == 200:
        frame = mine.records("firing")
    else:
        frame = pl.DataFrame(schema={"kiln": pl.String})
        with pytest.raises(LantianError, match="403: firing 未授权"):
            mine.records("firing")
    kilns = sql.execute('select distinct kiln from lantian_feeds."firing" order by 1').fetchall()
    return {
        "page": [kiln for kiln in ("K1", "K2") if f"<td>{kiln}</td>" in page],
        "sample": [kiln for kiln in ("K1", "K2") if f"<td>{kiln}</td>" in entry],
        "api": sorted({row["kiln"] for row in records.json()}) if records.status_code == 200 else [],
        "export": sorted(set(pl.read_parquet(io.BytesIO(exported.content))["kiln"]))
        if exported.status_code == 200
        else [],
        "client": sorted(set(frame["kiln"])),
        "sql": [row[0] for row in kilns],
    }


@pytest.mark.requirement("M6")
def test_a_department_sees_through_every_door_what_it_was_granted_and_nothing_else(world):
    rls.sql_role(world.engine, "housing", "a-secret-of-housing", Feeds(world).all().values())
    url = make_url(world.database.conninfo).set(username="lantian_dept_housing", password="a-secret-of-housing")
    asker = client_of(world, "asker")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as sql:
        nothing = {door: [] for door in DOORS}
        assert seen(world, asker, sql) == nothing
        assert "未授权" in asker.get("/feeds/firing").text
        assert asker.get(f"{API}/firing/records").status_code == 403
        number = granted(world, "3", "110105")
        assert seen(world, asker, sql) == {door: ["K2"] for door in DOORS}
        assert sql.execute("select plate, worker, heat from lantian_feeds.firing order by at limit 1").fetchall() == [
            ("京A****5", "张**", 4.0)
        ]
        for question in ("select feed from feed_record", "select 1 from feed_grant", "select 1 from feed_access"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                sql.execute(question)
        sql.execute(
            "select set_config('lantian.scope', '{\"firing\": null}', false)"
        )  # what pages state widens nothing
        assert seen(world, asker, sql) == {door: ["K2"] for door in DOORS}
        world.clock.jump(NOW + timedelta(days=4))
        assert seen(world, asker, sql) == nothing
        world.clock.jump(NOW)
        owner = accounts.get_account(world.engine, "owner")
        catalogue.revoke(world.engine, Feeds(world).feed("firing"), number, NOW, owner, "用途已完成")
        assert seen(world, asker, sql) == nothing
    read = catalogue.readings(world.engine, "firing", NOW)
    assert set(read.filter(account="asker")["via"]) == {"page", "api", "export"}
    assert read.filter(via="sql").select("account", "department", "times", "rows").rows() == [
        ("lantian_dept_housing", "housing", 6, None)
    ]
    assert "lantian_dept_housing" in client_of(world, "owner").get("/catalogue/firing").text
    assert read.filter(account="asker", via="api")["department"].to_list() == ["housing"]


@pytest.mark.requirement("M6", part="a city adds a dataset without Python")
def test_a_definition_file_alone_gives_template_import_page_interface_catalogue_and_alarm(world):
    (world.home / "feeds" / "cistern.yaml").write_text(CISTERN, encoding="utf-8")
    office = client_of(world, "office")
    template = office.get("/feeds/cistern/template.csv").content
    assert template.startswith(b"\xef\xbb\xbf")
    filled = template + "C1,2016-12-16,朝阳区,3.5\r\nC2,2016-12-16,110101,33\r\n".encode()
    done = office.post("/feeds/cistern/upload", files={"file": ("水池.csv", filled)})
    assert done.status_code == 200
    assert "新增 1 条，修订 0 条，未变 0 条，退回 1 行" in done.text
    assert all(word in done.text for word in ("水池.csv", '<td class="nowrap">4</td>', "33", "单位 m"))
    page = office.get("/feeds/cistern").text
    assert "<td>C1</td>" in page
    assert "data-chart" in page
    assert office.get(f"{API}/cistern/records").json()[0]["level"] == 3.5
    assert "示例雨水池" in office.get("/catalogue").text
    assert "水位" in office.get("/catalogue/cistern").text
    assert "示例雨水池" in office.get("/feeds/health").text
    assert duties.watch(world, "job") == []
    world.clock.jump(NOW + timedelta(days=2))
    raised = duties.watch(world, "job")
    assert duties.watch(world, "job") == []
    standing = alerts.listed(world.engine, [(None, None)], as_of=world.clock.now(), kind="stale")
    mine = next(one for one in standing if one.alert.subject == "cistern")
    assert mine.id in raised
    assert (mine.alert.department, mine.alert.region, mine.open) == ("water", "110000", True)
    assert "示例雨水池已断供" in mine.alert.zh
    assert "断供" in office.get("/catalogue/cistern").text
    office.post(f"{API}/cistern/records", json={"rows": [{"cistern": "C1", "day": "2016-12-18", "region": "110105"}]})
    duties.watch(world, "job")
    over = alerts.listed(world.engine, [(None, None)], as_of=world.clock.now(), kind="stale", subject="cistern")
    assert [one.open for one in over] == [False]


@pytest.mark.requirement("M6", part="a definition by upload")
def test_the_catalogue_takes_a_definition_and_says_what_is_wrong_with_another(world):
    office, owner = client_of(world, "office"), client_of(world, "owner")
    wrong = office.post("/catalogue", files={"file": ("c.yaml", CISTERN.replace("high: 20", "high: -1"))})
    assert wrong.status_code == 422
    assert "c.yaml, fields, level, high：-1.0；应为 at least low" in wrong.text
    assert owner.post("/catalogue", files={"file": ("c.yaml", CISTERN)}).status_code == 422  # not its department's
    taken = office.post("/catalogue", files={"file": ("c.yaml", CISTERN)})
    assert (taken.status_code, taken.headers["location"]) == (303, "/catalogue/cistern")
    assert office.get("/feeds/cistern").status_code == 200
    assert (world.home / "feeds" / "cistern.yaml").read_text(encoding="utf-8") == CISTERN


@pytest.mark.requirement("M6", part="request and grant")
def test_a_department_asks_and_the_owner_answers_on_the_page(world):
    asker, owner, office = (client_of(world, login) for login in ("asker", "owner", "office"))
    assert asker.post("/catalogue/firing/request", data={"purpose": "统筹检查", "region": "110105"}).status_code == 303
    again = asker.post("/catalogue/firing/request", data={"purpose": "再申请"})
    assert again.status_code == 422
    assert "1 项申请等您答复" in owner.get("/catalogue").text
    number = catalogue.requests(world.engine, ["firing"])[0].id
    address = f"/catalogue/firing/requests/{number}"
    assert asker.post(address, data={"decision": "grant", "until": "2016-12-31"}).status_code == 403
    late = owner.post(address, data={"decision": "grant", "until": "2016-12-01"})
    assert late.status_code == 422
    assert owner.post(address, data={"decision": "refuse"}).status_code == 422
    assert owner.post(address, data={"decision": "grant", "until": "2016-12-31", "region": "110105"}).status_code == 303
    assert "<td>K2</td>" in asker.get("/feeds/firing").text
    assert "授权至 2016-12-31" in asker.get("/catalogue/firing").text
    assert owner.post(address, data={"decision": "revoke", "reason": "到此为止"}).status_code == 303
    assert "到此为止" in asker.get("/catalogue/firing").text
    assert "asker" in owner.get("/catalogue/firing").text
    assert office.get("/catalogue/nothing").status_code == 404


@pytest.mark.requirement("M6", part="export in pages, incremental")
def test_pages_and_since_lose_and_double_nothing_while_data_arrive(world):
    office, feeds = client_of(world, "office"), Feeds(world)
    got, parameters = [], {"limit": 2}
    while True:
        answer = office.get(f"{API}/firing/records", params=parameters)
        got += [(row["kiln"], row["at"], row["heat"]) for row in answer.json()]
        if len(got) == 2:  # after the first page: one is revised that was not sent yet, one is new
            feeds.put("firing", [{"kiln": "K2", "at": "2016-12-15 08:00", "heat": 99}], "test")
            feeds.put("firing", [{"kiln": "K1", "at": "2016-12-16 18:00", "heat": 1}], "test")
        if "X-Next-Cursor" not in answer.headers:
            break
        assert 'rel="next"' in answer.headers["Link"]
        parameters = {"limit": 2, "cursor": answer.headers["X-Next-Cursor"]}
    assert len(got) == len({row[:2] for row in got}) == 6
    assert sorted(row[2] for row in got) == [4, 4, 5, 5, 6, 6]
    after = office.get(f"{API}/firing/records", params={"since": answer.headers["X-Since"]})
    assert sorted(row["heat"] for row in after.json()) == [1, 99]
    nothing = office.get(f"{API}/firing/records", params={"since": after.headers["X-Since"]})
    assert nothing.json() == []
    for kind, read in (("csv", pl.read_csv), ("arrow", pl.read_ipc_stream), ("parquet", pl.read_parquet)):
        table = read(io.BytesIO(office.get(f"{API}/firing/records", params={"format": kind}).content))
        assert table.height == 7
        assert {"kiln", "region", "flags", "known_at"} <= set(table.columns)
    for wrong in ({"cursor": "x"}, {"since": "yesterday"}, {"where": "colour:red"}, {"region": "1"}, {"limit": 0}):
        assert office.get(f"{API}/firing/records", params=wrong).status_code == 422, wrong
    assert [row["kiln"] for row in office.get(f"{API}/firing/records", params={"where": "heat:99"}).json()] == ["K2"]


def test_rows_by_http_are_judged_and_the_wrong_ones_named(world):
    owner, asker = client_of(world, "owner"), client_of(world, "asker")
    rows = [{"kiln": "K1", "at": "2016-12-16T20:00+08:00", "heat": 7}, {"kiln": "K8", "at": "2016-12-16"}]
    answer = owner.post(f"{API}/firing/records", json={"rows": rows, "source": "业务系统"}).json()
    assert (answer["new"], answer["rejected"]) == (1, 1)
    assert answer["refused"][0] | {"reason": ""} == {
        "line": "2", "field": "kiln", "value": "K8", "reason": "",
        "reason_en": "there is no such record of kiln (K2, K1)",
    }  # fmt: skip
    assert owner.get(f"/feeds/firing/rejected?batch={answer['batch']}").status_code == 200
    assert asker.post(f"{API}/firing/records", json={"rows": rows}).status_code == 403
    unknown = owner.post(f"{API}/firing/records", json={"rows": [{"colour": "red"}]})
    assert unknown.status_code == 422
