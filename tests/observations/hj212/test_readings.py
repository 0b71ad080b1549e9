"""Values out of uploads: names, units, times."""

from datetime import UTC, datetime

import pytest

from lantian.observations.hj212 import TOLERANCES, Link, Packet, UnitError, check_units, codes, decode, encode, readings
from lantian.observations.hj212.codec import wrap
from lantian.standards.codes import ITEMS

pytestmark = pytest.mark.requirement("M2", part="codec")

WHEN = datetime(2026, 8, 1, 0, 58, tzinfo=UTC)
QN = "20260801085857223"


def rows(cn: str, values: dict, units: dict | None = None) -> dict:
    packet = Link("31", "0" * 24, "123456").upload(cn, QN, WHEN, values)[0]
    return {row.item: row for row in readings(decode(encode(packet)).packet, units)}


def test_the_unit_is_the_devices_and_never_guessed():
    sent = {"a34004": {"Rtd": "75600.000", "Flag": "N"}}
    assert rows("2011", sent)["pm25"].value == 75.6  # the table of 2017: ng/m3
    assert rows("2011", sent, {"a34004": "ug/m3"})["pm25"].value == 75600.0
    assert rows("2011", {"a34004": {"Rtd": "0.0756"}}, {"a34004": "mg/m3"})["pm25"].value == 75.6
    assert rows("2011", {"a21005": {"Rtd": "0.7"}})["co"].value == 0.7
    assert rows("2011", {"a21026": {"Rtd": "0.007"}})["so2"].value == 7.0
    assert rows("2011", {"a01006": {"Rtd": "101.380"}})["pressure"].value == 1013.8
    assert rows("2011", {"a01001": {"Rtd": "300.15"}}, {"a01001": "K"})["temperature"].value == 27.0


def test_ozone_needs_a_unit_since_the_table_prints_none():
    assert rows("2011", {"a05024": {"Rtd": "0.1"}})["a05024"].value == 0.1
    assert rows("2011", {"a05024": {"Rtd": "0.1"}}, {"a05024": "mg/m3"})["o3"].value == 100.0


def test_an_hour_has_its_extremes_its_total_and_the_converted_value():
    sent = {"a21026": {"Cou": "1.5", "Min": "1", "Avg": "2", "Max": "3", "ZsAvg": "4", "Flag": "D"}}
    row = rows("2061", sent)["so2"]
    assert row[1:] == (WHEN, 2000.0, 1000.0, 3000.0, 1.5, 4000.0, "D", "hour", "a21026")


def test_a_lone_mark_is_a_row_without_a_value():
    assert rows("2011", {"a21004": {"Flag": "F"}})["no2"][2:8] == (None, None, None, None, None, "F")


def test_granted_quirks_are_read_for_what_they_mean():
    def read(cp: str) -> dict:
        text = f"QN={QN};ST=22;CN=2011;PW=123456;MN={'0' * 24};Flag=5;CP=&&DataTime=20260801085800{cp}&&"
        packet = decode(wrap(text.encode()), tolerances=TOLERANCES).packet
        return {row.item: row for row in readings(packet)}

    assert read("000;LA-td=50.1,LA-Flag=N")["LA"].value == 50.1
    assert read(";LA-Rtd-Rtd=71.0,LA-Rtd-Flag=M")["LA"][2:8] == (71.0, None, None, None, None, "M")
    assert read(";NOIS-Rtd=46.3,NOIS=N")["LA"][2:8] == (46.3, None, None, None, None, "N")
    assert read(";PM25-Rtd=15.4;Flag=M")["pm25"].flag == "M"
    assert read(";a21026-Rtd=--,a21026-Flag=B")["so2"][2:8] == (None, None, None, None, None, "B")
    assert read(";a21026-Rtd=1_0")["so2"].value is None
    assert read(";a21026-Rtd=1;a21026-Flag=D")["so2"][2:8] == (1000.0, None, None, None, None, "D")
    assert read(";a21004-Flag=F")["no2"].value is None


def test_noise_by_day_and_night():
    found = rows("2031", {"LA": {"DayData": "55.5", "NightData": "44.5"}, "Leq": {"Data": "50.0"}})
    assert {item: row.value for item, row in found.items()} == {"LA_day": 55.5, "LA_night": 44.5, "Leq": 50.0}


def test_only_uploads_have_values():
    request = Link("31", "0" * 24, "123456").request("2051", QN, BeginTime=WHEN, EndTime=WHEN)
    assert readings(request) == []
    assert readings(Packet("31", "2011", "0" * 24)) == []


def test_units_and_items_fit_together():
    for pollutant in codes.POLLUTANTS.values():
        if pollutant.item:
            assert ITEMS[pollutant.item].unit == pollutant.item_unit
    check_units({"a34004": "mg/m3", "a99999": "anything"})
    with pytest.raises(UnitError, match="unit 'kPa' is one of pressure; one of mass in air is wanted: ng/m3, ug/m3"):
        check_units({"a34004": "kPa"})
    with pytest.raises(UnitError, match="unit 'ppm' is unknown"):
        check_units({"a21026": "ppm"})
