"""Blame: which cells, of which rows, are wrong when a constraint is broken.

A constraint names everybody who takes part; cells are changed only where blamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backbone.management.trusted.rules.declared import Part
from backbone.project.trusted import Rule

__all__ = ["Blamed", "Whose", "blamed", "blamed_role", "whose"]

Rows = Literal["t1", "t2", "any"]
Whose = Literal["all", "chosen", "t1", "t2"]


@dataclass(frozen=True)
class Blamed:
    """A column, of the rows that play a role in the violation."""

    column: str
    rows: Rows = "any"


def _read(text: str) -> Blamed:
    row, dot, name = text.partition(".")
    if dot and row == "t1":
        return Blamed(name, "t1")
    if dot and row in {"t2", "previous", "next"}:
        return Blamed(name, "t2")
    return Blamed(text)


def blamed(rule: Rule, part: Part) -> tuple[Blamed, ...]:
    """Return the cells to blame when `part` of `rule` is broken.

    `blame` of the rule decides (``column``, or ``t1.column`` of a two-row rule); without
    it, the column that the constraint is about. In a sequence a column is the row's own,
    ``previous.column`` or ``next.column`` its neighbour's.

    A condition on one row may blame a cell of the row that it does not read: what is
    wrong with a temperature is wrong with the dew point that was computed from it.

    Which of the rows (``fewest``, ``later``, ``earlier``) is another question: then the
    cells are those of `culprits`, of whatever role.

    >>> from backbone.management.trusted.rules.declared import parts_of
    >>> rule = Rule(name="r", deny="t1.a = t2.a and t1.b < t2.b", blame=("t2.b",))
    >>> blamed(rule, parts_of(rule)[0])
    (Blamed(column='b', rows='t2'),)
    """
    sequence = part.constraint.sequence is not None
    chosen = rule.blamed_rows is not None
    if not rule.blamed_cells:
        rows: Rows = "t1" if sequence and not chosen else "any"
        return tuple(Blamed(name, rows) for name in part.about)
    cells = tuple(map(_read, rule.blamed_cells))
    if sequence and not chosen:
        return tuple(Blamed(b.column, "t1") if b.rows == "any" else b for b in cells)
    if rule.form not in {"deny", "sql"} or part.constraint.is_pair:
        return tuple(b for b in cells if b.column in part.constraint.columns)
    return cells


def blamed_role(rule: Rule) -> Rows:
    """Return whose rows are to blame: those of one role if every `blame` names it."""
    if rule.blamed_rows is not None:
        return "any"
    rows = {b.rows for b in map(_read, rule.blamed_cells)}
    if rule.sequence is not None:
        rows = {"t1" if of == "any" else of for of in rows or {"t1"}}
    return rows.pop() if len(rows) == 1 else "any"


def whose(rule: Rule, part: Part) -> Whose | None:
    """Return which of the rows that break `part` are wrong, as far as `rule` says so.

    ``all``: each is by itself; ``chosen``: those of `culprits`; ``t1`` or ``t2``: those
    of one role; None: they contradict each other, and nobody says whose fault that is.

    >>> from backbone.management.trusted.rules.declared import parts_of
    >>> def of(rule):
    ...     return whose(rule, parts_of(rule)[0])
    >>> of(Rule(name="r", deny="a < 0")), of(Rule(name="r", unique=("a",)))
    ('all', None)
    >>> of(Rule(name="r", unique=("a",), blame=("later",)))
    'chosen'
    """
    if rule.blamed_rows is not None:
        return "chosen"
    constraint = part.constraint
    if not constraint.is_pair and constraint.sequence is None:
        return "all"
    role = blamed_role(rule)
    return None if role == "any" else role
