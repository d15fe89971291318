"""Who asks: what a declared `auth` adds to each request."""

from __future__ import annotations

import json
import math
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

import httpx2

from backbone.errors import BadResponse
from backbone.management.landing.web.bodies import Broken, TooLarge, whole
from backbone.project.sources.http import HttpAuth, OAuth2

__all__ = ["ClientCredentials", "Credentials", "credentials_of"]

_EARLY_S = 30.0
_MAX_TOKEN_BYTES = 1_000_000

Post = Callable[[httpx2.Request], httpx2.Response]


class Credentials(Protocol):
    """What makes a request one of somebody that the API knows."""

    def sign(self, request: httpx2.Request) -> None:
        """Add what was declared to a request."""
        ...

    def renew(self) -> bool:
        """Tell, after a request was refused, whether signing it again may help."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Return the texts that may be shown nowhere."""
        ...


def credentials_of(
    declared: HttpAuth | None, url: httpx2.URL, post: Post
) -> Credentials | None:
    """Return what signs requests: as declared, or by the user and password of the url.

    Parameters
    ----------
    post : sends the request for a token, and returns the answer, its body unread
    """
    if declared is None:
        return _basic(url.username, url.password) if url.userinfo else None
    if declared.basic is not None:
        return _basic(declared.basic.user, declared.basic.password)
    if declared.bearer is not None:
        value = f"Bearer {declared.bearer}"
        return _Fixed(declared.bearer, header="Authorization", value=value)
    if declared.api_key is not None:
        key = declared.api_key
        return _Fixed(key.value, header=key.header, param=key.param, value=key.value)
    return None if declared.oauth2 is None else ClientCredentials(declared.oauth2, post)


def _basic(user: str, password: str) -> Credentials:
    pair = b64encode(f"{user}:{password}".encode()).decode()
    return _Fixed(password, header="Authorization", value=f"Basic {pair}")


@dataclass(frozen=True)
class _Fixed:
    """The same header or query parameter for every request."""

    secret: str
    value: str
    header: str | None = None
    param: str | None = None

    def sign(self, request: httpx2.Request) -> None:
        if self.header is not None:
            request.headers[self.header] = self.value
        if self.param is not None:
            request.url = request.url.copy_set_param(self.param, self.value)

    def renew(self) -> bool:
        return False

    def secrets(self) -> tuple[str, ...]:
        return (self.secret, self.value)


class ClientCredentials:
    """OAuth 2.0 client credentials (RFC 6749, section 4.4).

    A token serves until it ends, or is refused: then it is renewed, once a request.
    """

    def __init__(self, declared: OAuth2, post: Post) -> None:
        self._declared = declared
        self._post = post
        self._token: str | None = None
        self._ends = 0.0
        self._fresh = False

    def sign(self, request: httpx2.Request) -> None:
        """Add the token; ask for one if there is none that lasts."""
        self._fresh = self._token is None or time.monotonic() >= self._ends
        if self._fresh:
            self._token = None
            response = self._post(self._request())
            try:
                self._take(response)
            finally:
                response.close()
        request.headers["Authorization"] = f"Bearer {self._token}"

    def renew(self) -> bool:
        """Forget a refused token, unless it was given for this very request."""
        if self._fresh:
            return False
        self._token = None
        return True

    def secrets(self) -> tuple[str, ...]:
        """Return the secret, and the token that it gave."""
        return (self._declared.client_secret, self._token or "")

    def _request(self) -> httpx2.Request:
        declared = self._declared
        form = {"grant_type": "client_credentials", **declared.params}
        if declared.scope is not None:
            form["scope"] = declared.scope
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if declared.send == "body":
            form["client_id"] = declared.client_id
            form["client_secret"] = declared.client_secret
        else:
            # Both are form-encoded before they are joined: RFC 6749, section 2.3.1.
            pair = f"{quote(declared.client_id, '')}:{quote(declared.client_secret, '')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return httpx2.Request(
            "POST", declared.token_url, headers=headers, content=urlencode(form).encode()
        )

    def _take(self, response: httpx2.Response) -> None:
        try:
            body = whole(response, _MAX_TOKEN_BYTES)
        except (TooLarge, Broken):
            body = b""
        if not response.is_success:
            raise _refused(response, _reason(body))
        document = _document(body)
        token = document.get("access_token")
        if not isinstance(token, str) or not token:
            raise _refused(response, "it gave no `access_token`")
        self._token = token
        lasts_s = str(document.get("expires_in"))
        lasts = float(lasts_s) if lasts_s.isdecimal() else math.inf
        self._ends = time.monotonic() + max(lasts - _EARLY_S, 0.0)


def _refused(response: httpx2.Response, why: str) -> BadResponse:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    return BadResponse(
        f"no token was given: `token_url` answered {status}: {why}",
        hint="Look at `auth: {oauth2: …}` of the source.",
    )


def _document(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _reason(body: bytes) -> str:
    """Return the error code of an answer (RFC 6749, 5.2); a body may hold anything."""
    code = _document(body).get("error")
    return f"`{code}`" if isinstance(code, str) and code.isidentifier() else "refused"
