"""Rules over columns without types: what each comparison compares, decided by the data.

Text stays text for output. A comparison is of numbers, or of points in time, where every
value of all columns in it is one, over all rows; otherwise it is of texts, and what keeps
it from being more is told. What a rule itself says comes first: a number in it,
arithmetic, a date or a function asks for its kind of values, and values that are none do
not take part.

The rule is rewritten with safe casts, so the plans and the witnesses need no types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from sqlglot import exp, parse_one

from backbone.errors import nearest
from backbone.management.trusted.untyped.casting import WORDS, Casting, said
from backbone.management.trusted.untyped.natures import Kind, columns_of
from backbone.management.trusted.untyped.odd import (
    MOST,
    Effect,
    Odd,
    ambiguous,
    bare,
    odd_of,
)
from backbone.management.trusted.untyped.spellings import Numeric, Spelling, is_number
from backbone.management.trusted.untyped.styles import Style
from backbone.model.constraints import DenialConstraint, Predicate, Term
from backbone.sql.denial_functions import ARITHMETIC, FUNCTIONS, MATCHES, function_of
from backbone.sql.denial_terms import term_of

__all__ = ["Compared", "columns_wanted", "compared", "mistakes_before", "tree_of"]

_ORDERS = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_COMPARED = (exp.EQ, exp.NEQ, *_ORDERS)
_LOGIC = (exp.And, exp.Or, exp.Not)


@dataclass(frozen=True)
class Compared:
    """A constraint over text, with the casts that its comparisons need.

    `kinds` says of each of its comparisons what is compared; `odd` what is worth telling;
    `mistakes` why it cannot be used at all.
    """

    constraint: DenialConstraint
    kinds: tuple[tuple[str, Kind], ...] = ()
    odd: tuple[Odd, ...] = ()
    mistakes: tuple[str, ...] = ()


def columns_wanted(constraints: Sequence[DenialConstraint]) -> tuple[set[str], set[str]]:
    """Return the columns whose spelling matters, and those that have to be numbers."""
    every: set[str] = set()
    numbers: set[str] = set()
    for constraint in constraints:
        order = constraint.sequence
        every |= set(order.by) if order else set()
        for predicate in (*constraint.predicates, *constraint.where):
            if predicate.op in {"is null", "is not null"}:
                continue
            names = {ref.column for ref in predicate.columns}
            every |= names
            sides = [side for side in (predicate.left, predicate.right) if side]
            if any(_asks_for_number(tree_of(side)) for side in sides):
                numbers |= names
    return every, numbers


def _asks_for_number(node: exp.Expr) -> bool:
    def asks(one: exp.Expr) -> bool:
        name = function_of(one)
        takes = FUNCTIONS[name].takes if name else ()
        literal = isinstance(one, exp.Literal) and not one.is_string
        return literal or "number" in takes or type(one) in ARITHMETIC

    return any(asks(one) for one in node.walk())


def compared(
    constraint: DenialConstraint, spelt: Mapping[str, Spelling], names: Sequence[str]
) -> Compared:
    """Decide what the comparisons of `constraint` compare.

    Parameters
    ----------
    constraint : over the columns `names`, all of which are text
    spelt : what the values of the columns that it compares spell
    """
    missing = [name for name in constraint.reads if name not in names]
    if missing:
        told = [
            f"there is no column `{name}`. {nearest(name, names) or ''}".rstrip()
            for name in missing
        ]
        return Compared(constraint, mistakes=tuple(told))
    typing = _Comparisons(spelt)
    made = [typing.predicate(predicate) for predicate in constraint.predicates]
    where = tuple(typing.predicate(predicate) for predicate in constraint.where)
    return Compared(
        replace(constraint, predicates=tuple(dict.fromkeys(made)), where=where),
        tuple(dict.fromkeys(typing.kinds)),
        tuple(dict.fromkeys(typing.odd)),
        tuple(dict.fromkeys(typing.mistakes)),
    )


def mistakes_before(constraint: DenialConstraint) -> tuple[str, ...]:
    """Return why `constraint` cannot be used, whatever the data are.

    What is said of sums and differences depends on them: those of numbers, or of times.
    """
    predicates = (*constraint.predicates, *constraint.where)
    sides = [s for p in predicates for s in (p.left, p.right) if s is not None]
    if any(node for s in sides for node in tree_of(s).find_all(exp.Add, exp.Sub)):
        return ()
    spelt = {name: Spelling(name) for name in constraint.reads}
    return compared(constraint, spelt, constraint.reads).mistakes


def tree_of(term: Term) -> exp.Expr:
    """Return the tree of a term."""
    return parse_one(term.sql, read="duckdb", into=exp.Condition)


class _Comparisons(Casting):
    """Decides what the comparisons of one constraint compare."""

    def __init__(self, spelt: Mapping[str, Spelling]) -> None:
        super().__init__(spelt)
        self.kinds: list[tuple[str, Kind]] = []

    def predicate(self, predicate: Predicate) -> Predicate:
        if predicate.op in {"is null", "is not null"}:
            left = tree_of(predicate.left)
            whole = left if isinstance(left, exp.Column) else self.own(left)
            return replace(predicate, left=term_of(whole))
        if predicate.right is None:
            return replace(
                predicate, left=term_of(self.condition(tree_of(predicate.left)))
            )
        sides = [tree_of(predicate.left), tree_of(predicate.right)]
        is_order = predicate.op not in {"=", "<>"}
        text = f"{predicate.left.sql} {predicate.op} {predicate.right.sql}"
        left, right = self.together(sides, text, is_order=is_order)
        return replace(predicate, left=term_of(left), right=term_of(right))

    def condition(self, node: exp.Expr) -> exp.Expr:
        """Return a condition with the casts that it needs."""
        plain = node.unnest()
        if isinstance(plain, exp.Column):
            return self.cast(plain, "boolean", Numeric())
        if isinstance(plain, _LOGIC):
            return self.joined(plain)
        if isinstance(plain, _COMPARED):
            sides = [plain.this, plain.expression]
            is_order = isinstance(plain, _ORDERS)
            left, right = self.together(sides, said(plain), is_order=is_order)
            return type(plain)(this=exp.paren(left), expression=exp.paren(right))
        if isinstance(plain, exp.In):
            sides = [plain.this, *plain.expressions]
            first, *rest = self.together(sides, said(plain), is_order=False)
            return exp.In(this=first, expressions=rest)
        return self.matched(plain)

    def joined(self, node: exp.Expr) -> exp.Expr:
        """Return conditions that are joined or negated."""
        made = node.copy()
        for key in ("this", "expression"):
            part = node.args.get(key)
            if isinstance(part, exp.Expr):
                made.set(key, exp.paren(self.condition(part)))
        return made

    def matched(self, node: exp.Expr) -> exp.Expr:
        """Return a condition on one value: whether it is there, or how it looks."""
        if isinstance(node, exp.Is):
            inner = node.this.unnest()
            whole = inner if isinstance(inner, exp.Column) else self.own(inner)
            return exp.Is(this=exp.paren(whole), expression=node.expression)
        if type(node) in MATCHES:
            made = node.copy()
            for key in ("this", "expression"):
                made.set(key, self.given(node.args[key], "text", Numeric()))
            return made
        return self.own(node)

    def together(
        self, sides: Sequence[exp.Expr], text: str, *, is_order: bool
    ) -> list[exp.Expr]:
        """Return values that are compared with each other, made comparable."""
        before = len(self.mistakes)
        kind, styles = self.kind_of_all(sides, text, is_order=is_order)
        if len(self.mistakes) > before:
            return [side.copy() for side in sides]
        numeric = self.numeric(sides) if kind == "number" else Numeric()
        shown = "text" if kind == "any" else kind
        self.kinds.append((text, cast("Kind", shown)))
        if kind == "number" and numeric.loses:
            self.tellcolumns_of(sides, "number", "rounded")
        if kind == "number" and is_order:
            self.tell_nans(sides)
        if kind == "as it is":
            self.kinds[-1] = (text, "number")
            return [side.copy() for side in sides]
        return [self.given(side, kind, numeric, styles) for side in sides]

    def kind_of_all(
        self, sides: Sequence[exp.Expr], text: str, *, is_order: bool
    ) -> tuple[str, Mapping[str, Style]]:
        """Return what is compared, and how points in time are written by column."""
        natures = [self.nature(side) for side in sides]
        firm = {nature for nature in natures if nature != "any"}
        if len(firm) > 1:
            kinds = " with ".join(WORDS[kind] for kind in sorted(firm))
            self.mistakes.append(f"`{text}` compares {kinds}")
        if firm:
            return min(firm), {}
        spelt = self.spelt_of(sides)
        if not any(isinstance(s, exp.Expr) and columns_of(s) for s in sides):
            return "text", {}
        if spelt and all(s.is_number for s in spelt):
            kind = self.numbers_or_codes(sides, spelt, is_order=is_order)
            if kind == "text":
                self.tell_codes(spelt)
            return kind, {}
        styles = self.styles(sides, spelt, is_order=is_order)
        if styles is not None:
            return "time", styles
        self.tellodd_of(spelt, is_order=is_order)
        return "text", {}

    def numbers_or_codes(
        self, sides: Sequence[exp.Expr], spelt: Sequence[Spelling], *, is_order: bool
    ) -> str:
        """Numbers; of codes like 01234, and where it is the same, texts are equal."""
        if is_order:
            return "number"
        if not any(s.values for s in spelt) or any(s.zeros for s in spelt):
            return "text"
        is_bare = all(isinstance(s.unnest(), (exp.Column, exp.Literal)) for s in sides)
        return (
            "as it is"
            if is_bare and all(s.plain == s.values for s in spelt)
            else "number"
        )

    def styles(
        self, sides: Sequence[exp.Expr], spelt: Sequence[Spelling], *, is_order: bool
    ) -> Mapping[str, Style] | None:
        """Return how points in time are written, where all values are such."""
        possible = [s.styles() for s in spelt if s.values or s.is_sampled]
        if not possible or not all(possible):
            return None
        first = set(possible[0]).intersection(*possible[1:])
        if first:  # one style for all of them; several read alike, or differ in the day
            chosen = [style for style in possible[0] if style in first]
            if len(chosen) > 1 and is_order:
                self.tellcolumns_of(sides, "time", "ambiguous")
                return None
            return dict.fromkeys((s.name for s in spelt), chosen[0])
        if any(len(styles) > 1 for styles in possible):
            self.tellcolumns_of(sides, "time", "ambiguous")
            return None
        found = {s.name: s.styles()[0] for s in spelt}
        if len({style.domain for style in found.values()}) > 1:
            return None
        return found

    def tellodd_of(self, spelt: Sequence[Spelling], *, is_order: bool) -> None:
        """Say why texts are compared, where numbers or times might have been meant."""
        fixed = [one for one in spelt if one.is_constant]
        meant = not fixed or any(one.is_number or one.styles() for one in fixed)
        listed = bool(fixed) and all(one.is_number for one in fixed)
        for one in spelt:
            if one.is_sampled and meant and (is_order or listed):
                fits = is_number(bare(one.name))
                self.odd.append(Odd(one.name, "number", "as text", MOST, 0, fits))
            if one.is_sampled or one.is_number or one.is_constant:
                continue
            style = one.common_style
            if one.times and style and one.times[style] >= one.numbers:
                if one.times[style] < one.values and is_order:
                    fits = style.fits(bare(one.name))
                    self.odd.append(odd_of(one, "time", "as text", fits))
            elif (listed and one.values) or (
                one.numbers and (is_order or one.numbers > one.plain)
            ):
                fits = is_number(bare(one.name))
                self.odd.append(odd_of(one, "number", "as text", fits))

    def tell_codes(self, spelt: Sequence[Spelling]) -> None:
        """Say that ``01`` is a text, where it is compared with numbers like ``1``.

        They stand in the rule, in the other column, or in the same one, if some of its
        numbers are written in several ways: it is no column of codes then.
        """
        fixed = [one for one in spelt if one.is_constant]
        if any(one.zeros for one in fixed):
            return
        mixed = bool(fixed) or any(one.values and not one.zeros for one in spelt)
        for one in spelt:
            several = one.numbers > one.plain + one.zeros
            if one.zeros and not one.is_constant and (mixed or several):
                self.odd.append(Odd(one.name, "number", "codes", one.zeros, one.values))

    def tell_nans(self, sides: Sequence[exp.Expr]) -> None:
        for one in self.spelt_of(sides):
            if one.nans and not one.is_constant:
                self.odd.append(Odd(one.name, "number", "nan", one.nans, one.values))

    def tellcolumns_of(
        self, sides: Sequence[exp.Expr], wanted: Literal["number", "time"], effect: Effect
    ) -> None:
        for name in dict.fromkeys(n for side in sides for n in columns_of(side)):
            one = self.spelt[name]
            if effect == "ambiguous":
                self.odd.append(ambiguous(one))
            elif one.numeric.loses:
                self.odd.append(Odd(name, wanted, effect, one.values, one.values))
