"""What people decided about rows, before anything is cleaned or checked.

Decisions are handed to the engine as a few small relations: the keys of the rows that
they name, a relation for each set of columns; what they say of each column; and the
decisions themselves. One statement finds the rows and judges which decisions hold, one
for each decided column says what its cells become. So thousands of decisions cost as many
statements as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlglot import exp

from backbone.engines.handing import handed
from backbone.engines.protocol import Scan, Session, Staged
from backbone.management.trusted.cleaning import Change, cleaned, deciding
from backbone.management.trusted.people.rulingtables import (
    Facts,
    Spoken,
    facts_of,
    keys_of,
    spoken_of,
)
from backbone.management.trusted.rows.decided import Decided
from backbone.management.trusted.rows.pieces import Inputs, Piece, bound, nested, union
from backbone.management.trusted.rows.state import Cells, State, overlaid
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rows.texts import canonical_text
from backbone.model.reports import DecisionReport
from backbone.project.decisions import Ruling
from backbone.project.trusted import Rule
from backbone.sql.queries import Query, column, table

__all__ = ["Settled", "settled"]

_NAMED = ("_row", "decision", "line")
_CELL_FORMS = "('keep', 'set')"


@dataclass(frozen=True)
class Settled:
    """What people decided about the current rows.

    `decided` is what rules have to leave alone; `fixed` the cells of each column whose
    value is decided; `repairs` tells those that change; `out` are the rows that leave
    (``_row, rule, reason``); `told` says of each decision which rows it found and what
    became of it there; `reports` counts that.
    """

    decided: Decided | None = None
    fixed: Mapping[str, Cells] = field(default_factory=dict)
    repairs: tuple[Piece, ...] = ()
    out: Staged | None = None
    told: Staged | None = None
    reports: tuple[DecisionReport, ...] = ()


def settled(
    session: Session,
    bare: State,
    rulings: Sequence[Ruling],
    rules: Sequence[Rule],
    changes: Sequence[Change],
    folder: Path,
) -> Settled:
    """Find the rows that decisions name, and say what is decided about them.

    Parameters
    ----------
    bare : the current rows, in which nothing has changed
    rulings : the decisions that hold today, checked; of two that speak of a cell the
        later one counts
    rules : the rules of the table
    changes : the changes of cleaning: a row is named by what its cells would hold after
        them, had nobody decided anything
    folder : where relations are while they are handed to the engine

    Notes
    -----
    O(n) for n current rows, a scan of the columns that are named; as many statements as
    columns are decided, and four. Cleaning that changes columns by which rows are named,
    or what a decision asks for, is done once more, for those columns alone.
    """
    if not rulings:
        return Settled()
    facts = facts_of(rulings, rules)
    spoken = spoken_of(rulings, bare.schema)
    with ExitStack() as lent:

        def lend(facts_: Facts, name: str) -> Scan:
            held = handed(facts_.rows, facts_.schema, folder, name)
            return lent.enter_context(held)

        given: Inputs = {name: lend(f, name) for name, f in facts.items()}
        given |= {one.relation: lend(one.facts, one.relation) for one in spoken}
        keys = {
            f"keys{number}": (names, lend(found, f"keys{number}"))
            for number, (names, found) in enumerate(keys_of(rulings, bare.schema))
        }
        asked = {one.column for one in spoken if one.asks}
        asked.update(name for names, _ in keys.values() for name in names)
        tidy = cleaned(session, bare, deciding(changes, asked), reads=(), folder=folder)
        judged = _judged(session, tidy.state, spoken, keys, given)
        fixed = {
            one.column: _fixed(session, number, one, judged, given)
            for number, one in enumerate(spoken)
            if one.fixes
        }
        verdicts = _verdicts(session, judged, fixed, given)
        told = _told(session, judged, verdicts, given)
        out = _out(session, judged, given)
    return Settled(
        decided=_decided(verdicts, fixed, rulings),
        fixed={name: Cells(staged) for name, staged in fixed.items()},
        repairs=tuple(_repairs(bare, fixed)),
        out=out if out.rows else None,
        told=told,
        reports=_reports(session, told, rulings),
    )


def _decided(
    verdicts: Staged, fixed: Mapping[str, Staged], rulings: Sequence[Ruling]
) -> Decided | None:
    if not verdicts.rows:
        return None
    said = [ruling.decision for ruling in rulings]
    return Decided(
        verdicts,
        cells=frozenset(name for name, staged in fixed.items() if staged.rows),
        undone=frozenset(one.undo for one in said if one.undo),
        fine=frozenset(rule for one in said for rule in one.fine),
    )


def _judged(
    session: Session,
    tidy: State,
    spoken: Sequence[Spoken],
    keys: Mapping[str, tuple[tuple[str, ...], Scan]],
    given: Inputs,
) -> Staged:
    """Stage the rows that are named: ``_row, decision, line, status``, and their cells.

    `tidy` is the table as cleaned; ``_raw0 …`` are the cells of the `spoken` columns as
    formatted, ``_now0 …`` cleaned.
    """
    cells = [f"_{when}{n}" for n in range(len(spoken)) for when in ("raw", "now")]
    branches = []
    inputs: Inputs = {"formatted": tidy.formatted, "objects": tidy.objects, **given}
    for source, (names, scan) in keys.items():
        inputs[source] = scan
        query = _named(tidy, spoken, source, names, inputs)
        branches.append(nested(query, [*_NAMED, *cells]))
    steps: Steps = [("named", union(branches))]
    steps.append(("checked", _checked(spoken)))
    judged = (
        "select c.*, case when c.hits > 1 and m.single then 'several rows' "
        "when c.other then 'other value' else 'applied' end as status "
        "from checked c join meta m on c.decision = m.decision"
    )
    return session.stage(Query((*steps, ("judged", select(judged)))), inputs)


def _named(
    tidy: State,
    spoken: Sequence[Spoken],
    source: str,
    names: Sequence[str],
    inputs: Inputs,
) -> Query:
    """Return the rows that the keys of `source`, in the columns `names`, name."""
    about = [one.column for one in spoken]
    raws = [f"_raw{number}" for number in range(len(spoken))]
    read = list(dict.fromkeys((*names, *about)))
    rows = exp.select(column("_row", "r")).from_(table("rowed", "r"))
    for raw, name in zip(raws, about, strict=True):
        rows = rows.select(exp.alias_(column(name, "r"), raw, quoted=True))
    rows = overlaid(rows, read, [tidy.cleaned], inputs)
    found = exp.select(column("_row", "r"), column("decision", "k"), column("line", "k"))
    for number, (raw, name) in enumerate(zip(raws, about, strict=True)):
        now = exp.alias_(column(name, "r"), f"_now{number}", quoted=True)
        found = found.select(column(raw, "r"), now)
    same = [
        exp.EQ(this=column(name, "r"), expression=column(f"k{number}", "k"))
        for number, name in enumerate(names)
    ]
    found = found.from_(table("tidy", "r"))
    found = found.join(table(source, "k"), on=exp.and_(*same))
    return Query((tidy.rowed(), ("tidy", rows), ("found", found)))


def _checked(spoken: Sequence[Spoken]) -> exp.Query:
    """Count the rows that each line names; tell where a cell is another than it was."""
    hits = exp.Window(
        this=exp.Count(this=exp.Star()),
        partition_by=[column("decision", "n"), column("line", "n")],
        over="OVER",
    )
    whole = exp.Column(this=exp.Star(), table=exp.to_identifier("n", quoted=True))
    checked = exp.select(whole, exp.alias_(hits, "hits")).from_(table("named", "n"))
    others: list[exp.Expr] = []
    for number, one in enumerate(spoken):
        if not one.asks:
            continue
        alias = f"c{number}"
        on = _same(["decision", "line"], "n", alias)
        checked = checked.join(table(one.relation, alias), on=on, join_type="left")
        differs = [
            exp.NullSafeNEQ(
                this=column("was", alias), expression=column(f"_{when}{number}", "n")
            )
            for when in ("raw", "now")
        ]
        asked = exp.func("coalesce", column("asked", alias), exp.false())
        others.append(exp.and_(asked, *differs))
    other = exp.or_(*others) if others else exp.false()
    return checked.select(exp.alias_(other, "other"))


def _fixed(
    session: Session, number: int, one: Spoken, judged: Staged, given: Inputs
) -> Staged:
    """Stage the decided cells of a column: ``_row, decision, old, value, rule``."""
    text = (
        f"select j._row, j.decision, j.line, j._raw{number} as old, "
        f"case when c.fixed = 'set' then c.value else j._raw{number} end as value, "
        "m.name as rule from judged j "
        "join cells c on j.decision = c.decision and j.line = c.line "
        "join meta m on j.decision = m.decision "
        "where j.status = 'applied' and c.fixed <> ''"
    )
    ranked = (
        "select *, row_number() over (partition by _row order by decision desc, "
        "line desc) as place from every"
    )
    last = "select _row, decision, old, value, rule from ranked where place = 1"
    steps = [("every", select(text)), ("ranked", select(ranked)), ("last", select(last))]
    inputs: Inputs = {
        "judged": judged, "cells": given[one.relation], "meta": given["meta"],
    }  # fmt: skip
    return session.stage(Query(tuple(steps)), inputs)


def _verdicts(
    session: Session, judged: Staged, fixed: Mapping[str, Staged], given: Inputs
) -> Staged:
    """Stage what is to be left alone: ``_row, kind, column, rule, decision``."""
    acted = (
        "select j._row, a.kind, a.name, a.rule, j.decision from judged j "
        "join acts a on j.decision = a.decision where j.status = 'applied'"
    )
    branches = [select(acted)]
    inputs: Inputs = {"judged": judged, "acts": given["acts"]}
    for name, staged in fixed.items():
        source = bound("fixed", staged)
        inputs[source] = staged
        cell = exp.select(
            column("_row"),
            exp.alias_(exp.Literal.string("cell"), "kind"),
            exp.alias_(exp.Literal.string(name), "name"),
            exp.alias_(exp.Literal.string(""), "rule"),
            column("decision"),
        )
        branches.append(cell.from_(table(source)))
    every = exp.select(
        column("_row"), column("kind"), exp.alias_(column("name"), "column", quoted=True),
        column("rule"), column("decision"),
    ).from_(table("every"))  # fmt: skip
    query = Query((("every", union(branches)), ("verdicts", every)))
    return session.stage(query, inputs)


def _told(session: Session, judged: Staged, verdicts: Staged, given: Inputs) -> Staged:
    """Stage what became of each line: a row of the side table, with ``_row`` or none."""
    won = "select distinct _row, decision from verdicts where kind = 'cell'"
    found = (
        "select j._row, j.decision, j.line, case when j.status = 'applied' "
        f"and m.form in {_CELL_FORMS} and w._row is null then 'overruled' "
        "else j.status end as status from judged j "
        "join meta m on j.decision = m.decision "
        "left join won w on j._row = w._row and j.decision = w.decision"
    )
    every = (
        "select f._row, l.decision, l.key, coalesce(f.status, 'no row') as status "
        "from named_lines l left join found f "
        "on l.decision = f.decision and l.line = f.line"
    )
    told = (
        "select e._row, m.name, m.form, e.key, m.columns, m.rules, e.status, m.reason, "
        "m.decided_by, m.decided_on, e.decision from every e "
        "join meta m on e.decision = m.decision"
    )
    steps = (
        ("won", select(won)), ("found", select(found)), ("every", select(every)),
        ("told", select(told)),
    )  # fmt: skip
    inputs: Inputs = {"judged": judged, "verdicts": verdicts, **given}
    used = {"judged", "verdicts", "meta", "named_lines"}
    return session.stage(Query(steps), {k: v for k, v in inputs.items() if k in used})


def _out(session: Session, judged: Staged, given: Inputs) -> Staged:
    """Stage the rows that a person took out: ``_row, rule, reason``."""
    text = (
        "select j._row, arg_max(m.name, j.decision) as rule, "
        "arg_max(m.reason, j.decision) as reason from judged j "
        "join meta m on j.decision = m.decision "
        "where j.status = 'applied' and m.form = 'out' group by j._row"
    )
    inputs: Inputs = {"judged": judged, "meta": given["meta"]}
    return session.stage(Query.of(select(text)), inputs)


def _repairs(bare: State, fixed: Mapping[str, Staged]) -> Iterator[Piece]:
    """Tell the cells that a decision changed, before every other change."""
    for name, staged in fixed.items():
        if not staged.rows:
            continue
        kind, source = bare.schema[name].type, bound("fixed", staged)
        entries = exp.select(
            column("_row"),
            exp.alias_(exp.Literal.string(name), "column", quoted=True),
            exp.alias_(canonical_text(column("old"), kind), "old"),
            exp.alias_(canonical_text(column("value"), kind), "new"),
            column("rule"),
            exp.alias_(exp.Literal.string("decision"), "method"),
            exp.alias_(exp.cast(exp.null(), "DOUBLE"), "confidence"),
            exp.alias_(exp.Literal.number(0), "step_order"),
        ).from_(table(source))
        changed = exp.NullSafeNEQ(this=column("old"), expression=column("value"))
        yield Piece(Query.of(entries.where(changed)), {source: staged})


def _reports(
    session: Session, told: Staged, rulings: Sequence[Ruling]
) -> tuple[DecisionReport, ...]:
    text = "select decision, status, count(*) as n from told group by decision, status"
    found = session.fetch(Query.of(select(text)), {"told": told}).to_pylist()
    counts: dict[int, dict[str, int]] = {}
    for row in found:
        counts.setdefault(int(row["decision"]), {})[str(row["status"])] = int(row["n"])
    return tuple(
        DecisionReport(ruling.decision.name, ruling.decision.form, counts.get(place, {}))
        for place, ruling in enumerate(rulings)
    )


def _same(names: Sequence[str], left: str, right: str) -> exp.Expr:
    return exp.and_(
        *(exp.EQ(this=column(n, left), expression=column(n, right)) for n in names)
    )
