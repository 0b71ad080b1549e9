"""Clock, jobs, accounts, audit, documentation of the interface: what they show and do."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from lantian.kernel import accounts, jobs
from lantian.kernel.bootstrap import Platform

SignIn = Callable[[str], None]


@pytest.mark.requirement("K4", part="the clock on every page")
def test_a_replay_is_unmistakable_and_only_those_who_may_get_its_controls(
    site: Platform, client: TestClient, sign_in: SignIn
) -> None:
    public = client.get("/calculator").text
    assert "回放" in public
    assert "2016-12-16 20:00" in public
    assert 'action="/clock"' not in public
    sign_in("forecaster")
    assert 'action="/clock"' in client.get("/calculator").text
    site.clock.set_real()
    real = client.get("/calculator").text
    assert "回放" not in real
    assert 'action="/clock"' not in real


@pytest.mark.requirement("K4", part="the clock on every page")
def test_the_replay_is_paused_stepped_sped_and_set_from_the_page(
    site: Platform, client: TestClient, sign_in: SignIn
) -> None:
    sign_in("analyst")

    def act(action: str, value: str = "") -> int:
        return client.post("/clock", data={"action": action, "value": value, "next": "/calculator"}).status_code

    assert act("step", "-24") == 303
    assert site.clock.now() == datetime(2016, 12, 15, 12, tzinfo=UTC)
    assert act("jump", "2016-12-20T08:30") == 303
    assert site.clock.now() == datetime(2016, 12, 20, 0, 30, tzinfo=UTC)
    assert act("speed", "600") == 303
    assert act("resume") == 303
    assert (site.clock.state.speed, site.clock.state.paused) == (600, False)
    assert site.clock.now() > datetime(2016, 12, 20, 0, 30, tzinfo=UTC)
    assert act("pause") == 303
    assert site.clock.state.paused
    assert act("speed", "-1") == 422
    assert act("jump", "yesterday") == 422
    assert act("fly") == 422
    assert act("real") == 303
    assert not site.clock.state.simulated
    assert act("step", "1") == 422  # nobody moves the real time
    with site.engine.connect() as connection:
        who = connection.execute(text("SELECT DISTINCT actor FROM audit WHERE reason LIKE 'clock: jump%'")).scalars()
        assert "example-analyst" in list(who)


@pytest.mark.requirement("K1", part="pages")
def test_who_may_not_control_the_clock_cannot(site: Platform, client: TestClient, sign_in: SignIn) -> None:
    sign_in("citizen")
    before = site.clock.state
    assert client.post("/clock", data={"action": "step", "value": "1"}).status_code == 403
    assert site.clock.state == before


def test_the_clock_over_the_interface(client: TestClient, sign_in: SignIn) -> None:
    sign_in("analyst")
    assert client.get("/api/v1/clock").json()["now"] == "2016-12-16T12:00:00+00:00"


def test_live_tells_the_clock_to_all_and_jobs_to_those_who_may_see_them(client: TestClient, sign_in: SignIn) -> None:
    client.app.state.stopping.set()  # each stream ends after its first look
    public = client.get("/live").text
    assert json.loads(re.findall(r"event: clock\ndata: (.*)\n\n", public)[0])["simulated"] is True
    assert "event: jobs" not in public
    sign_in("analyst")
    assert "event: jobs" in client.get("/live").text


@jobs.task("web.test", zh="测试任务", en="test job")
def _work(run: jobs.JobRun) -> None:
    run.progress.stage("half", total=2)


def test_jobs_show_stage_share_and_time_left(site: Platform, client: TestClient, sign_in: SignIn) -> None:
    number = jobs.defer(site.engine, _work)
    with site.engine.begin() as connection:
        connection.execute(text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :id"), {"id": number})
        begun = datetime.now(UTC) - timedelta(minutes=3)
        connection.execute(
            text(
                "INSERT INTO job_progress"
                " (job_id, started_at, updated_at, stage, stage_started_at, done, total, message)"
                " VALUES (:id, :at, now(), 'reading', :at, 1, 4, 'file 1')"
            ),
            {"id": number, "at": begun},
        )
    sign_in("analyst")
    page = client.get("/jobs").text
    assert "测试任务" in page
    assert "25 %" in page
    assert "还要约 9 分钟" in page
    assert "测试任务" in client.get("/").text
    told = client.get(f"/api/v1/jobs/{number}").json()
    assert (told["state"], told["progress"]["share"]) == ("running", 0.25)
    assert client.get("/api/v1/jobs?state=running").json()[0]["id"] == number
    assert client.get("/api/v1/jobs?state=lazy").status_code == 422
    assert client.get("/api/v1/jobs/999999").status_code == 404


@pytest.mark.requirement("K1", part="administration")
def test_an_administrator_makes_an_account_and_gives_and_takes_a_role(
    site: Platform, client: TestClient, sign_in: SignIn
) -> None:
    sign_in("admin")
    made = client.post("/accounts", data={"login": "wang", "name": "王 <b>某</b>", "region": "110108"})
    secret = re.search(r'class="secret">(\w{16})<', made.text)
    assert secret is not None
    assert "王 &lt;b&gt;某" in made.text
    assert secret[1] not in client.get("/accounts").text
    account = accounts.get_account(site.engine, "wang")
    assert account is not None
    assert accounts.authenticate(site.engine, "wang", secret[1], "test").must_change_password
    assert client.post(f"/accounts/{account.id}/grants", data={"role": "county", "region": "110108"}).status_code == 303
    given = [grant for grant in accounts.get_account(site.engine, "wang").grants if grant.id]
    assert [(grant.role, grant.region) for grant in given] == [("county", "110108")]
    assert client.post(f"/accounts/{account.id}/grants/{given[0].id}/revoke").status_code == 303
    assert not [grant for grant in accounts.get_account(site.engine, "wang").grants if grant.id]
    assert client.post(f"/accounts/{account.id}/active", data={"active": "false"}).status_code == 303
    assert not accounts.get_account(site.engine, "wang").active
    again = client.post("/accounts", data={"login": "wang", "name": "王"})
    assert again.status_code == 422
    assert "已被使用" in again.text


@pytest.mark.requirement("K1", part="administration")
def test_the_last_administrator_stays(site: Platform, client: TestClient, sign_in: SignIn) -> None:
    sign_in("admin")
    admin = accounts.get_account(site.engine, "admin")
    assert admin is not None
    answer = client.post(f"/accounts/{admin.id}/active", data={"active": "false"})
    assert answer.status_code == 422
    assert "不能没有管理员" in answer.text


@pytest.mark.requirement("K2", part="page")
def test_the_audit_page_shows_before_and_after_and_verifies(
    site: Platform, client: TestClient, sign_in: SignIn
) -> None:
    sign_in("admin")
    site.clock.jump(datetime(2016, 12, 18, tzinfo=UTC), actor="auditor")
    page = html.unescape(client.get("/audit?actor=auditor&table=clock").text)
    assert "2016-12-18T00:00:00" in page
    assert "clock: jump to" in page
    assert "没有符合条件的记录" in client.get("/audit?actor=nobody").text
    older = client.get("/audit?before=2").text
    assert older.count("<tr>") == 2  # the head and entry 1
    assert "核验通过" in client.get("/audit/verify").text


@pytest.mark.requirement("K2", part="page")
def test_the_audit_page_tells_of_tampering(site: Platform, client: TestClient, sign_in: SignIn) -> None:
    sign_in("admin")
    with site.engine.connect() as connection:
        reason = connection.execute(text("SELECT reason FROM audit WHERE seq = 1")).scalar_one()

    def rewrite(words: str) -> None:
        with site.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text("UPDATE audit SET reason = :words WHERE seq = 1"), {"words": words})

    rewrite("something else")
    try:
        assert "核验发现" in client.get("/audit/verify").text
    finally:
        rewrite(reason)
    assert "核验通过" in client.get("/audit/verify").text


def test_the_interface_documents_itself(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    paths = list(described["paths"])
    assert all(path.startswith("/api/v1/") for path in paths)
    page = client.get("/api/v1/docs").text
    for path in paths:
        assert path in page
    assert "calc.use" in page
    assert "daily | hourly" in page
