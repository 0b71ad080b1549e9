"""Raw packets as people may see them: the password covered."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(PW=)[^;,&]*", re.IGNORECASE)


def shown(raw: bytes, most: int = 2000) -> str:
    """A frame as text, what is not printable escaped, the password covered.

    Example:
        >>> shown(b"##0010ST=22;PW=123456;MN=1")
        '##0010ST=22;PW=******;MN=1'
    """
    text = raw[:most].decode("utf-8", "backslashreplace")
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    return _PASSWORD.sub(r"\1******", text) + ("…" if len(raw) > most else "")
