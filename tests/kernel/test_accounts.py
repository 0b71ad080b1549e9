import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, text

from lantian.kernel import accounts, audit
from lantian.kernel.accounts import (
    Account,
    AccountError,
    LoginRefused,
    LoginThrottled,
    NotPermitted,
    allowed,
    passwords,
)
from lantian.kernel.database import metadata
from lantian.kernel.jobs import tables as job_tables

PASSWORD = "correct horse 电池"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes that take a millisecond; `test_real_hashes_are_expensive` looks at the real ones."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)))
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._nobodys_hash.cache_clear()


@pytest.fixture
def admin(engine: Engine) -> Account:
    first = accounts.ensure_administrator(engine)
    assert first is not None
    return accounts.change_password(engine, first.account, first.one_time_password, PASSWORD)


def make(engine: Engine, login: str, role: str | None = None, region: str | None = None) -> Account:
    """An account with a password that need not be changed."""
    new = accounts.create_account(engine, "test", login=login, name=login)
    made = accounts.change_password(engine, new.account, new.one_time_password, PASSWORD)
    return accounts.grant(engine, "test", made.id, role, region=region) if role else made


def trail(engine: Engine) -> str:
    with engine.connect() as connection:
        return "\n".join(str(dataclasses.astuple(entry)) for entry in audit.entries(connection))


@pytest.mark.requirement("K1", part="first administrator with a one-time password")
def test_the_first_administrator_must_change_the_printed_password(engine: Engine) -> None:
    first = accounts.ensure_administrator(engine)
    assert first is not None
    assert accounts.ensure_administrator(engine) is None
    logged_in = accounts.authenticate(engine, " ADMIN ", first.one_time_password, "10.0.0.1")
    assert not allowed(logged_in, "accounts.manage")
    assert not allowed(logged_in, "air.read")
    free = accounts.change_password(engine, logged_in, first.one_time_password, PASSWORD)
    assert allowed(free, "accounts.manage")
    with pytest.raises(LoginRefused):
        accounts.authenticate(engine, "admin", first.one_time_password, "10.0.0.1")
    assert accounts.authenticate(engine, "ａｄｍｉｎ", PASSWORD, "10.0.0.1") == free


def test_processes_that_start_at_once_make_one_administrator(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(accounts.ensure_administrator, [engine] * 4))
    assert sum(each is not None for each in made) == 1
    assert [each.login for each in accounts.list_accounts(engine)] == ["admin"]


@pytest.mark.requirement("K1", part="every change of accounts and grants is audited")
def test_changes_stand_in_the_trail_with_their_actor_and_without_secrets(engine: Engine, admin: Account) -> None:
    new = accounts.create_account(engine, admin, login="Li.Lei", name="李雷", department="生态环境局", region="130102")
    granted = accounts.grant(engine, admin, new.account.id, "county", region="130102")
    assert granted.roles == ("county", "citizen")
    accounts.revoke_grant(engine, admin, granted.id, granted.grants[0].id)
    accounts.reset_password(engine, admin, granted.id)
    written = trail(engine)
    assert "'admin', 'create account', 'account', 'INSERT'" in written
    assert "'admin', 'grant county', 'account_grant', 'INSERT'" in written
    assert "'admin', 'revoke grant', 'account_grant', 'DELETE'" in written
    assert "argon2" not in written
    assert new.one_time_password not in written
    assert audit.verify(engine) == []


def test_an_account_is_found_by_login_in_any_case_and_taken_once(engine: Engine, admin: Account) -> None:
    made = accounts.create_account(engine, admin, login="Li.Lei", name="李雷").account
    assert accounts.get_account(engine, "li.lei ") == made
    with pytest.raises(AccountError, match="taken"):
        accounts.create_account(engine, admin, login="LI.LEI", name="另一人")
    for wrong in ("x", "a b", "job:import#1", "anonymous", "a" * 65):
        with pytest.raises(AccountError, match="cannot be used"):
            accounts.create_account(engine, admin, login=wrong, name="某人")
    assert [each.login for each in accounts.list_accounts(engine)] == ["admin", "li.lei"]


def test_a_grant_given_twice_is_one_grant(engine: Engine, admin: Account) -> None:
    made = make(engine, "wang", "county", "130102")
    assert accounts.grant(engine, admin, made.id, "county", region="130102") == made
    with pytest.raises(AccountError, match="no role 'emperor'; there are admin, analyst"):
        accounts.grant(engine, admin, made.id, "emperor")
    with pytest.raises(AccountError, match="no account with id 999"):
        accounts.grant(engine, admin, 999, "county")


@pytest.mark.requirement("K1", part="a manager gives no more than he has")
def test_a_regional_manager_stays_in_the_region(engine: Engine, admin: Account) -> None:
    local = make(engine, "local", "admin", "130100")
    clerk = make(engine, "clerk")
    assert accounts.grant(engine, local, clerk.id, "county", region="130102").roles == ("county", "citizen")
    for region in (None, "130000", "130200"):
        with pytest.raises(NotPermitted):
            accounts.grant(engine, local, clerk.id, "county", region=region)
    with pytest.raises(NotPermitted):
        accounts.create_account(engine, local, login="beyond", name="外地", region="130200")
    for act in (accounts.reset_password, lambda *whom: accounts.set_active(*whom, active=False)):
        with pytest.raises(NotPermitted):
            act(engine, local, admin.id)
    with pytest.raises(NotPermitted):
        accounts.revoke_grant(engine, local, admin.id, admin.grants[0].id)
    with pytest.raises(NotPermitted):
        accounts.create_account(engine, clerk, login="friend", name="朋友")
    accounts.reset_password(engine, local, clerk.id)


def test_the_last_administrator_stays(engine: Engine, admin: Account) -> None:
    make(engine, "local", "admin", "130100")
    with pytest.raises(accounts.LastAdministrator):
        accounts.set_active(engine, admin, admin.id, active=False)
    with pytest.raises(accounts.LastAdministrator):
        accounts.revoke_grant(engine, admin, admin.id, admin.grants[0].id)
    second = make(engine, "second", "admin")
    accounts.set_active(engine, second, admin.id, active=False)
    with pytest.raises(accounts.LastAdministrator):
        accounts.set_active(engine, second, second.id, active=False)


def test_a_closed_account_neither_logs_in_nor_stays_in(engine: Engine, admin: Account) -> None:
    wang = make(engine, "wang", "analyst")
    token = accounts.open_session(engine, wang)
    accounts.set_active(engine, admin, wang.id, active=False)
    assert accounts.account_of_token(engine, token) is None
    with pytest.raises(LoginRefused):
        accounts.authenticate(engine, "wang", PASSWORD, "10.0.0.1")
    accounts.set_active(engine, admin, wang.id, active=True)
    assert accounts.account_of_token(engine, token) is None
    assert accounts.authenticate(engine, "wang", PASSWORD, "10.0.0.1") == wang


def test_a_reset_password_ends_everything_and_must_be_changed(engine: Engine, admin: Account) -> None:
    wang = make(engine, "wang", "analyst")
    tokens = [accounts.open_session(engine, wang), accounts.create_api_token(engine, wang, label="script")]
    password = accounts.reset_password(engine, admin, wang.id)
    assert [accounts.account_of_token(engine, token) for token in tokens] == [None, None]
    assert accounts.authenticate(engine, "wang", password, "10.0.0.1").must_change_password


def test_a_changed_password_ends_sessions_but_not_scripts(engine: Engine, admin: Account) -> None:
    session = accounts.open_session(engine, admin)
    script = accounts.create_api_token(engine, admin, label="script")
    accounts.change_password(engine, admin, PASSWORD, "another long one")
    assert accounts.account_of_token(engine, session) is None
    assert accounts.account_of_token(engine, script) == admin


@pytest.mark.parametrize(
    ("new", "reason"),
    [("short", "at least 10"), ("x" * 257, "at most 256"), ("aaaabbbbcccc", "too simple"), (PASSWORD, "old one")],
)
def test_poor_passwords_are_refused_with_the_reason(engine: Engine, admin: Account, new: str, reason: str) -> None:
    with pytest.raises(AccountError, match=reason) as refused:
        accounts.change_password(engine, admin, PASSWORD, new)
    assert "密码" in refused.value.zh
    with pytest.raises(LoginRefused):
        accounts.change_password(engine, admin, "not the old one", "another long one")
    assert accounts.authenticate(engine, "admin", PASSWORD, "10.0.0.1") == admin


@pytest.mark.requirement("K1", part="login throttling")
def test_after_five_failures_one_waits_longer_and_longer(engine: Engine, admin: Account) -> None:
    def attempt(at: datetime, password: str = "wrong password", address: str = "10.0.0.1") -> Account:
        return accounts.authenticate(engine, "admin", password, address, now=at)

    for second in range(5):
        with pytest.raises(LoginRefused):
            attempt(NOON + timedelta(seconds=second))
    at = NOON + timedelta(seconds=4)
    for wait in (1, 2, 4, 8):
        with pytest.raises(LoginThrottled) as throttled:
            attempt(at + timedelta(seconds=wait - 0.5), PASSWORD)
        assert throttled.value.seconds == 1
        at += timedelta(seconds=wait)
        with pytest.raises(LoginRefused):
            attempt(at)
    assert attempt(at, PASSWORD, "10.0.0.2") == admin  # from elsewhere the owner still gets in
    assert attempt(at + timedelta(seconds=16), PASSWORD) == admin
    with pytest.raises(LoginRefused):  # success wiped the slate
        attempt(at + timedelta(seconds=17))
    accounts.forget_attempts(engine, now=at + timedelta(hours=1))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM login_attempt")).scalar() == 0


def test_many_tries_at_once_do_not_slip_through(engine: Engine, admin: Account) -> None:
    def attempt(_: int) -> str:
        try:
            accounts.authenticate(engine, "admin", "wrong password", "10.0.0.1", now=NOON)
        except AccountError as error:
            return type(error).__name__
        return "let in"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, range(12)))
    assert outcomes.count("LoginRefused") == 5
    assert outcomes.count("LoginThrottled") == 7


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that passwords were checked against."""
    seen: list[str] = []
    real = PasswordHash.verify_and_update

    def counted(self: PasswordHash, password: str, stored: str) -> tuple[bool, str | None]:
        seen.append(stored)
        return real(self, password, stored)

    monkeypatch.setattr(PasswordHash, "verify_and_update", counted)
    return seen


@pytest.mark.requirement("K1", part="a login tells nothing about who exists")
def test_unknown_closed_and_passwordless_accounts_look_and_cost_like_a_wrong_password(
    engine: Engine, admin: Account, verifications: list[str]
) -> None:
    make(engine, "wang")
    accounts.set_active(engine, admin, accounts.get_account(engine, "wang").id, active=False)
    accounts.ensure_example(engine, True)
    verifications.clear()
    words = set()
    for login in ("admin", "nobody", "wang", "example-mayor"):
        with pytest.raises(LoginRefused) as refused:
            accounts.authenticate(engine, login, PASSWORD + "x", "10.0.0.1")
        words.add(str(refused.value))
    assert len(words) == 1
    assert len(verifications) == 4
    costs = {stored.split("$")[3] for stored in verifications}
    assert len(costs) == 1  # the same argon2 memory, passes and lanes
    with pytest.raises(LoginRefused):
        accounts.authenticate(engine, "admin", PASSWORD + "x" * 100_000, "10.0.0.1")


def test_real_hashes_are_expensive_and_old_ones_are_renewed_at_login(
    engine: Engine, admin: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHash.recommended())
    accounts.authenticate(engine, "admin", PASSWORD, "10.0.0.1")
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT hash FROM account_password")).scalar_one()
    kind, _, parameters = stored.split("$")[1:4]
    assert kind == "argon2id"
    assert int(parameters.split(",")[0].removeprefix("m=")) >= 19_456  # KiB, the least that OWASP accepts
    assert accounts.authenticate(engine, "admin", PASSWORD, "10.0.0.1") == admin


@pytest.mark.requirement("K1", part="the public sees what is public")
def test_who_has_no_account_may_what_citizens_may(engine: Engine, admin: Account) -> None:
    public = accounts.anonymous(engine)
    assert allowed(public, "air.read", "110000")
    assert not allowed(public, "data.import")
    with pytest.raises(AccountError, match="no sessions"):
        accounts.open_session(engine, public)
    officer = make(engine, "officer", "county", "130102")
    assert allowed(officer, "air.read", "110000")  # who logs in loses nothing
    assert not allowed(officer, "data.read", "110000")


def test_the_example_opens_and_closes_with_the_setting(engine: Engine, admin: Account) -> None:
    opened = accounts.ensure_example(engine, True)
    assert {each.login for each in opened} == {
        accounts.example_login(each.code) for each in accounts.list_roles(engine) if each.code != "admin"
    }
    assert all(each.example and each.roles[0] in each.login for each in opened)
    assert accounts.ensure_example(engine, True) == opened
    with pytest.raises(AccountError, match="no password"):
        accounts.reset_password(engine, admin, opened[0].id)
    token = accounts.open_session(engine, opened[0])
    assert accounts.ensure_example(engine, False) == []
    assert accounts.account_of_token(engine, token) is None
    assert accounts.ensure_example(engine, True) == opened


def test_the_migration_makes_the_tables_that_the_code_describes(engine: Engine) -> None:
    ours = {name for name in metadata.tables if name in {*vars(accounts.tables), *vars(job_tables)}}
    assert ours > {"account", "account_grant", "role_permission", "session", "job_progress"}
    only_ours = {"include_object": lambda thing, name, kind, *_: kind != "table" or name in ours}
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts=only_ours), metadata)
    # What only the migration knows, because the queue's table is not in our metadata.
    assert [(each[0], each[1].name) for each in differences] == [
        ("remove_fk", "fk_job_progress_job_id_procrastinate_jobs")
    ]


@pytest.mark.requirement("K1", part="roles by department and region")
def test_an_example_account_holds_its_role_where_it_belongs(engine):
    found = {one.login: one for one in accounts.ensure_example(engine, True, {"county": "110105"})}
    officer = found[accounts.example_login("county")]
    assert officer.region == "110105"
    assert {grant.region for grant in officer.grants if grant.role == "county"} == {"110105"}
    assert found[accounts.example_login("analyst")].region is None
