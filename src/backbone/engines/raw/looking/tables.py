"""The rows of several files together, whatever order their columns are in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from backbone.engines.raw.looking.files import FileSeen
from backbone.engines.raw.looking.observed import (
    Observed,
    TextColumns,
    in_parallel,
    observed,
    split,
    taken,
)
from backbone.engines.raw.looking.pieces import Part, parts_of

__all__ = ["LOOKED_BYTES", "Share", "looked_share", "rows_of_files"]

LOOKED_BYTES = 32 << 20
"""So many bytes are looked at cell by cell, of all files together."""

_LEAST_BYTES = 64 << 10


@dataclass(frozen=True)
class Share:
    """How much of some files is looked at cell by cell."""

    size: int
    looked: int
    of_each: dict[str, int]

    @property
    def is_whole(self) -> bool:
        """Whether it is all of them."""
        return self.looked >= self.size


def looked_share(files: Sequence[FileSeen], at_most: int) -> Share:
    """Share what is looked at among files, by their sizes; each gets some."""
    if files[0].records is not None:
        return _share_of_records(files)
    size = sum(file.size for file in files)
    if size <= at_most:
        return Share(size, size, {file.name: file.size for file in files})
    part = at_most / size
    each = {f.name: min(f.size, max(_LEAST_BYTES, int(f.size * part))) for f in files}
    return Share(size, sum(each.values()), each)


def _share_of_records(files: Sequence[FileSeen]) -> Share:
    """Return what was looked at of files that were read when they were opened."""
    each = {
        f.name: f.size if f.records is None or f.records.whole else min(f.size, 8 << 20)
        for f in files
    }
    return Share(sum(f.size for f in files), sum(each.values()), each)


@contextmanager
def rows_of_files(
    files: Sequence[FileSeen], columns: Sequence[str], share: Share
) -> Iterator[Observed]:
    """Read files of delimited text; columns of the same name are one column."""
    places = {name: place for place, name in enumerate(columns)}
    jobs = [
        partial(taken, file.records.texts, number, [places[name] for name in file.names])
        for number, file in enumerate(files)
        if file.records is not None
    ]
    jobs += [
        partial(_columns, part, file, number, [places[name] for name in file.names])
        for number, file in enumerate(files)
        if file.records is None
        for part in _parts(file, share.of_each[file.name])
    ]
    found = in_parallel(jobs, max(1, min(4, os.cpu_count() or 1)))
    with observed(found, [file.name for file in files], len(columns)) as seen:
        yield seen


def _parts(file: FileSeen, at_most: int) -> Iterator[Part]:
    dialect, layout = file.told
    encoding = file.encoding.name if file.encoding else "utf-8"
    return parts_of(
        file.path, encoding, dialect,
        skip_lines=layout.body, footer_lines=layout.footer, at_most=at_most,
    )  # fmt: skip


def _columns(
    part: Part, file: FileSeen, number: int, places: Sequence[int]
) -> TextColumns:
    dialect, layout = file.told
    return split(part, dialect, layout, number, places)
