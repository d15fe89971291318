"""How fast an API is asked: a declared rate, and the pauses that it asks for.

`Retry-After` is that of RFC 9110, section 10.2.3. The headers that tell a limit have no
standard yet; read are `X-RateLimit-*` and `RateLimit-*`, whose reset is a number of
seconds, or an instant where it is too large for that.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

__all__ = ["Pace", "asked_wait_s"]

_INSTANTS_FROM = 1_000_000_000
_MILLISECONDS_FROM = 1_000_000_000_000
_PREFIXES = ("x-ratelimit-", "x-rate-limit-", "ratelimit-")
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?")


class Pace:
    """Keeps requests as far apart as was declared, and as the API has asked.

    Parameters
    ----------
    interval_s : seconds between the beginnings of two requests
    longest_s : the longest pause that is made because an answer says that nothing is left
    """

    def __init__(self, interval_s: float, longest_s: float) -> None:
        self._interval_s = interval_s
        self._longest_s = longest_s
        self._next = 0.0

    def wait(self) -> None:
        """Wait until the next request may begin."""
        now = time.monotonic()
        if self._next > now:
            time.sleep(self._next - now)
        self._next = max(self._next, now) + self._interval_s

    def heed(self, response: httpx2.Response) -> None:
        """Let the next request wait where an answer says that it was the last allowed."""
        if _limit(response, "remaining") != 0:
            return
        reset_s = _reset_s(response)
        if reset_s is not None and reset_s <= self._longest_s:
            self._next = max(self._next, time.monotonic() + reset_s)


def asked_wait_s(response: httpx2.Response) -> float | None:
    """Return how many seconds an answer asks to wait; None if it does not say."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        then = parsedate_to_datetime(text)
        return max(0.0, (then - _now(response)).total_seconds())
    except (TypeError, ValueError):
        return _reset_s(response)


def _limit(response: httpx2.Response, what: str) -> float | None:
    for prefix in _PREFIXES:
        text = response.headers.get(f"{prefix}{what}", "").strip()
        if _NUMBER.fullmatch(text):
            return float(text)
    return None


def _reset_s(response: httpx2.Response) -> float | None:
    reset = _limit(response, "reset")
    if reset is None or reset < _INSTANTS_FROM:
        return reset
    instant = reset / 1_000 if reset >= _MILLISECONDS_FROM else reset
    return max(0.0, instant - _now(response).timestamp())


def _now(response: httpx2.Response) -> datetime:
    """Return the time by the server's clock, since it is the one that counts."""
    try:
        now = parsedate_to_datetime(response.headers.get("date", ""))
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return now if now.tzinfo else now.replace(tzinfo=UTC)
