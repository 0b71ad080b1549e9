"""`lantian programme`: begun, its list written, filled in, brought in, and how far it is."""

from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook

from lantian.places.regions import Region
from lantian.places.store import PlaceStore


@pytest.mark.requirement("V7", part="commands")
def test_a_programme_from_its_template_to_its_state(commands, platform, tmp_path):
    PlaceStore(platform.engine).put_regions([Region("110000", "北京市", "Beijing")], "test")
    platform.clock.set_simulated(datetime(2016, 1, 5, tzinfo=UTC), paused=True)
    begun = commands.value("programme", "begin", "2016", "示例方案", "--region", "北京", "--period", "2016")
    assert begun == {"code": "2016", "region": "110000", "period": "2016", "template": "thirty_two"}
    file = tmp_path / "list.xlsx"
    assert commands.value("programme", "template", file, "--plan", "2016")["rows"] == 32
    assert "not written over" in commands.refusal("programme", "template", file, "--plan", "2016", code=2)
    assert "row 2, 数量: it is empty" in commands.refusal("programme", "import", file, code=2)
    book = load_workbook(file)
    for row in range(2, 34):
        book["任务"].cell(row, 7, 10)
    book.save(file)
    assert len(commands.value("programme", "import", file)["added"]) == 32
    assert commands.value("programme", "import", file) == {"added": [], "changed": [], "same": 32}
    platform.clock.set_simulated(datetime(2016, 12, 16, tzinfo=UTC), paused=True)
    now = commands.value("programme", "status")
    assert (now["total"], now["states"]["severe"], len(now["missing"])) == (32, 32, 32 * 11)
    then = commands.value("programme", "status", "--as-of", "2016-02-01", "--plan", "2016")
    assert (then["states"]["not_started"], then["late"], then["missing"]) == (32, 0, [])
    shown = commands.run("programme", "status").output
    assert "32 项任务完成 0 项，32 项滞后" in shown
    again = tmp_path / "again.xlsx"
    assert commands.value("programme", "export", again)["rows"] == 32
    assert commands.value("programme", "import", again)["same"] == 32


def test_what_cannot_be_is_refused_with_a_sentence(commands, tmp_path):
    assert "no task is known" in commands.refusal("programme", "status", code=3)
    assert "expected a day such as" in commands.refusal("programme", "status", "--as-of", "soon", code=2)
    assert "there is no such file" in commands.refusal("programme", "import", tmp_path / "none.xlsx", code=2)
    assert "none is there yet" in commands.refusal("programme", "template", tmp_path / "a.xlsx", "--plan", "x", code=2)
