"""Shares: a request cut into parts that can be read far apart, of about equal size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from backbone.engines.protocol import RawRead
from backbone.engines.raw import delimited, documents, parquet
from backbone.engines.raw.chunks import Chunk
from backbone.engines.raw.pieces import Part, Wanted
from backbone.engines.raw.reader import field_problem, layout_of, wanted_of
from backbone.engines.raw.readers import lines
from backbone.engines.raw.streams import behind_mark, is_utf8, opened_file
from backbone.model.raw import RawFormat, RawObject

__all__ = [
    "SHARE_BYTES",
    "Head",
    "Share",
    "bundled",
    "can_be_cut",
    "head_of",
    "layout_of",
    "parts_of_chunks",
    "share_bytes_for",
    "size_of",
]

SHARE_BYTES = 60_000_000  # less than a batch, so that a share is one file
_LEAST_BYTES = 8 << 20
_OBJECT_BYTES = 4 << 10  # what opening an object costs, as bytes that are read
_SHARES_EACH = 3


@dataclass(frozen=True)
class Share:
    """Objects to be read together, or a part of one."""

    objects: tuple[RawObject, ...]
    part: Part | None = None


@dataclass(frozen=True)
class Head:
    """What is known of an object that is not refused.

    Its text begins at the offset `begin`, its records (behind a header, which has
    `names` and `lines` and ends `entries` of the index) at `behind`; `before` lines are
    left out before that. `parts` are those it has of itself: row groups of Parquet.
    """

    begin: int = 0
    behind: int = 0
    names: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    lines: tuple[str, ...] = ()
    entries: int = 0
    before: int = 0


def share_bytes_for(sizes: Iterable[int], parallelism: int) -> int:
    """Return how big shares of objects of these sizes should be.

    So many that `parallelism` workers end at about the same time, but none so small
    that it is not worth a task, or so big that it is more than a file.
    """
    weight = sum(size + _OBJECT_BYTES for size in sizes)
    each = weight // (_SHARES_EACH * max(1, parallelism))
    return min(SHARE_BYTES, max(_LEAST_BYTES, each))


def size_of(obj: RawObject) -> int:
    """Return the bytes of an object; 0 if it is not there, as its reader will say."""
    try:
        return Path(obj.path).stat().st_size
    except OSError:
        return 0


def can_be_cut(form: RawFormat) -> bool:
    """Tell whether objects of this layout have parts.

    Where a footer begins is known to who reads all of it.
    """
    if form.format in {"json", "parquet"}:
        return form.format == "parquet"
    is_ours = form.format in {"csv", "jsonl"} and not documents.is_nested(form)
    is_text = is_ours or (form.format != "jsonl" and _are_lines(form))
    is_text = is_text and not (form.format == "csv" and form.footer)
    return is_text and is_utf8(form.encoding)


def _are_lines(form: RawFormat) -> bool:
    return form.format != "csv" and lines.can_be_cut(form)


def head_of(request: RawRead, obj: RawObject, share_bytes: int) -> Head | None:
    """Look at an object before it is cut; None if it is to be refused.

    Raises
    ------
    LakeError : it is not there
    """
    if field_problem(request, obj) or (request.unpivot and request.unpivot.problem):
        return None
    wanted = wanted_of(request)
    if request.format.format == "parquet":
        groups = parquet.row_groups(obj, wanted)
        return (
            Head(parts=tuple(_parts_of_groups(groups, share_bytes))) if groups else None
        )
    return _head_of_text(request, obj, wanted)


def _head_of_text(request: RawRead, obj: RawObject, wanted: Wanted) -> Head | None:
    with closing(opened_file(obj.path)) as file:
        begin = behind_mark(file)
    if request.format.format == "jsonl":
        sound = documents.are_sound_lines(obj, wanted)
        return Head(begin, begin) if sound else None
    if request.format.format != "csv":
        if not lines.are_sound(obj, wanted):
            return None
        behind = begin + lines.first_line(obj, request.format)
        return Head(behind, behind)
    found = delimited.opening_of(obj, wanted)
    header = None if found is None else found.header
    if found is None or header is None:
        return None
    return Head(
        begin=begin + found.begin,
        behind=begin + header.behind,
        names=header.names,
        lines=tuple(line.decode("latin-1") for line in header.lines),
        entries=header.entries,
        before=found.left_out,
    )


def _parts_of_groups(
    groups: Sequence[tuple[int, int]], share_bytes: int
) -> Iterator[Part]:
    first, start, size = 1, 0, 0
    for place, (_, group_bytes) in enumerate(groups):
        size += group_bytes
        if size >= share_bytes or place == len(groups) - 1:
            records = sum(rows for rows, _ in groups[start : place + 1])
            yield Part(start, place + 1, first, records)
            first, start, size = first + records, place + 1, 0


def parts_of_chunks(
    form: RawFormat, head: Head, chunks: Sequence[Chunk]
) -> tuple[Part, ...]:
    """Return the parts of an object whose chunks are known; none if it has no records."""
    is_lines = form.format != "csv"
    counts = [chunk.records for chunk in chunks]
    firsts = [*accumulate(counts, initial=1 - head.entries)]
    behind = firsts[-1]
    if is_lines:  # blank lines at the end are no records
        ends = (f + c.texts for f, c in zip(firsts, chunks, strict=False) if c.texts)
        behind = max(ends, default=1)
    parts = [
        Part(
            chunk.start,
            chunk.end,
            first,
            min(count, behind - first),
            head.names,
            head.lines,
        )
        for chunk, first, count in zip(chunks, firsts, counts, strict=False)
    ]
    # the entries up to the header's are no records
    parts = [part for part in parts if part.first + part.records > 1]
    if parts and not is_lines:
        first = parts[0]
        parts[0] = replace(
            first,
            start=max(first.start, head.behind),
            first=1,
            records=first.records + first.first - 1,
            before=head.before,
        )
    return tuple(part for part in parts if part.records > 0)


def bundled(
    objects: Sequence[RawObject],
    sizes: Sequence[int],
    parts: Mapping[int, Sequence[Part]],
    share_bytes: int,
) -> Iterator[Share]:
    """Cut a request into shares, in the order of objects and records.

    `parts` are those of the objects at these places that have some; small objects
    of one delivery are put together.
    """
    waiting: list[RawObject] = []
    weight = 0
    for place, (obj, size) in enumerate(zip(objects, sizes, strict=True)):
        own = parts.get(place, ())
        full = weight + size + _OBJECT_BYTES > share_bytes
        if waiting and (own or full or waiting[0].delivery != obj.delivery):
            yield Share(tuple(waiting))
            waiting, weight = [], 0
        if own:
            yield from (Share((obj,), part) for part in own)
        else:
            waiting.append(obj)
            weight += size + _OBJECT_BYTES
    if waiting:
        yield Share(tuple(waiting))
