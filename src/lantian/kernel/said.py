"""What is said to people in both languages: Chinese for the page in Chinese; English for the log, scripts and the rest.

A message that is shown at once is a `Said` (a text) or a `SaidError`. One that is stored as a text, or stands in a
column of a frame, is made by a `Phrase`: its English is what is stored, and the phrase finds its Chinese again::

    raise SaidError("line 3: id 'a' stands twice", "第 3 行：编号 a 重复")
    TOO_FEW = Phrase("{n} hours; expected 20", "{n} 小时，应为 20")
    TOO_FEW.chinese(TOO_FEW.say(n=4))  # '4 小时，应为 20'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_SLOT = re.compile(r"\{(\w+)\}")


class Said(str):
    """A sentence: the text itself is English, ``zh`` Chinese (the same where there is none)."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str = "") -> Said:
        """Make it of both."""
        made = super().__new__(cls, en)
        made.zh = zh or en
        return made

    @property
    def en(self) -> str:
        """In English."""
        return str(self)


class SaidError(ValueError):
    """Something that was refused, with what would be right.

    Attributes:
        en: the message in English, which is also the exception's own; zh: in Chinese, the same where there is none.
    """

    def __init__(self, en: str, zh: str = "") -> None:
        super().__init__(en)
        self.en, self.zh = en, zh or en


@dataclass(frozen=True)
class Phrase:
    """A sentence in both languages with the same ``{slots}``."""

    en: str
    zh: str

    def __post_init__(self) -> None:
        """Raises ValueError where a slot of the Chinese is none of the English."""
        if strange := set(_SLOT.findall(self.zh)) - set(_SLOT.findall(self.en)):
            raise ValueError(f"{self.zh!r}: the slot {strange.pop()} is not in {self.en!r}")

    def say(self, **values: object) -> str:
        """The English sentence, its slots filled."""
        return self.en.format(**values)

    def chinese(self, text: str) -> str | None:
        """The Chinese of a sentence that `say` gave; None: it is none of this phrase's."""
        found = self._form.fullmatch(text)
        return None if found is None else _SLOT.sub(lambda slot: found[slot[1]], self.zh)

    @cached_property
    def _form(self) -> re.Pattern[str]:
        parts = _SLOT.split(self.en)  # text, slot, text, slot, ... text
        seen: set[str] = set()
        form = ""
        for at, part in enumerate(parts):
            if at % 2 == 0:
                form += re.escape(part.replace("{{", "{").replace("}}", "}"))
            else:
                form += f"(?P={part})" if part in seen else f"(?P<{part}>.*?)"
                seen.add(part)
        return re.compile(form, re.DOTALL)


def chinese(text: str, phrases: Iterable[Phrase]) -> str | None:
    """The Chinese of a sentence by the first phrase that it is of; None: it is of none."""
    return next((found for one in phrases if (found := one.chinese(text)) is not None), None)


def in_language(message: object, language: str) -> str:
    """A message (a text or an error, with ``zh`` and ``en`` or without) as a page of a language says it."""
    return str(getattr(message, language, message))


def joined(parts: Iterable[str], *, zh: str, en: str) -> Said:
    """Sentences as one, with what stands between them in each language."""
    held = list(parts)
    return Said(en.join(held), zh.join(in_language(one, "zh") for one in held))
