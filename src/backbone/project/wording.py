"""pydantic's errors in words for people who write declarations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import ErrorDetails

from backbone.project.mistakes import Where, brief, closest, suggestion
from backbone.project.shapes import Located, declared_keys, located

__all__ = ["Finding", "findings"]

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_NOT = ", not "
_WANTS = "wants "
_BACKQUOTED = re.compile(r"`([^`]+)`")
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
    found = [
        _placed(_finding(error, located(annotation, error["loc"]), data), data)
        for error in errors
    ]
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
        text = f"has {count} of the values that are wanted{_about(place)}"
        return Finding(where[:-1], kind, text, given)
    text = _text(error, ctx, place)
    return Finding(where, kind, text, given, in_union=place.in_union)


def _placed(finding: Finding, data: object) -> Finding:
    """Move what is said of a whole model to the part of it that is spoken of.

    That part is the key or the value that the text quotes, if it stands there once.
    """
    where = _present(finding.where, data) if finding.guess else finding.where
    if finding.kind == "value_error" and isinstance(finding.given, Mapping):
        for word in _BACKQUOTED.findall(finding.text):
            places = list(_spoken_of(word, finding.given, where))
            if len(places) == 1:
                where = places[0]
                break
    return replace(finding, where=where)


def _present(where: Where, data: object) -> Where:
    """Cut what a validator put inside a plain value: ``engine: duckdb`` has no kind."""
    for end in range(len(where)):
        if not isinstance(_at(data, where[:end]), (Mapping, list)):
            return where[:end]
    return where


def _spoken_of(word: str, value: object, where: Where) -> Iterator[Where]:
    pairs = value.items() if isinstance(value, Mapping) else enumerate(_items(value))
    for key, each in pairs:
        if word in {key, each} if isinstance(each, str) else word == key:
            yield (*where, key)
        yield from _spoken_of(word, each, (*where, key))


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _unknown(place: Located, data: object) -> Finding:
    key = str(place.where[-1])
    keys = declared_keys(place.model) if place.model else {}
    around = _at(data, place.where[:-1])
    given = around if isinstance(around, Mapping) else {}
    about = getattr(place.model, "elsewhere", None)
    if words := about and about(key, given):
        return Finding(place.where, "extra_forbidden", words)
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
    head, _, given = first.text.partition(_NOT)
    more = second.text.partition(_NOT)[0].removeprefix(_WANTS)
    if not head.startswith(_WANTS) or more in head:
        return first
    text = f"{head} or {more}{_NOT}{given}"
    text = text.replace("a whole number or a number", "a number")
    return Finding(first.where, first.kind, text, first.given, in_union=True)


def _text(error: ErrorDetails, ctx: Mapping[str, Any], place: Located) -> str:
    kind, given = error["type"], error["input"]
    if kind in _WANTED:
        return f"{_WANTS}{_WANTED[kind]}{_NOT}{brief(given)}"
    if kind == "missing":
        return f"is missing{_about(place)}"
    if kind == "string_pattern_mismatch":
        return f"{brief(given)} is not of the form `{ctx['pattern']}`{_about(place)}"
    if kind in _WORDS:
        return _WORDS[kind](ctx, given)
    return error["msg"]


def _about(place: Located) -> str:
    about = place.field.description if place.field else None
    return f" ({about.rstrip('.')})" if about else ""


def _reason(ctx: Mapping[str, Any], _: object) -> str:
    return str(ctx["error"])


def _short(ctx: Mapping[str, Any], _: object) -> str:
    least = ctx["min_length"]
    return f"has fewer than {least}" if ctx.get("actual_length") else "is empty"


def _long(ctx: Mapping[str, Any], _: object) -> str:
    return f"has more than {ctx['max_length']}"


def _compared(words: str, key: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda ctx, given: f"{brief(given)} is {words} {ctx[key]}"


_WORDS: dict[str, Callable[[Mapping[str, Any], object], str]] = {
    "value_error": _reason,
    "string_too_short": _short,
    "string_too_long": _long,
    "too_short": _short,
    "too_long": _long,
    "greater_than": _compared("not greater than", "gt"),
    "greater_than_equal": _compared("less than", "ge"),
    "less_than": _compared("not less than", "lt"),
    "less_than_equal": _compared("more than", "le"),
}
