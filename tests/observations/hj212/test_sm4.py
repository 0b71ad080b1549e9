"""The enciphered data area of 2025."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.observations.hj212 import CIPHERS, CipherError, DataCipher, Framer, Link, decode, encode, opened

pytestmark = pytest.mark.requirement("M2", part="SM4 option of 2025")

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
LINK = Link("31", "0" * 24, "123456", 2025)
REQUEST = LINK.request("1062", "20260722100000000", RtdInterval=30)


def test_the_worked_example_of_the_cipher_standard():
    # GB/T 32907-2016, appendix A: this key over itself as the text
    assert DataCipher(KEY)._run(KEY, encrypt=True).hex() == "681edf34d206965e86b3e94f536e4246"


@pytest.mark.parametrize("words", CIPHERS)
def test_an_enciphered_packet_is_read_with_its_key_only(words):
    iv = "69" * 16 if words.startswith("cbc") else ""
    cipher = DataCipher.of_session_key(KEY.hex(), words, iv)
    data = encode(REQUEST, cipher=cipher)
    assert b"RtdInterval" not in data
    assert decode(data, cipher=cipher).packet == REQUEST
    assert Framer(cipher=cipher).feed(data)[0].packet == REQUEST
    other = decode(data, cipher=DataCipher.of_session_key("6B" * 16, words, iv))
    assert other.packet is None
    assert other.fault.name in ("cipher", "encoding")
    plain = decode(encode(REQUEST), cipher=cipher)
    assert plain.fault.name == "cipher"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CIPHERS), st.binary(min_size=1, max_size=200).filter(lambda data: b"&&" not in data))
def test_any_data_comes_back_and_has_the_room_that_it_needs(words, data):
    data = data.rstrip(b"\0") or b"x"  # no packet ends with it, and zero padding could not tell it apart
    cipher = DataCipher.of_session_key(KEY.hex(), words, "69" * 16 if words.startswith("cbc") else "")
    segment = b"QN=1;CP=&&" + data + b"&&"
    closed = cipher.close(segment)
    assert cipher.open(closed) == segment
    size = len(closed) - len(b"QN=1;CP=&&&&")
    assert cipher.room(size) >= len(data)
    assert cipher.room(size - 1) < len(data)


@given(st.sampled_from(CIPHERS), st.one_of(st.binary(max_size=200), st.text("0123456789ABCDEF=", max_size=200)))
def test_whatever_stands_there_is_deciphered_or_said_to_be_none(words, data):
    data = data.encode() if isinstance(data, str) else data
    cipher = DataCipher.of_session_key(KEY.hex(), words, "69" * 16 if words.startswith("cbc") else "")
    try:
        assert cipher.open(b"CP=&&" + data + b"&&").startswith(b"CP=&&")
    except CipherError as error:
        assert str(error)  # noqa: PT017


def test_a_frame_is_opened_once_its_head_is_read_and_keeps_what_its_frame_deviates_in():
    cipher = DataCipher(KEY)
    raw = encode(REQUEST, cipher=cipher)
    low = raw[:-6] + raw[-6:-2].lower() + b"\r\n"
    (frame,) = Framer(("lower_case_crc",)).feed(low)
    assert (frame.packet, frame.read.mn) == (None, LINK.mn)  # the data is no list of fields
    clear = cipher.open(frame.raw[6:-4])
    assert opened(frame, clear).packet is None
    made = opened(frame, clear, ("lower_case_crc",))
    assert (made.packet, made.raw) == (REQUEST, low[:-2])
    assert made.quirks == (("lower_case_crc",) if low != raw else ())
    assert opened(frame, b"\xff\xfe").read is None


def test_an_upload_that_will_be_enciphered_is_split_so_that_it_fits():
    cipher = DataCipher(KEY)
    when = datetime(2026, 7, 22, tzinfo=UTC)
    values = {f"a{code}": {"Rtd": "1.25", "Flag": "N"} for code in range(21001, 21031)}
    packets = LINK.upload("2011", "20260722100000000", when, values, cipher=cipher)
    assert max(len(encode(packet, cipher=cipher)) for packet in packets) > 900
    assert len(packets) > len(LINK.upload("2011", "20260722100000000", when, values))


def test_empty_data_stays_empty():
    empty = LINK.request("1061", "20260722100000000")
    assert encode(empty, cipher=DataCipher(KEY)) == encode(empty)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key": b"short"}, "key: 5 bytes where 16"),
        ({"key": KEY, "mode": "ctr"}, "ecb or cbc"),
        ({"key": KEY, "mode": "cbc"}, "iv: 0 bytes where 16"),
        ({"key": KEY, "text": "raw"}, "hex or base64"),
        ({"key": KEY, "padding": "none"}, "pkcs7 or zero"),
    ],
)
def test_a_wrong_option_is_named(options, said):
    with pytest.raises(ValueError, match=said):
        DataCipher(**options)


def test_what_is_no_cipher_is_said():
    with pytest.raises(ValueError, match="key: 32 hexadecimal digits would be right"):
        DataCipher.of_session_key("xyz")
    with pytest.raises(ValueError, match="cipher 'ctr': expected one of ecb pkcs7 hex"):
        DataCipher.of_session_key(KEY.hex(), "ctr")
    with pytest.raises(CipherError, match="no hex text"):
        DataCipher(KEY).open(b"CP=&&RtdInterval=30&&")
    with pytest.raises(CipherError, match="multiple of 16"):
        DataCipher(KEY).open(b"CP=&&ABCD&&")
    with pytest.raises(CipherError, match="no CP"):
        DataCipher(KEY).open(b"QN=1")
