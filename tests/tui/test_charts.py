"""Charts are text: what they show is read off their characters."""

from __future__ import annotations

import math

import pytest

from qt_tui.charts import (
    Bar,
    Curve,
    Palette,
    as_text,
    draw_candles,
    draw_drawdown,
    draw_histogram,
    draw_lines,
    draw_sparkline,
    drawdown,
    grouped,
    sparkline,
)
from qt_tui.charts.axes import date_axis, tick_labels, ticks
from qt_tui.charts.decimate import decimate

PALETTE = Palette()
DAY = 86_400_000_000_000
START = 1_262_563_200_000_000_000  # Monday, 2010-01-04


def days(count: int) -> list[int]:
    return [START + n * DAY for n in range(count)]


def bars(closes: list[float]) -> list[Bar]:
    return [
        Bar(START + n * DAY, close - 1.0, close + 1.0, close - 2.0, close, 1000.0 * (n + 1))
        for n, close in enumerate(closes)
    ]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    lines = draw_lines([Curve("x", [float(n) for n in range(40)])], days(40), 40, 8, PALETTE)
    rows = as_text(lines).splitlines()
    first = [min((i for i, c in enumerate(row[:33]) if c > "⠀"), default=99) for row in rows[:-1]]
    assert first == sorted(first, reverse=True)


@pytest.mark.parametrize(("width", "height"), [(16, 4), (40, 10), (120, 30), (31, 7)])
@pytest.mark.parametrize("count", [1, 2, 50, 5000])
def test_every_line_has_exactly_the_width_asked_for(width: int, height: int, count: int) -> None:
    values = [100 + math.sin(n / 9) * n for n in range(count)]
    pictures = [
        draw_lines([Curve("a", values), Curve("b", values[::-1])], days(count), width, height, PALETTE),
        draw_drawdown(values, days(count), width, height, PALETTE),
        draw_candles(bars(values), width, height, PALETTE),
        draw_histogram(values, width, height, PALETTE),
        draw_sparkline(values, width, height, PALETTE),
    ]
    for lines in pictures:
        assert len(lines) == height
        assert {sum(len(text) for text, _ in line) for line in lines} == {width}


@pytest.mark.parametrize("width", [0, 1, 3, 9])
@pytest.mark.parametrize("height", [0, 1, 2])
def test_a_chart_without_room_does_not_fail(width: int, height: int) -> None:
    values = [1.0, 2.0]
    draw_lines([Curve("a", values)], days(2), width, height, PALETTE)
    draw_candles(bars(values), width, height, PALETTE)
    draw_histogram(values, width, height, PALETTE)
    draw_drawdown(values, days(2), width, height, PALETTE)


@pytest.mark.parametrize("values", [[], [math.nan], [math.nan, math.inf], [5.0], [5.0, 5.0], [math.nan, 1.0, math.nan]])
def test_strange_values_are_drawn_or_said(values: list[float]) -> None:
    assert as_text(draw_lines([Curve("a", values)], days(len(values)), 40, 8, PALETTE))
    draw_drawdown(values, days(len(values)), 40, 8, PALETTE)
    draw_histogram(values, 40, 8, PALETTE)


def test_decimation_keeps_every_extreme() -> None:
    values = [0.0] * 100_000
    values[70_001], values[12_345] = 9.0, -7.0
    buckets = decimate(values, 200)
    assert len(buckets) == 200
    assert max(bucket[1] for bucket in buckets) == 9.0
    assert min(bucket[0] for bucket in buckets) == -7.0


def test_many_curves_are_told_apart_by_letters() -> None:
    curves = [Curve("up", [1.0, 2.0, 3.0]), Curve("down", [3.0, 2.0, 1.0])]
    text = as_text(draw_lines(curves, days(3), 60, 10, PALETTE))
    legend, *plot = text.splitlines()
    assert legend.startswith("A up 3.00   B down 1.00")
    assert any("A" in row for row in plot) and any("B" in row for row in plot)


def test_the_crosshair_reads_the_values_under_it() -> None:
    curves = [Curve("up", [1.0, 2.0, 3.0]), Curve("down", [3.0, 2.5, 1.0])]
    text = as_text(draw_lines(curves, days(3), 60, 10, PALETTE, cursor=1))
    assert text.startswith("A up 2.00   B down 2.50")
    assert "┊" in text


def test_drawdown_is_the_loss_from_the_peak() -> None:
    assert drawdown([100.0, 110.0, 99.0, 120.0]) == pytest.approx([0.0, 0.0, -0.1, 0.0])
    assert list(drawdown([100.0, 50.0] * 3000))[:2] == pytest.approx([0.0, -0.5])


def test_rising_and_falling_candles_differ_without_colour() -> None:
    rising = Bar(START, 10.0, 14.0, 8.0, 12.0, 1.0)
    falling = Bar(START + DAY, 12.0, 14.0, 8.0, 10.0, 1.0)
    up = as_text(draw_candles([rising, rising], 40, 14, PALETTE))
    down = as_text(draw_candles([falling, falling], 40, 14, PALETTE))
    assert "┃" in up and "│" in up
    assert "┃" not in down
    assert as_text(draw_candles([rising, falling], 40, 14, PALETTE)) not in (up, down)


def test_the_line_above_the_candles_reads_a_bar() -> None:
    text = as_text(draw_candles(bars([10.0, 11.0, 22.0]), 90, 14, PALETTE, cursor=1))
    assert text.splitlines()[0] == "2010-01-05  O 10.00 H 12.00 L 9.00 C 11.00 V 2.00k ▲ +10.00%"
    assert "22.00" in text, "the last price is on the axis"


def test_trades_are_marked_above_their_bars() -> None:
    text = as_text(draw_candles(bars([10.0, 11.0, 12.0, 11.0]), 60, 16, PALETTE, marks=[(1, "E", ""), (3, "X", "")]))
    assert "E" in text and "X" in text


def test_bars_are_grouped_from_the_newest() -> None:
    groups = grouped(bars([1.0, 2.0, 3.0, 4.0, 5.0]), 2)
    assert [(g.close, g.volume) for g in groups] == [(1.0, 1000.0), (3.0, 5000.0), (5.0, 9000.0)]
    assert groups[1].open == 1.0 and groups[1].high == 4.0 and groups[1].low == 0.0


def test_sparkline() -> None:
    assert sparkline([1.0, 2.0, 3.0], 8) == "▁▅█"
    assert sparkline([5.0, 5.0], 8) == "▄▄"
    assert sparkline([], 8) == ""
    assert sparkline([float(n) for n in range(100)], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([1.0, math.nan, 3.0], 8) == "▁ █"


def test_a_histogram_counts_every_value() -> None:
    text = as_text(draw_histogram([0.01] * 3 + [-0.01], 20, 5, PALETTE, percent=True))
    assert text.splitlines()[-1].split() == ["-1.00%", "0", "+1.00%"]
    assert text.splitlines()[0].strip() == "█"
    assert text.splitlines()[3].split() == ["█", "█"]


def test_ticks_are_round_numbers_inside_the_range() -> None:
    assert ticks(3.0, 17.0, 4) == [5.0, 10.0, 15.0]
    assert tick_labels([0.0, 50_000.0, 100_000.0]) == ["0k", "50k", "100k"]
    assert tick_labels([-0.1, 0.0, 0.1], percent=True) == ["-10%", "0%", "10%"]
    assert tick_labels([0.25, 0.5]) == ["0.25", "0.50"]


@pytest.mark.parametrize(
    ("step", "count", "expected"),
    [
        (DAY, 60, ["01-05", "01-12", "02-02"]),
        (30 * DAY, 60, ["2011", "2012", "2013", "2014"]),
        (60_000_000_000, 60, ["00:08", "00:29", "00:50"]),
        (3_600_000_000_000, 100, ["08:00", "22:00", "19:00"]),
    ],
)
def test_dates_below_are_of_the_finest_period_that_fits(step: int, count: int, expected: list[str]) -> None:
    text = date_axis([START + n * step for n in range(count)], count, "")[0][0]
    assert all(part in text for part in expected), text
