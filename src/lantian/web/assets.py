"""Static files under one content hash: `/static/<hash>/...`, kept in memory, gzipped once, cached by browsers for ever.

The hash covers every file, so a changed byte anywhere gives new addresses, and the relative imports between our ES
modules carry it on by themselves. Level colours are not written by hand: `css/levels.css` and `js/levels.js` are made
from `standards.aqi.LEVELS`.
"""

import gzip
import hashlib
import json
from functools import cached_property
from pathlib import Path

from fastapi import Request, Response

from lantian.standards import aqi

_MADE = "Made from standards.aqi.LEVELS (HJ 633, table 2); do not edit."
STATIC = Path(__file__).with_name("static")

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    "": "text/plain; charset=utf-8",
}
_PACKED = {".css", ".js", ".mjs", ".json", ".svg"}


class Asset:
    """One static file in memory.

    Attributes:
        body: its bytes.
        media_type: what it is served as.
    """

    def __init__(self, name: str, body: bytes) -> None:
        suffix = Path(name).suffix
        self.body = body
        self.media_type = _TYPES.get(suffix, _TYPES[""])
        self._packs = suffix in _PACKED

    @cached_property
    def packed(self) -> bytes | None:
        """The bytes after gzip; None where that gains nothing."""
        return gzip.compress(self.body, 6, mtime=0) if self._packs else None


class Assets:
    """All static files: those in `static/` and the two made from the levels.

    Attributes:
        version: the content hash that stands in every address.
        missing_vendor: True if the npm files have not been copied yet (`npm ci && node tools/vendor.mjs`).
    """

    def __init__(self, root: Path = STATIC) -> None:
        files = {
            path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
        }
        files["css/levels.css"] = levels_css().encode()
        files["js/levels.js"] = levels_js().encode()
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
        self.version = digest.hexdigest()[:12]
        self.missing_vendor = not any(name.startswith("vendor/") for name in files)
        self._assets = {name: Asset(name, body) for name, body in files.items()}

    def url(self, name: str) -> str:
        """Address of a static file.

        Raises:
            KeyError: no such file under `static/`.
        """
        if name not in self._assets:
            raise KeyError(f"no static file {name!r}; vendor files are made by `npm ci && node tools/vendor.mjs`")
        return f"/static/{self.version}/{name}"

    def answer(self, request: Request, version: str, name: str) -> Response | None:
        """Serve a file.

        Args:
            request: tells whether gzip is accepted.
            version: the hash asked for; an old one gets today's file, uncached.
            name: path below `static/`.

        Returns:
            The answer; None if there is no such file.
        """
        asset = self._assets.get(name)
        if asset is None:
            return None
        headers = {"Vary": "Accept-Encoding"}
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if version == self.version else "no-cache"
        body = asset.body
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = asset.packed, "gzip"
        return Response(body, media_type=asset.media_type, headers=headers)


def levels_css() -> str:
    """Custom properties `--level`, `--level-ink`, `--level-edge` for `[data-level="1"]` to `"6"`, from the standard's
    table.
    """
    rules = []
    for level in aqi.LEVELS:
        red, green, blue = (part * 6 // 10 for part in level.rgb)
        colours = f"--level: {level.colour}; --level-ink: {level.text_colour}; --level-edge: rgb({red} {green} {blue});"
        rules.append(f'[data-level="{level.number}"] {{ {colours} }}')
    return f"/* {_MADE} */\n" + "\n".join(rules) + "\n"


def levels_js() -> str:
    """ES module exporting `LEVELS`, the same table for charts and maps."""
    table = [
        {
            "number": v.number,
            "low": v.low,
            "high": v.high,
            "zh": v.zh,
            "en": v.en,
            "rgb": list(v.rgb),
            "ink": v.text_colour,
        }
        for v in aqi.LEVELS
    ]
    return f"// {_MADE}\nexport const LEVELS = {json.dumps(table, ensure_ascii=False)};\n"
