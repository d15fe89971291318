"""Changes of texts, each an expression over the text that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from backbone.project.cleaning import Pad, Substitute

__all__ = [
    "DOING", "accentless", "beyond_ascii", "padded", "replaced", "substituted", "trimmed",
    "without",
]  # fmt: skip

Change = Callable[[exp.Expr], exp.Expr]

SPACES = (
    "\t\n\x0b\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""White space of Unicode, as Python's str.strip knows it."""
_CONTROL = (
    (0x00, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C),
    (0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064),
    (0x2066, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB),
)  # fmt: skip
"""Control and format characters: what nobody sees and is no white space."""
_PUNCTUATION = (
    (0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA1, 0xA1), (0xAB, 0xAB),
    (0xB4, 0xB4), (0xB7, 0xB7), (0xBB, 0xBB), (0xBF, 0xBF), (0x2010, 0x2027),
    (0x2030, 0x205E), (0x3001, 0x3003), (0xFF01, 0xFF0F), (0xFF1A, 0xFF20),
)  # fmt: skip
"""Signs between words, of ASCII and beyond."""


def substituted(step: Substitute) -> Change:
    """Return the change that puts `step.by` in the place of every match."""
    return lambda value: _substituted(value, step.pattern, step.by)


def padded(step: Pad) -> Change:
    """Return the change that lengthens texts of one character or more to a width."""

    def change(value: exp.Expr) -> exp.Expr:
        width = exp.Literal.number(step.width)
        length = exp.Length(this=value.copy())
        is_short = exp.Between(this=length, low=exp.Literal.number(1), high=width.copy())
        made = exp.Pad(
            this=value.copy(),
            expression=width,
            fill_pattern=exp.Literal.string(step.fill),
            is_left=step.side == "left",
        )
        return exp.Case().when(is_short, made).else_(value)

    return change


def replaced(values: Mapping[str, str | None]) -> Change:
    """Return the change of whole values.

    They are looked up in one set first: most cells are in none of many cases.
    """

    def change(value: exp.Expr) -> exp.Expr:
        old = [exp.Literal.string(text) for text in values]
        case = exp.Case(this=value.copy())
        for text, new in values.items():
            made = exp.null() if new is None else exp.Literal.string(new)
            case = case.when(exp.Literal.string(text), made)
        hit = exp.In(this=value.copy(), expressions=old)
        return exp.Case().when(hit, case).else_(value)

    return change


def trimmed(value: exp.Expr) -> exp.Expr:
    """Return `value` without the white space at its ends."""
    spaces = _class(SPACES)
    return _substituted(value, f"^{spaces}+|{spaces}+$", "")


def without(value: exp.Expr, what: str) -> exp.Expr:
    """Return `value` without its ``spaces``, or without its ``punctuation``."""
    return _without(value, _class(SPACES) if what == "spaces" else _ranges(_PUNCTUATION))


def accentless(value: exp.Expr) -> exp.Expr:
    """Return `value` with letters that have no accents."""
    return exp.Anonymous(this="strip_accents", expressions=[value])


def beyond_ascii(value: exp.Expr) -> exp.Expr:
    """Return whether a text has characters that are not of ASCII."""
    other = exp.Literal.string(r"[^\x{0}-\x{7F}]")
    return exp.RegexpLike(this=value, expression=other)


def _class(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(character):X}}}" for character in characters) + "]"


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    told = (f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in ranges)
    return f"[{''.join(told)}]"


def _substituted(value: exp.Expr, pattern: str, by: str) -> exp.Expr:
    return exp.RegexpReplace(
        this=value,
        expression=exp.Literal.string(pattern),
        replacement=exp.Literal.string(by),
        modifiers=exp.Literal.string("g"),
    )


def _where_found(value: exp.Expr, pattern: str, made: exp.Expr) -> exp.Expr:
    """Test first: to replace is four times as slow as to find nothing to replace."""
    found = exp.RegexpLike(this=value.copy(), expression=exp.Literal.string(pattern))
    return exp.Case().when(found, made).else_(value)


def _without(value: exp.Expr, some: str) -> exp.Expr:
    return _where_found(value, some, _substituted(value.copy(), f"{some}+", ""))


def _collapse(value: exp.Expr) -> exp.Expr:
    spaces, odd = _class(SPACES), _class(SPACES.replace(" ", ""))
    made = _substituted(value.copy(), f"{spaces}+", " ")
    return _where_found(value, f"{odd}|{spaces}{{2}}", made)


def _nfc(value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="nfc_normalize", expressions=[value])


def _small_ascii(value: exp.Expr) -> exp.Expr:
    """Return texts of ASCII in small letters; others are for somebody else."""
    other = beyond_ascii(value.copy())
    return exp.Case().when(other, value).else_(exp.Lower(this=value.copy()))


def _title(value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="title_case", expressions=[value])


DOING: dict[str, Change] = {
    "trim": trimmed,
    "collapse_spaces": _collapse,
    "nfc": _nfc,
    "casefold": _small_ascii,
    "lower": lambda value: exp.Lower(this=value),
    "upper": lambda value: exp.Upper(this=value),
    "title": _title,
    "strip_accents": accentless,
    "drop_control": lambda value: _without(value, _ranges(_CONTROL)),
    "digits": lambda value: _without(value, "[^0-9]"),
}
"""What ``do`` may say, as far as engines do it; see `forms` for the rest."""
