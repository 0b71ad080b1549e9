"""Pictures of docs/story.md, taken by a real browser from the running example: ``python tools/story_pictures.py URL``.

URL is the one with its one-time key that ``lantian up`` prints for the example. Needs chromium and playwright,
pypdfium2 for the page of a letter, and Pillow. Writes docs/pictures/story-*.png, each under 90 kB.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pypdfium2
from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
DESK, PHONE = (1180, 760), (390, 780)
MOST = 90_000
_TO_TOP = "e => { e.scrollIntoView({behavior: 'instant'}); scrollBy({top: -70, behavior: 'instant'}) }"
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
Take = Callable[[Page], bytes]


def at(path: str, onto: str | None = None) -> Take:
    """A picture of an address: its top, or with its first ``onto`` at the top."""

    def take(page: Page) -> bytes:
        answer = page.goto(path, wait_until="networkidle")
        if answer is None or not answer.ok:
            sys.exit(f"{path}: answered {answer and answer.status}; expected the page of the example")
        if onto is not None:
            page.locator(onto).first.evaluate(_TO_TOP)
        page.wait_for_timeout(600)
        return page.screenshot()

    return take


def case(page: Page) -> bytes:
    """The first closed case of Beijing that failed a check."""
    rows = page.request.get("/api/v1/cases?region=110000&standing=closed&limit=200").json()
    found = next((row for row in rows if row.get("failures")), rows[0])
    return at(f"/cases/{found['number']}")(page)


def letter(page: Page) -> bytes:
    """The first page of the order letter that was published."""
    page.goto("/documents")
    link = page.locator("tr, li", has_text="督办单").locator("a[href*=pdf]").first.get_attribute("href")
    pdf = pypdfium2.PdfDocument(page.request.get(str(link)).body())
    out = io.BytesIO()
    pdf[0].render(scale=1.1).to_pil().save(out, "PNG")
    return out.getvalue()


PICTURES: dict[str, tuple[str, tuple[int, int], Take]] = {
    "rounds": ("office", DESK, at("/rounds")),
    "field": ("inspector", PHONE, at("/field")),
    "ledger": ("office", DESK, at("/cases")),
    "case": ("office", DESK, case),
    "letter": ("office", DESK, letter),
    "programme": ("office", DESK, at("/programme?plan=2016-28&by=county", ".programme-top:has(#stands-out)")),
    "meetings": ("office", DESK, at("/meetings")),
    "accountability": ("mayor", DESK, at("/accountability?evaluation=1")),
    "duties": ("office", DESK, at("/duties")),
    "portal": ("citizen", DESK, at("/public")),
}
"""Name of a picture -> the role to look as, width and height of the window, how it is taken."""


def main() -> None:
    """Take every picture, or those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("address", help="what `lantian up` printed")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PICTURES)}; default all")
    given = parser.parse_args()
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        sys.exit("no chromium: apt-get install chromium fonts-noto-cjk, or set CHROMIUM to a browser's path")
    root = "{0.scheme}://{0.netloc}".format(urlsplit(given.address))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        entrance = browser.new_context(locale="zh-CN")
        entrance.new_page().goto(given.address)
        state = entrance.storage_state()
        for name in given.names or PICTURES:
            role, (width, height), take = PICTURES[name]
            context = browser.new_context(
                viewport={"width": width, "height": height},
                locale="zh-CN",
                base_url=root,
                storage_state=state,
            )
            context.set_default_timeout(60_000)
            seen = context.request.post("/look-as", form={"role": role}, headers={"origin": root})
            if not seen.ok:
                sys.exit(f"{root} does not let us look as {role}: {seen.status}; expected the running example")
            state = context.storage_state()
            write(name, take(context.new_page()))
            context.close()
        browser.close()


def write(name: str, picture: bytes) -> None:
    """Write a picture in as many colours as fit the limit."""
    drawn = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in (256, 128, 64, 32, 16):
        out = io.BytesIO()
        drawn.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        if len(out.getvalue()) < MOST:
            break
    path = FOLDER / f"story-{name}.png"
    path.write_bytes(out.getvalue())
    print(f"{path.name}: {drawn.width} x {drawn.height}, {colours} colours, {len(out.getvalue())} bytes")


if __name__ == "__main__":
    main()
