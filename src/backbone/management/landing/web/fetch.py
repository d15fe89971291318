"""One HTTP source: requests with retries, and errors that show no secret."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Self

import httpx2
import stamina

from backbone.errors import BadResponse, DeclarationError, SourceUnavailable
from backbone.management.landing.web.bodies import ACCEPTED, Broken, TooLarge, whole
from backbone.management.landing.web.credentials import credentials_of
from backbone.management.landing.web.urls import Addresses, Url, is_loopback, parsed
from backbone.management.landing.web.waiting import Pace, asked_wait_s
from backbone.project.sources.http import HttpAccess

__all__ = ["Answer", "Api", "Opened", "Refused", "Url", "is_broken_off"]

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 10.0
_MAX_REDIRECTS = 5
_TOO_MANY_REQUESTS = 429
_UNAUTHORIZED = 401
_NOT_MODIFIED = 304
_EXCERPT_BYTES = 65_536
_SHOWN_CHARACTERS = 80
_SHORTEST_SECRET = 4
_MAX_BYTES = 100_000_000
_FINAL = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Answer:
    """A successful answer; `address` is fit to be shown and kept."""

    url: Url
    address: str
    status: int
    content_type: str
    body: bytes
    headers: httpx2.Headers


@dataclass(frozen=True)
class Opened:
    """A successful answer whose body is still to be read, or 304 without one."""

    url: Url
    address: str
    response: httpx2.Response

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status_code

    @property
    def is_known(self) -> bool:
        """Tell whether nothing has changed since the state that was sent."""
        return self.status == _NOT_MODIFIED

    @property
    def content_type(self) -> str:
        """The content type, or that there is none."""
        return _content_type(self.response)


class _TryLater(Exception):
    def __init__(self, url: Url, response: httpx2.Response, said: bytes) -> None:
        super().__init__(response.status_code)
        self.url = url
        self.response = response
        self.said = said
        self.asked_s = asked_wait_s(response)


class Api:
    """A connection to the declared address of a source, and to no other.

    Parameters
    ----------
    source : the declaration
    port : the port of the source's sidecar, for `{port}` in its url

    Raises
    ------
    DeclarationError : the url is no http address, or a header cannot be sent
    """

    def __init__(self, source: HttpAccess, *, port: int | None = None) -> None:
        self.retries: list[str] = []
        self.addresses = Addresses(source, port)
        self.source = source
        self._pace = Pace(source.interval_s, source.max_wait_s)
        url = self.addresses.declared
        self._asked = self.addresses.base
        self._secrets = {*source.headers.values(), url.password, url.userinfo.decode()}
        self._credentials = credentials_of(source.auth, url, self._post)
        self._client = httpx2.Client(
            timeout=source.timeout_s,
            trust_env=not is_loopback(url.host),
            verify=True if self._needs_certificates() else _no_certificates(),
        )
        try:
            self._headers = httpx2.Headers(source.headers)
        except UnicodeEncodeError:
            mistake = "a value of `headers` holds a character that no header can hold"
            raise DeclarationError([mistake], project="an http source") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, url: Url, *, most_bytes: int = _MAX_BYTES) -> Answer:
        """Request an address, again where that may help, and return what it answers.

        Raises
        ------
        SourceUnavailable : it could not be reached, or answered 429 or 5xx to the last
        BadResponse : it answered with another error, leads elsewhere, or answers more
            than `most_bytes`
        """
        headers = {"Accept-Encoding": ACCEPTED}
        opened, body = self._arrived(url, headers, most_bytes)
        return Answer(
            opened.url,
            opened.address,
            opened.status,
            opened.content_type,
            body,
            opened.response.headers,
        )

    @contextmanager
    def open(
        self, url: Url, headers: Mapping[str, str] = _NO_HEADERS
    ) -> Iterator[Opened]:
        """Request an address as `get` does, and leave the body to be read.

        Parameters
        ----------
        headers : what makes the request conditional, or asks for a part; an answer that
            nothing has changed (304) is then a success
        """
        opened, _ = self._arrived(url, {"Accept-Encoding": "identity", **headers}, None)
        try:
            yield opened
        finally:
            opened.response.close()

    def shown(self, url: Url) -> str:
        """Return an address as it may be shown and kept: nothing in it is secret."""
        return self.addresses.shown(url)

    def excerpt(self, body: bytes) -> str:
        """Return the beginning of a body, on one line and without secrets."""
        text = " ".join(body[: 8 * _SHOWN_CHARACTERS].decode("utf-8", "replace").split())
        own = () if self._credentials is None else self._credentials.secrets()
        for secret in sorted({*self._secrets, *own}, key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text[:_SHOWN_CHARACTERS]

    def unreachable(self, url: Url, exc: Exception, tries: int) -> Exception:
        """Word an exception; its own text may hold a header, so it is not used."""
        shown = self.shown(url)
        if isinstance(exc, httpx2.TimeoutException):
            after = f"within {self.source.timeout_s:g} s, {_times(tries)}"
            return SourceUnavailable(
                f"{shown} did not answer {after}",
                hint="`timeout_s` sets how long to wait.",
            )
        if isinstance(exc, httpx2.ConnectError):
            return SourceUnavailable(
                f"{shown} cannot be reached, {_times(tries)}",
                hint="Is the host right, does it run, is the network up?",
            )
        if is_broken_off(exc):
            return SourceUnavailable(
                f"{shown} broke the connection off, {_times(tries)}",
                hint=f"The last failure was a {type(exc).__name__}.",
            )
        return BadResponse(
            f"{shown} cannot be requested as declared ({type(exc).__name__})",
            hint="Look at `url`, `params`, `headers` and `auth` of the source.",
        )

    def _arrived(
        self, url: Url, headers: Mapping[str, str], most: int | None
    ) -> tuple[Opened, bytes]:
        """Follow redirects; read at most `most` bytes of the body, or leave it open."""
        first = url
        for _ in range(_MAX_REDIRECTS + 1):
            response, body = self._tried(url, headers, most)
            opened = Opened(url, self.shown(url), response)
            if response.is_success or (opened.is_known and len(headers) > 1):
                return opened, body
            if not response.has_redirect_location:
                raise self._refused(opened, body)
            url = self.addresses.following(url, response.headers["location"])
        what = f"{self.shown(first)} leads on and on: {_MAX_REDIRECTS} redirects"
        raise BadResponse(what)

    def _tried(
        self, url: Url, headers: Mapping[str, str], most: int | None
    ) -> tuple[httpx2.Response, bytes]:
        _hear_retries()
        tries = 0
        try:
            for attempt in stamina.retry_context(
                on=self._again,
                attempts=self.source.attempts,
                timeout=None,
                wait_initial=_FIRST_WAIT_S,
                wait_max=_LONGEST_WAIT_S,
                wait_jitter=_FIRST_WAIT_S,
            ):
                with attempt:
                    tries = attempt.num
                    response = self._sent(url, headers)
                    body = self._read(url, response, most)
        except _TryLater as exc:
            raise self._busy(exc, tries) from None
        except (httpx2.RequestError, httpx2.InvalidURL, UnicodeError) as exc:
            raise self.unreachable(self._asked, exc, tries) from None
        if tries > 1:
            self.retries.append(f"{self.shown(url)} answered at attempt {tries}")
        return response, body

    def _sent(self, url: Url, headers: Mapping[str, str]) -> httpx2.Response:
        """Send a request; what was declared goes to the declared place only."""
        if not self.addresses.is_own(url):
            return self._send(self._client.build_request("GET", url, headers=headers))
        for _ in range(2):
            own = httpx2.Headers(headers)
            both = httpx2.Headers([*self._headers.raw, *own.raw])
            request = self._client.build_request("GET", url, headers=both)
            if self._credentials is not None:
                self._credentials.sign(request)
            response = self._send(request, url)
            if response.status_code != _UNAUTHORIZED or self._credentials is None:
                break
            if not self._credentials.renew():
                break
            response.close()
        return response

    def _post(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request for a token; a server that is busy is asked again."""
        url = parsed(str(request.url), None)
        response = self._send(request)
        if _is_later(response):
            response.close()
            raise _TryLater(url, response, b"")
        return response

    def _send(self, request: httpx2.Request, shown: Url | None = None) -> httpx2.Response:
        # What a credential adds to an address is never shown.
        self._asked = request.url if shown is None else shown
        self._pace.wait()
        response = self._client.send(request, stream=True)
        self._pace.heed(response)
        return response

    def _read(self, url: Url, response: httpx2.Response, most: int | None) -> bytes:
        """Read the body of a failure or, up to `most` bytes, of a success."""
        if response.is_success and most is None:
            return b""
        try:
            if response.is_success:
                return self._whole(url, response, most or 0)
            said = _beginning(response)
        finally:
            response.close()
        if _is_later(response):
            raise _TryLater(url, response, said)
        return said

    def _whole(self, url: Url, response: httpx2.Response, most: int) -> bytes:
        try:
            return whole(response, most)
        except TooLarge as exc:
            raise BadResponse(
                f"{self.shown(url)} answered with more than {exc.args[0]:,} bytes",
                hint="Ask for smaller pages (`limit` and `size`), or raise "
                "`max_page_mb`; a body that is not read here may have any size.",
            ) from None
        except Broken as exc:
            what = f"{self.shown(url)} cannot be read: {exc.args[0]}"
            raise BadResponse(what) from None

    def _again(self, exc: Exception) -> bool | float:
        """Tell whether to try again after `exc`, or after how many seconds."""
        if isinstance(exc, _TryLater):
            if exc.asked_s is None:
                return True
            return exc.asked_s if exc.asked_s <= self.source.max_wait_s else False
        return is_broken_off(exc)

    def _busy(self, exc: _TryLater, tries: int) -> SourceUnavailable:
        what = (
            f"{self.shown(exc.url)} answered {_status(exc.response)} to {_times(tries)}"
        )
        said = f"It said: {self.excerpt(exc.said)!r}"
        if exc.asked_s is not None and exc.asked_s > self.source.max_wait_s:
            return SourceUnavailable(
                f"{what}, and asks to wait {exc.asked_s:,.0f} s",
                hint=f"`max_wait_s` allows {self.source.max_wait_s:g}. Collect again "
                f"later, or declare a `rate`. {said}",
            )
        return SourceUnavailable(
            what, hint=f"Try again later, or raise `attempts`. {said}"
        )

    def _refused(self, opened: Opened, body: bytes) -> BadResponse:
        hint = f"It said: {self.excerpt(body)!r}"
        if opened.status in {401, 403}:
            hint = f"Look at `headers` and `auth` of the source. {hint}"
        status = _status(opened.response)
        what = f"{opened.address} answered {status} ({opened.content_type})"
        return Refused(what, hint=hint, status=opened.status)

    def _needs_certificates(self) -> bool:
        # httpx2 would load every certificate authority even for plain http on this
        # machine, in more time than a local collection takes.
        source, url = self.source, self.addresses.base
        oauth2 = source.auth.oauth2 if source.auth else None
        token = oauth2.token_url if oauth2 else ""
        return (
            url.scheme == "https"
            or not is_loopback(url.host)
            or token.startswith("https:")
            or bool(source.hosts)
        )


class Refused(BadResponse):
    """It answered with a status that asking again would not change."""

    def __init__(self, what: str, *, hint: str, status: int) -> None:
        super().__init__(what, hint=hint)
        self.status = status


def is_broken_off(exc: Exception) -> bool:
    """Tell whether asking again may help after `exc`."""
    return isinstance(exc, httpx2.TransportError) and not isinstance(exc, _FINAL)


def _no_certificates() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_later(response: httpx2.Response) -> bool:
    return response.is_server_error or response.status_code == _TOO_MANY_REQUESTS


def _beginning(response: httpx2.Response) -> bytes:
    """Return the body of a failure, if it is short and can be read."""
    try:
        return whole(response, _EXCERPT_BYTES)
    except (TooLarge, Broken, httpx2.TransportError):
        return b""


def _content_type(response: httpx2.Response) -> str:
    return str(response.headers.get("content-type", "no content type"))


def _hear_retries() -> None:
    """Keep stamina's notices from standard error when nobody listens to them."""
    logger = logging.getLogger("stamina")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _status(response: httpx2.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".strip()


def _times(tries: int) -> str:
    return "one attempt" if tries == 1 else f"{tries} attempts"
