"""An answer on its way into a delivery: named, looked at, unpacked, refused if wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backbone.errors import BackboneError, BadResponse, LakeError
from backbone.lake.incoming import Incoming
from backbone.management.landing.archives.packings import packing
from backbone.management.landing.archives.unpacking import SourceFile, unpack
from backbone.management.landing.web.downloads import Download
from backbone.management.landing.web.fetch import Api, Opened, Url
from backbone.management.landing.web.known import Known
from backbone.management.landing.web.objectkinds import (
    PAGE,
    Peek,
    is_json,
    last_part,
    named,
    named_by_body,
    prefixed,
    told_name,
)
from backbone.management.landing.web.pages import no_json, records_at

__all__ = ["Arrival", "NoRecords", "Wanted"]

_JSON = {".geojson", ".json"}
_WEB = {".htm", ".html", ".xhtml"}
_BYTES_A_MB = 1_000_000
_HEAD_BYTES = 512

Take = Callable[[bytes], object]


class NoRecords(Exception):
    """A document holds no records: there is nothing to deliver."""


@dataclass(frozen=True)
class Wanted:
    """One address and what is expected of it.

    Parameters
    ----------
    origin : the address as it is kept and shown
    known : what is remembered of it
    fields : what stands in the address for the fields of its dataset
    spelt : the names of those that stand in the last part of it
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


@dataclass(frozen=True)
class Arrival:
    """An answer and the delivery that it becomes a part of; `dataset` is its name."""

    api: Api
    opened: Opened
    wanted: Wanted
    incoming: Incoming
    dataset: str

    def take(self) -> tuple[BackboneError, ...]:
        """Receive the objects of the answer; return what of them could not be had.

        Raises
        ------
        NoRecords : it is JSON without records
        BadResponse : it is not what was asked for
        DeliveryRefused : an archive of which nothing can be read
        Changed, SourceUnavailable : see `Download.into`
        """
        own, kind = self._named()
        path = self.incoming.scratch() / "body"
        parsed = own is None or self._is_document(own)
        peek = Peek(self.wanted.json_mb * _BYTES_A_MB if parsed else 0)
        with ExitStack() as stack:

            def place(head: bytes) -> Take:
                if own is None or packing(own, head) is not None:
                    return stack.enter_context(_written(path))
                return stack.enter_context(self._writing(own, kind))

            sink = _Sink(peek, place)
            Download(self.api, self.opened).into(sink.take)
            sink.finish()
            packed = packing(own or "", peek.head[:_HEAD_BYTES])
            if own is not None and packed is None:
                self._check(own, peek)
        if packed is not None:
            self._refuse_web_page(peek)
            return self._unpacked(own or f"{self.dataset}.{packed}", path)
        if own is None:
            self._add(path, peek)
        return ()

    def _named(self) -> tuple[str | None, str]:
        if self.wanted.records is not None:
            return PAGE, "application/json"
        return named(self.opened.response, self.opened.url, self.dataset)

    @contextmanager
    def _writing(self, own: str, kind: str) -> Iterator[Take]:
        wanted = self.wanted
        with self.incoming.writing(
            wanted.name(own),
            media_type=kind,
            origin=wanted.origin,
            fields=wanted.fields,
        ) as writer:
            yield writer.write

    def _add(self, path: Path, peek: Peek) -> None:
        """Add what only its body told what it is."""
        own, kind = named_by_body(peek, self.opened.content_type, self.dataset)
        self._check(own, peek)
        wanted = self.wanted
        self.incoming.add(
            wanted.name(own),
            path,
            media_type=kind,
            origin=wanted.origin,
            fields=wanted.fields,
        )

    def _unpacked(self, own: str, path: Path) -> tuple[BackboneError, ...]:
        fields = tuple(sorted(self.wanted.fields.items()))
        size = path.stat().st_size
        file = SourceFile(self.wanted.name(own), self.wanted.origin, size, path, fields)
        with path.open("rb") as stream:
            return unpack(file, stream, self.incoming)

    def _is_document(self, own: str) -> bool:
        kind = self.opened.response.headers.get("content-type", "")
        known = self.wanted.records is not None or is_json(kind)
        return known or Path(own).suffix.lower() in _JSON

    def _check(self, own: str, peek: Peek) -> None:
        """Refuse a body that is not what was asked for."""
        if not self._is_document(own):
            self._refuse_web_page(peek)
            return
        opened = self.opened
        is_one, document = peek.document()
        if not is_one:
            kind = opened.content_type
            raise no_json(self.api, opened.address, opened.status, kind, peek.head)
        path = self.wanted.records
        if document is not ... and not records_at(document, path, opened.address):
            raise NoRecords

    def _refuse_web_page(self, peek: Peek) -> None:
        """Refuse an empty answer, and a web page where none was asked for."""
        opened = self.opened
        if not peek.size:
            what = f"{opened.address} answered {opened.status} with nothing"
            raise BadResponse(what)
        told = told_name(opened.response, opened.url) or ""
        expected = self.wanted.html or Path(told).suffix.lower() in _WEB
        if not expected and peek.is_web_page(opened.content_type):
            raise BadResponse(
                f"{opened.address} answered {opened.status} with {opened.content_type}: "
                "a web page, no JSON and no file",
                hint=f"It begins: {self.api.excerpt(peek.head)!r}. Are web pages what is "
                "wanted? Declare `html: true`.",
            )


class _Sink:
    """Where a body goes, which its first bytes decide."""

    def __init__(self, peek: Peek, place: Callable[[bytes], Take]) -> None:
        self._peek = peek
        self._place = place
        self._held = b""
        self._write: Take | None = None

    def take(self, chunk: bytes) -> None:
        """Look at the next bytes and pass them on."""
        self._peek.see(chunk)
        if self._write is not None:
            self._write(chunk)
            return
        self._held += chunk
        if len(self._held) >= _HEAD_BYTES:
            self.finish()

    def finish(self) -> None:
        """Pass on what was held back; a body may be shorter than what decides."""
        if self._write is None:
            self._write = self._place(self._held[:_HEAD_BYTES])
            self._write(self._held)


@contextmanager
def _written(path: Path) -> Iterator[Take]:
    try:
        with path.open("wb") as stream:
            yield stream.write
    except OSError as exc:
        what = f"the lake could not be written: {exc.strerror or exc}"
        raise LakeError(what, where=str(path)) from exc
