"""Where big objects can be cut: their index, made by workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from math import ceil
from typing import Any

from backbone.engines.protocol import RawRead
from backbone.engines.raw import wire
from backbone.engines.raw.chunks import Chunk, gaps, met
from backbone.engines.raw.pieces import Part
from backbone.engines.raw.shares import Head, can_be_cut, parts_of_chunks
from backbone.model.raw import RawObject

__all__ = ["Ask", "parts_of"]

Ask = Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]]


@dataclass(frozen=True)
class _Big:
    """An object that is big enough to be cut, and where its chunks start and stop."""

    obj: RawObject
    starts: Sequence[int]
    stops: Sequence[int]

    def tasks(self) -> list[dict[str, Any]]:
        """Return what is to be known of the object."""
        head = {"do": "head", "object": wire.object_as_json(self.obj)}
        bounds = zip(self.starts, self.stops, strict=True)
        return [
            head,
            *(
                {"do": "chunk", "path": self.obj.path, "start": start, "stop": stop}
                for start, stop in bounds
            ),
        ]

    def recount(self, place: int, start: int, known: Chunk | None) -> dict[str, Any]:
        """Return the task that counts a chunk from `start`."""
        return {
            "do": "recount",
            "path": self.obj.path,
            "start": start,
            "stop": self.stops[place],
            "known": known and astuple(known),
        }


def parts_of(
    request: RawRead, sizes: Sequence[int], share_bytes: int, ask: Ask
) -> dict[int, tuple[Part, ...]]:
    """Return the parts of every object that has several, by its place.

    An object that is to be refused, or of which something cannot be read, has none: it
    is left to whoever reads it as a whole.
    """
    big = _big(request, sizes, share_bytes)
    if not big:
        return {}
    made = _asked(ask, {place: one.tasks() for place, one in big.items()})
    heads = {
        place: wire.head_of(answers[0])
        for place, answers in made.items()
        if answers is not None and answers[0] is not None
    }
    if request.format.format == "parquet":
        return {place: head.parts for place, head in heads.items()}
    chunks = {
        place: [_chunk(one) for one in answers[1:]]
        for place, answers in made.items()
        if answers is not None and place in heads
    }
    whole = _filled(ask, big, heads, chunks)
    return {
        place: parts_of_chunks(request.format, heads[place], found)
        for place, found in whole.items()
    }


def _big(request: RawRead, sizes: Sequence[int], share_bytes: int) -> dict[int, _Big]:
    if not can_be_cut(request.format):
        return {}
    is_text = request.format.format != "parquet"
    found = {}
    for place, (obj, size) in enumerate(zip(request.objects, sizes, strict=True)):
        count = round(size / share_bytes)
        if count > 1:
            starts = range(0, size, ceil(size / count)) if is_text else range(0)
            found[place] = _Big(obj, starts, [*starts[1:], size] if is_text else [])
    return found


def _asked(
    ask: Ask, tasks: Mapping[int, Sequence[dict[str, Any]]]
) -> dict[int, list[Any] | None]:
    """Have the tasks of all objects done at once; None where one of them went wrong."""
    answers = iter(ask([task for own in tasks.values() for task in own]))
    found: dict[int, list[Any] | None] = {}
    for place, own in tasks.items():
        given = [next(answers) for _ in own]
        is_sound = all("made" in each for each in given)
        found[place] = [each["made"] for each in given] if is_sound else None
    return found


def _chunk(given: Sequence[int] | None) -> Chunk | None:
    return None if given is None else Chunk(*given)


def _filled(
    ask: Ask,
    big: Mapping[int, _Big],
    heads: Mapping[int, Head],
    chunks: Mapping[int, list[Chunk | None]],
) -> dict[int, list[Chunk]]:
    """Have chunks counted anew until they meet, those of all objects at once."""
    found: dict[int, list[Chunk]] = {}
    waiting = dict(chunks)
    while waiting:
        open_ = {
            place: gaps(own, big[place].stops, heads[place].begin)
            for place, own in waiting.items()
        }
        for place in [place for place, wrong in open_.items() if not wrong]:
            own = waiting.pop(place)
            found[place] = met(own, big[place].stops, heads[place].begin)
        tasks = {
            place: [
                big[place].recount(n, start, own[n]) for n, start in open_[place].items()
            ]
            for place, own in waiting.items()
        }
        counted = _asked(ask, tasks) if tasks else {}
        waiting = {
            place: _mended(waiting[place], open_[place], answers)
            for place, answers in counted.items()
            if answers is not None
        }
    return found


def _mended(
    chunks: Sequence[Chunk | None], places: Iterable[int], counted: Sequence[Any]
) -> list[Chunk | None]:
    mended = dict(zip(places, map(_chunk, counted), strict=True))
    return [mended.get(place, chunk) for place, chunk in enumerate(chunks)]
