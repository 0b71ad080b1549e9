from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from lantian.kernel import accounts
from lantian.kernel.accounts import Account, AccountError, LoginRefused, NotPermitted, sessions
from lantian.kernel.bootstrap import Platform

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def mayor(engine: Engine) -> Account:
    """An account of the example: no password to hash, so these tests are fast."""
    return next(each for each in accounts.ensure_example(engine, True) if each.login == "example-mayor")


def whose(engine: Engine, token: str, at: datetime) -> str | None:
    found = accounts.account_of_token(engine, token, now=at)
    return None if found is None else found.login


def test_only_the_hash_of_a_token_is_stored(engine: Engine, mayor: Account) -> None:
    token = accounts.open_session(engine, mayor, label="Firefox, 10.0.0.1")
    assert accounts.account_of_token(engine, token) == mayor
    assert accounts.account_of_token(engine, token[:-1]) is None
    assert accounts.account_of_token(engine, "") is None
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT s::text FROM session s")).scalar_one()
    assert token not in stored
    assert token.encode().hex() not in stored


@pytest.mark.requirement("K1", part="sessions end")
def test_a_session_ends_when_idle_and_at_last_anyway(engine: Engine, mayor: Account) -> None:
    token = accounts.open_session(engine, mayor, now=NOON)
    assert whose(engine, token, NOON + sessions.IDLE - timedelta(seconds=1)) == mayor.login
    assert whose(engine, token, NOON + 2 * sessions.IDLE - timedelta(seconds=2)) == mayor.login  # use prolongs it
    assert whose(engine, token, NOON + 3 * sessions.IDLE) is None
    busy = accounts.open_session(engine, mayor, now=NOON)
    at = NOON
    while at < NOON + sessions.ABSOLUTE:
        assert whose(engine, busy, at) == mayor.login
        at += sessions.IDLE / 2
    assert whose(engine, busy, NOON + sessions.ABSOLUTE) is None


def test_use_is_noted_once_a_minute(engine: Engine, mayor: Account) -> None:
    token = accounts.open_session(engine, mayor, now=NOON)
    for seconds, noted in ((30, 0), (61, 61), (90, 61), (121, 121)):
        accounts.account_of_token(engine, token, now=NOON + timedelta(seconds=seconds))
        (view,) = accounts.list_sessions(engine, mayor, now=NOON)
        assert view.last_seen_at == NOON + timedelta(seconds=noted)


def test_the_replay_clock_does_not_end_sessions(platform: Platform, mayor: Account) -> None:
    token = accounts.open_session(platform.engine, mayor)
    platform.clock.set_simulated(datetime(2046, 12, 16, 12, tzinfo=UTC))
    assert accounts.account_of_token(platform.engine, token) == mayor


def test_logging_out_ends_one_session_of_several(engine: Engine, mayor: Account) -> None:
    first, second = (accounts.open_session(engine, mayor, label=label) for label in ("office", "home"))
    accounts.close_session(engine, first)
    accounts.close_session(engine, first)
    assert accounts.account_of_token(engine, first) is None
    assert accounts.account_of_token(engine, second) == mayor
    assert [each.label for each in accounts.list_sessions(engine, mayor)] == ["home"]


@pytest.mark.requirement("K1", part="nobody ends another's session")
def test_a_session_is_revoked_by_its_owner_or_a_manager(engine: Engine, mayor: Account) -> None:
    token = accounts.open_session(engine, mayor)
    (view,) = accounts.list_sessions(engine, mayor)
    inspector = accounts.get_account(engine, "example-inspector")
    with pytest.raises(NotPermitted):
        accounts.revoke_session(engine, inspector, view.id)
    assert accounts.account_of_token(engine, token) == mayor
    accounts.revoke_session(engine, mayor, view.id)
    assert accounts.account_of_token(engine, token) is None
    with pytest.raises(AccountError, match="no session 999"):
        accounts.revoke_session(engine, "lantian accounts", 999)


def test_a_token_for_a_script_has_no_idle_end_and_a_life_of_its_own(engine: Engine, mayor: Account) -> None:
    token = accounts.create_api_token(engine, mayor, label="weekly report", life=timedelta(days=90), now=NOON)
    assert whose(engine, token, NOON + timedelta(days=89)) == mayor.login
    assert whose(engine, token, NOON + timedelta(days=90)) is None
    for life in (timedelta(0), timedelta(days=366)):
        with pytest.raises(AccountError, match="at most 365 days"):
            accounts.create_api_token(engine, mayor, label="for ever", life=life)
    with pytest.raises(NotPermitted):
        accounts.create_api_token(engine, Account(mayor.id, "x", "x"), label="without api.read")


@pytest.mark.requirement("K1", part="one-time keys")
def test_a_one_time_key_opens_one_session_soon(engine: Engine, mayor: Account) -> None:
    key = accounts.create_key(engine, mayor, now=NOON)
    assert whose(engine, key, NOON) is None  # a key is not a session
    token = accounts.redeem_key(engine, key, now=NOON)
    assert whose(engine, token, NOON) == mayor.login
    with pytest.raises(LoginRefused):
        accounts.redeem_key(engine, key, now=NOON)
    with pytest.raises(LoginRefused):
        accounts.redeem_key(engine, token, now=NOON)
    late = accounts.create_key(engine, mayor, now=NOON)
    with pytest.raises(LoginRefused):
        accounts.redeem_key(engine, late, now=NOON + sessions.KEY_LIFE)


def test_of_many_that_bring_one_key_one_gets_in(engine: Engine, mayor: Account) -> None:
    key = accounts.create_key(engine, mayor)

    def redeem(_: int) -> bool:
        try:
            accounts.redeem_key(engine, key)
        except LoginRefused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(redeem, range(6))) == 1


@pytest.mark.requirement("K1", part="look as another role in the example only")
def test_in_the_example_a_visitor_changes_roles(platform: Platform, engine: Engine, mayor: Account) -> None:
    example = platform.settings.model_copy(update={"example": True})
    token = accounts.open_session(engine, mayor)
    for role in ("inspector", "citizen", "analyst", "mayor"):
        before, token = token, accounts.look_as(engine, example, token, role)
        assert accounts.account_of_token(engine, before) is None
        assert accounts.account_of_token(engine, token).roles[0] == role
    for role in ("admin", "emperor"):
        with pytest.raises(AccountError, match="no account of role"):
            accounts.look_as(engine, example, token, role)
    assert accounts.account_of_token(engine, token) == mayor


@pytest.mark.requirement("K1", part="look as another role in the example only")
def test_nobody_looks_as_another_outside_the_example(platform: Platform, engine: Engine, mayor: Account) -> None:
    example = platform.settings.model_copy(update={"example": True})
    token = accounts.open_session(engine, mayor)
    with pytest.raises(NotPermitted):
        accounts.look_as(engine, platform.settings, token, "analyst")
    person = accounts.create_account(engine, "test", login="wang", name="王").account
    with pytest.raises(NotPermitted):
        accounts.look_as(engine, example, accounts.open_session(engine, person), "analyst")
    script = accounts.create_api_token(engine, mayor, label="script")
    for wrong in (script, "made up"):
        with pytest.raises(NotPermitted):
            accounts.look_as(engine, example, wrong, "analyst")


def test_ended_sessions_are_forgotten_in_time(engine: Engine, mayor: Account) -> None:
    ended = accounts.open_session(engine, mayor, now=NOON)
    accounts.close_session(engine, ended, now=NOON)
    kept = accounts.create_api_token(engine, mayor, label="script", now=NOON)
    assert accounts.forget_sessions(engine, now=NOON + sessions.KEEP) == 0
    assert accounts.forget_sessions(engine, now=NOON + sessions.KEEP + timedelta(seconds=1)) == 1
    assert whose(engine, kept, NOON + timedelta(days=40)) == mayor.login
