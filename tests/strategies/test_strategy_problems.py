"""Every mistake is found at its place, with what was probably meant.

Each row replaces a part of a right strategy; `«` in the new text marks where the problem must be reported.
"""

from __future__ import annotations

import pytest

from qt_engine.strategies.language import read_document

RIGHT = """\
schema: 1
name: sma_cross
description: A trend rule
kind: rules
interval: 1d
universe: [AAPL, IBM]
params:
  fast: {type: int, default: 20, low: 5, high: 60, step: 1}
  slow: {type: int, default: 100, low: 60, high: 200, step: 5}
  stop_pct: {type: float, default: 0.02, low: 0.01, high: 0.1, step: 0.01}
require: ["fast < slow"]
let:
  fast_ma: sma(close, fast)
  slow_ma: sma(close, slow)
entry:
  long: crosses_above(fast_ma, slow_ma)
exit:
  long: crosses_below(fast_ma, slow_ma)
  stop_loss: stop_pct
  time_stop: 60
reentry: {cooldown: 5, max_entries: 3}
sizing: {method: equity_fraction, value: 0.95}
risk: {max_positions: 5, max_gross: 1.0, max_drawdown: 25%}
"""
LONG = "long: crosses_above(fast_ma, slow_ma)"

# (what is replaced, by what with « before the problem, part of the message, suggestion)
WRONG = [
    # the form of the file
    ("name: sma_cross\n", "name: sma_cross\n«name: other\n", "second time", None),
    ("name: sma_cross", "name: «*anchor", "alias", None),
    ("name: sma_cross", "name: «&anchor sma_cross", "anchors", None),
    ("name: sma_cross", "name: «!!str sma_cross", "tags", None),
    ("kind: rules", "kind: rules\n«\ttext: 1", "", None),
    ("[AAPL, IBM]\nparams:\n", "[AAPL, IBM\nparams«:\n", "a comma or ] is missing", None),
    ("risk: {max", "«---\nrisk: {max", "second document", None),
    # sections and keys
    ("schema: 1", "schema: «2", "schema is 1", "1"),
    ("schema: 1", "«nothing: 1", "is not a section", None),
    ("universe:", "«universes:", "is not a section", "universe"),
    ("reentry:", "«re_entry:", "is not a section", "reentry"),
    ("schema: 1\n", "schema: 1\n«stop_loss: 2%\n", "belongs under exit", None),
    ("schema: 1\n", "schema: 1\n«weights: {method: equal}\n", "kind portfolio", None),
    ("entry:\n", "«select:\n", "select belongs to kind portfolio", None),
    ("kind: rules", "kind: «rule", "one of rules, portfolio", "rules"),
    ("name: sma_cross", "name: «SMA cross", "small letters", "sma_cross"),
    ("name: sma_cross", "name: «[a]", "name is a text", None),
    ("interval: 1d", "interval: «daily", "interval 'daily'", None),
    ("[AAPL, IBM]", "[AAPL, «AAPL]", "twice", None),
    ("[AAPL, IBM]", "[AAPL, «[IBM]]", "symbol", None),
    ("[AAPL, IBM]", "«{AAPL: 1}", "universe is a list", None),
    ("time_stop: 60", "«time_stops: 60", "not a key of exit", "time_stop"),
    ("max_entries: 3", "«entries: 3", "not a key of reentry", "max_entries"),
    ("max_gross", "«gross", "not a key of risk", "max_gross"),
    ("exit:\n", "exit:\n  «trailing: 3%\n", "not a key of exit", "trailing_stop"),
    ("reentry: {cooldown: 5, max_entries: 3}", "reentry: «5", "reentry is a mapping", None),
    # parameters
    ("low: 5,", "«lo: 5,", "not a key of parameter fast", "low"),
    ("type: int, default: 20", "type: «integer, default: 20", "one of int, float", "int"),
    ("type: int, default: 20", "type: «bool, default: 20", "low: 0 and high: 1", "int"),
    ("default: 20", "default: «2", "below its low", "5"),
    ("default: 20", "default: «61", "above its high", "60"),
    ("default: 20", "default: «2.5", "whole number", None),
    ("default: 20", "default: «twenty", "is a number", None),
    ("default: 20", "default: «020", "starts with 0", "20"),
    ("default: 20", "default: «1:30", "is a number", None),
    ("default: 20", "default: «yes", "is a number", None),
    ("default: 20", "default: «.inf", "is a number", None),
    ("step: 1}", "step: «0}", "above 0", None),
    ("low: 5, high: 60", "low: «70, high: 60", "above its high", None),
    ("  fast: {type: int, default: 20,", "  «fast: {type: int,", "needs a default", None),
    ("  fast: {", "  «close: {", "series of the market", "my_close"),
    ("  fast: {", "  «or: {", "word of the language", "or_"),
    ("  fast: {", "  «fast-er: {", "letters, digits", None),
    ("  fast_ma: sma(close, fast)", "  fast_ma: sma(close, fast)\n  «fast: close", "parameter already", "fast_series"),
    # names and functions
    ("sma(close, fast)", "«smaa(close, fast)", "no function smaa", "sma"),
    ("sma(close, fast)", "«SMA(close, fast)", "no function SMA", "sma"),
    ("sma(close, fast)", "«ta.sma(close, fast)", "no function ta.sma", "ta.SMA"),
    ("sma(close, fast)", "sma(«clse, fast)", "clse", "close"),
    ("sma(close, fast)", "sma(close, «fest)", "fest", "fast"),
    ("sma(close, fast)", "sma(«price, fast)", "price", "close"),
    ("sma(close, fast)", "«sma(close)", "window is missing", None),
    ("sma(close, fast)", "«sma(close, fast, slow)", "too many", None),
    ("sma(close, fast)", "«sma(close, windw=fast)", "did you mean 'window'", None),
    ("sma(close, fast)", "«sma(close, 0)", "between 1 and", None),
    ("sma(close, fast)", "«sma(close, stop_pct)", "between 1 and", None),
    ("sma(close, fast)", "«close(1)", "is no function", None),
    ("sma(close, fast)", "«sma", "is a function", "sma(x, window)"),
    ("sma(close, fast)", "sma(«close > open, fast)", "where(condition, 1, 0)", None),
    ("sma(close, fast)", "«fast_ma[1] + close", None, None),
    ("sma(close, fast)", "change(close, «close)", "cannot change from bar to bar", None),
    ("sma(close, fast)", "change(close, «0)", "from 1 up", None),
    ("sma(close, fast)", "change(close, «1.5)", "whole number", None),
    ("sma(close, fast)", "lag(close, «-1)", "the future cannot be named", None),
    ("sma(close, fast)", "close[«-1]", "the future cannot be named", None),
    ("sma(close, fast)", "close[«stop_pct]", "whole number", None),
    ("sma(close, fast)", "close[«fst]", "int parameter", "fast"),
    ("sma(close, fast)", "«change(close, 1, 2)", "takes 2 arguments", None),
    ("sma(close, fast)", "«change()", "needs x", None),
    ("sma(close, fast)", "change(close, m=«1)", "no argument m", None),
    ("sma(close, fast)", "change(close, x=«1)", "given twice", None),
    ("sma(close, fast)", "count(«close, 5)", "is a condition", None),
    (LONG, "long: crosses_above(fast_ma, «slow_mb)", "slow_mb", "slow_ma"),
    (LONG, "long: «cross_above(fast_ma, slow_ma)", "no function", "crosses_above"),
    (LONG, "long: «event(earnings) > 0", "there is no event(earnings); known are event(dividend)", None),
    (LONG, "long: «event(splits) > 0", "there is no event(splits)", "event(split)"),
    (LONG, "long: «event(split)", "is a condition, and this is a number", None),
    (LONG, "long: «event(split, 2) > 0", "event takes the kind of event", None),
    (LONG, "long: «event(1) > 0", "event takes the kind of event", None),
    (LONG, "long: «event > 0", "event takes the kind of event", None),
    ("stop_loss: stop_pct", "stop_loss: «event(split)", "changes from bar to bar", None),
    (LONG, "long: event(«'split') > 0", "without quotes", None),
    ("entry:\n  long: crosses_above(fast_ma, slow_ma)", "entry: {long: crosses_above«(fast_ma, slow_ma)}", "needs quotes", None),
    # types
    (LONG, "long: «fast_ma", "is a condition", None),
    (LONG, "long: close > open and «fast_ma", "and takes conditions", None),
    (LONG, "long: not «close", "not takes conditions", None),
    (LONG, "long: («close > open) + 1 > 2", "+ takes numbers", None),
    # what the language does not have
    (LONG, "long: close «= open", "does not compare", "=="),
    (LONG, "long: close «=== open", "", "=="),
    (LONG, "long: close > open «&& high > low", "", "and"),
    (LONG, "long: close > open «& high > low", "", "and"),
    (LONG, "long: close > open «|| high > low", "", "or"),
    (LONG, "long: close > open «AND high > low", "", "and"),
    (LONG, "long: close «=> open", "", ">="),
    (LONG, "long: close «<> open", "", "!="),
    (LONG, "long: close «% 2 > 1", "2% as 0.02", None),
    (LONG, "long: «close.shift(1) > open", "only ta.NAME has a point", "close[1]"),
    (LONG, "long: «close.values > open", "only ta.NAME has a point", None),
    (LONG, "long: «talib.RSI(close) > open", "only ta.NAME has a point", "ta.RSI"),
    (LONG, "long: close > 1 «if open > 2", "if … else", "where(condition, a, b)"),
    (LONG, "long: close > «lambda", "cannot be defined", None),
    (LONG, "long: «[close > open]", "not a list", None),
    (LONG, "long: close > «'open'", "quotes", None),
    (LONG, "long: close > 2«0d", None, None),
    (LONG, "long: close > «20d", "directly followed", None),
    (LONG, "long: close «> ", "not a complete expression", None),
    (LONG, "long: crosses_above«(fast_ma, slow_ma", "never closed", None),
    (LONG, "long: close > open«)", "closes nothing", None),
    (LONG, "long: max(close, open«] > 1", "is due", ")"),
    (LONG, "long: close ** «fast > 1", "exponent", None),
    (LONG, "long: close ** «17 > 1", "exponent", None),
    (LONG, "long: close > «1e999", "too large", None),
    (LONG, "long: «close(1)(2) > 1", None, None),
    (LONG, "long: close > «ö", "not part of the language", None),
    (LONG, "long: «position > 0", "only exit conditions", None),
    ("sma(close, fast)", "«position + close", "write the condition out under exit", None),
    ("exit:\n  long: crosses_below(fast_ma, slow_ma)", "exit:\n  long: sma(«position, 3) > 1", "inside sma", None),
    ("exit:\n  long: crosses_below(fast_ma, slow_ma)", "exit:\n  long: «bars_held[1] > 1", "inside x[n]", None),
    ("exit:\n  long: crosses_below(fast_ma, slow_ma)", "exit:\n  long: abs(«position) > 1", "inside abs", None),
    # require and settings
    ('"fast < slow"', '"«fast > slow"', "defaults", None),
    ('"fast < slow"', '"«fast"', "takes a condition", None),
    ('"fast < slow"', '"fast < «close"', "changes from bar to bar", None),
    ('"fast < slow"', '"fast < «slov"', "no parameter slov", "slow"),
    ('"fast < slow"', '"«fast / 0 < slow"', "no finite value", None),
    ("stop_loss: stop_pct", "stop_loss: «2", "percentage", "2%"),
    ("stop_loss: stop_pct", "stop_loss: «100%", "below 100%", None),
    ("stop_loss: stop_pct", "stop_loss: «-1%", "above 0%", None),
    ("stop_loss: stop_pct", "stop_loss: «stop_pt", "no parameter", "stop_pct"),
    ("stop_loss: stop_pct", "stop_loss: «fast", "not 2000%", None),
    ("stop_loss: stop_pct", "stop_loss: «close", "changes from bar to bar", None),
    ("stop_loss: stop_pct", "stop_loss: «sma(close, 3)", "cannot stand here", None),
    ("stop_loss: stop_pct", "stop_loss: {«atrs: 2}", "not a key of stop_loss", "atr"),
    ("stop_loss: stop_pct", "stop_loss: «{window: 2}", "needs percent or atr", None),
    ("stop_loss: stop_pct", "stop_loss: {atr: «0}", "above 0", None),
    ("stop_loss: stop_pct", "stop_loss: {atr: 2, window: «0}", "from 1", None),
    ("stop_loss: stop_pct", "stop_loss: {percent: 2, «atr: 2}", "one of percent, atr", None),
    ("stop_loss: stop_pct", "stop_loss: {percent: 2, «window: 2}", "window belongs to atr", None),
    ("stop_loss: stop_pct", "stop_loss: {percent: «100}", "below 100", None),
    ("stop_loss: stop_pct", "take_profit: «4", "400%", "4%"),
    ("time_stop: 60", "time_stop: «0", "from 1", None),
    ("time_stop: 60", "time_stop: «1.5", "whole number", None),
    ("time_stop: 60", "time_stop: «60%", "not a percentage", None),
    ("time_stop: 60", "time_stop: «060", "starts with 0", "60"),
    ("time_stop: 60", "time_stop: «stop_pct", "whole number", None),
    ("time_stop: 60", "time_stop: «[60]", "whole number", None),
    ("cooldown: 5", "cooldown: «-5", "from 0", None),
    ("max_entries: 3", "max_entries: «0", "from 1", None),
    ("value: 0.95", "value: «95", "percentage", "95%"),
    ("value: 0.95", "value: «0", "above 0%", None),
    ("method: equity_fraction", "method: «equity", "one of fixed_quantity", "equity_fraction"),
    ("sizing: {method: equity_fraction, value: 0.95}", "sizing: «{value: 0.95}", "needs a method", None),
    ("sizing: {method: equity_fraction, value: 0.95}", "sizing: {«method: fixed_quantity}", "needs a value", None),
    ("value: 0.95", "value: 0.95, «window: 20", "volatility_target", None),
    ("max_drawdown: 25%", "max_drawdown: «25", "percentage", "25%"),
    ("max_positions: 5", "max_positions: «0", "from 1", None),
    ("stop_loss: stop_pct\n", "stop_loss: stop_pct\n  «stop_loss: 2%\n", "second time", None),
    ("entry:\n  long: crosses_above(fast_ma, slow_ma)", "«entry: {}", "long or for short", None),
    (LONG, "long:«", "missing here", None),
]  # fmt: skip
WRONG = [row for row in WRONG if row[2] is not None]


def _marked(old: str, new: str) -> tuple[str, int, int]:
    assert RIGHT.count(old) == 1, old
    text = RIGHT.replace(old, new)
    before = text[: text.index("«")]
    return text.replace("«", ""), before.count("\n") + 1, len(before) - before.rfind("\n")


def test_the_strategy_of_the_table_is_right() -> None:
    document, problems = read_document(RIGHT)
    assert problems == []
    assert document is not None


@pytest.mark.parametrize(("old", "new", "message", "suggestion"), WRONG, ids=[row[1][:60] for row in WRONG])
def test_mistake(old: str, new: str, message: str, suggestion: str | None) -> None:
    text, line, column = _marked(old, new)
    document, problems = read_document(text)
    assert document is None
    here = [problem for problem in problems if (problem.line, problem.column) == (line, column)]
    assert here, problems
    assert message in here[0].message
    assert here[0].suggestion == suggestion
    assert here[0].severity == "error"
    assert "\n" not in here[0].sentence


def test_all_mistakes_are_told_at_once_and_in_order() -> None:
    text = RIGHT.replace("sma(close, fast)", "smaa(close, fast)").replace("time_stop: 60", "time_stop: 0")
    text = text.replace("interval: 1d", "interval: day").replace("low: 5,", "lo: 5,").replace("max_gross", "gross")
    _, problems = read_document(text)
    assert [problem.line for problem in problems] == [5, 8, 13, 20, 23]


def test_who_reads_a_parameter_that_is_wrong_makes_no_mistake_of_his_own() -> None:
    text = """\
schema: 1
name: a
kind: rules
params:
  fast: {type: int, default: 1.5}
  k: {default: abc}
  deep: {}
require: ["fast < 50", "k + fast > 2", "nope > 1"]
let:
  half: fast / 2
  m: sma(close, fast)
  n: close[fast]
  o: lag(close, fast + k)
entry: {long: "crosses_above(close, m) and close > k and rsi(close, half) > deep and n > o and smaa(close,3) > 1"}
exit: {stop_loss: k, time_stop: 2 * fast, take_profit: {atr: k, window: fast}}
sizing: {method: equity_fraction, value: k}
"""
    _, problems = read_document(text)
    assert [problem.line for problem in problems] == [5, 6, 7, 8, 14]
    assert "nope" in problems[3].message
    assert problems[4].suggestion == "sma"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  stop_loss: stop_pct\n", "", "parameter stop_pct is never read"),
        ("let:\n", "let:\n  «spare: close\n", "let expression spare is never read"),
        ("exit:\n", "exit:\n  short: «close > open\n", "there is no entry for short"),
    ],
)
def test_warnings_do_not_keep_a_strategy_from_running(old: str, new: str, message: str) -> None:
    document, problems = read_document(RIGHT.replace(old, new.replace("«", "")))
    assert document is not None
    assert [problem.severity for problem in problems] == ["warning"]
    assert message in problems[0].message


def test_a_side_that_nothing_closes_is_a_warning() -> None:
    text = "schema: 1\nname: a\nkind: rules\nentry: {long: close > open}\n"
    document, problems = read_document(text)
    assert document is not None
    assert [(problem.line, problem.severity) for problem in problems] == [(4, "warning")]


def test_risk_per_trade_needs_a_stop() -> None:
    text = "schema: 1\nname: a\nkind: rules\nentry: {long: close > open}\nexit: {long: close < open}\n"
    sizing = "sizing: {method: risk_per_trade, value: 1%}\n"
    _, problems = read_document(text + sizing)
    assert [(problem.line, problem.column) for problem in problems] == [(6, 1)]
    document, problems = read_document(text.replace("exit: {", "exit: {stop_loss: 2%, ") + sizing)
    assert document is not None
    assert problems == []


@pytest.mark.parametrize("missing", ["schema", "name", "kind", "entry"])
def test_needed_sections(missing: str) -> None:
    lines = {"schema": "schema: 1", "name": "name: a", "kind": "kind: rules", "entry": "entry: {long: close > open}"}
    _, problems = read_document("\n".join(line for key, line in lines.items() if key != missing))
    assert any(problem.message.startswith(f"{missing} is missing") for problem in problems)


def test_names_may_not_read_themselves() -> None:
    text = RIGHT.replace("sma(close, fast)", "slow_ma + 1").replace("sma(close, slow)", "fast_ma + 1")
    _, problems = read_document(text)
    assert any("reads itself: fast_ma → slow_ma → fast_ma" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("entry:\n  long: >-\n    close > open\n    and high > lw\n", 4, 16),
        ("entry:\n  long: |\n    close > open\n    and high > lw\n", 4, 16),
        ("entry:\n  long: close > open\n    and high > lw\n", 3, 16),
        ('entry:\n  long: "close > open and high > lw"\n', 2, 34),
        ("entry:\n  long: 'close > open and\n\n    high > lw'\n", 4, 12),
        ('entry: {long: "close > \\\n    lw"}\n', 2, 5),
        ('{"entry": {"long": "high > lw"}}', 1, 28),
        ("# Übung – 取引\nentry: {long: high > lw}\n", 2, 22),
        ("entry:\r\n  long: high > lw\r\n", 2, 16),
    ],
)
def test_places_in_folded_quoted_and_json_texts(text: str, line: int, column: int) -> None:
    _, problems = read_document(text)
    assert (line, column) in [(p.line, p.column) for p in problems if p.suggestion == "low"], problems
