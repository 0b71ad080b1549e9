"""What all commands share: help, exit codes, one JSON value, and what a bare installation says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_group

from lantian.cli import COMMANDS, app

ROOT = Path(__file__).parents[2]
BARE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"sqlalchemy", "psycopg", "procrastinate", "fastapi", "uvicorn", "numpy"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
from lantian.cli import main
main()
"""


def test_help_lists_every_command(alone):
    told = alone.run("--help").stdout
    for name in COMMANDS:
        assert re.search(rf"^│ {name} ", told, re.M), name
    assert alone.run("calc", "--help").exit_code == 0


def every_command() -> list[str]:
    """All commands with their subcommands: `rank`, `audit verify`, `forecast peers add`, ..."""
    group = get_group(app)
    return [leaf for name in COMMANDS for leaf in leaves(name, group.get_command(None, name))]


def leaves(name: str, command) -> list[str]:
    below = getattr(command, "commands", None)
    return [name] if below is None else [leaf for part, one in below.items() for leaf in leaves(f"{name} {part}", one)]


@pytest.mark.parametrize("command", every_command())
def test_every_command_takes_json_and_documents_its_keys(alone, command):
    assert "--json" in alone.run(*command.split(), "--help").stdout
    assert f"| `{command}` |" in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_version_is_that_of_the_package(alone):
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", alone.run("--version").stdout)


@pytest.mark.parametrize("arguments", [["fly"], ["evaluate"], ["rank", "--frob"], ["evaluate", "--json"]])
def test_a_line_that_cannot_be_parsed_prints_its_usage_on_stderr_only(alone, arguments):
    done = alone.run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Usage" in done.stderr


@pytest.mark.parametrize(
    "command", ["evaluate 北京 --period 2016", "replay", "audit verify", "import x", "account list"]
)
def test_a_database_out_of_reach_is_an_exit_code(alone, command):
    assert "cannot be reached" in alone.refusal(*command.split(), code=4)


def test_a_wrong_setting_is_named(alone):
    alone.environment["LANTIAN_PORT"] = "many"
    assert "LANTIAN_PORT" in alone.refusal("replay", code=2)


def test_a_bare_installation_says_what_to_install():
    done = subprocess.run(
        [sys.executable, "-c", BARE, "rank", "--group", "2+26", "--period", "2016-12"],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200"},
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert 'pip install "lantian[platform]"' in done.stderr


def test_the_help_of_a_bare_installation_tells_what_it_lacks():
    done = subprocess.run(
        [sys.executable, "-c", BARE, "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "300"}
    )
    assert "`lantian rank` needs the platform" in done.stdout
    assert 'pip install "lantian[platform]"' in done.stdout
    assert "计算器" in done.stdout
