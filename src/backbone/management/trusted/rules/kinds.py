"""What kind of value a term of a rule has, by the schema of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from backbone.model.constraints import ColumnRef, Predicate, Term
from backbone.model.schemas import Schema
from backbone.model.types import CanonicalType
from backbone.sql.denial_functions import (
    ARITHMETIC,
    CASTS,
    FUNCTIONS,
    MATCHES,
    Kind,
    function_of,
)
from backbone.sql.denial_terms import expression
from backbone.sql.queries import column

__all__ = ["fits", "kind_of_type", "pattern_mistakes", "predicate_mistakes"]

_WORDS = {"number": "a number", "text": "text", "time": "a point in time"}
_WORDS |= {"boolean": "true or false", "any": "anything"}
_PATTERNED = frozenset({"regexp_full_match", "regexp_matches"})
_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def kind_of_type(kind: CanonicalType) -> Kind:
    """Return the kind of the values of a canonical type.

    >>> kind_of_type(CanonicalType.parse("decimal(9,2)"))
    'number'
    """
    if kind.is_numeric:
        return "number"
    if kind.is_temporal:
        return "time"
    return "boolean" if kind.kind == "boolean" else "text"


def predicate_mistakes(predicate: Predicate, schema: Schema) -> Iterator[str]:
    """Yield what is wrong with the kinds of values that `predicate` puts together.

    The columns of `predicate` are all in `schema`.
    """
    check = _Check(schema)
    if predicate.right is None:
        kind = check.kind(check.tree(predicate.left))
        if predicate.op == "true" and kind not in {"boolean", "any"}:
            check.say(f"`{predicate.left.sql}` is {_WORDS[kind]}, not a condition")
    else:
        check.compared(check.tree(predicate.left), check.tree(predicate.right))
    yield from check.mistakes


def fits(text: str, kind: CanonicalType) -> bool:
    """Tell whether `text` is the text of a value of type `kind`.

    >>> from backbone.model.types import DATE
    >>> fits("2013-01-31", DATE), fits("soon", DATE)
    (True, False)
    """
    try:
        _READERS.get(kind.kind, str)(text)
    except (ValueError, InvalidOperation):
        return False
    return True


def pattern_mistakes(pattern: str) -> list[str]:
    """Return what is wrong with a regular expression, as engines read it (RE2).

    >>> pattern_mistakes("[0-9]+"), len(pattern_mistakes("[0-9"))
    ([], 1)
    """
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        return [f"`{pattern}` is no regular expression: {why}"]
    return []


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


_READERS: dict[str, Callable[[str], object]] = {
    "boolean": _boolean,
    "integer": int,
    "double": float,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "datetime": datetime.fromisoformat,
}


class _Check:
    """Walks the terms of one predicate and collects mistakes."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.mistakes: list[str] = []

    def say(self, mistake: str) -> None:
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def tree(self, term: Term) -> exp.Expr:
        def own(ref: ColumnRef) -> exp.Expr:
            return column(ref.column)

        return expression(term, own)

    def compared(self, left: exp.Expr, right: exp.Expr) -> None:
        left, right = left.unnest(), right.unnest()
        kinds = self.kind(left), self.kind(right)
        for one, other in ((left, right), (right, left)):
            if isinstance(one, exp.Literal) and one.is_string:
                self.literal(one, other)
                return
        if kinds[0] != kinds[1] and "any" not in kinds:
            words = f"{_WORDS[kinds[0]]} with {_WORDS[kinds[1]]}"
            self.say(f"`{_text(left)}` and `{_text(right)}`: compares {words}")

    def literal(self, literal: exp.Literal, other: exp.Expr) -> None:
        """A text beside a column is read as the column's type."""
        if isinstance(other, exp.Column) and other.name in self.schema:
            kind = self.schema[other.name].type
            if not fits(literal.this, kind):
                self.say(f"'{literal.this}' is no {kind}, the type of `{other.name}`")
        elif self.kind(other) not in {"text", "any"}:
            words = _WORDS[self.kind(other)]
            self.say(f"'{literal.this}' is text, `{_text(other)}` is {words}")

    def kind(self, node: exp.Expr) -> Kind:
        """Return the kind of `node`, having checked what is in it."""
        if isinstance(node, exp.Column):
            known = node.name in self.schema
            return kind_of_type(self.schema[node.name].type) if known else "any"
        if isinstance(node, (exp.Paren, exp.Try)):
            return self.kind(node.this)
        if type(node) in ARITHMETIC:
            return self.arithmetic(node)
        return _constant_kind(node) or self.condition(node) or self.call(node)

    def condition(self, node: exp.Expr) -> Kind | None:
        if isinstance(node, (exp.And, exp.Or, exp.Not)):
            for part in node.iter_expressions():
                self.wants(part, "boolean")
        elif isinstance(node, _COMPARED):
            self.compared(node.this, node.expression)
        elif isinstance(node, exp.In):
            for part in node.expressions:
                self.compared(node.this, part)
        elif type(node) in MATCHES:
            self.wants(node.this, "text")
        elif isinstance(node, exp.Is):
            self.kind(node.this)
        else:
            return None
        return "boolean"

    def wants(self, node: exp.Expr, kind: Kind) -> None:
        found = self.kind(node)
        if kind != "any" and found not in {kind, "any"}:
            self.say(f"`{_text(node)}` is {_WORDS[found]}, not {_WORDS[kind]}")

    def arithmetic(self, node: exp.Expr) -> Kind:
        if isinstance(node, exp.DPipe):
            self.wants(node.this, "text")
            self.wants(node.expression, "text")
            return "text"
        if isinstance(node, exp.Neg):
            self.wants(node.this, "number")
            return "number"
        left, right = self.kind(node.this), self.kind(node.expression)
        if isinstance(node, (exp.Add, exp.Sub)) and "time" in {left, right}:
            both = left == right == "time"
            return "any" if both and isinstance(node, exp.Sub) else "time"
        self.wants(node.this, "number")
        self.wants(node.expression, "number")
        return "number"

    def call(self, node: exp.Expr) -> Kind:
        name = function_of(node)
        if name is None:
            return "any"
        if name in {"cast", "try_cast"}:
            self.kind(node.this)
            return CASTS[node.args["to"].this]
        if name in _PATTERNED and isinstance(node.expression, exp.Literal):
            self.mistakes += pattern_mistakes(node.expression.name)
        function = FUNCTIONS[name]
        parts = [e for e in node.iter_expressions() if not isinstance(e, exp.Var)]
        for number, part in enumerate(parts):
            self.wants(part, function.takes[min(number, len(function.takes) - 1)])
        return self.kind(parts[0]) if function.gives == "any" else function.gives


def _constant_kind(node: exp.Expr) -> Kind | None:
    if isinstance(node, exp.Literal):
        return "text" if node.is_string else "number"
    if isinstance(node, exp.Boolean):
        return "boolean"
    return "any" if isinstance(node, exp.Interval) else None


def _text(node: exp.Expr) -> str:
    plain = node.copy().transform(lambda n: n.this if isinstance(n, exp.Try) else n)
    for found in plain.find_all(exp.Identifier):
        found.set("quoted", not found.name.isidentifier())
    return str(plain.sql(dialect="duckdb"))
