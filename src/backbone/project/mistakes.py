"""Mistakes in a project's files: where they are, and words that help to mend them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["Mistake", "Where", "brief", "closest", "path_text", "suggestion"]

Where = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[\w$-]+")
_MAX_SHOWN = 60
_MAX_LISTED = 12


@dataclass(frozen=True, order=True)
class Mistake:
    """Something wrong at a line of a file.

    `where` is the way to it from the top of the file: ``("rules", 2, "deny")``. Line 0
    stands for the whole of it.

    >>> str(Mistake("trusted/flights.yml", 12, "no such column", ("rules", 2, "deny")))
    'trusted/flights.yml:12: rules[2].deny: no such column'
    """

    file: str
    line: int
    text: str
    where: Where = ()
    column: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        if self.column is not None:
            place += f":{self.column}"
        path = path_text(self.where)
        return f"{place}: {path}: {self.text}" if path else f"{place}: {self.text}"


def path_text(where: Where) -> str:
    """Spell the way to a part of a declaration.

    >>> path_text(("rules", 2, "functional", "a, b"))
    'rules[2].functional["a, b"]'
    """
    text = ""
    for part in where:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that `name` was probably meant to be.

    >>> closest("Lastest", ["first", "latest"])
    'latest'
    """
    spelt = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold(), spelt, n=1, cutoff=0.6)
    return spelt[found[0]] if found else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence: what `name` should have been, or what there is.

    >>> suggestion("lastest", ["first", "latest"])
    '; did you mean `latest`?'
    >>> suggestion("x", ["first", "latest"])
    '; there are `first`, `latest`'
    """
    choices = list(known)
    found = closest(name, choices)
    if found is not None:
        return f"; did you mean `{found}`?"
    return listing(choices)


def listing(choices: Sequence[str]) -> str:
    """Return the end of a sentence that lists a bounded number of `choices`."""
    if not choices:
        return ""
    shown = ", ".join(f"`{each}`" for each in choices[:_MAX_LISTED])
    more = len(choices) - _MAX_LISTED
    verb = "there is" if len(choices) == 1 else "there are"
    return f"; {verb} {shown}" + (f" … and {more} more" if more > 0 else "")


def brief(value: object) -> str:
    """Name a value in a sentence, cut to a bounded length.

    >>> brief("a"), brief(2.5), brief(None), brief([1, 2])
    ('`a`', '`2.5`', 'nothing', 'a list')
    """
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "keys and values"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = " ".join(text.split())
    return f"`{text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + '…'}`"
