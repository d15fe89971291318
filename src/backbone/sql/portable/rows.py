"""A row of the portable subset: something that a view may say, and what it means.

A row is held by its examples. Each is an expression, or a whole select, over literals,
with the rows that it gives; tests run all of them on every engine, and the reference is
generated from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

__all__ = ["SAMPLES", "Check", "Example", "Refusal", "Row", "row"]

SAMPLES = {
    "t": "(values (1, 'a'), (2, 'b'), (2, 'c')) t(k, s)",
    "u": "(values (2, 10), (3, 20)) u(k, n)",
    "w": "(values (1, 2.5e0, 'b'), (2, 0.1e0, 'a'), (3, 0.2e0, null)) w(i, x, s)",
}
"""The tables that the examples of clauses and aggregates read."""


@dataclass(frozen=True)
class Refusal:
    """Why something is refused, and what would have worked.

    `when` tells which uses are refused; all of them, if it is left out.
    """

    why: str
    instead: str
    when: Callable[[exp.Expr], bool] = lambda node: node is not None


Check = Callable[[exp.Expr], Refusal | None]
Example = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """A clause, an operator or a function of the subset.

    `form` is how it is written; `of` are the classes that sqlglot reads it as, or the
    names of functions that it has no class for. `gives` is the type of its value: the
    name of a canonical type, or ``"as x"`` for that of the first argument, ``"widest"``
    for the one that all arguments fit. `check` refuses forms of it. `spelt` are all
    names of the function. The value of an `approximate` row may differ between engines
    in its last digits; all others are the same to the bit.
    """

    form: str
    of: tuple[type[exp.Expr] | str, ...]
    gives: str
    note: str
    examples: tuple[Example, ...]
    spelt: tuple[str, ...] = ()
    check: Check | None = None
    approximate: bool = False

    @property
    def name(self) -> str:
        """The name of a function; the form of anything else."""
        return self.form.partition("(")[0].strip()


def row(
    form: str,
    of: type[exp.Expr] | str | tuple[type[exp.Expr] | str, ...],
    gives: str,
    *examples: Example,
    note: str = "",
    also: str = "",
    check: Check | None = None,
    approximate: bool = False,
) -> Row:
    """Return a row; `also` are other names of the function, with blanks between."""
    classes = of if isinstance(of, tuple) else (of,)
    name = form.partition("(")[0].strip()
    spelt = (*((name,) if name.isidentifier() else ()), *also.split())
    return Row(form, classes, gives, note, examples, spelt, check, approximate)
