"""How many pairs of rows break a rule: counted where that is cheap, bounded elsewhere.

Every pair is one of a row found as t1 with a row found as t2, so pairs are looked for
among what was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from backbone.management.trusted.finding.detect import pair_count
from backbone.management.trusted.rows.steps import select
from backbone.management.trusted.rules.shapes import shape_of
from backbone.model.constraints import DenialConstraint
from backbone.model.schemas import Schema
from backbone.sql.queries import Query

__all__ = ["Counted", "Pairs", "counted_pairs"]

_BROKEN = "broken"
_SORTED = 5_000_000
"""How many rows are sorted at most to count pairs, level by level of a halving."""
_COMPARED = 20_000_000
"""How many pairs are compared at most to count those that break a rule."""


@dataclass(frozen=True)
class Counted:
    """How many rows were found, and how many of them as t1 and as t2."""

    rows: int = 0
    t1: int = 0
    t2: int = 0


@dataclass(frozen=True)
class Pairs:
    """What is known of a number of pairs; nothing of a rule on single rows."""

    exact: int | None = None
    at_least: int | None = None
    at_most: int | None = None

    @classmethod
    def exactly(cls, number: int) -> Pairs:
        """Return what is known of pairs that were counted."""
        return cls(number, number, number)

    @classmethod
    def together(cls, some: Sequence[Pairs]) -> Pairs:
        """Return what is known of all pairs of several parts, each with some pairs."""
        if not some:
            return cls()
        return cls(*(_sum(numbers) for numbers in zip(*map(astuple, some), strict=True)))

    @classmethod
    def of(cls, constraint: DenialConstraint, found: Counted) -> Pairs:
        """Return what the numbers of rows say; a neighbour in a sequence is no choice.

        >>> from backbone.sql.denial import parse
        >>> rule = parse("r", "t1.zip = t2.zip and t1.city <> t2.city")
        >>> Pairs.of(rule, Counted(rows=3, t1=3, t2=3))
        Pairs(exact=None, at_least=2, at_most=3)
        """
        if constraint.sequence is not None:
            return cls.exactly(found.t1)
        if not constraint.is_pair:
            return cls()
        if not found.rows:
            return cls.exactly(0)
        if shape_of(constraint).symmetric:
            half = -(-found.rows // 2)
            return cls(None, half, found.rows * (found.rows - 1) // 2)
        both = found.t1 + found.t2 - found.rows
        least, most = max(found.t1, found.t2), found.t1 * found.t2 - both
        return cls(least if least == most else None, least, most)


def counted_pairs(
    constraint: DenialConstraint, found: Counted, *, schema: Schema
) -> Query | None:
    """Return the query that counts the pairs of ``rows`` among those of ``hits``.

    None where there are none, or where it is not cheap.
    """
    if not constraint.is_pair or not found.rows:
        return None
    shape = shape_of(constraint)
    if shape.has_counts:
        work = found.rows * 2 ** len(shape.differs) * _levels(len(shape.orders), found)
        cheap = not shape.orders or work <= _SORTED
    else:
        cheap = found.t1 * found.t2 <= _COMPARED
    if not cheap:
        return None
    broken = select("select r.* from rows r join hits h on r._row = h._row")
    counted = pair_count(constraint, source=_BROKEN, schema=schema, rows=found.rows)
    return Query(((_BROKEN, broken), *counted.steps))


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _levels(orders: int, found: Counted) -> int:
    return found.rows.bit_length() // 2 + 1 if orders > 1 else 1
