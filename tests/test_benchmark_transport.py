"""The reference of the engine's speed does the same work: the same air, the same emission, nearly the same fields."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import transport, van_leer
from lantian.transport.speed import Bench, Figure, Row, Timing
from lantian.transport.step import advance


@pytest.fixture(scope="module")
def bench() -> Bench:
    """A gentle hill of a plume in the middle, and clean air around it."""
    made = Bench.of(24, ("CO", "PPM25"), repeats=1)
    x = np.arange(24) - 11.5
    bump = 50 * np.exp(-(x[:, None] ** 2 + x**2) / 40).astype(np.float32)
    return replace(made, q=made.q + bump)


def test_the_reference_moves_what_we_move(bench: Bench) -> None:
    theirs = van_leer.hour_of(np.asarray(bench.q), bench.hour, bench.steps)
    ours = np.asarray(jax.jit(advance)(bench.q, bench.hour, jnp.asarray(bench.steps)).q)
    assert theirs.min() >= 0
    mass = np.asarray(bench.hour.mass[1], np.float64)[:, None]
    total = [(mass * q).sum(axis=(0, 2, 3)) for q in (theirs, ours)]
    np.testing.assert_allclose(*total, rtol=0.01)
    for species in range(2):
        assert np.corrcoef(theirs[:, species].ravel(), ours[:, species].ravel())[0, 1] > 0.995


def test_the_reference_keeps_a_uniform_mixing_ratio(bench: Bench) -> None:
    ones = jax.tree.map(jnp.ones_like, bench.hour.edges)
    hour = bench.hour._replace(edges=ones, emission=0 * bench.hour.emission, drain=0 * bench.hour.drain)
    q = van_leer.hour_of(np.ones(bench.q.shape, np.float32), hour, bench.steps)
    np.testing.assert_allclose(q, 1, atol=1e-5)


def test_ours_stands_beside_the_reference(bench: Bench) -> None:
    theirs, ratio = transport.reference(bench, Figure("full_step", "", "", 100.0, "Mcs/s"))
    rate = float(theirs.measured.removesuffix(" Mcs/s"))
    assert float(ratio.measured) == pytest.approx(100 / rate, rel=0.02)


def test_the_table_says_how_far_the_cost_is_from_linear() -> None:
    rows = [Row(100, 4, 60, 1.0, 100.0, 0.010), Row(400, 14, 60, 100.0, 80.0, 0.0125), Row(50, 1, 60, 0.1, 10.0, 0.1)]
    *lines, last = transport.lines(rows)
    assert [line.measured for line in lines] == ["1.000 s", "100.000 s", "0.100 s"]
    assert "12.50 ns a cell, species and step" in lines[1].wanted
    assert last.measured == "1.25"  # the smallest case, where starting a step costs most, does not count


def test_a_figure_shows_its_median_and_the_processor() -> None:
    figure = Figure("x", "", "something", 123.4, "Mcs/s", ">= 130", "noted", Timing(1.0, 1.5, 2.0))
    line = transport.line(figure)
    assert (line.what, line.measured) == ("something", "123 Mcs/s")
    assert line.wanted == "wanted >= 130; noted; best 1.000 s, median 1.500 s, processor 2.000 s"
