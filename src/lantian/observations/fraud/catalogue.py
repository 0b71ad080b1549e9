"""The features 特征 of falsification screening as words.yaml describes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import yaml


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature: its name, what it measures, what it says, each in Chinese and English; `least`: a lesser value is no
    evidence, however regular the fleet is.
    """

    zh: str
    en: str
    least: float
    means_zh: str
    means_en: str
    says_zh: str
    says_en: str


def _read() -> Mapping[str, Feature]:
    stated = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            name: Feature(
                one["zh"],
                one["en"],
                float(one["least"]),
                *(one[part][of] for part in ("means", "says") for of in ("zh", "en")),
            )
            for name, one in stated.items()
        }
    )


FEATURES: Mapping[str, Feature] = _read()
"""Every feature by name, from words.yaml."""
