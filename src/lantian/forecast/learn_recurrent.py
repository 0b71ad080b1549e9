"""A recurrent network 循环网络 that steps hour by hour from the measured past through the weather ahead.

It is a box model whose laws are learnt. The state of a place is ``y``, the standardised logarithms of its six
pollutants, and a memory ``h``. An encoder reads the past, weather and air; a decoder goes on from the last measured
air with the weather, and with what is known of the region's air, and gives the growth of ``y`` in each hour. Blocks of
four hours are one step of the memory, a gated recurrent unit (Cho et al. 2014, arXiv:1406.1078; the reset gate acts
after the product):

    r, z = sigmoid(W x + U h),   n = tanh(W x + r * (U h)),   h' = (1 - z) * n + z * h

Several members are trained at once from different beginnings, each without some blocks of days, so that every day has
a member that has not seen it: its errors there are honest.

Training is JAX, forecasting plain NumPy from the same equations: a page need not wait for a compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from lantian.forecast.features import Indices
from lantian.forecast.features_hours import HOURLY, Hours, Scale, Single
from lantian.forecast.features_region import Region
from lantian.forecast.history import Array
from lantian.standards.codes import POLLUTANTS

BLOCK: Final = 4
"""Hours of one step of the memory."""
CALENDAR: Final = 8
"""Inputs of the calendar, the last ones of each hour."""
PAST: Final = 48
"""Hours that the encoder reads."""
ITEM_COUNT: Final = len(POLLUTANTS)
CARE: Final = np.array([0.5, 0.5, 0.5, 2.0, 0.7, 2.0])
"""How much each item's error counts in training: most what most often decides the index."""
NOISE: Final = 0.1
"""Standard deviation of the noise added to weather in training, in its scaled units."""
BLUR: Final = 0.2
"""The same of the region's air: its days are one or two old."""

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Effort:
    """How long and how large to train: docs/forecast/statistics.md says how the defaults were chosen.

    Attributes:
        members: networks of the ensemble, each without a share 1 / members of the days.
        hidden: size of the memory.
        steps: steps of the optimiser; ``batch``: issues in each.
        ahead: hours that a training issue looks ahead, a multiple of `BLOCK`. Later leads go on by the same laws.
        rate: largest learning rate; ``decay``: of the weights.
        iterations: of the boosted trees of cities.
    """

    members: int = 8
    hidden: int = 32
    steps: int = 2500
    batch: int = 32
    ahead: int = 76
    rate: float = 1.5e-3
    decay: float = 1e-3
    iterations: int = 120


@dataclass(frozen=True)
class Network:
    """A trained ensemble. ``parameters``: arrays whose first axis is the member."""

    parameters: Mapping[str, Single]
    places: tuple[str, ...]
    scale: Scale
    region: Region
    perfect: bool

    @property
    def members(self) -> int:
        """How many networks."""
        return len(self.parameters["out"])

    def one(self, member: int) -> Network:
        """One member alone."""
        return replace(self, parameters={name: values[[member]] for name, values in self.parameters.items()})

    def forecast(self, hours: Hours, issues: Indices, place: str, ahead: int) -> Array:
        """Concentrations of a place from each issue on: (member, issue, hour, item), ug/m3, CO mg/m3."""
        row = np.full(len(issues), hours.places.index(place))
        given = gather(hours, issues, row, ahead, perfect=self.perfect)
        who = np.full(len(issues), self.places.index(place))
        members = [{name: values[m] for name, values in self.parameters.items()} for m in range(self.members)]
        return self.scale.back(np.stack([self._run(one, *given, who) for one in members]))

    @staticmethod
    def _run(
        parameters: Parameters, past: Single, recent: Single, coming: Single, region: Single, who: Indices
    ) -> Single:
        memory, given = _begin(np, parameters, past, recent, region, who)
        for step in range(given.shape[1]):
            memory = _cell(np, memory, given[:, step], parameters["encoder_u"])
        last, made = recent[:, -1], []
        inputs = _ahead(np, parameters, coming, region)
        for step in range(inputs.shape[1]):
            memory, last, air = _advance(np, parameters, memory, last, inputs[:, step])
            made.append(air)
        return np.concatenate(made, axis=1)


def blocks(xp: Any, inputs: Any) -> Any:
    """Weather and calendar (issue, hour, input) in blocks: every hour's weather, the rest of the last hour."""
    count, hours, width = inputs.shape
    parts = inputs.reshape(count, hours // BLOCK, BLOCK, width)
    weather = parts[..., :HOURLY].reshape(count, hours // BLOCK, -1)
    return xp.concatenate([weather, parts[:, :, -1, HOURLY:]], axis=-1)


def _sigmoid(xp: Any, x: Any) -> Any:
    return 0.5 * (xp.tanh(0.5 * x) + 1.0)


def _cell(xp: Any, memory: Any, given: Any, weights: Any) -> Any:
    """The gated recurrent unit; ``given`` is W x."""
    size = memory.shape[-1]
    own = memory @ weights
    reset = _sigmoid(xp, given[..., :size] + own[..., :size])
    keep = _sigmoid(xp, given[..., size : 2 * size] + own[..., size : 2 * size])
    new = xp.tanh(given[..., 2 * size :] + reset * own[..., 2 * size :])
    return (1.0 - keep) * new + keep * memory


def _begin(xp: Any, p: Parameters, past: Any, recent: Any, region: Any, who: Any) -> tuple[Any, Any]:
    """The memory before the past, which knows place and region; and what the encoder is given, block by block."""
    count = past.shape[0]
    air = recent.reshape(count, -1, BLOCK * ITEM_COUNT)
    given = xp.concatenate([blocks(xp, past), air], axis=-1) @ p["encoder_w"] + p["encoder_b"]
    return p["place"][who] + region @ p["region"], given


def _ahead(xp: Any, p: Parameters, coming: Any, region: Any) -> Any:
    """What the decoder is given, block by block."""
    return blocks(xp, coming) @ p["decoder_w"] + p["decoder_b"] + (region @ p["region_ahead"])[:, None]


def _advance(xp: Any, p: Parameters, memory: Any, last: Any, given: Any) -> tuple[Any, Any, Any]:
    """One block: the memory, the air of its last hour, and that of all its hours (issue, `BLOCK`, item)."""
    memory = _cell(xp, memory, given + last @ p["feedback"], p["decoder_u"])
    growth = xp.tanh(memory @ p["hidden"] + p["hidden_b"]) @ p["out"] + p["out_b"]
    air = last[:, None] + xp.cumsum(growth.reshape(-1, BLOCK, ITEM_COUNT), axis=1)
    return memory, air[:, -1], air


def gather(
    hours: Hours, issues: Indices, place: Indices, ahead: int, *, perfect: bool
) -> tuple[Single, Single, Single, Single]:
    """What the network reads: past inputs, past air, inputs ahead and the region, of these two no weather nor air
    unless perfect.
    """
    before = issues[:, None] + np.arange(-PAST, 0)
    after = issues[:, None] + np.arange(ahead)
    row = place[:, None]
    past = np.concatenate([hours.weather[row, before], hours.calendar[before]], axis=-1)
    weather = hours.weather[row, after]
    coming = np.concatenate([weather if perfect else np.zeros_like(weather), hours.calendar[after]], axis=-1)
    return past, hours.air[row, before], coming, hours.region[issues] * np.float32(perfect)


def beginning(random: np.random.Generator, inputs: int, places: int, region: int, effort: Effort) -> dict[str, Single]:
    """Random parameters of all members; ``inputs``: width of a block of weather and calendar; ``region``: numbers."""
    hidden = effort.hidden

    def weights(rows: int, columns: int, size: float = 1.0) -> Single:
        drawn = size * random.standard_normal((effort.members, rows, columns)) / np.sqrt(rows)
        return np.asarray(drawn, np.float32)

    def nothing(*shape: int) -> Single:
        return np.zeros((effort.members, *shape), np.float32)

    return {
        "encoder_w": weights(inputs + BLOCK * ITEM_COUNT, 3 * hidden),
        "encoder_u": weights(hidden, 3 * hidden),
        "encoder_b": nothing(3 * hidden),
        "decoder_w": weights(inputs, 3 * hidden),
        "decoder_u": weights(hidden, 3 * hidden),
        "decoder_b": nothing(3 * hidden),
        "feedback": weights(ITEM_COUNT, 3 * hidden),
        "hidden": weights(hidden, hidden),
        "hidden_b": nothing(hidden),
        "out": weights(hidden, BLOCK * ITEM_COUNT, 0.1),
        "out_b": nothing(BLOCK * ITEM_COUNT),
        "place": nothing(places, hidden),
        "region": nothing(region, hidden),
        "region_ahead": nothing(region, 3 * hidden),
    }


def run(p: Parameters, past: Any, recent: Any, coming: Any, region: Any, who: Any) -> Any:
    """The same as `Network.forecast` of one member, standardised, for JAX: (issue, hour, item)."""
    memory, given = _begin(jnp, p, past, recent, region, who)
    memory, _ = jax.lax.scan(
        lambda state, x: (_cell(jnp, state, x, p["encoder_u"]), None), memory, jnp.swapaxes(given, 0, 1)
    )

    def step(state: tuple[Any, Any], x: Any) -> tuple[tuple[Any, Any], Any]:
        memory, last, air = _advance(jnp, p, *state, x)
        return (memory, last), air

    inputs = _ahead(jnp, p, coming, region)
    _, air = jax.lax.scan(step, (memory, recent[:, -1]), jnp.swapaxes(inputs, 0, 1))
    return jnp.swapaxes(air, 0, 1).reshape(past.shape[0], -1, ITEM_COUNT)


def loss(p: Parameters, batch: tuple[Any, ...], key: Any, mean: Any, deviation: Any, typical: Any) -> Any:
    """Mean absolute error of the logarithms of hours, and of means of 24 hours as a share of ``typical``.

    The second is the error that forecasts are judged by; it alone would neglect clean hours. ``mean`` and
    ``deviation`` are those of the `Scale`.
    """
    past, recent, coming, region, who, air, there = batch
    one, two, three = jax.random.split(key, 3)
    blur = jnp.concatenate([jnp.full(past.shape[-1] - CALENDAR, NOISE), jnp.zeros(CALENDAR)])
    past = past + blur * jax.random.normal(one, past.shape)
    coming = coming + blur * jax.random.normal(two, coming.shape)
    region = region + BLUR * jax.random.normal(three, region.shape)
    made = run(p, past, recent, coming, region, who)
    weight = there * CARE
    hourly = (jnp.abs(made - air) * weight).sum() / jnp.maximum(weight.sum(), 1.0)
    levels = [jnp.exp(jnp.clip(y, -6.0, 6.0) * deviation + mean) for y in (made, air)]
    error = ((levels[0] - levels[1]) * there)[:, made.shape[1] % 24 :]
    days = jnp.abs(error.reshape(error.shape[0], -1, 24, ITEM_COUNT).mean(2)) / typical
    return hourly + (days * CARE).mean()


@partial(jax.jit, static_argnames=("ahead", "decay"))
def _improve(
    state: Any, data: Any, issues: Any, places: Any, key: Any, rate: Any, scale: Any, ahead: int, decay: float
) -> Any:
    """One step of the optimiser for all members; compiled once for both modes.

    No gradient is longer than one (Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063).
    """

    def one(p: Any, issue: Any, place: Any, key: Any) -> Any:
        gradient = jax.grad(loss)(p, _drawn(data, issue, place, ahead), key, *scale)
        norm = jnp.sqrt(sum((leaf**2).sum() for leaf in jax.tree.leaves(gradient)))
        return jax.tree.map(lambda leaf: leaf / jnp.maximum(norm, 1.0), gradient)

    gradient = jax.vmap(one)(state[0], issues, places, jax.random.split(key, len(issues)))
    size, count = rate
    return _adam(state, gradient, size, count, decay)


def fit(
    hours: Hours,
    scale: Scale,
    region: Region,
    allowed: NDArray[np.bool_],
    effort: Effort,
    *,
    perfect: bool,
    regions: int,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Network:
    """Train an ensemble; the rate falls as half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983).

    Args:
        hours: everything to learn from.
        scale: that of ``hours.air``; ``region``: of ``hours.region``.
        allowed: (member, hour): whether the member may learn what was measured in the hour.
        effort: how long.
        perfect: whether the weather ahead is given.
        regions: how many of the places, the first, are regions: half of all issues are theirs.
        tell: told steps done and steps in all.

    Raises:
        ValueError: a member has no span of hours to learn from.
    """
    random = np.random.default_rng(7)
    starts = [_starts(one, effort.ahead) for one in allowed]
    typical = np.nanmean(np.where(hours.there, scale.back(hours.air), np.nan), axis=(0, 1))
    typical = np.where(np.isfinite(typical), typical, 1.0)
    there = hours.there.astype(np.float32)
    # Weather ahead is taken from an array of its own, so that both modes are one program. Without it the region's air
    # was of no use: it cost 0.02 of 1 - NME in summer, and nothing came of it in winter.
    ahead, around = (one if perfect else np.zeros_like(one) for one in (hours.weather, hours.region))
    data = [jnp.asarray(one) for one in (hours.weather, ahead, hours.calendar, around, hours.air, there)]
    constants = [jnp.asarray(one, jnp.float32) for one in (scale.mean, scale.deviation, typical)]

    inputs = HOURLY * BLOCK + hours.weather.shape[-1] - HOURLY + CALENDAR
    begun = beginning(random, inputs, len(hours.places), hours.region.shape[-1], effort)
    zero = {name: np.zeros_like(values) for name, values in begun.items()}
    state: Any = (begun, zero, zero, begun)
    for step in range(1, effort.steps + 1):
        issues = np.stack([random.choice(own, effort.batch) for own in starts])
        places = _places(random, issues.shape, regions, len(hours.places))
        rate = effort.rate * min(1.0, step / 100) * 0.5 * (1 + np.cos(np.pi * step / effort.steps))
        key = jax.random.key(step)
        state = _improve(state, data, issues, places, key, (rate, float(step)), constants, effort.ahead, effort.decay)
        tell(step, effort.steps)
    parameters = {name: np.asarray(values, np.float32) for name, values in state[3].items()}
    return Network(parameters, hours.places, scale, region, perfect)


def _starts(allowed: NDArray[np.bool_], ahead: int) -> Indices:
    """Issues all of whose hours ahead may be learnt from."""
    blocked = np.concatenate([[0], np.cumsum(~allowed)])
    first = np.arange(PAST, len(allowed) - ahead)
    found: Indices = first[blocked[first + ahead] == blocked[first]]
    if not len(found):
        raise ValueError(f"no span of {ahead} hours to learn from")
    return found


def _places(random: np.random.Generator, shape: tuple[int, ...], regions: int, places: int) -> Indices:
    """Which place each issue is of: half of them regions."""
    if not 0 < regions < places:
        return random.integers(0, places, shape)
    of_region = random.random(shape) < 0.5
    return np.where(of_region, random.integers(0, regions, shape), random.integers(regions, places, shape))


def _drawn(data: Any, issue: Any, place: Any, ahead: int) -> tuple[Any, ...]:
    """A batch, cut on the device out of all hours: as `gather`, and what happened."""
    weather, coming, calendar, region, air, there = data
    before, after, row = issue[:, None] + jnp.arange(-PAST, 0), issue[:, None] + jnp.arange(ahead), place[:, None]
    past = jnp.concatenate([weather[row, before], calendar[before]], axis=-1)
    next_hours = jnp.concatenate([coming[row, after], calendar[after]], axis=-1)
    return past, air[row, before], next_hours, region[issue], place, air[row, after], there[row, after]


def _adam(state: Any, gradient: Any, rate: Any, count: Any, decay: float) -> Any:
    """AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), and the running mean of the parameters it passes.

    The mean after Polyak and Juditsky (1992, SIAM J. Control Optim. 30:838); how fast it forgets is judgement.
    """
    p, first, second, mean = state
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)

    def moved(p: Any, m: Any, v: Any) -> Any:
        return p - rate * (m / (1 - 0.9**count) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8) + decay * p)

    p = jax.tree.map(moved, p, first, second)
    keep = jnp.minimum(0.99, 1.0 - count**-0.9)
    return p, first, second, jax.tree.map(lambda a, b: keep * a + (1 - keep) * b, mean, p)
