"""What kind of value a term is by itself, and by the data of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from sqlglot import exp

from backbone.management.trusted.untyped.spellings import Numeric, Spelling
from backbone.sql.denial_functions import ARITHMETIC, CASTS, FUNCTIONS, function_of

__all__ = ["Kind", "Natures", "arguments", "columns_of", "is_span"]

Kind = Literal["number", "time", "text", "boolean", "any"]
_OF_ANY = frozenset({"coalesce", "nullif"})
_FRACTIONS = (exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Sqrt)
_MAX_DIGITS, _MAX_BIGINT = 38, 18


def columns_of(node: exp.Expr) -> list[str]:
    """Return the columns that `node` reads, each once."""
    return list(dict.fromkeys(found.name for found in node.find_all(exp.Column)))


def arguments(node: exp.Expr) -> list[exp.Expr]:
    """Return what a function takes, without units and types."""
    return [
        e for e in node.iter_expressions() if not isinstance(e, (exp.Var, exp.DataType))
    ]


def is_span(node: exp.Expr) -> bool:
    """Whether `node` is so many intervals: ``air_time * interval 1 minute``."""
    sides = (node.this, node.args.get("expression"))
    return isinstance(node, (exp.Mul, exp.Div)) and any(
        isinstance(side.unnest(), exp.Interval) for side in sides if side is not None
    )


class Natures:
    """Tells kinds of values, by what a rule says and by what columns spell."""

    def __init__(self, spelt: Mapping[str, Spelling]) -> None:
        self.spelt = spelt

    def spelt_of(self, sides: Sequence[exp.Expr]) -> list[Spelling]:
        """Return what the columns and constants of values spell."""
        found = []
        for side in sides:
            found += [self.spelt[name] for name in columns_of(side)]
            found += [
                Spelling.of_constant(one.this)
                for one in side.find_all(exp.Literal)
                if one.is_string and not isinstance(one.parent, (exp.Cast, exp.Interval))
            ]
        return found

    def nature(self, node: exp.Expr) -> Kind:  # noqa: PLR0911 - a way out for each kind
        """Return what kind of value `node` is by itself; ``any`` where data decide."""
        node = node.unnest()
        if isinstance(node, exp.Column):
            return "any"
        if isinstance(node, exp.Literal):
            return "any" if node.is_string else "number"
        if isinstance(node, exp.Boolean):
            return "boolean"
        if isinstance(node, exp.Interval):
            return "time"
        if isinstance(node, exp.DPipe):
            return "text"
        if type(node) in ARITHMETIC:
            return "time" if self.is_moved(node) or is_span(node) else "number"
        name = function_of(node)
        if name in {"cast", "try_cast"}:
            return CASTS[node.args["to"].this]
        if name in _OF_ANY:
            firm = {self.nature(arg) for arg in arguments(node)} - {"any"}
            return min(firm) if firm else "any"
        return FUNCTIONS[name].gives if name else "boolean"

    def is_moved(self, node: exp.Expr) -> bool:
        """Whether arithmetic is about points in time: ``arrival - departure``."""
        if not isinstance(node, (exp.Add, exp.Sub)):
            return False
        sides = [node.this, node.expression]
        natures = {self.nature(side) for side in sides}
        if "time" in natures:
            return True
        spelt = self.spelt_of(sides) if natures == {"any"} else []
        held = [s for s in spelt if s.values]
        return bool(held) and all(s.styles() and not s.is_number for s in held)

    def numeric(self, sides: Sequence[exp.Expr]) -> Numeric:
        """Return the type for all numbers of a comparison."""
        found = Numeric()
        for one in self.spelt_of(sides):
            found = found.and_(one.numeric) if one.numbers else found
        for side in sides:
            for literal in side.find_all(exp.Literal):
                if not literal.is_string:
                    found = found.and_(Spelling.of_constant(literal.this).numeric)
        nodes = [node for side in sides for node in side.walk()]
        times = 1 + sum(isinstance(node, exp.Mul) for node in nodes)
        fraction = any(isinstance(node, _FRACTIONS) for node in nodes)
        more = 1 + sum(isinstance(node, (exp.Add, exp.Sub)) for node in nodes)
        if any(type(node) in ARITHMETIC for node in nodes):
            limit = 38 if not fraction else 0 if found.scale else 18
            if times * found.digits + more > limit:
                return replace(found, inexact=True)
            if times > 1 and found.digits * times > 18:  # noqa: PLR2004 - not a bigint
                return replace(found, whole=max(found.whole, 19 - found.scale))
        return found
