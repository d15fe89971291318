"""Which rows are on no chain: asked of a stream of groups, as a query cannot say it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.plans.chains import on_chain, side_by_side
from backbone.management.trusted.rows.pieces import Inputs
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER
from backbone.sql.queries import Query

__all__ = ["rows_off_chains"]

Numbers = npt.NDArray[np.int64]
_AT_ONCE = 1_000_000
"""So many rows, and the rest of their last group, are looked at together."""


def rows_off_chains(
    session: Session, query: Query, inputs: Inputs, *, rising: bool
) -> Staged:
    """Return the rows (``_row``) that are not on the longest chain of their group.

    Parameters
    ----------
    query : gives ``grp, rank, id``, in the order of groups and of rows in them

    Notes
    -----
    O(n log n) in this process, about half a second for a million rows. It holds a
    million rows at once, or the largest group if that is larger: about 100 bytes a row;
    and eight bytes for every row that is found.
    """
    off = [np.empty(0, dtype=np.int64)]
    with session.stream(query, inputs) as reader:
        for groups, ranks, ids in _whole_groups(reader):
            kept = on_chain(side_by_side(groups, ranks), ids, rising=rising)
            off.append(ids[~kept])
    rows = pa.table({"_row": np.concatenate(off)})
    return session.hold(rows, Schema.of(_row=INTEGER))


def _whole_groups(
    reader: pa.RecordBatchReader,
) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Yield groups, ranks and ids of many rows at once; no group is cut in two."""
    waiting: list[pa.RecordBatch] = []
    many, last = 0, 0
    for batch in filter(len, reader):
        groups: Numbers = batch.column("grp").to_numpy()
        begins = np.flatnonzero(np.diff(groups, prepend=last))
        last, begun = groups[-1], batch
        if many >= _AT_ONCE and len(begins):
            yield _columns([*waiting, batch.slice(0, begins[-1])])
            waiting, many, begun = [], 0, batch.slice(begins[-1])
        waiting.append(begun)
        many += len(begun)
    if waiting:
        yield _columns(waiting)


def _columns(batches: list[pa.RecordBatch]) -> tuple[Numbers, Numbers, Numbers]:
    rows = pa.Table.from_batches(batches)
    return tuple(rows.column(name).to_numpy() for name in ("grp", "rank", "id"))
