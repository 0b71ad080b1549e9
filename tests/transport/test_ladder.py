"""The validation ladder as `lantian model check` runs it: every rung holds its limits, and those are the issue's."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from lantian.transport import ladder
from lantian.transport.ladder import RUNGS, Curve, Map, Measure

requirement = pytest.mark.requirement
climbed = cache(lambda name: ladder.run(rungs=[name])[0])

LIMITS = {
    "uniform": dict.fromkeys(("sheared", "divergent", "eddy", "level, against hills"), (None, 1e-5)),
    "budget": dict.fromkeys(("sheared", "divergent", "eddy", "level, against hills"), (None, 1e-4)),
    "cone": {"peak": (0.84, None), "L1 error": (None, 0.045), "L2 error": (None, 0.045), "least value": (0, None)},
    "deformation": {"overshoot": (None, 0), "least value": (0, None)},
    "photochemistry": dict.fromkeys(("NO", "NO2", "O3", "TNO3"), (None, 0.03)),
    "aerosol": dict.fromkeys(("SO2", "SO4", "NO2", "O3", "TNO3", "SOA"), (None, 0.03)),
    "restart": dict.fromkeys(("state", "hourly means", "budget"), (None, 0)),
    "adjoint": {"mixing": (None, 1e-5), "sweep, discrete": (None, 1e-5)},
    "closure": {
        f"{wind}: {what}": limits
        for wind in ("sheared", "divergent", "eddy")
        for what, limits in {
            "least closure": (0.96, None),
            "largest closure": (None, 1.04),
            "source removed, city": (None, 0.05),
        }.items()
    }
    | {f"{source} removed, single stations": (None, 0.05) for source in ("park", "chimney")},
}
"""At least and at most, as the engine's specification has them; the ladder may not loosen them."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("uniform", marks=requirement("F3", part="uniform field in sheared, divergent winds over terrain")),
        pytest.param("budget", marks=requirement("F3", part="mass budget closed to 1e-4")),
        pytest.param("cone", marks=requirement("F3", part="Molenkamp cone")),
        pytest.param("deformation", marks=requirement("F3", part="deformational flow without over- or undershoot")),
        pytest.param("diffusion", marks=requirement("F3", part="analytic diffusion")),
        pytest.param("puff", marks=requirement("F3", part="Gaussian puff in uniform wind and shear")),
        pytest.param("plume", marks=requirement("F3", part="steady plume of K theory")),
        pytest.param("photochemistry", marks=requirement("F3", part="photochemistry within 3 % of a stiff solver")),
        pytest.param(
            "aerosol", marks=requirement("F3", part="aerosol within 3 % of a stiff solver over night and day")
        ),
        pytest.param("atoms", marks=requirement("F3", part="atoms of S and N conserved by both chemistries")),
        pytest.param("nest", marks=requirement("F3", part="nested run against a single fine run")),
        pytest.param("restart", marks=requirement("F3", part="restart bit-identical")),
        pytest.param("precision", marks=requirement("F3", part="CPU against float64 reference; GPU to 1e-4")),
        pytest.param("adjoint", marks=requirement("F3", part="adjoint dot products and finite differences")),
        pytest.param("closure", marks=requirement("F3", part="closure of budgets and brute-force source removal")),
    ],
)
def test_the_rung_holds(name):
    rung = climbed(name)
    failed = [measure for measure in rung.measures if not measure.passed]
    assert rung.passed, failed
    found = {measure.name: (measure.at_least, measure.at_most) for measure in rung.measures}
    for measure, limits in LIMITS.get(name, {}).items():
        assert found[measure] == limits
    assert all(measure.zh and np.isfinite(measure.value) for measure in rung.measures)
    assert rung.zh
    assert rung.what
    assert rung.seconds > 0


def test_every_rung_is_climbed_by_a_test_above():
    marked = test_the_rung_holds.pytestmark[0].args[1]
    assert [param.values[0] for param in marked] == list(RUNGS)


@pytest.mark.parametrize("name", ["cone", "puff", "plume", "photochemistry", "aerosol", "nest", "closure"])
def test_the_pictures_can_be_drawn(name):
    pictures = climbed(name).pictures
    assert pictures
    for picture in pictures:
        assert picture.title
        assert picture.zh
        if isinstance(picture, Map):
            assert picture.values.ndim == 2
            assert np.all(np.isfinite(picture.values))
            assert np.ptp(picture.values) > 0
        if isinstance(picture, Curve):
            assert picture.x.shape == picture.computed.shape == picture.exact.shape
            assert picture.x_label
            assert picture.y_label


def test_progress_is_told_and_an_unknown_rung_is_refused():
    told = []
    rungs = ladder.run(lambda *now: told.append(now), ["cone"])
    assert told == [(0, 1, "cone"), (1, 1, "")]
    assert [rung.name for rung in rungs] == ["rotating cone"]
    with pytest.raises(ValueError, match=r"unknown rungs cones; known are uniform, budget"):
        ladder.run(rungs=["cones"])


def test_a_measure_outside_its_limits_or_not_a_number_fails_its_rung():
    assert Measure("a", "甲", 1.0, at_most=1.0, at_least=1.0).passed
    assert Measure("told", "甲", 1e9).passed
    for value, limits in ((1.1, {"at_most": 1.0}), (0.9, {"at_least": 1.0}), (np.nan, {}), (np.inf, {})):
        bad = Measure("a", "甲", value, **limits)
        assert not bad.passed
        assert not replace(climbed("cone"), measures=(*climbed("cone").measures, bad)).passed
