"""One answer of an address as a delivery: a file, an archive, or a JSON document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backbone.errors import BackboneError, BadResponse, LakeError, SourceUnavailable
from backbone.lake.incoming import Incoming
from backbone.management.landing.archives import SourceFile, unpack
from backbone.management.landing.downloads import Changed, Download
from backbone.management.landing.fetch import Api, Opened, Url
from backbone.management.landing.known import Known, conditions, land, state_of
from backbone.management.landing.objectkinds import (
    PAGE,
    Peek,
    is_json,
    last_part,
    named,
    named_by_body,
    prefixed,
    told_name,
)
from backbone.management.landing.pages import no_json, records_at
from backbone.management.landing.protocol import Tally

__all__ = ["Wanted", "land_answer"]

_PACKED = {".bz2", ".gz", ".tar", ".tbz2", ".tgz", ".txz", ".xz", ".zip", ".zst"}
_JSON = {".geojson", ".json"}
_WEB = {".htm", ".html", ".xhtml"}
_BYTES_A_MB = 1_000_000
_GOES = 3

Take = Callable[[bytes], object]


@dataclass(frozen=True)
class Wanted:
    """One address and what is expected of it.

    Parameters
    ----------
    origin : the address as it is kept and shown
    fields : what stands in the address for the fields of its dataset
    spelt : the names of those that stand in the last part of it
    known : what is remembered of it
    state : what else was noted of its state (the revision that a portal tells)
    records : path to the records, if the body is known to be JSON
    html : a web page is what is wanted
    json_mb : a body of more is not parsed, in 10^6 bytes
    """

    url: Url
    origin: str
    known: Known | None
    fields: Mapping[str, str] = field(default_factory=dict)
    spelt: frozenset[str] = frozenset()
    state: Mapping[str, str] = field(default_factory=dict)
    records: str | None = None
    html: bool = False
    json_mb: int = 100

    def name(self, own: str) -> str:
        """Return the name of an object: its own, and what fields it does not spell."""
        by_address = own == last_part(self.url)
        spelt = self.spelt if by_address else frozenset()
        left = {name: value for name, value in self.fields.items() if name not in spelt}
        return prefixed(own, left)


class _Nothing(Exception):
    """A body holds no records."""


def land_answer(api: Api, wanted: Wanted, tally: Tally) -> None:
    """Request an address and land what it answers, if that is new.

    Raises
    ------
    SourceUnavailable, BadResponse : see `Api.get` and `Download.into`
    DeliveryRefused : an archive of which nothing can be read

    Notes
    -----
    A body goes to the disk as it comes; one that is packed goes there twice, packed and
    unpacked. At most `json_mb` of it are in memory.
    """
    for _ in range(_GOES):
        try:
            _land_once(api, wanted, tally)
        except Changed:
            continue
        except _Nothing:
            tally.unchanged += 1
        return
    what = f"{wanted.origin} changes while it is received, {_GOES} times"
    raise SourceUnavailable(what, hint="Collect again later.")


def _land_once(api: Api, wanted: Wanted, tally: Tally) -> None:
    with api.open(wanted.url, conditions(wanted.known)) as opened:
        if opened.is_known and wanted.known is not None:
            tally.unchanged += 1
            tally.warnings.extend(wanted.known.problems)
        else:
            _receive(api, opened, wanted, tally)


def _receive(api: Api, opened: Opened, wanted: Wanted, tally: Tally) -> None:
    context = tally.context
    with context.landing.receive(
        context.source, tally.dataset, received=context.received
    ) as incoming:
        problems = _taken(api, opened, wanted, incoming, tally.dataset)
        tally.errors.extend(problems)
        if not incoming.objects:
            return
        land(
            incoming,
            tally,
            wanted.known,
            origin=wanted.origin,
            state=state_of(opened.response, wanted.state),
            problems=tuple(str(problem) for problem in problems),
        )


def _taken(
    api: Api, opened: Opened, wanted: Wanted, incoming: Incoming, dataset: str
) -> tuple[BackboneError, ...]:
    """Receive the objects of an answer; return what of them could not be had."""
    own, kind = named(opened.response, opened.url, dataset)
    if wanted.records is not None:
        own, kind = PAGE, "application/json"
    if own is None:
        _unnamed(api, opened, wanted, incoming, dataset)
        return ()
    name = wanted.name(own)
    if Path(name).suffix.lower() in _PACKED:
        return _unpacked(api, opened, wanted, incoming, name)
    with incoming.writing(
        name, media_type=kind, origin=wanted.origin, fields=wanted.fields
    ) as writer:
        parsed = wanted.records is not None or _is_document(opened, own)
        peek = Peek(wanted.json_mb * _BYTES_A_MB if parsed else 0)
        _received(api, opened, peek, writer.write)
        _check(api, opened, wanted, own, peek)
    return ()


def _unnamed(
    api: Api, opened: Opened, wanted: Wanted, incoming: Incoming, dataset: str
) -> None:
    """Receive what tells what it is by its body only, and name it then."""
    path = incoming.scratch() / "unnamed"
    peek = Peek(wanted.json_mb * _BYTES_A_MB)
    with _written(path) as write:
        _received(api, opened, peek, write)
    own, kind = named_by_body(peek, opened.content_type, dataset)
    _check(api, opened, wanted, own, peek)
    name = wanted.name(own)
    incoming.add(name, path, media_type=kind, origin=wanted.origin, fields=wanted.fields)


def _unpacked(
    api: Api, opened: Opened, wanted: Wanted, incoming: Incoming, name: str
) -> tuple[BackboneError, ...]:
    """Receive something packed beside the delivery, and add what is in it."""
    path = incoming.scratch() / f"packed{Path(name).suffix.lower()}"
    peek = Peek(0)
    with _written(path) as write:
        _received(api, opened, peek, write)
    _refuse_web_page(api, opened, wanted, peek)
    fields = tuple(sorted(wanted.fields.items()))
    file = SourceFile(name, wanted.origin, path.stat().st_size, path, fields)
    with path.open("rb") as stream:
        return unpack(file, stream, incoming)


def _check(api: Api, opened: Opened, wanted: Wanted, own: str, peek: Peek) -> None:
    """Refuse a body that is not what was asked for."""
    if wanted.records is None and not _is_document(opened, own):
        _refuse_web_page(api, opened, wanted, peek)
        return
    is_one, document = peek.document()
    if not is_one:
        head = peek.head
        raise no_json(api, opened.address, opened.status, opened.content_type, head)
    if document is not ... and not records_at(document, wanted.records, opened.address):
        raise _Nothing


def _received(api: Api, opened: Opened, peek: Peek, write: Take) -> None:
    def take(chunk: bytes) -> None:
        peek.see(chunk)
        write(chunk)

    Download(api, opened).into(take)


def _is_document(opened: Opened, own: str) -> bool:
    kind = opened.response.headers.get("content-type", "")
    return is_json(kind) or (Path(own).suffix.lower() in _JSON)


def _refuse_web_page(api: Api, opened: Opened, wanted: Wanted, peek: Peek) -> None:
    """Refuse an empty answer, and a web page where none was asked for."""
    if not peek.size:
        what = f"{opened.address} answered {opened.status} with nothing"
        raise BadResponse(what)
    told = told_name(opened.response, opened.url) or ""
    expected = wanted.html or Path(told).suffix.lower() in _WEB
    if not expected and peek.is_web_page(opened.content_type):
        raise BadResponse(
            f"{opened.address} answered {opened.status} with {opened.content_type}: a "
            "web page, no JSON and no file",
            hint=f"It begins: {api.excerpt(peek.head)!r}. Are web pages what is wanted? "
            "Declare `html: true`.",
        )


@contextmanager
def _written(path: Path) -> Iterator[Take]:
    try:
        with path.open("wb") as stream:
            yield stream.write
    except OSError as exc:
        what = f"the lake could not be written: {exc.strerror or exc}"
        raise LakeError(what, where=str(path)) from exc
