"""Who stays, where no query can say it: asked of a stream of groups in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.plans.chains import on_chain, side_by_side
from backbone.management.trusted.plans.overlaps import apart
from backbone.management.trusted.rows.pieces import Inputs
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER
from backbone.sql.queries import Query

__all__ = ["rows_in_the_way", "rows_off_chains"]

Numbers = npt.NDArray[np.int64]
Columns = dict[str, Numbers]
Staying = Callable[[Columns], npt.NDArray[np.bool_]]
_AT_ONCE = 1_000_000
"""So many rows, and the rest of their last group, are looked at together."""


def rows_off_chains(
    session: Session, query: Query, inputs: Inputs, *, rising: bool
) -> Staged:
    """Return the rows (``_row``) that are not on the longest chain of their group.

    `query` gives ``grp, rank, id``, in the order of groups and of rows in them.

    Notes
    -----
    O(n log n) in this process, one or two seconds for a million rows. It holds a million
    rows at once, or the largest group if that is larger: about 100 bytes a row; and eight
    bytes for every row that is found.
    """

    def staying(rows: Columns) -> npt.NDArray[np.bool_]:
        ranks = rows["rank"] + side_by_side(rows["grp"])
        return on_chain(ranks, rows["id"], rising=rising)

    return _leaving(session, query, inputs, staying)


def rows_in_the_way(
    session: Session, query: Query, inputs: Inputs, *, touching: bool
) -> Staged:
    """Return the rows (``_row``) that leave if no spans of a group are to overlap.

    `query` gives ``grp, begins, ends, id``, in the order of groups and of ends in them.
    It costs what chains cost, and half as much memory again.
    """

    def staying(rows: Columns) -> npt.NDArray[np.bool_]:
        offsets = 2 * side_by_side(rows["grp"])  # a row has two ends, each with a rank
        spans = (rows[name] + offsets for name in ("begins", "ends"))
        return apart(*spans, touching=touching)

    return _leaving(session, query, inputs, staying)


def _leaving(session: Session, query: Query, inputs: Inputs, staying: Staying) -> Staged:
    left = [np.empty(0, dtype=np.int64)]
    with session.stream(query, inputs) as reader:
        left += [rows["id"][~staying(rows)] for rows in _whole_groups(reader)]
    found = pa.table({"_row": np.concatenate(left)})
    return session.hold(found, Schema.of(_row=INTEGER))


def _whole_groups(reader: pa.RecordBatchReader) -> Iterator[Columns]:
    """Yield many rows at once; no group (``grp``) is cut in two."""
    waiting: list[pa.RecordBatch] = []
    many, last = 0, 0
    for batch in filter(len, reader):
        groups: Numbers = batch.column("grp").to_numpy()
        begins = np.flatnonzero(np.diff(groups, prepend=last))
        last, begun = groups[-1], batch
        if many >= _AT_ONCE and len(begins):
            waiting.append(batch.slice(0, begins[-1]))
            yield _taken(waiting)
            many, begun = 0, batch.slice(begins[-1])
        waiting.append(begun)
        many += len(begun)
    if waiting:
        yield _taken(waiting)


def _taken(waiting: list[pa.RecordBatch]) -> Columns:
    """Return the columns of the batches, which are let go: groups may be large."""
    table = pa.Table.from_batches(waiting)
    waiting.clear()
    return {name: table.column(name).to_numpy() for name in table.column_names}
