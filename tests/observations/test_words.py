"""What readers and imports say of bad files: every phrase is said, and whatever is said has its Chinese."""

import gzip
import io
import json
import re
from datetime import date, timedelta

import pytest
from openpyxl import Workbook

from lantian.observations import readers, words
from lantian.observations.importer import _refused
from lantian.observations.readers import files

CHINESE = re.compile("[\u4e00-\u9fff]")


def book():
    made = Workbook()
    made.active.title = "备注"
    made.active.append(["something", "else"])
    sheet = made.create_sheet("数据")
    for row in (["station", "time", "PM2.5"], ["1001A", "2016-01-02 15:00", 35]):
        sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def archive():
    """One day on which o3 stands above its own maximum at all stations, one in doubt, and the same again in o3_8h."""
    codes = [f"{1001 + n}A" for n in range(10)]
    lines = ["date,hour,type," + ",".join(["某站", "", *codes])]
    for day, (low, wrong) in enumerate([(90, 10), (90, 10), (50, 3), (50, 3)]):
        for hour in range(1, 11):
            stamp = f"{date(2016, 7, 1) + timedelta(days=day):%Y%m%d},{hour}"
            for item in ("O3", "O3_8h"):
                swapped = item == "O3_8h" and day in (1, 3)  # of the second pair one day each
                turned = hour <= wrong and not swapped
                for kind, value in ((item, low if turned else 20), (f"{item}_24h", 20 if turned else low)):
                    lines.append(f"{stamp},{kind}," + ",".join(["5", "6", *[str(value)] * 10]))
    return "\n".join(lines)


OPENAQ = {
    "results": [
        {"value": 1, "parameter": {"name": "pm25", "units": "µg/m³"}, "period": {"interval": "00:15:00"}},
        {"value": 1, "parameter": {"name": "o3", "units": "µg/m³"},
         "period": {"interval": "24:00:00", "datetimeFrom": {"local": "2016-01-02"}}},
        {"value": 1, "parameter": {"name": "pm25", "units": "µg/m³"},
         "period": {"interval": "01:00:00", "datetimeFrom": {"utc": "soon"}}},
    ]
}  # fmt: skip
LONG = """station,time,item,value
1001A,2016-01-02 15:00,pm25,-7
1001A,2016-01-02 16:00,pm25,90000
1001A,2016-01-02 17:00,pm25,<5
1001A,2016-01-02 18:00,soot,5
1001A,soon,pm25,5
1001A,2016-01-02 18:30,pm25,5
1001A,2016-01-02 19:00,pm25,-999
1001A,2016-01-02 20:00,pm25,5
1001A,2016-01-02 20:00,pm25,5
1001A,2016-01-02 20:00,pm25,6
1001A,2016-01-02 20:00,pm25,6,7
某站,2016-01-02 21:00,pm25,5
1001A,2016-01-02 22:00,pm25,5
1001A,2016-01-02 22:00,pm10,4
"""
HOURS = """station,date,hour,wd,SO2(ppx),temp(ppx)
1001A,2016-01-02,24,up,5,5
1001A,2016-01-02,25,N,5,5
,2016-01-02,3,N,5,5
"""
DAYS = "city,date,AQI,range,PM2.5,O3,level,extra\n1001A,2016-01-02,50,wide,0,5,good,x\n"
FILES = {
    "long.csv": (LONG.encode(), {"places": lambda _: None}),
    "gbk.csv": (LONG.replace("某站", "某个站").encode("gb18030"), {}),
    "hours.csv": (HOURS.encode(), {}),
    "days.csv": (DAYS.encode(), {}),
    "book.xlsx": (book(), {}),
    "archive.csv": (archive().encode(), {"places": lambda _: None}),
    "openaq.json": (json.dumps(OPENAQ).encode(), {}),
    "broken.json": (b'{"results": [', {}),
    "broken.gz": (gzip.compress(b"x" * 999)[:20], {}),
    "broken.xlsx": (b"PK\x03\x04", {}),
    "text.csv": (b"a,b\n\xff\xff\x81", {}),
    "other.txt": ("某种文字".encode(), {}),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """All that is said of all these files."""
    folder, found = tmp_path_factory.mktemp("files"), []
    for name, (content, options) in FILES.items():
        path = folder / name
        path.write_bytes(content)
        try:
            reading = readers.read(path, **options)
        except readers.ReadError as error:
            found.append(str(error))
            continue
        found += [*reading.rejects["reason"], *reading.notes]
        for phrase in (words.UNLOADED_PLACE, words.ELSEWHERE):
            found += _refused(path, next(iter(reading.frames.values())).head(1), phrase)["reason"].to_list()
    return found


@pytest.mark.requirement("M1", part="every refusal and note in Chinese and English")
def test_whatever_is_said_has_its_chinese_with_the_same_figures(said):
    for one in said:
        zh = words.chinese(one)
        assert zh != one, one
        assert CHINESE.search(zh), zh
    assert (
        words.chinese("too low: pm25 must lie between 0 and 2000 ug/m3") == "低于下限：pm25 应在 0 至 2000 ug/m3 之间"
    )
    assert words.chinese("something else") == "something else"


OF_IMPORTS = (words.NOT_STORED, words.SEEN)  # said by the importer alone, see test_importer
UNREACHED = (words.BROKEN_LINE,)


def test_every_phrase_is_said_by_some_file(said):
    for phrase in words.PHRASES:
        if phrase not in (*OF_IMPORTS, *UNREACHED):
            assert any(phrase.chinese(one) == words.chinese(one) for one in said), phrase.en


def test_a_line_that_cannot_be_split_is_said():
    grid = files.TextGrid("a.csv", 'a\n"' + "x" * 200_000, ",")
    with pytest.raises(readers.ReadError) as told:
        grid.table(0)
    assert words.chinese(str(told.value)).startswith("a.csv 第 ")


def test_no_phrase_takes_the_words_of_another():
    for phrase in words.PHRASES:
        slots = dict.fromkeys(re.findall(r"\{(\w+)\}", phrase.en), "7")
        assert words.chinese(phrase.say(**slots)) == phrase.zh.format(**slots)
