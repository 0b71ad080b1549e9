"""The six levels: bounds, names, prescribed colours, and ink that can be read on them."""

import polars as pl
import pytest

from lantian.standards import StandardsError, aqi


@pytest.mark.requirement("A1")
def test_levels_cover_the_index_without_gap():
    assert [(level.low, level.high) for level in aqi.LEVELS] == [
        (0, 50),
        (51, 100),
        (101, 150),
        (151, 200),
        (201, 300),
        (301, 500),
    ]
    assert [level.zh for level in aqi.LEVELS] == ["优", "良", "轻度污染", "中度污染", "重度污染", "严重污染"]
    assert [level.colour for level in aqi.LEVELS] == ["#00e400", "#ffff00", "#ff7e00", "#ff0000", "#99004c", "#7e0023"]
    scalar = [aqi.level_of(value).number for value in range(501)]
    assert pl.select(aqi.level_expr(pl.int_range(501))).to_series().to_list() == scalar
    assert [scalar[k] for k in (0, 50, 51, 100, 101, 150, 151, 200, 201, 300, 301, 500)] == [
        1,
        1,
        2,
        2,
        3,
        3,
        4,
        4,
        5,
        5,
        6,
        6,
    ]
    assert aqi.level_of(None) is None
    with pytest.raises(StandardsError):
        aqi.level_of(-1)


def luminance(rgb: tuple[int, int, int]) -> float:
    """WCAG 2 relative luminance."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("level", aqi.LEVELS, ids=lambda level: level.zh)
def test_ink_can_be_read_on_the_level_colour(level):
    light, dark = sorted((luminance(level.rgb), luminance(level.ink)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
