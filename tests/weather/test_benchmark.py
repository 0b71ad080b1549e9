"""The reference of the adjustment's speed solves the same equation."""

from functools import partial

import jax.numpy as jnp
import numpy as np

from benchmarks.weather import assembled
from lantian.places.grid import Domain
from lantian.weather import mass_consistent
from lantian.weather.mass_consistent import Cells


def test_the_assembled_matrix_is_the_operator(steep: Domain) -> None:
    cells = Cells.of(steep)
    ones = jnp.float32(1.2)
    weights = mass_consistent._Weights(
        ones * cells.area_x, ones * cells.area_y, ones * cells.cell_area + 0 * cells.distance_z, jnp.float32(0.5)
    )
    operator = partial(mass_consistent._operator, cells, weights)
    matrix = assembled(operator, cells.volume.shape)
    given = np.random.default_rng(1).normal(size=cells.volume.shape)
    wanted = np.asarray(operator(jnp.asarray(given, jnp.float32))).ravel()
    np.testing.assert_allclose(matrix @ given.ravel(), wanted, atol=1e-4 * np.abs(wanted).max())
    assert abs(matrix - matrix.T).max() == 0
    assert np.linalg.eigvalsh(matrix.toarray()).min() > 0  # positive: the sides are open
