"""What an office says on its portal: its name, the licence of its data, where to write; ``<home>/portal.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import yaml

FILE: Final = "portal.yaml"
_LONGEST: Final = 300


@dataclass(frozen=True)
class PortalSettings:
    """An office's words.

    Attributes:
        issuer_zh, issuer_en: who publishes; empty: not stated.
        licence, licence_address: of the open data. The shipped one is this project's choice; the office decides.
        contact: an address for questions about the data; empty: the page of questions.
    """

    issuer_zh: str = ""
    issuer_en: str = ""
    licence: str = "CC BY 4.0"
    licence_address: str = "https://creativecommons.org/licenses/by/4.0/"
    contact: str = ""


def load(home: Path) -> PortalSettings:
    """The office's words, else the shipped ones. Raises ValueError naming file, field, value."""
    path = home / FILE
    if not path.is_file():
        return PortalSettings()
    value = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    known = [field.name for field in fields(PortalSettings)]
    if not isinstance(value, dict) or (set(value) - set(known)):
        raise ValueError(f"{path.name}: expected some of {', '.join(known)}")
    for name, text in value.items():
        if not isinstance(text, str) or len(text) > _LONGEST:
            raise ValueError(f"{path.name}, {name}: {text!r}; expected a text of at most {_LONGEST} characters")
    return PortalSettings(**value)
