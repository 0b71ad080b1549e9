"""Packets out of a stream: any cutting, any glue, any junk, in bounded memory."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.observations.hj212 import TOLERANCES, Frame, Framer, decode
from lantian.observations.hj212.framing import MOST

pytestmark = pytest.mark.requirement("M2", part="codec")

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
WIRE = [v["packet"].encode() + b"\r\n" for name in ("wire", "framed_2017", "framed_2025") for v in VECTORS[name]]
GOOD = [data for data in WIRE if decode(data).packet is not None]

packets = st.sampled_from(WIRE)
junk = st.one_of(
    st.binary(max_size=80),
    st.text("#0123456789QN=;&\r\n", max_size=40).map(str.encode),
    st.builds(lambda data, cut: data[: cut % len(data)], packets, st.integers(0, 999)),
    st.builds(lambda data, at: data[:at] + b"?" + data[at + 1 :], packets, st.integers(0, 80)),
)
streams = st.lists(st.one_of(packets, packets, junk), max_size=8).map(b"".join)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


def frames_of(pieces: list[bytes], **how) -> list[Frame]:
    framer = Framer(**how)
    return [frame for piece in pieces for frame in framer.feed(piece)] + framer.flush()


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(streams, st.lists(st.integers(0, 60), max_size=60))
def test_any_cutting_gives_the_same_frames(data, sizes):
    assert frames_of(cut(data, sizes)) == frames_of([data])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(streams)
def test_byte_by_byte_gives_the_same_frames(data):
    assert frames_of([bytes([byte]) for byte in data]) == frames_of([data])


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(junk, max_size=4).map(b"".join), st.sampled_from(GOOD), st.booleans())
def test_a_good_packet_behind_any_junk_comes_out_at_once(noise, good, at_once):
    framer = Framer()
    before = [] if at_once else framer.feed(noise)
    frames = framer.feed(noise + good if at_once else good)
    assert decode(good) in [*before, *frames]
    assert framer.held == 0


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(GOOD), max_size=12))
def test_glued_packets_come_apart(data):
    assert frames_of([b"".join(data)]) == [decode(packet) for packet in data]


def test_packets_glued_without_an_end_come_apart_if_granted():
    data = b"".join(packet[:-2] for packet in GOOD[:5])
    strict = frames_of([data])
    assert [frame.fault.name for frame in strict] == ["missing_terminator"] * 5
    granted = frames_of([data], tolerances=["missing_terminator"])
    assert [frame.packet for frame in granted] == [decode(packet).packet for packet in GOOD[:5]]


def test_junk_is_one_frame_and_says_how_much():
    frames = frames_of([b"\r\nwelcome\r\n" * 500, GOOD[0]])
    assert [frame.junk for frame in frames] == [True, False]
    assert len(frames[0].raw) == 1024
    assert "5500 bytes" in str(frames[0].fault)
    assert frames_of([GOOD[0] + b"\r\n" + GOOD[1]]) == [decode(GOOD[0]), decode(GOOD[1])]  # an empty line is no harm


@pytest.mark.parametrize("head", [b"##9999", b"##0100", b"", b"##00"])
def test_a_peer_that_never_ends_a_packet_costs_little_and_says_so(head):
    framer = Framer()
    frames = []
    for _ in range(200):
        frames += framer.feed(head + b"x" * 5000)
        assert framer.held <= MOST + 6
    for frame in [*frames, *framer.flush()]:
        assert frame.packet is None
        assert len(frame.raw) <= MOST
    assert framer.feed(GOOD[0]) == [decode(GOOD[0])]


def test_tolerances_may_depend_on_the_device():
    framer = Framer(lambda mn: ["lower_case_crc"] if mn == "LD130133000015" else [])
    by_id = {v["id"]: v["packet"].encode() + b"\r\n" for v in VECTORS["wire"]}
    frames = framer.feed(by_id["P27"] + by_id["P25"])
    assert [fault.name for fault in frames[0].faults] == [
        fault.name for fault in decode(by_id["P27"]).faults if fault.name != "lower_case_crc"
    ]
    assert "lower_case_crc" in [fault.name for fault in frames[1].faults]


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_no_bytes_make_a_packet_reader_fail(data):
    for raw in (data, b"##%04d" % len(data) + data + b"0000\r\n"):
        frame = decode(raw, tolerances=TOLERANCES)
        assert frame.packet is not None or frame.faults
