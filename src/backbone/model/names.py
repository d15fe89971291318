"""Names of assets: ``zone.table``, and the side tables that belong to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Literal, get_args

from backbone.errors import UnknownAsset

__all__ = ["ZONES", "AssetName", "Zone", "is_table_name"]

Zone = Literal["landing", "formatted", "trusted", "exploitation", "analysis"]
ZONES: tuple[Zone, ...] = get_args(Zone)

_TABLE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def is_table_name(text: str) -> bool:
    """Tell whether `text` may name a table: lower case, digits, single underscores.

    >>> is_table_name("daily_traffic"), is_table_name("a__b"), is_table_name("A")
    (True, False, False)
    """
    return _TABLE.fullmatch(text) is not None


@total_ordering
@dataclass(frozen=True)
class AssetName:
    """A table of a zone; `side` names a side table of it, which comes after it.

    >>> str(AssetName("trusted", "flights").with_side("repairs"))
    'trusted.flights__repairs'
    """

    zone: Zone
    table: str
    side: str | None = None

    def __str__(self) -> str:
        return f"{self.zone}.{self.local}"

    def __lt__(self, other: AssetName) -> bool:
        mine = self.zone, self.table, self.side or ""
        return mine < (other.zone, other.table, other.side or "")

    @property
    def local(self) -> str:
        """The name inside its zone: ``flights__repairs``."""
        return f"{self.table}__{self.side}" if self.side else self.table

    @property
    def main(self) -> AssetName:
        """The table that a side table belongs to (itself, if it is no side table)."""
        return AssetName(self.zone, self.table)

    def with_side(self, side: str) -> AssetName:
        """Return the name of a side table of this table."""
        return AssetName(self.zone, self.table, side)

    @classmethod
    def parse(cls, text: str) -> AssetName:
        """Read ``zone.table`` or ``zone.table__side``.

        Raises
        ------
        UnknownAsset : the text is not of that form
        """
        zone, dot, rest = text.partition(".")
        table, sep, side = rest.partition("__")
        named = bool(dot) and is_table_name(table) and (not sep or is_table_name(side))
        for known in ZONES:
            if named and zone == known:
                return cls(known, table, side or None)
        raise UnknownAsset(
            f"`{text}` does not name an asset",
            hint=f"an asset is `zone.table`; the zones are {', '.join(ZONES)}",
            command="backbone ls",
        )
