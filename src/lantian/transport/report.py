"""The ladder's report: one HTML file with its pictures inside, which asks nothing of any other place.

Chinese words stand in the pictures where this machine has a font for them, else English ones; the page's own words are
bilingual and drawn by the reader's browser.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lantian.transport.ladder.rung import Curve, Map, Measure, Rung

CHINESE_FONTS: Final = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "SimHei",
    "Noto Serif CJK SC", "Noto Serif CJK JP",
)  # fmt: skip
"""Fonts with Chinese characters, the best first."""
WIDTH, HEIGHT = 4.2, 3.4
"""Inches of one panel."""
STYLE: Final = """
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; color: #1c2733; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem;
  border-bottom: 1px solid #d5dde5; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n, td.passed, td.failed, th { white-space: nowrap; } .wide { overflow-x: auto; }
.passed { color: #1a6e3c; } .failed { color: #b3261e; font-weight: 600; } img { max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; } dd { margin: 0; }
"""


def page(rungs: Sequence[Rung], facts: Mapping[str, str]) -> str:
    """The whole page. ``facts``: what stands under its title, such as the date, the version and the device."""
    failed = sum(not rung.passed for rung in rungs)
    sign = verdict(len(rungs), failed)
    font = chinese_font()
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>模式检验 Model check</title>
<style>{STYLE}</style></head><body>
<h1>模式检验 Model check</h1>
<p class="{_class(not failed)}">{escape(sign)}</p>
<dl>{told}</dl>
{_table(rungs)}
{"".join(_section(number, rung, font) for number, rung in enumerate(rungs, start=1))}
</body></html>
"""


def verdict(count: int, failed: int) -> str:
    """One sentence for all rungs."""
    if failed:
        return f"{count} 项中 {failed} 项未通过 {failed} of {count} rungs failed"
    return f"{count} 项全部通过 all {count} rungs passed"


def limits(measure: Measure) -> str:
    """The limits of a measure as people write them; empty without any."""
    parts = [f">= {number(measure.at_least)}"] if measure.at_least is not None else []
    parts += [f"<= {number(measure.at_most)}"] if measure.at_most is not None else []
    return ", ".join(parts)


def number(value: float) -> str:
    """Three significant digits, without needless zeros."""
    return f"{value:.3g}"


def chinese_font() -> str | None:
    """A font of this machine that has Chinese characters, or None."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in installed), None)


def picture(pictures: Sequence[Map | Curve], font: str | None) -> bytes:
    """The pictures of a rung side by side, three in a row, as PNG; ``font`` as `chinese_font` gives it."""
    columns = min(3, len(pictures))
    rows = -(-len(pictures) // columns)
    family = [font, "DejaVu Sans"] if font else ["DejaVu Sans"]
    with mpl.rc_context({"font.family": family, "font.size": 9, "axes.unicode_minus": False}):
        figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows), dpi=110, layout="constrained")
        panels: Any = figure.subplots(rows, columns, squeeze=False)
        for axes in panels.flat[len(pictures) :]:
            axes.remove()
        ranges = _ranges(pictures)
        for axes, drawn in zip(panels.flat, pictures, strict=False):
            axes.set_title(drawn.zh if font else drawn.title)
            if isinstance(drawn, Map):
                _draw_map(axes, drawn, ranges)
            else:
                _draw_curve(axes, drawn, ("计算", "精确") if font else ("computed", "exact"))
        file = io.BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _ranges(pictures: Iterable[Map | Curve]) -> dict[str, tuple[float, float]]:
    """Least and largest value of all maps of a unit, so that before and after are drawn alike; differences apart."""
    ranges: dict[str, tuple[float, float]] = {}
    for drawn in pictures:
        if isinstance(drawn, Map) and not _is_difference(drawn):
            low, high = ranges.get(drawn.unit, (math.inf, -math.inf))
            ranges[drawn.unit] = min(low, float(drawn.values.min())), max(high, float(drawn.values.max()))
    return ranges


def _is_difference(drawn: Map) -> bool:
    """Whether a map goes both ways from zero; rounding does not count."""
    return bool(-drawn.values.min() > 1e-3 * drawn.values.max())


def _draw_map(axes: Axes, drawn: Map, ranges: Mapping[str, tuple[float, float]]) -> None:
    if _is_difference(drawn):
        high = float(abs(drawn.values).max())
        colours, span = "RdBu_r", (-high, high)
    else:
        colours, span = "viridis", ranges[drawn.unit]
    image = axes.imshow(drawn.values, origin="lower", cmap=colours, vmin=span[0], vmax=span[1], aspect="auto")
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.85)
    if drawn.unit != "1":
        bar.set_label(drawn.unit)


def _draw_curve(axes: Axes, drawn: Curve, labels: tuple[str, str]) -> None:
    axes.plot(drawn.x, drawn.exact, color="#8a95a1", linewidth=3, label=labels[1])
    axes.plot(drawn.x, drawn.computed, color="#0b5cad", linewidth=1.2, label=labels[0])
    axes.set_xlabel(drawn.x_label)
    axes.set_ylabel(drawn.y_label)
    axes.legend(frameon=False)


def _table(rungs: Sequence[Rung]) -> str:
    head = ("检验 rung", "量 measure", "值 value", "限 limit", "结果 result", "秒 seconds")
    rows = []
    for index, rung in enumerate(rungs, start=1):
        for first, measure in zip([True] + [False] * len(rung.measures), rung.measures, strict=False):
            name = f'<a href="#r{index}">{escape(rung.zh)} {escape(rung.name)}</a>' if first else ""
            seconds = f"{rung.seconds:.1f}" if first else ""
            result = ("通过 passed" if measure.passed else "未通过 failed") if limits(measure) else ""
            rows.append(
                f"<tr><td>{name}</td><td>{escape(measure.zh)} {escape(measure.name)}</td>"
                f'<td class="n">{number(measure.value)}</td><td class="n">{escape(limits(measure))}</td>'
                f'<td class="{_class(measure.passed)}">{result}</td><td class="n">{seconds}</td></tr>'
            )
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _section(index: int, rung: Rung, font: str | None) -> str:
    title = f"{escape(rung.zh)} {escape(rung.name)}"
    image = ""
    if rung.pictures:
        data = base64.b64encode(picture(rung.pictures, font)).decode()
        told = escape("; ".join(drawn.title for drawn in rung.pictures), quote=True)
        image = f'<img alt="{told}" src="data:image/png;base64,{data}">'
    return f'<h2 id="r{index}">{title}</h2><p>{escape(rung.what)}</p>{image}\n'


def _class(passed: bool) -> str:
    return "passed" if passed else "failed"
