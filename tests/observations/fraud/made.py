"""A fleet made by formula: eight instruments in one air, two hundred days."""

from datetime import date

import numpy as np

from lantian.observations.fraud import Fleet

DEVICES = tuple(f"S{k}" for k in range(8))
DAYS = 200


def fleet(seed: int = 3, *, days: int = DAYS, kind: str = "state") -> Fleet:
    """`pm25`, whole numbers: a common course with episodes, and what each sees of its own."""
    random = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    slow = np.convolve(random.normal(0, 1, days * 24 + 71), np.ones(72) / 72, "valid") * 6
    common = np.exp(3.8 + 0.9 * slow + 0.3 * np.sin(2 * np.pi * hours / 24) + random.normal(0, 0.08, days * 24))
    own = [np.round(common * np.exp(random.normal(0.03 * k, 0.12, days * 24))) for k in range(len(DEVICES))]
    values = np.stack(own, axis=1).reshape(days, 24, len(DEVICES)).transpose(0, 2, 1).copy()
    return Fleet(kind, DEVICES, date(2016, 1, 1), {"pm25": values})
