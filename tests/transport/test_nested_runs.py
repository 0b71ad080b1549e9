"""Runs of nests: that a nest sees what one fine domain would, that mass arrives, that a cut run goes on.

Parent and child have the same number of cells, so that the model is compiled once for both.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lantian.places.grid import Domain, Grid, nests
from lantian.places.regrid import Regridder
from lantian.transport import idealised
from lantian.transport.background import from_profile
from lantian.transport.ladder.runs import CELLS, CLEAN, HOURS, START, TRACER, NestedPlume, nested_plume
from lantian.transport.nesting import Inputs, run_nests, start_from

PAGE = Path(__file__).parents[2] / "docs" / "transport" / "nesting.md"


def plume(kind: str) -> NestedPlume:
    if kind == "aligned":
        return nested_plume(nests(116.4, 39.9, (3000.0, 1000.0), (CELLS, CELLS))[1])
    parent = nests(116.4, 39.9, (10_000.0,), (CELLS,))[0]
    return nested_plume(Grid("d02", parent.projection, -53_300.0, -54_700.0, 3000.0, CELLS, CELLS, parent))


@pytest.mark.requirement("F3", part="nested run against a single fine run")
@pytest.mark.parametrize("kind", ["aligned", "free"])
def test_a_nest_sees_the_plume_that_a_single_fine_run_sees(kind, tmp_path):
    """Relative L1 difference of the hourly mean at the ground over the nest.

    In the first hour the front of the plume stands between two hours of the parent; from the third on 10 %, at the end
    6 %, and closer to the fine run than the parent is.
    """
    case = plume(kind)
    outer, inner = case.run(tmp_path)
    reference = case.run_fine(inner.steps.values)
    coarse = case.on_child(outer.mean["concentration"].values[:, 0], case.parent)
    nested = inner.mean["concentration"].values[:, 0]

    def apart(one: np.ndarray, hour: int) -> float:
        return float(np.abs(one[hour] - reference[hour]).sum() / reference[hour].sum())

    assert reference[-1].max() > 1
    differences = [apart(nested, hour) for hour in range(HOURS)]
    assert max(differences[2:]) <= 0.10, differences
    assert differences[-1] <= 0.06, differences
    assert differences[-1] < apart(coarse, HOURS - 1)


@pytest.mark.requirement("F3", part="what a parent sends into its nest arrives there")
def test_what_the_parent_sends_arrives(tmp_path):
    """A cloud on its way into the nest: what comes in through the edges is what the parent moves into that place.

    In an hour it goes 8 km, not much more than its spread of 6 km: edges known by the hour see it pass.
    """
    case = plume("aligned")
    x, y = np.meshgrid(case.parent.grid.x, case.parent.grid.y)
    cloud = np.exp(-(((x + 36e3) ** 2 + (y + 6e3) ** 2) / (2 * 6e3**2)))
    state = np.broadcast_to(40 * cloud, (4, 1, CELLS, CELLS)).astype(np.float32)
    outer = from_profile(case.parent, ("CO",), idealised.whole_hours(START, HOURS + 1), CLEAN)
    outer.start["mixing_ratio"][:] = state

    def inputs(of: Domain) -> Inputs:
        weather = idealised.weather(of, START, HOURS, x_wind=2.2, y_wind=0.4, vertical_diffusivity=20.0)
        return Inputs(weather, idealised.emissions(of, START, HOURS))

    parent_run, child_run = run_nests(TRACER, [case.parent, case.child], inputs, outer, tmp_path)
    inside = Regridder.between(case.parent.grid, case.child.grid).inside
    density = idealised.weather(case.parent, START, 1)["air_density"].values[0]
    kilograms = 1e-9 * case.parent.volume * density * inside
    begin, end = ((kilograms * q).sum() for q in (state[:, 0], parent_run.end.values[:, 0]))
    came = float(child_run.budget["gain"].sel(process="sides").sum())
    assert begin < 0.1 * end
    assert float(child_run.budget["burden_begin"][0]) == pytest.approx(begin, rel=0.01)
    assert came == pytest.approx(end - begin, rel=0.03)


class CutError(Exception):
    """The machine goes down."""


def test_a_cut_run_of_nests_goes_on_where_it_was(tmp_path):
    case = plume("aligned")
    told: list[tuple[int, int, str]] = []

    def cut(done: int, total: int, text: str) -> None:
        told.append((done, total, text))
        if done == HOURS + 3:
            raise CutError

    with pytest.raises(CutError):
        case.run(tmp_path, cut)
    assert [done for done, _, _ in told] == list(range(1, HOURS + 4))
    assert {total for _, total, _ in told} == {2 * HOURS}
    assert told[0][2].startswith("d01: ")
    assert told[-1][2].startswith("d02: ")
    again: list[int] = []
    resumed = case.run(tmp_path, lambda done, total, text: again.append(done))
    assert again == [HOURS, HOURS + 2, HOURS + 3, HOURS + 4, HOURS + 5]  # nothing of the parent, the child from hour 2
    shutil.rmtree(tmp_path)
    for one, other in zip(resumed, case.run(tmp_path), strict=True):
        np.testing.assert_array_equal(one.end, other.end)
        np.testing.assert_array_equal(one.mean["concentration"], other.mean["concentration"])


def test_a_nest_may_begin_later_than_its_parent(tmp_path):
    case = plume("aligned")

    def inputs(of: Domain) -> Inputs:
        later = 2 if of is case.child else 0
        start = START + np.timedelta64(later, "h")
        emitted = idealised.emissions(of, start, 3 - later, {"CO": case.source(of.grid)})
        return Inputs(idealised.weather(of, start, 3 - later, vertical_diffusivity=20.0), emitted)

    outer = from_profile(case.parent, ("CO",), idealised.whole_hours(START, HOURS + 1), CLEAN)
    parent, child = run_nests(TRACER, [case.parent, case.child], inputs, outer, tmp_path)
    assert child.mean["time"].values[0] == START + np.timedelta64(2, "h")
    expected = start_from(parent.fields, case.parent, case.child, ("CO",), time="2025-01-10T02")["mixing_ratio"].values
    assert expected.max() > 0.1
    mass = (expected[:, 0] * case.child.volume * idealised.weather(case.child, START, 1)["air_density"].values[0]).sum()
    assert float(child.budget["burden_begin"][0]) == pytest.approx(1e-9 * mass, rel=1e-4)


@pytest.mark.parametrize(
    ("choose", "says"),
    [
        (lambda p: [], "expected one or more"),
        (lambda p: [p.parent, p.parent], "each with a grid of its own name"),
        (lambda p: [p.child, p.parent], "'d01' sticks out of its parent 'd02' by 36.000 km in the west"),
    ],
)
def test_domains_must_lie_in_each_other(choose: Callable[[NestedPlume], list[Domain]], says, tmp_path):
    case = plume("aligned")
    outer = from_profile(case.parent, ("CO",), idealised.whole_hours(START, 2), CLEAN)
    with pytest.raises(ValueError, match=says):
        run_nests(TRACER, choose(case), case.inputs, outer, tmp_path)


def test_example_of_the_page_runs(capsys):
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example
    exec(compile(example[1], str(PAGE), "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("1 6 d01")
    assert told[-2].startswith("6 6 d02")
    assert all(float(value) > 200 for value in told[-1].strip("[]").split())
