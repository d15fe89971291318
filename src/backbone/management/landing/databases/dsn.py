"""The address of a database: an SQLAlchemy URL, and how it is shown without secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from backbone.errors import DeclarationError

__all__ = ["PROJECT", "Address"]

PROJECT = "{project}"

_SHOWN_CHARACTERS = 200
_SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|credential", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """Where a database is.

    `shown` is its URL as it may be shown and kept.
    """

    url: sa.URL
    shown: str
    secrets: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an SQLAlchemy URL.

        Raises
        ------
        DeclarationError : it is none
        """
        try:
            url = sa.make_url(text)
        except ArgumentError:
            mistake = "`url` is no SQLAlchemy URL, like sqlite:///{project}/warehouse.db"
            raise DeclarationError([mistake], project="an sql source") from None
        return cls(url, _shown(url), frozenset(_secrets(url)))

    def words(self, said: str) -> str:
        """Return what a driver said, on one line, without a password."""
        for secret in self.secrets:
            said = said.replace(secret, "***")
        return " ".join(said.split())[:_SHOWN_CHARACTERS]


def _shown(url: sa.URL) -> str:
    hidden = {name: "***" for name in url.query if _SECRET_NAME.search(name)}
    text = url.update_query_dict(hidden).render_as_string(hide_password=True)
    return text.replace("%7Bproject%7D", PROJECT).replace("%2A%2A%2A", "***")


def _secrets(url: sa.URL) -> set[str]:
    found = {str(url.password or "")}
    found |= {str(text) for name, text in url.query.items() if _SECRET_NAME.search(name)}
    return found - {""}
