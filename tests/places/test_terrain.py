"""Terrain: heights where they are known, and a relief that lies right on the map."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from lantian.places.terrain import Terrain, install

DEM = Path(__file__).parents[2] / "examples/beijing/data/dem_north_china_30s.nc"


def made(height: np.ndarray, west: float = 110, south: float = 35, step: float = 0.05) -> Terrain:
    rows, columns = height.shape
    return Terrain(west + step * np.arange(columns), south + step * np.arange(rows), height.astype(float))


def picture(png: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(png))
    assert image.mode == "LA"
    return np.asarray(image)


def test_heights_are_bilinear_and_none_where_unknown() -> None:
    terrain = made(np.array([[0.0, 10.0], [20.0, 30.0]]), step=1)
    assert terrain.at(110, 35) == 0
    assert terrain.at(111, 36) == 30
    assert terrain.at(110.5, 35.25) == pytest.approx(10)
    assert terrain.at(109.9, 35) is None
    assert made(np.array([[0.0, np.nan], [20.0, 30.0]]), step=1).at(110.5, 35.5) is None


@pytest.mark.parametrize(
    ("lat", "lon", "engine"),
    [("lat", "lon", "h5netcdf"), ("latitude", "longitude", "h5netcdf"), ("lat", "lon", "scipy")],
)
def test_files_are_read_whatever_their_order_and_gaps(tmp_path: Path, lat: str, lon: str, engine: Any) -> None:
    """NetCDF 4 and, as GDAL exports it, NetCDF 3."""
    north_first = np.array([[1, 2, -999], [3, 4, 5]], dtype=np.int16)
    path = tmp_path / "dem.nc"
    xr.Dataset({"z": ((lat, lon), north_first)}, {lat: [41.0, 40.0], lon: [110.0, 111.0, 112.0]}).to_netcdf(
        path, engine=engine
    )
    terrain = Terrain.open(path)
    assert terrain.box == (110, 40, 112, 41)
    assert (terrain.at(110, 41), terrain.at(112, 40), terrain.at(112, 41)) == (1, 5, None)


def test_a_file_without_heights_says_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "other.nc"
    xr.Dataset({"t": (("time",), [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(ValueError, match="expected one field over lat and lon; found t"):
        Terrain.open(path)
    with pytest.raises(FileNotFoundError, match="no such terrain file"):
        Terrain.open(tmp_path / "absent.nc")
    path.write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match=r"other\.nc: begins with b'GIF8'; expected a NetCDF file, version 3 or 4"):
        Terrain.open(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    with pytest.raises(ValueError, match=r"other\.nc: cannot be read as NetCDF"):
        Terrain.open(path)


def test_light_comes_from_the_north_west() -> None:
    lon, lat = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41))
    shade = picture(made(1500 * np.exp(-4 * (lon**2 + lat**2)), step=0.01).shade((110.04, 35.04, 110.36, 35.36), 64))
    rows, columns = shade.shape[:2]
    north_west, south_east = shade[rows // 3, columns // 3], shade[2 * rows // 3, 2 * columns // 3]
    assert north_west[0] == 255
    assert south_east[0] == 0
    assert min(north_west[1], south_east[1]) > 20
    assert shade[..., 1].max() <= 110


def test_level_ground_sea_and_all_outside_are_transparent() -> None:
    height = np.full((41, 41), 800.0)
    assert not picture(made(height).shade((109, 34, 113, 38), 64))[..., 1].any()
    assert not picture(made(height * np.nan).shade((110.2, 35.2, 111.8, 36.8), 64))[..., 1].any()


def test_rows_are_equally_spaced_in_web_mercator() -> None:
    # a step in height at 40 N, in a box from 35 to 45: in Mercator that line lies below the middle
    height = np.where(np.arange(35, 45.001, 0.05)[:, None] < 40, 0.0, 3000.0) * np.ones((1, 41))
    shade = picture(made(height).shade((110, 35, 112, 45), 100))
    dark = int(shade[..., 1].sum(axis=1).argmax())

    def mercator(lat: float) -> float:
        return math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))

    expected = (mercator(45) - mercator(40)) / (mercator(45) - mercator(35))
    assert shade.shape[0] == round((mercator(45) - mercator(35)) / math.radians(2) * 100)
    assert dark / shade.shape[0] == pytest.approx(expected, abs=0.01)
    assert expected > 0.51


@pytest.mark.parametrize(
    ("box", "width"), [((112, 35, 110, 36), 64), ((110, 35, 111, 89), 64), ((110, 35, 111, 36), 5000)]
)
def test_impossible_pictures_are_refused(box: tuple[float, float, float, float], width: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        made(np.zeros((3, 3))).shade(box, width)


@pytest.mark.requirement("K3", part="terrain shade")
def test_the_shipped_sheet_knows_the_plain_and_the_mountains(tmp_path: Path) -> None:
    assert Terrain.installed(tmp_path) is None
    install(DEM, tmp_path)
    terrain = Terrain.installed(tmp_path)
    assert terrain is not None
    assert 30 < (terrain.at(116.4174, 39.9289) or 0) < 70  # Dongsi
    assert (terrain.at(115.5, 40.0) or 0) > 1000
    assert terrain.at(120.5, 38.5) is None  # Bohai
    shade = picture(terrain.shade((115, 39, 118, 41), 256))
    assert shade[:, :128, 1].mean() > 3 * shade[160:, 160:, 1].mean()
