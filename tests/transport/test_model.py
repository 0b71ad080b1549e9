"""A run: its budget, its restarts, its errors, its precision; small grids, few hours."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lantian.places.levels import Levels, stretched
from lantian.transport import Model, ModelError, Run, compilation, idealised, open_forcing, open_run, progress_bar
from lantian.transport.checkpoint import CheckpointError
from lantian.transport.forcing import Forcing
from lantian.transport.hour import COURANT, Hour, close
from lantian.transport.model import _one_hour
from lantian.transport.result import CLOSURE, closure
from lantian.transport.species import FULL, REACTIVE

START = "2024-01-10T00"
HOURS = 5
NITROGEN = {"NO": 30.006, "NO2": 46.006, "TNO3": 62.005}
PAGE = Path(__file__).parents[2] / "docs" / "transport" / "running.md"
TRACERS = ("PPM25", "CO")
EMITTED = {"NO": 3e-9, "NO2": 5e-10, "SO2": 2e-9, "CO": 1e-7, "PPM25": 2e-9, "PMC": 3e-9, "ROC": 3e-9, "TNH4": 1e-9}


class Case(NamedTuple):
    model: Model
    forcing: Forcing
    start: xr.Dataset

    def run(self, **options: Any) -> Run:
        return self.model.run(self.forcing, self.start, **options)


def case(species: Sequence[str] = FULL, *, hours: int = HOURS, dtype: Any = np.float32, **weather: Any) -> Case:
    """A city over a hill, from night into the morning: every process acts."""
    domain = idealised.domain((9, 10), 1000.0, levels=Levels(stretched(6, 40.0, 2000.0)), hill=150.0)
    options: dict[str, Any] = {"x_wind": idealised.power(4.0), "y_wind": 1.5, "mixing_height": (150.0, 900.0)}
    options |= {"rain": 2e-4, "cloud_water": 1e-4, "humidity": 0.85, **weather}
    emitted = {name: flux for name, flux in EMITTED.items() if name in species}
    chimney = [
        (116.39, 39.9, 100.0, "PPM25", 0.05),
        (116.39, 39.9, 1500.0, "PPM25", 0.0),
    ]  # in all layers, as an inventory
    forcing = open_forcing(
        domain,
        species,
        weather=idealised.weather(domain, START, hours, **options),
        emissions=idealised.emissions(domain, START, hours, emitted, points=chimney),
        edges=idealised.edges(domain, species, START, hours),
        dtype=dtype,
    )
    model = Model(tuple(species), chemistry=set(REACTIVE) <= set(species))
    return Case(model, forcing, idealised.start(domain, species))


@pytest.fixture(scope="module")
def city() -> Case:
    return case()


@pytest.fixture(scope="module")
def whole(city: Case) -> Run:
    """The run without a cut."""
    return city.run()


@pytest.fixture(scope="module")
def tracers() -> Case:
    return case(TRACERS)


def same(run: Run, other: Run) -> None:
    """Bit for bit."""
    assert run.mean.identical(other.mean)
    assert run.end.identical(other.end)
    assert run.budget.identical(other.budget)


def changed(forcing: Forcing, change: Callable[[int, Hour], Hour]) -> Forcing:
    """The forcing with its hours changed behind the door."""

    class Changed(Forcing):
        def hour(self, i: int) -> Hour:
            return change(i, super().hour(i))

    return Changed(**{f.name: getattr(forcing, f.name) for f in dataclasses.fields(Forcing)})


# Budget


@pytest.mark.requirement("F3", part="mass budget per process and species closed to 1e-4")
def test_the_budget_of_every_species_closes(whole: Run) -> None:
    budget = whole.budget
    assert float(budget.closure.max()) <= CLOSURE == 1e-4
    before = np.concatenate([budget.burden_begin.values[:, None], budget.burden.values[:, :-1]], axis=1)
    for hour in range(HOURS):
        gain = budget.gain.values[None, :, :, hour]
        assert closure(before[:, hour], gain, budget.burden.values[:, hour])[1].max() <= CLOSURE


@pytest.mark.requirement("F3", part="mass budget per process and species closed to 1e-4")
def test_every_process_acts_and_is_booked_where_it_belongs(city: Case, whole: Run) -> None:
    gain = whole.budget.gain.sum("time")
    assert list(gain.process.values) == [
        "emission", "sides", "top", "deposition", "chemistry", "scavenging", "settling",
    ]  # fmt: skip
    for name in FULL:
        emitted = float(gain.sel(process="emission", species=name))
        area = city.forcing.domain.grid.cell_area.sum()
        wanted = 3600 * HOURS * (EMITTED.get(name, 0) * area + (0.05 if name == "PPM25" else 0))
        assert emitted == pytest.approx(wanted, rel=1e-5)
    assert np.all(gain.sel(process="deposition") <= 0)
    assert np.all(gain.sel(process="scavenging") <= 0)
    for process, names in {
        "deposition": ("SO2", "O3", "PPM25", "PMC"),
        "scavenging": ("SO2", "SO4", "PPM25"),
        "chemistry": ("NO", "NO2", "O3", "SO2", "SO4", "TNO3"),
        "sides": ("NO", "CO", "PPM25"),
    }.items():
        share = np.abs(gain.sel(process=process, species=list(names))) / whole.budget.throughput.sel(
            species=list(names)
        )
        assert float(share.min()) > 1e-3, process
    # Settling moves mass within the columns; nothing is lost by it, what reaches the ground is deposition.
    assert (
        float(np.abs(gain.sel(process="settling", species="PMC")) / whole.budget.throughput.sel(species="PMC")) < 1e-5
    )
    nitrogen = sum(float(gain.sel(process="chemistry", species=n)) / m for n, m in NITROGEN.items())
    assert abs(nitrogen) < 1e-4 * abs(float(gain.sel(process="chemistry", species="NO"))) / NITROGEN["NO"]


def test_the_burden_is_that_of_the_state(city: Case, whole: Run) -> None:
    mass = np.asarray(city.forcing.hour(HOURS - 1).mass[1], np.float64)
    burden = (whole.end.values.astype(np.float64) * mass[:, None]).sum((0, 2, 3)) * 1e-9
    np.testing.assert_allclose(whole.budget.burden[:, -1], burden, rtol=1e-6)


@given(
    hnp.arrays(np.float64, 3, elements=st.floats(0, 1e6)),
    hnp.arrays(np.float64, (2, 2, 3), elements=st.floats(-1e6, 1e6)),
    st.floats(1e-3, 1e3),
)
def test_closure_is_what_is_missing(begin: np.ndarray, gain: np.ndarray, lost: float) -> None:
    end = begin + gain.sum((0, 1))
    end_lost = end.copy()
    end_lost[1] += lost
    throughput, kept = closure(begin, gain, end)
    assert np.all(kept <= 1e-9)
    assert np.all(throughput >= np.abs(gain.sum((0, 1))) / 2 * (1 - 1e-9))
    scale = max(begin[1], end_lost[1], throughput[1])
    if scale > 0:
        assert closure(begin, gain, end_lost)[1][1] == pytest.approx(lost / scale, rel=1e-3, abs=1e-9)


def test_nothing_at_all_closes() -> None:
    assert closure(np.zeros(2), np.zeros((1, 3, 2)), np.zeros(2))[1].tolist() == [0, 0]


# Result


def test_the_means_have_names_units_and_places(city: Case, whole: Run) -> None:
    mean, grid = whole.mean, city.forcing.domain.grid
    assert mean.concentration.dims == ("time", "species", "y", "x")
    assert mean.concentration.attrs["units"] == "ug m-3"
    np.testing.assert_array_equal(mean.x, grid.x)
    np.testing.assert_array_equal(mean.lat, grid.lat)
    assert mean.crs.attrs["grid_mapping_name"] == "lambert_conformal_conic"
    assert mean.time.values[0] == np.datetime64(START)
    assert np.all(mean.time_bounds.values[:, 1] - mean.time_bounds.values[:, 0] == np.timedelta64(1, "h"))
    assert set(mean.data_vars) == {"concentration", "pm25", "pm10", "so2", "no2", "o3", "co"}
    assert mean.co.attrs["units"] == "mg m-3"
    assert mean.o3.attrs["standard_name"] == "mass_concentration_of_ozone_in_air"
    np.testing.assert_allclose(mean.co, mean.concentration.sel(species="CO") / 1000, rtol=1e-6)
    np.testing.assert_allclose(mean.no2, mean.concentration.sel(species="NO2"), rtol=1e-6)
    coarse = mean.concentration.sel(species="PMC")
    np.testing.assert_allclose(mean.pm10 - mean.pm25, coarse, rtol=1e-4)
    dry = mean.concentration.sel(species=["PPM25", "BC", "DUST", "SOA"]).sum("species")
    assert np.all(mean.pm25 > dry)
    assert np.all(mean.to_array() >= 0)


@pytest.mark.parametrize("name", ["run.zarr", "run.nc"])
def test_a_run_is_saved_and_opened(whole: Run, tmp_path: Path, name: str) -> None:
    whole.save(tmp_path / name)
    same(open_run(tmp_path / name), whole)


def test_the_hours_after_continue_from_the_end(tracers: Case) -> None:
    first = tracers.run()
    then = tracers.model.run(tracers.forcing, first.end)
    np.testing.assert_array_equal(then.budget.burden_begin, first.budget.burden[:, -1])


def test_progress_is_told_hour_by_hour(tracers: Case) -> None:
    told: list[tuple[int, int, str]] = []
    tracers.run(progress=lambda *now: told.append(now))
    assert [(done, total) for done, total, _ in told] == [(i + 1, HOURS) for i in range(HOURS)]
    assert told[1][2].startswith("2024-01-10T01 UTC, ")
    with progress_bar() as progress:
        tracers.run(progress=progress)


def test_equal_models_share_compiled_code(tracers: Case) -> None:
    assert Model(TRACERS, chemistry=False).processes is tracers.model.processes
    tracers.run()
    compiled = _one_hour._cache_size()
    dataclasses.replace(tracers.model).run(tracers.forcing, tracers.start)
    assert _one_hour._cache_size() == compiled


# Restart


class CutError(Exception):
    pass


def cut_after(hour: int) -> Callable[[int, int, str], None]:
    def progress(done: int, total: int, text: str) -> None:
        if done == hour:
            raise CutError

    return progress


@pytest.mark.requirement("F3", part="run in segments with checkpoints on disk, restart bit-identical")
@pytest.mark.parametrize(("hour", "then"), [(1, 2), (3, 2), (4, 3)])
def test_a_run_that_was_cut_off_gives_the_same(city: Case, whole: Run, tmp_path: Path, hour: int, then: int) -> None:
    with pytest.raises(CutError):
        city.run(checkpoints=tmp_path / "kept", segment_hours=2, progress=cut_after(hour))
    told: list[int] = []
    same(
        city.run(checkpoints=tmp_path / "kept", segment_hours=then, progress=lambda done, *_: told.append(done)), whole
    )
    assert told[0] == (1 if hour == 1 else 2 if hour == 3 else 4)
    assert told[-1] == HOURS
    same(city.run(checkpoints=tmp_path / "kept", progress=lambda done, *_: told.append(done)), whole)
    assert told[-2:] == [HOURS, HOURS]


CHILD = """
import sys, time
sys.path.insert(0, {folder!r})
import test_model

def progress(done, *_):
    if done == 3:
        print("three", flush=True)
        time.sleep(600)

test_model.case().run(checkpoints={kept!r}, segment_hours=1, keep_fields=True, progress=progress)
"""


@pytest.mark.requirement("F3", part="run in segments with checkpoints on disk, restart bit-identical")
def test_a_run_that_was_killed_gives_the_same(city: Case, whole: Run, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    program = CHILD.format(folder=str(Path(__file__).parent), kept=str(kept))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "three\n"
        child.kill()
    told: list[int] = []
    run = city.run(checkpoints=kept, keep_fields=True, progress=lambda done, *_: told.append(done))
    assert told == [3, 4, 5]
    same(run, whole)
    np.testing.assert_array_equal(run.fields.mixing_ratio[-1], whole.end)
    assert np.all(run.fields.mixing_ratio >= 0)


@pytest.mark.requirement("F3", part="run in segments with checkpoints on disk, restart bit-identical")
def test_a_damaged_checkpoint_is_said_and_its_hours_computed_again(tracers: Case, tmp_path: Path) -> None:
    wanted = tracers.run(checkpoints=tmp_path, segment_hours=2)
    os.truncate(tmp_path / "000004.zarr.zip", 2000)
    with pytest.warns(UserWarning, match="damaged"):
        run = tracers.run(checkpoints=tmp_path, segment_hours=2)
    same(run, wanted)


def test_checkpoints_of_another_run_are_refused(tracers: Case, tmp_path: Path) -> None:
    tracers.run(checkpoints=tmp_path)
    rainless = case(TRACERS, rain=0.0)
    with pytest.raises(CheckpointError, match="another forcing"):
        rainless.run(checkpoints=tmp_path)
    with pytest.raises(CheckpointError, match="another start"):
        tracers.model.run(tracers.forcing, doubled(tracers.start), checkpoints=tmp_path)
    soot = {"in_cloud_soot": 0.5}
    with pytest.raises(CheckpointError, match="another model"):
        Model(TRACERS, soot, chemistry=False).run(with_parameters(tracers, soot), tracers.start, checkpoints=tmp_path)


def doubled(start: xr.Dataset) -> xr.Dataset:
    return start.assign(mixing_ratio=start.mixing_ratio.copy(data=2 * start.mixing_ratio.values))


def with_parameters(case: Case, parameters: dict[str, float]) -> Forcing:
    return dataclasses.replace(case.forcing, parameters={**case.forcing.parameters, **parameters})


def test_fields_are_kept_hour_by_hour(tracers: Case, tmp_path: Path) -> None:
    run = tracers.run(keep_fields=tmp_path / "fields.zarr")
    fields = run.fields.mixing_ratio
    assert fields.dims == ("time", "z", "species", "y", "x")
    assert fields.attrs["units"] == "ug kg-1"
    np.testing.assert_array_equal(run.fields.time, tracers.forcing.times)
    np.testing.assert_array_equal(fields[0], tracers.start.mixing_ratio)
    np.testing.assert_array_equal(fields[-1], run.end)
    assert all(np.any(fields[i] != fields[i + 1]) for i in range(HOURS))
    with pytest.raises(ValueError, match="is not of this run"):
        tracers.model.run(tracers.forcing, doubled(tracers.start), keep_fields=tmp_path / "fields.zarr")
    with pytest.raises(ValueError, match="give a path"):
        tracers.run(keep_fields=True)
    with pytest.raises(ValueError, match="kept no fields"):
        _ = tracers.run().fields


def test_fields_that_earlier_hours_lack_are_computed(tracers: Case, tmp_path: Path) -> None:
    wanted = tracers.run(checkpoints=tmp_path)
    run = tracers.run(checkpoints=tmp_path, keep_fields=True)
    same(run, wanted)
    assert np.all(run.fields.mixing_ratio >= 0)


# Steps


@pytest.mark.requirement("F3", part="largest Courant number with automatic sub-stepping")
def test_steps_rise_with_the_wind_and_the_result_stays_sane(tracers: Case) -> None:
    steps, largest = [], []
    for speed in (2.0, 10.0, 40.0):
        windy = case(TRACERS, hours=2, x_wind=speed, y_wind=speed)
        run = windy.run()
        assert np.all((run.courant > 0.05) & (run.courant <= COURANT))
        assert float(run.budget.closure.max()) <= CLOSURE
        steps.append(int(run.steps[0]))
        largest.append(float(run.mean.concentration.sel(species="PPM25").max()))
        assert np.all(run.end.values >= 0)
    assert steps == sorted(set(steps))
    assert steps[-1] >= 10 * steps[0]
    assert largest == sorted(largest, reverse=True)


@pytest.mark.requirement("F3", part="largest Courant number with automatic sub-stepping")
def test_steps_follow_the_hours(tracers: Case) -> None:
    run = case(TRACERS, x_wind=lambda hour, height: 2.0 + 10 * hour + 0 * height).run()
    assert list(run.steps.values) == sorted(run.steps.values)
    assert int(run.steps[-1]) > 3 * int(run.steps[0])


def test_air_that_moves_too_fast_is_told_with_place_and_hour(tracers: Case) -> None:
    def storm(i: int, hour: Hour) -> Hour:
        if i != 2:
            return hour
        flux_x = hour.flux_x.at[:, 3, 4, 6].multiply(3000.0)
        return hour._replace(flux_x=flux_x, flux_z=close(hour.mass, flux_x, hour.flux_y))

    with pytest.raises(ModelError, match=r"too fast in the hour of 2024-01-10T02 UTC.*120 steps.*layer \d, cell y 4"):
        tracers.model.run(changed(tracers.forcing, storm), tracers.start)


@pytest.mark.requirement("F3", part="NaN or negative concentration anywhere fails")
@pytest.mark.parametrize(("value", "told"), [(np.nan, "nan"), (np.inf, "(inf|nan)"), (-1e15, "-[0-9.]+")])
def test_what_is_not_a_concentration_is_told(tracers: Case, value: float, told: str) -> None:
    def spoil(i: int, hour: Hour) -> Hour:
        return hour._replace(emission=hour.emission.at[0, 1, 5, 7].set(value)) if i == 1 else hour

    with pytest.raises(
        ModelError, match=rf"CO is {told}.* ug kg-1 after the hour of 2024-01-10T01 UTC in layer \d, cell"
    ):
        tracers.model.run(changed(tracers.forcing, spoil), tracers.start)


# Truth


@pytest.mark.requirement("F3", part="a uniform field stays uniform")
def test_a_uniform_background_stays_uniform() -> None:
    quiet = case(TRACERS, hours=3, rain=0.0)
    even = changed(
        quiet.forcing,
        lambda i, hour: hour._replace(emission=0 * hour.emission, drain=0 * hour.drain),
    )
    run = quiet.model.run(even, quiet.start)
    drift = np.abs(run.end / quiet.start.mixing_ratio.values - 1)
    assert float(drift.max()) <= 1e-5


@pytest.mark.requirement("F3", part="CPU against float64 reference")
def test_single_precision_is_near_double(city: Case, whole: Run) -> None:
    """Hourly means differ by 1e-5 of the field's largest value at most, after five hours with every process."""
    with jax.enable_x64(True):
        exact = case(dtype=np.float64).run()
    assert exact.end.dtype == np.float64
    for name in FULL:
        reference = exact.mean.concentration.sel(species=name)
        error = np.abs(whole.mean.concentration.sel(species=name) - reference).max() / reference.max()
        assert float(error) <= 1e-5, name
    assert float(np.abs(whole.mean.pm25 / exact.mean.pm25 - 1).max()) <= 1e-5
    assert float(exact.budget.closure.max()) <= 1e-12


def gpu() -> Any:
    try:
        return jax.devices("gpu")[0]
    except RuntimeError as error:
        pytest.skip(f"no GPU here: {error}")


@pytest.mark.requirement("F3", part="the same result on GPU to 1e-4 when one is present")
def test_a_gpu_gives_the_same() -> None:
    accelerator = gpu()
    runs = []
    for device in (jax.devices("cpu")[0], accelerator):
        with jax.default_device(device):
            runs.append(case().run().mean.concentration)
    error = np.abs(runs[0] - runs[1]).max(("time", "y", "x")) / runs[0].max(("time", "y", "x"))
    assert float(error.max()) <= 1e-4


# What is refused


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Model(("PPM25", "XY")), "unknown species XY"),
        (lambda: Model(("PPM25", "PPM25"), chemistry=False), "stands twice"),
        (lambda: Model(("PPM25", "NO")), "the chemistry needs ROC, NO2"),
        (lambda: Model(("TNO3", "CO"), chemistry=False), "TNO3 needs TNH4 and SO4"),
        (lambda: Model(parameters={"no_such": 1.0}), "unknown parameter"),
        (lambda: Model(parameters={"canopy_uptake": 99.0}), "outside"),
        (lambda: Model(parameters={"canopy_uptake": np.float32(99)}), "outside"),
        (lambda: Model(parameters={"roc_reactivity": np.ones((2, 2))}), "parameters roc_reactivity: expected numbers"),
    ],
)
def test_a_model_checks_itself(make: Callable[[], Model], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()


def test_what_does_not_fit_is_refused(tracers: Case) -> None:
    with pytest.raises(ValueError, match="the forcing carries PPM25, CO"):
        Model(("CO", "PPM25"), chemistry=False).run(tracers.forcing, tracers.start)
    with pytest.raises(ValueError, match=r"canopy_uptake is 2\.0 in the model and 1\.0 in the forcing"):
        Model(TRACERS, {"canopy_uptake": 2.0}, chemistry=False).run(tracers.forcing, tracers.start)
    with pytest.raises(ValueError, match="segment_hours"):
        tracers.run(segment_hours=0)
    hole = doubled(tracers.start)
    hole.mixing_ratio[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        tracers.model.run(tracers.forcing, hole)


def test_the_start_is_left_as_it_was(tracers: Case) -> None:
    before = tracers.start.mixing_ratio.values.copy()
    own = tracers.start.copy(deep=True)
    tracers.model.run(tracers.forcing, own)
    np.testing.assert_array_equal(own.mixing_ratio, before)


# Compiled code

COMPILE = """
import warnings; warnings.simplefilter("error")
import jax, jax.numpy as jnp
from lantian.transport.compilation import quiet_cache, use_cache
folder = use_cache()
with quiet_cache():
    assert float(jax.jit(lambda x: jnp.sin(x).sum())(jnp.zeros(3))) == 0
print(folder)
"""


def compiled(home: Path) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION_CACHE")}
    now = {"XDG_CACHE_HOME": str(home), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=plain | now, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_broken_cache_of_compiled_code_fails_nothing(tmp_path: Path) -> None:
    folder = Path(compiled(tmp_path))
    assert folder.is_relative_to(tmp_path / "lantian" / "jax")
    entries = list(folder.glob("*-cache"))
    assert entries
    for entry in entries:
        entry.write_bytes(b"\x00" * 100)
    assert compiled(tmp_path) == str(folder)


def test_what_the_user_chose_stands_and_no_home_is_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    previous = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert compilation.use_cache() is None
        monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
        monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
        assert compilation.use_cache() is None
        jax.config.update("jax_compilation_cache_dir", str(tmp_path / "mine"))
        assert compilation.use_cache() is None
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "mine")
    finally:
        jax.config.update("jax_compilation_cache_dir", previous)


# The page


@pytest.mark.requirement("F3", part="how to run a first plume in ten lines of Python (tested)")
def test_the_first_plume_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    code = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(code, names)
    plt.close("all")
    picture = plt.imread(tmp_path / "plume.png")
    assert len(np.unique(picture.reshape(-1, picture.shape[-1]), axis=0)) > 50
    plume = names["run"].mean.pm25[-1]
    assert float(plume.max()) > 20 * float(plume.median()) > 0 or float(plume.max()) > 1
