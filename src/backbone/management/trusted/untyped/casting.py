"""Values of text columns as numbers, points in time, or the texts that they are."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from backbone.management.trusted.untyped.natures import Natures, arguments, is_span
from backbone.management.trusted.untyped.odd import Odd, ambiguous, bare, odd_of
from backbone.management.trusted.untyped.spellings import Numeric, Spelling, is_number
from backbone.management.trusted.untyped.styles import Style
from backbone.sql.denial_functions import ARITHMETIC, FUNCTIONS, function_of

__all__ = ["WORDS", "Casting", "said"]

WORDS = {"number": "a number", "time": "a point in time", "text": "text"}
WORDS |= {"boolean": "true or false"}


class Casting(Natures):
    """Puts casts where values need them; notes what has no value then, and mistakes."""

    def __init__(self, spelt: Mapping[str, Spelling]) -> None:
        super().__init__(spelt)
        self.odd: list[Odd] = []
        self.mistakes: list[str] = []

    def own(self, node: exp.Expr) -> exp.Expr:
        """Return a value that is compared with nothing, its columns cast as it asks."""
        kind = self.nature(node)
        return self.given(node, kind, self.numeric([node]))

    def given(
        self,
        node: exp.Expr,
        kind: str,
        numeric: Numeric,
        styles: Mapping[str, Style] | None = None,
    ) -> exp.Expr:
        """Return `node` as a value of this kind."""
        node = node.unnest()
        if isinstance(node, exp.Column):
            return self.cast(node, kind, numeric, styles)
        if isinstance(node, exp.Literal):
            return _constant(node, kind, numeric, styles)
        found = self.nature(node)
        if found not in {"any", kind} and kind != "any":
            self.mistakes.append(f"`{said(node)}` is {WORDS[found]}, not {WORDS[kind]}")
        made = node.copy()
        if type(node) in ARITHMETIC:
            inner = "text" if isinstance(node, exp.DPipe) else kind
            inner = "number" if inner not in {"text", "time"} or is_span(node) else inner
            for key in ("this", "expression"):
                part = node.args.get(key)
                if isinstance(part, exp.Expr):
                    made.set(key, exp.paren(self.operand(part, inner, numeric, styles)))
            return made
        return self.called(node, made, kind, numeric, styles)

    def operand(
        self,
        node: exp.Expr,
        kind: str,
        numeric: Numeric,
        styles: Mapping[str, Style] | None,
    ) -> exp.Expr:
        """Return an operand; beside a point in time there may be intervals."""
        if kind == "time" and self.nature(node) == "number":
            return self.given(node, "number", self.numeric([node]))
        if isinstance(node.unnest(), exp.Interval):
            return node.copy()
        return self.given(node, kind, numeric, styles)

    def called(
        self,
        node: exp.Expr,
        made: exp.Expr,
        kind: str,
        numeric: Numeric,
        styles: Mapping[str, Style] | None,
    ) -> exp.Expr:
        """Return `made`, a copy of the function call `node`, with what it takes cast."""
        name = function_of(node)
        if name in {None, "cast", "try_cast"}:
            return made
        takes = FUNCTIONS[name or ""].takes
        for number, argument in enumerate(arguments(node)):
            wanted: str = takes[min(number, len(takes) - 1)]
            wanted = kind if wanted == "any" else wanted
            own = numeric if wanted == "number" == kind else self.numeric([argument])
            given = self.given(argument, wanted, own, styles)
            arguments(made)[number].replace(given)
        return made

    def cast(
        self,
        node: exp.Column,
        kind: str,
        numeric: Numeric,
        styles: Mapping[str, Style] | None = None,
    ) -> exp.Expr:
        """Return a column as a value of this kind; values that are none are null."""
        if kind == "number":
            return self.as_number(node, numeric)
        if kind == "time":
            given = (styles or {}).get(node.name)
            return given.value(node.copy()) if given else self.as_time(node)
        if kind == "boolean":
            to = exp.DataType.build("BOOLEAN")
            return exp.TryCast(this=node.copy(), to=to, safe=True)
        return node.copy()

    def as_number(self, node: exp.Column, numeric: Numeric) -> exp.Expr:
        """Return a column as numbers; what is none is null, and noted."""
        spelt = self.spelt.get(node.name, Spelling(node.name))
        to = exp.DataType.build(numeric.sql, dialect="duckdb")
        made: exp.Expr = exp.TryCast(this=node.copy(), to=to, safe=True)
        if spelt.is_number:
            return made
        self.odd.append(odd_of(spelt, "number", "left out", is_number(bare(node.name))))
        return exp.Case().when(is_number(node.copy()), made)

    def as_time(self, node: exp.Column) -> exp.Expr:
        """Return a column as points in time, in the style that most values have."""
        spelt = self.spelt.get(node.name, Spelling(node.name))
        style = spelt.common_style
        if style is None:
            if spelt.values or spelt.is_sampled:
                self.odd.append(odd_of(spelt, "time", "left out", exp.false()))
            to = exp.DataType.build("TIMESTAMP")
            return exp.TryCast(this=node.copy(), to=to, safe=True)
        if len(spelt.styles()) > 1:
            self.odd.append(ambiguous(spelt, "guessed"))
        if spelt.times[style] == spelt.values:
            return style.value(node.copy())
        self.odd.append(odd_of(spelt, "time", "left out", style.fits(bare(node.name))))
        return exp.Case().when(style.fits(node.copy()), style.value(node.copy()))


def _constant(
    node: exp.Literal, kind: str, numeric: Numeric, styles: Mapping[str, Style] | None
) -> exp.Expr:
    if not node.is_string or kind not in {"number", "time", "boolean"}:
        return node.copy()
    if kind == "time":
        style = (styles or {}).get(node.this)
        if style is not None:
            return style.value(node.copy())
        return exp.TryCast(
            this=node.copy(), to=exp.DataType.build("TIMESTAMP"), safe=True
        )
    to = exp.DataType.build(numeric.sql if kind == "number" else "BOOLEAN")
    return exp.TryCast(this=node.copy(), to=to, safe=True)


def said(node: exp.Expr) -> str:
    """Return a term as a person would write it."""
    return str(node.sql(dialect="duckdb"))
