"""Addresses of a source: which may be opened, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

import httpx2

from backbone.errors import BadResponse, DeclarationError
from backbone.project.sources.http import HttpAccess

__all__ = ["Addresses", "Url", "is_loopback", "parsed"]

Url = httpx2.URL

_SECRET_NAME = re.compile(
    r"key|token|secret|passw|pwd|sig|auth|credential", re.IGNORECASE
)


class Addresses:
    """The declared address of a source, and those that it may lead to.

    Parameters
    ----------
    source : the declaration
    port : the port of the source's sidecar, for `{port}` in its url

    Raises
    ------
    DeclarationError : the url is no http address
    """

    def __init__(self, source: HttpAccess, port: int | None) -> None:
        self._port = port
        self._hosts = tuple(host.casefold() for host in source.hosts)
        self.declared = parsed(source.url, port)
        self.base = self.declared.copy_with(userinfo=b"", fragment=None)

    def below(self, path: str, params: Mapping[str, str]) -> Url:
        """Return the address of `path` below the base, with query parameters."""
        url = self.base
        if path:
            url = parsed(f"{str(url).rstrip('/')}/{path.lstrip('/')}", self._port)
        return url.copy_merge_params(dict(params)) if params else url

    def following(self, url: Url, link: str) -> Url:
        """Return the address that `link`, found at `url`, leads to.

        Raises
        ------
        BadResponse : it leads to a place that is not declared
        """
        try:
            found = self._safe(url.join(link).copy_with(fragment=None))
        except httpx2.InvalidURL as exc:
            what = f"{self.shown(url)} leads to {link[:200]!a}, which is no address"
            raise BadResponse(what) from exc
        return self.allowed(found, said_by=self.shown(url))

    def allowed(self, url: Url, *, said_by: str) -> Url:
        """Return an address, if the declaration allows it.

        Raises
        ------
        BadResponse : it is of another host, or less safe than what was declared
        """
        is_address = url.scheme in {"http", "https"} and url.host and not url.userinfo
        if is_address and (self.is_own(url) or self._is_other(url)):
            return url
        raise BadResponse(
            f"{said_by} leads to another place, {self.shown(url)}",
            hint=f"Only {self.shown(self.base)} is declared; addresses may be relative. "
            f"Is the other one right? Declare `hosts: [{url.host}]`.",
        )

    def is_own(self, url: Url) -> bool:
        """Tell whether an address is of the declared place, or of its safe side."""
        return url.origin == self.base.origin or (
            url.host == self.base.host
            and (self.base.scheme, url.scheme) == ("http", "https")
            and self.base.port is None
            and url.port is None
        )

    def shown(self, url: Url) -> str:
        """Return an address as it may be shown and kept: nothing in it is secret."""
        kept = [
            (name, "***" if _SECRET_NAME.search(name) else value)
            for name, value in url.params.multi_items()
        ]
        bare = url.copy_with(userinfo=b"", query=None)
        text = str(bare.copy_with(params=kept) if kept else bare)
        if self._port is not None:
            text = text.replace(f":{self._port}", ":{port}", 1)
        return text.replace("%2A%2A%2A", "***")

    def _safe(self, url: Url) -> Url:
        """Keep to https: behind a proxy, servers write links to themselves as http."""
        own = url.host == self.base.host and url.port == self.base.port
        if own and (self.base.scheme, url.scheme) == ("https", "http"):
            return url.copy_with(scheme="https")
        return url

    def _is_other(self, url: Url) -> bool:
        if url.scheme != "https" and (url.scheme, self.base.scheme) != ("http", "http"):
            return False
        names = {url.host.casefold(), url.netloc.decode("ascii", "replace").casefold()}
        return any(fnmatchcase(name, host) for name in names for host in self._hosts)


def parsed(text: str, port: int | None) -> Url:
    """Return an address as a value.

    Raises
    ------
    DeclarationError : it is no http address
    """
    if port is not None:
        text = text.replace("{port}", str(port))
    try:
        url = Url(text)
    except httpx2.InvalidURL:
        url = Url("")
    if url.scheme not in {"http", "https"} or not url.host:
        mistake = "`url` is no http:// or https:// address"
        if "{port}" in text:
            mistake = "`url` names {port}, but the source declares no `sidecar`"
        raise DeclarationError([mistake], project="an http source")
    return url


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    return host in {"localhost", "::1"} or host.startswith("127.")
