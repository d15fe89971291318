"""A few rows that break a rule, with a sentence that a person understands.

Only a bounded sample is looked at: some violating rows with the smallest ``_row``, and
for each its partner with the smallest ``_row``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.finding.seen import Seen, together
from backbone.management.trusted.plans.sequence import neighbours
from backbone.management.trusted.rows.numbering import located
from backbone.management.trusted.rows.pieces import Inputs, nested, only, union
from backbone.management.trusted.rows.steps import ROWS, Steps, broadcast, select, typed
from backbone.management.trusted.rows.texts import canonical_text
from backbone.model.constraints import ColumnRef
from backbone.model.reports import Witness
from backbone.model.schemas import Schema
from backbone.sql.copies import copied
from backbone.sql.denial_terms import predicate_expression
from backbone.sql.queries import Query, column, quoted, table

__all__ = ["MAX_WITNESSES", "witnesses"]

MAX_WITNESSES = 5
_PROBED = 20
_AT_ONCE = 20
_MAX_SHOWN = 60
Row = Mapping[str, Any]


def witnesses(
    session: Session, seen: Sequence[Seen], *, at_most: int = MAX_WITNESSES
) -> tuple[tuple[Witness, ...], ...]:
    """Return at most `at_most` witnesses of each finding; the same ones every time.

    Two statements for every twenty findings.
    """
    probes = max(_PROBED, 2 * at_most)
    found: list[tuple[Witness, ...]] = []
    for start in range(0, len(seen), _AT_ONCE):
        some = seen[start : start + _AT_ONCE]
        names = tuple(dict.fromkeys(name for one in some for name in one.names))
        probed = _probed(session, some, names, probes)
        rows = _sampled(session, some, names, probed, probes)
        found += [
            _of_one(one, [r for r in rows if r["finding"] == number], at_most)
            for number, one in enumerate(some)
        ]
    return tuple(found)


def _of_one(one: Seen, rows: Sequence[Row], at_most: int) -> tuple[Witness, ...]:
    groups: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["_pair"], row["_side"])):
        groups.setdefault(row["_pair"], []).append(row)
    distinct: dict[frozenset[str], Witness] = {}
    for pair in groups.values():
        made = _witness(one, pair)
        distinct.setdefault(frozenset(made.rows), made)
    return tuple(distinct.values())[:at_most]


def _probed(
    session: Session, seen: Sequence[Seen], names: Sequence[str], probes: int
) -> Staged:
    """Stage the violating rows with the smallest numbers: ``_place, _row`` and `names`.

    An engine sees that they are few, and compares those with all rows. Of two-row rules
    they are rows in the role of t1. A finding's own cells are there, others are null.
    """
    schema = seen[0].state.schema
    ranked = select(
        "select _place, _row, row_number() over (partition by _place order by _row) as n "
        "from hits where role in ('t1', 'both')"
    )
    picked = select(f"select _place, _row from ranked where n <= {int(probes)}")
    inputs: Inputs = {}
    branches: list[exp.Query] = []
    for group in together(seen):
        inputs.update(group.inputs)
        cells = _cells(names, group.names, schema)
        probed = (
            exp.select(column("_place", "p"), column("_row", "r"), *cells, copy=False)
            .from_(table(ROWS, "r"), copy=False)
            .join(table("picked", "p"), on=_same_row("p", "r"), copy=False)
        )
        steps = (*group.steps, ("ranked", ranked), ("picked", picked))
        query = Query((*steps, ("probed", probed)))
        branches.append(nested(query, ["_place", "_row", *names]))
    return session.stage(Query.of(union(branches), "probed"), inputs)


def _cells(names: Sequence[str], own: Sequence[str], schema: Schema) -> list[exp.Expr]:
    """Return the columns `names` of relation ``r``; it has those that are `own`."""
    kinds = {schema[name].type for name in names if name not in own}
    nothing = {kind: exp.cast(exp.null(), kind.sql) for kind in kinds}
    return [
        exp.Alias(
            this=column(name, "r") if name in own else copied(nothing[schema[name].type]),
            alias=quoted(name),
        )
        for name in names
    ]


def _sampled(
    session: Session,
    seen: Sequence[Seen],
    names: Sequence[str],
    probed: Staged,
    probes: int,
) -> list[Row]:
    """Fetch the cells of the probed rows as texts, and of a partner for each."""
    schema = seen[0].state.schema
    inputs: Inputs = {"probed_rows": probed, "objects": seen[0].state.objects}
    columns = ["_place", "_pair", "_side", "_row"]
    branches: list[exp.Query] = []
    alone = []
    for number, one in enumerate(seen):
        constraint = one.finding.part.constraint
        if not constraint.is_pair and constraint.sequence is None:
            alone.append(exp.Literal.number(number))
            continue
        reads = tuple(dict.fromkeys([*constraint.columns, *one.names]))
        steps, read = one.state.seen_by(constraint).rows(reads, constraint.where)
        inputs.update(read)
        first = only("probed", number, "probed_rows")
        sample = _partners(one, names) if constraint.is_pair else _beside(one, names)
        query = Query((*steps, *first, *sample))
        branches.append(nested(query, [*columns[1:], *names], number))
    if alone:
        own = exp.alias_(column("_row"), "_pair")
        side = exp.alias_(exp.Literal.number(1), "_side")
        rows = exp.select(column("_place"), own, side, column("_row"))
        rows = rows.select(*map(column, names)).from_(table("probed_rows"))
        branches.append(rows.where(exp.In(this=column("_place"), expressions=alone)))
    cells = [canonical_text(column(name), schema[name].type) for name in names]
    texts = exp.select(*map(column, columns)).from_(table("sample"))
    texts = texts.select(*(exp.alias_(c, f"v{i}") for i, c in enumerate(cells)))
    query = Query(
        (("sample", union(branches)), ("texts", texts), ("placed", located("texts")))
    )
    fetched = session.fetch(query, inputs, max_rows=3 * probes * len(seen))
    values = {name: f"v{i}" for i, name in enumerate(names)}
    return [
        {
            **row,
            "finding": row["_place"],
            "values": {n: row[v] for n, v in values.items()},
        }
        for row in fetched.to_pylist()
    ]


def _partners(one_seen: Seen, wanted: Sequence[str]) -> Steps:
    """``sample``: the probed rows that have a partner, and the first partner of each.

    The probed rows are few: they go to where the others are.
    """
    constraint, schema = one_seen.finding.part.constraint, one_seen.state.schema

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
    partners = broadcast(typed(partners, schema, "probed", ROWS), "t1")
    sample = [("probed", "a"), (ROWS, "b")]
    return [("partners", partners), ("sample", _sides(one_seen, wanted, sample))]


def _sides(
    one: Seen, wanted: Sequence[str], sides: Sequence[tuple[str, str]]
) -> exp.Query:
    """Return the rows of each of the ``partners``, the first ``a``, with their cells.

    `sides` are where rows are, and the columns of ``partners`` that name them.
    """
    schema = one.state.schema
    found = []
    for number, (of, row) in enumerate(sides, start=1):
        placed = exp.alias_(exp.Literal.number(number), "_side")
        cells = [column("_row", "r"), *_cells(wanted, one.names, schema)]
        on = exp.EQ(this=column(row, "p"), expression=column("_row", "r"))
        paired = exp.alias_(column("a", "p"), "_pair")
        rows = (
            exp.select(paired, placed, *cells, copy=False)
            .from_(table("partners", "p"), copy=False)
            .join(table(of, "r"), on=on, copy=False)
        )
        found.append(broadcast(rows, "p"))
    return union(found)


def _beside(one: Seen, wanted: Sequence[str]) -> Steps:
    """``sample``: the probed rows and their neighbours, from their sequences alone."""
    constraint = one.finding.part.constraint
    per = constraint.sequence.per if constraint.sequence else ()
    near = exp.select("r.*").from_(table(ROWS, "r"))
    if per:
        groups = exp.select(*(column(name) for name in per)).distinct()
        groups = groups.from_(table("probed"))
        same = [exp.EQ(this=column(n, "r"), expression=column(n, "g")) for n in per]
        near = near.join(groups.subquery("g"), on=exp.and_(*same))
    beside = [f"{side}_id" for side in constraint.neighbours]
    listed = ", ".join(f"n.{name}" for name in beside)
    partners = select(
        f"select n.own_id as a, {listed} from neighbours n "
        "join probed p on n.own_id = p._row"
    )
    sides = [("probed", "a"), *((ROWS, name) for name in beside)]
    return [
        ("nearby", near),
        *neighbours(constraint, "nearby"),
        ("partners", partners),
        ("sample", _sides(one, wanted, sides)),
    ]


def _same_row(left: str, right: str) -> exp.Expr:
    return exp.EQ(this=column("_row", left), expression=column("_row", right))


def _witness(one: Seen, rows: Sequence[Row]) -> Witness:
    names, schema = one.labels, one.state.schema
    own = dict(zip(names, one.names, strict=True))
    origins = tuple(f"{r['_delivery']}/{r['_object']}#{r['_record']}" for r in rows)
    values = tuple({name: row["values"][own[name]] for name in names} for row in rows)
    texts = {name for name in names if schema[own[name]].type.kind == "string"}
    called = [_called(row) for row in rows]
    shown = [{n: _shown(v[n], quote=n in texts) for n in names} for v in values]
    if len(rows) == 1:
        said = " and ".join(f"{name} = {shown[0][name]}" for name in names)
        reason = one.finding.part.reason
        told = f" ({said})" if said else ""
        return Witness(origins, values, f"row {called[0]}: {reason}{told}")
    if one.finding.part.constraint.sequence is not None:
        return Witness(origins, values, _sequence_sentence(one, called, shown))
    return Witness(origins, values, _pair_sentence(called, names, values, shown))


def _called(row: Row) -> str:
    """Name a row by its object and record; what has one object is known by the record."""
    name, record = row["_object"], row["_record"]
    return f"{name}#{record}" if name else str(record)


def _pair_sentence(
    called: Sequence[str],
    names: Sequence[str],
    values: Sequence[Mapping[str, str | None]],
    shown: Sequence[Mapping[str, str]],
) -> str:
    equal = [n for n in names if values[0][n] == values[1][n]]
    said = [" and ".join(f"{n} = {shown[0][n]}" for n in equal)] if equal else []
    others = [n for n in names if n not in equal]
    if others:
        said.append(
            " and ".join(f"{n} = {shown[0][n]} and {shown[1][n]}" for n in others)
        )
    return f"rows {called[0]} and {called[1]} have {' but '.join(said)}"


def _sequence_sentence(
    one: Seen, called: Sequence[str], shown: Sequence[Mapping[str, str]]
) -> str:
    part = one.finding.part
    words = ["row", *part.constraint.neighbours]
    said = [
        f"{word} {name} has {' and '.join(f'{n} = {v}' for n, v in values.items())}"
        for word, name, values in zip(words, called, shown, strict=False)
    ]
    return f"{part.reason}: {', '.join(said)}"


def _shown(text: str | None, *, quote: bool) -> str:
    if text is None:
        return "missing"
    cut = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
    return f"'{cut}'" if quote else cut
