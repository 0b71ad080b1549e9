"""Translations: small TOML tables beside the templates, one a page, Chinese first and English beside it.

    title = { zh = "计算器", en = "Calculator" }

in `pages/calculator.toml` is the message `calculator.title`. `{name}` in a text is filled by `text(..., name=...)`.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

LANGUAGES = ("zh", "en")


class Messages:
    """Every message in both languages.

    Raises:
        ValueError: a message lacks a language or has something else beside them; the error names file and key.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._texts: dict[str, dict[str, str]] = {}
        for folder in folders:
            for path in sorted(folder.glob("*.toml")):
                for key, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
                    if not isinstance(texts, dict) or sorted(texts) != sorted(LANGUAGES):
                        raise ValueError(
                            f'{path.name}: {key} = {texts!r}; expected {key} = {{ zh = "...", en = "..." }}'
                        )
                    self._texts[f"{path.stem}.{key}"] = texts

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    @property
    def keys(self) -> list[str]:
        """All keys, sorted."""
        return sorted(self._texts)

    def text(self, key: str, language: str, **values: object) -> str:
        """Give one message.

        Args:
            key: `<file>.<key>`.
            language: `zh` or `en`.
            values: what fills the `{names}` in it.

        Raises:
            KeyError: there is no such message; a missing translation must fail a test, not show a raw key to a reader.
        """
        text = self._texts[key][language]
        return text.format(**values) if values else text
