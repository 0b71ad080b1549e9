"""How burning is handled in an office, as data."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml

FILE = "burning.yaml"
"""An office's own settings, in the data directory."""

LEVELS = ("low", "nominal", "high")
"""How sure a signal is."""

CALLED = ("next_warden", "county", "city")
"""Who may be called when nobody answers."""


class SettingsError(ValueError):
    """Settings that cannot be used; the message names file, entry, value and what would be right."""


@dataclass(frozen=True, slots=True)
class Step:
    """So many minutes after the first call without an answer, somebody further is called."""

    after: int
    to: Literal["next_warden", "county", "city"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Distances in metres and minutes within which signals are one fire; how sure they must be; what is expected of
    wardens, minutes; whom to call when nobody answers, rising.
    """

    camera_metres: float
    satellite_metres: float
    join_minutes: int
    least: str
    arrive_minutes: int
    out_minutes: int
    escalation: tuple[Step, ...]

    def reach(self, source: str) -> float:
        """Metres within which a signal of this source belongs to a fire."""
        return self.satellite_metres if source == "satellite" else self.camera_metres


def load(home: Path | None = None) -> Settings:
    """The settings of an office (``<home>/burning.yaml``), else the shipped ones. Raises SettingsError."""
    own = home / FILE if home is not None else None
    if own is not None and own.is_file():
        return parse(own.read_text(encoding="utf-8"), str(own))
    return parse(files("lantian.observations.burning").joinpath("settings.yaml").read_text("utf-8"), "settings.yaml")


def parse(text: str, where: str) -> Settings:
    """Settings of a YAML text; ``where`` names it in errors. Raises SettingsError."""
    try:
        stated: Any = yaml.safe_load(text)
        join = stated["join"]
        steps = [(one["after"], one["to"]) for one in stated["escalation"]]
        numbers = {
            "camera_metres": join["camera_metres"],
            "satellite_metres": join["satellite_metres"],
            "minutes": join["minutes"],
            "arrive_minutes": stated["arrive_minutes"],
            "out_minutes": stated["out_minutes"],
            **{f"escalation {number}, after": after for number, (after, _) in enumerate(steps, 1)},
        }
        least = stated["least"]
    except (yaml.YAMLError, TypeError, KeyError) as error:
        raise SettingsError(f"{where}: {error} is missing or not as in the shipped file") from None
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100_000:
            raise SettingsError(f"{where}: {name} {value!r}: expected a number above 0")
    if least not in LEVELS:
        raise SettingsError(f"{where}: least {least!r}: expected one of {', '.join(LEVELS)}")
    if [after for after, _ in steps] != sorted({after for after, _ in steps}):
        raise SettingsError(f"{where}: escalation: expected minutes that rise from step to step")
    if wrong := [to for _, to in steps if to not in CALLED]:
        raise SettingsError(f"{where}: escalation, to {wrong[0]!r}: expected one of {', '.join(CALLED)}")
    return Settings(
        camera_metres=float(join["camera_metres"]),
        satellite_metres=float(join["satellite_metres"]),
        join_minutes=int(join["minutes"]),
        least=least,
        arrive_minutes=int(stated["arrive_minutes"]),
        out_minutes=int(stated["out_minutes"]),
        escalation=tuple(Step(int(after), to) for after, to in steps),
    )
