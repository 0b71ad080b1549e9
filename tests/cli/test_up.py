"""`lantian up` as a user starts and ends it, the loading of the example, and `lantian worker`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from lantian.cli import loading
from lantian.kernel import accounts, jobs
from lantian.kernel.jobs.housekeeping import note_head

MAIN = "from lantian.cli import main; main()"


@contextmanager
def up(home: Path, *arguments: str, stderr: int = subprocess.STDOUT) -> Iterator[subprocess.Popen[str]]:
    """A `lantian up` that is surely gone afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LANTIAN_")}
    kept = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests begun with nohup would hand on that it is ignored
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "up", "--no-browser", "--home", str(home), *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=environment,
    )
    signal.signal(signal.SIGHUP, kept)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@contextmanager
def usual_port_taken() -> Iterator[None]:
    try:
        listening = socket.create_server(("127.0.0.1", 8000))
    except OSError:  # someone has it already
        yield
    else:
        with listening:
            yield


def read_until(process: subprocess.Popen[str], word: str) -> str:
    """What the command prints, up to the line with this word."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if word in line:
            return told
    raise AssertionError(f"ended without {word!r}:\n{told}")


def processes_of(home: Path) -> str:
    """All processes of this machine that name the data directory."""
    listed = subprocess.run(["ps", "ax", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in listed.splitlines() if str(home) in line)


@pytest.mark.requirement("K4", part="the example stands at the evening of the red alert")
def test_up_serves_the_example_prints_one_key_and_leaves_nothing_behind(server_folder, city_folder):
    home = server_folder / "home"
    with up(home, "--example", str(city_folder), "--port", "0") as process:
        told = read_until(process, "http://")
        address = told.split()[-1]
        assert "管理员 administrator: admin   一次性密码 one-time password: " in told
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        page = browser.open(address).read().decode()
        assert "2016年12月16日" in page
        assert "示例" in page
        with pytest.raises(HTTPError, match="403"):
            build_opener(HTTPCookieProcessor(CookieJar())).open(address)

        read_until(process, "装入示例 Load the example: ")
        assert (home / "example.json").exists()

        process.send_signal(signal.SIGINT)
        assert "stopping" in process.communicate(timeout=90)[0]
        assert process.returncode == 0
    assert processes_of(home) == ""

    with usual_port_taken(), up(home, "--example", str(city_folder), "--json", stderr=subprocess.PIPE) as process:
        value = json.loads(read_until(process, "}"))
        assert value["administrator"] is None  # its password was printed once
        assert not value["address"].startswith("http://127.0.0.1:8000/")
        assert b"2016" in build_opener(HTTPCookieProcessor(CookieJar())).open(value["address"]).read()
        process.send_signal(signal.SIGHUP)  # as when the terminal is closed
        out, said = process.communicate(timeout=90)
        assert (process.returncode, out) == (0, "")
        assert "port 8000 is taken" in said
        assert "导入" not in said  # nothing is loaded again
    assert processes_of(home) == ""


def test_a_port_that_was_asked_for_and_is_taken_is_refused(alone):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = alone.refusal("up", "--port", port, code=4)
    assert said == f"port {port} is taken on 127.0.0.1: give another with --port; --port 0 takes any free one"


def test_a_start_that_fails_makes_no_administrator_whose_password_nobody_saw(commands, platform):
    said = commands.refusal("up", "--example", "/nowhere", "--port", 0, code=2)
    assert "/nowhere" in said
    assert accounts.list_accounts(platform.engine) == []


def test_an_address_that_this_machine_does_not_have_is_refused(alone):
    assert "cannot serve on 192.0.2.1, port 0" in alone.refusal("up", "--host", "192.0.2.1", "--port", 0, code=4)


@pytest.mark.requirement("K4", part="the example stands at the evening of the red alert")
def test_the_example_is_loaded_once_and_keeps_what_people_change(platform, city_folder):
    number = loading.prepare_example(platform, city_folder)
    assert number is not None
    assert platform.clock.state.paused
    assert platform.clock.now().isoformat() == "2016-12-16T12:00:00+00:00"
    assert loading.prepare_example(platform, city_folder) == number  # it waits already
    jobs.run_worker(platform, once=True)
    job = jobs.get_job(platform.engine, number)
    assert job is not None
    assert (job.state, job.progress and job.progress.stage) == ("succeeded", "目标 targets")

    platform.clock.jump(platform.clock.now() + timedelta(days=1))
    assert loading.prepare_example(platform, city_folder) is None
    assert platform.clock.now().isoformat() == "2016-12-17T12:00:00+00:00"


def test_a_changed_example_is_loaded_anew(platform, city_folder, tmp_path):
    for file in city_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    loading.prepare_example(platform, tmp_path)
    jobs.run_worker(platform, once=True)
    text = (tmp_path / "city.toml").read_text(encoding="utf-8")
    (tmp_path / "city.toml").write_text(text.replace("limit = 5", "limit = 6"), encoding="utf-8")
    assert loading.prepare_example(platform, tmp_path) is not None


def test_only_the_example_has_accounts_to_try(platform, city_folder):
    loading.prepare_example(platform, city_folder)
    assert not [one for one in accounts.list_accounts(platform.engine) if one.active]


def test_a_worker_does_what_waits(commands, platform):
    number = jobs.defer(platform.engine, note_head)
    accounts.create_account(platform.engine, "test", login="wang", name="王")
    value = commands.value("worker", "--once")
    assert value == {"jobs": [{"id": number, "task": "audit.anchor", "state": "succeeded", "error": None}]}
    last = json.loads(platform.anchors.read_text().splitlines()[-1])
    assert last["seq"] > 1


def test_what_a_command_says_while_it_runs_is_no_part_of_its_answer(commands, platform):
    began = time.monotonic()
    commands.value("replay", "--from", "2016-12-16T20:00", "--to", "2016-12-16T21:00")
    assert time.monotonic() - began < 30
