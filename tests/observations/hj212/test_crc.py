"""The check sum: folded in halves it is what the standard computes bit by bit."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.observations.hj212.crc import crc, crc_by_bit, crc_modbus, swapped

pytestmark = pytest.mark.requirement("M2", part="codec")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=1100))
def test_the_folded_sum_is_the_standards(data):
    assert crc(data) == crc_by_bit(data)


def test_the_worked_example_of_the_standard():
    segment = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
    assert crc(segment) == 0x1C80


def test_the_misreadings():
    assert crc_modbus(b"123456789") == 0x4B37  # the known check value of CRC-16/MODBUS
    assert swapped(0x1C80) == 0x801C
