"""What steps report: the account of rows, and what rules found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backbone.errors import AccountMismatch

__all__ = [
    "CleaningReport",
    "DecisionReport",
    "FormattedAccount",
    "RuleReport",
    "TrustedAccount",
    "Unread",
    "Witness",
]


@dataclass(frozen=True)
class FormattedAccount:
    """Records read, and where they went.

    `rejected_cells` are counted beside it, and so is what was `left_out`: lines that the
    layout takes for no records, such as comments and footers.

    Where a record may become several rows, `rows` is how many those that were formatted
    became (None: one each), and `unfilled` how many they did not become, since they would
    have had no value.
    """

    read: int = 0
    formatted: int = 0
    rejected: int = 0
    rejected_cells: int = 0
    left_out: int = 0
    rows: int | None = None
    unfilled: int = 0

    @property
    def made(self) -> int:
        """The rows that records became."""
        return self.formatted if self.rows is None else self.rows

    def told(self) -> dict[str, int]:
        """Return the numbers that say something, by name."""
        more = {} if self.rows is None else {"rows": self.rows, "unfilled": self.unfilled}
        more |= {"left_out": self.left_out} if self.left_out else {}
        return {
            "read": self.read,
            "formatted": self.formatted,
            "rejected": self.rejected,
            "rejected_cells": self.rejected_cells,
            **more,
        }

    def __add__(self, other: FormattedAccount) -> FormattedAccount:
        one_each = self.rows is None and other.rows is None
        return FormattedAccount(
            self.read + other.read,
            self.formatted + other.formatted,
            self.rejected + other.rejected,
            self.rejected_cells + other.rejected_cells,
            self.left_out + other.left_out,
            None if one_each else self.made + other.made,
            self.unfilled + other.unfilled,
        )

    def check(self, where: str) -> FormattedAccount:
        """Return the account if it adds up.

        Raises
        ------
        AccountMismatch : read is not formatted + rejected
        """
        if self.read != self.formatted + self.rejected:
            what = (
                f"{self.read:,} records were read, but {self.formatted:,} formatted "
                f"and {self.rejected:,} rejected"
            )
            raise AccountMismatch(what, where=where)
        return self


@dataclass(frozen=True)
class TrustedAccount:
    """Rows of the formatted table, and where they went in the trusted zone.

    `repaired` counts changes of cells, `flagged` rows that break a rule and stay.
    """

    formatted: int = 0
    trusted: int = 0
    quarantined: int = 0
    merged: int = 0
    superseded: int = 0
    repaired: int = 0
    flagged: int = 0

    def check(self, where: str) -> TrustedAccount:
        """Return the account if it adds up.

        Raises
        ------
        AccountMismatch : formatted is not trusted + quarantined + merged + superseded
        """
        gone = self.quarantined + self.merged + self.superseded
        if self.formatted != self.trusted + gone:
            what = (
                f"{self.formatted:,} formatted rows, but {self.trusted:,} trusted, "
                f"{self.quarantined:,} quarantined, {self.merged:,} merged and "
                f"{self.superseded:,} superseded"
            )
            raise AccountMismatch(what, where=where)
        return self


@dataclass(frozen=True)
class Witness:
    """Rows that break a rule together, and a sentence that says how.

    `rows` are their origins (``delivery/object#record``); `values` are the values of the
    columns that the rule names, for each row.
    """

    rows: tuple[str, ...]
    values: tuple[dict[str, str | None], ...]
    sentence: str


@dataclass(frozen=True)
class RuleReport:
    """What one rule found in one version of a table.

    `violating_rows` take part in a violation; `blamed_rows` were acted upon;
    `changed_cells` were blanked or repaired; `removed_rows` quarantined or merged.
    `plan` is the shape of the detection plan; `seconds` its time. `pairs` counts the
    pairs of rows that break it together, where that is cheap to know; of a rule on two
    rows it is known in any case that they are `pairs_at_least` and `pairs_at_most`. It
    looked at `looked_rows` rows; where more of them are wrong than it allows for, the
    rule is `questioned`, and its action was not taken; `holds` is what it allows for.
    Where it says whose fault it is, those are `guilty_rows`.

    What scores are made of, besides: `left_rows` is how many of the rows that stayed
    break it in the end; `columns` are those that it names, `dimension` and `weight` say
    how it counts.
    """

    name: str
    text: str
    severity: str
    action: str
    violating_rows: int
    blamed_rows: int = 0
    changed_cells: int = 0
    removed_rows: int = 0
    plan: str = ""
    seconds: float = 0.0
    witnesses: tuple[Witness, ...] = field(default=())
    pairs: int | None = None
    looked_rows: int | None = None
    questioned: bool = False
    owner: str | None = None
    guilty_rows: int | None = None
    holds: str | None = None
    pairs_at_least: int | None = None
    pairs_at_most: int | None = None
    left_rows: int | None = None
    columns: tuple[str, ...] = ()
    dimension: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Unread:
    """Texts that a cleaning step knew nothing about.

    So many `cells` hold one of so many different `texts`; `examples` are those of them
    that occur most, cut to some length, each with its number of cells. With `blanked`
    the cells are missing now.
    """

    cells: int = 0
    texts: int = 0
    examples: tuple[tuple[str, int], ...] = ()
    blanked: bool = False


@dataclass(frozen=True)
class CleaningReport:
    """A cleaning step in one version of a table.

    `rule` and `method` are what the repairs call it, which tell what it changed; `unread`
    is what it could not read, of steps that read texts.
    """

    rule: str
    column: str
    method: str
    unread: Unread | None = None


@dataclass(frozen=True)
class DecisionReport:
    """What became of a person's decision in one version of a table.

    `form` is what it says (``keep``, ``set`` …); `rows` counts the rows that it found by
    what became of it there: ``applied``, ``other value``, ``several rows``,
    ``overruled``; under ``no row`` stand the rows that it names in vain.
    """

    name: str
    form: str
    rows: Mapping[str, int]

    @property
    def unmet(self) -> dict[str, int]:
        """Where the decision did not hold, and how often."""
        return {status: n for status, n in self.rows.items() if status != "applied"}
