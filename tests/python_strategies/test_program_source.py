"""Reading a file with a strategy: what is wrong is said with line and in one sentence, and each run has a module of its own."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from python_strategies.programs import HEAD, program
from qt_engine.core.errors import InputError, NotFoundError
from qt_engine.core.hashing import hash_bytes
from qt_engine.strategies.base import Strategy
from qt_engine.strategies.library import StrategyLibrary
from qt_engine.strategies.loading import load_strategy, stored_strategy
from qt_engine.strategies.parameters import resolve_parameters
from qt_engine.strategies.programs import description_in, is_python
from qt_engine.strategies.python_source import load_python, read_python
from qt_engine.strategies.registration import register_strategy, source_of

GOOD = 'class Good(Strategy):\n    """Says nothing."""\n    name = "good"\n    def on_data(self, context):\n        return None\n'

DECLARED = [
    ('name = "Bad Name"', "Bad.name is small letters, digits and underscores, a letter first, not 'Bad Name'"),
    ("name = 3", "Bad.name is small letters"),
    ('name = "a"; version = 2', 'Bad.version is a text, such as "1", not 2'),
    ('name = "a"; interval = "1x"', "Bad.interval: interval '1x' is not known"),
    ('name = "a"; interval = None', "Bad.interval"),
    ('name = "a"; universe = "AAPL"', 'Bad.universe is a list of symbols, such as ("AAPL", "IBM")'),
    ('name = "a"; universe = None', "Bad.universe is a list of symbols"),
    ('name = "a"; require = 3', "Bad.require is a list of conditions"),
    ('name = "a"; __init__ = lambda self, more: None', "TypeError"),
    ('name = "a"; __init__ = lambda self: 1 / 0', "ZeroDivisionError"),
    ('name = "a"; warmup_bars = lambda self, params: params["nothing"]', "Bad.warmup_bars: KeyError: 'nothing'"),
    ('name = "a"; universe = ("",)', "Bad.universe is a list of symbols"),
    ('name = "a"; params = {"x": "3"}', "Bad.params: x is whole(…), decimal(…) or a number, not '3'"),
    ('name = "a"; params = {"x y": 3}', "Bad.params: 'x y' is no name of a parameter"),
    ('name = "a"; params = [3]', "Bad.params is a mapping"),
    ('name = "a"; params = {"x": whole(3, low=5)}', "Bad.params: the default of x: parameter x is at least 5, not 3"),
    ('name = "a"; params = {"x": whole(2.5)}', "the default of x: parameter x is a whole number"),
    ('name = "a"; params = {"x": True}', "x is whole(…), decimal(…) or a number, not True"),
    ('name = "a"; require = "x < 3"', 'Bad.require is a list of conditions, such as ("fast < slow",)'),
    ('name = "a"; params = {"x": 1}; require = ("x <",)', "Bad.require: x <: "),
    ('name = "a"; params = {"x": 1}; require = ("x > 2",)', "x = 1: the strategy requires x > 2"),
    ('name = "a"; warmup = -1', "Bad.warmup is a number of bars from 0 up, not -1"),
    ('name = "a"; warmup = "10"', "Bad.warmup is a number of bars from 0 up, not '10'"),
    ('name = "a"; drift_band = 0', "Bad.drift_band is a fraction of the equity above 0, not 0"),
    ('name = "a"; drift_band = float("nan")', "Bad.drift_band is a fraction"),
    ('name = "a"; risk = {"max_gros": 2.0}', "Bad.risk has no limit 'max_gros'; did you mean max_gross?"),
    ('name = "a"; risk = {"max_drawdown": 25}', "Bad.risk: max_drawdown is"),
    ('name = "a"; risk = 3', "Bad.risk is a mapping of limits"),
]


@pytest.mark.parametrize(("declared", "said"), DECLARED, ids=[text for text, _ in DECLARED])
def test_wrong_declarations(declared: str, said: str) -> None:
    text = HEAD + f"class Bad(Strategy):\n    {declared}\n    def on_data(self, context):\n        return None\n"
    strategy, problems = read_python(text, "bad.py")
    assert strategy is None
    assert len(problems) == 1
    assert said in problems[0].sentence
    assert problems[0].line in (4, 5)
    with pytest.raises(InputError, match=r"^bad\.py, line [45]: "):
        load_python(text, "bad.py")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = HEAD + "class Bad(Strategy):\n    warmup = 'x'\n    universe = 'A'\n    def on_data(self, c): ...\n"
    _, problems = read_python(text, "bad.py")
    assert len(problems) == 2  # the name, the universe; the warm-up is asked for only of what is right otherwise


UNREADABLE = [
    ("class Bad(Strategy)\n    pass\n", 4, "this is not Python: expected ':'"),
    ("x = 1 / 0\n", 4, "ZeroDivisionError: division by zero"),
    ("import no_such_module_anywhere\n", 4, "a strategy is one file, and may import what is installed"),
    ("from . import sibling\n", 4, "ImportError"),
    ("import sys\nsys.exit(4)\n", 5, "SystemExit: 4"),
    ("x = 1\n", 1, "there is no strategy in this file: a class that inherits from qt_engine.Strategy"),
    ("class Empty(Strategy):\n    name = 'e'\n", 1, "strategy Empty has no on_data(self, context)"),
    ("x = '\0'\n", 1, "this is not Python"),
    (GOOD + GOOD.replace("Good", "Better").replace("good", "better"), 1, "there are several strategies in this file"),
]


@pytest.mark.parametrize(("body", "line", "said"), UNREADABLE, ids=[body[:30] for body, _, _ in UNREADABLE])
def test_files_without_a_strategy(body: str, line: int, said: str) -> None:
    strategy, problems = read_python(HEAD + body, "odd.py")
    assert strategy is None
    assert said in problems[0].sentence
    if "\0" not in body:
        assert problems[0].line == line


def test_of_several_the_registered_one_or_the_one_of_the_name_is_meant() -> None:
    better = GOOD.replace("Good", "Better").replace("good", "better")
    assert load_python(HEAD + GOOD + "@register_strategy\n" + better, "two.py").name == "better"
    assert load_python(HEAD + GOOD + better, "two.py", name="good").name == "good"


def test_what_is_read_is_what_the_class_says() -> None:
    strategy = program("""
        @register_strategy
        class Example(Strategy):
            \"""Buys the moon.

            And more.
            \"""
            name = "moon"
            version = "2024-05"
            interval = "1h"
            universe = ["A", "B"]
            params = {"n": whole(5, low=1, high=9, step=2), "share": decimal(0.5), "k": 3, "q": 0.25}
            require = ("n > k",)
            def warmup_bars(self, params):
                return params["n"]
            def on_data(self, context):
                return None
        """)
    assert (strategy.kind, strategy.name, strategy.version, strategy.interval) == ("python", "moon", "2024-05", "1h")
    assert strategy.description == "Buys the moon"
    assert strategy.universe == ("A", "B")
    assert resolve_parameters(strategy, {"n": "7"}) == {"n": 7, "share": 0.5, "k": 3, "q": 0.25}
    with pytest.raises(InputError, match="the strategy requires n > k"):
        resolve_parameters(strategy, {"n": 2})
    with pytest.raises(InputError, match="strategy moon has no parameter 'shares'; did you mean share"):
        resolve_parameters(strategy, {"shares": 2})
    canonical = strategy.canonical()
    assert canonical["sha256"] == hash_bytes(strategy.source.encode())
    assert (canonical["kind"], canonical["class"], canonical["version"]) == ("python", "Example", "2024-05")
    assert "example.py" not in str(canonical)  # where the file lay is no part of what the strategy is


def test_every_run_has_a_module_of_its_own_and_leaves_none_behind() -> None:
    before = set(sys.modules)
    strategy = program(GOOD)
    one, two = strategy.fresh(), strategy.fresh()
    assert one is not two
    assert one.__module__ != two.__module__
    assert not {name for name in set(sys.modules) - before if "strategy_" in name}


def test_dataclasses_with_late_annotations_can_be_used() -> None:
    text = textwrap.dedent("""\
        from __future__ import annotations
        from dataclasses import dataclass
        from typing import ClassVar
        from qt_engine import Strategy

        @dataclass
        class Note:
            price: float
            kind: ClassVar[str] = "note"

        class Good(Strategy):
            name = "good"
            def on_data(self, context: Context) -> None:
                Note(1.0)
        """)
    assert load_python(text, "late.py").name == "good"


def test_the_authors_file_does_not_inherit_late_annotations() -> None:
    strategy = load_python(HEAD + "def f(x: 1 + 1): ...\nassert f.__annotations__ == {'x': 2}\n" + GOOD, "own.py")
    assert strategy.name == "good"


def test_a_stored_program_must_be_the_one_that_ran() -> None:
    strategy = program(GOOD)
    assert stored_strategy(strategy.source, strategy.canonical()) == strategy
    with pytest.raises(InputError, match="the stored source of good is not the one that ran: sha256"):
        stored_strategy(strategy.source + "\n", strategy.canonical())


def test_the_library_finds_programs(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "good.py").write_text(HEAD + GOOD)
    (folder / "dangerous.py").write_text("raise SystemExit('this must not run to be listed')")
    library = StrategyLibrary(tmp_path)
    found = {info.name: info for info in library.programs()}
    assert {"good", "dangerous", "mr_pairs", "xmom_crosssec_py"} <= set(found)
    assert (found["good"].source, found["good"].language, found["good"].description) == (
        "workspace",
        "python",
        "Says nothing",
    )
    assert found["mr_pairs"].source == "shipped"
    assert found["good"].as_json()["language"] == "python"
    assert not {"good", "mr_pairs"} & {info.name for info in library.list()}
    source = library.resolve("good")
    assert (source.language, source.path) == ("python", folder / "good.py")
    assert load_strategy(source).name == "good"
    assert load_strategy(library.resolve(str(folder / "good.py"))).kind == "python"
    with pytest.raises(NotFoundError, match="did you mean mr_pairs"):
        library.resolve("mr_pair")
    with pytest.raises(NotFoundError, match=r"there is no strategy file \./nothing\.py"):
        library.resolve("./nothing.py")


def test_two_of_one_name_in_a_workspace_are_refused(tmp_path: Path) -> None:
    library = StrategyLibrary(tmp_path)
    library.save("good", "schema: 1\n")
    (tmp_path / "strategies" / "good.py").write_text(HEAD + GOOD)
    with pytest.raises(
        InputError, match=r"there are two strategies good: .*good\.yaml and .*good\.py; rename one of them"
    ):
        library.resolve("good")


def test_the_workspace_goes_before_what_ships(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mr_pairs.py").write_text(HEAD + GOOD)
    assert StrategyLibrary(tmp_path).resolve("mr_pairs").source == "workspace"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with a strategy that imports from a sibling, found by its entry point."""
    site = tmp_path / "site"
    code = site / "strategies_of_mine"
    code.mkdir(parents=True)
    (code / "__init__.py").write_text("")
    (code / "levels.py").write_text("HALF = 0.5\n")
    (code / "half.py").write_text(
        HEAD + "from .levels import HALF\n\n@register_strategy\nclass Half(Strategy):\n"
        '    name = "half"\n    universe = ("AAPL",)\n    def on_data(self, context):\n'
        '        return TargetPositions({"AAPL": HALF})\n'
    )
    (code / "broken.py").write_text("raise RuntimeError('no')\n")
    info = site / "strategies_of_mine-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strategies-of-mine\nVersion: 1.2\n")
    points = {"half": "half:Half", "broken": "broken:X", "other_name": "half:Half", "no_class": "levels:HALF"}
    lines = [f"{name} = strategies_of_mine.{value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("[qt.strategies]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(site))
    return site


def test_strategies_of_installed_packages(package: Path, tmp_path: Path) -> None:
    library = StrategyLibrary(tmp_path)
    found = {info.name: info for info in library.programs()}
    assert found["half"].source == "installed"
    assert found["half"].description == "installed with strategies-of-mine 1.2"
    assert "strategies_of_mine.half" not in sys.modules  # listed, not imported
    source = library.resolve("half")
    assert (source.source, source.package) == ("installed", "strategies_of_mine")
    strategy = load_strategy(source)
    assert strategy.name == "half"
    assert stored_strategy(source.text, strategy.canonical()) == strategy
    for name, said in (
        ("broken", "cannot be imported: RuntimeError: no"),
        ("other_name", "calls itself 'half'"),
        ("no_class", "is no class that inherits from Strategy"),
    ):
        with pytest.raises(InputError, match=said):
            library.resolve(name)


def test_a_registered_class_is_found_by_name_and_as_itself(package: Path, tmp_path: Path) -> None:
    from strategies_of_mine.half import Half  # type: ignore[import-not-found]

    library = StrategyLibrary(tmp_path)
    assert library.resolve("half").source == "registered"
    assert (
        library.resolve(Half).text == source_of(Half).text == (package / "strategies_of_mine" / "half.py").read_text()
    )


def test_registering_is_for_strategies_and_once_for_a_name() -> None:
    with pytest.raises(InputError, match="register_strategy is for classes that inherit from Strategy"):
        register_strategy(int)  # type: ignore[type-var]

    class Mine(Strategy):
        name = "registered_in_a_test"

        def on_data(self, context: object) -> None:
            return None

    class Other(Strategy):
        name = "registered_in_a_test"

        def on_data(self, context: object) -> None:
            return None

    assert register_strategy(Mine) is Mine
    assert register_strategy()(Mine) is Mine  # a module that is loaded again
    with pytest.raises(InputError, match="strategy registered_in_a_test is registered twice"):
        register_strategy(Other)


def test_a_class_without_a_file_cannot_be_run() -> None:
    namespace = {"__name__": "typed_into_a_prompt", "Strategy": Strategy}
    exec('class Typed(Strategy):\n    name = "typed"\n    def on_data(self, context): ...\n', namespace)
    with pytest.raises(InputError, match="strategy Typed has no source file, so that its runs could not be reproduced"):
        source_of(namespace["Typed"])  # type: ignore[arg-type]


def test_telling_programs_from_documents() -> None:
    assert is_python(HEAD + GOOD)
    assert not is_python("schema: 1\nname: a\nclass: x\n")
    assert not is_python("# class Foo(Strategy):\nschema: 1\n")
    assert description_in(HEAD + GOOD) == "Says nothing"
    assert description_in("class (") == ""
