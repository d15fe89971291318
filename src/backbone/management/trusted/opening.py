"""The beginning of a trusted step: which rows are current, and the cleaned columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backbone.engines.protocol import Relation, Session
from backbone.management.trusted.cleaning import Change, cleaned
from backbone.management.trusted.people.rulings import Settled, settled
from backbone.management.trusted.rows.current import CurrentState, standing
from backbone.management.trusted.rows.pieces import Piece
from backbone.management.trusted.rows.state import State
from backbone.model.reports import CleaningReport
from backbone.model.schemas import Schema
from backbone.project.decisions import Ruling
from backbone.project.trusted import Rule

__all__ = ["Opened", "opened"]


@dataclass(frozen=True)
class Opened:
    """The first state of a table, and the rows that it was made from.

    `formatted` rows in all, of which `current` count today; `settled` is what people
    decided about them; `repairs` tell what they and cleaning changed, `cleaning` is what
    to remember of its steps.
    """

    state: State
    formatted: int
    current: int
    settled: Settled
    repairs: tuple[Piece, ...] = ()
    cleaning: tuple[CleaningReport, ...] = ()


def opened(
    session: Session,
    formatted: Relation,
    schema: Schema,
    current: CurrentState,
    *,
    reads: Sequence[str],
    changes: Sequence[Change],
    folder: Path,
    rules: Sequence[Rule] = (),
    rulings: Sequence[Ruling] = (),
) -> Opened:
    """Stage what the rules will read, and note what people and cleaning changed.

    Parameters
    ----------
    formatted : relation with the public columns of `schema` and the origin columns
    reads : the columns that rules read
    changes : the changes that cleaning makes, in their order
    folder : the attempt's own folder
    rules : the rules of the table
    rulings : what people decided about rows

    Raises
    ------
    AccountMismatch : a row's delivery is not one of the deliveries of `current`
    """
    found = standing(session, formatted, schema, current, folder)
    bare = State(found.rows, schema, found.objects, work=found.objects)
    said = settled(session, bare, rulings, rules, changes, folder)
    state = replace(bare, fixed=said.fixed, decided=said.decided, removed=said.out)
    made = cleaned(session, state, changes, reads=reads, folder=folder)
    repairs = (*said.repairs, *made.repairs)
    reports = made.reports(changes)
    return Opened(made.state, found.formatted, found.current, said, repairs, reports)
