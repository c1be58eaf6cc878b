"""Whatever the text, reading it ends soon with a document or with problems, and never with an exception."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.strategies.language import read_document

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
         "sizing", "risk"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(_KEYS), _JSON))
def test_arbitrary_values_in_every_section(sections: dict[str, object]) -> None:
    read_document(json.dumps(sections))
    read_document(json.dumps({"schema": 1, "name": "a", "kind": "rules", "entry": {"long": "close > open"}} | sections))
