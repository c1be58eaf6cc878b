"""A document means the same however it is written, and its canonical form says exactly what it means."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.core.errors import InputError
from qt_engine.core.hashing import canonical_json
from qt_engine.strategies.document import AtrLevel, FractionLevel, StrategyDocument
from qt_engine.strategies.language import load_document, read_document
from qt_engine.strategies.nodes import Binary, Call, Lag, Name, Number

LEAST = "schema: 1\nname: a\nkind: rules\nentry: {long: close > open}\nexit: {time_stop: 5}\n"


def _exit(text: str) -> StrategyDocument:
    return load_document(LEAST.replace("time_stop: 5", text))


def test_what_is_left_out() -> None:
    document = load_document(LEAST)
    assert (document.interval, document.universe, document.description) == ("1d", (), "")
    assert document.sizing.method == "equity_fraction"
    assert document.sizing.value == Number(1.0)
    assert document.reentry.cooldown == Number(0)
    assert document.reentry.max_entries is None
    assert document.risk.max_gross == Number(1.0)
    assert document.risk.max_positions is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("stop_loss: 2%", FractionLevel(Number(0.02))),
        ("stop_loss: 0.02", FractionLevel(Number(0.02))),
        ("stop_loss: '2 %'", FractionLevel(Number(0.02))),
        ("stop_loss: 7%", FractionLevel(Number(0.07))),
        ("stop_loss: {percent: 2.9}", FractionLevel(Number(0.029))),
        ("stop_loss: {atr: 2}", AtrLevel(Number(2.0), Number(14))),
        ("stop_loss: {atr: 1.5, window: 20}", AtrLevel(Number(1.5), Number(20))),
    ],
)
def test_levels(text: str, level: object) -> None:
    assert _exit(text).exit.stop_loss == level


def test_levels_over_parameters() -> None:
    text = LEAST + "params: {p: 0.03, k: 2, n: 10}\n"
    assert load_document(
        text.replace("time_stop: 5", "stop_loss: p, take_profit: 2 * p, trailing_stop: {atr: k, window: n}")
    ).exit == (
        _exit("time_stop: 5").exit.__class__(
            stop_loss=FractionLevel(Name("p")),
            take_profit=FractionLevel(Binary("*", Number(2), Name("p"))),
            trailing_stop=AtrLevel(Name("k"), Name("n")),
        )
    )


def test_let_comes_in_the_order_in_which_it_can_be_computed() -> None:
    text = "let: {c: a + b, b: a * 2, a: close}\n" + LEAST.replace("close > open", "c > open")
    assert list(load_document(text).let) == ["a", "b", "c"]


def test_constants_of_let_stand_where_they_are_read() -> None:
    text = (
        LEAST.replace("close > open", "'sma(close, half) > lag(close, half + 1)'")
        + "params: {n: 20}\nlet: {half: n / 2}\n"
    )
    document = load_document(text.replace("time_stop: 5", "time_stop: half"))
    assert document.let == {}
    half = Binary("/", Name("n"), Number(2))
    assert document.exit.time_stop == half
    assert document.entry.long is not None
    assert document.entry.long.left == Call("sma", (Name("close"), half))  # type: ignore[union-attr]


def test_arguments_of_the_languages_functions_stand_by_position() -> None:
    long = load_document(
        LEAST.replace("close > open", "'where(b=open, condition=close > open, a=change(n=2, x=high)) > 1'")
    ).entry.long
    assert long.left.args == (  # type: ignore[union-attr]
        load_document(LEAST).entry.long,
        Call("change", (Name("high"), Number(2))),
        Name("open"),
    )


def test_lag_of_a_parameter() -> None:
    text = LEAST.replace("close > open", "'close[n] > open'") + "params: {n: 3}\n"
    assert load_document(text).entry.long.left == Lag(Name("close"), Name("n"))  # type: ignore[union-attr]


FULL = {
    "schema": 1, "name": "full", "description": "words", "kind": "rules", "interval": "5m", "universe": ["AAPL", "BTC/USDT"],
    "params": {"n": {"type": "int", "default": 20, "low": 5, "high": 60}, "p": {"type": "float", "default": 0.5}},
    "require": ["n > 2", "p < n"],
    "let": {"fast": "sma(close, n)", "signal": "crosses_above(fast, sma(close, 2 * n))"},
    "entry": {"long": "signal", "short": "close[1] < open and not signal"},
    "exit": {"long": "close < fast", "short": "close > fast", "stop_loss": "p / 10", "take_profit": {"atr": 3, "window": "n"},
             "trailing_stop": {"percent": 5}, "time_stop": "n"},
    "reentry": {"cooldown": 2, "max_entries": 9},
    "sizing": {"method": "volatility_target", "value": 0.2, "window": 30},
    "risk": {"max_positions": 2, "max_gross": 1.5, "max_drawdown": 0.3},
}  # fmt: skip


def _yaml(value: object, indent: int = 0) -> str:
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join(f"\n{pad}{key}:{_yaml(item, indent + 1)}   # note" for key, item in value.items())
    if isinstance(value, list):
        return "".join(f"\n{pad}-{_yaml(item, indent + 1)}" for item in value)
    return " " + (json.dumps(value) if isinstance(value, str) else str(value))


def _shuffled(value: object, data: st.DataObject) -> object:
    if isinstance(value, dict):
        return {key: _shuffled(value[key], data) for key in data.draw(st.permutations(list(value)))}
    return value


@given(st.data())
def test_form_makes_no_difference(data: st.DataObject) -> None:
    expected = load_document(json.dumps(FULL))
    shuffled = _shuffled(FULL, data)
    for text in (json.dumps(shuffled), json.dumps(shuffled, indent=3), _yaml(shuffled)):
        document = load_document(text)
        assert canonical_json(document.canonical()) == canonical_json(expected.canonical())


def test_the_canonical_form_is_a_strategy_again() -> None:
    canonical = load_document(json.dumps(FULL)).canonical()
    again = {key: value for key, value in canonical.items()}
    again["params"] = {name: {k: v for k, v in p.items() if v is not None} for name, p in canonical["params"].items()}
    document = load_document(json.dumps(again))
    assert document.canonical() == canonical


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), "other"), (("interval",), "1m"), (("universe",), ["AAPL"]), (("params", "n", "default"), 21), (("params", "n", "low"), 6),
        (("require",), ["n > 2"]), (("let", "fast"), "ema(close, n)"), (("entry", "long"), "not signal"), (("exit", "stop_loss"), 0.01),
        (("exit", "trailing_stop", "percent"), 6), (("exit", "take_profit", "window"), 3), (("reentry", "cooldown"), 3),
        (("sizing", "value"), 0.3), (("risk", "max_gross"), 1.4),
    ],
)  # fmt: skip
def test_every_part_counts(path: tuple[str, ...], value: object) -> None:
    changed = json.loads(json.dumps(FULL))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert load_document(json.dumps(changed)).canonical() != load_document(json.dumps(FULL)).canonical()


def test_load_tells_the_first_problem_with_its_place() -> None:
    with pytest.raises(InputError) as refusal:
        load_document("schema: 1\nname: a\nkind: rules\nentry: {long: clse > 1}\n", "mine.yaml")
    assert str(refusal.value).startswith("mine.yaml, line 4, column 15: there is no series")
    assert "did you mean close" in str(refusal.value)


def test_yaml_11_surprises_are_texts() -> None:
    document, problems = read_document(LEAST + "description: yes\nuniverse: [on, NO, 010, 1:30, 0x10]\n")
    assert problems == []
    assert document is not None
    assert document.description == "yes"
    assert document.universe == ("on", "NO", "010", "1:30", "0x10")


def test_checking_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom qt_engine.strategies.language import read_document\nfrom qt_engine.strategies.parameters import resolve_parameters\n"
        "from qt_engine.strategies.library import StrategyLibrary\n"
        f"document, problems = read_document({LEAST!r})\nassert document is not None\nresolve_parameters(document)\n"
        "heavy = {'numpy', 'pandas', 'numba', 'pydantic', 'duckdb', 'talib', 'rich'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
