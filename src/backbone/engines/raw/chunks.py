"""The index of a big object, made of its chunks, which may be counted far apart.

Where a record starts depends on all quotes before it. So each chunk guesses where its
first record starts and counts from there. Where the records of the chunk before it end
is where its first record really starts: if the guess was another, which takes odd quotes,
it is counted from there, to where the guess was if a record starts there, and this goes
on until all chunks meet. Then they are what one reader finds who starts at the beginning,
trouble included, since where a record ends depends on its bytes alone.

References
----------
Ge, Li, Eilebrecht, Chandramouli, Kossmann. Speculative Distributed CSV Data Parsing for
Big Data Analytics. SIGMOD 2019. Their guess by quotes is followed; a wrong one is mended
here where it was made, not by a second pass over the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backbone.engines.raw.records import BLANK, Layout, likely_start
from backbone.engines.raw.streams import Window, opened_part, windows

__all__ = ["Chunk", "counted", "gaps", "guessed", "met"]

_WINDOW_BYTES = 2 << 20
_PROBE_BYTES = 256 << 10


@dataclass(frozen=True)
class Chunk:
    """The records that start in a chunk of an object.

    The first starts at the offset `start`, the first behind them at `end`; `texts`
    counts `records` up to the last that is no blank line.
    """

    start: int
    end: int
    records: int
    texts: int


def guessed(path: str, layout: Layout, start: int, stop: int) -> Chunk | None:
    """Count the records that start between two offsets of an object, by a guess.

    None: no line ends in sight of `start`.
    """
    size = _PROBE_BYTES
    while size <= 2 * max(_PROBE_BYTES, stop - start):
        with closing(opened_part(path, start - 1, start - 1 + size)) as stream:
            data = stream.read(size)
        found = likely_start(data, layout, final=len(data) < size)
        if found is not None:
            return counted(path, layout, start - 1 + found, stop)
        size *= 8
    return None


def counted(
    path: str, layout: Layout, start: int, stop: int, known: Chunk | None = None
) -> Chunk:
    """Count the records that start before `stop`, of which the first does at `start`.

    They are `known` from where they were guessed to start, if a record starts there.
    """
    records = texts = 0
    size = _WINDOW_BYTES if known is None else _PROBE_BYTES
    with closing(opened_part(path, start)) as stream:
        for window in windows(stream, layout, size):
            starts = start + window.at + _starts(window)
            inside = int(np.searchsorted(starts, stop))
            if known is not None and known.start in starts[:inside]:
                before = int(np.searchsorted(starts, known.start))
                told = _texts(window, before)
                texts = records + told if told else texts
                return _joined(Chunk(start, known.start, records + before, texts), known)
            told = _texts(window, inside)
            texts = records + told if told else texts
            records += inside
            if inside < len(starts):
                return Chunk(start, int(starts[inside]), records, texts)
            end = start + window.at + window.records.used
            if end >= stop and not window.records.is_cut:
                return Chunk(start, end, records, texts)
    return Chunk(start, Path(path).stat().st_size, records, texts)


def _joined(first: Chunk, then: Chunk) -> Chunk:
    texts = first.records + then.texts if then.texts else first.texts
    return Chunk(first.start, then.end, first.records + then.records, texts)


def _starts(window: Window) -> npt.NDArray[np.int64]:
    ends = window.records.ends
    return np.concatenate([np.array([window.records.start], np.int64), ends[:-1]])


def _texts(window: Window, inside: int) -> int:
    """Count the first records of a window up to the last that is no blank line."""
    bad = window.records.bad
    return next((n for n in range(inside, 0, -1) if bad.get(n - 1) != BLANK), 0)


def gaps(
    chunks: Sequence[Chunk | None], stops: Sequence[int], begin: int
) -> dict[int, int]:
    """Return the places of chunks that do not meet those before, and where they should.

    The chunks end at `stops`, and the first record starts at `begin`.
    """
    found: dict[int, int] = {}
    at: int | None = begin
    for place, (chunk, stop) in enumerate(zip(chunks, stops, strict=True)):
        if at is not None and at >= stop:
            continue
        if at is not None and (chunk is None or chunk.start != at):
            found[place] = at
        at = chunk.end if chunk else None
    return found


def met(chunks: Sequence[Chunk | None], stops: Sequence[int], begin: int) -> list[Chunk]:
    """Return chunks without gaps, those left out in which no record starts."""
    found: list[Chunk] = []
    at = begin
    for chunk, stop in zip(chunks, stops, strict=True):
        if chunk is not None and at < stop:
            found.append(chunk)
            at = chunk.end
    return found
