"""The codec of HJ 212: a million spoiled inputs, none of which may make it fail or stand still, and its speed.

    python -m benchmarks.hj212 [--inputs 1000000] [--seed 1]

An input is one to three packets of the standard or from the field, in clear or enciphered (SM4), mutated (bytes
changed, dropped, doubled, inserted, pieces exchanged, cut), or random bytes, fed in one to four pieces to a reader that
lives on, as a connection does; every frame with a head is deciphered too. The
reference is the least that a reader in plain Python does: length, check sum by a table, three splits; it judges
nothing. Rates are by processor time, of one core.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import Line, machine, table
from lantian.observations.hj212 import (
    CIPHERS,
    TOLERANCES,
    CipherError,
    DataCipher,
    Frame,
    Framer,
    Link,
    decode,
    encode,
    opened,
    readings,
)

VECTORS = Path(__file__).parents[1] / "tests" / "observations" / "hj212" / "vectors.json"
SIGNS = b"#&;,=-\r\n0123456789ABCDEFabcdefNQCPMNFlag\x00\xff"
WHEN = datetime(2026, 7, 22, 2, tzinfo=UTC)
LIVES = 500  # inputs that one reader lives through
KEY = "0123456789ABCDEFFEDCBA9876543210"
READERS = [DataCipher.of_session_key(KEY, words, KEY if words.startswith("cbc") else "") for words in CIPHERS]


def packets() -> list[bytes]:
    """All literal packets of our facts, as they go over the line."""
    known = json.loads(VECTORS.read_text(encoding="utf-8"))
    names = ("wire", "framed_2017", "framed_2025")
    clear = [vector["packet"].encode() + b"\r\n" for name in names for vector in known[name]]
    read = [frame.packet for frame in (decode(packet, tolerances=TOLERANCES) for packet in clear) if frame.packet]
    return clear + [encode(one, cipher=READERS[at % len(READERS)], longest=9999) for at, one in enumerate(read)]


def deciphered(frame: Frame, reader: DataCipher) -> bool:
    """Whether a frame opens with a key that may not be its own."""
    try:
        return opened(frame, reader.open(frame.raw[6:-4]), TOLERANCES).packet is not None
    except CipherError:
        return False


def spoiled(known: list[bytes], drawn: random.Random) -> bytes:
    """One input."""
    if drawn.random() < 0.1:
        return drawn.randbytes(drawn.randrange(400))
    data = bytearray(b"".join(drawn.choice(known) for _ in range(drawn.choice((1, 1, 1, 2, 3)))))
    for _ in range(drawn.choice((0, 1, 1, 2, 4, 12))):
        at, kind = drawn.randrange(len(data) + 1), drawn.randrange(6)
        if kind == 0:
            data[at : at + 1] = bytes((drawn.choice(SIGNS),))
        elif kind == 1:
            del data[at : at + drawn.randrange(1, 9)]
        elif kind == 2:
            data[at:at] = data[max(0, at - drawn.randrange(1, 40)) : at]
        elif kind == 3:
            data[at:at] = bytes(drawn.choice(SIGNS) for _ in range(drawn.randrange(1, 9)))
        elif kind == 4:
            del data[at:]
        else:
            data[at:at] = b"##%04d" % drawn.randrange(10000)
    return bytes(data)


def fuzz(count: int, seed: int) -> Iterator[Line]:
    """Feed the inputs; a failure ends the benchmark with its traceback and the number of the input."""
    known, drawn = packets(), random.Random(seed)
    framer = Framer(TOLERANCES)
    frames = accepted = rows = read_bytes = unsealed = 0
    worst = spent = 0.0
    for number in range(count):
        data = spoiled(known, drawn)
        cuts = sorted(drawn.randrange(len(data) + 1) for _ in range(drawn.randrange(4)))
        began = time.process_time()
        try:
            for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
                for frame in framer.feed(data[start:end]):
                    frames += 1
                    if frame.read is not None:
                        unsealed += deciphered(frame, READERS[number % len(READERS)])
                    if frame.packet is not None:
                        accepted += 1
                        rows += len(readings(frame.packet))
        except Exception as error:
            raise SystemExit(f"input {number} of seed {seed} makes the reader fail: {error!r}\n{data!r}") from error
        took = time.process_time() - began
        spent += took
        worst = max(worst, took)
        read_bytes += len(data)
        if number % LIVES == 0:
            framer.flush()
            framer = Framer(TOLERANCES if number % (2 * LIVES) else ())
    yield Line("spoiled inputs read", f"{count:,}", "1,000,000, none fails or stands still")
    yield Line("frames in them; accepted; values read", f"{frames:,}; {accepted:,}; {rows:,}")
    yield Line("deciphered", f"{unsealed:,}")
    yield Line("inputs a second", f"{count / spent:,.0f}", "")
    yield Line("MB a second", f"{read_bytes / spent / 1e6:.1f}")
    yield Line("longest for one input", f"{worst * 1e3:.1f} ms")


def _eight(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    return register


TABLE = [_eight(byte) for byte in range(256)]


def bare(stream: bytes) -> int:
    """The reference: packets that end where they say, by their check sum; head and fields split."""
    at = count = 0
    while at < len(stream):
        end = at + 6 + int(stream[at + 2 : at + 6])
        register = 0xFFFF
        for byte in stream[at + 6 : end]:
            register = TABLE[(register >> 8) ^ byte]
        assert int(stream[end : end + 4], 16) == register
        head, _, cp = stream[at + 6 : end].decode().partition("CP=&&")
        fields = dict(piece.split("=") for piece in head.split(";") if piece)
        items = [dict(field.split("=") for field in item.split(",")) for item in cp[:-2].split(";") if item]
        at, count = end + 6, count + bool(fields and items)
    return count


def speed(repeats: int = 10) -> Iterator[Line]:
    """Frames a second of a stream of good uploads, and of the reference on the same stream."""
    codes = ["a34004", "a34002", "a34001", "a01001", "a01002", "a01006", "a01007", "a01008", "LA"]
    values = {code: {"Rtd": f"{at}.5", "Flag": "N"} for at, code in enumerate(codes, 1)}
    link = Link("39", "010000A8900016F000169DC0", "123456")
    made = [link.upload("2011", f"20260722100000{at:03d}", WHEN, values)[0] for at in range(500)]
    stream = b"".join(encode(packet) for packet in made)
    best: dict[str, float] = {}
    runs: dict[str, Callable[[], int]] = {
        "ours": lambda: len(Framer().feed(stream)),
        "bare": lambda: bare(stream),
        "values": lambda: sum(len(readings(packet)) > 0 for packet in made),
        "written": lambda: sum(len(encode(packet)) > 0 for packet in made),
    }
    for _ in range(repeats):
        for name, run in runs.items():
            began = time.process_time()
            count = run()
            took = time.process_time() - began
            assert count == len(made)
            best[name] = min(best.get(name, took), took)
    size, rates = len(stream) // len(made), {name: len(made) / took for name, took in best.items()}
    yield Line(f"frames a second, uploads of {size} bytes, strictly judged", f"{rates['ours']:,.0f}", "4,000")
    yield Line("reference, length + check sum + splits", f"{rates['bare']:,.0f}")
    yield Line("ours to the reference", f"{rates['ours'] / rates['bare']:.2f}")
    yield Line("values a second in the platform's units", f"{rates['values'] * len(codes):,.0f}")
    yield Line("packets written a second", f"{rates['written']:,.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(table([machine(), *speed(), *fuzz(given.inputs, given.seed)]))


if __name__ == "__main__":
    main()
