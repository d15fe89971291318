"""pydantic's errors in words for people who write declarations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from backbone.project.mistakes import Where, brief, closest, suggestion
from backbone.project.shapes import Located, declared_keys, located

__all__ = ["Finding", "findings"]

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_IS_WANTED = " is wanted, not "
_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "list_type": "a list",
    "tuple_type": "a list",
}


@dataclass(frozen=True)
class Finding:
    """One thing that pydantic refuses, in words.

    `kind` is pydantic's name for it. `guess` is what was probably meant: another key
    where `is_key`, otherwise another value.
    """

    where: Where
    kind: str
    text: str
    given: object = None
    guess: str | None = None
    is_key: bool = False
    in_union: bool = False
    words: tuple[str, ...] = ()


def findings(
    errors: Iterable[ErrorDetails], annotation: Any, data: object
) -> list[Finding]:
    """Return what is wrong with `data`, given what pydantic says of it.

    A key that is missing because it is misspelt is one finding, not two; what none of
    several choices accepts is one finding as well.
    """
    found = [_finding(error, located(annotation, error["loc"]), data) for error in errors]
    misspelt = {(*each.where[:-1], each.guess) for each in found if each.is_key}
    deep = {
        each.where[:end]
        for each in found
        if each.in_union
        for end in range(len(each.where))
    }
    merged: dict[Where, Finding] = {}
    for each in found:
        is_shadow = each.in_union and each.where in deep
        if is_shadow or (each.kind == "missing" and each.where in misspelt):
            continue
        before = merged.get(each.where)
        merged[each.where] = each if before is None else _either(before, each)
    return list(merged.values())


def _finding(error: ErrorDetails, place: Located, data: object) -> Finding:
    kind, where, given = error["type"], place.where, error["input"]
    ctx = error.get("ctx", {})
    if kind == "extra_forbidden" and place.model is not None:
        return _unknown(place, data)
    if kind == "union_tag_not_found":
        return _untagged(where, given, str(ctx["discriminator"]).strip("'"), place.tags)
    if kind == "union_tag_invalid":
        where = (*where, str(ctx["discriminator"]).strip("'"))
        return _unchosen(where, kind, ctx["tag"], place.tags)
    if kind == "literal_error":
        words = tuple(_QUOTED.findall(str(ctx["expected"])))
        return _unchosen(where, kind, given, words, in_union=place.in_union)
    if kind == "missing" and where and isinstance(where[-1], int):
        count = len(given) if isinstance(given, (list, tuple)) else 1
        text = f"a longer list is wanted, not one of {count}"
        return Finding(where[:-1], kind, text, given)
    text = _text(error, ctx, place)
    return Finding(where, kind, text, given, in_union=place.in_union)


def _unknown(place: Located, data: object) -> Finding:
    key = str(place.where[-1])
    keys = declared_keys(place.model) if place.model else {}
    around = _at(data, place.where[:-1])
    given = around if isinstance(around, Mapping) else {}
    field = place.model.model_fields.get(key) if place.model else None
    guess = (field.alias if field else None) or closest(
        key, [each for each in keys if each not in given]
    )
    spelt = f"; did you mean `{guess}`?" if guess else suggestion(key, keys)
    text = f"unknown key{spelt}"
    return Finding(place.where, "extra_forbidden", text, guess=guess, is_key=True)


def _untagged(where: Where, given: object, key: str, tags: tuple[str, ...]) -> Finding:
    kind = "union_tag_not_found"
    misspelt = closest(key, given) if isinstance(given, Mapping) else None
    if misspelt:
        text = f"unknown key; did you mean `{key}`?"
        return Finding((*where, misspelt), kind, text, guess=key, is_key=True)
    return Finding((*where, key), kind, f"is missing ({_or(tags)})")


def _unchosen(
    where: Where,
    kind: str,
    given: object,
    words: tuple[str, ...],
    *,
    in_union: bool = False,
) -> Finding:
    guess = closest(str(given), words)
    hint = f"; did you mean `{guess}`?" if guess else ""
    text = f"{brief(given)} is none of {', '.join(words)}{hint}"
    return Finding(where, kind, text, given, guess, in_union=in_union, words=words)


def _or(words: tuple[str, ...]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _at(value: object, where: Where) -> object:
    for part in where:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _either(first: Finding, second: Finding) -> Finding:
    """Join what two members of a union want."""
    if first.words and second.words:
        words = first.words + second.words
        return _unchosen(first.where, first.kind, first.given, words, in_union=True)
    head, _, given = first.text.partition(_IS_WANTED)
    more, _, _ = second.text.partition(_IS_WANTED)
    if not given or more in head.split(" or "):
        return first
    text = f"{head} or {more}{_IS_WANTED}{given}"
    return Finding(first.where, first.kind, text, first.given, in_union=True)


def _text(error: ErrorDetails, ctx: Mapping[str, Any], place: Located) -> str:
    kind, given = error["type"], error["input"]
    if kind in _WANTED:
        return f"{_WANTED[kind]}{_IS_WANTED}{brief(given)}"
    if kind == "missing":
        about = place.field.description if place.field else None
        return f"is missing ({about.rstrip('.')})" if about else "is missing"
    if kind in _WORDS:
        return _WORDS[kind](ctx, given)
    return error["msg"]


def _reason(ctx: Mapping[str, Any], _: object) -> str:
    return str(ctx["error"])


def _pattern(ctx: Mapping[str, Any], given: object) -> str:
    return f"{brief(given)} has not the form `{ctx['pattern']}`"


def _short(ctx: Mapping[str, Any], _: object) -> str:
    least = ctx["min_length"]
    return f"has fewer than {least}" if ctx.get("actual_length") else "is empty"


def _long(ctx: Mapping[str, Any], _: object) -> str:
    return f"has more than {ctx['max_length']}"


def _compared(words: str, key: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda ctx, given: f"{brief(given)} is not {words} {ctx[key]}"


_WORDS: dict[str, Callable[[Mapping[str, Any], object], str]] = {
    "value_error": _reason,
    "string_pattern_mismatch": _pattern,
    "string_too_short": _short,
    "string_too_long": _long,
    "too_short": _short,
    "too_long": _long,
    "greater_than": _compared("greater than", "gt"),
    "greater_than_equal": _compared("at least", "ge"),
    "less_than": _compared("less than", "lt"),
    "less_than_equal": _compared("at most", "le"),
}
