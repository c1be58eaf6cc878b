"""Whatever the text, reading it ends soon with a document or with problems, and never with an exception."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.strategies.language import read_document
from qt_engine.strategies.parameters import resolve_parameters

HEAD = "schema: 1\nname: a\nkind: rules\n"
BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
)
LETS = "".join(f"  a{i}: a{i - 1} + a{i - 1}\n" for i in range(1, 400))
CIRCLE = "".join(f"  a{i}: a{(i + 1) % 900}\n" for i in range(900))

HOSTILE = {
    "nothing": "",
    "blank": " \n\n",
    "only a comment": "# nothing\n",
    "null": "null",
    "a list": "[]",
    "a number": "42",
    "aliases that double": BOMB,
    "an alias of itself": "a: &a [*a]",
    "merge key": "<<: {schema: 1}\n",
    "python tag": "!!python/object/apply:os.system ['true']",
    "deep flow lists": "[" * 50_000,
    "deep flow mappings": "{a: " * 20_000,
    "deep block lists": "- " * 40_000,
    "deep keys": "? " * 40_000,
    "deep indentation": "".join(" " * i + "a:\n" for i in range(400)),
    "many keys": "".join(f"k{i}: 1\n" for i in range(8000)),
    "many unknown names": HEAD + "entry: {long: " + " + ".join(f"n{i}" for i in range(30)) + " > 1}\n",
    "many lets with unknown names": HEAD + "let:\n" + "".join(f"  l{i}: nme{i} + close\n" for i in range(3000)),
    "constants that double": HEAD + "params: {a0: 1}\nlet:\n" + LETS + "entry: {long: close > a399}\n",
    "series that double": HEAD + "let:\n  a0: close\n" + LETS + "entry: {long: close > a399}\nexit: {time_stop: 1}\n",
    "a circle of names": HEAD + "let:\n" + CIRCLE,
    "a quote without end": HEAD + "description: '" + "x" * 90_000,
    "a long key": "k" * 90_000 + ": 1\n",
    "a long expression": HEAD + "entry: {long: '" + "close > " * 10_000 + "1'}",
    "a tower": HEAD + "require: ['9**9**9 > 1']\nentry: {long: close > 9**9**9**9}\nexit: {stop_loss: 9**9**9}\n",
    "a slow tower": HEAD + "require: ['" + "(" * 15 + "9" + "**16)" * 15 + " > 1']\nentry: {long: close > open}\n",
    "a large number": HEAD + "params: {a: " + "9" * 5000 + "}\nentry: {long: close > a}\n",
    "a large percentage": HEAD + "entry: {long: close > 1}\nexit: {stop_loss: 1e9999%}\n",
    "control characters": HEAD + "description: \x00\x1b[31m\n",
    "a lone surrogate": HEAD + "description: \ud800\n",
    "a byte order mark inside": HEAD + "description: a\ufeffb\n",
    "line separators": "schema: 1\u2028name: a\u2029kind: rules\x85",
    "markup": HEAD + "interval: '[bold]1d[/bold]'\nentry: {long: '[red]close[/red]'}",
    "too large": "#" + "x" * 200_000,
    "bytes that are no text": bytes(range(256)) * 10,
    "UTF-16": HEAD.encode("utf-16"),
    "zip": b"PK\x03\x04" + bytes(1000),
    "a directive": "%YAML 9.9\n---\nschema: 1\n",
    "three documents": "---\n---\n---\n",
    "unclosed block": "a: |\n",
    "duplicate everywhere": HEAD * 500,
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text(text: str | bytes) -> None:
    started = time.process_time()
    document, problems = read_document(text)
    assert time.process_time() - started < 2.0
    if document is None:
        assert any(problem.severity == "error" for problem in problems)
    lines = text.count(b"\n" if isinstance(text, bytes) else "\n") + 1  # type: ignore[arg-type]
    assert all(1 <= problem.line <= lines + 2 and problem.column >= 1 for problem in problems)
    json.dumps([problem.as_json() for problem in problems])
    assert all(character.isprintable() for problem in problems for character in problem.sentence)


def test_constants_do_not_grow_without_bound() -> None:
    document, problems = read_document(HOSTILE["constants that double"])
    assert document is None
    assert "more than 500 parts" in problems[0].message


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
def test_arbitrary_text(text: str | bytes) -> None:
    document, problems = read_document(text)
    assert (document is None) == any(problem.severity == "error" for problem in problems)


_PIECES = [
    "schema", "name", "kind", "entry", "long", "exit", "let", "params", "require", "risk", "sizing", "universe", ": ", ":", "\n", "\n  ",
    "\n    ", "- ", "[", "]", "{", "}", ", ", "1", "2%", "rules", "close > open", "sma(close, 3)", "'", '"', "#", "&a ", "*a", "!t ", "|\n",
    ">\n", "? ", "---\n", "~", "fast", "\t", "%", "@", "é", "atr", "on", "yes", "0x1", "012", "-1", "()", "**", "[1]", "position",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=60).map("".join))
def test_arbitrary_pieces_of_a_strategy(text: str) -> None:
    read_document(text)
    read_document(HEAD + "entry: {long: close > open}\n" + text)


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.sampled_from(_PIECES)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(_PIECES), inner, max_size=4)),
    max_leaves=12,
)
_KEYS = ["schema", "name", "description", "kind", "interval", "universe", "params", "require", "let", "entry", "exit", "reentry",
         "sizing", "orders", "select", "weights", "rebalance", "constraints", "risk"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(_KEYS), _JSON))
def test_arbitrary_values_in_every_section(sections: dict[str, object]) -> None:
    read_document(json.dumps(sections))
    head = {"schema": 1, "name": "a"}
    read_document(json.dumps(head | {"kind": "rules", "entry": {"long": "close > open"}} | sections))
    read_document(json.dumps(head | {"kind": "portfolio"} | sections | {"kind": "portfolio"}))


_PARTS = {
    "orders": ("entry", "exit", "type", "limit", "stop", "time_in_force", "expire_after"),
    "select": ("rank", "top", "bottom", "where"),
    "weights": ("method", "window", "covariance", "half_life", "shrinkage", "factors", "value", "views", "confidence", "fallback"),
    "rebalance": ("every", "drift_band"),
    "constraints": ("max_weight", "min_weight", "max_turnover", "gross", "net", "long_only", "sectors", "max_sector"),
    "risk": ("max_positions", "max_gross", "max_drawdown", "max_net", "max_concentration", "max_position", "max_daily_loss"),
}  # fmt: skip
_VALUES = st.one_of(
    _JSON,
    st.sampled_from([
        "close", "close > 1", "n", "2 * n", "5%", "100%", 1, 0, -1, 0.5, 1e300, "nan", "month", "n bars", "bar", "limit", "stop",
        "stop_limit", "day", "signal", "hrp", "min_variance", "black_litterman", "ewma", "shrunk", "factor", "cash", "true", "false",
        {"TECH": ["A"], "OLD": ["A", "B"]}, {"type": "limit", "limit": "close"}, "position", "n / 0",
    ]),
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {}, optional={name: st.dictionaries(st.sampled_from(keys), _VALUES) for name, keys in _PARTS.items()}
    ),
    st.sampled_from(("rules", "portfolio")),
)
def test_arbitrary_values_of_every_setting(sections: dict[str, object], kind: str) -> None:
    document, problems = read_document(
        json.dumps({"schema": 1, "name": "a", "kind": kind, "params": {"n": 5}} | sections)
    )
    assert all(problem.message and problem.column >= 1 for problem in problems)
    if document is not None:
        json.dumps(document.canonical(), allow_nan=False)
        assert resolve_parameters(document) == {"n": 5}
