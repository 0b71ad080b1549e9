"""A workflow as a picture: states from top to bottom, moves forward on the right and back on the left, each in a lane.

No two lanes that overlap share a place, so no label covers another, whatever the workflow. Colours come from the page's
style sheet by class.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from lantian.supervision.workflow import Workflow

_ROW, _HEIGHT, _WIDTH = 62, 36, 130
_STYLE = (
    "text{font:13px 'Noto Sans CJK SC','Noto Sans SC',sans-serif;fill:#16191d}.small{font-size:11px;fill:#555c66}"
    ".box{fill:#fff;stroke:#b9bab3}.over{stroke-dasharray:4 3}.way{fill:none;stroke:#6b727c}.tip{fill:#6b727c}"
    ".label{fill:#fff}.box.here{fill:#1b5e9e}text.here{fill:#fff}"
)


@dataclass(frozen=True, slots=True)
class _Way:
    text: str
    start: int
    end: int

    @property
    def low(self) -> int:
        return min(self.start, self.end)

    @property
    def high(self) -> int:
        return max(self.start, self.end)


def svg(workflow: Workflow, language: str = "zh", here: str = "", *, style: bool = False) -> str:
    """The picture as SVG; ``here``: the state that is marked; ``style``: with its own style sheet, to stand alone."""
    rows = {name: k for k, name in enumerate(workflow.states)}
    ways = [
        _Way(move.zh if language == "zh" else move.en, rows[source], rows[move.to])
        for move in workflow.moves.values()
        for source in move.source
    ]
    forward, back = _lanes(way for way in ways if way.end > way.start), _lanes(w for w in ways if w.end < w.start)
    wide = max((_length(way.text) for way in ways), default=40) + 14
    left = len(back) * wide + 16
    width, height = left + _WIDTH + len(forward) * wide + 24, len(rows) * _ROW + 8
    parts = [
        *(
            _way(way, left + _WIDTH, (number + 1) * wide - wide // 2 + 10)
            for number, lane in enumerate(forward)
            for way in lane
        ),
        *(_way(way, left, -((number + 1) * wide - wide // 2 + 10)) for number, lane in enumerate(back) for way in lane),
        *(_box(workflow, name, left, row, language, here) for name, row in rows.items()),
    ]
    sheet = f"<style>{_STYLE}</style>" if style else ""
    title = escape(workflow.zh if language == "zh" else workflow.en)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{title}">{sheet}{"".join(parts)}</svg>'
    )


def _lanes(ways: Iterable[_Way]) -> list[list[_Way]]:
    """Ways in as few lanes as need be, the shortest nearest to the states; none overlaps another in its lane."""
    lanes: list[list[_Way]] = []
    for way in sorted(ways, key=lambda one: (one.high - one.low, one.low)):
        free = next((lane for lane in lanes if all(way.low >= one.high or way.high <= one.low for one in lane)), None)
        if free is None:
            lanes.append([way])
        else:
            free.append(way)
    return lanes


def _way(way: _Way, edge: int, reach: int) -> str:
    """A move: out of one state, along its lane, into the other; its label in the middle of the lane."""
    side = 1 if reach > 0 else -1
    start, end = _middle(way.start) + 7, _middle(way.end) - 7
    if way.end < way.start:
        start, end = _middle(way.start) - 7, _middle(way.end) + 7
    x, y, half = edge + reach, (start + end) // 2, _length(way.text) // 2 + 4
    return (
        f'<path class="way" d="M{edge} {start}H{x}V{end}H{edge + side * 6}"/>'
        f'<path class="tip" d="M{edge} {end}l{side * 8} -4v8z"/>'
        f'<rect class="label" x="{x - half}" y="{y - 9}" width="{2 * half}" height="18"/>'
        f'<text class="small" x="{x}" y="{y + 4}" text-anchor="middle">{escape(way.text)}</text>'
    )


def _box(workflow: Workflow, name: str, left: int, row: int, language: str, here: str) -> str:
    state = workflow.states[name]
    top, middle = row * _ROW + 8, left + _WIDTH // 2
    kinds = " ".join(["box", *(["here"] if name == here else []), *(["over"] if state.final else [])])
    ink = " here" if name == here else ""
    desk = workflow.desks[state.desk] if state.desk else None
    under = "" if desk is None else (desk.zh if language == "zh" else desk.en)
    text = escape(state.zh if language == "zh" else state.en)
    lift = 15 if under else 23
    return (
        f'<rect class="{kinds}" x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="5"/>'
        f'<text class="name{ink}" x="{middle}" y="{top + lift}" text-anchor="middle">{text}</text>'
        f'<text class="small{ink}" x="{middle}" y="{top + 30}" text-anchor="middle">{escape(under)}</text>'
    )


def _middle(row: int) -> int:
    return row * _ROW + 8 + _HEIGHT // 2


def _length(text: str) -> int:
    """About how wide a text is at 11 px: a Chinese character takes twice a Latin one."""
    return sum(12 if ord(letter) > 0x2E7F else 6 for letter in text)
