"""Forms of texts that no engine knows: Unicode's normal forms, and case folding.

Texts of ASCII are in every normal form, and their case folding is their small letters,
which engines know. The others are fetched, each different one once, batch by batch, and
what they become is joined back. So the cells are the same on every engine: they are those
of the Unicode of the Python that runs (Unicode promises not to change the forms of
characters that it has assigned: UAX 15, section 3).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from functools import partial

from backbone.management.trusted.cleaning.changes import Change, Respelling, Tidy
from backbone.management.trusted.cleaning.texts import DOING, beyond_ascii
from backbone.project.cleaning import Tidying

__all__ = ["done"]

_RESPELT: dict[str, Callable[[str], str]] = {
    "nfd": partial(unicodedata.normalize, "NFD"),
    "nfkc": partial(unicodedata.normalize, "NFKC"),
    "nfkd": partial(unicodedata.normalize, "NFKD"),
    "casefold": str.casefold,
}


def done(name: str, target: str, do: Tidying) -> Iterator[Change]:
    """Return the changes that `do` makes to the texts of column `target`.

    >>> [type(change).__name__ for change in done("clean_1_nfkc", "a", "nfkc")]
    ['Respelling']
    >>> [type(change).__name__ for change in done("clean_1_casefold", "a", "casefold")]
    ['Tidy', 'Respelling']
    """
    if do in DOING:
        yield Tidy(name, target, DOING[do])
    if do in _RESPELT:
        yield Respelling(name, target, beyond_ascii, _RESPELT[do])
