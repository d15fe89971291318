"""A function of the project as a source: what it yields is one delivery of a dataset."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, nullcontext, redirect_stdout
from copy import deepcopy
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from backbone.errors import FunctionFailed
from backbone.lake.incoming import Incoming
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.project.functions import blamed, importable, load
from backbone.project.sources import PythonSource

__all__ = ["Settings", "collect"]

Settings = PythonSource

_BYTES = "application/octet-stream"
_WANTED = "It yields pairs of a name and bytes: yield 'page-1.json', b'…'"


def collect(source: PythonSource, context: CollectContext) -> CollectReport:
    """Call the function of every dataset, and keep what it yields.

    Parameters
    ----------
    source : its functions take the settings and the cursor of the newest delivery (None
        at first), yield pairs of a name and bytes, and may return the next cursor
    context : what surrounds the collection

    Returns
    -------
    CollectReport; if a function raises, nothing of its dataset lands
    """
    tallies = [Tally(name, context) for name in source.datasets]
    with importable(context.project):
        for tally in tallies:
            with tally.catching(f"dataset {tally.dataset}"):
                _collect_dataset(source, tally)
    return CollectReport(context.source, tuple(tally.report() for tally in tallies))


def _collect_dataset(source: PythonSource, tally: Tally) -> None:
    context = tally.context
    name = source.function_of(tally.dataset)
    settings = deepcopy(source.settings_of(tally.dataset))
    with (
        context.landing.receive(
            context.source, tally.dataset, received=context.received
        ) as incoming,
        blamed(context.project, name),
        redirect_stdout(sys.stderr),  # what a function prints is no data of ours
    ):
        found = load(context.project, name)(settings, tally.cursor)
        cursor = _received(incoming, found, name)
        if not incoming.objects:
            tally.unchanged += 1
            return
        tally.landed(incoming.commit(cursor or tally.cursor, origin=f"python {name}"))


def _received(incoming: Incoming, found: Any, name: str) -> str | None:
    """Add what a function yields; return the cursor that it returns."""
    if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
        what = f"`{name}` gave a {type(found).__name__}, which holds no objects"
        raise FunctionFailed(what, hint=_WANTED)
    walk = _Walk(found)
    closed = closing(found) if isinstance(found, Generator) else nullcontext()
    with closed:
        for item in walk:
            _add(incoming, item, name)
    if not (walk.returned is None or isinstance(walk.returned, str)):
        what = f"`{name}` returned a {type(walk.returned).__name__} as its cursor"
        raise FunctionFailed(what, hint="A cursor is a text; make it one with str().")
    return walk.returned


class _Walk:
    """What an iterable gives, and what it returns if it is a generator."""

    def __init__(self, found: Iterable[Any]) -> None:
        self.returned: Any = None
        self._found: Any = found

    def __iter__(self) -> Iterator[Any]:
        self.returned = yield from self._found


def _add(incoming: Incoming, item: Any, name: str) -> None:
    match item:
        case (str(called), bytes() | bytearray() | memoryview() as content):
            chunks: Any = [bytes(content)]
        case (str(called), str()):
            what = f"`{name}` yielded text as the content of `{called}`"
            raise FunctionFailed(what, hint="Landing holds bytes: add .encode()")
        case (str(called), content) if isinstance(content, (Path, Iterable)):
            chunks = content
        case _:
            what = f"`{name}` yielded a {type(item).__name__} that is no pair"
            raise FunctionFailed(what, hint=_WANTED)
    media_type = guess_type(called)[0] or _BYTES
    incoming.add(called, chunks, media_type=media_type, origin=f"python {name}")
