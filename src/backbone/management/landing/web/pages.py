"""The pages of a JSON API: where the records are, where the next page is."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backbone.errors import BadResponse
from backbone.management.landing.web.bodypaths import at_path
from backbone.management.landing.web.fetch import Answer, Api, Url
from backbone.project.sources.http import HttpPages

__all__ = ["Page", "Repeats", "next_link", "no_json", "records_at", "walk"]

_REMEMBERED_RECORDS = 500_000
_SPELT = json.JSONEncoder(sort_keys=True).encode
_BYTES_A_MB = 1_000_000
_LINK = re.compile(
    r"[\s,]*<([^>]*)>((?:\s*;\s*[^;,=\s]+(?:\s*=\s*(?:\"[^\"]*\"|[^;,]*))?)*)"
)
_NEXT = re.compile(r"\brel\b[^;,]*\bnext\b", re.IGNORECASE)
_LINK_PARAMETER = re.compile(r';\s*([^;,=\s"]+)\s*=\s*(?:"([^"]*)"|([^;,\s]*))')


@dataclass(frozen=True)
class Page:
    """A page as it was received; `number` counts from 1 in the order of requests."""

    number: int
    address: str
    body: bytes
    records: tuple[Any, ...]


class Repeats:
    """Counts records that were on an earlier page already.

    Notes
    -----
    The last 500,000 records are remembered, each by a hash of 8 bytes: a page that moved
    while the ones before it were read repeats what came shortly before.

    >>> repeats = Repeats()
    >>> repeats.see([{"id": 1}, {"id": 2}])
    >>> repeats.see([{"id": 2}, {"id": 3}])
    >>> repeats.count
    1
    """

    def __init__(self) -> None:
        self.count = 0
        self._pages: deque[frozenset[int]] = deque()
        self._held: Counter[int] = Counter()

    def see(self, records: Sequence[Any]) -> None:
        """Compare the records of one more page with those before it."""
        hashes = [hash(_SPELT(record)) for record in records]
        self.count += sum(one in self._held for one in hashes)
        page = frozenset(hashes)
        self._pages.append(page)
        self._held.update(page)
        while len(self._held) > _REMEMBERED_RECORDS and len(self._pages) > 1:
            for one in self._pages.popleft():
                self._held[one] -= 1
                if not self._held[one]:
                    del self._held[one]


def walk(api: Api, first: Url, rules: HttpPages, records: str | None) -> Iterator[Page]:
    """Request page after page.

    Parameters
    ----------
    first : the address of the first page
    rules : how the next page is found; without a rule there is one page
    records : path to the records in a body; default: the body

    Raises
    ------
    SourceUnavailable : see `Api.get`
    BadResponse : no JSON, no records where they should be, or pages that never end

    Notes
    -----
    One page is in memory, and a hash of 16 bytes for each that came.
    """
    requested: set[str] = set()
    bodies: dict[bytes, int] = {}
    url: Url | None = _sized(first, rules)
    number = came = 0
    while url is not None:
        number += 1
        if number > rules.max_pages:
            raise BadResponse(
                f"{api.shown(first)} has more than {rules.max_pages:,} pages",
                hint="Raise `max_pages`, if it really has.",
            )
        if str(url) in requested:
            what = f"the pages go round in a circle: {api.shown(url)} comes twice"
            raise BadResponse(what)
        requested.add(str(url))
        answer = api.get(url, most_bytes=rules.max_page_mb * _BYTES_A_MB)
        document = _document(api, answer)
        found = records_at(document, records, answer.address)
        if found:
            _differs(answer, number, bodies, rules)
        came += len(found)
        url = _following(api, url, rules, _Turned(answer, document, len(found), came))
        yield Page(number, answer.address, answer.body, found)


def records_at(document: Any, path: str | None, address: str) -> tuple[Any, ...]:
    """Return the records of a body.

    Raises
    ------
    BadResponse : there are none where they should be
    """
    if path is None:
        return tuple(document) if isinstance(document, list) else (document,)
    try:
        found = at_path(document, path)
    except KeyError as exc:
        what = f"{address} has no records at `{path}`"
        raise BadResponse(what, hint=exc.args[0]) from exc
    if found is None:
        return ()
    if not isinstance(found, list):
        what = f"`{path}` of {address} is no list of records"
        raise BadResponse(what)
    return tuple(found)


def no_json(
    api: Api, address: str, status: int, content_type: str, body: bytes
) -> BadResponse:
    """Word what an answer is that should have been JSON."""
    return BadResponse(
        f"{address} answered {status} with {content_type} that is no JSON",
        hint=f"It begins: {api.excerpt(body)!r}" if body else "It is empty.",
    )


@dataclass(frozen=True)
class _Turned:
    """A page that was read: what the next one depends on."""

    answer: Answer
    document: Any
    records: int
    came: int


def _document(api: Api, answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as exc:
        raise no_json(
            api, answer.address, answer.status, answer.content_type, answer.body
        ) from exc


def _differs(
    answer: Answer, number: int, bodies: dict[bytes, int], rules: HttpPages
) -> None:
    """Refuse a page that came before: it would be so for ever."""
    digest = hashlib.blake2b(answer.body, digest_size=16).digest()
    before = bodies.setdefault(digest, number)
    if before == number:
        return
    parameter = rules.number or rules.offset or rules.param
    hint = f"Does the API know the parameter `{parameter}`?" if parameter else None
    which = "the page before" if before == number - 1 else f"page {before}"
    raise BadResponse(f"{answer.address} is {which} once more", hint=hint)


def _sized(first: Url, rules: HttpPages) -> Url:
    """Return the address of the first page: where pages are counted, with their count."""
    params = {}
    if rules.limit is not None:
        params[rules.limit] = str(rules.size)
    if rules.number is not None:
        params[rules.number] = str(rules.first)
    if rules.offset is not None:
        params[rules.offset] = "0"
    return first.copy_merge_params(params) if params else first


def _following(api: Api, url: Url, rules: HttpPages, page: _Turned) -> Url | None:
    """Return the address of the next page; None if this one is the last."""
    if rules.more is not None and not _is_more(page, rules.more):
        return None
    if rules.next is not None:
        return _linked(api, page.answer, _found(page, rules.next), rules.next)
    if rules.link:
        return _by_header(api, page.answer)
    if rules.cursor is not None:
        return _by_cursor(url, rules, page)
    return _by_count(url, rules, page)


def _by_header(api: Api, answer: Answer) -> Url | None:
    header = answer.headers.get("link", "")
    found = next_link(header)
    if found is None and _NEXT.search(header):
        what = f"the header Link of {answer.address} cannot be read: {header!a:.200}"
        raise BadResponse(what)
    return _linked(api, answer, found, "Link")


def _by_cursor(url: Url, rules: HttpPages, page: _Turned) -> Url | None:
    path, token = str(rules.cursor), _found(page, str(rules.cursor))
    if not _is_given(token):
        return None
    if isinstance(token, str | int | float):
        return url.copy_set_param(str(rules.param), str(token))
    what = f"`{path}` of {page.answer.address} is no text or number"
    raise BadResponse(what)


def _by_count(url: Url, rules: HttpPages, page: _Turned) -> Url | None:
    short = rules.until == "short" and page.records < (rules.size or 0)
    if not page.records or short:
        return None
    if rules.number is not None:
        number = int(url.params[rules.number]) + 1
        return url.copy_set_param(rules.number, str(number))
    if rules.offset is not None:
        # What came counts, not what was asked for: an API may have a lower limit.
        return url.copy_set_param(rules.offset, str(page.came))
    return None


def next_link(header: str) -> str | None:
    """Return the address with the relation `next` in a Link header (RFC 8288).

    >>> next_link('<https://a/?p=1,2>; rel="prev", </b?p=3>; title="x, y"; rel="next"')
    '/b?p=3'
    """
    at = 0
    while found := _LINK.match(header, at):
        at = found.end()
        for name, quoted, plain in _LINK_PARAMETER.findall(found[2]):
            words = (quoted or plain).casefold().split()
            if name.casefold() == "rel":
                if "next" in words:
                    return found[1].strip()
                break
    return None


def _found(page: _Turned, path: str) -> Any:
    try:
        return at_path(page.document, path)
    except KeyError:
        return None


def _is_more(page: _Turned, path: str) -> bool:
    found = _found(page, path)
    if isinstance(found, bool):
        return found
    if isinstance(found, str) and found.casefold() in {"true", "false"}:
        return found.casefold() == "true"
    what = f"`{path}` of {page.answer.address} is neither true nor false: {found!a:.80}"
    raise BadResponse(what)


def _is_given(found: Any) -> bool:
    return found is not None and found != "" and found is not False


def _linked(api: Api, answer: Answer, link: Any, where: str) -> Url | None:
    if not _is_given(link):
        return None
    if not isinstance(link, str):
        what = f"`{where}` of {answer.address} is no address: {link!a:.80}"
        raise BadResponse(what)
    return api.addresses.following(answer.url, link)
