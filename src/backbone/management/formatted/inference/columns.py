"""One column: its type, how its texts are written, what means that nothing is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backbone.engines.raw.looking.cells import MONEY, NULLS, unit_in
from backbone.engines.raw.looking.observed import Numbers as Figures
from backbone.engines.raw.looking.observed import Observed, Shape
from backbone.management.formatted.inference.booleans import booleans_in, zero_one
from backbone.management.formatted.inference.context import ColumnPlan, Context, Found
from backbone.management.formatted.inference.hints import hints_at
from backbone.management.formatted.inference.numbers import Numbers, numbers_in
from backbone.management.formatted.inference.sentinels import sentinels_in
from backbone.management.formatted.inference.times import epoch_in, times_in
from backbone.model.choices import SURE, Against, Choice, times

__all__ = ["planned"]

_FITS, _MOST = 0.9, 0.6
_CERTAIN_NULLS = frozenset({"n/a", "#n/a", "\\n", "(null)", "<null>", "<na>", "#na"})
_MAX_SCALE = 12
_DOUBLE_DIGITS = 17
_MONEY_SCALE = 2
_SHORT_CODE, _LONG_CODE = 3, 7


def planned(
    seen: Observed, column: int, raw: str, name: str, context: Context
) -> ColumnPlan:
    """Decide a column.

    Parameters
    ----------
    column : its place
    raw : its name in the files
    name : its canonical name
    context : what the rest of the table tells
    """
    there, distinct, _, _ = seen.counts(column)
    plain, unit = unit_in(raw)
    shapes = seen.shapes(column)
    words = [shape for shape in shapes if shape.text.lower() in NULLS]
    rest = [shape for shape in shapes if shape not in words]
    others = there - sum(shape.count for shape in shapes)
    if not rest:
        return _empty(seen, column, raw, name, words, there, distinct)
    found = _found(seen, column, name, rest, others, context)
    nulls, asked = _nulls(seen, column, name, words, found, context)
    choices = [_type_choice(seen, column, name, found, others), *found.choices, *asked]
    keys: dict[str, Any] = {"type": found.type}
    if raw != name:
        keys["from"] = raw
    keys |= found.keys
    if nulls:
        keys["nulls"] = nulls
    if unit is not None and found.type not in {"boolean", "date", "string"}:
        keys["unit"] = unit
        said = f"the header says so: `{raw}`"
        choices.append(Choice(f"columns.{name}.unit", unit, 0.95, said))
    del plain
    return ColumnPlan(
        name, raw, column, keys, tuple(choices), seen.rows, there, distinct, found.order
    )


def _empty(
    seen: Observed, column: int, raw: str, name: str,
    words: Sequence[Shape], there: int, distinct: int,
) -> ColumnPlan:  # fmt: skip
    keys: dict[str, Any] = {"type": "string"} | ({"from": raw} if raw != name else {})
    texts = [shape.first for shape in words]
    if texts:
        keys["nulls"] = texts
    said = f"no value in {seen.rows:,} records" + (
        f", only {_listed(texts)}" if texts else ""
    )
    ask = None if not raw.strip() else "what does this column hold? No file tells"
    choice = Choice(f"columns.{name}.type", "string", 0.3, said, ask=ask)
    return ColumnPlan(
        name, raw, column, keys, (choice,), seen.rows, there, distinct,
        drop=not raw.strip() and there == 0,
    )  # fmt: skip


def _found(
    seen: Observed, column: int, name: str, rest: Sequence[Shape], others: int,
    context: Context,
) -> Found:  # fmt: skip
    """Return the reading of a column that fits nearly all of its texts."""
    total = sum(shape.count for shape in rest) + others
    values = dict(seen.values(column, 12))
    values = {
        text: n for text, n in values.items() if text.lower() not in NULLS or text == "-"
    }
    if len(values) <= 8 and sum(values.values()) == total:  # noqa: PLR2004 - spellings
        found = booleans_in(name, values)
        if found:
            return found
    numbers = numbers_in(rest, context.signs)
    times = times_in(seen, column, name, rest, context)
    if times and times.fits >= _FITS * total and times.fits >= numbers.fits:
        return replace(times, confidence=_confidence(times.fits, total))
    if numbers.fits >= _FITS * total:
        return _numeric(seen, column, name, numbers, values, total)
    text = Found("string", total, evidence=_texts(rest, total), confidence=0.97)
    best = max((times.fits if times else 0), numbers.fits)
    if best >= _MOST * total:
        what = times.type if times and times.fits == best else "a number"
        misfits = times.misfits if times and times.fits == best else numbers.misfits
        return replace(
            text, confidence=0.5, misfits=(), alternatives=(what,),
            evidence=f"{best:,} of {total:,} texts are {what}, {total - best:,} are not:"
            f" {_examples(misfits)}",
            ask=f"is it {what}, and what are the others?",
        )  # fmt: skip
    return text


def _confidence(fits: int, total: int) -> float:
    return 0.99 if fits == total else round(0.8 + 0.15 * fits / total, 2)


def _texts(rest: Sequence[Shape], total: int) -> str:
    return f"{total:,} texts such as {_examples(rest)}"


def _examples(shapes: Sequence[Shape], at_most: int = 3) -> str:
    return _listed([shape.first for shape in shapes[:at_most]])


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(f"`{text[:40]}`" for text in texts)


def _numeric(
    seen: Observed, column: int, name: str, numbers: Numbers,
    values: Mapping[str, int], total: int,
) -> Found:  # fmt: skip
    code = _code(seen, column, name, numbers, total)
    if code is not None:
        return code
    drop = numbers.thousands
    stats = seen.numbers(column, numbers.spelt(), drop=drop, point=numbers.decimal)
    if numbers.is_whole and not numbers.suffixes and stats.count:
        epoch = epoch_in(name, stats.low, stats.high, stats.distinct, total)
        if epoch:
            form, sure = epoch
            width = len(str(int(stats.high)))
            said = f"whole numbers of {width} digits: {form[6:]} since 1970"
            doubt = None if sure >= SURE else "are these instants, or numbers?"
            choice = Choice(f"columns.{name}.format", form, sure, said, ask=doubt)
            return Found("timestamp", numbers.fits, {"format": form}, (choice,),
                         numbers.misfits, evidence=said, confidence=sure)  # fmt: skip
    kind, said, sure = _kind(name, numbers, stats)
    choices = list(_signs(name, numbers)) + sentinels_in(name, stats)
    flag = (
        zero_one(name, values)
        if numbers.is_whole and sum(values.values()) == total
        else None
    )
    ask: str | None = None
    alternatives: tuple[str, ...] = ()
    if flag is not None:
        kind, said, sure = str(flag.value), flag.evidence, flag.confidence
        ask, alternatives = flag.ask, flag.alternatives
    exact = numbers.scale + (numbers.digits if numbers.digits > 1 else 0)
    if kind == "double" and not numbers.has_exponent and exact > _DOUBLE_DIGITS:
        ask = f"texts have up to {exact} digits, a double keeps {_DOUBLE_DIGITS}: enough?"
        alternatives, sure = (f"decimal(38,{numbers.scale})",), 0.6
    keys = _number_keys(numbers) if kind != "boolean" else {}
    fits = (
        f"{numbers.fits:,} of {total:,} texts"
        if numbers.misfits
        else f"all {total:,} texts"
    )
    return Found(
        kind, numbers.fits, keys, tuple(choices), numbers.misfits,
        confidence=min(sure, _confidence(numbers.fits, total)),
        evidence=f"{fits} {said}", ask=ask, alternatives=alternatives,
    )  # fmt: skip


def _kind(name: str, numbers: Numbers, stats: Figures) -> tuple[str, str, float]:
    if numbers.is_whole:
        if numbers.digits > 18:  # noqa: PLR2004 - more than 64 bits hold
            return "string", "are digits, more than an integer holds", 0.8
        low, high = f"{stats.low:,.0f}", f"{stats.high:,.0f}"
        return "integer", f"are whole numbers, {low} to {high}", 0.99
    if numbers.has_exponent or numbers.has_special or numbers.scale > _MAX_SCALE:
        return "double", "are numbers with an exponent, or many decimals", 0.97
    fixed = numbers.scale == numbers.least_scale
    money = hints_at(name, "money") or numbers.unit in MONEY
    if numbers.scale <= 4 and (money or (fixed and numbers.scale == _MONEY_SCALE)):  # noqa: PLR2004
        scale = max(numbers.scale, _MONEY_SCALE)
        why = (
            f"have {numbers.scale} decimals"
            if fixed
            else f"have at most {numbers.scale} decimals"
        )
        return f"decimal(18,{scale})", why + ("; an amount" if money else ""), 0.9
    return "double", f"are numbers with up to {numbers.scale} decimals", 0.97


def _number_keys(numbers: Numbers) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if numbers.decimal == "," and (numbers.scale or numbers.thousands == "."):
        keys["decimal"] = ","
    if numbers.thousands:
        keys["thousands"] = numbers.thousands
    if numbers.prefixes:
        keys["prefix"] = list(numbers.prefixes)
    if numbers.suffixes:
        keys["suffix"] = list(numbers.suffixes)
    if numbers.unit:
        keys["unit"] = numbers.unit
    return keys


def _signs(name: str, numbers: Numbers) -> list[Choice]:
    found = []
    if numbers.decimal == "," and numbers.scale:
        sure = 0.5 if numbers.doubt else 0.95
        said = (
            numbers.doubt
            or f"a comma stands before the decimals: {_examples(numbers.shapes)}"
        )
        found.append(
            Choice(f"columns.{name}.decimal", ",", sure, said, ask=numbers.doubt)
        )
    elif numbers.thousands or numbers.doubt:
        said = (
            numbers.doubt or f"groups of three digits: {_examples(numbers.shapes[::-1])}"
        )
        what, value = (
            ("thousands", numbers.thousands) if numbers.thousands else ("decimal", ".")
        )
        sure = 0.5 if numbers.doubt else 0.95
        place = f"columns.{name}.{what}"
        found.append(Choice(place, value, sure, said, ask=numbers.doubt))
    if numbers.unit:
        said = f"{numbers.with_affix:,} of {numbers.fits:,} numbers have it around them"
        sure = 0.95 if numbers.with_affix == numbers.fits else 0.75
        ask = (
            None
            if sure >= SURE
            else f"do numbers without `{numbers.unit}` mean the same unit?"
        )
        found.append(Choice(f"columns.{name}.unit", numbers.unit, sure, said, ask=ask))
    if numbers.affixed:
        count = sum(shape.count for shape in numbers.affixed)
        shown = _examples(numbers.affixed)
        said = f"{count:,} texts have something around the number: {shown}"
        ask = "what do these mean? They are left as bad cells"
        found.append(Choice(f"columns.{name}.suffix", [], 0.5, said, ask=ask))
    return found


def _code(
    seen: Observed, column: int, name: str, numbers: Numbers, total: int
) -> Found | None:
    """Return the reading of digits that are no quantity: codes stay texts."""
    if numbers.suffixes or numbers.prefixes or numbers.thousands or numbers.scale:
        return None
    if numbers.zeros_lead:
        return _with_zeros(numbers, total)
    if not numbers.is_whole:
        return None
    widths = [width for width in numbers.widths if width]
    fixed = len(widths) == 1
    if (
        hints_at(name, "text_code")
        and max(widths, default=0) >= _SHORT_CODE
        and not numbers.negative
    ):
        said = f"digits, {widths[0]} of them" if fixed else "digits"
        return Found("string", total, evidence=f"{said}; its name says that it is a code",
                     confidence=0.85, alternatives=("integer",))  # fmt: skip
    if fixed and widths[0] >= _LONG_CODE and not numbers.negative and total > 20:  # noqa: PLR2004
        _, distinct, _, _ = seen.counts(column)
        least = min(shape.least for shape in numbers.shapes)
        greatest = max(shape.greatest for shape in numbers.shapes)
        far = 1.1 if widths[0] > _LONG_CODE + 1 else 3.0
        wide = int(greatest) > far * int(least)
        if distinct * 2 > total and wide and not hints_at(name, "time"):
            said = f"each has {widths[0]} digits and nearly each is different: a code"
            ask = "is it a code, or a quantity?"
            return Found("string", total, evidence=said, confidence=0.6,
                         alternatives=("integer",), ask=ask)  # fmt: skip
    return None


def _with_zeros(numbers: Numbers, total: int) -> Found:
    """Return the reading of digits of which some have leading zeros."""
    shapes = [s for s in numbers.shapes if len(s.text) > 1 and s.least[:1] == "0"]
    example = shapes[0].least if shapes else "0…"
    lead = f"{numbers.zeros_lead:,} of {total:,} have leading zeros, `{example}`"
    ask = "are these numbers, or codes? Texts keep the zeros"
    if numbers.has_exponent or numbers.has_special:
        said = f"{lead}, and others an exponent"
        return Found("string", total, evidence=said, confidence=0.6,
                     alternatives=("double",), ask=ask)  # fmt: skip
    if max(numbers.widths) < _SHORT_CODE:
        return Found("string", total, evidence=f"{lead}: a code", confidence=0.6,
                     alternatives=("integer",), ask=ask)  # fmt: skip
    return Found("string", total, evidence=f"{lead}: a code", confidence=0.95)


def _nulls(
    seen: Observed, column: int, name: str, words: Sequence[Shape], found: Found,
    context: Context,
) -> tuple[list[str], list[Choice]]:  # fmt: skip
    """Decide which words of a column mean that nothing is there."""
    texts = (
        [t for t, _ in seen.values(column, 400) if t.lower() in NULLS] if words else []
    )
    counts = dict(seen.values(column, 400)) if words else {}
    if found.type == "boolean":
        used = {*found.keys.get("means_true", []), *found.keys.get("means_false", [])}
        texts = [text for text in texts if text not in used]
    taken: list[str] = []
    asked: list[str] = []
    for text in texts:
        certain = text.lower() in _CERTAIN_NULLS or text.lower() in context.nulls
        (taken if found.type != "string" or certain else asked).append(text)
    choices = []
    what = f"columns.{name}.nulls"
    if taken:
        said = ", ".join(f"`{text}` {times(counts[text])}" for text in taken)
        where = "among texts" if found.type == "string" else f"where else is {found.type}"
        choices.append(Choice(what, taken, 0.9 if found.type != "string" else 0.85,
                              f"{said}, {where}"))  # fmt: skip
    if asked:
        said = ", ".join(f"`{text}` {times(counts[text])}" for text in asked)
        ask = f"does {_listed(asked)} mean that nothing is there? It stays a text"
        choices.append(Choice(what, [], 0.6, said, seen.holding(column, asked), ask=ask,
                              alternatives=(f"nulls: {asked}",)))  # fmt: skip
    return taken, choices


def _type_choice(
    seen: Observed, column: int, name: str, found: Found, others: int
) -> Choice:
    against: tuple[Against, ...] = ()
    said = found.evidence
    if found.misfits:
        against = seen.are(column, [shape.text for shape in found.misfits])
        count = sum(shape.count for shape in found.misfits)
        said += f"; {count:,} are not: {_examples(found.misfits)}"
    del others
    return Choice(
        f"columns.{name}.type", found.type, found.confidence, said, against,
        found.alternatives, found.ask,
    )  # fmt: skip
