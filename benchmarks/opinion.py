"""Public opinion: how well topics, places and sudden rises are found in invented letters.

`python -m benchmarks.opinion` writes letters (`lantian.disclosure.opinion.letters`), whose wording is not that of the
families of words, and prints precision and recall, beside a named reference: a plain search for the family's words in
the text, without segmentation. What it finds in invented letters is no promise for real ones.
"""

import time
from collections import Counter
from datetime import date, timedelta

from benchmarks.report import Line, machine, table
from lantian.disclosure.opinion import letters, topics, trend
from lantian.disclosure.opinion.letters import Letter, Spike
from lantian.supervision.complaints.where import Names

REGIONS = {
    "110000": "北京市", "110105": "朝阳区", "110108": "海淀区", "120000": "天津市", "130100": "石家庄市",
    "130104": "桥西区", "130200": "唐山市", "130500": "邢台市", "130503": "桥西区", "130600": "保定市",
    "410100": "郑州市", "370100": "济南市",
}  # fmt: skip
FIRST, DAYS, SEED = date(2016, 9, 1), 120, 20171
SPIKES = tuple(
    Spike(topic, FIRST + timedelta(days=day), times)
    for topic, day, times in (
        ("school", 70, 8), ("traffic", 75, 8), ("haze", 80, 6), ("dust", 85, 6), ("burning", 90, 8), ("coal", 95, 5),
        ("data", 100, 6), ("catering", 105, 5), ("response", 110, 8), ("industry", 115, 6),
    )
)  # fmt: skip


def written() -> list[Letter]:
    return letters.write(REGIONS, FIRST, DAYS, seed=SEED, spikes=SPIKES, a_day=30)


def found(every: list[Letter]) -> list[frozenset[str]]:
    families = topics.load()
    return [frozenset(families.of(one.text)) for one in every]


def plain(every: list[Letter]) -> list[frozenset[str]]:
    """Reference: the family's words anywhere in the text."""
    families = topics.load().all.values()
    return [frozenset(one.code for one in families if any(word in text.text for word in one.words)) for text in every]


def placed(every: list[Letter]) -> tuple[float, float]:
    """Precision and recall of places; names that lie in two cities count where the letter names no city."""
    names = Names(REGIONS)
    pairs = []
    for one in every:
        said = names.region(one.text)
        pairs.append((frozenset([said] if said else []), frozenset([one.region] if one.region else [])))
    return letters.scored(iter(pairs))


def alarms(every: list[Letter], said: list[frozenset[str]]) -> tuple[set[tuple[str, date]], set[tuple[str, date]]]:
    """Alarms of every day from the ninth week on, and those that the generator meant."""
    counts: dict[str, Counter[date]] = {code: Counter() for code in topics.load().all}
    for one, codes in zip(every, said, strict=True):
        for code in codes:
            counts[code][one.received_at.date()] += 1
    days = [FIRST + timedelta(days=number) for number in range(8 * 7, DAYS)]
    rung = {(code, day) for code in counts for day in days if trend.judge(code, counts[code], day, FIRST)}
    return rung, {(spike.topic, spike.day) for spike in SPIKES}


def run() -> list[Line]:
    every = written()
    begin = time.perf_counter()
    ours = found(every)
    took = time.perf_counter() - begin
    rung, meant = alarms(every, ours)
    lines = [Line(f"{len(every)} letters of {DAYS} days, {len(SPIKES)} sudden rises", "precision  recall")]
    lines.append(_line("topics", letters.scored((a, b.topics) for a, b in zip(ours, every, strict=True))))
    lines.append(
        _line(
            "  reference: words anywhere",
            letters.scored((a, b.topics) for a, b in zip(plain(every), every, strict=True)),
        )
    )
    for code in topics.load().all:
        pairs = [(a & {code}, b.topics & {code}) for a, b in zip(ours, every, strict=True)]
        lines.append(_line(f"  {code}", letters.scored(iter(pairs))))
    lines.append(_line("places", placed(every)))
    lines.append(_line("sudden rises", letters.scored(iter([(frozenset(rung), frozenset(meant))]))))
    judged = (DAYS - 56) * len(topics.load().all)
    lines.append(Line("  false alarms", f"{len(rung - meant)}", f"of {judged} topic-days judged"))
    lines.append(Line("letters a second", f"{len(every) / took:,.0f}", "one core"))
    return lines


def _line(what: str, quality: tuple[float, float]) -> Line:
    return Line(what, f"{100 * quality[0]:5.1f} %  {100 * quality[1]:5.1f} %")


if __name__ == "__main__":
    print(table([machine(), *run()]))
