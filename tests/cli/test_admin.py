"""Accounts, tokens, the audit trail and the doctor by command."""

import json

import pytest
from sqlalchemy import text

from lantian.kernel import accounts
from lantian.kernel.doctor import Finding


def test_an_account_is_made_with_a_role_and_a_one_time_password(commands, platform, city_folder):
    commands.run("places", "load", city_folder)
    made = commands.value("account", "add", "Wang", "--name", "王", "--role", "county", "--region", "朝阳区")
    assert made["account"]["login"] == "wang"
    assert [(g["role"], g["region"]) for g in made["account"]["grants"]] == [("county", "110105")]
    found = accounts.authenticate(platform.engine, "wang", made["one_time_password"], "127.0.0.1")
    assert found.must_change_password

    reset = commands.value("account", "reset-password", "wang")
    with pytest.raises(accounts.LoginRefused):
        accounts.authenticate(platform.engine, "wang", made["one_time_password"], "127.0.0.1")
    assert accounts.authenticate(platform.engine, "wang", reset["one_time_password"], "127.0.0.1").login == "wang"

    granted = commands.value("account", "grant", "wang", "analyst", "--department", "ecology")["account"]
    assert [(g["role"], g["region"], g["department"]) for g in granted["grants"]] == [
        ("county", "110105", None),
        ("analyst", None, "ecology"),
    ]
    listed = commands.value("account", "list")
    assert listed["accounts"] == [granted]
    assert "admin" in [role["code"] for role in listed["roles"]]
    assert "analyst ecology" in commands.run("account", "list").stdout


def test_a_role_that_does_not_exist_leaves_no_account(commands):
    assert "no role 'king'; there are admin" in commands.refusal("account", "add", "li", "--role", "king", code=2)
    assert commands.value("account", "list")["accounts"] == []


def test_a_token_opens_the_interface(commands, platform):
    made = commands.value("account", "add", "script", "--role", "analyst")
    account = accounts.authenticate(platform.engine, "script", made["one_time_password"], "127.0.0.1")
    assert "must change the one-time password first" in commands.refusal(
        "token", "script", "--label", "nightly", code=2
    )
    accounts.change_password(platform.engine, account, made["one_time_password"], "correct horse battery staple")
    token = commands.value("token", "script", "--label", "nightly", "--days", 30)["token"]
    found = accounts.account_of_token(platform.engine, token)
    assert found is not None
    assert found.login == "script"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("account add x", "2 to 64 letters"),
        ("account grant nobody admin", "there is no account 'nobody'"),
        ("account reset-password nobody", "there is no account 'nobody'"),
        ("token nobody --label x", "there is no account 'nobody'"),
        ("audit verify --file /nowhere", "/nowhere"),
        ("audit verify --anchors /nowhere", "/nowhere: there is no such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(empty, arguments, said):
    assert said in empty.refusal(*arguments.split(), code=2)


def test_an_untouched_trail_verifies_here_and_exported(commands, tmp_path):
    commands.run("account", "add", "wang")
    assert commands.value("audit", "verify") == {"intact": True, "faults": []}
    file = tmp_path / "trail.jsonl"
    rows = commands.value("audit", "export", file)["rows"]
    assert rows == len(file.read_text().splitlines()) - 1 > 0
    assert commands.value("audit", "verify", "--file", file)["intact"]


def test_a_changed_row_is_found_and_named_here_and_exported(commands, platform, tmp_path):
    commands.run("account", "add", "wang")
    commands.run("account", "add", "li")
    file = tmp_path / "trail.jsonl"
    commands.run("audit", "export", file)
    lines = file.read_text().splitlines()
    entry = json.loads(lines[1])
    file.write_text("\n".join([lines[0], json.dumps(entry | {"actor": "nobody"}), *lines[2:]]) + "\n")
    value = commands.value("audit", "verify", "--file", file, code=1)
    assert (value["intact"], value["faults"][0]["row"]) == (False, entry["seq"])

    with platform.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # what a database's owner can do
        connection.execute(text("update audit set actor = 'nobody' where seq = :seq"), {"seq": entry["seq"]})
    value = commands.value("audit", "verify", code=1)
    assert (value["faults"][0]["row"], value["faults"][0]["kind"]) == (entry["seq"], "changed")
    assert f"✗ row {entry['seq']}, changed" in commands.run("audit", "verify").stdout


def test_the_doctor_tells_findings_and_their_remedy(commands):
    done = commands.run("doctor")
    assert "✓ database: PostgreSQL" in done.stdout
    assert "! worker: none is running" in done.stdout
    assert "    → start one" in done.stdout
    subjects = [one["subject"] for one in commands.value("doctor", code=done.exit_code)["findings"]]
    assert {"settings", "database", "clock", "observations"} <= set(subjects)


def test_a_problem_of_the_doctor_is_an_exit_code(alone):
    value = alone.value("doctor", code=1)
    assert [one["subject"] for one in value["findings"] if one["level"] == "problem"] == ["database"]
    assert set(value["findings"][0]) == set(Finding.__dataclass_fields__)
