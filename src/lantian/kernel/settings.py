"""Settings: where things stand; `LANTIAN_*` environment over `<home>/lantian.toml` over defaults."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

TIMEZONE = ZoneInfo("Asia/Shanghai")
"""Days, hours and deadlines are judged here (北京时间); everything is stored in UTC."""

FILE = "lantian.toml"
PREFIX = "LANTIAN_"
_TESTS = "LANTIAN_TEST_"  # read by the test suite only


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the file or variable, the value and what would be right."""


class Settings(BaseModel):
    """All settings. `load` reads them; a program that knows its own may also write `Settings(home=..., port=...)`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(description="data directory; holds everything the platform writes")
    database_url: str | None = Field(
        default=None, repr=False, description="postgresql://user:password@host/name; absent: the embedded server"
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="address that the pages are served on")
    port: int = Field(default=8000, ge=0, le=65535, description="port that the pages are served on; 0: any free one")
    dust: dict[str, float] = Field(
        default_factory=dict,
        description="thresholds of the sand-dust detector by name, as docs/assessment.md lists them",
    )
    forecast_city: str | None = Field(
        default=None, description="code of the city over which the engine runs with each weather forecast"
    )
    example: bool = Field(default=False, description="show the example's switch of roles and its 示例 marks")


def load(home: str | Path | None = None, *, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    `home`: data directory; None takes `LANTIAN_HOME`, and without it `./var`. It need not exist yet.
    `environment`: None takes the process's own. Raises SettingsError for an unknown key or a value that does not fit,
    naming the file or variable that it stands in.
    """
    environment = os.environ if environment is None else environment
    folder = Path(home or environment.get(PREFIX + "HOME") or "var").expanduser().absolute()
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for key, value in _from_file(folder / FILE).items():
        values[key], origin[key] = value, f"{folder / FILE}: {key}"
    for name, text in environment.items():
        if name.startswith(PREFIX) and not name.startswith(_TESTS) and name != PREFIX + "HOME" and text:
            key = name.removeprefix(PREFIX).lower()
            values[key], origin[key] = text, f"environment variable {name}"
    try:
        return Settings.model_validate({**values, "home": folder})
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(fault, origin) for fault in error.errors())) from None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            values = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not a TOML file: {error}") from None
    if "home" in values:
        raise SettingsError(f"{path}: home: the data directory is where this file lies; set {PREFIX}HOME instead")
    return values


def _explain(fault: Any, origin: Mapping[str, str]) -> str:
    key = str(fault["loc"][0])
    where = origin.get(key, key)
    if fault["type"] == "extra_forbidden":
        known = ", ".join(sorted(Settings.model_fields.keys() - {"home"}))
        return f"{where}: no such setting; known are {known}"
    shown = "" if key == "database_url" else f" {fault['input']!r}:"  # the address holds a password
    return f"{where}:{shown} {fault['msg']} ({Settings.model_fields[key].description})"
