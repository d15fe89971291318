"""What a snapshot of a table has no more that the one before it had."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.parquet as pq

from backbone.lake.landing import Landing
from backbone.model.deliveries import Delivery

__all__ = ["difference"]

_COMPARED_ROWS = 5_000_000


def difference(
    landing: Landing, before: Delivery, after: Delivery, key: Sequence[str]
) -> str:
    """Say how many rows two snapshots of a table have, and how many keys are gone.

    Parameters
    ----------
    landing : where both are
    before, after : deliveries of one Parquet file each
    key : the columns that tell rows apart; none if they are not known

    Raises
    ------
    LakeError : the bytes of one are not there

    Notes
    -----
    The key columns of both are in memory; of more than 5 million rows just the numbers
    are told.
    """
    with ExitStack() as stack:
        old, new = (
            stack.enter_context(
                pq.ParquetFile(stack.enter_context(landing.open(each.objects[0])))
            )
            for each in (before, after)
        )
        counts = [file.metadata.num_rows for file in (old, new)]
        said = f"{counts[1]:,} rows, {counts[0]:,} before"
        has_key = key and all({*key} <= {*file.schema_arrow.names} for file in (old, new))
        if not has_key or max(counts) > _COMPARED_ROWS:
            return said
        columns = list(key)
        gone = _missing(old.read(columns), new.read(columns))
    return f"{said}; {gone:,} of them {'is' if gone == 1 else 'are'} gone"


def _missing(old: pa.Table, new: pa.Table) -> int:
    """Return how many keys of `old` are not in `new`."""
    if old.schema.types != new.schema.types:
        text = pa.schema([(name, pa.string()) for name in old.schema.names])
        old, new = old.cast(text), new.cast(text)
    names = old.schema.names
    return int(old.join(new, names, join_type="left anti").num_rows)
