"""Number plates as they are shown to those who may not see them in full: pure."""

from __future__ import annotations

import hashlib
import hmac


def covered(plate: str) -> str:
    """A plate with all but the first two and the last character covered.

    Example:
        >>> covered("京A12345"), covered("京AD12345"), covered("")
        ('京A****5', '京A*****5', '')
    """
    if len(plate) < 4:
        return "*" * len(plate)
    return plate[:2] + "*" * (len(plate) - 3) + plate[-1]


def handle(plate: str, key: bytes) -> str:
    """A name for a vehicle in addresses and alerts that does not tell the plate: 12 hex digits of a keyed hash.

    Plates are few enough to try them all, so the key must be secret to a platform.
    """
    return hmac.new(key, plate.encode(), hashlib.sha256).hexdigest()[:12]
