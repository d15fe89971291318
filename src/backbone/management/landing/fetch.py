"""One HTTP source: requests with retries, and errors that show no secret."""

from __future__ import annotations

import logging
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpx2
import stamina

from backbone.errors import BadResponse, DeclarationError, SourceUnavailable
from backbone.project.sources import HttpDataset, HttpSource

__all__ = ["Answer", "Api", "Url"]

Url = httpx2.URL

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 10.0
_LONGEST_RETRY_AFTER_S = 60.0
_MAX_REDIRECTS = 5
_TOO_MANY_REQUESTS = 429
_SHOWN_CHARACTERS = 80
_SHORTEST_SECRET = 4
_SECRET_NAME = re.compile(
    r"key|token|secret|passw|pwd|sig|auth|credential", re.IGNORECASE
)
_FINAL = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol)


@dataclass(frozen=True)
class Answer:
    """A successful answer; `address` is fit to be shown and kept."""

    url: Url
    address: str
    status: int
    content_type: str
    body: bytes


class _TryLater(Exception):
    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


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

    def __init__(self, source: HttpSource, *, port: int | None = None) -> None:
        self.retries: list[str] = []
        self._source = source
        self._port = port
        url = _parsed(source.url, port)
        self._base = url.copy_with(userinfo=b"", fragment=None)
        self._secrets = {*source.headers.values(), url.password, url.userinfo.decode()}
        auth = (url.username, url.password) if url.userinfo else None
        # Made by hand: httpx2 would load every certificate authority even for plain
        # http, in more time than a local collection takes.
        secure = url.scheme == "https"
        try:
            self._client = httpx2.Client(
                auth=auth,
                headers=source.headers,
                timeout=source.timeout_s,
                trust_env=not _is_loopback(url.host),
                verify=True if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            )
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

    def address(self, dataset: HttpDataset, more: dict[str, str]) -> Url:
        """Return the first address of a dataset, with `more` query parameters."""
        url = self._base
        if dataset.path:
            text = f"{str(url).rstrip('/')}/{dataset.path.lstrip('/')}"
            url = _parsed(text, self._port)
        params = {**dataset.params, **more}
        return url.copy_merge_params(params) if params else url

    def following(self, answer: Answer, link: str) -> Url:
        """Return the address that `link`, found in an answer, leads to.

        Raises
        ------
        BadResponse : it leads to another host
        """
        try:
            url = answer.url.join(link).copy_with(fragment=None)
        except httpx2.InvalidURL as exc:
            what = f"{answer.address} leads to {link!a}, which is no address"
            raise BadResponse(what) from exc
        if url.origin != self._base.origin or url.userinfo:
            raise BadResponse(
                f"{answer.address} leads to another place, {self.shown(url)}",
                hint=f"Only {self.shown(self._base)} is declared; addresses may be "
                "relative.",
            )
        return url

    def get(self, url: Url) -> Answer:
        """Request an address, again where that may help, and return what it answers.

        Raises
        ------
        SourceUnavailable : it could not be reached, or answered 429 or 5xx to the last
        BadResponse : it answered with another error, or leads elsewhere
        """
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._request(url)
            answer = self._answer(url, response)
            if not response.has_redirect_location:
                break
            url = self.following(answer, response.headers["location"])
        else:
            what = f"{self.shown(url)} leads on and on: {_MAX_REDIRECTS} redirects"
            raise BadResponse(what)
        if not response.is_success:
            raise self._refused(answer, response)
        return answer

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

    def excerpt(self, body: bytes) -> str:
        """Return the beginning of a body, on one line and without secrets."""
        text = " ".join(body[: 8 * _SHOWN_CHARACTERS].decode("utf-8", "replace").split())
        for secret in self._secrets:
            if secret and len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text[:_SHOWN_CHARACTERS]

    def _request(self, url: Url) -> httpx2.Response:
        _hear_retries()
        tries = 0
        try:
            for attempt in stamina.retry_context(
                on=_wait,
                attempts=self._source.attempts,
                timeout=None,
                wait_initial=_FIRST_WAIT_S,
                wait_max=_LONGEST_WAIT_S,
                wait_jitter=_FIRST_WAIT_S,
            ):
                with attempt:
                    tries = attempt.num
                    response = _settled(self._client.get(url))
        except _TryLater as exc:
            raise self._busy(url, exc.response, tries) from None
        except (httpx2.RequestError, httpx2.InvalidURL, UnicodeError) as exc:
            raise self._unreachable(url, exc, tries) from None
        if tries > 1:
            self.retries.append(f"{self.shown(url)} answered at attempt {tries}")
        return response

    def _answer(self, url: Url, response: httpx2.Response) -> Answer:
        return Answer(
            url,
            self.shown(url),
            response.status_code,
            response.headers.get("content-type", "no content type"),
            response.content,
        )

    def _busy(self, url: Url, response: httpx2.Response, tries: int) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.shown(url)} answered {_status(response)} to {_times(tries)}",
            hint="Try again later, or raise `attempts`. It said: "
            f"{self.excerpt(response.content)!r}",
        )

    def _unreachable(self, url: Url, exc: Exception, tries: int) -> Exception:
        """Word an exception; its own text may hold a header, so it is not used."""
        shown = self.shown(url)
        if isinstance(exc, httpx2.TimeoutException):
            after = f"within {self._source.timeout_s:g} s, {_times(tries)}"
            return SourceUnavailable(
                f"{shown} did not answer {after}",
                hint="`timeout_s` sets how long to wait.",
            )
        if isinstance(exc, httpx2.ConnectError):
            return SourceUnavailable(
                f"{shown} cannot be reached, {_times(tries)}",
                hint="Is the host right, does it run, is the network up?",
            )
        if isinstance(exc, httpx2.TransportError) and not isinstance(exc, _FINAL):
            return SourceUnavailable(
                f"{shown} broke the connection off, {_times(tries)}",
                hint=f"The last failure was a {type(exc).__name__}.",
            )
        return BadResponse(
            f"{shown} cannot be requested as declared ({type(exc).__name__})",
            hint="Look at `url`, `params` and `headers` of the source.",
        )

    def _refused(self, answer: Answer, response: httpx2.Response) -> BadResponse:
        hint = f"It said: {self.excerpt(answer.body)!r}"
        if answer.status in {401, 403}:
            hint = f"Look at `headers` of the source. {hint}"
        what = f"{answer.address} answered {_status(response)} ({answer.content_type})"
        return BadResponse(what, hint=hint)


def _parsed(text: str, port: int | None) -> Url:
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


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _settled(response: httpx2.Response) -> httpx2.Response:
    """Return a response that asking again would not change."""
    if response.is_server_error or response.status_code == _TOO_MANY_REQUESTS:
        raise _TryLater(response)
    return response


def _wait(exc: Exception) -> bool | float:
    """Tell whether to try again after `exc`, or after how many seconds."""
    if isinstance(exc, _TryLater):
        asked_s = _retry_after_s(exc.response)
        return True if asked_s is None else min(asked_s, _LONGEST_RETRY_AFTER_S)
    return isinstance(exc, httpx2.TransportError) and not isinstance(exc, _FINAL)


def _retry_after_s(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        then = parsedate_to_datetime(text)
        date = response.headers.get("date")
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _hear_retries() -> None:
    """Keep stamina's notices from standard error when nobody listens to them."""
    logger = logging.getLogger("stamina")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _status(response: httpx2.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".strip()


def _times(tries: int) -> str:
    return "one attempt" if tries == 1 else f"{tries} attempts"
