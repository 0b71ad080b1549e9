"""What a page must be at the width of a desk and of a phone: nothing overlaps, sticks out, or is too faint to read."""

from pathlib import Path

from playwright.sync_api import Page, ViewportSize

DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


def measure(name: str) -> str:
    return (Path(__file__).parent / "measures" / f"{name}.js").read_text(encoding="utf-8")


OVERLAPS, OUTSIDE, CONTRAST = map(measure, ("overlaps", "outside", "contrast"))
ALL = (OVERLAPS, OUTSIDE, CONTRAST)


def faults(page: Page, measures: tuple[str, ...] = ALL) -> list[str]:
    """What is wrong with an open page, at the width that it has."""
    found = [str(fault) for each in measures for fault in page.evaluate(each)]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append("it scrolls sideways")
    return found


def assert_well_laid(page: Page, where: str = "", measures: tuple[str, ...] = ALL) -> None:
    """Measure an open page as it is and, without loading it again, at the other width; then give it its width back."""
    given = page.viewport_size
    assert given is not None
    other = PHONE if given["width"] > PHONE["width"] else DESK
    assert (where, given["width"], faults(page, measures)) == (where, given["width"], [])
    _resize(page, other)
    assert (where, other["width"], faults(page, measures)) == (where, other["width"], [])
    _resize(page, given)


def _resize(page: Page, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
