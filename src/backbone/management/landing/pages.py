"""The pages of a JSON API: where the records are, where the next page is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backbone.errors import BadResponse, nearest
from backbone.management.landing.fetch import Answer, Api, Url
from backbone.project.sources import HttpPages

__all__ = ["Page", "at_path", "walk"]

_ABSENT = object()


@dataclass(frozen=True)
class Page:
    """A page as it was received; `number` counts from 1 in the order of requests."""

    number: int
    address: str
    body: bytes
    records: tuple[Any, ...]


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
    """
    requested: set[str] = set()
    before: Answer | None = None
    url: Url | None = first
    number = 0
    while url is not None:
        number += 1
        if rules.number is not None:
            url = url.copy_merge_params({rules.number: str(rules.first + number - 1)})
        if number > rules.max_pages:
            raise BadResponse(
                f"{api.shown(first)} has more than {rules.max_pages:,} pages",
                hint="Raise `max_pages`, if it really has.",
            )
        if str(url) in requested:
            what = f"the pages go round in a circle: {api.shown(url)} comes twice"
            raise BadResponse(what)
        requested.add(str(url))
        answer = api.get(url)
        document = _document(api, answer)
        found = _records(document, records, answer)
        if rules.number is not None:
            _differs(answer, before, rules.number)
            url = url if found else None
        else:
            url = _next(api, answer, document, rules.next)
        yield Page(number, answer.address, answer.body, found)
        before = answer


def at_path(document: Any, path: str) -> Any:
    """Return what is at a dotted path of a document; positions in lists are numbers.

    Raises
    ------
    KeyError : nothing is there; its argument is a hint

    >>> at_path({"links": [{"next": "/b"}]}, "links.0.next")
    '/b'
    """
    value = document
    for key in path.split("."):
        found = _ABSENT
        known: list[str] = []
        if isinstance(value, dict):
            known = list(value)
            found = value.get(key, _ABSENT)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            found = value[int(key)]
        if found is _ABSENT:
            raise KeyError(nearest(key, known) or f"There is no `{key}`.")
        value = found
    return value


def _document(api: Api, answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError as exc:
        raise BadResponse(
            f"{answer.address} answered {answer.status} with {answer.content_type} that "
            "is no JSON",
            hint=f"It begins: {api.excerpt(answer.body)!r}",
        ) from exc


def _records(document: Any, path: str | None, answer: Answer) -> tuple[Any, ...]:
    if path is None:
        return tuple(document) if isinstance(document, list) else (document,)
    try:
        found = at_path(document, path)
    except KeyError as exc:
        what = f"{answer.address} has no records at `{path}`"
        raise BadResponse(what, hint=exc.args[0]) from exc
    if found is None:
        return ()
    if not isinstance(found, list):
        what = f"`{path}` of {answer.address} is no list of records"
        raise BadResponse(what)
    return tuple(found)


def _differs(answer: Answer, before: Answer | None, parameter: str) -> None:
    """Refuse a page that is the page before once more: it would be so for ever."""
    if before is not None and before.body == answer.body:
        raise BadResponse(
            f"{answer.address} is the page before once more",
            hint=f"Does the API know the parameter `{parameter}`?",
        )


def _next(api: Api, answer: Answer, document: Any, path: str | None) -> Url | None:
    if path is None:
        return None
    try:
        link = at_path(document, path)
    except KeyError:
        return None
    if link is None or link == "":
        return None
    if not isinstance(link, str):
        what = f"`{path}` of {answer.address} is no address: {link!a}"
        raise BadResponse(what)
    return api.following(answer, link)
