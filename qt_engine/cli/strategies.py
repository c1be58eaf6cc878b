"""`qt strategies`: what there is, what it says, what is wrong with it, and the proof that it does not look ahead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qt_engine.cli.context import invocation
from qt_engine.cli.output import ExitCode, is_terminal, print_json, print_line, print_table, progress_bar
from qt_engine.core.errors import InputError
from qt_engine.core.text import plain

if TYPE_CHECKING:
    from qt_engine.strategies.document import StrategyDocument
    from qt_engine.strategies.library import StrategyLibrary
    from qt_engine.strategies.problems import Problem

app = typer.Typer(help="List, check and prove strategies.", add_completion=False, rich_markup_mode=None)

JSON = typer.Option(False, "--json", help="Print one JSON document.")
STRATEGY = typer.Argument(
    metavar="STRATEGY", help="A shipped name, a name in the workspace, or a file (.yaml, or .py: a program, and run)."
)


@app.command("list")
def list_strategies(context: typer.Context, as_json: bool = JSON) -> None:
    """List the strategies that ship with qt, those of the workspace, and those of installed packages."""
    library = _library(context)
    found = sorted([*library.list(), *library.programs()], key=lambda info: (info.name, info.language != "yaml"))
    if as_json:
        print_json([info.as_json() for info in found])
    else:
        rows = [(info.name, info.source, info.language, info.description) for info in found]
        print_table(("name", "source", "language", "description"), rows)


@app.command()
def show(context: typer.Context, strategy: str = STRATEGY, as_json: bool = JSON) -> None:
    """Print a strategy's text; with --json also its parameters and what it amounts to (Python is run for that)."""
    from qt_engine.strategies.loading import read_strategy

    source = _library(context).resolve(strategy)
    if not as_json:
        for line in source.text.splitlines():
            print_line(line)
        return
    document, problems = read_strategy(source)
    print_json({
        "name": source.name, "source": source.source, "path": str(source.path), "text": source.text,
        "document": None if document is None else document.canonical(),
        "problems": [problem.as_json() for problem in problems],
    })  # fmt: skip


@app.command()
def check(context: typer.Context, file: str = STRATEGY, as_json: bool = JSON) -> int:
    """List everything that is wrong with a strategy; exit code 2 if it cannot be run.

    A document is only read. A strategy in Python is a program: its file is run to be checked, with your rights.
    """
    from qt_engine.strategies.language import read_document
    from qt_engine.strategies.loading import read_strategy
    from qt_engine.strategies.problems import errors

    if _is_python(context, file):
        source = _library(context).resolve(file)
        shown = file if source.source == "file" else str(source.path)
        document, problems = read_strategy(source)
    else:
        shown, text = _text(context, file)
        document, problems = read_document(text)
    wrong = len(errors(problems))
    if as_json:
        print_json({
            "file": shown, "ok": wrong == 0, "name": None if document is None else document.name, "errors": wrong,
            "warnings": len(problems) - wrong, "problems": [problem.as_json() for problem in problems],
        })  # fmt: skip
    else:
        _print_problems(shown, document, problems)
    return ExitCode.WRONG_INPUT if wrong else ExitCode.DONE


@app.command()
def prove(
    context: typer.Context,
    strategy: str = STRATEGY,
    symbols: str | None = typer.Option(None, metavar="A,B", help="In place of the strategy's universe."),
    interval: str | None = typer.Option(None, metavar="I", help="Length of a bar, such as 1d; else the strategy's."),
    start: str | None = typer.Option(None, metavar="DATE", help="First day, such as 2010-01-31."),
    end: str | None = typer.Option(None, metavar="DATE", help="Last day, inclusive."),
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="K=V", help="Set a parameter; may be repeated.")
    ] = None,
    thorough: bool = typer.Option(False, "--thorough", help="Cut the future off at every bar."),
    as_json: bool = JSON,
) -> int:
    """Prove on stored bars that a strategy does not look ahead, and that its warm-up is long enough.

    The future is taken away and everything decided again: no past decision may change. Exit code 1 if one does.
    """
    from qt_engine.cli.backtest import read_assignments, read_symbols

    with progress_bar(f"prove {strategy}") as progress:
        proofs = invocation(context).workspace.prove(
            strategy, read_symbols(symbols), interval, start, end, read_assignments(assignments or []),
            thorough=thorough, progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(proofs.as_json())
    else:
        for sentence in proofs.sentences:
            print_line(sentence)
    return ExitCode.DONE if proofs.clean else ExitCode.FAILED


def _is_python(context: typer.Context, reference: str) -> bool:
    """Whether a reference means a program: a Python file, or a name that only a program has."""
    if Path(reference).suffix == ".py":
        return True
    try:
        return not Path(reference).is_file() and _library(context).resolve(reference).language == "python"
    except (InputError, OSError, ValueError):
        return False


def _library(context: typer.Context) -> StrategyLibrary:
    library: Any = invocation(context).workspace.strategies
    return library  # type: ignore[no-any-return]


def _text(context: typer.Context, reference: str) -> tuple[str, str | bytes]:
    """The name to show and the content: of a file also where it is no text, so that the check can say so."""
    from qt_engine.strategies.syntax import MAX_BYTES

    path = Path(reference)
    try:
        if path.is_file():
            with path.open("rb") as content:
                return reference, content.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {reason}", file=plain(reference)) from None
    source = _library(context).resolve(reference)
    return str(source.path), source.text


def _print_problems(file: str, document: StrategyDocument | None, problems: list[Problem]) -> None:
    for problem in problems:
        print_line(f"{file}:{problem.line}:{problem.column}: {problem.severity}: {problem.sentence}")
    if document is None:
        count = sum(problem.severity == "error" for problem in problems)
        print_line(f"{file}: {count} error{'' if count == 1 else 's'}; it cannot be run")
        return
    print_line(f"{file}: {document.name} is right" + ("" if not problems else ", with the warnings above"))
    if document.params and is_terminal():
        rows = [(p.name, p.type, p.default, p.low, p.high, p.step) for p in document.params.values()]
        print_table(
            ("parameter", "type", "default", "low", "high", "step"), rows, right=("default", "low", "high", "step")
        )
