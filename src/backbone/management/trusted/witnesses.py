"""A few rows that break a rule, with a sentence that a person understands.

Only a bounded sample is looked at: some violating rows with the smallest ``_row``, and
for each its partner with the smallest ``_row``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.detect import ROWS
from backbone.management.trusted.findings import Finding
from backbone.management.trusted.numbering import located
from backbone.management.trusted.pieces import Inputs, nested, only, union
from backbone.management.trusted.plans.frame import Steps, broadcast, select, typed
from backbone.management.trusted.state import State
from backbone.management.trusted.texts import canonical_text
from backbone.model.constraints import ColumnRef
from backbone.model.reports import Witness
from backbone.model.schemas import Schema
from backbone.sql.denial_terms import predicate_expression
from backbone.sql.queries import Query, column, table

__all__ = ["MAX_WITNESSES", "Shown", "witnesses"]

MAX_WITNESSES = 5
_PROBED = 20
_AT_ONCE = 20
_MAX_SHOWN = 60
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """A finding of which witnesses are wanted, and the state in which it was found."""

    state: State
    finding: Finding

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that tell why."""
        return self.finding.part.constraint.columns


def witnesses(
    session: Session, shown: Sequence[Shown]
) -> tuple[tuple[Witness, ...], ...]:
    """Return at most five witnesses of each finding; the same ones every time.

    Two statements for every twenty findings.
    """
    found: list[tuple[Witness, ...]] = []
    for start in range(0, len(shown), _AT_ONCE):
        some = shown[start : start + _AT_ONCE]
        probed = _probed(session, some)
        rows = _sampled(session, some, probed)
        found += [
            _of_one(one, [row for row in rows if row["finding"] == number])
            for number, one in enumerate(some)
        ]
    return tuple(found)


def _of_one(one: Shown, rows: Sequence[Row]) -> tuple[Witness, ...]:
    groups: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["_pair"], row["_side"])):
        groups.setdefault(row["_pair"], []).append(row)
    distinct: dict[frozenset[str], Witness] = {}
    for pair in groups.values():
        made = _witness(one.finding, one.names, one.state, pair)
        distinct.setdefault(frozenset(made.rows), made)
    return tuple(distinct.values())[:MAX_WITNESSES]


def _probed(session: Session, shown: Sequence[Shown]) -> Staged:
    """Stage the violating rows with the smallest numbers: ``_place, _row`` and cells.

    An engine sees that they are few, and compares those with all rows. Of two-row rules
    they are rows in the role of t1.
    """
    schema = shown[0].state.schema
    every = list(dict.fromkeys(name for one in shown for name in one.names))
    inputs: Inputs = {}
    branches: list[exp.Query] = []
    for number, one in enumerate(shown):
        steps, read = one.state.rows(one.names)
        hits, more = one.finding.hits()
        inputs |= read | more
        cells = [
            exp.alias_(
                column(name, "r")
                if name in one.names
                else exp.cast(exp.null(), schema[name].type.sql),
                name,
                quoted=True,
            )
            for name in every
        ]
        probed = (
            exp.select(column("_row", "r"), *cells)
            .from_(table(ROWS, "r"))
            .join(table("picked", "p"), on=_same_row("p", "r"))
        )
        query = Query((*steps, *hits, ("picked", _picked(one)), ("probed", probed)))
        branches.append(nested(query, ["_row", *every], number))
    return session.stage(Query.of(union(branches), "probed"), inputs)


def _picked(one: Shown) -> exp.Query:
    if one.finding.part.constraint.is_pair:
        return select(
            "select _row from hits where role in ('t1', 'both') "
            f"order by _row limit {_PROBED}"
        )
    return select(f"select _row from hits order by _row limit {MAX_WITNESSES}")


def _sampled(session: Session, shown: Sequence[Shown], probed: Staged) -> list[Row]:
    """Fetch the cells of the probed rows, and of a partner for each."""
    width = max(len(one.names) for one in shown)
    inputs: Inputs = {"probed_rows": probed, "objects": shown[0].state.objects}
    branches: list[exp.Query] = []
    names = ["_pair", "_side", "_row", *(f"v{i}" for i in range(width))]
    for number, one in enumerate(shown):
        steps, read = one.state.rows(one.names)
        constraint = one.finding.part.constraint
        first: Steps = only("probed", number, "probed_rows")
        if constraint.is_pair:
            inputs |= read
            first = [*steps, *first, *_partners(one)]
        else:
            own = exp.alias_(column("_row"), "_pair")
            side = exp.alias_(exp.Literal.number(1), "_side")
            sample = exp.select("*", own, side).from_(table("probed"))
            first = [*first, ("sample", sample)]
        shown_ = _values(one.names, one.state.schema, width)
        query = Query((*first, ("shown", shown_)))
        branches.append(nested(query, names, number))
    query = Query((("every", union(branches)), ("placed", located("every"))))
    fetched = session.fetch(query, inputs, max_rows=2 * _PROBED * len(shown))
    return [{**row, "finding": row["_place"]} for row in fetched.to_pylist()]


def _partners(shown: Shown) -> Steps:
    """``sample``: the probed rows that have a partner, and the first partner of each.

    The probed rows are few: they go to where the others are.
    """
    constraint, names = shown.finding.part.constraint, shown.names

    def of_row(ref: ColumnRef) -> exp.Expr:
        return column(ref.column, ref.row)

    conditions = [predicate_expression(p, of_row) for p in constraint.predicates]
    one, other = column("_row", "t1"), column("_row", "t2")
    partner = exp.and_(*conditions, exp.NEQ(this=one, expression=other))
    partners: exp.Query = (
        exp.select(exp.alias_(one, "a"), exp.alias_(exp.Min(this=other), "b"))
        .from_(table("probed", "t1"))
        .join(table(ROWS, "t2"), on=partner)
        .group_by(one)
    )
    partners = broadcast(typed(partners, shown.state.schema, "probed", ROWS), "t1")

    def side(number: int, of: str, row: str) -> exp.Query:
        placed = exp.alias_(exp.Literal.number(number), "_side")
        cells = [column(name, "r") for name in ("_row", *names)]
        on = exp.EQ(this=column(row, "p"), expression=column("_row", "r"))
        found = (
            exp.select(exp.alias_(column("a", "p"), "_pair"), placed, *cells)
            .from_(table("partners", "p"))
            .join(table(of, "r"), on=on)
        )
        return broadcast(found, "p")

    sample = exp.union(side(1, "probed", "a"), side(2, ROWS, "b"), distinct=False)
    return [("partners", partners), ("sample", sample)]


def _values(names: Sequence[str], schema: Schema, width: int) -> exp.Select:
    """Return the sampled rows with their cells as texts, `width` of them."""
    cells = [canonical_text(column(name), schema[name].type) for name in names]
    cells += [exp.cast(exp.null(), "VARCHAR")] * (width - len(names))
    texts = [exp.alias_(cell, f"v{i}") for i, cell in enumerate(cells)]
    kept = [column(name) for name in ("_pair", "_side", "_row")]
    return exp.select(*kept, *texts).from_(table("sample"))


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
