"""More than one plan covers: the rows that every part of the rule finds, then a join.

Each part is the rule with fewer comparisons, near-linear by itself. A row that breaks the
rule breaks every part in the same role, so part by part fewer rows stay. Those that do
are joined within groups of equal keys: pairs are compared here, and only here, so their
number (`comparisons`) is to be known before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from backbone.management.trusted.plans.frame import Frame, alone
from backbone.management.trusted.rows.steps import Step, Steps, select, typed
from backbone.management.trusted.rules.shapes import (
    MAX_DIFFERENT,
    Cross,
    Mixed,
    PairShape,
)
from backbone.model.schemas import Column, Schema

__all__ = [
    "based",
    "comparisons",
    "counted",
    "found",
    "frames",
    "parts_of",
    "staying",
]


def parts_of(shape: PairShape) -> list[PairShape]:
    """Return the parts of `shape`, those that cost least first.

    Nearly all that three order comparisons let through satisfies them with one row; so
    parts of three are the last, and every comparison is in one.
    """
    orders, differs = shape.orders, shape.differs
    shape = replace(shape, halved=not shape.same_sides, mixed=())
    if not (orders or differs):
        return [shape]
    if len(orders) < len(MAX_DIFFERENT):
        most = MAX_DIFFERENT[len(orders)]
        return [replace(shape, differs=some) for some in _some(differs, most)]
    apart = _some(differs, MAX_DIFFERENT[0])
    ordered = [*_some(orders, 2), *_in_turn(orders, 3)]
    return [
        *(replace(shape, orders=(), differs=some) for some in apart),
        *(replace(shape, orders=some, differs=()) for some in ordered),
    ]


def _some(crosses: Sequence[Cross], size: int) -> list[tuple[Cross, ...]]:
    return [tuple(crosses[i : i + size]) for i in range(0, len(crosses), size)]


def _in_turn(crosses: Sequence[Cross], size: int) -> list[tuple[Cross, ...]]:
    """Every `size` that stand beside each other in a ring."""
    if len(crosses) == size:
        return [tuple(crosses)]
    ring = [*crosses, *crosses]
    return [tuple(ring[i : i + size]) for i in range(len(crosses))]


def frames(shape: PairShape, number: int) -> list[Frame]:
    """Return the questions of both roles among the rows that `number` parts left."""
    left = replace(shape, halved=shape.halved or number > 0)
    base = f"base_{number}"
    return [Frame("t1", left, base), Frame("t2", left.swapped(), base)]


def based(shape: PairShape, part: PairShape, number: int) -> Step:
    """Return the step that the `frames` of `part` read.

    It has the rows of the step ``left``, and whether they satisfy `part` with themselves.
    """
    names = "".join(f", {cell.name}" for cell in shape.cells)
    itself = f", {alone(part.crosses)} as s" if part.may_be_alone else ""
    return f"base_{number}", select(f"select id{names}, f1, f2{itself} from left_rows")


def staying(shape: PairShape, frames: Sequence[Frame]) -> Step:
    """Return the step that has the rows of ``left_rows`` that `frames` found."""
    names = "".join(f", b.{cell.name}" for cell in shape.cells)
    first, second = (frame.step("found") for frame in frames)
    text = (
        f"select b.id{names}, p.id is not null as f1, q.id is not null as f2 "
        f"from left_rows b left join {first} p on b.id = p.id "
        f"left join {second} q on b.id = q.id "
        "where p.id is not null or q.id is not null"
    )
    return "staying", select(text)


def found(frame: Frame, schema: Schema | None = None) -> Steps:
    """Return the steps that find the probes with a partner, pair by pair.

    `schema` is that of the table.
    """
    return [(frame.step("found"), _pairs(frame, "distinct p.id", schema))]


def counted(frame: Frame, schema: Schema | None = None) -> Steps:
    """Return the steps that count the pairs (``pairs``, one row), pair by pair."""
    half = " // 2" if frame.shape.symmetric else ""
    total = f"cast(count(*){half} as bigint) as pairs"
    return [(frame.step("total"), _pairs(frame, total, schema))]


def _pairs(frame: Frame, told: str, schema: Schema | None) -> exp.Query:
    compared = [
        *((name, "<>") for name in frame.differs),
        *((f"x{i}", op) for i, op in enumerate(frame.ops)),
    ]
    fits = "".join(f" and p.{name} {op} b.{name}" for name, op in compared)
    text = (
        f"select {told} from {frame.step('probes')} p "
        f"join {frame.step('builds')} b on {frame.on('p', 'b')} where p.id <> b.id{fits}"
    )
    pairs = frame.joined(text, "b")
    if not frame.shape.mixed or not isinstance(pairs, exp.Select):
        return pairs
    asked = pairs.where(*(_of_pair(one) for one in frame.shape.mixed))
    known = _cells(frame.shape, schema) if schema else None
    return typed(asked, known, frame.step("probes"), frame.step("builds"))


def _of_pair(mixed: Mixed) -> exp.Expr:
    """Return the condition with the names that the join gives to its rows."""
    condition = mixed.condition.copy()
    for node in condition.find_all(exp.Column):
        alias = "p" if node.table == "t1" else "b"
        node.set("table", exp.to_identifier(alias))
    return condition


def _cells(shape: PairShape, schema: Schema) -> Schema:
    """Return the types of the cells that are columns of the table as they are."""
    plain = [
        (cell.name, cell.value.name)
        for cell in shape.cells
        if isinstance(cell.value, exp.Column) and cell.value.name in schema
    ]
    return Schema(tuple(Column(name, schema[of].type) for name, of in plain))


def comparisons(frame: Frame) -> Steps:
    """Return the steps that count the pairs which `found` compares (``pairs``)."""
    keys = frame.listed(frame.keys, end=", ")
    counts = [
        f"select {keys}count(*) as n from {frame.step(name)} {frame.grouped()}"
        for name in ("probes", "builds")
    ]
    total = (
        "select cast(coalesce(sum(cast(p.n as double) * b.n), 0) as double) as pairs "
        f"from probed p join built b on {frame.on('p', 'b')}"
    )
    return [
        ("probed", select(counts[0])),
        ("built", select(counts[1])),
        ("compared", frame.joined(total, "b")),
    ]
