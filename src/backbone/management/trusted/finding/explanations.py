"""How the violations of a rule are found, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.rules.shapes import Kind, PairShape, kind_of, shape_of
from backbone.model.constraints import DenialConstraint

__all__ = ["Explanation", "explain"]

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Explanation:
    """How the violations of a constraint are found, and what that costs."""

    shape: str
    plan: str
    cost: str

    def __str__(self) -> str:
        return f"{self.shape}: {self.plan}, {self.cost}"


def explain(constraint: DenialConstraint) -> Explanation:
    """Say how the violations of `constraint` are found.

    >>> from backbone.sql.denial import parse
    >>> print(explain(parse("fd", "t1.zip = t2.zip and t1.city <> t2.city")))
    equalities and `<>`: smallest and largest value of each group, O(n)
    """
    kind = kind_of(constraint)
    if kind == "reference":
        return Explanation("reference", "anti join", "O(n)")
    if kind == "one row":
        return Explanation("one row", "filter", "O(n)")
    if kind == "sql":
        return Explanation("SQL", "as it is written", "whatever the engine makes of it")
    order = constraint.sequence
    if order is not None:
        where = "of each group" if order.per else "of the table"
        plan = f"one sort, the rows beside each row {where}"
        return Explanation("sequence", plan, "O(n log n)")
    shape = shape_of(constraint)
    return Explanation(_shape_text(shape), _plan_text(shape), _cost(shape))


def _shape_text(shape: PairShape) -> str:
    parts = ["equalities"] if shape.keys else []
    if shape.differs:
        parts.append("`<>`" if len(shape.differs) == 1 else "several `<>`")
    orders = len(shape.orders)
    if orders:
        number = _NUMBERS[orders] if orders < len(_NUMBERS) else str(orders)
        parts.append(f"{number} order comparison{'s' if orders > 1 else ''}")
    if shape.mixed:
        parts.append("a condition on both rows at once")
    if not parts:
        return "two rows, filters only"
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts)  # noqa: PLR2004


def _plan_text(shape: PairShape) -> str:
    return _PLANS[shape.kind](shape)


def _where(shape: PairShape) -> str:
    return "of each group" if shape.keys else "of the table"


def _best(shape: PairShape) -> str:
    """Return what is kept of the builds, in the order plans."""
    frame = Frame("t1", shape)
    both = frame.other is not None and not (frame.alike and len(shape.orders) > 1)
    return "the two best of different value" if both else "extremum"


def _one_order(shape: PairShape) -> str:
    return f"{_best(shape)} {_where(shape)}"


def _two_orders(shape: PairShape) -> str:
    best = _best(shape)
    return f"one sort, running extremum{'' if best == 'extremum' else ', ' + best}"


def _three_orders(shape: PairShape) -> str:
    best = _best(shape)
    more = "" if best == "extremum" else f", {best}"
    return f"halving by rank, a running extremum at each step{more}"


def _equality(shape: PairShape) -> str:
    if not shape.differs:
        return "groups of more than one row" if shape.keys else "number of rows"
    if len(shape.differs) == 1 and not shape.may_be_alone:
        return f"smallest and largest value {_where(shape)}"
    return f"counts {_where(shape)} by inclusion and exclusion"


def _counts(shape: PairShape) -> str:
    how = "one sort" if len(shape.orders) == 1 else "halving by rank"
    return f"{how}, running counts by inclusion and exclusion"


def _parts(shape: PairShape) -> str:
    if not (shape.keys or shape.differs or shape.orders):
        return "pairs of all rows"
    return "the rows that its parts find, then pairs of those"


_PLANS: dict[Kind, Callable[[PairShape], str]] = {
    "equality": _equality,
    "one order": _one_order,
    "two orders": _two_orders,
    "three orders": _three_orders,
    "counts": _counts,
    "parts": _parts,
}
_COSTS = {0: "O(n)", 1: "O(n)", 2: "O(n log n)", 3: "O(n log² n)"}


def _cost(shape: PairShape) -> str:
    if shape.kind == "parts":
        return "refused if they are too many"
    more = shape.kind == "counts"
    return _COSTS[len(shape.orders) + more]
