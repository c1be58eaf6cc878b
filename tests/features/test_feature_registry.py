"""How features become known: names, versions, dependencies, parameters, packages; and that strategies read them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from qt_engine.core.errors import InputError, NotFoundError, QtError
from qt_engine.core.intervals import DAY_NS
from qt_engine.data.canonical import market_from_arrays
from qt_engine.features import Parameter, compute, feature, label, lookup, use
from qt_engine.features.evaluation import evaluate
from qt_engine.features.graph import columns_of, ordered, resolve
from qt_engine.features.listing import listed
from qt_engine.features.registration import find, forget, labels
from qt_engine.features.registry import INDICATORS
from qt_engine.strategies.compiler import compile_plan
from qt_engine.strategies.language import load_document, read_document
from qt_engine.testing.features import FeatureContract, example_market

MARKET = example_market(300)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """What a test registers is forgotten."""
    yield
    for name in ("spread", "doubled", "halved", "a", "b", "c", "late", "wide", "odd", "noise", "tall"):
        forget(name)
    for depth in range(200):
        forget(f"level_{depth}")


def test_a_feature_of_columns_indicators_and_features() -> None:
    @feature("spread", depends=("close", use("sma", "close", window="window")), warmup=0, scale=0)
    def spread(close: np.ndarray, average: np.ndarray, *, window: int = 5) -> np.ndarray:
        """Close over its average - 1"""
        return close / average - 1

    @feature("doubled", inputs=("volume",), depends=(use("spread", window=9), "returns"), scale=0)
    def doubled(volume: np.ndarray, spread: np.ndarray, returns: np.ndarray) -> np.ndarray:
        return 2 * spread + returns + 0 * volume

    node = resolve("doubled")
    close = MARKET.close[:, 0]
    expected = 2 * (close / compute("sma", [close], {"window": 9}) - 1) + compute("returns", [close])
    np.testing.assert_array_equal(evaluate(node, MARKET)[:, 0], expected)
    assert node.warmup == 8
    assert columns_of(node) == ("close", "volume")
    names = [part.definition.name for part in ordered(node)]
    assert sorted(names) == ["doubled", "returns", "sma", "spread"]
    assert names.index("sma") < names.index("spread") < names.index("doubled")
    [entry] = listed(search="doubled")
    assert entry.as_json() | {"description": ""} == {
        "name": "doubled", "version": 1, "kind": "signal", "inputs": ["volume"], "parameters": [], "description": "",
        "depends": ["spread", "returns"], "warmup": 8,
    }  # fmt: skip
    [entry] = listed(search="over its average - 1")
    assert (entry.name, entry.depends, entry.warmup, entry.signature) == ("spread", ("sma",), 4, "spread(window=5)")
    assert [p.default for p in entry.parameters] == [5]


def test_what_is_shared_is_computed_once() -> None:
    calls = []
    for depth in range(60):  # two readings each: 2^60 ways down, 61 nodes
        below = f"level_{depth - 1}" if depth else "close"

        def add(one: np.ndarray, other: np.ndarray) -> np.ndarray:
            calls.append(1)
            return (one + other) / 2

        feature(f"level_{depth}", depends=(below, below), description="mean of itself")(add)
    np.testing.assert_array_equal(evaluate(resolve("level_59"), MARKET), MARKET.close)
    calls.clear()
    evaluate(resolve("level_59"), MARKET)
    assert len(calls) == 60 * 3  # once an asset; the first time there is a look at the future beside it


def test_names_that_go_wrong() -> None:
    feature("a", depends=("b",), description="x")(lambda b: b)
    with pytest.raises(NotFoundError, match="feature a depends on 'b', which does not exist"):
        resolve("a")
    feature("b", depends=("c", "close"), description="x")(lambda c, close: c)
    feature("c", depends=(use("a"),), description="x")(lambda a: a)
    with pytest.raises(InputError, match="feature a depends on itself: a → b → c → a"):
        resolve("a")
    assert lookup("a") is None
    feature("odd", depends=("close", "triple_barrier"), description="x")(lambda close, t: t)
    with pytest.raises(InputError, match="feature odd depends on a label: triple_barrier is a label: it looks ahead"):
        resolve("odd")
    for wrong, said in (
        ("residual_momentun", "did you mean 'residual_momentum'"),
        ("rolling_correlation", "name each, such as x=close"),
        ("sma", "window is missing"),
        ("close", "close is a market column"),
        ("hurst@2", "hurst has version 1, not 2"),
    ):
        with pytest.raises(InputError) as caught:
            resolve(wrong)
        assert said in str(caught.value), wrong
        assert "\n" not in str(caught.value)


def test_very_long_chains_are_refused_in_words() -> None:
    for depth in range(150):
        below = f"level_{depth - 1}" if depth else "close"
        feature(f"level_{depth}", depends=(below,), description="x")(lambda x: x)
    with pytest.raises(InputError, match="more than 100 features"):
        resolve("level_149")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "Close"}, "lower-case"),
        ({"name": "x y"}, "lower-case"),
        ({"name": "close"}, "market column"),
        ({"name": "rsi"}, "an indicator already"),
        ({"name": "triple_barrier"}, "already the name of a label"),
        ({"version": 0}, "from 1 up"),
        ({"version": True}, "from 1 up"),
        ({"depends": ()}, "depends on nothing"),
        ({"depends": ("close", "open")}, "takes 1 series, but 2 are declared"),
        ({"bounds": {"windw": (1, 2)}}, "'windw', which is no parameter"),
        ({"parameters": (Parameter("n", "int", 1, 1, 9),)}, "does not take the parameter 'n'"),
    ],
)
def test_what_cannot_be_registered(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        feature(**{"name": "wide", "depends": ("close",), **settings})(lambda x, *, window=3: x)  # type: ignore[arg-type]


def test_a_parameter_without_a_number_is_refused() -> None:
    with pytest.raises(InputError, match="parameter how needs a number"):
        feature("wide", depends=("close",))(lambda x, *, how="fast": x)
    with pytest.raises(InputError, match="label 'late' reads market columns"):
        label("late", inputs=("returns",), horizon=lambda: 1)(lambda x: x)
    with pytest.raises(InputError, match="already the name of a feature"):
        label("market_return", horizon=lambda: 1)(lambda x: x)


def test_parameters_are_checked_by_name_kind_and_bounds() -> None:
    @feature(
        "wide", depends=("close",), bounds={"share": (0.0, 1.0)}, refuse=lambda n, share: "n is odd" if n % 2 else None
    )
    def wide(close: np.ndarray, *, n: int = 2, share: float = 0.5) -> np.ndarray:
        return close * share + n

    assert evaluate(resolve("wide", {"share": "0.25", "n": 4}), MARKET)[0, 0] == MARKET.close[0, 0] * 0.25 + 4
    for values, said in (
        ({"share": 2.0}, "share must be between 0 and 1"),
        ({"n": 2.5}, "whole number"),
        ({"n": 3}, "wide: n is odd"),
        ({"m": 3}, "no parameter 'm'"),
        ({"n": "many"}, "n must be a number, not 'many'"),
        ({"close": "open"}, "no parameter 'close'"),
    ):
        with pytest.raises(InputError) as caught:
            resolve("wide", values)
        assert said in str(caught.value)


def test_versions_stand_side_by_side_and_the_highest_is_meant() -> None:
    feature("tall", 1, depends=("close",), description="one")(lambda x: x)
    feature("tall", 3, depends=("close",), description="three")(lambda x: 3 * x)
    assert find("tall").version == 3
    assert evaluate(resolve("tall@1"), MARKET)[0, 0] == MARKET.close[0, 0]
    assert resolve("tall").fingerprint != resolve("tall@1").fingerprint
    feature("doubled", depends=("tall@1",), description="x")(lambda x: 2 * x)
    assert evaluate(resolve("doubled"), MARKET)[0, 0] == 2 * MARKET.close[0, 0]
    with pytest.raises(NotFoundError, match="tall has version 1, 3, not 2"):
        find("tall@2")


def test_a_definition_of_this_module_may_be_given_again_but_not_one_of_another() -> None:
    feature("tall", depends=("close",), description="x")(lambda x: x)
    first = resolve("tall").fingerprint
    feature("tall", depends=("close",), description="x")(lambda x: x + 1)
    assert resolve("tall").fingerprint != first
    assert evaluate(resolve("tall"), MARKET)[0, 0] == MARKET.close[0, 0] + 1
    with pytest.raises(InputError, match="registered already by qt_engine.features.cross_sections"):
        feature("market_return", depends=("returns",), description="x")(lambda x: x)


def test_a_fingerprint_names_everything_that_counts() -> None:
    def made(factor: float) -> None:
        feature("tall", depends=("close",), description="x")(lambda x: x * factor)

    seen = set()
    for factor in (1.0, 2.0):  # the same text, another value closed over
        made(factor)
        seen.add(resolve("tall").fingerprint)
    assert len(seen) == 2
    for function in (partial(pow, 2.0), partial(pow, 3.0), np.log, np.exp):
        feature("tall", depends=("close",), description="x")(function)
        seen.add(resolve("tall").fingerprint)
    pair = (lambda x: x + 1, lambda x: x + 2)  # one line, one source
    for function in pair:
        for across in (False, True):
            feature("tall", depends=("close",), description="x", across=across)(function)
            seen.add(resolve("tall").fingerprint)
    assert len(seen) == 10
    others = {
        resolve(name, values).fingerprint
        for name, values in (
            ("rsi", {}),
            ("rsi", {"window": 15}),
            ("rsi", {"x": "open"}),
            ("rsi", {"x": "returns"}),
            ("cmo", {}),
            ("ta.RSI", {}),
        )
    }
    assert len(others) == 6
    assert (
        resolve("rsi").fingerprint
        == resolve("rsi", {"window": 14}).fingerprint
        == resolve("rsi", {"x": "close"}).fingerprint
    )


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: x[:-1], "shape"),
        (lambda x: "text", "not an array of numbers"),
        (lambda x: None, "shape|not an array"),
        (lambda x: x / [], "feature odd failed: ValueError"),
        (lambda x: 1 / 0, "feature odd failed: ZeroDivisionError"),
        (lambda x: x.__setitem__(0, 1.0), "read-only"),
    ],
)
def test_a_function_that_misbehaves_is_named(function: object, said: str) -> None:
    feature("odd", depends=("close",), description="x")(function)  # type: ignore[type-var]
    with pytest.raises(QtError, match=said) as caught:
        evaluate(resolve("odd"), MARKET)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.append(x[1:], x[-1:], axis=0),
        lambda x: x - x.mean(axis=0) if len(x) else x,
        lambda x: np.where(np.arange(len(x)).reshape(-1, *(1,) * (x.ndim - 1)) == len(x) - 1, 0.0, x),
    ],
)
def test_a_feature_that_looks_ahead_is_stopped_wherever_it_is_computed(function: object, across: bool) -> None:
    feature("odd", depends=("close",), across=across, description="x")(function)  # type: ignore[type-var]
    with pytest.raises(QtError, match="feature odd looks ahead: bar [0-9]+ is .* register it as a label"):
        evaluate(resolve("odd"), MARKET)
    if not across:
        with pytest.raises(QtError, match="looks ahead"):
            entries("odd() > 0 and close > window")


STRATEGY = """\
schema: 1
name: reads_features
kind: rules
params: {window: {type: int, default: 4, low: 2, high: 9}}
entry:
  long: CONDITION
exit:
  long: close < 0
"""


def entries(condition: str, window: int = 4) -> np.ndarray:
    plan = compile_plan(load_document(STRATEGY.replace("CONDITION", condition), "test"), {"window": window}, MARKET)
    return plan.entry


def test_a_strategy_reads_signals_and_registered_features_by_name() -> None:
    @feature("spread", depends=("close", use("sma", window="n")), scale=0)
    def spread(close: np.ndarray, average: np.ndarray, *, n: int = 5) -> np.ndarray:
        return close / average - 1

    assert (entries("momentum_12_1() > 0") > 0).any()
    by_language = entries("close / sma(close, window) - 1 > 0.01")
    assert by_language.any()
    assert entries("spread(window) > 0.01").tobytes() == by_language.tobytes()
    assert entries("spread(n=window) > 0.01", 7).tobytes() == entries("close / sma(close, 7) - 1 > 0.01").tobytes()
    values = evaluate(resolve("spread", {"n": 4}), MARKET)
    indicator = lookup("spread")
    assert indicator is not None
    np.testing.assert_array_equal(compute("spread", [MARKET.close[:, 1]], {"n": 4}), values[:, 1])
    assert (indicator.implicit, indicator.signature, indicator.warmup(n=9)) == (("close",), "spread(n=5)", 8)


def test_a_strategy_is_refused_what_it_cannot_read() -> None:
    feature("odd", depends=("nothing_such",), description="x")(lambda x: x)
    for condition, said in (
        ("triple_barrier() > 0", "triple_barrier is a label: it looks ahead"),
        ("forward_return(5) > 0", "forward_return is a label"),
        ("residual_momentum() > 0", "residual_momentum looks across assets"),
        ("odd() > 0", "feature odd depends on 'nothing_such'"),
        ("momentum_12_1(20, 21) > 0", "skip must be at most"),
        ("halff_life() < 9", "half_life"),
    ):
        document, problems = read_document(STRATEGY.replace("CONDITION", f"{condition} and close > window"))
        assert document is None
        assert said in f"{problems[0].message} {problems[0].suggestion}", condition
        assert (problems[0].line, len(problems)) == (6, 1)


def test_labels_are_listed_apart_and_never_among_features() -> None:
    assert {"triple_barrier", "forward_return"} <= set(labels())
    assert not set(labels()) & set(INDICATORS)
    kinds = [entry.kind for entry in listed()]
    assert kinds == sorted(kinds, key=lambda kind: kind == "label")
    assert {entry.name for entry in listed("label")} == set(labels())
    with pytest.raises(InputError, match="looks ahead"):
        compute("triple_barrier", [MARKET.close[:, 0]])
    with pytest.raises(InputError, match="did you mean signal"):
        listed("signals")


def test_an_installed_package_offers_features(tmp_path: Path) -> None:
    """A package with an entry point, as pip would leave it; and a second one that cannot be imported."""
    (tmp_path / "extra_features.py").write_text(
        "from qt_engine.features import feature\n"
        "@feature('gap', depends=('open', 'close'), scale=1)\n"
        "def gap(open_, close):\n    'Open minus close'\n    return open_ - close\n"
    )
    for name, module in (("extra", "extra_features"), ("broken", "no_such_module")):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[qt.features]\n{name} = {module}\n")
    program = (
        "import sys; from qt_engine.features import lookup; from qt_engine.features.registration import find\n"
        "print(lookup('gap').signature, 'numpy' in sys.modules)\n"
        "try: find('gapp')\nexcept Exception as error: print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
    )  # fmt: skip
    first, second = answer.stdout.splitlines()
    assert first == "gap() False"
    assert second.startswith(
        "there is no feature 'gapp'; did you mean 'gap'? (broken could not be imported: ModuleNotFound"
    )


def test_residual_momentum_is_its_definition() -> None:
    draw = np.random.default_rng(4)
    returns = 0.01 * draw.normal(size=(80, 4)) + 0.01 * draw.normal(size=(80, 1))
    close = 50 * np.cumprod(1 + returns, axis=0)
    close[30:34, 2] = np.nan
    market = market_from_arrays(
        tuple("ABCD"), "1d", np.arange(80) * DAY_NS, close, close, close, close, np.ones_like(close)
    )
    values = evaluate(resolve("residual_momentum", {"window": 20, "skip": 5}), market)
    own = [compute("returns", [close[:, asset]]) for asset in range(4)]
    mean = np.nanmean(np.array(own)[:, 1:], axis=0)
    for asset in (0, 3):
        for t in (20, 33, 79):
            y, m = own[asset][t - 19 : t + 1], mean[t - 20 : t]
            slope = np.polyfit(m, y, 1)[0]
            left = (y - slope * m)[:15]
            assert values[t, asset] == pytest.approx(left.mean() / left.std(ddof=1), rel=1e-8)
    assert np.isnan(values[30:34, 2]).all()
    assert not np.isnan(values[34:, 2]).any()
    ranks = evaluate(resolve("momentum_rank", {"window": 20, "skip": 5}), market)
    assert sorted(ranks[79]) == [0.25, 0.5, 0.75, 1.0]


def test_a_parameter_can_be_declared_in_full() -> None:
    made = feature("wide", depends=("close",), parameters=(Parameter("n", "int", None, 1, 9),), description="x")
    made(lambda x, n: x * n)
    with pytest.raises(InputError, match="n is missing"):
        resolve("wide")
    assert evaluate(resolve("wide", {"n": 3}), MARKET)[0, 0] == 3 * MARKET.close[0, 0]
    assert [entry.warmup for entry in listed(search="wide") if entry.name == "wide"] == [None]
    assert (entries("wide(3) > 0") > 0).all()


def test_the_example_of_the_page_keeps_the_contract() -> None:
    page = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
    [example] = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "@feature" in block]
    try:
        exec(example, {})
        contract = FeatureContract()
        for promise in [name for name in dir(contract) if name.startswith("test_")]:
            getattr(contract, promise)("surge")
        assert resolve("surge").warmup == 20
        assert entries("surge(window) > 1.5").any()
    finally:
        forget("surge")


def test_every_signal_and_label_stands_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
    shipped = [entry.name for kind in ("signal", "label") for entry in listed(kind)]
    assert [name for name in shipped if f"`{name}`" not in page] == []
