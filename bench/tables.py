"""How figures are shown: plain tables, with the ratio and the aim beside them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aimed", "mebibytes", "seconds", "table"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows under a head; the first column to the left, the others to the right.

    >>> print(table(["what", "s"], [["a", "1.5"], ["longer", "10.0"]]))
    what       s
    ------  ----
    a        1.5
    longer  10.0
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def seconds(value: float) -> str:
    """Show seconds with the digits that mean something."""
    digits = 3 if value < 1 else 2 if value < 100 else 0
    return f"{value:.{digits}f} s"


def mebibytes(value: float) -> str:
    """Show bytes."""
    return f"{value / 2**20:,.0f} MiB"


def aimed(value: float, aim: float, unit: str = "") -> str:
    """Say a value beside what is aimed at: below `aim`."""
    word = "met" if value < aim else "missed"
    return f"{value:.2f}{unit}, aim below {aim:g}{unit}: {word}"
