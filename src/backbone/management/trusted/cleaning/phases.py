"""Cleaning carried out: cell by cell as far as that goes, then by searches among rows.

What a cell alone decides is computed while the columns are read, all of it at once. A
change that other cells decide, or one after it that sees its results, is a search over
the table as it is by then; what it finds is a small relation, as that of a rule is. At
the end the columns that rules read are brought up to date, once.

What people decided comes first: every change sees the decided values, none changes them,
and a row that a person took out is no neighbour, has no vote and counts in no median.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlglot import exp

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.cleaning.changes import (
    Change,
    Reading,
    Respelling,
    Search,
    Tidy,
    typed,
    with_row,
)
from backbone.management.trusted.cleaning.reading import texts_read, texts_respelt
from backbone.management.trusted.rows.pieces import Inputs, Piece, bound
from backbone.management.trusted.rows.state import Cells, State, overlaid
from backbone.management.trusted.rows.steps import ROWS, Steps, select
from backbone.management.trusted.rows.texts import canonical_text
from backbone.model.reports import CleaningReport, Unread
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, CanonicalType
from backbone.sql.queries import Query, column, table

__all__ = ["Cleaned", "cleaned", "tidied"]

Numbered = tuple[int, Change]


@dataclass(frozen=True)
class Cleaned:
    """A table after its cleaning, and a row for every change of a cell.

    `unread` tells, of changes that read texts, by their place, which they could not read.
    """

    state: State
    repairs: tuple[Piece, ...] = ()
    unread: Mapping[int, Unread | None] = field(default_factory=dict)

    def reports(self, changes: Sequence[Change]) -> tuple[CleaningReport, ...]:
        """Return what to remember of `changes`, those that were carried out."""
        found = {
            (change.name, change.column): CleaningReport(
                change.name, change.column, change.method, self.unread.get(number)
            )
            for number, change in enumerate(changes, start=1)
        }
        return tuple(found.values())


def cleaned(
    session: Session,
    state: State,
    changes: Sequence[Change],
    *,
    reads: Sequence[str],
    folder: Path,
) -> Cleaned:
    """Stage the columns that rules and cleaning read, and change what is to be changed.

    Parameters
    ----------
    state : the table as formatted, with what people decided; its `work` has no column yet
    changes : in their order
    reads : the columns that rules read
    folder : the attempt's own folder

    Returns
    -------
    Cleaned
        In the state `work` has `reads` as cleaned; nothing is `changed` yet.
    """
    numbered = list(enumerate(changes, start=1))
    first, rest = _first(numbered)
    more = (name for change in changes for name in sorted(change.touches))
    wanted = {*reads, *more}
    names = [name for name in state.schema.public.names if name in wanted]
    if not names:
        return Cleaned(state)
    made = _read(session, state, first, names)
    for number, change in rest:
        if isinstance(change, Tidy):
            made = _changed(session, made, number, change)
        elif isinstance(change, Reading):
            made = _read_texts(session, made, number, change, folder)
        elif isinstance(change, Respelling):
            made = _respelt(session, made, number, change, folder)
        else:
            made = _searched(session, made, number, change)
    return replace(made, state=_settled(session, made.state, names, set(reads)))


def _first(numbered: Sequence[Numbered]) -> tuple[list[tuple[int, Tidy]], list[Numbered]]:
    """Part the changes into those of cells that see no search before them, and the rest.

    A change of a cell may go before a search that neither reads nor changes its column.
    """
    first: list[tuple[int, Tidy]] = []
    rest: list[Numbered] = []
    touched: set[str] = set()
    for number, change in numbered:
        if isinstance(change, Tidy) and change.column not in touched:
            first.append((number, change))
        else:
            touched |= change.touches
            rest.append((number, change))
    return first, rest


def tidied(
    tidies: Sequence[Tidy], source: str, names: Sequence[str], schema: Schema
) -> Steps:
    """Return steps over `source` and its columns `names`, each of which makes one change.

    A step a change, so that no expression is repeated inside the next one.
    """
    steps: Steps = []
    for number, tidy in enumerate(tidies):
        change = exp.alias_(tidy.change(column(tidy.column)), tidy.column, quoted=True)
        kept = [change if name == tidy.column else column(name) for name in names]
        made = exp.select(*kept).from_(table(source))
        steps.append((f"tidy{number}", typed(made, source, schema)))
        source = f"tidy{number}"
    return steps


def _read(
    session: Session,
    state: State,
    numbered: Sequence[tuple[int, Tidy]],
    names: Sequence[str],
) -> Cleaned:
    """Stage the columns `names`, the changes made; keep what was in changed cells."""
    columns = list(dict.fromkeys(tidy.column for _, tidy in numbered))
    raw = {name: f"_raw{number}" for number, name in enumerate(columns)}
    kept = [exp.alias_(column(name), own, quoted=True) for name, own in raw.items()]
    listed = ["_row", *names]
    inputs: Inputs = {"formatted": state.formatted, "objects": state.objects}
    tidies = [tidy for _, tidy in numbered]
    steps: Steps = [
        state.rowed(),
        ("decided", _decided(state, names, inputs)),
        ("kept", exp.select(*map(column, listed), *kept).from_(table("decided"))),
        *tidied(tidies, "kept", [*listed, *raw.values()], with_row(state.schema)),
    ]
    query = _unfixed(Query(tuple(steps)), state, listed, raw, inputs)
    state = replace(state, work=session.stage(query, inputs))
    if not raw:
        return Cleaned(state)
    differing = Query.of(_differing("work", raw))
    staged = session.stage(differing, {"work": state.work})
    if not staged.rows:
        return Cleaned(state)
    cells = {name: Cells(staged, name) for name in columns}
    pieces = _told(state.schema, staged, raw, numbered)
    return Cleaned(replace(state, cleaned=cells), pieces)


def _decided(state: State, names: Sequence[str], inputs: Inputs) -> exp.Select:
    """Return the rows with the values that people decided."""
    rows = exp.select(column("_row", "r")).from_(table("rowed", "r"))
    return overlaid(rows, names, [state.fixed], inputs)


def _unfixed(
    query: Query,
    state: State,
    names: Sequence[str],
    raw: Mapping[str, str],
    inputs: Inputs,
) -> Query:
    """Put back what is decided, where the changes of cells changed it."""
    fixed = {name: cells for name, cells in state.fixed.items() if name in raw}
    if not fixed:
        return query
    rows = exp.select().from_(table(query.result, "r"))
    rows = overlaid(rows, names, [fixed], inputs)
    return query.then("fixed", rows.select(*(column(own, "r") for own in raw.values())))


def _differing(source: str, raw: Mapping[str, str]) -> exp.Select:
    """Return the rows of which a cell differs from what it was, and both values."""
    wanted = [column(name) for name in ("_row", *raw, *raw.values())]
    differs = [
        exp.NullSafeNEQ(this=column(name), expression=column(own))
        for name, own in raw.items()
    ]
    return exp.select(*wanted).from_(table(source)).where(exp.or_(*differs))


def _changed(session: Session, made: Cleaned, number: int, tidy: Tidy) -> Cleaned:
    """Change cells of a column that a search has read or changed before."""
    name = tidy.column
    steps, inputs = made.state.rows([name])
    new = exp.alias_(tidy.change(column(name)), "value", quoted=True)
    changing = exp.select(column("_row"), exp.alias_(column(name), "old"), new)
    changing = changing.from_(table(ROWS))
    found = exp.select("*").from_(table("changing"))
    found = found.where(exp.NullSafeNEQ(this=column("value"), expression=column("old")))
    first = typed(changing, ROWS, with_row(made.state.schema))
    query = Query((*steps, ("changing", first), ("found", found)))
    return _noted(session, made, number, tidy, query, inputs)


def _searched(session: Session, made: Cleaned, number: int, search: Search) -> Cleaned:
    steps, inputs = made.state.rows(sorted(search.touches))
    query = Query((*steps, *search.steps(with_row(made.state.schema))))
    return _noted(session, made, number, search, query, inputs)


def _read_texts(
    session: Session, made: Cleaned, number: int, reading: Reading, folder: Path
) -> Cleaned:
    found = texts_read(session, made.state, reading, folder)
    made = replace(made, unread={**made.unread, number: found.unread})
    return _noted(session, made, number, reading, found.query, found.inputs)


def _respelt(
    session: Session, made: Cleaned, number: int, change: Respelling, folder: Path
) -> Cleaned:
    with texts_respelt(session, made.state, change, folder) as found:
        return _noted(session, made, number, change, found.query, found.inputs)


def _noted(
    session: Session,
    made: Cleaned,
    number: int,
    change: Change,
    query: Query,
    inputs: Inputs,
) -> Cleaned:
    """Take the cells that `query` found (``_row, old, value``) over."""
    kind = made.state.schema[change.column].type
    both = (exp.alias_(exp.cast(column(n), kind.sql), n) for n in ("old", "value"))
    last = exp.select(column("_row"), *both).from_(table(query.result))
    known = Schema.of(_row=INTEGER, old=kind, value=kind)
    query = query.then("cells", typed(last, query.result, known))
    if made.state.decided is not None:
        query, inputs = made.state.decided.sparing_cells(query, inputs, change.column)
    cells = session.stage(query, inputs)
    if not cells.rows:
        return made
    source = bound("over", cells)
    entry = _entry(source, change, number, kind, "old", "value")
    piece = Piece(Query.of(entry), {source: cells})
    state = made.state.with_changed(session, change.column, cells)
    return replace(made, state=state, repairs=(*made.repairs, piece))


def _settled(
    session: Session, state: State, names: Sequence[str], reads: set[str]
) -> State:
    """Return the state in which nothing is changed yet, and all cleaning is done.

    In `work` are all rows, also those that left.
    """
    if not state.changed:
        return state
    after = {name: _merged(session, state, name) for name in state.changed}
    if reads & set(state.changed):
        kept = [name for name in names if name in reads]
        steps, inputs = replace(state, removed=None).rows(kept)
        last = exp.select(*map(column, ("_row", *kept))).from_(table(ROWS))
        state = replace(
            state, work=session.stage(Query((*steps, ("work", last))), inputs)
        )
    return replace(state, changed={}, cleaned={**state.cleaned, **after})


def _merged(session: Session, state: State, name: str) -> Cells:
    """Return what cleaning left in a column, the newest value of every cell."""
    newer, older = state.changed[name], state.cleaned.get(name)
    if older is None:
        return newer
    kept = exp.select(column("_row", "o"), column(older.value, "o"))
    joined = kept.from_(table("older", "o")).join(
        table("newer", "n"),
        on=exp.EQ(this=column("_row", "o"), expression=column("_row", "n")),
        join_type="anti",
    )
    both = exp.union(select("select _row, value from newer"), joined, distinct=False)
    inputs: Inputs = {"newer": newer.staged, "older": older.staged}
    return Cells(session.stage(Query.of(both), inputs))


def _told(
    schema: Schema,
    staged: Staged,
    raw: Mapping[str, str],
    numbered: Sequence[tuple[int, Tidy]],
) -> tuple[Piece, ...]:
    """Tell every change of every cell that the changes left different, in their order."""
    pieces = []
    for name, own in raw.items():
        mine = [(number, tidy) for number, tidy in numbered if tidy.column == name]
        source = bound("over", staged)
        query = _repairs_query(schema, name, own, mine, source)
        pieces.append(Piece(query, {source: staged}))
    return tuple(pieces)


def _repairs_query(
    schema: Schema,
    name: str,
    raw: str,
    numbered: Sequence[tuple[int, Tidy]],
    source: str,
) -> Query:
    kind = schema[name].type
    changed = exp.NullSafeNEQ(this=column(name), expression=column(raw))
    first = exp.select(column("_row"), exp.alias_(column(raw), "v0"))
    steps: Steps = [("made0", first.from_(table(source)).where(changed))]
    entries: list[exp.Query] = []
    for position, (order, tidy) in enumerate(numbered):
        old, new, step = f"v{position}", f"v{position + 1}", f"made{position}"
        change = exp.alias_(tidy.change(column(old)), new, quoted=True)
        made = exp.select("*", change).from_(table(step))
        known = Schema.of(_row=INTEGER, **{old: kind})
        steps.append((f"made{position + 1}", typed(made, step, known)))
        differs = exp.NullSafeNEQ(this=column(old), expression=column(new))
        entry = _entry(f"made{position + 1}", tidy, order, kind, old, new)
        entries.append(entry.where(differs))
    every = entries[0] if len(entries) == 1 else exp.union(*entries, distinct=False)
    return Query((*steps, ("repairs", every)))


def _entry(
    source: str, change: Change, order: int, kind: CanonicalType, old: str, new: str
) -> exp.Select:
    """Return the repairs that tell a change: from ``old`` to ``new`` of `source`."""
    text = exp.Literal.string
    made = exp.select(
        column("_row"),
        exp.alias_(text(change.column), "column", quoted=True),
        exp.alias_(canonical_text(column(old), kind), "old"),
        exp.alias_(canonical_text(column(new), kind), "new"),
        exp.alias_(text(change.name), "rule"),
        exp.alias_(text(change.method), "method"),
        exp.alias_(exp.cast(exp.null(), "DOUBLE"), "confidence"),
        exp.alias_(exp.Literal.number(order), "step_order"),
    )
    return made.from_(table(source))
