"""The enciphered data area of 2025."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.observations.hj212 import CipherError, DataCipher, Framer, Link, decode, encode
from lantian.observations.hj212.sm4 import _padded

pytestmark = pytest.mark.requirement("M2", part="SM4 option of 2025")

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
LINK = Link("31", "0" * 24, "123456", 2025)
REQUEST = LINK.request("1062", "20260722100000000", RtdInterval=30)


def test_the_worked_example_of_the_cipher_standard():
    # GB/T 32907-2016, appendix A: this key over itself as the text
    assert DataCipher(KEY)._run(KEY, encrypt=True).hex() == "681edf34d206965e86b3e94f536e4246"


@pytest.mark.parametrize("options", [{}, {"text": "base64"}, {"mode": "cbc", "iv": b"i" * 16}])
def test_an_enciphered_packet_is_read_with_its_key_only(options):
    cipher = DataCipher(KEY, **options)
    data = encode(REQUEST, cipher=cipher)
    assert b"RtdInterval" not in data
    assert decode(data, cipher=cipher).packet == REQUEST
    assert Framer(cipher=cipher).feed(data)[0].packet == REQUEST
    other = decode(data, cipher=DataCipher(b"k" * 16, **options))
    assert other.packet is None
    assert other.fault.name in ("cipher", "encoding")
    plain = decode(encode(REQUEST), cipher=cipher)
    assert plain.fault.name == "cipher"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=1, max_size=200).filter(lambda data: b"&&" not in data))
def test_any_data_comes_back(data):
    cipher = DataCipher.of_session_key(KEY.hex())
    segment = b"QN=1;CP=&&" + data + b"&&"
    assert cipher.open(cipher.close(segment)) == segment
    assert len(_padded(data)) % 16 == 0


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
    ],
)
def test_a_wrong_option_is_named(options, said):
    with pytest.raises(ValueError, match=said):
        DataCipher(**options)


def test_what_is_no_cipher_is_said():
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        DataCipher.of_session_key("xyz")
    with pytest.raises(CipherError, match="no hex text"):
        DataCipher(KEY).open(b"CP=&&RtdInterval=30&&")
    with pytest.raises(CipherError, match="multiple of 16"):
        DataCipher(KEY).open(b"CP=&&ABCD&&")
    with pytest.raises(CipherError, match="no CP"):
        DataCipher(KEY).open(b"QN=1")
