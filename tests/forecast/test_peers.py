"""Files in the layouts of WRF-CMAQ, WRF-Chem and CAMS become values at stations and cities, beside ours."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Proj

from lantian.forecast import peers, products, verify
from lantian.forecast.peers import PeerError
from lantian.forecast.peers_points import Stencil
from lantian.places.stations import Station

ISSUE = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing
START = datetime(2016, 12, 16, 0)
STATIONS = [
    Station("1001A", "万寿西宫", "state", "110000", 116.37, 39.87),
    Station("1012A", "昌平", "state", "110000", 116.23, 40.20),
]
MEMBERS = {"110000": ["1001A", "1012A"], "130100": ["1029A"]}
HOURS = 91
# ug/m3 of one ppb at 273.15 K and 101325 Pa: M / 22.414
O3_PPB, NO2_PPB = 47.998 / 22.414, 46.006 / 22.414


def tilted(lon, lat):
    """A field that is a plane in longitude and latitude: bilinear interpolation gives it back."""
    return 80 + 20 * (lon - 116) + 10 * (lat - 40)


def hourly(field, number=HOURS, slope=0.5):
    """The field, rising by so much an hour: (time, y, x)."""
    return (field[None] + slope * np.arange(number)[:, None, None]).astype("float32")


def cmaq(path, **attributes):
    """Combined CCTM output on a Lambert grid of 12 km, as the I/O API writes it."""
    attrs = {
        "GDTYP": 2,
        "P_ALP": 25.0,
        "P_BET": 47.0,
        "P_GAM": 116.0,
        "XCENT": 116.0,
        "YCENT": 40.0,
        "XORIG": -120e3,
        "YORIG": -120e3,
        "XCELL": 12e3,
        "YCELL": 12e3,
        "NCOLS": 20,
        "NROWS": 20,
    } | attributes
    edge = -120e3 + 12e3 * (np.arange(20) + 0.5)
    lon, lat = Proj(proj="lcc", lat_1=25, lat_2=47, lat_0=40, lon_0=116, R=6370000)(
        *np.meshgrid(edge, edge), inverse=True
    )
    flags = [[int(f"{t:%Y%j}"), int(f"{t:%H%M%S}")] for t in (START + timedelta(hours=k) for k in range(HOURS))]
    dims = ("TSTEP", "LAY", "ROW", "COL")
    variables = {
        "TFLAG": (
            ("TSTEP", "VAR", "DATE-TIME"),
            np.repeat(np.array(flags, "int32")[:, None], 2, axis=1),
            {"units": "<YYYYDDD,HHMMSS>"},
        ),
        "PM25_TOT": (dims, hourly(tilted(lon, lat))[:, None], {"units": "ug m-3          "}),
        "O3": (dims, hourly(0.03 + 0 * lon, slope=0)[:, None], {"units": "ppmV            "}),
        "NO2": (dims, hourly(20 + 0 * lon, slope=0)[:, None], {"units": "ppbV            "}),
        "AECIJ": (dims, hourly(0 * lon)[:, None], {"units": "ug m-3"}),
    }
    xr.Dataset(variables, attrs=attrs).to_netcdf(path, engine="scipy")
    return path


def wrfchem(path, step=1, **units):
    """WRF output of 27 km, three layers, values of the moment."""
    lon, lat = np.meshgrid(np.linspace(115, 118, 12), np.linspace(39, 41.5, 11))
    times = [f"{START + timedelta(hours=k):%Y-%m-%d_%H:%M:%S}" for k in range(0, HOURS, step)]
    dims = ("Time", "bottom_top", "south_north", "west_east")
    field = hourly(tilted(lon, lat))[::step]
    layers = np.stack([field, 0 * field, 0 * field], axis=1)
    variables = {
        "Times": (("Time", "DateStrLen"), np.array([list(text) for text in times], "S1")),
        "XLAT": (("Time", "south_north", "west_east"), np.repeat(lat[None], len(times), 0)),
        "XLONG": (("Time", "south_north", "west_east"), np.repeat(lon[None], len(times), 0)),
        "PM2_5_DRY": (dims, layers, {"units": units.get("PM2_5_DRY", "ug m^-3")}),
        "o3": (dims, 0 * layers + 0.03, {"units": "ppmv"}),
    }
    xr.Dataset(variables, attrs={"MAP_PROJ": 1, "DX": 27000.0}).to_netcdf(path, engine="h5netcdf")
    return path


def cams(path, names="new"):
    """CAMS global: three-hourly, latitudes from north to south, pressure levels for gases."""
    lon, lat = np.arange(114.0, 119, 0.4), np.arange(42.0, 37.9, -0.4)
    east, north = np.meshgrid(lon, lat)
    steps = np.arange(0, HOURS, 3)
    pm = (hourly(tilted(east, north))[steps] * 1e-9)[:, None]
    ozone = np.stack([0 * pm[:, 0] + 1e-7, 0 * pm[:, 0] + 5e-8], axis=1)[:, None]
    start, dims = np.datetime64(START.isoformat(), "ns"), ("forecast_period", "forecast_reference_time")
    coords = {"latitude": lat, "longitude": lon, "pressure_level": [850.0, 1000.0]}
    if names == "new":
        coords |= {
            "forecast_period": (
                "forecast_period",
                steps.astype("float64"),
                {"units": "hours", "standard_name": "forecast_period"},
            ),
            "forecast_reference_time": [start],
        }
        variables = {
            "pm2p5": ((*dims, "latitude", "longitude"), pm, {"units": "kg m**-3"}),
            "go3": ((*dims, "pressure_level", "latitude", "longitude"), ozone, {"units": "kg kg**-1"}),
        }
    else:
        coords |= {"time": start + steps.astype("timedelta64[h]")}
        variables = {
            "pm2p5": (("time", "latitude", "longitude"), pm[:, 0], {"units": "kg m**-3"}),
            "co": (("time", "latitude", "longitude"), 0 * pm[:, 0] + 1e-6, {"units": "kg m-3"}),
        }
    xr.Dataset(variables, coords).to_netcdf(path, engine="h5netcdf")
    return path


def at_places(path, source="PEER", **more):
    return peers.at_places(peers.read(path, **more), STATIONS, MEMBERS, issue=ISSUE, source=source)


def expected(day_of_hours, slope=0.5, late=0.0):
    """The mean PM2.5 of the city on a day whose hours begin so many hours after the file's start."""
    plane = np.mean([tilted(each.lon, each.lat) for each in STATIONS])
    return plane + slope * (day_of_hours + 11.5 + late)


@pytest.mark.requirement("F6", part="WRF-CMAQ files at stations and cities")
def test_cmaq_hours_and_days_at_stations_and_in_the_city(tmp_path):
    found = at_places(cmaq(tmp_path / "CCTM_ACONC_201612.nc"))
    days = found.values.filter(place="110000", item="pm25")
    assert days.select("source", "lead", "date").rows() == [
        ("PEER", 1, date(2016, 12, 17)),
        ("PEER", 2, date(2016, 12, 18)),
        ("PEER", 3, date(2016, 12, 19)),
    ]
    # the 17th in Beijing begins 16 hours after the file does
    assert days["value"].to_list() == pytest.approx([expected(16), expected(40), expected(64)], abs=0.02)
    own = found.values.filter(place="1012A", item="pm25", lead=1)["value"].item()
    assert own == pytest.approx(tilted(116.23, 40.20) + 0.5 * 27.5, abs=0.02)
    gases = found.values.filter(place="1001A", lead=1)
    assert gases.filter(item="o3_8h")["value"].item() == pytest.approx(30 * O3_PPB, rel=1e-3)
    assert gases.filter(item="no2")["value"].item() == pytest.approx(20 * NO2_PPB, rel=1e-3)
    assert set(found.values["item"]) == {"pm25", "o3_8h", "no2"}
    assert found.hours["time"].min() == ISSUE
    assert (found.outside, "hourly means" in found.notes[0]) == ((), True)


@pytest.mark.requirement("F6", part="WRF-Chem files at stations and cities")
@pytest.mark.parametrize("step", [1, 3])
def test_wrf_chem_moments_become_hourly_means(tmp_path, step):
    found = at_places(wrfchem(tmp_path / "wrfout_d02", step))
    days = found.values.filter(place="110000", item="pm25")
    assert days["value"][0] == pytest.approx(expected(16, late=0.5), abs=0.02)  # the mean from an hour to the next
    assert found.values.filter(item="o3_8h", lead=1)["value"][0] == pytest.approx(30 * O3_PPB, rel=1e-3)


@pytest.mark.requirement("F6", part="CAMS files at stations and cities")
def test_cams_by_its_lowest_level_in_the_units_of_the_house(tmp_path):
    found = at_places(cams(tmp_path / "cams.nc"))
    assert found.values.filter(place="110000", item="pm25")["value"][0] == pytest.approx(
        expected(16, late=0.5), abs=0.05
    )
    # 5e-8 kg/kg: times M(air) / M(O3) is 30.17 ppb
    ozone = found.values.filter(place="110000", item="o3_8h")["value"][0]
    assert ozone == pytest.approx(5e-8 * 28.9652 / 47.998 * 1e9 * O3_PPB, rel=1e-3)
    old = at_places(cams(tmp_path / "old.nc", names="old"))
    assert old.values.filter(place="110000", item="co")["value"][0] == pytest.approx(1.0)
    assert any("co in kg m-3 is taken to stand at the law's state" in note for note in old.notes)


@pytest.mark.requirement("F6", part="one verification table with ours and persistence")
def test_peers_stand_in_one_table_with_ours(tmp_path):
    both = [at_places(cmaq(tmp_path / "a.nc"), "CMAQ"), at_places(cams(tmp_path / "b.nc"), "CAMS")]
    days = pl.DataFrame(
        {"place": ["110000"] * 3, "date": [date(2016, 12, 17 + k) for k in range(3)], "pm25": [90.0, 100.0, 110.0]}
    )
    hours = pl.DataFrame(
        {"place": ["110000"] * 24, "time": [ISSUE - timedelta(hours=k + 1) for k in range(24)], "pm25": [80.0] * 24},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    base = verify.persistence([ISSUE], [1, 2, 3], hourly=hours)
    values = pl.concat([*(one.values for one in both), base])
    table = verify.verify(values, products.outlook(values), days, by=("source",)).filter(item="pm25")
    assert table["source"].to_list() == ["CAMS", "CMAQ", "persistence"]
    assert table["n_persistence"].to_list() == [3, 3, 3]
    assert table.filter(source="CMAQ")["nme_persistence"].item() == pytest.approx((10 + 20 + 30) / 300)


def test_a_file_may_come_in_parts_and_the_later_part_counts(tmp_path):
    whole = peers.read(cmaq(tmp_path / "a.nc"))
    again = peers.read(cmaq(tmp_path / "b.nc"))
    again[0].fields["pm25"] += 100
    del again[0].fields["o3"]
    found = peers.at_places([*whole, *again], STATIONS, MEMBERS, issue=ISSUE, source="CMAQ")
    assert found.values.filter(place="110000", item="pm25")["value"][0] == pytest.approx(expected(16) + 100, abs=0.02)
    assert found.values.filter(place="110000", item="o3_8h").height == 3


def test_stations_beyond_the_grid_are_told_and_do_not_count(tmp_path):
    far = Station("1029A", "石家庄", "state", "130100", 114.5, 38.0)
    found = peers.at_places(peers.read(cmaq(tmp_path / "a.nc")), [*STATIONS, far], MEMBERS, issue=ISSUE, source="CMAQ")
    assert found.outside == ("1029A",)
    assert set(found.values["place"]) == {"1001A", "1012A", "110000"}
    with pytest.raises(PeerError, match="none of 1 stations lies on its grid"):
        peers.at_places(peers.read(tmp_path / "a.nc"), [far], MEMBERS, issue=ISSUE, source="CMAQ")


@pytest.mark.requirement("F6", part="clear errors: file, variable, what would be right")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: p.write_text("PM2.5, 75\n"), "begins with"),
        (lambda p: xr.Dataset({"t": ("x", [1.0])}).to_netcdf(p, engine="scipy"), "neither CMAQ .* nor CAMS"),
        (lambda p: cmaq(p, GDTYP=9), "GDTYP 9 is not read; expected 1"),
        (lambda p: wrfchem(p, PM2_5_DRY="furlong"), "PM2_5_DRY is in furlong; expected ug m-3, kg m-3"),
        (lambda p: wrfchem(p, step=6), "steps of 21600 seconds; expected rising ones of at most 3 hours"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told(tmp_path, make, said):
    path = tmp_path / "file.nc"
    make(path)
    with pytest.raises(PeerError, match=said):
        at_places(path)
    with pytest.raises(PeerError, match=r"^file\.nc|file\.nc"):
        at_places(path)


def test_kinds_and_names_are_checked(tmp_path):
    path = cmaq(tmp_path / "a.nc")
    with pytest.raises(PeerError, match="kind 'wrf': expected one of cmaq"):
        peers.read(path, kind="wrf")
    for name in ("lantian", "Duty", "", "a/b", "国家"):
        with pytest.raises(PeerError, match="a peer is called by letters"):
            at_places(path, name)
    with pytest.raises(PeerError, match="no file"):
        peers.read([])


@settings(max_examples=60)
@given(st.floats(-25, 25), st.floats(0.5, 2), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_a_plane_comes_back_on_any_turned_grid(degrees, stretch, up, right):
    turn = np.radians(degrees)
    i, j = np.meshgrid(np.arange(9.0), np.arange(7.0))
    east = 0.1 * (np.cos(turn) * i - np.sin(turn) * j) * stretch
    lon, lat = 116 + east + 0.002 * i * j, 40 + 0.1 * (np.sin(turn) * i + np.cos(turn) * j)
    rows, columns = up * 6, right * 8
    stencil_of_truth = (rows, columns)
    row, column = int(rows), int(columns)
    a, b = rows - row, columns - column
    weights = np.array([[(1 - a) * (1 - b), (1 - a) * b], [a * (1 - b), a * b]])
    point = tuple(float((plane[row : row + 2, column : column + 2] * weights).sum()) for plane in (lon, lat))
    stencil = Stencil.of(lon, lat, [point])
    assert stencil.inside.all(), stencil_of_truth
    value = stencil.apply((3 * lon - 2 * lat)[None])[0, 0]
    assert value == pytest.approx(3 * point[0] - 2 * point[1], abs=1e-6)
