"""The beginning of a trusted step: which rows are current, and the cleaned columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backbone.engines.protocol import Relation, Session
from backbone.management.trusted.cleaning import Change, cleaned
from backbone.management.trusted.numbering import numbered
from backbone.management.trusted.pieces import Piece
from backbone.management.trusted.state import CurrentState, State
from backbone.model.schemas import Schema

__all__ = ["Opened", "opened"]


@dataclass(frozen=True)
class Opened:
    """The first state of a table, and the rows that it was made from.

    `formatted` rows in all, of which `current` count today; `repairs` tell what cleaning
    changed.
    """

    state: State
    formatted: int
    current: int
    repairs: tuple[Piece, ...] = ()


def opened(
    session: Session,
    formatted: Relation,
    schema: Schema,
    current: CurrentState,
    *,
    reads: Sequence[str],
    changes: Sequence[Change],
    folder: Path,
) -> Opened:
    """Stage what the rules will read, and note what cleaning changed.

    Parameters
    ----------
    formatted : relation with the public columns of `schema` and the origin columns
    reads : the columns that rules read
    changes : the changes that cleaning makes, in their order
    folder : the attempt's own folder

    Raises
    ------
    AccountMismatch : a row's delivery is not one of the deliveries of `current`
    """
    found = numbered(session, formatted, current.deliveries, current.current, folder)
    bare = State(formatted, schema, found.objects, work=found.objects)
    made = cleaned(session, bare, changes, reads=reads, folder=folder)
    return Opened(made.state, found.formatted, found.current, made.repairs)
