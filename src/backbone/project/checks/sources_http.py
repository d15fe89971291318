"""Checks of what sources over HTTP declare: addresses, secrets, fields of addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backbone.project.drafts import Draft
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.sources import HttpSource, SocrataSource
from backbone.project.sources.http import HttpAccess, HttpDataset
from backbone.project.templates import field_names
from backbone.project.variables import references

__all__ = ["check_access", "check_fields"]

_SECRET = {"var", "file"}
_SECRETS: tuple[Where, ...] = (
    ("auth", "basic", "password"),
    ("auth", "bearer"),
    ("auth", "api_key", "value"),
    ("auth", "oauth2", "client_secret"),
    ("app_token",),
)
_LOCAL = ("http://127.", "http://localhost", "http://[::1]")


def check_access(draft: Draft[Any], source: HttpAccess) -> Iterator[Mistake]:
    """Check that addresses can be reached, and that no secret stands in a file."""
    yield from _address(draft, source)
    for where in _SECRETS:
        yield from _secret(draft, where, _at(source, where))
    for name, value in source.headers.items():
        if name.casefold() == "authorization":
            yield from _secret(draft, ("headers", name), value)
    oauth2 = source.auth.oauth2 if source.auth else None
    if oauth2 and not oauth2.token_url.startswith(("https://", "${", *_LOCAL)):
        text = f"`{oauth2.token_url}` gets a secret, and is no https:// address"
        yield draft.mistake(("auth", "oauth2", "token_url"), text)
    if isinstance(source, SocrataSource) and "x-app-token" in map(
        str.casefold, source.headers
    ):
        yield draft.mistake(("headers",), "`X-App-Token` is declared as `app_token`")


def check_fields(draft: Draft[Any], source: HttpSource) -> Iterator[Mistake]:
    """Check that the fields of addresses have values, and values a place."""
    for name, dataset in source.datasets.items():
        yield from _fields(draft, ("datasets", name), dataset)


def _address(draft: Draft[Any], source: HttpAccess) -> Iterator[Mistake]:
    url = source.url
    if not url.startswith(("http://", "https://", "${")):
        yield draft.mistake(("url",), f"`{url}` is no address: http:// or https://")
    if "{port}" in url and source.sidecar is None:
        text = "`{port}` is that of a `sidecar`, and there is none"
        yield draft.mistake(("url",), text)


def _secret(draft: Draft[Any], where: Where, value: object) -> Iterator[Mistake]:
    if isinstance(value, str) and not any(
        each.kind in _SECRET for each in references(value)
    ):
        text = "is a secret: write `${var:NAME}` or `${file:PATH}` in its place"
        yield draft.mistake(where, text)


def _at(source: HttpAccess, where: Where) -> object:
    found: object = source
    for part in where:
        found = getattr(found, str(part), None)
    return found


def _fields(draft: Draft[Any], where: Where, dataset: HttpDataset) -> Iterator[Mistake]:
    places: dict[Where, str] = {("path",): dataset.path}
    places |= {("params", name): text for name, text in dataset.params.items()}
    used: set[str] = set()
    for place, text in places.items():
        for name in field_names(text):
            used.add(name)
            if name not in dataset.for_ and name != "port":
                known = suggestion(name, dataset.for_)
                words = f"`{{{name}}}` has no values: declare `for: {{{name}: …}}`{known}"
                yield draft.mistake((*where, *place), words)
    for name in dataset.for_:
        if name not in used:
            words = f"no `{{{name}}}` stands in `path` or `params`"
            yield draft.mistake((*where, "for", name), words + suggestion(name, used))
