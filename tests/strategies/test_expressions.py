"""Texts of expressions become the trees that they mean; trees become texts that read back to equal trees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qt_engine.strategies.expressions import (
    Binary,
    Call,
    Compare,
    Expression,
    ExpressionError,
    Lag,
    Logic,
    Name,
    Number,
    Unary,
    parse_expression,
)
from qt_engine.strategies.writing import expression_text

A, B, C = Name("a"), Name("b"), Name("c")

MEANINGS: list[tuple[str, Expression]] = [
    ("1", Number(1)),
    ("1.5e2", Number(150.0)),
    ("1_000", Number(1000)),
    ("-3", Number(-3)),
    ("+3", Number(3)),
    ("a", A),
    ("  a  ", A),
    ("-a", Unary("-", A)),
    ("a + b * c", Binary("+", A, Binary("*", B, C))),
    ("(a + b) * c", Binary("*", Binary("+", A, B), C)),
    ("a - b - c", Binary("-", Binary("-", A, B), C)),
    ("-a ** 2", Unary("-", Binary("**", A, Number(2)))),
    ("a ** -2", Binary("**", A, Number(-2))),
    ("a < b", Compare("<", A, B)),
    ("a < b <= c", Logic("and", (Compare("<", A, B), Compare("<=", B, C)))),
    ("a == b", Compare("==", A, B)),
    ("a != b", Compare("!=", A, B)),
    ("not a < b", Unary("not", Compare("<", A, B))),
    ("a > b and b > c or c > a", Logic("or", (Logic("and", (Compare(">", A, B), Compare(">", B, C))), Compare(">", C, A)))),
    ("a > b and b > c and c > a", Logic("and", (Compare(">", A, B), Compare(">", B, C), Compare(">", C, A)))),
    ("f()", Call("f", ())),
    ("f(a, 2)", Call("f", (A, Number(2)))),
    ("f(a, n=2)", Call("f", (A,), (("n", Number(2)),))),
    ("ta.RSI(a, 14)", Call("ta.RSI", (A, Number(14)))),
    ("a[1]", Lag(A, Number(1))),
    ("a[n]", Lag(A, Name("n"))),
    ("f(a)[2][1]", Lag(Lag(Call("f", (A,)), Number(2)), Number(1))),
    ("(a + b)[1]", Lag(Binary("+", A, B), Number(1))),
    ("a >\n  b", Compare(">", A, B)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_meaning(text: str, tree: Expression) -> None:
    assert parse_expression(text) == tree
    assert parse_expression(expression_text(tree)) == tree


def test_every_node_knows_its_place_in_the_file() -> None:
    tree = parse_expression("close > sma(open, n)[2]", line=7, column=9)
    assert isinstance(tree, Compare)
    assert isinstance(tree.right, Lag)
    assert isinstance(tree.right.operand, Call)
    places = [tree.left, tree.right, tree.right.operand.args[1], tree.right.bars]
    assert [(node.line, node.column) for node in places] == [(7, 9), (7, 17), (7, 27), (7, 30)]


def test_a_second_line_starts_at_its_own_column() -> None:
    tree = parse_expression("a and\n  b > c", line=3, column=5)
    assert isinstance(tree, Logic)
    assert (tree.operands[1].line, tree.operands[1].column) == (4, 3)


def test_equal_meaning_is_equal_wherever_it_stands() -> None:
    assert parse_expression("sma( close,20 )", 1, 1) == parse_expression("sma(close, 20)", 9, 40)
    assert hash(parse_expression("a + b", 1, 1)) == hash(parse_expression("a+b", 2, 2))


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "a b", "a,b", "a; b", "a := 1", "f(*a)", "f(**a)", "f(x for x in a)", "[a]", "{a}", "{1: 2}", "'a'", "a.b", "a.b.c",
        "f(a)(b)", "a[1:2]", "a[1, 2]", "a[b + 1]", "a[-1]", "a[1.5]", "a[True]", "lambda: 1", "a if b else c", "a is b", "a in b",
        "a @ b", "a // b", "a % b", "a & b", "a | b", "a ^ b", "~a", "!a", "a << 1", "a >> 1", "await a", "yield", "...", "()", "1j",
        "0x10", "0777", "1__0", "True", "None", "nan", "__import__('os')", "a.__class__", "f\"{a}\"", "`a`", "a # b", "a\\\nb", "$a",
        "9**9**9", "2**99", "2**a", "1e999", "9" * 400, "a = b", "é", "x\u0301", "\x00", "\ud800", "a\u2028b", "f(a=1, a=2)", "f(a=1, 2)",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse_expression(text)
    assert refusal.value.problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in refusal.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + "a" + ")" * 500, "(" * 1999, ")" * 1999, "[" * 1999, "-" * 1999 + "a", "not " * 480 + "a", "a" + "[1]" * 600,
        "f(" * 600, "a" + "+a" * 900, "a" + "**a" * 500, "a<" * 900 + "a", "a" * 3000, "{" * 1999,
        "lambda " * 200, "f(" * 30 + ")" * 30 + "(" * 30, "1" + "if 1 else 1" * 100, "a," * 900, "'" * 1999, "f(a," * 400,
    ],
    ids=range(19),
)  # fmt: skip
@pytest.mark.timeout(2)
def test_large_and_deep_texts_are_refused_at_once(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)


_NAMES = st.sampled_from(["a", "b", "close", "fast_ma"]).map(Name)
_NUMBERS = st.one_of(
    st.integers(-1000, 1000),
    st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: 0.0 if x == 0 else x),
).map(Number)


def _extend(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    minus = inner.filter(lambda node: not isinstance(node, Number)).map(lambda node: Unary("-", node))
    return st.one_of(
        minus,
        inner.map(lambda node: Unary("not", node)),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/"]), inner, inner),
        st.builds(Binary, st.just("**"), inner, st.integers(-16, 16).map(Number)),
        st.builds(Compare, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner, inner),
        st.builds(Logic, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Call, st.sampled_from(["f", "ta.RSI"]), st.lists(inner, max_size=3).map(tuple), st.just(())),
        st.builds(Call, st.just("g"), st.just(()), st.tuples(st.tuples(st.just("n"), inner))),
        st.builds(Lag, inner, st.one_of(st.integers(0, 500).map(Number), _NAMES)),
    )


@given(st.recursive(st.one_of(_NAMES, _NUMBERS), _extend, max_leaves=8))
def test_every_tree_reads_back_from_its_text(tree: Expression) -> None:
    text = expression_text(tree)
    assert parse_expression(text) == tree
    assert expression_text(parse_expression(text)) == text


@given(st.text(max_size=200))
def test_any_text_is_a_tree_or_a_refusal(text: str) -> None:
    try:
        found: object = parse_expression(text, 3, 4)
    except ExpressionError as refusal:
        found = refusal.problems
    assert found


@given(st.lists(st.sampled_from(list("()[],.+-*/<>=!&|% \n") + [
    "a", "close", "sma", "ta.RSI", "1", "2.5", "1e9", "and", "or", "not", "**", "<=", "==", "lambda", "if", "f(", "'", "[1]", "n=",
]), max_size=40))  # fmt: skip
def test_any_mixture_of_tokens_is_a_tree_or_a_refusal(tokens: list[str]) -> None:
    text = " ".join(tokens)
    try:
        tree = parse_expression(text)
    except ExpressionError as refusal:
        problems = refusal.problems
        assert all(problem.message for problem in problems)
    else:
        assert parse_expression(expression_text(tree)) == tree
