r"""Patterns that mean the same in RE2 and in java.util.regex.

The subset: literal characters, ``.``, classes in brackets with ranges, ``\\d \\D \\w \\W
\\s \\b``, groups (with ``?:`` those that capture nothing), ``|``, ``* + ? {m,n}`` and
their lazy forms, ``^`` and ``$`` (the ends of the whole text). Left out is what only one
of them has (looking ahead and behind, references back, possessive repetition, POSIX
classes, properties of characters of different versions of Unicode).
"""

from __future__ import annotations

import re

from sqlglot import exp

from backbone.sql.portable.rows import Refusal

__all__ = ["check_pattern", "java_pattern", "java_replacement"]

_INSTEAD = "Write it with classes such as `[a-z]`, groups and repetitions."
_LETTERS = frozenset("dDwWsSbntrf")
_REPEATED = re.compile(r"\{\d{1,3}(?:,\d{0,3})?\}")
_GROUPS = "(?:"
_PLAIN = {"^": r"\A", "$": r"\z", ".": r"[^\n]"}


def check_pattern(node: exp.Expr) -> Refusal | None:
    """Refuse a constant pattern, or a flag of it, that is outside the subset."""
    text = node.args["expression"].unnest()
    flags = (
        node.args.get("flag") or node.args.get("modifiers") or node.args.get("parameters")
    )
    if flags is not None and not (
        isinstance(flags, exp.Literal) and set(flags.this) <= {"i", "g"}
    ):
        return Refusal(
            "has options that only one engine knows", "Write 'i' or 'g', or both."
        )
    try:
        java_pattern(str(text.this))
    except ValueError as error:
        return Refusal(f"has the pattern `{text.this}`: {error}", _INSTEAD)
    return None


def java_pattern(pattern: str, *, flags: str = "") -> str:
    r"""Return an RE2 pattern of the subset as one of java.util.regex.

    Raises
    ------
    ValueError : the pattern is outside the subset; says what of it

    >>> java_pattern("^a.b$")
    '\\Aa[^\\n]b\\z'
    """
    made, at = [], 0
    while at < len(pattern):
        piece, at = _next(pattern, at)
        made.append(piece)
    return ("(?iu)" if "i" in flags else "") + "".join(made)


def _next(pattern: str, at: int) -> tuple[str, int]:
    letter = pattern[at]
    if letter == "\\":
        return _escaped(pattern, at)
    if letter == "[":
        return _class(pattern, at)
    if letter == "(":
        return _group(pattern, at)
    if letter == "{":
        found = _REPEATED.match(pattern, at)
        if found is None or at == 0:
            raise ValueError("a `{` that repeats nothing is written `\\{`")
        return _repetition(found[0], pattern, found.end())
    if letter in "*+?":
        return _repetition(letter, pattern, at + 1)
    if letter in "]}":
        raise ValueError(f"a `{letter}` that closes nothing is written `\\{letter}`")
    return _PLAIN.get(letter, letter), at + 1


def _repetition(sign: str, pattern: str, at: int) -> tuple[str, int]:
    lazy = pattern[at : at + 1] == "?"
    after = at + 1 if lazy else at
    if pattern[after : after + 1] in {"*", "+", "?", "{"}:
        raise ValueError("a repetition is repeated")
    return sign + ("?" if lazy else ""), after


def _escaped(pattern: str, at: int) -> tuple[str, int]:
    letter = pattern[at + 1 : at + 2]
    if letter == "b":
        return r"(?:(?<=\w)(?!\w)|(?<!\w)(?=\w))", at + 2
    if letter == "s":
        return r"[\t\n\f\r ]", at + 2
    if letter == "S":
        return r"[^\t\n\f\r ]", at + 2
    if letter in _LETTERS and letter:
        return f"\\{letter}", at + 2
    if not letter or letter.isalnum() or not letter.isascii():
        raise ValueError(f"`\\{letter}` is not in the portable subset")
    return f"\\{letter}", at + 2


def _group(pattern: str, at: int) -> tuple[str, int]:
    if not pattern.startswith("(?", at):
        return "(", at + 1
    if pattern.startswith(_GROUPS, at):
        return _GROUPS, at + len(_GROUPS)
    raise ValueError(
        "of groups that begin with `(?` only `(?:` is in the portable subset"
    )


def _class(pattern: str, at: int) -> tuple[str, int]:
    made, at = ["["], at + 1
    if pattern[at : at + 1] == "^":
        made.append("^")
        at += 1
    first = at
    while pattern[at : at + 1] != "]" or at == first:
        if at >= len(pattern):
            raise ValueError("a `[` is never closed")
        letter = pattern[at]
        if letter == "\\":
            inner = pattern[at + 1 : at + 2]
            if inner in {"S", "b"}:
                raise ValueError(
                    f"`\\{inner}` inside brackets is not in the portable subset"
                )
            piece, at = _escaped(pattern, at)
            made.append(r"\t\n\f\r " if inner == "s" else piece)
            continue
        if letter == "[" and pattern[at + 1 : at + 2] in {":", ".", "="}:
            raise ValueError("classes such as `[:alpha:]` are not in the portable subset")
        made.append(f"\\{letter}" if letter in "[]&^~" else letter)
        at += 1
    return "".join([*made, "]"]), at + 1


def java_replacement(text: str, *, shift: int = 0, after_group: bool = False) -> str:
    r"""Return what RE2 puts in for a match as java.util.regex writes it.

    `shift` is added to the numbers of groups; `after_group` says that it is written
    behind the number of one.

    >>> java_replacement(r"\1-$")
    '$1-\\$'
    """
    made, at, number = [], 0, after_group
    while at < len(text):
        letter, after = text[at], text[at + 1 : at + 2]
        if letter == "\\" and after.isdigit():
            made.append(f"${int(after) + shift}")
        elif letter == "\\" and after == "\\":
            made.append("\\\\")
        else:
            odd = letter in "\\$" or (number and letter.isdigit())
            made.append(f"\\{letter}" if odd else letter)
            number = False
            at += 1
            continue
        number = after.isdigit()
        at += 2
    return "".join(made)
