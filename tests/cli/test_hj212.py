"""`lantian hj212` and `lantian simulate-devices`: packets in and out, without platform and database."""

import csv
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lantian.observations.hj212 import DataCipher, Framer, acknowledge, encode

pytestmark = pytest.mark.requirement("M2", part="commands")

VECTORS = json.loads(
    (Path(__file__).parents[1] / "observations" / "hj212" / "vectors.json").read_text(encoding="utf-8")
)
GOOD = VECTORS["framed_2017"][0]["packet"]
ODD = next(vector["packet"] for vector in VECTORS["wire"] if vector["id"] == "P02")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "packets.txt"
    path.write_bytes(f"hello\r\n{GOOD}\r\n{ODD}\r\n".encode())
    return path


def objects(alone, *words: str, code: int = 0) -> list[dict]:
    done = alone.run("hj212", "parse", *words, "--json")
    assert done.exit_code == code, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_packet_is_an_object_with_its_verdicts(alone, file):
    junk, good, odd = objects(alone, str(file), code=1)
    assert (junk["accepted"], junk["header"], junk["fault"]["name"]) == (False, None, "junk")
    assert good["accepted"]
    assert good["header"]["CN"] == "1000"
    assert good["items"] == [{"OverTime": "5"}, {"ReCount": "3"}]
    assert good["command"]["way"] == "request"
    assert good["length"] == {"declared": 107, "actual": 107, "right": True}
    assert good["crc"] == {"declared": "CAC1", "computed": "CAC1", "verdict": "right"}
    assert odd["fault"]["tolerance"] == "vendor_mn"
    assert odd["values"] is None


def test_a_quirk_that_is_granted_is_named_and_the_unit_is_told(alone, file):
    odd = objects(alone, str(file), "--tolerate", "vendor_mn", "--unit", "a34002=ug/m3", code=1)[2]
    assert odd["quirks"] == ["vendor_mn"]
    values = {row["item"]: row["value"] for row in odd["values"]}
    assert values["pm25"] == 75.6
    assert values["pm10"] == 140600.0
    assert odd["values"][0]["time"] == "2018-04-27T04:58:09+00:00"


def test_a_text_file_with_plain_line_ends_is_read(alone, tmp_path):
    path = tmp_path / "packets.log"
    path.write_text(f"{GOOD}\n{GOOD}\n", encoding="utf-8", newline="")
    assert [one["accepted"] for one in objects(alone, str(path))] == [True, True]


def test_enciphered_data_are_read_with_their_key(alone, tmp_path):
    key, packet = "0123456789ABCDEFFEDCBA9876543210", Framer().feed(f"{GOOD}\r\n".encode())[0].packet
    path = tmp_path / "packets.log"
    path.write_bytes(encode(packet, cipher=DataCipher.of_session_key(key, "ecb zero base64")))
    (told,) = objects(alone, str(path), "--key", key, "--cipher", "ecb zero base64")
    assert told["items"] == [{"OverTime": "5"}, {"ReCount": "3"}]
    assert objects(alone, str(path), "--key", key[::-1], code=1)[0]["fault"]["name"] == "cipher"
    assert objects(alone, str(path), code=1)[0]["accepted"] is False


def test_people_get_a_table(alone, file):
    told = alone.run("hj212", "parse", str(file))
    assert told.exit_code == 1
    assert "3 packets, 1 as they should be" in told.stdout
    assert "vendor_mn" in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tolerate", "wobble"], "no tolerance 'wobble'; there are"),
        (["--version", "2018"], "there are 2005, 2017 and 2025"),
        (["--unit", "a34004"], "NAME=VALUE would be right"),
        (["--unit", "a34004=kPa"], "one of mass in air is wanted"),
    ],
)
def test_what_cannot_be_done_is_said(alone, file, words, said):
    assert said in alone.refusal("hj212", "parse", str(file), *words, code=2)


def test_a_packet_is_built_from_options_and_read_again(alone, tmp_path):
    words = "--cn 2011 --mn 010000A8900016F000169DC0 --qn 20160801085857223 --no-answer --field DataTime=20160801085800"
    fields = "--field a34004-Rtd=25 --field a34004-Flag=N --field LA-Rtd=50"
    value = alone.value("hj212", "build", *words.split(), *fields.split())
    assert value["packet"].endswith(
        "CP=&&DataTime=20160801085800;a34004-Rtd=25,a34004-Flag=N;LA-Rtd=50&&" + value["crc"] + "\r\n"
    )
    assert value["deviations"] == []
    path = tmp_path / "p"
    path.write_bytes(value["packet"].encode())
    (read,) = objects(alone, str(path))
    assert (read["accepted"], read["length"]["actual"]) == (True, value["length"])
    again = tmp_path / "again.json"
    again.write_text(json.dumps(read), encoding="utf-8")
    assert alone.value("hj212", "build", "--from", str(again))["packet"] == value["packet"]


def test_what_is_built_outside_the_standard_says_so(alone):
    done = alone.run("hj212", "build", "--cn", "1062", "--mn", "X1", "--field", "RtdInterval=30")
    assert done.exit_code == 1
    assert "24 hexadecimal digits would be right" in done.stderr
    assert "--cn and --mn" in alone.refusal("hj212", "build", code=2)


def test_the_codec_needs_no_platform():
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"sqlalchemy", "psycopg", "fastapi", "numpy", "procrastinate"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
from lantian.cli import main
main()
"""
    words = [sys.executable, "-c", code, "hj212", "parse", "-", "--json"]
    done = subprocess.run(words, input=f"{GOOD}\r\n".encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accepted"]


def test_the_register_is_written(alone, tmp_path):
    path = tmp_path / "devices.csv"
    assert alone.value("simulate-devices", "--devices", "5", "--write-devices", str(path)) == {
        "file": str(path),
        "devices": 5,
    }
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [row["kind"] for row in rows] == ["cems", "dust", "voc", "micro", "cems"]


def test_devices_talk_to_a_gateway_and_tell_what_they_saw(alone):
    def serve(server: socket.socket) -> None:
        peer, _ = server.accept()
        framer = Framer()
        with peer:
            while data := peer.recv(4096):
                for frame in framer.feed(data):
                    peer.sendall(encode(acknowledge(frame.packet)))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        port = str(server.getsockname()[1])
        words = ("--devices", "1", "--kind", "dust", "--speed", "3600", "--for", "1.5", "--window", "8")
        value = alone.value("simulate-devices", "--port", port, *words)
        thread.join(5)
    assert value["answered"] > 0
    assert value["refused"] == 0
    assert value["made"] == value["answered"] + value["left"]


def test_no_gateway_is_an_exit_code(alone):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    words = ("simulate-devices", "--devices", "1", "--for", "0.3", "--port", port)
    assert "no gateway answers" in alone.refusal(*words, code=4)
    assert "no fault 'wobble'" in alone.refusal("simulate-devices", "--faults", "wobble", "--for", "1", code=2)
