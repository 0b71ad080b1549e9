"""Devices on their pages and in the interface: how they stand, what they sent, what they are told; within the scope."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway import commands
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.journal import KEPT, SUFFIX, pack
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.shelving import Shelver, folder_of
from lantian.observations.gateway.tables import state, stranger
from lantian.observations.hj212 import COMMANDS, Link, encode, qn_of

from .layout import assert_well_laid

pytestmark = pytest.mark.requirement("M2", part="pages and interface of devices")
As = Callable[[str], TestClient]


@pytest.fixture
def mn(campaign: Platform, request: pytest.FixtureRequest) -> str:
    """A dust monitor in Chaoyang with an hour of minutes, heard two minutes ago; each test has its own."""
    number = f"{zlib.crc32(request.node.name.encode()):016X}"
    made, now = f"1101053F{number}", campaign.clock.now()
    device = Device(
        mn=made, kind="dust", st="39", name="示例<安贞>工地", region="110105", since=now - timedelta(days=1),
        password="abc123", units={"a34002": "ug/m3"}, example=True,
    )  # fmt: skip
    Register(campaign).put([device], "test")
    link, records = Link("39", made, "abc123"), []
    for minute in range(60, 1, -1):
        when = now - timedelta(minutes=minute)
        (packet,) = link.upload("2051", qn_of(when), when, {"a34002": {"Avg": 100 + minute, "Flag": "N"}})
        at = when + timedelta(seconds=58)
        records.append(pack(int(at.timestamp() * 1e6), KEPT, b"192.0.2.9", encode(packet)))
    folder_of(campaign).mkdir(parents=True, exist_ok=True)
    (folder_of(campaign) / f"{made}{SUFFIX}").write_bytes(b"".join(records))
    assert Shelver(campaign).run() == 59
    row = {"mn": made, "heard_at": now - timedelta(minutes=2), "address": "192.0.2.9", "cn": "2051", "packets": 59}
    knock = {
        "mn": f"X{number}",
        "reason": "mn",
        "address": "192.0.2.77",
        "st": "39",
        "times": 7,
        "sample": "##PW=******",
    }
    with campaign.engine.begin() as connection:
        connection.execute(state.insert().values(**row, faults=0, clock_off=-300.0))
        connection.execute(stranger.insert().values(**knock, first_at=now, last_at=now))
    return made


def test_the_list_says_how_many_are_on_line_and_who_was_refused(as_role: As, mn: str) -> None:
    page = as_role("analyst").get(f"/devices?q={mn}").text
    assert "台在线" in page
    assert "示例&lt;安贞&gt;工地" in page
    assert "时钟差 -300 秒" in page
    assert "今日到数 5%" in page  # one hour of the twenty that passed
    assert f"X{mn[8:]}" in page
    assert "MN 未登记" in page
    assert "没有符合筛选的设备" in as_role("analyst").get(f"/devices?q={mn}&state=over").text
    english = as_role("mayor").get(f"/devices?q={mn}&state=clock&lang=en").text
    assert "are on line" in english
    assert "Register a device" not in english
    assert as_role("citizen").get("/devices").status_code == 403


def test_the_page_of_a_device_shows_values_course_and_raw_log_with_the_password_covered(as_role: As, mn: str) -> None:
    page = as_role("analyst").get(f"/devices/{mn}?item=pm10&span=24h").text
    assert "102 <span" in page  # the last minute's value
    assert '<polyline class="line"' in page
    assert "PW=******" in page
    assert "abc123" not in page
    assert "下发命令" in page
    assert "下发命令" not in as_role("mayor").get(f"/devices/{mn}").text
    assert as_role("analyst").get("/devices/unknown").status_code == 404


def test_a_command_is_checked_waits_for_the_gateway_and_is_listed(as_role: As, campaign: Platform, mn: str) -> None:
    analyst = as_role("analyst")
    wrong = analyst.post(f"/devices/{mn}/commands", data={"cn": "1062", "RtdInterval": "5"})
    assert (wrong.status_code, "30 to 3600 seconds" in wrong.text) == (422, True)
    assert analyst.post(f"/devices/{mn}/commands", data={"cn": "1062", "RtdInterval": "60"}).status_code == 303
    (asked,) = commands.listed(campaign, mn, as_of=campaign.clock.now())
    assert (asked.cn, asked.cp, asked.state) == ("1062", "RtdInterval=60", "waiting")
    assert "等待连接" in analyst.get(f"/devices/{mn}").text
    (late,) = commands.listed(campaign, mn, as_of=campaign.clock.now() + timedelta(hours=2))
    assert late.state == "expired"
    assert as_role("mayor").post(f"/devices/{mn}/commands", data={"cn": "1011"}).status_code == 403


KEY = "0123456789ABCDEFFEDCBA9876543210"


def test_every_command_of_the_edition_is_offered_with_its_own_fields(as_role: As, campaign: Platform, mn: str) -> None:
    analyst = as_role("analyst")
    page = analyst.get(f"/devices/{mn}").text
    old = [cn for cn in commands.OFFERED if COMMANDS[cn].since <= 2017]
    assert [cn for cn in commands.OFFERED if f'<option value="{cn}"' in page] == old
    assert {"1000", "1072", "2041", "3016", "3021"} <= set(old)
    for cn, fields in (("1061", []), ("1072", ["NewPW"]), ("3021", ["PolId", "InfoId", "cp"])):
        form = analyst.get(f"/devices/{mn}?cn={cn}").text.partition('id="command-fields"')[2].partition("<button")[0]
        assert [name for name in ("PolId", "InfoId", "cp", "NewPW", "NewSK") if f'name="{name}"' in form] == fields
    assert 'type="password" name="NewPW"' in analyst.get(f"/devices/{mn}?cn=1072").text
    enciphers = replace(Register(campaign).device(mn), version=2025, cipher="ecb pkcs7 hex", key=KEY)
    Register(campaign).put([enciphers], "test")
    page = analyst.get(f"/devices/{mn}?cn=1014").text
    assert [cn for cn in commands.OFFERED if f'<option value="{cn}"' in page] == list(commands.OFFERED)
    assert 'type="password" name="NewSK"' in page
    assert KEY not in page
    parameter = {"cn": "3021", "PolId": "w01018", "InfoId": "i13004", "cp": "i13004-Info=168.0"}
    assert analyst.post(f"/devices/{mn}/commands", data=parameter).status_code == 303
    assert "i13004-Info=168.0" in analyst.get(f"/devices/{mn}").text
    faulty = analyst.post(f"/devices/{mn}/commands", data=parameter | {"cp": "i13004 168"})
    assert (faulty.status_code, "name=value would be right" in faulty.text) == (422, True)


def test_a_new_password_and_key_are_asked_for_by_who_may_audited_and_never_shown(
    as_role: As, campaign: Platform, mn: str
) -> None:
    analyst = as_role("analyst")
    enciphers = replace(Register(campaign).device(mn), version=2025, cipher="ecb pkcs7 hex", key=KEY)
    Register(campaign).put([enciphers], "test")
    secrets = {"1072": ("NewPW", "n3w-Pw"), "1014": ("NewSK", "F" * 31 + "0")}
    assert as_role("mayor").post(f"/devices/{mn}/commands", data={"cn": "1072", "NewPW": "x"}).status_code == 403
    for cn, (name, secret) in secrets.items():
        wrong = analyst.post(f"/devices/{mn}/commands", data={"cn": cn, name: secret + "!"})
        assert (wrong.status_code, secret in wrong.text) == (422, False)
        assert analyst.post(f"/devices/{mn}/commands", data={"cn": cn, name: secret}).status_code == 303
        assert analyst.post(f"/devices/{mn}/commands", data={"cn": cn, name: secret}).status_code == 422  # under way
    pages = [analyst.get(path).text for path in (f"/devices/{mn}", f"/api/v1/devices/{mn}/packets", "/audit")]
    with campaign.engine.connect() as connection:
        trail = connection.exec_driver_sql("select reason, before::text, after::text from audit").all()
    assert [cn for cn, (name, _) in secrets.items() if f"{name}=******" in pages[0]] == list(secrets)
    assert sum(f"{mn}: {cn}" in str(row[0]) for row in trail for cn in secrets) == 2
    for secret in ("n3w-Pw", "F" * 31 + "0", KEY):
        assert secret not in "".join(pages) + str(trail)
    (kept,) = [one for one in Register(campaign).devices(passwords=True) if one.mn == mn]
    assert (kept.password, kept.key) == ("abc123", KEY)  # nothing holds before the device has answered


def test_a_device_that_enciphers_is_registered_and_its_key_is_never_shown(
    as_role: As, campaign: Platform, mn: str
) -> None:
    analyst = as_role("analyst")
    form = {"mn": f"K{mn[:20]}", "name": "加密", "kind": "dust", "st": "39", "region": "110105", "password": "s3cret"}
    form |= {"version": "2025", "cipher": "cbc pkcs7 hex", "key": KEY, "iv": "A" * 32}
    for change, said in (
        ({"version": "2017"}, "expected 2025"),
        ({"key": ""}, "key: missing"),
        ({"key": KEY[:-1]}, "key: 32 hexadecimal digits"),
        ({"iv": ""}, "iv: 0 bytes where 16 would be right"),
        ({"cipher": "rot13"}, "expected none, or one of"),
    ):
        refused = analyst.post("/devices", data=form | change)
        assert (refused.status_code, said in refused.text, KEY[:-1] in refused.text) == (422, True, False)
    assert analyst.post("/devices", data=form).status_code == 303
    page = analyst.get(f"/devices/{form['mn']}").text
    assert '<option value="cbc pkcs7 hex" selected>' in page
    assert KEY not in page
    changed = form | {"password": "", "key": "", "cipher": "cbc zero base64"}
    assert analyst.post(f"/devices/{form['mn']}", data=changed).status_code == 303
    (kept,) = [one for one in Register(campaign).devices(passwords=True) if one.mn == form["mn"]]
    assert (kept.cipher, kept.key) == ("cbc zero base64", KEY)
    clear = changed | {"cipher": "", "iv": ""}
    assert analyst.post(f"/devices/{form['mn']}", data=clear).status_code == 303
    (kept,) = [one for one in Register(campaign).devices(passwords=True) if one.mn == form["mn"]]
    assert (kept.cipher, kept.key) == ("", "")


def test_a_device_is_registered_and_changed_and_its_password_is_never_shown(
    as_role: As, campaign: Platform, mn: str
) -> None:
    analyst = as_role("analyst")
    form = {"mn": f"N{mn[:20]}", "name": "新工地", "kind": "dust", "st": "39", "region": "110105", "password": "s3cret"}
    assert analyst.post("/devices", data=form | {"password": ""}).status_code == 422
    refused = analyst.post("/devices", data=form | {"every": "often"})
    assert (refused.status_code, "expected a whole number" in refused.text, "s3cret" in refused.text) == (
        422,
        True,
        False,
    )
    assert analyst.post("/devices", data=form).status_code == 303
    assert analyst.post("/devices", data=form).status_code == 422  # is there already
    changed = form | {"password": "", "every": "300", "units": "a34002=mg/m3"}
    assert analyst.post(f"/devices/{form['mn']}", data=changed).status_code == 303
    (kept,) = [one for one in Register(campaign).devices(passwords=True) if one.mn == form["mn"]]
    assert (kept.every, kept.units, kept.password) == (300, {"a34002": "mg/m3"}, "s3cret")
    assert "s3cret" not in analyst.get(f"/devices/{form['mn']}").text
    assert analyst.post("/devices", data=form | {"name": "a\0b"}).status_code == 422


def test_a_county_sees_its_own_devices_only(as_role: As, campaign: Platform, mn: str) -> None:
    elsewhere = Device(
        mn=f"1101083F{mn[8:]}",
        kind="dust",
        st="39",
        name="别处",
        region="110108",
        since=campaign.clock.now(),
        password="x",
    )
    Register(campaign).put([elsewhere], "test")
    county = as_role("county")  # of Chaoyang
    assert county.get(f"/devices/{mn}").status_code == 200
    assert county.get(f"/devices/{elsewhere.mn}").status_code == 403
    assert county.get(f"/api/v1/devices/{elsewhere.mn}/packets").status_code == 403
    told = {one["mn"] for one in county.get("/api/v1/devices").json()}
    assert mn in told
    assert elsewhere.mn not in told


def test_the_interface_gives_readings_and_packets(as_role: As, mn: str) -> None:
    analyst = as_role("analyst")
    (told,) = [one for one in analyst.get("/api/v1/devices?kind=dust").json() if one["mn"] == mn]
    assert (told["state"], told["clock_off"], told["example"]) == ("online", -300.0, True)
    rows = analyst.get(f"/api/v1/devices/{mn}/readings?items=pm10").json()
    assert [row["value"] for row in rows] == [float(100 + minute) for minute in range(60, 1, -1)]
    assert analyst.get(f"/api/v1/devices/{mn}/readings?items=pm10&format=csv").text.count("\n") == 60
    log = analyst.get(f"/api/v1/devices/{mn}/packets?limit=3").json()
    assert [row["cn"] for row in log] == ["2051"] * 3
    assert "PW=******" in log[0]["text"]
    assert analyst.get(f"/api/v1/devices/{mn}/readings?start=2016-12-16&end=2016-12-01").status_code == 422
    assert analyst.get(f"/api/v1/devices/{mn}/readings?start=1900-01-01").status_code == 422
    assert analyst.get(f"/api/v1/devices/{mn}/readings?colour=red").status_code == 422
    assert analyst.get("/api/v1/devices/none/readings").status_code == 404


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of devices on desk and phone")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_overlaps(visit_campaign: Callable[..., Any], mn: str, language: str) -> None:
    for path in (f"/devices?lang={language}", f"/devices/{mn}?lang={language}&span=3d"):
        page = visit_campaign(path).page
        page.wait_for_load_state("load")
        page.locator("#register > summary").click()  # with all that it can show
        assert_well_laid(page, path)


@pytest.mark.browser
def test_the_fields_of_a_command_come_when_it_is_chosen(visit_campaign: Callable[..., Any], mn: str) -> None:
    page = visit_campaign(f"/devices/{mn}?lang=zh").page
    page.locator("#send > summary").click()
    page.select_option("#send select[name=cn]", "3021")
    page.locator("#command-fields input[name=cp]").wait_for()
    assert page.locator("#command-fields input").count() == 3
    assert_well_laid(page, "the command 3021")
    page.select_option("#send select[name=cn]", "1072")
    page.fill("#command-fields input[name=NewPW]", "n3w-Pw")
    assert page.locator("#command-fields input").count() == 1
    page.locator("#send button").click()
    page.get_by_text("NewPW=******").wait_for()
    assert "n3w-Pw" not in page.content()
