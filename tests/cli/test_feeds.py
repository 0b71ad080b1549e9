"""`lantian feed`: what there is, templates, checks, bringing, taking out, rights."""

import io

import polars as pl
import pytest

from tests.observations.feeds.world import FIRING, settle


@pytest.mark.requirement("M6", part="commands")
def test_a_feed_from_template_to_export(platform, commands, tmp_path):
    settle(platform)
    listed = commands.value("feed", "list")["feeds"]
    assert next(one for one in listed if one["feed"] == "kiln")["records"] == 2
    assert commands.value("feed", "show", "firing")["feed"]["key"] == ["kiln", "at"]
    template = tmp_path / "t.csv"
    commands.value("feed", "template", "firing", "--output", template)
    file = tmp_path / "f.csv"
    file.write_bytes(template.read_bytes() + b"K1,2016-12-16 08:00,1,,,,,,\nK5,2016-12-16 08:00,1,,,,,,\n")
    faults = commands.value("feed", "check", file, "--feed", "firing", code=1)["faults"]
    assert [(one["line"], one["field"], one["value"]) for one in faults] == [("4", "kiln", "K5")]
    done = commands.value("feed", "import", "firing", file, code=1)["files"][0]
    assert (done["new"], done["rejected"]) == (1, 1)
    out = commands.run("feed", "export", "firing").stdout
    assert pl.read_csv(io.StringIO(out))["kiln"].to_list() == ["K1"]
    for ending in ("csv", "json", "arrow", "parquet"):
        assert commands.value("feed", "export", "firing", "--output", tmp_path / f"f.{ending}")["rows"] == 1
    granted = commands.value("feed", "grant", "firing", "housing", "--days", 10, "--region", "朝阳")
    assert (granted["region"], granted["until"]) == ("110105", "2016-12-26")
    role = commands.value("feed", "sql-role", "housing")
    assert role["role"] == "lantian_dept_housing"
    assert "lantian_feeds.firing" in role["views"]
    assert commands.value("feed", "roles") == {"ready": True}
    own = tmp_path / "own.yaml"
    own.write_text(FIRING.replace("feed: firing", "feed: burning_in"), encoding="utf-8")
    assert commands.value("feed", "check", own)["faults"] == []
    assert commands.value("feed", "add", own)["feed"] == "burning_in"
    assert "no feed 'soup'" in commands.refusal("feed", "show", "soup", code=2)
    own.write_text(FIRING.replace("owner: industry", "owner: soup"), encoding="utf-8")
    assert "own.yaml, owner: 'soup'" in commands.refusal("feed", "add", own, code=2)
