"""A body of any size on its way to the disk: what breaks off goes on where it ended.

A part is asked for by `Range` with `If-Range` (RFC 9110, sections 13.1.5 and 14), where
the answer had a strong entity tag or a time of change. Where it had none, or the server
sends the whole once more, the bytes that are here already are read again and compared.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

import httpx2
import stamina

from backbone.errors import BadResponse
from backbone.management.landing.web.bodies import Broken, TooLarge, decoded, is_plain
from backbone.management.landing.web.fetch import Api, Opened, Refused, is_broken_off

__all__ = ["Changed", "Download"]

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 10.0
_PROGRESS_BYTES = 1 << 20
_PART = 206
_OUT_OF_RANGE = 416
_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)")

Take = Callable[[bytes], object]


class Changed(Exception):
    """What is at an address is another thing than when the download began."""


class Download:
    """The body of an answer.

    Parameters
    ----------
    api : asks for the rest of what broke off
    opened : the answer; its body has not been read
    """

    def __init__(self, api: Api, opened: Opened) -> None:
        self.size = 0
        self._api = api
        self._first = opened
        self._plain = is_plain(opened.response)
        self._length = _length(opened.response)
        self._hash = hashlib.sha256()
        self._failures = 0
        self._in_vain = 0
        self._settled = 0

    def into(self, take: Take) -> None:
        """Give every byte of the body to `take`, in order and once.

        Raises
        ------
        SourceUnavailable : it broke off `attempts` times without another megabyte
        BadResponse : it has not the length that it should have, or cannot be unpacked
        Changed : after it broke off there was something else
        """
        shown = self._first.address
        try:
            self._pulled(take)
        except TooLarge as exc:
            what = f"{shown} unpacks to more than {exc.args[0]:,} bytes"
            raise BadResponse(what) from None
        except Broken as exc:
            what = f"{shown} cannot be read: {exc.args[0]}"
            raise BadResponse(what) from None
        except httpx2.TransportError as exc:
            # Its own text may hold a header.
            raise self._api.unreachable(self._first.url, exc, self._in_vain) from None
        self._check_length()
        if self._failures:
            times = "once" if self._failures == 1 else f"{self._failures} times"
            self._api.retries.append(f"{shown} broke off {times}, and was gone on with")

    def _pulled(self, take: Take) -> None:
        for attempt in stamina.retry_context(
            on=self._again,
            attempts=None,
            timeout=None,
            wait_initial=_FIRST_WAIT_S,
            wait_max=_LONGEST_WAIT_S,
            wait_jitter=_FIRST_WAIT_S,
        ):
            with attempt:
                if attempt.num == 1:
                    self._drain(decoded(self._first.response), take)
                else:
                    self._go_on(take)

    def _again(self, exc: Exception) -> bool:
        """Tell whether to go on after `exc`: as long as it brings a megabyte, it may."""
        if not is_broken_off(exc):
            return False
        self._failures += 1
        brought = self.size - self._settled >= _PROGRESS_BYTES
        self._in_vain = 1 if brought else self._in_vain + 1
        self._settled = self.size if brought else self._settled
        return self._in_vain < self._api.source.attempts

    def _go_on(self, take: Take) -> None:
        validator = _validator(self._first.response)
        headers = {}
        if self._plain and validator and self.size:
            headers = {"Range": f"bytes={self.size}-", "If-Range": validator}
        try:
            with self._api.open(self._first.url, headers) as opened:
                chunks = decoded(opened.response)
                if opened.status == _PART:
                    self._check_part(opened)
                else:
                    self._length = _length(opened.response)
                    self._take_new(self._after_known(chunks), take)
                self._drain(chunks, take)
        except Refused as exc:
            if exc.status != _OUT_OF_RANGE:
                raise
            raise Changed from None

    def _drain(self, chunks: Iterator[bytes], take: Take) -> None:
        for chunk in chunks:
            self._take_new(chunk, take)

    def _take_new(self, chunk: bytes, take: Take) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)
        take(chunk)

    def _after_known(self, chunks: Iterator[bytes]) -> bytes:
        """Read again what is here already; return what comes right after it."""
        again, left, new = hashlib.sha256(), self.size, b""
        while left:
            chunk = next(chunks, None)
            if chunk is None:
                raise Changed
            again.update(chunk[:left])
            left, new = left - len(chunk[:left]), chunk[left:]
        if again.digest() != self._hash.digest():
            raise Changed
        return new

    def _check_part(self, opened: Opened) -> None:
        """Refuse a part that does not begin where the bytes that are here end."""
        text = opened.response.headers.get("content-range", "")
        found = _RANGE.fullmatch(text.strip())
        if found is None or int(found[1]) != self.size:
            raise BadResponse(
                f"{opened.address} was asked for what follows byte {self.size:,}, and "
                f"answered with another part ({text[:40]!a})"
            )

    def _check_length(self) -> None:
        if self._length is not None and self._length != self.size:
            raise BadResponse(
                f"{self._first.address} should have {self._length:,} bytes, and has "
                f"{self.size:,}"
            )


def _length(response: httpx2.Response) -> int | None:
    """Return how many bytes a body has, if the answer tells."""
    text = response.headers.get("content-length", "")
    return int(text) if is_plain(response) and text.isdecimal() else None


def _validator(response: httpx2.Response) -> str | None:
    """Return what tells that a body is still the same: a weak tag does not."""
    tag = str(response.headers.get("etag", "")).strip()
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("last-modified") or None
