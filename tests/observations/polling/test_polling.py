"""Polling against a server of its own: late hours, corrections, silence, garbage, slowness, being led astray."""

import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from lantian.observations.feeds import FeedError
from lantian.observations.feeds.loading import read
from lantian.observations.feeds.reader import PLATFORM
from lantian.observations.feeds.service import Feeds
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.polling import fetch, rows
from lantian.observations.polling.duties import ask_job, forget_job
from lantian.observations.polling.service import LONGEST_WAIT, Polls, wait
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import TelemetryStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

NOW = datetime(2026, 11, 22, 4, 20, tzinfo=UTC)
HOURLY = """
feed: city_stations
zh: 市控站小时值
en: City stations
about: {{zh: 市控站, en: City stations}}
owner: ecology
sensitivity: open
store: hourly
key: [place, time]
time: time
place: place
fields:
  - {{name: place, type: station, zh: 站点, en: Station, required: true}}
  - {{name: time, type: time, zh: 时间, en: Time, required: true}}
  - {{name: pm25, type: number, unit: ug/m3, zh: 细颗粒物, en: PM2.5, low: 0, high: 5000}}
source:
  {{kind: poll, url: "{url}", format: json, rows: data.items, names: {{id: place, at: time, v.pm: pm25}},
    every: 10 min, window: 24 h}}
"""
RECORDS = """
feed: gauges
zh: 水位
en: Gauges
about: {{zh: 水位, en: Gauges}}
owner: ecology
sensitivity: open
key: [gauge, day]
time: day
fields:
  - {{name: gauge, type: text, zh: 站, en: Gauge, required: true}}
  - {{name: day, type: date, zh: 日期, en: Day, required: true}}
  - {{name: level, type: number, unit: m, zh: 水位, en: Level, low: 0, high: 100}}
source:
  {{kind: poll, url: "{url}", format: csv, names: {{站名: gauge, 日期: day, 水位: level}}, every: 1 h, window: 24 h}}
"""


READINGS = """
feed: cloud_sensors
zh: 微站云平台
en: Sensors of a cloud
about: {{zh: 微站, en: Sensors}}
owner: ecology
sensitivity: shared
store: telemetry
key: [device, item, time]
time: time
fields:
  - {{name: device, type: text, zh: 设备, en: Device, required: true}}
  - {{name: time, type: time, zh: 时间, en: Time, required: true}}
  - {{name: item, type: text, zh: 项目, en: Item, required: true}}
  - {{name: value, type: number, zh: 值, en: Value, low: 0}}
  - {{name: flag, type: text, zh: 标记, en: Flag}}
source:
  {{kind: poll, url: "{url}", format: json, names: {{id: device, at: time, code: item, v: value}}, every: 10 min,
    window: 24 h}}
"""


class Source:
    """An HTTP server that answers what a test wrote into it."""

    def __init__(self):
        self.asked, self.answer = [], lambda handler: handler.say(b"{}")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.path, dict(self.headers)))
                outer.answer(self)

            def say(self, body, status=200, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # a client that goes away in the middle is what some tests are about

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def says(self, body, status=200, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = lambda handler: handler.say(raw, status, **headers)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture
def source():
    running = Source()
    yield running
    running.close()


@pytest.fixture
def rooms(platform, source):
    """One station, and a definition of its source."""
    platform.clock.set_simulated(NOW, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市"), Region("110105", "朝阳区")], "test")
    places.put_stations([Station("C1", "市控一", "city", "110105", 116.4, 39.9)], "test")
    define(platform, "city_stations", HOURLY.format(url=source.url + "/hours?from={start}&to={end}&key=secret"))
    return platform


def define(platform, name, text):
    folder = platform.home / "feeds"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def hours(*values, station="C1"):
    """Hours ending with 12:00 of Beijing; None: not there yet."""
    begin = datetime(2026, 11, 22, 13 - len(values))
    items = [
        {"id": station, "at": (begin + timedelta(hours=n)).isoformat(), "v": {"pm": value}, "other": 1}
        for n, value in enumerate(values)
        if value is not None
    ]
    return {"data": {"items": items}}


def stored(platform):
    rows = ObservationStore(platform).hourly(["C1"], items=["pm25"]).collect().sort("time")
    return rows["pm25"].to_list()


@pytest.mark.requirement("M1", part="polling of station hours with a sliding window")
def test_a_late_hour_and_a_corrected_one_come_with_the_window(rooms, source):
    polls = Polls(rooms)
    source.says(hours(10, None, 30))
    first = polls.poll("city_stations")
    assert (first.rows, first.new, first.revised, first.error) == (2, 2, 0, "")
    path, query = (urlsplit(source.asked[0][0]).path, parse_qs(urlsplit(source.asked[0][0]).query))
    assert path == "/hours"
    assert query["from"] == ["2026-11-21T13:00:00+08:00"]
    assert query["to"] == ["2026-11-22T13:00:00+08:00"]
    rooms.clock.set_simulated(NOW + timedelta(hours=1), paused=True)
    source.says(hours(10, 20, 33))
    second = polls.poll("city_stations")
    assert (second.new, second.revised) == (1, 1)
    assert stored(rooms) == [10, 20, 33]
    history = ObservationStore(rooms).revisions("C1", datetime(2026, 11, 22, 4, tzinfo=UTC))
    assert history["pm25"].to_list() == [30, 33]
    assert polls.poll("city_stations").new == 0


def test_a_feed_of_records_is_polled_as_csv_under_our_names(rooms, source):
    define(rooms, "gauges", RECORDS.format(url=source.url + "/gauges.csv"))
    source.says("站名,日期,水位,备注\n永定河,2026-11-21,3.5,好\n潮白河,2026-11-21,999,\n".encode("gb18030"))
    done = Polls(rooms).poll("gauges")
    assert (done.rows, done.new, done.rejected) == (2, 1, 1)
    kept = Feeds(rooms).read("gauges", PLATFORM)
    assert kept.select("gauge", "level").rows() == [("永定河", 3.5)]
    assert Polls(rooms).states()["gauges"]["failures"] == 0


def reading(value, *, at="2026-11-22T12:00:00+08:00", code="pm25", who="MICRO-1", **more):
    return {"id": who, "at": at, "code": code, "v": value} | more


@pytest.mark.requirement("M1", part="polling of readings of devices")
def test_readings_of_devices_are_polled_onto_the_shelf_of_telemetry(rooms, source):
    define(rooms, "cloud_sensors", READINGS.format(url=source.url + "/readings"))
    one = Device("MICRO-1", "micro", "22", "微站", "110105", NOW - timedelta(days=9), password="x")
    Register(rooms).put([one], "test")
    polls, noon = Polls(rooms), datetime(2026, 11, 22, 4, tzinfo=UTC)
    source.says([reading(35.5), reading(1.2, code="a24088"), reading(40, at="2026-11-22T11:55:00+08:00", flag="D")])
    first = polls.poll("cloud_sensors")
    assert (first.rows, first.new, first.revised, first.rejected, first.error) == (3, 3, 0, 0, "")
    rooms.clock.set_simulated(NOW + timedelta(minutes=10), paused=True)
    source.says([
        *(reading(36.5), reading(1.2, code="a24088"), reading(20, at="2026-11-22T12:05:00+08:00")),
        *(reading(1, who="X9"), reading(1, code="PM2.5"), reading(1, at="2026-12-01T00:00:00+08:00"), reading(-5)),
    ])  # fmt: skip
    again = polls.poll("cloud_sensors")
    assert (again.rows, again.new, again.revised, again.rejected) == (7, 1, 1, 4)
    assert again.error.startswith("4 rows refused: value '-5': ")
    assert polls.states()["cloud_sensors"]["failures"] == 0
    assert polls.poll("cloud_sensors").new == 0
    store = TelemetryStore(rooms)
    stands = store.read("MICRO-1").collect().sort("item", "time").select("item", "time", "value", "flag").rows()
    assert stands == [
        ("a24088", noon, 1.2, None),
        ("pm25", noon - timedelta(minutes=5), 40.0, "D"),
        ("pm25", noon, 36.5, None),
        ("pm25", noon + timedelta(minutes=5), 20.0, None),
    ]
    then = store.read("MICRO-1", noon, noon + timedelta(minutes=1), items=["pm25"], as_of=NOW).collect()
    assert then["value"].to_list() == [35.5]
    assert store.statements("MICRO-1").collect().height == 5  # nothing twice
    kept = Feeds(rooms).read("cloud_sensors", PLATFORM)
    assert kept.filter(item="pm25")["value"].to_list() == [40.0, 36.5, 20.0]


def test_a_feed_of_readings_must_name_device_item_and_time(rooms, source):
    text = READINGS.format(url=source.url).replace("cloud_sensors", "short").replace("name: item", "name: thing")
    define(rooms, "short", text.replace("key: [device, item,", "key: [device, thing,").replace(", code: item", ""))
    source.says([reading(1, thing="pm25")])
    assert "field item is missing; a reading needs device, item, time" in Polls(rooms).poll("short").error


def test_what_did_not_change_is_not_sent_again(rooms, source):
    define(rooms, "gauges", RECORDS.format(url=source.url + "/gauges.csv"))
    text = "站名,日期,水位\n永定河,2026-11-21,3.5\n".encode()

    def answer(handler):
        if handler.headers.get("if-none-match") == '"v1"':
            handler.say(b"", 304)
        else:
            handler.say(text, ETag='"v1"', Last_Modified="Sun, 22 Nov 2026 04:00:00 GMT")

    source.answer = answer
    polls = Polls(rooms)
    assert polls.poll("gauges").changed
    again = polls.poll("gauges")
    assert (again.status, again.changed, again.error) == (304, False, "")
    assert source.asked[1][1]["if-modified-since"] == "Sun, 22 Nov 2026 04:00:00 GMT"
    assert polls.poll("gauges").status == 304


def test_a_source_that_is_down_is_asked_less_and_less_and_comes_back(rooms, source):
    polls = Polls(rooms)
    source.says(b"no", 503)
    first = polls.poll("city_stations")
    assert first.error.endswith("/hours: status 503; expected 200")
    assert "secret" not in first.error
    assert polls.due(NOW) == []
    assert polls.due(NOW + timedelta(minutes=13)) == ["city_stations"]
    polls.poll("city_stations")
    one = polls.states()["city_stations"]
    assert (one["failures"], one["good_at"]) == (2, None)
    assert timedelta(minutes=14) < one["next_at"] - NOW < timedelta(minutes=26)
    source.says(hours(10))
    assert polls.poll("city_stations").error == ""
    one = polls.states()["city_stations"]
    assert (one["failures"], one["error"], one["good_at"]) == (0, "", NOW)
    assert [row["status"] for row in polls.attempts("city_stations")] == [200, 503, 503]


def test_a_source_that_nobody_answers_is_kept_as_an_error(rooms):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    define(rooms, "gauges", RECORDS.format(url=f"http://127.0.0.1:{port}/x?key=secret"))
    done = Polls(rooms).poll("gauges")
    assert done.status is None
    assert "ConnectError" in done.error
    assert "secret" not in done.error


@pytest.mark.parametrize(("body", "words"), [
    (b"<html>busy</html>", "not JSON (UTF-8): it begins with '<html>busy</html>'"),
    (b"\xff\x00\x01", "not JSON"),
    ({"data": {}}, "data.items holds nothing; expected a list of objects"),
    ({"data": {"items": [3]}}, "'3' is no object"),
    ({"data": {"items": [{"x": 1}]}}, "no field of city_stations in the rows; they have x"),
])  # fmt: skip
def test_garbage_is_told_and_nothing_is_stored(rooms, source, body, words):
    source.says(body)
    done = Polls(rooms).poll("city_stations")
    assert words in done.error
    assert stored(rooms) == []
    assert Polls(rooms).states()["city_stations"]["failures"] == 1


def test_one_wrong_row_does_not_take_the_others_with_it(rooms, source):
    body = hours(10, 20)
    body["data"]["items"] += hours(-5, station="C1")["data"]["items"][:0] + hours(7, station="X9")["data"]["items"]
    source.says(body)
    done = Polls(rooms).poll("city_stations")
    assert (done.new, done.rejected) == (2, 1)
    assert "1 rows refused: place 'X9'" in done.error
    assert Polls(rooms).states()["city_stations"]["failures"] == 0


def test_a_source_that_drips_or_floods_ends_in_time(source):
    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    source.answer = drip
    begin = time.monotonic()
    with pytest.raises(fetch.FetchError, match="no whole answer in time"):
        fetch.fetch(source.url, seconds=0.4)
    assert time.monotonic() - begin < 2
    source.answer = lambda handler: time.sleep(1)
    with pytest.raises(fetch.FetchError, match=r"no whole answer within 0\.3 s"):
        fetch.fetch(source.url, seconds=0.3)
    source.says(b"x" * 5000)
    with pytest.raises(fetch.FetchError, match="more than 1000 bytes"):
        fetch.fetch(source.url, most_bytes=1000)


@pytest.mark.requirement("M1", part="a source cannot lead the platform elsewhere")
def test_a_source_leads_nowhere_but_to_itself(source):
    other = Source()
    try:
        source.says(b"", 302, Location=other.url + "/secret?key=1")
        with pytest.raises(fetch.FetchError, match=r"leads to http://127\.0\.0\.1:\d+/secret; if it moved"):
            fetch.fetch(source.url + "/a")
        assert other.asked == []
    finally:
        other.close()
    source.answer = lambda h: h.say(b"ok") if h.path == "/b" else h.say(b"", 301, Location="/b")
    assert fetch.fetch(source.url + "/a").body == b"ok"
    source.says(b"", 302, Location="/again")
    with pytest.raises(fetch.FetchError, match="more than 3 redirects"):
        fetch.fetch(source.url)
    for url in (
        "http://169.254.169.254/latest",
        "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0/",
        "ftp://x/",
        "file:///etc/passwd",
    ):
        with pytest.raises(fetch.FetchError, match=r"never asked|expected an address"):
            fetch.fetch(url)


def test_the_worker_asks_what_is_due_and_one_failure_holds_up_nobody(rooms, source):
    define(rooms, "gauges", RECORDS.format(url=source.url + "/gauges.csv"))

    def answer(handler):
        if handler.path.startswith("/gauges"):
            handler.say(b"broken", 500)
        else:
            handler.say(json.dumps(hours(10)).encode())

    source.answer = answer

    class Told:
        def stage(self, *_, **__): ...

        def advance(self, *_, **__): ...

    class Run:
        platform, actor, progress = rooms, "job:polling.ask", Told()

    ask_job.function(Run)
    states = Polls(rooms).states()
    assert (states["gauges"]["failures"], states["city_stations"]["failures"]) == (1, 0)
    asked = len(source.asked)
    ask_job.function(Run)
    assert len(source.asked) == asked
    define(rooms, "gauges", RECORDS.format(url=source.url + "/gauges2.csv"))
    assert Polls(rooms).due(NOW) == ["gauges"]
    rooms.clock.set_simulated(NOW + timedelta(days=40), paused=True)
    forget_job.function(Run)
    assert Polls(rooms).attempts() == []


def test_waiting_doubles_to_six_hours_and_heeds_the_server():
    ten = timedelta(minutes=10)
    assert wait(ten, 0) == ten
    assert wait(ten, 1, draw=0.5) == ten
    assert wait(ten, 3, draw=0.5) == 4 * ten
    assert wait(ten, 30, draw=0.5) == LONGEST_WAIT
    assert wait(timedelta(days=1), 5, draw=0.5) == timedelta(days=1)
    assert wait(ten, 1, 3600, draw=0.5) == timedelta(hours=1)
    assert wait(ten, 2, draw=0.0) < wait(ten, 2, draw=1.0)


def test_a_window_is_never_shorter_than_a_day():
    feed = read(HOURLY.format(url="http://x.example/{start}").replace("24 h", "2 h"), "x")
    assert rows.address(feed.source, NOW) == "http://x.example/2026-11-21T13%3A00%3A00%2B08%3A00"


def test_a_feed_without_a_source_says_so(rooms):
    define(rooms, "plain", RECORDS.format(url="http://x").replace("feed: gauges", "feed: plain").split("source:")[0])
    with pytest.raises(FeedError, match="plain has no source"):
        Polls(rooms).poll("plain")
    with pytest.raises(LookupError, match="no feed 'nothing'"):
        Polls(rooms).poll("nothing")
