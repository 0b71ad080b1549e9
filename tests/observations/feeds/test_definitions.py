"""Definition files: what is wrong is named with file, entry, field, value and what is right."""

from pathlib import Path

import pytest
import yaml

from lantian.observations.feeds import FeedError, definitions
from lantian.observations.feeds.loading import made_of, read, together

from .world import FIRING, KILN


def test_a_definition_says_what_it_says():
    feed = read(FIRING, "firing.yaml")
    assert (feed.key, feed.time, feed.place, feed.owner) == (("kiln", "at"), "at", "kiln", "industry")
    assert feed.field("heat").label("zh") == "热量（GJ）"
    assert [one.name for one in feed.masked] == ["plate", "worker"]
    assert feed.references == ("kiln",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("owner: industry", "owner: kitchen", "firing.yaml, owner: 'kitchen'; expected one of government"),
        ("type: integer", "type: int", "firing.yaml, fields, loads, type: 'int'; expected one of text, integer"),
        ("high: 500", "high: many", "firing.yaml, fields, heat, high: 'many'; expected a number"),
        ("high: 500", "high: -1", "firing.yaml, fields, heat, high: -1.0; expected at least low, which is 0"),
        ("key: [kiln, at]", "key: [kiln, when]", "firing.yaml, key: ['kiln', 'when']; expected a list of fields: kiln"),
        ("every: 1 d", "every: daily", "firing.yaml, update, every: 'daily'; expected a number and min, h, d or month"),
        ("mask: plates.read", "mask: plates", "firing.yaml, fields, plate, mask: 'plates'; expected one of air.read"),
        ("loads < 100", "loads <", "checks[2], rule: 'loads <'; expected an SQL expression over the fields"),
        ("loads < 100", "loads + 1", "expected an expression that is true or false"),
        ("sort: -at", "sort: -when", "firing.yaml, page, sort: '-when'; expected a field"),
        ("licence: 示例", "license: 示例", "firing.yaml, license: '示例'; expected one of about"),
        ("feed: firing", "feed: Firing", "firing.yaml, feed: 'Firing'; expected a name of small letters"),
        ("feed: firing", "feed: health", "firing.yaml, feed: 'health'"),
        ("zh: 示例烧窑记录", "zh: ", "firing.yaml, zh: missing; expected some words"),
        ("place: kiln", "place: heat", "expected a field of type region, station or reference, or [lon, lat]"),
        ("time: at", "time: heat", "firing.yaml, time: 'heat'; expected a field of type date or time"),
        ("name: loads", "name: region", "firing.yaml, fields, region, name: 'region'"),
    ],
)
def test_a_slip_is_named(old, new, said):
    assert old in FIRING
    with pytest.raises(FeedError) as refused:
        read(FIRING.replace(old, new), "firing.yaml")
    assert said in str(refused.value)


def test_what_is_no_yaml_says_the_line():
    with pytest.raises(FeedError, match=r"a\.yaml, line [23]: not YAML"):
        read("feed: a\nzh: [", "a.yaml")
    with pytest.raises(FeedError, match="alias"):
        read("feed: &a x\nzh: *a\n", "a.yaml")


ODD = [None, "", "x", 7, -1.5, True, [], {}, [[]], [{}], {"zh": 1}, {"a": {"b": []}}, "'; drop", "\u6761" * 5]


def test_whatever_stands_in_an_entry_is_taken_or_named():
    whole = yaml.safe_load(FIRING)
    whole["source"] = {"kind": "poll", "url": "http://a.example", "format": "json", "names": {"t": "at"}}
    made_of(whole, "odd.yaml")
    places = [(whole, name) for name in [*whole, "unknown"]]
    places += [(one, name) for one in whole["fields"] for name in one]
    places += [(whole[part], name) for part in ("page", "update", "source") for name in whole[part]]
    places += [(whole["checks"][0], name) for name in whole["checks"][0]]
    for entry, name in places:
        kept = entry.get(name)
        for value in ODD:
            entry[name] = value
            try:
                made_of(whole, "odd.yaml")
            except FeedError as error:
                assert str(error).startswith("odd.yaml"), error  # noqa: PT017  (some are right)
        entry[name] = kept
    for text in ("a: 2016-99-99", "[" * 5000, "- 1", "", "\0", "a: !!python/object:os.system x"):
        with pytest.raises(FeedError, match=r"odd\.yaml"):
            read(text, "odd.yaml")


def test_two_files_of_one_name_and_references_to_nothing_are_refused(tmp_path):
    feed = read(FIRING, "one.yaml", "one.yaml")
    with pytest.raises(FeedError, match=r"feed: 'kiln' is defined already in kiln\.yaml"):
        together([read(KILN, "kiln.yaml"), read(KILN, "other.yaml")])
    with pytest.raises(FeedError, match=r"one\.yaml, fields, kiln, feed: 'kiln'; expected one of the feeds firing"):
        together([feed])
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "mine.yaml").write_text(KILN.replace("feed: kiln", "feed: dustfall"), encoding="utf-8")
    with pytest.raises(FeedError, match="dustfall"):
        definitions(tmp_path)


def test_the_definition_of_the_documentation_can_be_read():
    text = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text(encoding="utf-8")
    feed = read(text.split("```yaml\n")[1].split("```")[0], "feeds.md")
    assert (feed.name, feed.key, feed.checks[0].action) == ("cistern", ("cistern", "day"), "flag")
