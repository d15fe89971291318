"""Shares as people write them: ``99.5%``, or ``0.995``."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

__all__ = ["Share", "share_of"]

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_PLAIN = re.compile(r"\d+(?:\.\d+)?")


def share_of(text: str) -> Fraction:
    """Return the share that `text` says, exactly.

    >>> share_of("99.5%"), share_of("0.25")
    (Fraction(199, 200), Fraction(1, 4))
    """
    percent = _PERCENT.fullmatch(text)
    return Fraction(percent[1]) / 100 if percent else Fraction(text)


def _checked_share(value: object) -> object:
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return value
    text = str(value).strip()
    readable = _PERCENT.fullmatch(text) or _PLAIN.fullmatch(text)
    if not readable or not 0 < share_of(text) <= 1:
        message = f"`{text}` is no share; write 99.5% or 0.995"
        raise ValueError(message)
    return text


Share = Annotated[
    str,
    BeforeValidator(_checked_share, json_schema_input_type=str | float),
    WithJsonSchema({"type": "string"}),
]
