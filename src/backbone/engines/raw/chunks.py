"""The index of a big object, made of its chunks, which may be counted far apart.

Where a record starts depends on all quotes before it. So each chunk guesses where its
first record starts and counts from there; then the chunks are folded in order. The
records before a chunk say where its first record really starts: where the guess was
wrong, which takes odd quotes, it is counted again from there, and so are those behind it
until a guess was right. What is found is what one reader finds who starts at the
beginning, trouble included, since where a record ends depends on its bytes alone.

References
----------
Ge, Li, Eilebrecht, Chandramouli, Kossmann. Speculative Distributed CSV Data Parsing for
Big Data Analytics. SIGMOD 2019. Their guess by quotes is followed; a wrong one is mended
here by counting again from where the fold stands, not by a second pass over the file.
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

__all__ = ["Chunk", "Gap", "counted", "folded", "guessed", "recounted"]

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


@dataclass(frozen=True)
class Gap:
    """From the chunk at `place` on, records must be counted anew, from `start`."""

    place: int
    start: int


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


def counted(path: str, layout: Layout, start: int, stop: int) -> Chunk:
    """Count the records that start before `stop`, of which the first does at `start`."""
    records = texts = 0
    with closing(opened_part(path, start)) as stream:
        for window in windows(stream, layout, _WINDOW_BYTES):
            starts = start + window.at + _starts(window)
            inside = int(np.searchsorted(starts, stop))
            told = _texts(window, inside)
            texts = records + told if told else texts
            records += inside
            if inside < len(starts):
                return Chunk(start, int(starts[inside]), records, texts)
            end = start + window.at + window.records.used
            if end >= stop and not window.records.is_cut:
                return Chunk(start, end, records, texts)
    return Chunk(start, Path(path).stat().st_size, records, texts)


def _starts(window: Window) -> npt.NDArray[np.int64]:
    ends = window.records.ends
    return np.concatenate([np.array([window.records.start], np.int64), ends[:-1]])


def _texts(window: Window, inside: int) -> int:
    """Count the first records of a window up to the last that is no blank line."""
    bad = window.records.bad
    return next((n for n in range(inside, 0, -1) if bad.get(n - 1) != BLANK), 0)


def folded(
    chunks: Sequence[Chunk | None], stops: Sequence[int], begin: int
) -> list[Chunk] | Gap:
    """Put chunks together that end at `stops`; the first record starts at `begin`.

    Chunks in which no record starts are left out.
    """
    found: list[Chunk] = []
    at = begin
    for place, (chunk, stop) in enumerate(zip(chunks, stops, strict=True)):
        if at >= stop:
            continue
        if chunk is None or chunk.start != at:
            return Gap(place, at)
        found.append(chunk)
        at = chunk.end
    return found


def recounted(
    path: str,
    layout: Layout,
    start: int,
    stops: Sequence[int],
    guesses: Sequence[int | None],
) -> list[Chunk]:
    """Count chunks anew, until the guess for the next was right.

    `stops` are where these chunks end; `guesses` are where their first records were
    guessed to start.
    """
    found: list[Chunk] = []
    for stop, guess in zip(stops, guesses, strict=True):
        if found and start == guess:
            break
        if start < stop:
            found.append(counted(path, layout, start, stop))
        else:
            found.append(Chunk(start, start, 0, 0))
        start = found[-1].end
    return found
