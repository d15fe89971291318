"""A few rows that break a rule, with a sentence that a person understands.

Only a bounded sample is looked at: some violating rows with the smallest ``_row``, and
for each its partner with the smallest ``_row``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from backbone.engines.protocol import Relation, Session
from backbone.management.trusted.detect import ROWS
from backbone.management.trusted.findings import Finding
from backbone.management.trusted.numbering import located
from backbone.management.trusted.plans.frame import Steps, select
from backbone.management.trusted.state import State
from backbone.management.trusted.texts import canonical_text
from backbone.model.constraints import ColumnRef, DenialConstraint
from backbone.model.reports import Witness
from backbone.model.schemas import Schema
from backbone.sql.denial_terms import predicate_expression
from backbone.sql.queries import Query, column, table

__all__ = ["MAX_WITNESSES", "witnesses"]

MAX_WITNESSES = 5
_PROBED = 20
_MAX_SHOWN = 60
Row = Mapping[str, Any]


def witnesses(session: Session, state: State, finding: Finding) -> tuple[Witness, ...]:
    """Return at most five witnesses of `finding`; the same ones every time."""
    constraint = finding.part.constraint
    names = constraint.columns
    steps, inputs = state.rows(names)
    bound: dict[str, Relation] = {
        **inputs,
        "hits": finding.hits,
        "objects": state.objects,
    }
    if constraint.is_pair:
        probed = Query((*steps, *_probed(names)))
        bound["probed"] = session.stage(probed, bound)
        sample = _pairs(constraint)
    else:
        sample = _single()
    query = Query((*steps, *sample, *_values(names, state.schema)))
    fetched = session.fetch(query, bound, max_rows=2 * _PROBED).to_pylist()
    found = sorted(fetched, key=lambda row: (row["pair"], row["place"]))
    groups: dict[int, list[Row]] = {}
    for row in found:
        groups.setdefault(row["pair"], []).append(row)
    distinct: dict[frozenset[str], Witness] = {}
    for rows in groups.values():
        made = _witness(finding, names, state, rows)
        distinct.setdefault(frozenset(made.rows), made)
    return tuple(distinct.values())[:MAX_WITNESSES]


def _single() -> Steps:
    """``sample``: the violating rows with the smallest numbers."""
    text = f"select distinct _row from hits order by _row limit {MAX_WITNESSES}"
    return [
        ("picked", select(text)),
        ("sample", select("select _row as pair, 1 as place, _row from picked")),
    ]


def _probed(names: Sequence[str]) -> Steps:
    """``probed``: violating rows in the role of t1, with their cells.

    They are staged: an engine sees that they are few, and compares those with all rows.
    """
    picked = (
        "select distinct _row from hits where role in ('t1', 'both') "
        f"order by _row limit {_PROBED}"
    )
    probed = (
        exp.select(column("_row", "r"), *(column(name, "r") for name in names))
        .from_(table(ROWS, "r"))
        .join(table("picked", "p"), on=_same_row("p", "r"))
    )
    return [("picked", select(picked)), ("probed", probed)]


def _pairs(constraint: DenialConstraint) -> Steps:
    """``sample``: the probed rows, and a partner for each."""

    def of_row(ref: ColumnRef) -> exp.Expr:
        return column(ref.column, ref.row)

    conditions = [predicate_expression(p, of_row) for p in constraint.predicates]
    one, other = column("_row", "t1"), column("_row", "t2")
    partner = exp.and_(*conditions, exp.NEQ(this=one, expression=other))
    partners = (
        exp.select(exp.alias_(one, "a"), exp.alias_(exp.Min(this=other), "b"))
        .from_(table("probed", "t1"))
        .join(table(ROWS, "t2"), on=partner)
        .group_by(one)
    )
    sample = (
        "select a as pair, 1 as place, a as _row from partners "
        "union all select a, 2, b from partners"
    )
    return [("partners", partners), ("sample", select(sample))]


def _values(names: Sequence[str], schema: Schema) -> Steps:
    cells = [
        exp.alias_(canonical_text(column(name, "r"), schema[name].type), f"v{i}")
        for i, name in enumerate(names)
    ]
    shown = (
        exp.select(column("pair", "s"), column("place", "s"), column("_row", "s"), *cells)
        .from_(table("sample", "s"))
        .join(table(ROWS, "r"), on=_same_row("s", "r"))
    )
    return [("shown", shown), ("placed", located("shown"))]


def _same_row(left: str, right: str) -> exp.Expr:
    return exp.EQ(this=column("_row", left), expression=column("_row", right))


def _witness(
    finding: Finding, names: Sequence[str], state: State, rows: Sequence[Row]
) -> Witness:
    origins = tuple(f"{r['_delivery']}/{r['_object']}#{r['_record']}" for r in rows)
    values = tuple({name: row[f"v{i}"] for i, name in enumerate(names)} for row in rows)
    texts = {name for name in names if state.schema[name].type.kind == "string"}
    called = [f"{row['_object']}#{row['_record']}" for row in rows]
    shown = [{n: _shown(v[n], quote=n in texts) for n in names} for v in values]
    if len(rows) == 1:
        said = " and ".join(f"{name} = {shown[0][name]}" for name in names)
        return Witness(
            origins, values, f"row {called[0]}: {finding.part.reason} ({said})"
        )
    return Witness(origins, values, _pair_sentence(called, names, shown))


def _pair_sentence(
    called: Sequence[str], names: Sequence[str], shown: Sequence[Mapping[str, str]]
) -> str:
    equal = [n for n in names if shown[0][n] == shown[1][n]]
    said = [" and ".join(f"{n} = {shown[0][n]}" for n in equal)] if equal else []
    others = [n for n in names if n not in equal]
    if others:
        said.append(
            " and ".join(f"{n} = {shown[0][n]} and {shown[1][n]}" for n in others)
        )
    return f"rows {called[0]} and {called[1]} have {' but '.join(said)}"


def _shown(text: str | None, *, quote: bool) -> str:
    if text is None:
        return "missing"
    cut = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
    return f"'{cut}'" if quote else cut
