"""Speed is measured on a model that runs, in the unit that it says, and the trial has the winds that it promises."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from lantian.places.levels import stretched
from lantian.transport import speed, speed_alone, trial
from lantian.transport.hour import COURANT, choose_steps, courant
from lantian.transport.speed import Bench, Figure, Timing

CELLS = 12
LAYERS = len(stretched()) - 1


def quick_chemistry(q: Array, weather: Any, seconds: float) -> Array:
    """Nonlinear as chemistry is, and compiled in no time."""
    return q / (1 + 1e-6 * seconds * q)


@pytest.fixture(scope="module")
def bench() -> Bench:
    made = Bench.of(CELLS, repeats=1)
    return replace(made, processes=(("chemistry", quick_chemistry), *made.processes[1:]))


@pytest.fixture(scope="module")
def figures(bench: Bench) -> Mapping[str, Figure]:
    found = [*speed.full_step(bench, 10.0), *speed.each_process(bench, count=2)]
    assert len({one.key for one in found}) == len(found)
    return {one.key: one for one in found}


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Work is traced, which finds what does not fit together, and takes 1, 2, 3, ... seconds."""
    results: list[Any] = []

    def timed(work: Callable[[], Any], repeats: int = 5) -> Timing:
        results.append(jax.eval_shape(work))
        return Timing(float(len(results)), float(len(results)), 0.0)

    monkeypatch.setattr(speed, "timed", timed)
    return results


def test_each_process_is_measured(figures: Mapping[str, Figure]) -> None:
    processes = {"sweep_x", "sweep_y", "sweep_z", "mixing", "emission", "chemistry", "photochemistry", "scavenging"}
    assert processes | {"full_step", "bandwidth_share"} <= set(figures)
    assert all(np.isfinite(one.value) and one.value > 0 for one in figures.values())
    assert all(one.zh and one.en for one in figures.values())


def test_the_adjoint_counts_every_way_forth_that_it_needs(bench: Bench, traced: list[Any]) -> None:
    linear, full = speed.adjoints(bench)
    forth, receptors_back, full_forth, kept, full_back = traced
    assert (forth.q.shape, receptors_back.mu.shape) == (bench.q.shape, bench.q.shape)
    assert (full_forth.states, kept.states.shape) == (None, (12, *bench.q.shape))
    assert full_back.emission.shape == bench.hour.emission.shape
    assert (linear.key, linear.value) == ("adjoint_linear", 2 / 1)
    assert (full.key, full.value) == ("adjoint_chemistry", ((66 / 72 + 5 / 6) * 3 + 4 + 5) / 3)


def test_the_rate_is_cells_times_species_times_steps_over_seconds(bench: Bench, figures: Mapping[str, Figure]) -> None:
    full = figures["full_step"]
    updates = CELLS**2 * LAYERS * len(bench.names) * bench.steps * 12
    assert full.timing is not None
    assert full.value == pytest.approx(updates / full.timing.best / 1e6)
    moved = full.value * 1e6 * 4 * 2 * 4
    assert figures["bandwidth_share"].value == pytest.approx(100 * moved / 10e9)


def test_the_trial_is_a_windy_day_of_several_steps(bench: Bench) -> None:
    assert bench.steps >= 4
    assert float(choose_steps(bench.hour, jnp.asarray(300.0))[1]) <= COURANT
    mass, area = bench.hour.mass[0], 1e6
    east = np.asarray(bench.hour.flux_x[0, :, :, 1:] + bench.hour.flux_x[0, :, :, :-1]) / 2
    north = np.asarray(bench.hour.flux_y[0, :, 1:] + bench.hour.flux_y[0, :, :-1]) / 2
    wind = np.hypot(east, north) / np.asarray(mass) * 1e3
    mean = wind.mean(axis=(1, 2))
    assert mean[0] == pytest.approx(trial.GROUND_WIND, rel=0.1)
    assert mean[-1] == pytest.approx(trial.TOP_WIND, rel=0.1)
    upward = np.abs(np.asarray(bench.hour.flux_z[:, -1])) / area
    assert 0.01 < upward.max() < 0.5
    assert float(jnp.sum(bench.hour.emission)) > 0


def test_the_cost_of_more_cells_and_species_is_told_in_one_unit(traced: list[Any]) -> None:
    one, two = speed.cost((8,), (1, 14), repeats=1)
    assert [(row.cells, row.species, row.seconds) for row in (one, two)] == [(8, 1, 1.0), (8, 14, 2.0)]
    assert [result.q.shape for result in traced] == [(LAYERS, 1, 8, 8), (LAYERS, 14, 8, 8)]
    for row in (one, two):
        assert row.rate * row.per_step == pytest.approx(1.0)
        assert row.seconds * 1e6 == pytest.approx(row.per_step * 8 * 8 * LAYERS * row.species * row.steps)


def test_slower_air_may_take_longer_steps(bench: Bench) -> None:
    """The table's steps are steps that the model could take: four times the seconds have the same Courant number."""
    slow = speed.slowed(bench.hour)
    one, other = courant(bench.hour, 300.0 / bench.steps), courant(slow, 1200.0 / bench.steps)
    assert float(other) == pytest.approx(float(one), rel=0.05)
    assert float(other) <= COURANT


def test_a_copy_counts_what_is_read_and_what_is_written() -> None:
    numpy, by_jax = speed.bandwidth(repeats=2, count=2**18)
    for one in (numpy, by_jax):
        assert one.timing is not None
        assert one.value == pytest.approx(2 * 4 * 2**18 / one.timing.best / 1e9)


def test_a_forecast_of_one_hour_says_why_it_is_none() -> None:
    with pytest.raises(ValueError, match="at least 2 are needed"):
        speed_alone.forecast(8, 1)
