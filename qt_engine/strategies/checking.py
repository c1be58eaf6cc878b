"""What the sections of a strategy mean together: cycles, uses, bounds, and what each of them may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest
from qt_engine.strategies.constants import holds
from qt_engine.strategies.document import RulesDocument
from qt_engine.strategies.expression_types import TypeChecker, constants_of
from qt_engine.strategies.inlining import AnyDocument, inline, positional, rewrite
from qt_engine.strategies.nodes import Expression, names
from qt_engine.strategies.portfolio_document import PortfolioDocument
from qt_engine.strategies.problems import ExpressionError, errors
from qt_engine.strategies.reading import Reader
from qt_engine.strategies.settings import agreements, settings_of
from qt_engine.strategies.syntax import Scalar, Tree

SIDES = ("long", "short")


def check_document(
    reader: Reader,
    document: AnyDocument,
    places: Mapping[str, Scalar],
    given: Mapping[str, tuple[Scalar, Tree]],
) -> AnyDocument:
    """Report everything that is wrong with the meaning of a document.

    Parameters
    ----------
    places
        Every name of `let` with its place, also where the expression could not be read.
    given
        The sections of the file, for problems that concern a whole section.

    Returns
    -------
    The document with `let` in an order in which each name reads only those before it, without its constants, which
    stand in the places that read them; arguments of the language's own functions stand by position.
    """
    _check_uses(reader, document, places)
    document = replace(document, let=_ordered(reader, document.let, places))
    try:
        document = inline(document, constants_of(document.let, {*document.params, *reader.unread}))
    except ExpressionError as error:
        reader.problems.extend(error.problems)
        return document
    checker = TypeChecker(reader, document.params, places)
    for name, expression in document.let.items():
        checker.define(name, expression)
    for reading in document.readings():
        if reading.returns == "condition":
            checker.condition(reading.expression, reading.place, position=reading.position)
        else:
            checker.number(reading.expression, reading.place)
    _check_constants(reader, document, checker)
    if isinstance(document, RulesDocument):
        _check_sides(reader, document, given)
    if isinstance(document, PortfolioDocument):
        _check_sectors(reader, document, given)
    return document if errors(reader.problems) else rewrite(document, positional)


def _ordered(reader: Reader, let: Mapping[str, Expression], places: Mapping[str, Scalar]) -> dict[str, Expression]:
    """Names after all that they read; those that read themselves are reported and left where they are met."""
    ordered: dict[str, Expression] = {}
    reads = {name: sorted(names(expression) & let.keys()) for name, expression in let.items()}
    for start in let:
        path = [(start, iter(reads[start]))] if start not in ordered else []
        while path:
            name, rest = path[-1]
            following = next((other for other in rest if other not in ordered), None)
            if following is None:
                ordered[name] = let[name]
                path.pop()
                continue
            open_names = [opened for opened, _ in path]
            if following not in open_names:
                path.append((following, iter(reads[following])))
                continue
            circle = [*open_names[open_names.index(following) :], following]
            shown = " → ".join(circle if len(circle) <= 6 else [*circle[:5], "…", following])
            reader.report(places[following], f"{following} reads itself: {shown}")
    return ordered


def _expressions(document: AnyDocument) -> Iterator[Expression]:
    yield from document.require
    yield from document.let.values()
    yield from (reading.expression for reading in document.readings())
    yield from (expression for _, _, expression in settings_of(document))


def _check_uses(reader: Reader, document: AnyDocument, places: Mapping[str, Scalar]) -> None:
    """Warn of names that nothing reads; where something could not be read nobody knows."""
    if errors(reader.problems):
        return
    read: set[str] = set()
    for expression in _expressions(document):
        read |= names(expression)
    for parameter in document.params.values():
        if parameter.name not in read:
            place = Scalar(parameter.name, False, parameter.line, parameter.column, parameter.name)
            reader.report(place, f"parameter {parameter.name} is never read", severity="warning")
    for name, place in places.items():
        if name not in read:
            reader.report(place, f"let expression {name} is never read", severity="warning")


def _check_constants(reader: Reader, document: AnyDocument, checker: TypeChecker) -> None:
    """`require` and the settings read parameters alone, and the defaults meet them."""
    defaults = {name: parameter.default for name, parameter in document.params.items()}
    for condition in document.require:
        if checker.constant(condition, "condition", "require"):
            try:
                if not holds(condition, defaults):
                    reader.report(condition, "the defaults of the parameters do not meet this requirement")
            except InputError as error:
                reader.report(condition, error.reason)
    for name, setting, expression in settings_of(document):
        if checker.constant(expression, "number", name):
            try:
                setting.check(name, expression, defaults)
            except InputError as error:
                reader.report(expression, error.reason)
    if not errors(reader.problems):
        for right, condition in agreements(document):
            if not holds(condition, defaults):
                reader.report(condition, right)


def _check_sides(reader: Reader, document: RulesDocument, given: Mapping[str, tuple[Scalar, Tree]]) -> None:
    """What the sections ask of each other."""
    if errors(reader.problems):
        return
    leave = document.exit
    if document.sizing.method == "risk_per_trade" and leave.stop_loss is None and leave.trailing_stop is None:
        message = "risk_per_trade measures the risk by the stop: add stop_loss or trailing_stop under exit"
        reader.report(given["sizing"][0], message, "stop_loss: 2%")
    protected = any(
        part is not None for part in (leave.stop_loss, leave.take_profit, leave.trailing_stop, leave.time_stop)
    )
    for side in SIDES:
        enters, exits = getattr(document.entry, side), getattr(leave, side)
        if enters is not None and exits is None and not protected:
            message = f"nothing ever closes a {side} position: add a condition, a stop or a time stop under exit"
            reader.report(given["entry"][0], message, severity="warning")
        if enters is None and exits is not None:
            reader.report(exits, f"there is no entry for {side}, so this is never read", severity="warning")


def _check_sectors(reader: Reader, document: PortfolioDocument, given: Mapping[str, tuple[Scalar, Tree]]) -> None:
    """Symbols of sectors that the strategy never holds are probably misspelt."""
    known = set(document.universe)
    for name, symbols in document.constraints.sectors:
        for symbol in symbols:
            if known and symbol not in known:
                message = f"{symbol} of sector {name} is not in the universe"
                near = nearest(symbol, sorted(known)) if reader.may_search() else None
                reader.report(given["constraints"][0], message, near, severity="warning")
