"""One packet: every literal packet of our facts, and what is said of one that is wrong."""

import json
from pathlib import Path

import pytest

from lantian.observations.hj212 import TOLERANCES, Packet, decode, encode
from lantian.observations.hj212.crc import crc

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
WIRE = VECTORS["wire"]
FRAMED = [*VECTORS["framed_2017"], *VECTORS["framed_2025"]]

pytestmark = pytest.mark.requirement("M2", part="codec")

# What stands between a packet from the field and the strict standard; P09 and P15 no tolerance can save.
QUIRKS = {
    "P01": set(),
    "P02": {"vendor_mn"},
    "P03": {"vendor_mn"},
    "P04": {"d_without_pnum", "trailing_semicolon", "malformed_key"},
    "P05": set(),
    "P07": {"swapped_crc", "missing_flag", "vendor_names", "malformed_key", "missing_qn", "vendor_mn"},
    "P08": {"qn_form", "missing_flag"},
    "P11": {"crc_wrong_length_right", "vendor_mn", "malformed_key"},
    "P25": {"lower_case_crc", "vendor_mn"},
}


def wire(vector: dict) -> bytes:
    return vector["packet"].encode() + b"\r\n"


@pytest.mark.parametrize("vector", WIRE, ids=lambda v: v["id"])
def test_a_packet_from_the_field_is_read_and_its_verdicts_are_right(vector):
    frame = decode(wire(vector))
    assert frame.read is not None
    assert frame.read.header == vector["expect"]["header"]
    assert [dict(item) for item in frame.read.cp] == vector["expect"]["cp"] or vector["id"] == "P19"
    assert frame.length_ok == vector["len_ok"]
    assert (frame.crc in ("right", "lower_case_crc")) == vector["crc_ok"]
    assert (frame.crc == "modbus_crc") == vector["crc_is_modbus"]
    assert (frame.crc == "swapped_crc") == vector["crc_byte_swapped"]
    named = {fault.name for fault in frame.faults}
    if vector["id"] in QUIRKS:
        assert named == QUIRKS[vector["id"]]
    lenient = frame.under(TOLERANCES)
    assert (lenient.packet is not None) == (vector["id"] not in ("P09", "P15"))
    if lenient.packet is not None:
        assert set(lenient.quirks) == named


@pytest.mark.parametrize("vector", FRAMED, ids=lambda v: v["ref"])
def test_the_standards_own_packets_pass_and_are_written_byte_for_byte(vector):
    frame = decode(wire(vector), tolerances=["comma_between_items"])
    assert frame.packet is not None
    assert encode(frame.packet) == wire(vector)
    # the two with BeginTime=..,EndTime=.. are printed so in the standard; strictly they are refused
    assert bool(frame.quirks) == ("Time=" in vector["packet"] and ",EndTime" in vector["packet"])


GOOD = "QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
UPLOAD = (
    "QN=20160801085857223;ST=31;CN=2011;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    "CP=&&DataTime=20160801085800;a21026-Rtd=1.1,a21026-Flag=N&&"
)


def framed(segment: str, check: str | None = None, length: int | None = None) -> bytes:
    data = segment.encode()
    return b"##%04d%s%s\r\n" % (length or len(data), data, (check or f"{crc(data):04X}").encode())


def modbus(segment: str) -> str:
    register = 0xFFFF
    for byte in segment.encode():
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    return f"{register:04X}"


SUM = f"{crc(GOOD.encode()):04X}"

TOLERATED = [
    ("lower_case_crc", framed(UPLOAD, f"{crc(UPLOAD.encode()):04x}"), "CRC"),
    ("modbus_crc", framed(GOOD, modbus(GOOD)), "CRC"),
    ("swapped_crc", framed(GOOD, SUM[2:] + SUM[:2]), "CRC"),
    ("crc_wrong_length_right", framed(GOOD, "0000"), "CRC"),
    ("length_wrong_crc_right", framed(GOOD, length=99), "length"),
    ("missing_terminator", framed(GOOD)[:-2], "frame"),
    ("missing_qn", framed(GOOD.replace("QN=20160801085857223;", "")), "QN"),
    ("qn_form", framed(GOOD.replace("20160801085857223", "20160801085857")), "QN"),
    ("qn_form", framed(GOOD.replace("20160801085857223", "20161301085857223")), "QN"),
    ("undefined_st", framed(GOOD.replace("ST=32", "ST=77")), "ST"),
    ("empty_pw", framed(GOOD.replace("100000", "")), "PW"),
    ("pw_form", framed(GOOD.replace("100000", "1000")), "PW"),
    ("mn_absent", framed(GOOD.replace("MN=010000A8900016F000169DC0;", "")), "MN"),
    ("vendor_mn", framed(GOOD.replace("010000A8900016F000169DC0", "ZX00001")), "MN"),
    ("missing_flag", framed(GOOD.replace("Flag=5;", "")), "Flag"),
    ("d_without_pnum", framed(GOOD.replace("Flag=5", "Flag=7")), "Flag"),
    ("pnum_without_d", framed(GOOD.replace("Flag=5;", "Flag=5;PNUM=2;PNO=1;")), "Flag"),
    ("pno_before_pnum", framed(GOOD.replace("Flag=5;", "Flag=7;PNO=1;PNUM=2;")), "head"),
    ("header_order", framed(GOOD.replace("ST=32;CN=1062", "CN=1062;ST=32")), "head"),
    ("comma_in_header", framed(GOOD.replace(";ST=32", ",ST=32")), "head"),
    ("missing_semicolon_before_cp", framed(GOOD.replace(";CP", "CP")), "CP"),
    ("trailing_semicolon", framed(GOOD[:-2] + ";&&"), "CP"),
    ("datetime_17", framed(UPLOAD.replace("20160801085800", "20160801085800000")), "DataTime"),
    ("vendor_names", framed(UPLOAD.replace("a21026-Rtd=1.1,a21026-Flag=N", "SO2-Rtd=1.1")), "SO2-Rtd"),
    ("malformed_key", framed(UPLOAD.replace("Rtd", "td")), "a21026-td"),
    ("flag_as_item", framed(UPLOAD.replace(",a21026-Flag", ";Flag")), "Flag"),
    ("comma_between_items", framed(UPLOAD.replace(",a21026-Flag=N", ",a21004-Rtd=2")), "a21004-Rtd"),
    ("split_item", framed(UPLOAD.replace(",a21026-Flag", ";a21026-Flag")), "a21026-Flag"),
    ("repeated_item", framed(UPLOAD.replace("a21026-Flag=N", "a21026-Rtd=1.2")), "a21026-Rtd"),
    ("unknown_flag", framed(UPLOAD.replace("Flag=N", "Flag=X")), "a21026-Flag"),
    ("not_a_number", framed(UPLOAD.replace("1.1", "--")), "a21026-Rtd"),
    ("long_segment", framed(UPLOAD.replace("1.1", "1" * 1000)), "length"),
]


@pytest.mark.parametrize(("name", "data", "where"), TOLERATED, ids=[case[0] for case in TOLERATED])
def test_a_quirk_is_refused_unless_granted_and_then_it_is_named(name, data, where):
    strict = decode(data)
    assert strict.packet is None
    assert {(fault.name, fault.where) for fault in strict.faults} == {(name, where)}
    assert strict.fault.tolerance == name
    assert strict.fault.right
    other = decode(data, tolerances=set(TOLERANCES) - {name})
    assert other.packet is None
    granted = decode(data, tolerances=[name])
    assert granted.packet == strict.suspect is not None
    assert granted.quirks == (name,)
    assert granted.fault is None


def test_every_tolerance_has_a_case():
    assert {case[0] for case in TOLERATED} | {"other_version"} == set(TOLERANCES)


def test_a_device_of_another_edition_is_judged_by_its_own():
    old = framed("ST=32;CN=2011;PW=123456;MN=LD130133000015;CP=&&DataTime=20160824003817;B01-Rtd=36.91&&")
    assert {fault.name for fault in decode(old).faults} == {"missing_qn", "missing_flag", "vendor_mn", "vendor_names"}
    assert decode(old, version=2005).packet.version == 2005
    assert [fault.name for fault in decode(framed(GOOD), version=2025).faults] == ["other_version"]
    assert decode(framed(GOOD), version=2025, tolerances=["other_version"]).quirks == ("other_version",)


@pytest.mark.parametrize(
    ("data", "name", "returned"),
    [
        (framed(GOOD.replace("1062", "1999")), "cn", "8"),
        (framed(GOOD.replace("Flag=5", "Flag=99")), "version", "6"),
        (framed(GOOD.replace("Flag=5", "Flag=x")), "flag_form", "6"),
        (framed(GOOD.replace("010000A8900016F000169DC0", "A B")), "mn_form", "4"),
        (framed(GOOD.replace("ST=32;", "")), "missing_st", "5"),
        (framed(GOOD.replace("PW=100000;", "")), "missing_pw", "3"),
        (framed(GOOD.replace("Flag=5;", "Flag=7;PNUM=2;PNO=3;")), "pnum_form", "100"),
        (framed(GOOD.replace("Flag=5;", "Flag=7;PNUM=2;")), "pnum_form", "100"),
        (framed(GOOD.replace("&&", "&")), "cp", "100"),
        (framed(GOOD.replace("ST=32", "XX=32")), "header", "100"),
        (framed(UPLOAD.replace("a21026-Rtd=", "a21026-Rtd:")), "field", "100"),
        (framed(UPLOAD.replace("20160801085800", "20160832085800")), "time_form", "100"),
        (
            framed("QN=20160801085857223;ST=91;CN=9011;PW=100000;MN=" + "0" * 24 + ";Flag=4;CP=&&QnRtn=?&&"),
            "return_code",
            "100",
        ),
        (framed(GOOD, "0000", 7), "crc_wrong", "9"),
        (b"##0004\xff\xfe\xfd\xfc" + b"%04X\r\n" % crc(b"\xff\xfe\xfd\xfc"), "encoding", "100"),
        (b"GET / HTTP/1.1\r\n", "junk", "100"),
    ],
)
def test_what_no_tolerance_saves_says_what_would_be_right(data, name, returned):
    frame = decode(data, tolerances=TOLERANCES)
    assert frame.packet is None
    assert frame.fault.name == name
    assert frame.fault.tolerance is None
    assert frame.fault.qn_return == returned
    assert frame.fault.right in str(frame.fault)
    assert frame.fault.right in frame.fault.zh


def test_a_tolerance_that_does_not_exist_cannot_be_granted():
    with pytest.raises(ValueError, match="no tolerance 'crc_wrong'; there are lower_case_crc, "):
        decode(framed(GOOD), tolerances=["crc_wrong"])


@pytest.mark.parametrize("text", ["a;b", "a,b", "x&&", "##0123", "line\n"])
def test_what_would_break_a_packet_is_not_written(text):
    packet = Packet("31", "3021", "0" * 24, "123456", "20160801085857223", 5, cp=((("i13004-Info", text),),))
    with pytest.raises(ValueError, match="cannot stand in a packet"):
        encode(packet)


def test_a_packet_that_is_too_long_is_not_written():
    packet = Packet("31", "3021", "0" * 24, "123456", "20160801085857223", 5, cp=((("i13004-Info", "x" * 999),),))
    with pytest.raises(ValueError, match="1024 are allowed"):
        encode(packet)


def test_chinese_counts_in_bytes():
    packet = Packet("31", "3021", "0" * 24, "123456", "20160801085857223", 5, cp=((("i13004-Info", "量程"),),))
    data = encode(packet)
    assert decode(data).packet == packet
    assert int(data[2:6]) == len(data) - 12
