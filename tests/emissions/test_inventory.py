"""Inventories: what they refuse, their totals and their digest; versions on disk that never change."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lantian.emissions import EmissionError, Gridded, Inventory, reas
from lantian.emissions.inventory import AREAS, POINTS
from lantian.emissions.library import Library, VersionError, compare

POINT = {
    "enterprise": "E1", "outlet": "DA001", "line": "1", "name": "电厂", "region": "130606", "sector": "power",
    "lon": 115.4, "lat": 39.7, "height": 180.0, "diameter": 5.0, "temperature": 400.0, "velocity": 18.0,
    "activity": 1e6, "unit": "t 煤", "factor": 10.0, "control": 0.9, "species": "SO2", "amount": None,
}  # fmt: skip


def points(**changed) -> pl.DataFrame:
    return pl.DataFrame([{**POINT, **changed}], schema=POINTS)


def areas(*rows: tuple[str, str, str, float]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=AREAS, orient="row")


def city(**more) -> Inventory:
    return Inventory("a", "某市清单", 2016, areas=areas(("130602", "road", "NOX", 100.0)), points=points(), **more)


def test_an_amount_that_is_not_given_is_activity_times_factor_times_what_control_leaves():
    assert city().points["amount"].to_list() == [pytest.approx(1000.0)]
    assert Inventory("a", "x", 2016, points=points(amount=1001.0)).totals().row(0) == ("SO2", 1001.0)


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"amount": 1100.0}, "amount", "1000 t: activity x factor"),
        ({"control": 95.0}, "control", "an efficiency from 0 to 1"),
        ({"height": 900.0}, "height", "0 to 500 m"),
        ({"lon": 400.0}, "lon", "degrees east"),
        ({"species": "CO2"}, "species", "one of SO2"),
        ({"sector": "smoke"}, "sector", "a sector of the tree"),
        ({"activity": None}, "amount", "t a year, 0 or more"),
    ],
)
def test_a_point_that_cannot_be_is_refused_with_row_field_and_what_is_right(changed, field, said):
    with pytest.raises(EmissionError) as caught:
        Inventory("a", "x", 2016, points=points(**changed))
    assert [(fault.line, fault.field) for fault in caught.value.faults] == [(1, field)]
    assert said in caught.value.faults[0].expected


def test_all_faults_are_told_together():
    rows = areas(("130602", "smoke", "NOX", -1.0), ("130602", "road", "dirt", float("nan")))
    with pytest.raises(EmissionError) as caught:
        Inventory("Nr 1", "x", 2016, level="village", example=True, areas=rows)
    told = {(fault.file, fault.field) for fault in caught.value.faults}
    assert told >= {("inventory", "id"), ("inventory", "level"), ("inventory", "title"), ("areas", "sector")}
    assert len(caught.value.faults) == 7
    assert "areas, line 2, species: 'dirt'" in str(caught.value)
    with pytest.raises(EmissionError, match="areas, amount: 'missing'"):
        Inventory("a", "x", 2016, areas=pl.DataFrame({"region": [], "sector": [], "species": []}))


def test_totals_add_up_over_every_kind_of_source():
    grid = Gridded(np.array([115.0, 116.0]), np.array([39.0, 40.0]), {("road", "NOX"): np.array([[7.0]])})
    held = city(grids=(grid,))
    assert dict(held.totals().iter_rows()) == {"NOX": 107.0, "SO2": pytest.approx(1000)}
    assert held.totals("kind", "species")["amount"].sum() == held.totals()["amount"].sum()
    assert held.sectors == ("power", "road")
    with pytest.raises(ValueError, match="amounts of 0 or more"):
        Gridded(np.array([115.0, 116.0]), np.array([39.0, 40.0]), {("road", "NOX"): np.array([[-7.0]])})


def test_the_digest_is_that_of_the_content_in_any_order():
    one = areas(("130602", "road", "NOX", 1.0), ("130606", "road", "NOX", 2.0))
    made = [Inventory("a", "x", 2016, areas=frame).digest for frame in (one, one.reverse(), one.head(1))]
    assert made[0] == made[1] != made[2]


@pytest.mark.requirement("F2", part="versions: written once, known by digest, compared")
def test_a_version_comes_back_as_it_was_and_never_changes(tmp_path: Path):
    grid = Gridded(np.array([115.0, 116.0, 117.0]), np.array([39.0, 40.0]), {("road", "CO"): np.array([[7.0, 8.0]])})
    held, shelf = city(grids=(grid,), notes=("so decided",)), Library(tmp_path / "shelf")
    assert shelf.list().height == 0
    shelf.add(held)
    shelf.add(held)
    back = shelf.open("a")
    assert back.digest == held.digest
    assert back.notes == ("so decided",)
    assert back.grids[0].amounts["road", "CO"].tolist() == [[7.0, 8.0]]
    assert shelf.list().select("id", "year", "sectors").rows() == [("a", 2016, 2)]
    with pytest.raises(VersionError, match="versions never change"):
        shelf.add(Inventory("a", "x", 2017, points=points()))
    with pytest.raises(VersionError, match=r"no version 'b'.*there are: a"):
        shelf.open("b")
    assert [found.name for found in (tmp_path / "shelf").iterdir()] == ["a"]


def test_a_version_that_somebody_changed_is_refused(tmp_path: Path):
    shelf = Library(tmp_path)
    folder = shelf.add(city())
    changed = pl.read_parquet(folder / "areas.parquet").with_columns(amount=pl.lit(5.0))
    changed.write_parquet(folder / "areas.parquet")
    with pytest.raises(VersionError, match="its digest differs"):
        shelf.open("a")
    (folder / "areas.parquet").unlink()
    with pytest.raises(VersionError, match="damaged"):
        shelf.open("a")


@pytest.mark.requirement("F2", part="versions: written once, known by digest, compared")
def test_two_versions_are_compared_by_sector_and_species():
    later = Inventory("b", "x", 2017, areas=areas(("130602", "road", "NOX", 80.0), ("130602", "road", "CO", 5.0)))
    rows = compare(city(), later).rows()
    assert ("road", "NOX", 100.0, 80.0, -20.0, pytest.approx(-20.0)) in rows
    assert ("road", "CO", 0.0, 5.0, 5.0, None) in rows
    assert ("power", "SO2", pytest.approx(1000), 0.0, pytest.approx(-1000), pytest.approx(-100.0)) in rows


@pytest.mark.requirement("F2", part="example inventory")
def test_the_example_has_the_totals_of_reas_and_says_what_it_is(inventory: Inventory):
    assert inventory.example
    assert "示例" in inventory.title
    rows, year = reas.table(Path("examples/beijing/data/emissions_provinces_reas32.csv"), 2015)
    wanted = dict(rows.group_by("species").agg(pl.col.amount.sum()).iter_rows())
    assert year == 2015
    assert dict(inventory.totals().iter_rows()) == pytest.approx(wanted, rel=1e-9)
    by_province = (
        inventory.totals("region", "species").group_by(pl.col.region.str.head(2), "species").agg(pl.col.amount.sum())
    )
    assert by_province.filter(region="11", species="SO2")["amount"].item() == pytest.approx(61_501.04)
    assert inventory.points.filter(sector="steel")["enterprise"].n_unique() > 100
    assert inventory.points.filter(pl.col.region.str.starts_with("11") & (pl.col.sector == "steel")).height == 0
    assert any("six provinces" in note for note in inventory.notes)
