"""What a plant's numbers say against one another: oxygen, flow, totals, conversion, marks, electricity."""

from dataclasses import replace

import numpy as np
import pytest

from lantian.observations.fraud import Fleet, Learned, learn, scores
from lantian.observations.fraud.days import FLOW, OXYGEN
from lantian.observations.fraud.process import balance, loads
from lantian.observations.fraud.words import sentence

from .made import DEVICES, fleet

DAYS, DAY, DEVICE = 110, 100, 3
PAST = 45
"""Days that a score of `DAY` looks at: it need not be told more."""


@pytest.fixture(scope="module")
def whole() -> Fleet:
    """Stacks with oxygen, flow, totals, conversion, an hour of calibration a day, and electricity."""
    air = fleet(9, days=DAYS, kind="cems")
    random = np.random.default_rng(5)
    shape = (DAYS, len(DEVICES), 24)
    kw = 900 + 200 * np.sin(np.arange(24) / 4) + random.normal(0, 25, shape)
    oxygen = np.round(8 + random.normal(0, 0.5, shape), 2)
    flow = np.round(kw * 200 * np.exp(random.normal(0, 0.02, shape)))
    nox = air.values["pm25"] * 1000  # ug/m3
    marks = np.full(shape, "N", dtype="U1")
    marks[:, :, 3] = "C"
    return Fleet(
        "cems",
        DEVICES,
        air.first,
        {"nox": nox, OXYGEN: oxygen, FLOW: flow},
        marks,
        {"nox": np.round(nox * 15 / (21 - oxygen))},
        np.ones(shape),
        peers=False,
        totals={"nox": np.round(nox * flow * 1e-9, 3), FLOW: flow.copy()},
        load=kw,
    )


@pytest.fixture(scope="module")
def limits(whole) -> Learned:
    return learn(whole)


def around(one: Fleet) -> Fleet:
    """The days up to `DAY`, which is then the last."""
    days = slice(DAY + 1 - PAST, DAY + 1)

    def cut(part):
        return {item: array[days] for item, array in part.items()}

    return replace(
        one,
        first=one.day(days.start),
        values=cut(one.values),
        marks=one.marks[days],
        converted=cut(one.converted),
        running=one.running[days],
        totals=cut(one.totals),
        load=one.load[days],
    )


def changed(one: Fleet, **parts) -> Fleet:
    """With other numbers on the day: `nox`, `oxygen`, `flow`, `total`, `converted`, `flow_total`, `marks`."""
    values, totals, converted = (
        {k: v.copy() for k, v in part.items()} for part in (one.values, one.totals, one.converted)
    )
    marks = one.marks.copy()
    of = {"nox": values["nox"], "oxygen": values[OXYGEN], "flow": values[FLOW], "total": totals["nox"]}
    of |= {"flow_total": totals[FLOW], "converted": converted["nox"], "marks": marks}
    for name, change in parts.items():
        of[name][DAY, DEVICE] = change(of[name][DAY, DEVICE])
    return replace(one, values=values, totals=totals, converted=converted, marks=marks)


def diluted(one: Fleet) -> Fleet:
    """What the analyser is given falls and so does all that follows from it; oxygen rises."""
    made = changed(one, nox=lambda nox: nox * 0.6, oxygen=lambda o2: o2 * 0.6 + 20.9 * 0.4, total=lambda kg: kg * 0.6)
    right = np.round(made.values["nox"][DAY, DEVICE] * 15 / (21 - made.values[OXYGEN][DAY, DEVICE]))
    return changed(made, converted=lambda _: right)


def marked(letter: str, hours: int):
    return lambda old: np.where(np.arange(24) < hours, letter, old)


def near_nothing(old):
    return np.where((np.arange(24) >= 4) & (np.arange(24) < 22), np.arange(24) % 5, old)


WAYS = {
    "oxygen": (diluted, "氧含量 1"),
    "conversion": (
        lambda one: changed(one, converted=lambda old: old * 0.9),
        "有 24 小时折算值与按氧含量重算相差超过 2%（平均 1",
    ),
    "calibration": (lambda one: changed(one, marks=marked("C", 12)), "当日 12 小时标记校准或维护（平日 1 小时）"),
    "stopped": (lambda one: changed(one, marks=marked("F", 10)), "标记停运的 10 小时中"),
    "power": (lambda one: changed(one, nox=near_nothing), "用电显示在产的 24 小时中"),
    "flow": (lambda one: changed(one, flow=lambda old: old * 0.001), "小时浓度正常"),
    "constant": (lambda one: changed(one, flow=lambda old: np.full(24, old[2])), "废气流量 连续 24 小时都是"),
    "mass": (lambda one: changed(one, total=lambda old: old * 0.9), "NOx 有 24 小时上报量与浓度×流量不符"),
    "load": (lambda one: changed(one, flow=lambda old: old * 0.7), "两者之比是平日的 7"),
}


@pytest.mark.requirement("M5", part="oxygen, flow, conversion, totals, calibration, stopped, electricity")
@pytest.mark.parametrize("feature", WAYS)
def test_what_a_plant_says_against_itself(whole, limits, feature):
    change, says = WAYS[feature]
    made = around(change(whole))
    found = scores(made, limits)
    reasons = {one.feature: one for one in found.evidence.get((PAST - 1, DEVICE), ())}
    assert feature in reasons, (reasons, found.score[-1])
    zh, en, figures = sentence(made, reasons[feature], PAST - 1, DEVICE, {})
    assert says in zh, zh
    assert "{" not in en
    assert figures["feature_value"] > figures["threshold"]
    others = np.delete(found.score[-1], DEVICE)
    assert (others <= 50).all()


def test_totals_are_weighed_in_kilograms_and_a_total_of_nothing_does_not_balance(whole):
    apart, known = balance(whole, "nox")
    assert known.all()
    assert np.abs(apart).max() < 0.05
    none = changed(whole, total=lambda old: old * 0)
    assert (balance(none, "nox")[0][DAY, DEVICE] < -6).all()
    # of the flow itself: cubic metres of the hour
    assert np.abs(balance(whole, FLOW)[0]).max() == 0


def test_flow_is_held_against_electricity_only_while_production_runs(whole):
    running = whole.running.copy()
    running[DAY, DEVICE, :12] = 0
    made = replace(changed(whole, flow=lambda old: np.where(np.arange(24) < 12, 0, old)), running=running)
    assert abs(loads(made, FLOW)[1][DAY, DEVICE]) < 0.05
    running[DAY, DEVICE, :20] = 0
    assert np.isnan(loads(replace(made, running=running), FLOW)[1][DAY, DEVICE])
