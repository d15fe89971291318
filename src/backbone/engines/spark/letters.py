"""Capital and small letters, one character for one, as DuckDB has them.

Spark follows Unicode further: it makes two letters of one (``ß`` is ``SS``), looks at the
letters around (the last sigma of a word) and knows letters that are newer. The tables
have the characters of which it makes another than DuckDB: runs of first and last code
point, and how far its letter is from each (0: it stays).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp
from sqlglot.generator import Generator

__all__ = ["lower", "upper"]

_UPPER = (
    (0xDF, 0xDF, 7615), (0x149, 0x149, 0), (0x19B, 0x19B, 0), (0x1F0, 0x1F0, 0),
    (0x264, 0x264, 0), (0x390, 0x390, 0), (0x3B0, 0x3B0, 0), (0x587, 0x587, 0),
    (0x1C8A, 0x1C8A, 0), (0x1E96, 0x1E9A, 0), (0x1F50, 0x1F50, 0), (0x1F52, 0x1F52, 0),
    (0x1F54, 0x1F54, 0), (0x1F56, 0x1F56, 0), (0x1F80, 0x1F87, 8), (0x1F88, 0x1F8F, 0),
    (0x1F90, 0x1F97, 8), (0x1F98, 0x1F9F, 0), (0x1FA0, 0x1FA7, 8), (0x1FA8, 0x1FAF, 0),
    (0x1FB2, 0x1FB2, 0), (0x1FB3, 0x1FB3, 9), (0x1FB4, 0x1FB4, 0), (0x1FB6, 0x1FB7, 0),
    (0x1FBC, 0x1FBC, 0), (0x1FC2, 0x1FC2, 0), (0x1FC3, 0x1FC3, 9), (0x1FC4, 0x1FC4, 0),
    (0x1FC6, 0x1FC7, 0), (0x1FCC, 0x1FCC, 0), (0x1FD2, 0x1FD3, 0), (0x1FD6, 0x1FD7, 0),
    (0x1FE2, 0x1FE4, 0), (0x1FE6, 0x1FE7, 0), (0x1FF2, 0x1FF2, 0), (0x1FF3, 0x1FF3, 9),
    (0x1FF4, 0x1FF4, 0), (0x1FF6, 0x1FF7, 0), (0x1FFC, 0x1FFC, 0), (0xA7CD, 0xA7CD, 0),
    (0xA7CF, 0xA7CF, 0), (0xA7D3, 0xA7D3, 0), (0xA7D5, 0xA7D5, 0), (0xA7DB, 0xA7DB, 0),
    (0xFB00, 0xFB06, 0), (0xFB13, 0xFB17, 0), (0x10D70, 0x10D85, 0),
    (0x16EBB, 0x16ED3, 0),
)  # fmt: skip
_LOWER = (
    (0x130, 0x130, -199), (0x3A3, 0x3A3, 32), (0x1C89, 0x1C89, 0), (0xA7CB, 0xA7CC, 0),
    (0xA7CE, 0xA7CE, 0), (0xA7D2, 0xA7D2, 0), (0xA7D4, 0xA7D4, 0), (0xA7DA, 0xA7DA, 0),
    (0xA7DC, 0xA7DC, 0), (0x10D50, 0x10D65, 0), (0x16EA0, 0x16EB8, 0),
)  # fmt: skip


def upper(self: Generator, text: str) -> str:
    """Print a text in capital letters."""
    return _changed(self, "UPPER", text, _UPPER)


def lower(self: Generator, text: str) -> str:
    """Print a text in small letters."""
    return _changed(self, "LOWER", text, _LOWER)


def _changed(
    self: Generator, name: str, text: str, table: Iterable[tuple[int, int, int]]
) -> str:
    codes = [(code, far) for first, last, far in table for code in range(first, last + 1)]
    odd = "".join(chr(code) for code, _ in codes)
    made = "".join(chr(code + far) for code, far in codes)
    found, put = (self.sql(exp.Literal.string(each)) for each in (odd, made))
    some = self.sql(exp.Literal.string(f"[{odd}]"))
    letter = (
        f"IF(INSTR({found}, c) > 0, SUBSTRING({put}, INSTR({found}, c), 1), {name}(c))"
    )
    each = f"ARRAY_JOIN(TRANSFORM(SPLIT({text}, ''), c -> {letter}), '')"
    return f"IF({text} RLIKE {some}, {each}, {name}({text}))"
