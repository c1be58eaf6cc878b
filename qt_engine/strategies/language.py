"""The strategy language's front door: from text to a checked document, with everything that is wrong at once."""

from __future__ import annotations

from qt_engine.core.text import plain
from qt_engine.strategies import sections
from qt_engine.strategies.checking import check_document
from qt_engine.strategies.document import (
    Entry,
    Exit,
    Reentry,
    RiskLimits,
    Sizing,
    StrategyDocument,
)
from qt_engine.strategies.problems import ExpressionError, Problem, errors
from qt_engine.strategies.reading import Reader, is_empty
from qt_engine.strategies.syntax import Scalar, Section, Tree, read_tree

KEYS = (
    "schema", "name", "description", "kind", "interval", "universe", "params", "require", "let", "entry", "exit",
    "reentry", "sizing", "risk",
)  # fmt: skip
"""The sections of a strategy of kind `rules`, in the order in which they are best written."""
PORTFOLIO_KEYS = ("select", "weights", "rebalance", "constraints")
MAX_PROBLEMS = 200


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
    if not _is_rules(reader, given, tree):
        return None
    _unknown_keys(reader, tree)
    for needed in ("schema", "name", "kind", "entry"):
        if needed not in given:
            example = {"schema": "schema: 1", "name": "name: my_strategy", "kind": "kind: rules"}.get(
                needed, "entry: {long: …}"
            )
            reader.report(tree, f"{needed} is missing; add {example}")

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
    entry = sections.entry(reader, *given["entry"]) if "entry" in given else Entry()
    leave = sections.exit_(reader, part) if (part := value("exit")) is not None else Exit()
    reentry = sections.reentry(reader, part) if (part := value("reentry")) is not None else Reentry()
    sizing = sections.sizing(reader, part) if (part := value("sizing")) is not None else Sizing()
    risk = sections.risk(reader, part) if (part := value("risk")) is not None else RiskLimits()
    document = StrategyDocument(
        name=name or "", description=description, interval=interval, universe=universe, params=params, require=require,
        let={key: expression for key, (_, expression) in let.items() if expression is not None},
        entry=entry, exit=leave, reentry=reentry, sizing=sizing, risk=risk,
    )  # fmt: skip
    return check_document(reader, document, {key: place for key, (place, _) in let.items()}, given)


def _is_rules(reader: Reader, given: dict[str, tuple[Scalar, Tree]], tree: Section) -> bool:
    kind = given["kind"][1] if "kind" in given else None
    if isinstance(kind, Scalar) and kind.text == "portfolio":
        reader.report(kind, "strategies of kind portfolio are not supported in this version yet", "rules")
        return False
    if kind is not None:
        reader.choice(kind, "kind", ("rules", "portfolio"))
    return True


def _unknown_keys(reader: Reader, tree: Section) -> None:
    for key, _ in tree.entries:
        if key.text in PORTFOLIO_KEYS:
            reader.report(key, f"{key.text} belongs to kind portfolio, which is not supported in this version yet")
        elif key.text not in KEYS:
            near = reader.closest(key.text, KEYS)
            inside = next((section for section, keys in sections.SECTION_KEYS.items() if key.text in keys), None)
            advice = (
                f"; it belongs under {inside}"
                if inside and not near
                else ""
                if near
                else f"; known are {', '.join(KEYS)}"
            )
            reader.report(key, f"{plain(key.text, 60)!r} is not a section of a strategy{advice}", near)


def _description(reader: Reader, tree: Tree | None) -> str:
    return (reader.text(tree, "description") or "").strip() if tree is not None and not is_empty(tree) else ""
