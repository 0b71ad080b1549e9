"""源清单: the page says what the inventory holds, draws it, and accounts for every tonne."""

import io
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lantian.emissions import Inventory, installed
from lantian.emissions.inventory import AREAS
from lantian.kernel.bootstrap import Platform
from lantian.web.pages import emissions_view as view
from lantian.web.security import COOKIE

from .beijing import EXAMPLE, token
from .conftest import TestClient
from .layout import assert_well_laid

PLAN = pl.DataFrame([("110000", "road", "PM25", 5000.0), ("110000", "steel", "PM25", 1.0)], AREAS, orient="row")


@pytest.fixture(scope="module", autouse=True)
def example(beijing: Platform) -> Iterator[Inventory]:
    """The example's inventory with coarse regions, and a second version."""
    name = installed.install(EXAMPLE, beijing.home, step=1 / 30)
    assert name is not None
    shelf = installed.library(beijing.home)
    shelf.add(Inventory("a-plan", "规划", 2014, areas=PLAN))
    yield shelf.open(name)
    shutil.rmtree(shelf.folder)


@pytest.mark.requirement("F2", part="page: totals by sector, example marked")
def test_the_page_answers_with_the_total_and_the_largest_sector(beijing_client: TestClient, example: Inventory) -> None:
    page = beijing_client.get("/emissions?species=PM25&lang=zh")
    assert page.status_code == 200
    total = dict(example.totals("species").iter_rows())["PM25"]
    assert view.shares(example, "PM25")[0].code == "residential_coal"
    assert "2015 年 PM2.5 排放" in page.text
    assert f"{float(f'{total:.4g}'):,.0f}".replace(",", "\u202f") in page.text
    assert "民用散煤" in page.text
    assert page.text.count("示例") > 10
    assert example.digest[:12] in page.text
    for word in ("NOX", "SO2", "CO", "NH3", "NMVOC"):
        assert beijing_client.get(f"/emissions?species={word}&lang=en").status_code == 200


@pytest.mark.requirement("F2", part="page: map")
def test_the_map_is_a_picture_of_one_colour_whose_strength_is_the_amount(beijing_client: TestClient) -> None:
    part = beijing_client.get("/emissions/map?version=example-north-china-2015&species=NOX")
    assert "t/(km²·a)" in part.text
    answer = beijing_client.get("/emissions/map.png?version=example-north-china-2015&species=NOX")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    pixels = np.array(Image.open(io.BytesIO(answer.content)))
    assert {tuple(pixel) for pixel in pixels[..., :3].reshape(-1, 3)} == {(27, 94, 158)}
    assert len(np.unique(pixels[..., 3])) == 8
    dark = beijing_client.get("/emissions/map.png?version=example-north-china-2015&species=NOX&ink=dark").content
    assert tuple(np.array(Image.open(io.BytesIO(dark)))[0, 0, :3]) == (125, 184, 245)
    none = beijing_client.get("/emissions/map.png?version=example-north-china-2015&species=NH3&sector=steel")
    assert none.status_code == 404


def test_the_map_holds_what_the_inventory_has(beijing: Platform, example: Inventory) -> None:
    made = view.drawn(beijing, example, "SO2", "power")
    assert made is not None
    assert made.rate.max() > 500  # chimneys of large plants stand in cells of their own
    assert all(low < high for low, high in zip(made.bounds, made.bounds[1:], strict=False))
    whole = view.drawn(beijing, example, "SO2", None)
    assert whole is not None
    assert np.all(whole.rate >= made.rate - 1e-6)


@pytest.mark.requirement("F2", part="page: ledger of each step")
def test_the_ledger_shows_every_step_and_that_it_balances(beijing_client: TestClient) -> None:
    text = beijing_client.get("/emissions/ledger?version=example-north-china-2015&lang=zh").text
    for step in ("清单合计", "空间分配", "物种转换", "时间分配", "高度分配"):
        assert step in text
    assert "✓" in text
    assert "✕" not in text


def test_two_versions_stand_beside_each_other(beijing_client: TestClient) -> None:
    page = beijing_client.get("/emissions?version=a-plan&against=example-north-china-2015&species=PM25&lang=zh").text
    assert "规划" in page
    assert "−" in page
    assert "与它比较" in page
    assert view.shares(Inventory("a", "x", 2014, areas=PLAN), "PM25")[0].share == pytest.approx(5000 / 5001)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/emissions?species=CO2", 422),
        ("/emissions?sector=smoke", 422),
        ("/emissions?version=nothing", 404),
        ("/emissions/map?version=a-plan&species=NOX", 200),
        ("/emissions?version=a-plan&species=NH3", 200),
    ],
)
def test_what_is_not_there_is_said(beijing_client: TestClient, address: str, status: int) -> None:
    assert beijing_client.get(address).status_code == status


def test_the_public_does_not_see_the_inventory(beijing: Platform, beijing_client: TestClient) -> None:
    held = beijing_client.cookies.get(COOKIE)
    try:
        beijing_client.cookies.set(COOKIE, token(beijing, "citizen"))
        assert beijing_client.get("/emissions").status_code == 403
    finally:
        beijing_client.cookies.set(COOKIE, held or "")


def test_without_an_inventory_the_page_says_how_to_bring_one(fresh_client: TestClient) -> None:
    page = fresh_client.get("/emissions")
    assert "还没有源清单" in page.text
    assert "lantian emissions template" in page.text


@pytest.mark.parametrize("count", [1, 3, 9])
def test_a_pie_has_five_slices_and_the_rest(count: int) -> None:
    codes = ["road", "steel", "cement", "power", "coking", "other", "dust", "livestock", "catering"]
    parts = [view.Share(code, 1.0, 1 / count) for code in codes[:count]]
    made = view.pie(parts)
    assert len(made) == min(count, 6)
    assert sum(one.share for one in made) == pytest.approx(1)
    assert ("rest" in {one.code for one in made}) == (count > 5)


@pytest.mark.browser
@pytest.mark.requirement("F2", part="page: map")
def test_the_page_comes_alive_and_fits(visit: Callable[..., Any]) -> None:
    page = visit("/emissions?species=SO2").page
    page.wait_for_selector("[data-map=emissions][data-ready=yes]", timeout=60_000)
    page.wait_for_selector("#emissions-ledger table", timeout=60_000)
    assert_well_laid(page)
