"""What is done about violations: blank, repair by majority, quarantine, deduplicate.

Cells change only where blamed. Every change is a row of the repairs, every row that
leaves has a reason or a survivor; ties are left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.finding.findings import Finding, hits_of
from backbone.management.trusted.rows.pieces import Inputs, Piece, bound, joined
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import ROWS, Steps, select
from backbone.management.trusted.rows.texts import canonical_text
from backbone.management.trusted.rules.blame import blamed, blamed_role
from backbone.management.trusted.rules.declared import parts_of
from backbone.project.trusted import Rule
from backbone.sql.queries import Query, column, table

__all__ = ["Effect", "blank", "deduplicate", "quarantine", "repair"]

_ROLES = {"t1": "role in ('t1', 'both')", "t2": "role in ('t2', 'both')", "any": "true"}


@dataclass(frozen=True)
class Effect:
    """The state after an action, and what the action did.

    `repairs` tell changed cells, `gone` holds the rows that left, each as the side table
    wants them, with ``_row`` in place of the origin; `cells` and `rows` count them.
    `changed` has the rows (``_row``) of those cells, a relation a column.
    """

    state: State
    repairs: tuple[Piece, ...] = ()
    gone: Staged | None = None
    cells: int = 0
    rows: int = 0
    changed: tuple[Staged, ...] = ()

    def and_then(self, later: Effect) -> Effect:
        """Return both changes as one; `later` began from the state of this one."""
        return Effect(
            later.state,
            (*self.repairs, *later.repairs),
            later.gone,
            self.cells + later.cells,
            later.rows,
            (*self.changed, *later.changed),
        )


def blank(
    session: Session, state: State, rule: Rule, finding: Finding, *, order: int
) -> Effect:
    """Make the blamed cells of violating rows null."""
    change = Effect(state)
    for cell in blamed(rule, finding.part):
        steps, inputs = change.state.rows([cell.column])
        present = exp.not_(exp.Is(this=column(cell.column, "r"), expression=exp.null()))
        hits, read = finding.guilty.hits()
        mine = select(f"select _row from hits where {_ROLES[cell.rows]}")
        moved = (
            exp.select(column("_row", "r"))
            .select(exp.alias_(column(cell.column, "r"), "old"))
            .select(exp.alias_(exp.null(), "value"))
            .select(exp.alias_(exp.cast(exp.null(), "DOUBLE"), "confidence"))
            .from_(table(ROWS, "r"))
            .join(table("blamed", "b"), on=_equal(["_row"], "r", "b"))
            .where(present)
        )
        query = Query((*steps, *hits, ("blamed", mine), ("moved", moved)))
        given = {**inputs, **read}
        change = _moved(
            session, change, cell.column, rule.name, "blank", order, query, given
        )
    return change


def repair(
    session: Session, state: State, rule: Rule, finding: Finding, *, order: int
) -> Effect:
    """Give the cells of a functional rule the value of most rows of their group.

    Nulls have no vote and are left alone; so is every group without one greatest number
    of votes. `confidence` is the winner's share of the votes.
    """
    *keys, name = finding.part.constraint.columns
    if rule.blamed_cells and name not in rule.blamed_cells:
        return Effect(state)
    constraint = finding.part.constraint
    steps, inputs = state.seen_by(constraint).rows([*keys, name], constraint.where)
    query = Query((*steps, *_majority_steps(keys, name)))
    return _moved(
        session, Effect(state), name, rule.name, "majority", order, query, inputs
    )


def _majority_steps(keys: Sequence[str], name: str) -> Steps:
    named = [exp.alias_(column(key), f"k{i}") for i, key in enumerate(keys)]
    listed = [f"k{i}" for i in range(len(keys))]
    votes = (
        exp.select(column("_row"), exp.alias_(column(name), "v"), *named)
        .from_(table(ROWS))
        .where(*(_present(key) for key in (*keys, name)))
    )
    group = ", ".join(listed)
    counted = (
        f"select {group}, arg_min(v, _row) as v, min(_row) as first, count(*) as n "
        f"from votes group by {group}, votes.v"
    )
    groups = (
        f"select {group}, sum(n) as total, max(n) as top from counted "
        f"group by {group} having count(*) > 1"
    )
    on_c = " and ".join(f"c.{k} = g.{k}" for k in listed)
    winners = (
        f"select {', '.join(f'g.{k}' for k in listed)}, arg_min(c.v, c.first) as v, "
        "max(cast(g.top as double) / cast(g.total as double)) as confidence "
        f"from counted c join groups g on {on_c} and c.n = g.top "
        f"group by {', '.join(f'g.{k}' for k in listed)} having count(*) = 1"
    )
    on_w = " and ".join(f"r.{k} = w.{k}" for k in listed)
    moved = (
        "select r._row, r.v as old, w.v as value, w.confidence "
        f"from votes r join winners w on {on_w} where r.v <> w.v"
    )
    return [
        ("votes", votes),
        ("counted", select(counted)),
        ("groups", select(groups)),
        ("winners", select(winners)),
        ("moved", select(moved)),
    ]


def _moved(
    session: Session,
    change: Effect,
    name: str,
    rule: str,
    method: str,
    order: int,
    query: Query,
    inputs: Inputs,
) -> Effect:
    """Apply the moves of `query`: ``_row, old, value, confidence`` in column `name`."""
    kind = change.state.schema[name].type
    typed = exp.select(
        column("_row"),
        column("old"),
        exp.alias_(exp.cast(column("value"), kind.sql), "value"),
        column("confidence"),
    ).from_(table(query.result))
    query = query.then("typed", typed)
    if change.state.decided is not None:
        decided = change.state.decided
        query, inputs = decided.sparing_cells(query, inputs, name, rule=rule)
    moves = session.stage(query, inputs)
    cells = moves.rows
    if not cells:
        return change
    entries = exp.select(
        column("_row"),
        exp.alias_(exp.Literal.string(name), "column", quoted=True),
        exp.alias_(canonical_text(column("old"), kind), "old"),
        exp.alias_(canonical_text(column("value"), kind), "new"),
        exp.alias_(exp.Literal.string(rule), "rule"),
        exp.alias_(exp.Literal.string(method), "method"),
        column("confidence"),
        exp.alias_(exp.Literal.number(order), "step_order"),
    )
    name_ = bound("moves", moves)
    told = Piece(Query.of(entries.from_(table(name_))), {name_: moves})
    state = change.state.with_changed(session, name, moves)
    return change.and_then(Effect(state, (told,), None, cells, changed=(moves,)))


def quarantine(
    session: Session,
    state: State,
    rule: Rule,
    reasons: Sequence[Piece],
    found: Sequence[Finding],
) -> Effect:
    """Take violating rows out; of a two-row rule all of them, or those to blame.

    `reasons` tell why of what the rule's parts `found`.
    """
    all_reasons, inputs = joined(reasons, ["_row", "part", "role", "rule", "reason"])
    parts = ", ".join(
        f"max(case when part = {one.number} then reason end)" for one in found
    )
    steps: Steps = [("reasons", all_reasons)]
    source, blamed_ = "reasons", [one for one in found if one.blamed is not None]
    if blamed_:
        guilty, read = hits_of([(one.number, one.guilty) for one in blamed_])
        inputs.update(read)
        mine = (
            "select r.* from reasons r semi join guilty g "
            "on r._row = g._row and r.part = g._place"
        )
        steps += [("guilty", guilty), ("mine", select(mine))]
        source = "mine"
    leaving = select(
        f"select _row, min(rule) as rule, concat_ws('; ', {parts}) as reason "
        f"from {source} where {_ROLES[blamed_role(rule)]} group by _row"
    )
    query = Query((*steps, ("leaving", leaving)))
    if state.decided is not None:
        query, inputs = state.decided.sparing_rows(query, inputs, rule.name)
    gone = session.stage(query, inputs)
    return _removed(session, state, gone)


def deduplicate(session: Session, state: State, rule: Rule) -> Effect:
    """Keep the first or the latest row of each key; the others are merged into it."""
    keys = rule.unique or ()
    (part,) = parts_of(rule)
    steps, inputs = state.seen_by(part.constraint).rows(keys, part.constraint.where)
    named = [exp.alias_(column(key), f"k{i}") for i, key in enumerate(keys)]
    listed = [f"k{i}" for i in range(len(keys))]
    keyed = exp.select(column("_row"), *named).from_(table(ROWS))
    keyed = keyed.where(*(_present(key) for key in keys))
    kept = "min" if rule.keep == "first" else "max"
    survivors = (
        f"select {', '.join(listed)}, {kept}(_row) as survivor from keyed "
        f"group by {', '.join(listed)} having count(*) > 1"
    )
    on = " and ".join(f"k.{k} = s.{k}" for k in listed)
    merged = (
        "select k._row, s.survivor from keyed k join survivors s "
        f"on {on} where k._row <> s.survivor"
    )
    named_rule = exp.alias_(exp.Literal.string(rule.name), "rule")
    query = Query(
        (
            *steps,
            ("keyed", keyed),
            ("survivors", select(survivors)),
            ("merging", select(merged)),
            (
                "merged",
                exp.select(column("_row"), column("survivor"), named_rule).from_(
                    "merging"
                ),
            ),
        )
    )
    if state.decided is not None:
        query, inputs = state.decided.sparing_rows(query, inputs, rule.name)
    return _removed(session, state, session.stage(query, inputs))


def _removed(session: Session, state: State, gone: Staged) -> Effect:
    rows = gone.rows
    if not rows:
        return Effect(state)
    return Effect(state.without(session, gone), gone=gone, rows=rows)


def _present(name: str) -> exp.Expr:
    return exp.not_(exp.Is(this=column(name), expression=exp.null()))


def _equal(names: Sequence[str], left: str, right: str) -> exp.Expr:
    return exp.and_(
        *(exp.EQ(this=column(n, left), expression=column(n, right)) for n in names)
    )
