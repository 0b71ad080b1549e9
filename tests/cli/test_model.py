"""`lantian model`: the ladder and the speed of the engine on this machine."""

import json
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from lantian.transport import bench, ladder
from lantian.transport.bench import Size
from lantian.transport.ladder.rung import Map, Measure, Rung

BARE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"jax", "numpy", "matplotlib", "sqlalchemy", "procrastinate"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
from lantian.cli import main
main()
"""


def rung(value: float) -> Rung:
    field = Map("after", "之后", np.eye(5))
    return Rung("cone", "锥", "A cone turns.", (Measure("error", "误差", value, at_most=0.1),), (field,), 0.2)


@pytest.fixture
def climbed(monkeypatch, tmp_path):
    """Let the ladder be of rungs with these errors, and run in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def climb(*values):
        monkeypatch.setattr(ladder, "RUNGS", {f"rung {k}": partial(rung, value) for k, value in enumerate(values)})

    return climb


@pytest.mark.requirement("F3", part="lantian model check: table, report, exit code")
def test_a_ladder_that_is_climbed_prints_a_table_and_writes_its_report(alone, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ladder, "RUNGS", {"cone": ladder.RUNGS["cone"]})
    done = alone.run("model", "check")
    assert done.exit_code == 0, done.output
    assert "1 项全部通过 all 1 rungs passed" in done.stdout
    assert re.search(r"peak +0\.8\d+ +>= 0\.84 +✓", done.stdout)
    page = (tmp_path / "model-check" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    assert "· cone …" in done.stderr


def test_a_rung_that_fails_is_exit_code_1_and_stands_in_the_json_value(alone, climbed, tmp_path):
    climbed(0.05, 0.5, float("nan"))
    value = alone.value("model", "check", code=1)
    assert value["passed"] is False
    assert [one["passed"] for one in value["rungs"]] == [True, False, False]
    assert set(value["rungs"][0]) == {"name", "zh", "what", "passed", "seconds", "measures"}
    measure = {"name": "error", "zh": "误差", "value": 0.5, "at_least": None, "at_most": 0.1, "passed": False}
    assert value["rungs"][1]["measures"] == [measure]
    assert value["rungs"][2]["measures"][0]["value"] is None
    assert value["report"] is None
    assert list(tmp_path.iterdir()) == []


def test_a_report_goes_where_it_is_asked_for(alone, climbed, tmp_path):
    climbed(0.05)
    value = alone.value("model", "check", "--report", tmp_path / "a" / "b")
    assert value["report"] == str(tmp_path / "a" / "b" / "report.html")
    assert (tmp_path / "a" / "b" / "report.html").exists()


@pytest.mark.requirement("F3", part="lantian model bench --json")
def test_the_bench_measures_what_it_lists(alone, monkeypatch):
    monkeypatch.setattr(bench, "QUICK", Size(8, 2, 1, 2**16, ("CO", "PPM25")))
    value = alone.value("model", "bench", "--quick")
    assert (value["cells"], value["hours"]) == (8, 2)
    figures = {one["key"]: one for one in value["figures"]}
    for key in ("copy_jax", "full_step", "sweep_x", "mixing", "adjoint_linear", "start_cold", "start_warm", "forecast"):
        assert figures[key]["value"] > 0, key
    assert figures["full_step"]["timing"].keys() == {"best", "median", "processor"}
    assert figures["start_warm"]["value"] < figures["start_cold"]["value"]
    assert "extrapolated from 2 h" in figures["forecast"]["note"]
    assert 0.05 < figures["forecast_memory"]["value"] < 3
    assert figures["forecast_closure"]["value"] <= 1e-4


def test_a_forecast_of_one_hour_is_refused(alone):
    assert alone.run("model", "bench", "--hours", "1").exit_code == 2


@pytest.mark.parametrize("part", ["check", "bench"])
def test_without_the_engines_packages_a_sentence_says_what_to_install(part):
    done = subprocess.run(
        [sys.executable, "-c", BARE, "model", part, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert 'pip install "lantian[model]"' in json.loads(done.stdout)["error"]


def test_help_needs_no_engine():
    done = subprocess.run([sys.executable, "-c", BARE, "model", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "check" in done.stdout
