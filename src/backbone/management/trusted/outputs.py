"""The tables that a trusted step writes, and how rows find their way into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlglot import exp

from backbone.engines.protocol import Session, Staged, Written
from backbone.management.trusted.finding.findings import Finding, hits_of
from backbone.management.trusted.rows.numbering import located, object_of, record_of
from backbone.management.trusted.rows.pieces import (
    Inputs,
    Piece,
    bound,
    joined,
)
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import Steps, select
from backbone.model.schemas import FLAGS, ORIGIN, Column, Schema
from backbone.model.types import DATE, DOUBLE, INTEGER, STRING
from backbone.sql.queries import Query, column, table

__all__ = [
    "DECISIONS",
    "MERGED",
    "QUARANTINE",
    "REPAIRS",
    "VIOLATIONS",
    "Flag",
    "main_schema",
    "merged_schema",
    "quarantine_schema",
    "side_schemas",
    "staged_flags",
    "write_decisions",
    "write_main",
    "write_merged",
    "write_quarantine",
    "write_repairs",
    "write_violations",
]

VIOLATIONS = Schema.of(rule=STRING, severity=STRING, role=STRING).with_columns(
    *ORIGIN, Column("columns", STRING), Column("reason", STRING)
)
REPAIRS = ORIGIN.with_columns(
    Column("column", STRING, "the column of the changed cell"),
    Column("old", STRING, "canonical text before; null was missing"),
    Column("new", STRING, "canonical text after; null was blanked"),
    Column("rule", STRING, "the rule or cleaning step that asked for it"),
    Column("method", STRING, "blank, majority, decision, or how a cleaning step changes"),
    Column("confidence", DOUBLE, "share of the votes, where there was a vote"),
    Column("step_order", INTEGER, "changes of a cell happen in this order"),
)
QUARANTINE = (Column("rule", STRING), Column("reason", STRING))
MERGED = (
    Column("rule", STRING),
    Column("survivor_delivery", STRING),
    Column("survivor_object", STRING),
    Column("survivor_record", INTEGER),
)


DECISIONS = ORIGIN.with_columns(
    Column("decision", STRING, "the decision's name"),
    Column("form", STRING, "keep, set, undo, fine or out"),
    Column("key", STRING, "how it names the row"),
    Column("columns", STRING, "the columns that it speaks of"),
    Column("rules", STRING, "the rules that it speaks of"),
    Column("status", STRING, "applied, or why it was not"),
    Column("reason", STRING, "why it was decided"),
    Column("decided_by", STRING, "by whom"),
    Column("decided_on", DATE, "on which day"),
)


@dataclass(frozen=True)
class Flag:
    """Rows that break the rule `name`; flags stand in the order of `place`."""

    place: int
    name: str
    finding: Finding


def main_schema(schema: Schema) -> Schema:
    """Return the schema of the trusted table: public columns, origin, flags."""
    return schema.public.with_columns(*ORIGIN, FLAGS)


def quarantine_schema(schema: Schema) -> Schema:
    """Return the schema of the rows that left for a reason."""
    return _prefixed(schema, QUARANTINE)


def merged_schema(schema: Schema) -> Schema:
    """Return the schema of the rows that were merged into a survivor."""
    return _prefixed(schema, MERGED)


def side_schemas(schema: Schema) -> dict[str, Schema]:
    """Return the schemas of the side tables of a table with `schema`, by their names."""
    return {
        "violations": VIOLATIONS,
        "repairs": REPAIRS,
        "quarantine": quarantine_schema(schema),
        "merged": merged_schema(schema),
        "decisions": DECISIONS,
    }


def _prefixed(schema: Schema, more: Sequence[Column]) -> Schema:
    """A column of the user that is called like one of `more` keeps its name."""
    ours = [replace(c, name=_free(c.name, schema)) for c in more]
    return schema.public.with_columns(*ORIGIN, *ours)


def _free(name: str, schema: Schema) -> str:
    taken = {other.lower() for other in schema.names}
    return f"_{name}" if name in taken else name


def staged_flags(session: Session, state: State, flags: Sequence[Flag]) -> Staged | None:
    """Stage ``_row, flags`` of the rows that stay and break a rule."""
    if not flags:
        return None
    every, inputs = hits_of([(flag.place, flag.finding) for flag in flags])
    stay = exp.select(column("_row", "r"), column("_place", "r")).from_(
        table("every", "r")
    )
    stay = state.staying(stay, inputs)
    names = dict(sorted((flag.place, flag.name) for flag in flags))
    broken = [
        exp.Max(this=exp.Case().when(_is_place(place), exp.Literal.string(name)))
        for place, name in names.items()
    ]
    parts = [exp.Literal.string(","), *broken]
    listed = exp.ConcatWs(expressions=parts, safe=True, coalesce=True)
    last = exp.select(column("_row"), exp.alias_(listed, "flags")).from_(table("stay"))
    first: Steps = [("every", every), ("stay", stay)]
    query = Query((*first, ("flags", last.group_by(column("_row")))))
    return session.stage(query, inputs)


def _is_place(place: int) -> exp.Expr:
    return exp.EQ(this=column("_place"), expression=exp.Literal.number(place))


def write_main(
    session: Session, state: State, flags: Staged | None, folder: Path
) -> Written:
    """Write the table: every current row that stayed, each cell as it became."""
    names = state.schema.public.names
    final, inputs = state.final(names)
    marked: exp.Expr = exp.null()
    final = state.staying(final, inputs)
    if flags is not None:
        inputs["flags"] = flags
        final = final.join(table("flags", "fl"), on=_same("fl"), join_type="left")
        marked = column("flags", "fl")
    final = final.select(exp.alias_(exp.cast(marked, "VARCHAR"), "_flags", quoted=True))
    query = Query((state.rowed(), ("main", final)))
    return session.write(query, inputs, main_schema(state.schema), folder, name="main")


def write_violations(
    session: Session, state: State, pieces: Sequence[Piece], folder: Path
) -> Written:
    """Write who breaks which rule, in which role, and why."""
    names = ["rule", "severity", "role", "_row", "columns", "reason"]
    return _write_pieces(session, state, pieces, names, VIOLATIONS, folder, "violations")


def write_repairs(
    session: Session, state: State, pieces: Sequence[Piece], folder: Path
) -> Written:
    """Write every changed cell."""
    names = [
        "_row",
        "column",
        "old",
        "new",
        "rule",
        "method",
        "confidence",
        "step_order",
    ]
    return _write_pieces(session, state, pieces, names, REPAIRS, folder, "repairs")


def _write_pieces(
    session: Session,
    state: State,
    pieces: Sequence[Piece],
    names: Sequence[str],
    schema: Schema,
    folder: Path,
    name: str,
) -> Written:
    if not pieces:
        return Written((), schema)
    every, inputs = joined(pieces, names)
    inputs["objects"] = state.objects
    query = Query((("every", every), (name, located("every"))))
    return session.write(query, inputs, schema, folder, name=name)


def write_quarantine(
    session: Session, state: State, pieces: Sequence[Staged], folder: Path
) -> Written:
    """Write the rows that left, as they were when they left, and why."""
    schema = quarantine_schema(state.schema)
    if not pieces:
        return Written((), schema)
    every, inputs = joined(_told(pieces), ["_row", "rule", "reason"])
    more = {_free(name, state.schema): column(name, "q") for name in ("rule", "reason")}
    steps: Steps = [("every", every)]
    return _write_gone(session, state, steps, inputs, more, schema, folder, "quarantine")


def write_merged(
    session: Session, state: State, pieces: Sequence[Staged], folder: Path
) -> Written:
    """Write the rows that were merged, and the origin of the row that stands for each."""
    schema = merged_schema(state.schema)
    if not pieces:
        return Written((), schema)
    merged, inputs = joined(_told(pieces), ["_row", "rule", "survivor"])
    with_origin = (
        "select m._row, m.rule, o._delivery as survivor_delivery, "
        f"o._object as survivor_object, {record_of('m.survivor')} as survivor_record "
        f"from merging m join objects o on {object_of('m.survivor')} = o.number"
    )
    steps: Steps = [("merging", merged), ("every", select(with_origin))]
    more = {_free(c.name, state.schema): column(c.name, "q") for c in MERGED}
    return _write_gone(session, state, steps, inputs, more, schema, folder, "merged")


def write_decisions(
    session: Session, state: State, told: Staged, folder: Path
) -> Written:
    """Write what became of each decision; one that found no row has no origin."""
    text = (
        f"select o._delivery, o._object, {record_of('t._row')} as _record, "
        "t.name as decision, t.form, t.key, t.columns, t.rules, t.status, t.reason, "
        "t.decided_by, t.decided_on from told t "
        f"left join objects o on {object_of('t._row')} = o.number"
    )
    inputs: Inputs = {"told": told, "objects": state.objects}
    query = Query.of(select(text))
    return session.write(query, inputs, DECISIONS, folder, name="decisions")


def _told(gone: Sequence[Staged]) -> list[Piece]:
    names = [bound("gone", staged) for staged in gone]
    reads = [Query.of(exp.select("*").from_(table(name))) for name in names]
    return [Piece(q, {n: s}) for q, n, s in zip(reads, names, gone, strict=True)]


def _write_gone(
    session: Session,
    state: State,
    steps: Steps,
    inputs: Inputs,
    more: dict[str, exp.Column],
    schema: Schema,
    folder: Path,
    name: str,
) -> Written:
    final, bound = state.final(state.schema.public.names)
    final = final.join(table("every", "q"), on=_same("q"))
    final = final.select(
        *(exp.alias_(c, alias, quoted=True) for alias, c in more.items())
    )
    query = Query((*steps, state.rowed(), (name, final)))
    return session.write(query, {**bound, **inputs}, schema, folder, name=name)


def _same(alias: str) -> exp.Expr:
    return exp.EQ(this=column("_row", "r"), expression=column("_row", alias))
