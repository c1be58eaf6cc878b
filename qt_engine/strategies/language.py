"""The strategy language's front door: from text to a checked document, with everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from qt_engine.core.text import plain
from qt_engine.strategies import portfolio_sections, sections
from qt_engine.strategies.checking import check_document
from qt_engine.strategies.document import Entry, Exit, Orders, Reentry, RulesDocument, Sizing, StrategyDocument
from qt_engine.strategies.nodes import Number
from qt_engine.strategies.portfolio_document import PortfolioDocument, Rebalance, Select, Weights
from qt_engine.strategies.portfolio_sections import PORTFOLIO_SECTION_KEYS
from qt_engine.strategies.problems import ExpressionError, Problem, errors
from qt_engine.strategies.reading import Reader, is_empty
from qt_engine.strategies.syntax import Scalar, Section, Tree, read_tree

HEAD_KEYS = ("schema", "name", "description", "kind", "interval", "universe", "params", "require", "let")
KEYS = (*HEAD_KEYS, "entry", "exit", "reentry", "sizing", "orders", "risk")
"""The sections of a strategy of kind `rules`, in the order in which they are best written."""
PORTFOLIO_KEYS = (*HEAD_KEYS, "select", "weights", "rebalance", "constraints", "risk")
"""Those of a strategy of kind `portfolio`."""
KINDS = {"rules": KEYS, "portfolio": PORTFOLIO_KEYS}
NESTED_KEYS = {
    "rules": sections.SECTION_KEYS,
    "portfolio": PORTFOLIO_SECTION_KEYS | {"risk": sections.SECTION_KEYS["risk"]},
}
MAX_PROBLEMS = 200

Given: TypeAlias = Mapping[str, tuple[Scalar, Tree]]


def read_document(text: str | bytes, file: str | None = None) -> tuple[StrategyDocument | None, list[Problem]]:
    """Read and check a strategy.

    Parameters
    ----------
    text
        YAML or JSON, at most 100 kB of UTF-8.
    file
        Only for the reader's information; problems have no file of their own.

    Returns
    -------
    The document, or None if there is any problem of severity `error`; and all problems, in the order of the file.
    Never raises, whatever the text.
    """
    tree, problems = read_tree(text)
    document = None
    if tree is not None or not problems:
        reader = Reader()
        reader.problems.extend(problems)
        document = _read(reader, tree)
        problems = reader.problems
    problems = sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))
    return (None if errors(problems) else document), problems[:MAX_PROBLEMS]


def load_document(text: str | bytes, file: str | None = None) -> StrategyDocument:
    """Read a strategy that must be right.

    Raises
    ------
    ExpressionError
        (an `InputError`) With the first problem as its message and all of them in `problems`.
    """
    document, problems = read_document(text, file)
    if document is None:
        raise ExpressionError(errors(problems), file=file)
    return document


def _read(reader: Reader, tree: Tree | None) -> StrategyDocument | None:
    if tree is None or is_empty(tree):
        reader.problems.append(Problem(1, 1, "the strategy is empty; it starts with schema: 1"))
        return None
    if not isinstance(tree, Section):
        reader.report(tree, "a strategy is a mapping that starts with schema: 1")
        return None
    given = {key.text: (key, value) for key, value in tree.entries}
    kind = _kind(reader, given)
    _unknown_keys(reader, tree, kind)
    needed = {"schema": "schema: 1", "name": "name: my_strategy", "kind": f"kind: {kind}"}
    if kind == "rules":
        needed["entry"] = "entry: {long: …}"
    for key, example in needed.items():
        if key not in given:
            reader.report(tree, f"{key} is missing; add {example}")
    head, places = _head(reader, given)
    document = _rules(reader, given, head) if kind == "rules" else _portfolio(reader, given, head)
    return check_document(reader, document, places, given)


def _kind(reader: Reader, given: Given) -> str:
    """The kind as written, or the one that the sections look like."""
    if "kind" in given and (word := reader.choice(given["kind"][1], "kind", KINDS)) is not None:
        return word
    return "portfolio" if "entry" not in given and any(key in PORTFOLIO_SECTION_KEYS for key in given) else "rules"


def _unknown_keys(reader: Reader, tree: Section, kind: str) -> None:
    known = KINDS[kind]
    other = next(name for name in KINDS if name != kind)
    for key, _ in tree.entries:
        if key.text in known:
            continue
        if key.text in KINDS[other]:
            reader.report(key, f"{key.text} belongs to kind {other}, and this strategy is of kind {kind}")
            continue
        near = reader.closest(key.text, known)
        inside = next((section for section, keys in NESTED_KEYS[kind].items() if key.text in keys), None)
        advice = (
            f"; it belongs under {inside}" if inside and not near else "" if near else f"; known are {', '.join(known)}"
        )
        reader.report(key, f"{plain(key.text, 60)!r} is not a section of a strategy{advice}", near)


def _head(reader: Reader, given: Given) -> tuple[dict[str, Any], dict[str, Scalar]]:
    """The fields that all kinds have, and the place of every name of `let`, also of those that could not be read."""

    def value(key: str) -> Tree | None:
        return given[key][1] if key in given else None

    if (schema := value("schema")) is not None and not (isinstance(schema, Scalar) and schema.text == "1"):
        reader.report(schema, "schema is 1, the only version there is", "1")
    name = sections.strategy_name(reader, part) if (part := value("name")) is not None else None
    description = _description(reader, value("description"))
    interval = sections.interval(reader, part) if (part := value("interval")) is not None else "1d"
    universe = sections.universe(reader, part) if (part := value("universe")) is not None else ()
    params = sections.parameters(reader, part) if (part := value("params")) is not None else {}
    require = sections.conditions(reader, part, "require") if (part := value("require")) is not None else ()
    let = sections.named_expressions(reader, part, params) if (part := value("let")) is not None else {}
    head = {
        "name": name or "", "description": description, "interval": interval, "universe": universe, "params": params,
        "require": require, "let": {key: expression for key, (_, expression) in let.items() if expression is not None},
    }  # fmt: skip
    return head, {key: place for key, (place, _) in let.items()}


def _rules(reader: Reader, given: Given, head: Mapping[str, Any]) -> RulesDocument:
    return RulesDocument(
        entry=sections.entry(reader, *given["entry"]) if "entry" in given else Entry(),
        exit=sections.exit_(reader, given["exit"][1]) if "exit" in given else Exit(),
        reentry=sections.reentry(reader, given["reentry"][1]) if "reentry" in given else Reentry(),
        sizing=sections.sizing(reader, given["sizing"][1]) if "sizing" in given else Sizing(),
        orders=sections.orders(reader, given["orders"][1]) if "orders" in given else Orders(),
        risk=sections.risk(reader, given["risk"][1] if "risk" in given else None, Number(1.0)),
        **head,
    )


def _portfolio(reader: Reader, given: Given, head: Mapping[str, Any]) -> PortfolioDocument:
    select = portfolio_sections.select(reader, given["select"][1]) if "select" in given else Select()
    weights = portfolio_sections.weights(reader, *given["weights"]) if "weights" in given else Weights()
    bounds = given["constraints"][1] if "constraints" in given else None
    constraints = portfolio_sections.constraints(reader, bounds, select, weights.method)
    return PortfolioDocument(
        select=select,
        weights=weights,
        rebalance=portfolio_sections.rebalance(reader, given["rebalance"][1]) if "rebalance" in given else Rebalance(),
        constraints=constraints,
        risk=sections.risk(reader, given["risk"][1] if "risk" in given else None, constraints.gross),
        **head,
    )


def _description(reader: Reader, tree: Tree | None) -> str:
    return (reader.text(tree, "description") or "").strip() if tree is not None and not is_empty(tree) else ""
