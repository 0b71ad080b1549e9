"""The doctor: says what is wrong and how to mend it, and never falls ill itself."""

import os
import shutil
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from lantian.kernel import doctor
from lantian.kernel.bootstrap import Platform
from lantian.kernel.doctor import Finding, Patient, examine
from lantian.kernel.settings import Settings, load


@pytest.fixture
def patient(platform: Platform) -> Patient:
    return Patient(platform.settings, platform.database)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a program on an otherwise empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CHROMIUM", raising=False)

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put


def only(findings: Iterator[Finding] | list[Finding], subject: str) -> Finding:
    (found,) = [finding for finding in findings if finding.subject == subject]
    return found


def test_a_running_platform_is_well(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LANTIAN_DATABASE_URL", platform.settings.database_url or "")
    findings = examine(platform.home)
    for subject in ("settings", "python", "data directory", "database", "tables", "clock"):
        assert only(findings, subject).level == "ok", subject
    assert all(finding.mend for finding in findings if finding.level != "ok")


def test_before_the_first_start_nothing_is_made(tmp_path: Path):
    home = tmp_path / "deep" / "home"
    findings = examine(home)
    assert "the first start makes it" in only(findings, "database").message
    assert only(findings, "data directory").message == f"{home} can be made"
    assert not home.parent.exists()


def test_bad_settings_are_the_first_thing_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LANTIAN_PORT", "many")
    (finding,) = examine(tmp_path)
    assert (finding.subject, finding.level) == ("settings", "problem")
    assert "LANTIAN_PORT" in finding.message


def test_a_database_out_of_reach_is_told_and_the_rest_still_examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LANTIAN_DATABASE_URL", "postgresql://lantian:hush@127.0.0.1:1/lantian")
    findings = examine(tmp_path)
    finding = only(findings, "database")
    assert finding.level == "problem"
    assert "cannot be reached" in finding.message
    assert "hush" not in finding.message
    assert only(findings, "data directory").level == "ok"


def test_a_cluster_of_another_version_is_told(tmp_path: Path):
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("16")
    assert "made by PostgreSQL 16" in only(examine(tmp_path), "database").message


@pytest.mark.parametrize(("free", "level"), [(6, "ok"), (2, "warning"), (0.5, "problem")])
def test_disk_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, level: str):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, int(free * doctor.GIB)))
    finding = only(doctor.check_home(Patient(load(tmp_path, environment={}), None)), "disk space")
    assert finding.level == level
    assert f"{free:.1f} GiB" in finding.message


def test_a_data_directory_that_cannot_be_written(tmp_path: Path):
    if os.geteuid() == 0:  # whom no mode stops: a file stands where the folder should be
        home = tmp_path / "file"
        home.write_text("")
    else:
        home = tmp_path / "closed"
        home.mkdir(mode=0o500)
    finding = only(doctor.check_home(Patient(Settings(home=home), None)), "data directory")
    assert finding.level == "problem"
    assert "LANTIAN_HOME" in finding.mend


@pytest.mark.parametrize(("version", "level"), [("v20.1.0", "ok"), ("v24.0.0", "ok"), ("v18.20.4", "warning")])
def test_node(patient: Patient, install: Callable[[str, str], None], version: str, level: str):
    install("node", f"echo {version}")
    finding = only(doctor.check_node(patient), "node")
    assert finding.level == level
    assert version in finding.message


def test_missing_programs_are_warnings_with_a_remedy(patient: Patient, install: Callable[[str, str], None]):
    for check in (doctor.check_node, doctor.check_chromium, doctor.check_fonts):
        (finding,) = check(patient)
        assert finding.level == "warning"
        assert "install" in finding.mend


def test_fonts_and_chromium(patient: Patient, install: Callable[[str, str], None]):
    install("fc-list", "echo 'Noto Sans CJK SC,思源黑体'")
    install("chromium", "true")
    assert only(doctor.check_fonts(patient), "fonts") == Finding("fonts", "ok", "Noto Sans CJK SC")
    assert only(doctor.check_chromium(patient), "chromium").level == "ok"
    install("fc-list", "true")
    assert only(doctor.check_fonts(patient), "fonts").level == "warning"


def test_a_chromium_that_is_named_but_not_there(patient: Patient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    assert "/nowhere/chromium cannot be run" in only(doctor.check_chromium(patient), "chromium").message


@pytest.mark.parametrize(
    ("revision", "level", "told"),
    [("0001_kernel", "warning", "next start upgrades"), ("9999_future", "problem", "newer Lantian")],
)
def test_the_state_of_the_tables(patient: Patient, revision: str, level: str, told: str):
    assert patient.database is not None
    with patient.database.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :revision"), {"revision": revision})
    finding = only(doctor.check_database(patient), "tables")
    assert finding.level == level
    assert told in finding.mend


def test_a_simulated_clock_is_told(platform: Platform, patient: Patient):
    platform.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC), paused=True)
    message = only(doctor.check_clock(patient), "clock").message
    assert message == "2016-12-16 20:00:00 Beijing time, simulated, paused"


@pytest.mark.parametrize(
    ("seconds", "level", "told"),
    [(None, "warning", "none is running"), (1, "ok", "1 alive"), (300, "warning", "silent for 300 s")],
)
def test_the_worker(patient: Patient, seconds: int | None, level: str, told: str):
    assert patient.database is not None
    if seconds is not None:
        with patient.database.engine.begin() as connection:
            beat = text(
                "insert into procrastinate_workers (last_heartbeat) values (now() - make_interval(secs => :age))"
            )
            connection.execute(beat, {"age": seconds})
    finding = only(doctor.check_worker(patient), "worker")
    assert finding.level == level
    assert told in finding.message


def test_a_room_adds_a_check_and_one_that_fails_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def check_segments(patient: Patient) -> Iterator[Finding]:
        yield Finding("segments", "ok", f"under {patient.settings.home}")

    def check_faulty(patient: Patient) -> Iterator[Finding]:
        raise LookupError("no such thing")

    monkeypatch.setattr(doctor, "CHECKS", [check_faulty, check_segments])
    findings = examine(tmp_path)
    assert only(findings, "segments").message == f"under {tmp_path}"
    faulty = only(findings, "faulty")
    assert faulty.level == "problem"
    assert "LookupError: no such thing" in faulty.message
