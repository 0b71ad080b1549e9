"""Set-up refuses what it cannot use, with one clear sentence; the locks hold no address."""

import builtins
import compileall
import importlib.util
import json
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def setup():
    spec = importlib.util.spec_from_file_location("lantian_setup", ROOT / "tools" / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def refusal(setup):
    with pytest.raises(SystemExit) as stop:
        setup.check_machine()
    text = str(stop.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_this_machine_is_accepted(setup):
    setup.check_machine()


def test_an_old_python_is_refused(setup, monkeypatch):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 2))
    assert "Python 3.11 or newer is needed, this is 3.9.2" in refusal(setup)


def test_a_missing_venv_names_the_package(setup, monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest, **more):
        if name in ("venv", "ensurepip"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert "apt-get install python3-venv" in refusal(setup)


def test_a_missing_node_is_refused(setup, monkeypatch):
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    assert "Node 20 or newer" in refusal(setup)


@pytest.mark.parametrize("said", ["v18.19.0\n", ""])
def test_an_old_node_is_refused(setup, monkeypatch, said):
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(setup.subprocess, "run", lambda *a, **k: SimpleNamespace(stdout=said, returncode=0))
    assert f"this is {said.strip() or 'unknown'}" in refusal(setup)


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("pandas/tests/io/test_sql.py", False),
        ("pip/_internal/cli/main.py", False),
        ("numpy/testing/__init__.py", True),
        ("pipeline/core.py", True),
        ("_pytest/python.py", True),
    ],
)
def test_what_nobody_imports_is_not_compiled(setup, tmp_path, file, wanted):
    source = tmp_path / "site-packages" / file
    source.parent.mkdir(parents=True)
    source.write_text("value = 1\n")
    assert compileall.compile_dir(tmp_path, quiet=2, rx=re.compile(setup.UNUSED))
    assert any(source.parent.rglob("*.pyc")) == wanted


def test_locks_are_hashed_and_hold_no_address():
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        pins = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
        assert len(pins) > 20
        assert all("==" in line and line.endswith("\\") for line in pins)


def test_the_npm_lock_is_exact_and_holds_no_address():
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in entry for name, entry in packages.items() if name)


def test_make_help_lists_the_commands():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for command in ("make run", "make test", "make bench", "make docs", "make help"):
        assert command in said
