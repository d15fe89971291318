"""Names of columns as Backbone has them, made of the names in people's files."""

# ruff: noqa: RUF001 - letters and signs of people's files

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["canonical_name", "canonical_names"]

_LETTERS = str.maketrans({
    "ß": "ss", "đ": "dj", "Đ": "Dj", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae",
    "Æ": "Ae", "œ": "oe", "Œ": "Oe", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "ı": "i",
    "·": "", "’": "", "'": "", "`": "", "%": " pct ", "№": " no ", "€": " eur ",
    "$": " usd ", "£": " gbp ", "&": " and ", "#": " no ", "µ": "u", "°": "",
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "ђ": "dj", "е": "e", "ё": "e",
    "ж": "z", "з": "z", "и": "i", "й": "j", "ј": "j", "к": "k", "л": "l", "љ": "lj",
    "м": "m", "н": "n", "њ": "nj", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "ћ": "c", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "c", "џ": "dz", "ш": "s",
    "щ": "sc", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "ju", "я": "ja", "і": "i",
    "ї": "ji", "є": "je", "ґ": "g",
    "α": "a", "β": "b", "γ": "g", "δ": "d", "ε": "e", "η": "i", "θ": "th", "λ": "l",
    "π": "p", "ρ": "r", "σ": "s", "τ": "t", "φ": "f", "ω": "o", "Δ": "Delta ",
})  # fmt: skip
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^A-Za-z0-9]+")
_LONGEST = 60


def canonical_name(raw: str) -> str:
    """Return a name in lower-case ASCII letters, digits and underscores.

    >>> canonical_name("Índex RFD Barcelona = 100"), canonical_name("ProviderNumber")
    ('index_rfd_barcelona_100', 'provider_number')
    >>> canonical_name("Број становника"), canonical_name("Straße")
    ('broj_stanovnika', 'strasse')
    >>> canonical_name("2019")
    'n_2019'
    """
    lower = "".join(_lowered(letter) for letter in raw)
    decomposed = unicodedata.normalize("NFKD", lower.translate(_LETTERS))
    ascii_ = decomposed.encode("ascii", errors="ignore").decode()
    words = _OTHER.sub("_", _HUMPS.sub("_", ascii_)).strip("_").lower()
    words = re.sub(r"_+", "_", words)[:_LONGEST].strip("_")
    if not words:
        return "column"
    return words if words[0].isalpha() else f"n_{words}"


def _lowered(letter: str) -> str:
    """Lower letters that are not Latin: only those have humps."""
    return letter if letter.isascii() or "LATIN" in _named(letter) else letter.lower()


def _named(letter: str) -> str:
    return unicodedata.name(letter, "")


def canonical_names(raw: Iterable[str]) -> tuple[str, ...]:
    """Return names that differ in more than case, in the order of the raw ones.

    >>> canonical_names(["Code", "code", ""])
    ('code', 'code_2', 'column')
    """
    met: dict[str, None] = {}
    for one in raw:
        name = free = canonical_name(one)
        number = 1
        while free in met:
            number += 1
            free = f"{name}_{number}"
        met[free] = None
    return tuple(met)
