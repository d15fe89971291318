"""What the name of a column says of its values, in some languages; never enough alone."""

from __future__ import annotations

import re

__all__ = ["hints_at"]

_WORDS = {
    "code": "code codi codigo kod sifra id ids key clave clau ref nr num number numero "
    "no zip zipcode postcode postal plz cp phone telephone telefon telefono mobile fax "
    "iban ean isbn gtin sku nif nie dni ssn vat serial barcode account konto",
    "text_code": "zip zipcode postcode postal plz phone telephone telefon telefono "
    "mobile tel fax iban ean isbn gtin sku nif nie dni ssn barcode",
    "money": "price prices cost costs amount total revenue salary fee tax vat net gross "
    "preu preis precio prix cena iznos import importe betrag eur usd gbp chf rsd balance "
    "payment paid turnover lloguer alquiler rent renta budget",
    "time": "time date day datetime timestamp ts at on when created updated modified "
    "datum zeit fecha hora data dia vreme epoch utc unix start end begin since until",
    "flag": "is has was active enabled deleted valid flag ok on open closed aktiv activo "
    "available default primary verified emergency",
    "year": "year any jahr ano annee anno godina yr",
    "share": "pct percent percentage share rate ratio",
}
_HINTS = {what: frozenset(words.split()) for what, words in _WORDS.items()}
_PARTS = re.compile(r"[a-z]+")


def hints_at(name: str, what: str) -> bool:
    """Tell whether a word of a canonical name hints at a meaning.

    >>> hints_at("zip_code", "code"), hints_at("is_open", "flag"), hints_at("e", "money")
    (True, True, False)
    """
    return not _HINTS[what].isdisjoint(_PARTS.findall(name))
