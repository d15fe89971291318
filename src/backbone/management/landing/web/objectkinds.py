"""What an answer is: its name as an object, its media type, JSON or a web page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

import httpx2

from backbone.management.landing.archives.unpacking import media_type

__all__ = [
    "PAGE",
    "Peek",
    "disposition_name",
    "essence",
    "is_json",
    "named",
    "named_by_body",
    "prefixed",
]

PAGE = "page-00001.json"
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
_EXTENDED = re.compile(r"filename\*\s*=\s*([\w-]+)'[^']*'([^;\s]+)", re.IGNORECASE)
_PLAIN = re.compile(r'filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))', re.IGNORECASE)
_WEB_PAGES = {"text/html", "application/xhtml+xml"}
_WEB_PAGE = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head)\b", re.IGNORECASE | re.DOTALL
)
_HEAD_BYTES = 1_024
_JSON_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*([\[{])")
_CLOSING = {b"[": b"]", b"{": b"}"}
_SUFFIXES = {
    "application/geo+json": ".geojson",
    "application/gzip": ".gz",
    "application/jsonl": ".jsonl",
    "application/pdf": ".pdf",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/x-ndjson": ".jsonl",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/tab-separated-values": ".tsv",
    "text/xml": ".xml",
}
_VAGUE = {"", "application/octet-stream", "binary/octet-stream", "text/plain"}


class Peek:
    """The beginning and end of a body while it passes, and all of it while it is short.

    Parameters
    ----------
    most : bytes up to which the whole is kept
    """

    def __init__(self, most: int) -> None:
        self.size = 0
        self.head = b""
        self.tail = b""
        self.body: bytearray | None = bytearray()
        self._most = most

    def see(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        self.size += len(chunk)
        if len(self.head) < _HEAD_BYTES:
            self.head += chunk[: _HEAD_BYTES - len(self.head)]
        self.tail = (self.tail + chunk[-_HEAD_BYTES:])[-_HEAD_BYTES:]
        if self.body is not None:
            self.body += chunk
            if self.size > self._most:
                self.body = None

    def is_web_page(self, content_type: str) -> bool:
        """Tell whether it is a web page, whatever it is called."""
        return essence(content_type) in _WEB_PAGES or bool(_WEB_PAGE.match(self.head))

    def document(self) -> tuple[bool, object]:
        """Tell whether it is JSON, and what it holds.

        What it holds is not known (``...``) of JSON lines, which are judged by their
        first and last, and of a body that was too long to be kept, which is judged by
        its first and last characters.
        """
        if self.body is None:
            begins = _JSON_BEGINS.match(self.head)
            ends = self.tail.rstrip()[-1:]
            return bool(begins and ends == _CLOSING[begins[1]]), ...
        try:
            return True, json.loads(bytes(self.body))
        except (ValueError, RecursionError):
            return _are_lines(bytes(self.body)), ...


def _are_lines(body: bytes) -> bool:
    """Tell whether a body is JSON lines: several documents, one a line."""
    lines = body.strip().splitlines()
    if len(lines) < 2 or not _JSON_BEGINS.match(lines[0]):  # noqa: PLR2004
        return False
    try:
        return all(json.loads(line) is not None for line in (lines[0], lines[-1]))
    except (ValueError, RecursionError):
        return False


def essence(content_type: str) -> str:
    """Return a content type without its parameters.

    >>> essence("Text/HTML; charset=utf-8")
    'text/html'
    """
    return content_type.partition(";")[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Tell whether a content type is that of one JSON document."""
    kind = essence(content_type)
    return kind in {"application/json", "text/json"} or kind.endswith("+json")


def named(
    response: httpx2.Response, url: httpx2.URL, dataset: str
) -> tuple[str | None, str]:
    """Return the name of an answer as an object, and its media type.

    The name is that of the header Content-Disposition, else the last part of the address
    if it has an ending, else `page-00001.json` for JSON and the dataset's with an ending
    for what else the content type tells. None if nothing tells: then the body has to.
    """
    content_type = response.headers.get("content-type", "")
    kind = essence(content_type)
    name = told_name(response, url)
    if not name and is_json(kind):
        name = PAGE
    if not name and kind not in _VAGUE:
        name = f"{dataset}{_SUFFIXES.get(kind, '')}"
    return name, media_type(name or "") if kind in _VAGUE else kind


def told_name(response: httpx2.Response, url: httpx2.URL) -> str | None:
    """Return the name of a file that an answer or its address tells."""
    name = disposition_name(response.headers.get("content-disposition", ""))
    last = last_part(url)
    return name or (last if _SUFFIX.search(last) else None)


def named_by_body(peek: Peek, content_type: str, dataset: str) -> tuple[str, str]:
    """Return the name and media type of an answer of which only the body tells."""
    if _JSON_BEGINS.match(peek.head) and peek.document()[0]:
        return PAGE, "application/json"
    suffix = _SUFFIXES.get(essence(content_type), "")
    return f"{dataset}{suffix}", media_type(suffix)


def disposition_name(header: str) -> str | None:
    """Return the file name in a Content-Disposition header (RFC 6266), without folders.

    >>> disposition_name('attachment; filename="../a b.csv"')
    'a b.csv'
    >>> disposition_name("attachment; filename=x.csv; filename*=UTF-8''n%C3%A9.csv")
    'né.csv'
    """
    extended = _EXTENDED.search(header)
    plain = _PLAIN.search(header)
    text = ""
    if extended is not None:
        try:
            text = unquote(extended[2], encoding=extended[1], errors="strict")
        except (LookupError, UnicodeDecodeError):
            text = ""
    if not text and plain is not None:
        text = re.sub(r"\\(.)", r"\1", plain[1]) if plain[1] is not None else plain[2]
    name = re.split(r"[/\\]", text)[-1].strip()
    return name if name not in {"", ".", ".."} and "\x00" not in name else None


def prefixed(name: str, fields: Mapping[str, str]) -> str:
    """Return a name that differs where the fields do.

    What an address says for two years is two objects, though it may be the same bytes.

    >>> prefixed("page-00001.json", {"station": "a/b"})
    'a%2Fb/page-00001.json'
    """
    return "/".join([*(quote(value, safe="") for value in fields.values()), name])


def last_part(url: httpx2.URL) -> str:
    """Return the last part of the path of an address, as a name.

    >>> last_part(httpx2.URL("https://a.org/x/r%20nt.csv?y=1"))
    'r nt.csv'
    """
    return PurePosixPath(unquote(url.path)).name
