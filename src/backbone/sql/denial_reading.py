"""Reading the text of a rule: rows, logic, predicates, and the allow-list of nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten
from typing import Any, NoReturn

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from backbone.errors import RuleSyntaxError, nearest
from backbone.model.constraints import SWAPPED, Operator, Predicate, Term
from backbone.sql.denial_functions import (
    ARITHMETIC,
    CASTS,
    FUNCTIONS,
    MATCHES,
    UNITS,
    function_of,
)
from backbone.sql.denial_terms import column_node, term_of

__all__ = ["REFERENCE_EXAMPLE", "Reading"]

_MAX_TEXT = 4_000
_SHOWN = 200
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?")
_COMPARED: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_OPPOSITE: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}
_PAIR = frozenset({"", "t1", "t2"})
_NEIGHBOURS = frozenset({"", "t1", "previous", "next"})
_NEIGHBOURS_HINT = "Rows of a sequence are the row itself, `previous` and `next`."
_EXAMPLE = "A rule reads like `t1.zip = t2.zip and t1.city <> t2.city` or `arr < dep`."
REFERENCE_EXAMPLE = "Write `not exists stations.id = station_id`."


@dataclass(frozen=True)
class Reading:
    """The text of one rule while it is read.

    `name` is the rule's, for errors, which give the position in `text`. With
    `neighbours`, it speaks of a row and those before and after it.
    """

    name: str
    text: str
    neighbours: bool = False

    def fail(self, node: exp.Expr | None, what: str, hint: str | None = None) -> NoReturn:
        """Raise a RuleSyntaxError about `node`."""
        starts = (
            [n.meta["start"] for n in node.walk() if "start" in n.meta] if node else []
        )
        self.fail_at(min(starts) + 1 if starts else None, what, hint)

    def fail_at(self, at: int | None, what: str, hint: str | None = None) -> NoReturn:
        """Raise a RuleSyntaxError about the character `at` (the first is 1)."""
        place = f" at character {at}" if at is not None else ""
        text = shorten(self.text, _SHOWN, placeholder=" …")
        message = f"rule `{self.name}`{place}: {what}, in `{text}`"
        raise RuleSyntaxError(message, hint=hint)

    def tokens(self) -> list[Token]:
        """Return the tokens of the text, which are one rule and no statement."""
        if len(self.text) > _MAX_TEXT:
            self.fail_at(None, f"the text is longer than {_MAX_TEXT:,} characters")
        try:
            tokens = Dialect.get_or_raise("duckdb").tokenize(self.text)
        except TokenError:
            hint = "Texts stand in single quotes, odd column names in double quotes."
            self.fail_at(None, "a quote is not closed", hint)
        for token in tokens:
            if token.token_type == TokenType.SEMICOLON:
                self.fail_at(
                    token.start + 1, "`;` has no place in a rule", "Write two rules."
                )
        if not tokens:
            self.fail_at(None, "the text is empty", _EXAMPLE)
        return tokens

    def tree(self, text: str) -> exp.Expr:
        """Parse `text` as a condition."""
        try:
            return parse_one(text, read="duckdb", into=exp.Condition)
        except ParseError as error:
            first = error.errors[0] if error.errors else {}
            spot = first.get("highlight") or "the text"
            at = self.text.find(spot) + 1 if self.text.count(spot) == 1 else None
            self.fail_at(at or first.get("col"), _broken(first, spot), _EXAMPLE)
        except RecursionError:
            self.fail_at(None, "too many parentheses")

    # -- rows -------------------------------------------------------------------------

    def qualify(self, tree: exp.Expr) -> None:
        """Give every column its row, in place."""
        columns = list(tree.find_all(exp.Column))
        two = not self.neighbours and any(c.table.lower() == "t2" for c in columns)
        for node in columns:
            row = node.table.lower()
            if isinstance(node.this, exp.Star):
                self.fail(node, "`*` has no place in a rule", "Name the columns.")
            if node.args.get("db") or row not in self._rows():
                hint = _NEIGHBOURS_HINT if self.neighbours else _rows_hint(node)
                self.fail(node, f"`{node.sql()}` is no column of the rows", hint)
            if two and not row:
                hint = f"Write `t1.{node.name}` or `t2.{node.name}`."
                self.fail(node, f"`{node.name}` does not say of which row", hint)
            whole = column_node(row or "t1", node.name)
            if node.table != whole.table:
                node.set("table", whole.args["table"])
            node.this.set("quoted", whole.this.args["quoted"])

    def _rows(self) -> frozenset[str]:
        return _NEIGHBOURS if self.neighbours else _PAIR

    # -- logic ------------------------------------------------------------------------

    def leaves(self, tree: exp.Expr, *, negated: bool = False) -> list[exp.Expr]:
        """Return what `tree` joins by ``and``, negations pushed down."""
        node = tree.unnest()
        if isinstance(node, exp.Not):
            return self.leaves(node.this, negated=not negated)
        if isinstance(node, (exp.And, exp.Or)):
            left = self.leaves(node.left, negated=negated)
            right = self.leaves(node.right, negated=negated)
            if isinstance(node, exp.And) is not negated:
                return left + right
            return [exp.or_(exp.and_(*left), exp.and_(*right))]
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this, expression=node.args["low"])
            high = exp.LTE(this=node.this.copy(), expression=node.args["high"])
            return self.leaves(exp.and_(low, high), negated=negated)
        return [self._leaf(node, negated=negated)]

    def _leaf(self, node: exp.Expr, *, negated: bool) -> exp.Expr:
        if type(node) in _COMPARED:
            self._scalar(node.this)
            self._scalar(node.expression)
            kind = _OPPOSITE[type(node)] if negated else type(node)
            return kind(this=node.this, expression=node.expression)
        if isinstance(node, exp.Is):
            return self._is_leaf(node, negated=negated)
        if isinstance(node, exp.In):
            if not node.expressions:
                self.fail(node, "`in` takes a list of values", "Write `x in ('a', 'b')`.")
            for part in (node.this, *node.expressions):
                self._scalar(part)
        elif type(node) in MATCHES:
            self._scalar(node.this)
            self._scalar(node.expression)
        else:
            self._scalar(node)
        return exp.Not(this=node) if negated else node

    def _is_leaf(self, node: exp.Is, *, negated: bool) -> exp.Expr:
        self._scalar(node.this)
        if isinstance(node.expression, exp.Boolean):
            kind = exp.NEQ if negated else exp.EQ
            return kind(this=node.this, expression=node.expression)
        if not isinstance(node.expression, exp.Null):
            self.fail(node, f"`{node.sql()}` cannot be used", "There is only `is null`.")
        return exp.Not(this=node) if negated else node

    # -- predicates -------------------------------------------------------------------

    def predicate(self, leaf: exp.Expr) -> Predicate:
        """Return one of the things that a rule joins by ``and``."""
        plain = leaf.unnest()
        inner = plain.this if isinstance(plain, exp.Not) else plain
        if isinstance(inner, exp.Is):
            term = self._term(inner.this)
            return Predicate(term, "is null" if inner is plain else "is not null")
        if type(plain) not in _COMPARED:
            return Predicate(self._term(plain), "true")
        left = self._term(plain.this, constant=True)
        right = self._term(plain.expression, constant=True)
        if not left.rows and not right.rows:
            self.fail(plain, f"`{plain.sql('duckdb')}` names no column")
        op = _COMPARED[type(plain)]
        if not left.rows or (left.rows == {"t2"} and right.rows == {"t1"}):
            left, op, right = right, SWAPPED[op], left
        return Predicate(left, op, right)

    def _term(self, node: exp.Expr, *, constant: bool = False) -> Term:
        """Return `node` as a term about rows, or (if `constant`) about none."""
        term = term_of(node)
        if not term.rows and not constant:
            self.fail(node, f"`{term.sql}` names no column")
        return term

    # -- the allow-list ---------------------------------------------------------------

    def _scalar(self, node: exp.Expr) -> None:
        """Pass `node` and everything in it, or say why not; casts become safe ones."""
        if isinstance(node, (exp.Column, exp.Literal, exp.Boolean)):
            return
        name = function_of(node)
        if name in {"cast", "try_cast"}:
            self._cast(node)
        elif isinstance(node, exp.Interval):
            self._unit(node)
        elif name is None and type(node) not in ARITHMETIC and not _is_paren(node):
            self._refuse(node)
        elif "unit" in node.arg_types:
            self._unit(node)
        for key, value in list(node.args.items()):
            if key in {"unit", "to"} or isinstance(node, exp.Interval):
                continue
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, exp.Expr):
                    self._scalar(part)

    def _cast(self, node: exp.Expr) -> None:
        kind = node.args["to"].this
        if kind not in CASTS or node.args.get("format"):
            known = "boolean, bigint, double, decimal(p,s), varchar, date, timestamp"
            self.fail(node, f"`{node.sql('duckdb')}` cannot be used", f"Types: {known}.")
        if isinstance(node.this, exp.Literal) and CASTS[kind] == "time":
            if not _is_time(node.this.this):
                hint = "Write date '2013-01-31' or timestamp '2013-01-31 17:05:00'."
                self.fail(node, f"`{node.this.this}` is no date or time", hint)
        elif not isinstance(node, exp.TryCast):
            node.replace(exp.TryCast(this=node.this, to=node.args["to"], safe=True))

    def _unit(self, node: exp.Expr) -> None:
        unit = node.args.get("unit")
        if not isinstance(unit, exp.Var) or unit.name.upper() not in UNITS:
            known = ", ".join(sorted(UNITS)).lower()
            self.fail(node, f"`{node.sql('duckdb')}` has no unit", f"Units: {known}.")
        if isinstance(node, exp.Interval) and not isinstance(node.this, exp.Literal):
            self.fail(node, "an interval is a constant", "Write `interval 3 day`.")

    def _refuse(self, node: exp.Expr) -> NoReturn:
        text = node.sql(dialect="duckdb", comments=False)
        if isinstance(node, exp.Null):
            self.fail(node, "nothing compares with null", "Write `x is null`.")
        if isinstance(node, exp.Exists):
            self.fail(node, "a rule has no subquery", REFERENCE_EXAMPLE)
        if isinstance(node, (exp.Query, exp.Subquery, exp.SubqueryPredicate)):
            self.fail(
                node, "a rule has no subquery", "A two-row rule compares t1 and t2."
            )
        if isinstance(node, (exp.AggFunc, exp.Window)):
            hint = "A two-row rule compares t1 and t2."
            self.fail(node, f"a rule has no aggregate: `{text}`", hint)
        if isinstance(node, exp.Func) and not isinstance(
            node, (exp.Case, exp.And, exp.Or)
        ):
            called = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
            name = called.lower()
            hint = nearest(name, sorted(FUNCTIONS)) or _all_functions()
            self.fail(node, f"there is no function `{name}` for rules", hint)
        if isinstance(node, (exp.Predicate, exp.Connector, exp.Not)):
            hint = "Compare values, and join comparisons by `and`."
            self.fail(node, f"the condition `{text}` stands where a value should", hint)
        self.fail(node, f"`{text}` cannot be used in a rule", _EXAMPLE)


def _is_paren(node: exp.Expr) -> bool:
    return isinstance(node, exp.Paren)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return _DATE.fullmatch(text) is not None


def _broken(first: dict[str, Any], spot: str) -> str:
    description = str(first.get("description"))
    if description.startswith("Required keyword"):
        return f"something is missing after `{spot}`"
    if description.startswith("Expecting )"):
        return "a parenthesis is not closed"
    return f"`{spot}` was not expected"


def _all_functions() -> str:
    return "There are: " + ", ".join(sorted(FUNCTIONS))


def _rows_hint(node: exp.Column) -> str:
    if node.table.lower() in _NEIGHBOURS:
        return "Say in which order: `sequence: {per: device, by: measured_at}`."
    if re.fullmatch(r"t\d+", node.table):
        return "A rule speaks of one row, or of two: t1 and t2."
    return f"Rows are t1 and t2. For another table: {REFERENCE_EXAMPLE}"
