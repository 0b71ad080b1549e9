"""`lantian device` and `lantian gateway`: the register on the command line, and a listening port."""

import json
import os
import socket
import subprocess
import sys

import pytest

pytestmark = pytest.mark.requirement("M2", part="lantian gateway, lantian device")
MN = "A" * 24
LIST = f"""mn,kind,st,name,password,region,units,every
{MN},dust,39,安贞工地,123456,110105,a34002=mg/m3,300
{"B" * 24},car,39,没有这种设备,123456,110105,,60
"""


def test_devices_are_imported_listed_and_shown_without_their_passwords(commands, tmp_path):
    (tmp_path / "devices.csv").write_text(LIST, encoding="utf-8")
    value = commands.value("device", "import", tmp_path / "devices.csv", code=1)
    assert (value["devices"], value["changed"]) == (1, 1)
    assert [(fault["line"], fault["field"]) for fault in value["rejected"]] == [(3, "kind")]
    again = commands.value("device", "import", tmp_path / "devices.csv", code=1)
    assert again["changed"] == 0
    (one,) = commands.value("device", "list")["devices"]
    assert (one["mn"], one["every"], one["units"], "password" in one) == (MN, 300, {"a34002": "mg/m3"}, False)
    assert commands.value("device", "list", "--kind", "cems") == {"devices": []}
    shown = commands.value("device", "show", MN)
    assert (shown["device"]["name"], shown["packets"]) == ("安贞工地", [])
    assert "expected one of cems" in commands.refusal("device", "list", "--kind", "car", code=2)
    assert "no device" in commands.refusal("device", "show", "C", code=3)


def test_one_device_is_registered_by_its_options(commands):
    words = ["device", "register", MN, "--name", "d", "--kind", "dust", "--st", "39", "--region", "110105"]
    assert commands.value(*words, "--password", "123456", "--tolerate", "lower_case_crc") == {"mn": MN, "changed": 1}
    assert "expected one of" in commands.refusal(*words, "--password", "123456", "--st", "99", code=2)


def test_the_gateway_says_its_port_and_listens_until_it_is_ended(platform):
    url = platform.engine.url.render_as_string(hide_password=False)
    environment = {**os.environ, "LANTIAN_DATABASE_URL": url, "LANTIAN_HOME": str(platform.home)}
    line = [sys.executable, "-c", "from lantian.cli import main; main()", "gateway", "--port", "0", "--json"]
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            text = ""
            while "}" not in text:
                text += process.stdout.readline()
            with socket.create_connection(("127.0.0.1", json.loads(text)["port"]), 10):
                pass
        finally:
            process.terminate()
            assert process.wait(30) == 0


def test_a_device_that_enciphers_needs_a_key_which_is_never_listed(commands):
    words = ["device", "register", MN, "--name", "d", "--kind", "dust", "--st", "39", "--region", "110105"]
    words += ["--password", "123456", "--version", "2025", "--cipher", "ecb pkcs7 hex"]
    key = "0123456789ABCDEFFEDCBA9876543210"
    assert "key: 32 hexadecimal digits" in commands.refusal(*words, "--key", "abc", code=2)
    assert commands.value(*words, "--key", key)["changed"] == 1
    assert commands.value(*words)["changed"] == 0  # the key that it has
    (one,) = commands.value("device", "list")["devices"]
    assert (one["cipher"], "key" in one, key in str(one)) == ("ecb pkcs7 hex", False, False)
