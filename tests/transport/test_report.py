"""The report is one file that asks nothing of any other place, and its pictures can be read on any machine."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from lantian.transport import report
from lantian.transport.ladder.rung import Curve, Map, Measure, Rung

HILL = np.exp(-0.02 * np.add.outer(np.arange(-9.0, 10) ** 2, np.arange(-12.0, 13) ** 2))
X = np.linspace(0, 5, 30)
CONE = Rung(
    "rotating cone",
    "旋转锥",
    "A cone goes round once <and comes back>.",
    (Measure("peak", "峰值", 0.851, at_least=0.84), Measure("L1 error", "L1 误差", 0.042, at_most=0.045)),
    (Map("before", "之前", HILL), Map("after", "之后", 0.85 * HILL)),
    1.24,
)
PLUME = Rung(
    "plume",
    "烟羽",
    "A steady plume against the exact solution.",
    (Measure("error", "误差", 0.2, at_most=0.1), Measure("sources", "源数", 3.0)),
    (Curve("along the axis", "沿轴线", X, np.exp(-X), np.exp(-1.1 * X), "km", "ug m-3"),),
    0.5,
)
QUIET = Rung("mass", "质量", "Nothing is lost.", (Measure("closure", "闭合差", 1e-6, at_most=1e-4),))


class Links(HTMLParser):
    """Everything in a page that a browser would fetch or follow."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [(name, value or "") for name, value in attrs if name in {"src", "href", "srcset", "action"}]


@pytest.fixture(scope="module")
def page() -> str:
    return report.page([CONE, PLUME, QUIET], {"设备 device": "one <GPU>"})


@pytest.mark.requirement("F3", part="the ladder's report with its pictures")
def test_the_page_holds_a_picture_for_each_rung_that_draws(page):
    images = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(images) == 2
    for data in images:
        assert base64.b64decode(data).startswith(b"\x89PNG")
    assert 'alt="before; after"' in page


def test_the_page_asks_nothing_of_any_other_place(page):
    links = Links(page)
    assert {value.partition(":")[0] for name, value in links.found if name == "src"} == {"data"}
    assert all(value.startswith("#") for name, value in links.found if name == "href")
    assert not {"script", "link", "iframe", "object"} & set(links.tags)
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|url\(|@import", page)


def test_what_failed_is_said_first_and_in_its_row(page):
    assert "3 项中 1 项未通过 1 of 3 rungs failed" in page
    rows = re.findall(r"<tr>(.*?)</tr>", page)[1:]
    assert [("未通过" in row, "通过 passed" in row) for row in rows] == [
        (False, True), (False, True), (True, False), (False, False), (False, True),
    ]  # fmt: skip
    assert "3 项全部通过" in report.page([QUIET] * 3, {})


def test_what_is_told_is_not_taken_for_markup(page):
    assert "&lt;and comes back&gt;" in page
    assert "one &lt;GPU&gt;" in page


def test_limits_and_values_are_short():
    assert [report.limits(one) for one in (*CONE.measures, PLUME.measures[1])] == [">= 0.84", "<= 0.045", ""]
    assert report.limits(Measure("both", "", 1.0, at_most=1.05, at_least=0.96)) == ">= 0.96, <= 1.05"
    assert (report.number(0.85123), report.number(1.2e-7)) == ("0.851", "1.2e-07")


@pytest.mark.parametrize("font", [None, "installed"])
def test_pictures_are_drawn_without_a_missing_character(font):
    """A character that no font has is a warning of matplotlib, and here an error."""
    chosen = report.chinese_font() if font else None
    if font and chosen is None:
        pytest.skip("no font with Chinese characters is installed")
    assert report.picture((*CONE.pictures, *PLUME.pictures, Map("error", "误差", HILL - 0.5)), chosen).startswith(
        b"\x89PNG"
    )


def test_maps_of_one_unit_share_their_colours():
    other = Map("footprint", "足迹", 5 * HILL, "s m-3")
    difference = Map("error", "误差", HILL - HILL.mean())
    ranges = report._ranges((*CONE.pictures, difference, *PLUME.pictures, other))
    assert ranges == {"1": (0.85 * HILL.min(), HILL.max()), "s m-3": (5 * HILL.min(), 5 * HILL.max())}
