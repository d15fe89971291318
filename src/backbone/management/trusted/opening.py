"""The beginning of a trusted step: which rows are current, and the cleaned columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlglot import exp

from backbone.engines.protocol import Relation, Session, Staged
from backbone.management.trusted.clean import Tidy, cleaning_steps
from backbone.management.trusted.numbering import numbered
from backbone.management.trusted.pieces import Inputs, Piece, bound
from backbone.management.trusted.plans.frame import Steps
from backbone.management.trusted.rulings import Settled, settled
from backbone.management.trusted.state import Cells, CurrentState, State, overlaid
from backbone.management.trusted.texts import canonical_text
from backbone.model.schemas import Schema
from backbone.model.types import STRING
from backbone.project.decisions import Ruling
from backbone.project.trusted import Rule
from backbone.sql.queries import Query, column, table

__all__ = ["Opened", "cleaning_repairs", "opened"]


@dataclass(frozen=True)
class Opened:
    """The first state of a table, and the rows that it was made from.

    `formatted` rows in all, of which `current` count today; `settled` is what people
    decided about them.
    """

    state: State
    formatted: int
    current: int
    settled: Settled


def opened(
    session: Session,
    formatted: Relation,
    schema: Schema,
    current: CurrentState,
    *,
    reads: Sequence[str],
    tidies: Sequence[Tidy],
    folder: Path,
    rules: Sequence[Rule] = (),
    rulings: Sequence[Ruling] = (),
) -> Opened:
    """Stage what the rules will read, and note what cleaning changed.

    Parameters
    ----------
    formatted : relation with the public columns of `schema` and the origin columns
    reads : the columns that rules read
    tidies : the changes that cleaning makes, in their order
    folder : the attempt's own folder
    rules : the rules of the table
    rulings : what people decided about rows

    Raises
    ------
    AccountMismatch : a row's delivery is not one of the deliveries of `current`
    """
    found = numbered(session, formatted, current.deliveries, current.current, folder)
    bare = State(formatted, schema, found.objects, work=found.objects)
    decisions = settled(session, bare, rulings, rules, tidies, folder)
    state = _worked(session, bare, reads, tidies, decisions.fixed)
    state = replace(state, changed=decisions.fixed, decided=decisions.decided)
    if decisions.out is not None:
        state = state.without(session, decisions.out)
    return Opened(state, found.formatted, found.current, decisions)


def _worked(
    session: Session,
    bare: State,
    reads: Sequence[str],
    tidies: Sequence[Tidy],
    fixed: Mapping[str, Cells],
) -> State:
    """Stage the columns that are read, cleaned; cleaning sees what people decided."""
    tidied = list(dict.fromkeys(tidy.column for tidy in tidies))
    names = [name for name in bare.schema.public.names if name in {*reads, *tidied}]
    if not names:
        return bare
    inputs: Inputs = {"formatted": bare.formatted, "objects": bare.objects}
    start = exp.select(column("_row", "r")).from_(table("rowed", "r"))
    raw = [_raw(number) for number in range(len(tidied))]
    kept = [
        exp.alias_(column(name), _raw(number), quoted=True)
        for number, name in enumerate(tidied)
    ]
    columns = [column(name) for name in ("_row", *names)]
    steps: Steps = [
        bare.rowed(),
        ("decided", overlaid(start, names, [fixed], inputs)),
        ("kept", exp.select(*columns, *kept).from_(table("decided"))),
        *cleaning_steps(tidies, "kept", ["_row", *names, *raw]),
    ]
    work = session.stage(Query(tuple(steps)), inputs)
    cleaned = _changed_cells(session, work, tidied)
    return replace(bare, work=work, cleaned=cleaned)


def _raw(number: int) -> str:
    """The column of `work` that holds the text before cleaning."""
    return f"_raw{number}"


def _changed_cells(
    session: Session, work: Staged, tidied: Sequence[str]
) -> Mapping[str, Cells]:
    """Return, by column, the rows that cleaning changed, with the texts before it."""
    if not tidied:
        return {}
    differs = [
        exp.NullSafeNEQ(this=column(name), expression=column(_raw(number)))
        for number, name in enumerate(tidied)
    ]
    wanted = [column(name) for name in ("_row", *tidied)]
    wanted += [column(_raw(number)) for number in range(len(tidied))]
    rows = exp.select(*wanted).from_(table("work")).where(exp.or_(*differs))
    staged = session.stage(Query.of(rows), {"work": work})
    return {name: Cells(staged, name) for name in tidied} if staged.rows else {}


def cleaning_repairs(state: State, tidies: Sequence[Tidy]) -> tuple[Piece, ...]:
    """Tell every change of every cell that cleaning left different, in its order."""
    pieces = []
    for place, (name, cells) in enumerate(state.cleaned.items()):
        numbered = [(i, t) for i, t in enumerate(tidies, start=1) if t.column == name]
        source = bound("over", cells.staged)
        query = _repairs_query(name, _raw(place), numbered, source)
        inputs: Inputs = {source: cells.staged}
        if state.decided is not None:
            query, inputs = state.decided.sparing_cells(query, inputs, name)
        pieces.append(Piece(query, inputs))
    return tuple(pieces)


def _repairs_query(
    name: str, raw: str, numbered: Sequence[tuple[int, Tidy]], source: str
) -> Query:
    changed = exp.NullSafeNEQ(this=column(name), expression=column(raw))
    first = exp.select(column("_row"), exp.alias_(column(raw), "v0"))
    first = first.from_(table(source)).where(changed)
    steps: Steps = [("made0", first)]
    entries: list[exp.Query] = []
    for position, (order, tidy) in enumerate(numbered):
        old, new = column(f"v{position}"), column(f"v{position + 1}")
        change = exp.alias_(tidy.change(old.copy()), f"v{position + 1}", quoted=True)
        made = exp.select("*", change).from_(table(f"made{position}"))
        steps.append((f"made{position + 1}", made))
        entries.append(
            exp.select(
                column("_row"),
                exp.alias_(exp.Literal.string(name), "column", quoted=True),
                exp.alias_(canonical_text(old, STRING), "old"),
                exp.alias_(canonical_text(new, STRING), "new"),
                exp.alias_(exp.Literal.string(tidy.name), "rule"),
                exp.alias_(exp.Literal.string("clean"), "method"),
                exp.alias_(exp.cast(exp.null(), "DOUBLE"), "confidence"),
                exp.alias_(exp.Literal.number(order), "step_order"),
            )
            .from_(table(f"made{position + 1}"))
            .where(exp.NullSafeNEQ(this=old.copy(), expression=new.copy()))
        )
    every = entries[0] if len(entries) == 1 else exp.union(*entries, distinct=False)
    return Query((*steps, ("repairs", every)))
