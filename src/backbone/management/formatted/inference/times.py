"""Dates and times of a column: the formats in use, what stands first, which clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backbone.engines.raw.looking.observed import Observed, Shape
from backbone.management.formatted.inference.clocks import clocks_of
from backbone.management.formatted.inference.context import Context, Found
from backbone.management.formatted.inference.hints import hints_at
from backbone.management.formatted.inference.moments import (
    Reading,
    is_iso,
    readings_of,
)
from backbone.model.choices import Against, Choice

__all__ = ["epoch_in", "times_in"]

_RANGES = {
    "Y": (1000, 2999), "m": (1, 12), "d": (1, 31), "H": (0, 24), "I": (1, 12),
    "M": (0, 59), "S": (0, 60),
}  # fmt: skip
_COMPACT_YEARS = (1800, 2100)
_WRONG, _MIXED = 0.05, 0.5
_CLEAR = 5
_STEPS = 8
_EPOCHS = {
    "epoch_s": (631_152_000, 2_524_608_000),
    "epoch_ms": (631_152_000_000, 2_524_608_000_000),
    "epoch_us": (631_152_000_000_000, 2_524_608_000_000_000),
    "epoch_ns": (631_152_000_000_000_000, 2_524_608_000_000_000_000),
}
_ORDERS = {"dmy": "the day stands first", "mdy": "the month stands first",
           "ymd": "the year stands first"}  # fmt: skip


@dataclass(frozen=True)
class _Family:
    """Shapes that can be read in the same ways; `wrong` counts what cannot, by way."""

    readings: tuple[Reading, ...]
    shapes: tuple[Shape, ...]
    wrong: Mapping[str, int]
    against: Mapping[str, tuple[Against, ...]]

    @property
    def count(self) -> int:
        return sum(shape.count for shape in self.shapes)

    @property
    def is_open(self) -> bool:
        """Whether several ways fit equally."""
        least = min(self.wrong.values())
        return sum(count == least for count in self.wrong.values()) > 1


@dataclass(frozen=True)
class _Order:
    order: str
    confidence: float
    evidence: str
    against: tuple[Against, ...] = ()
    ask: str | None = None


def times_in(
    seen: Observed, column: int, name: str, shapes: Sequence[Shape], context: Context
) -> Found | None:
    """Read the shapes of a column as dates or times; None if few are."""
    families, misfits = _families(seen, column, shapes)
    if not families:
        return None
    fits = sum(family.count for family in families)
    total = fits + sum(shape.count for shape in misfits)
    if fits < 0.5 * total:
        return None
    orders = _ordered(seen, column, families, context)
    chosen: list[Reading] = []
    for family, order in zip(families, orders, strict=True):
        chosen += [r for r in family.readings if r.order == order.order]
    undecided = [order for order in orders if order.ask]
    kind = _kind(chosen)
    keys = _keys(families, orders, kind)
    choices = [_format_choice(name, orders, families, keys, kind)]
    if kind == "datetime" and not undecided:
        zone = clocks_of(
            seen, column, name, tuple(dict.fromkeys(r.format for r in chosen))
        )
        if zone is not None:
            choices.append(zone)
            if zone.value:
                kind, keys = "timestamp", {**keys, "timezone": zone.value}
    certain = [o.order for o in orders if o.confidence > 0.9 and o.order != "named"]  # noqa: PLR2004
    return Found(
        kind, fits, keys, tuple(choices), tuple(misfits),
        order=certain[0] if certain and not undecided else None,
        evidence=f"{fits:,} of {total:,} texts are written so",
    )  # fmt: skip


def _families(
    seen: Observed, column: int, shapes: Sequence[Shape]
) -> tuple[list[_Family], list[Shape]]:
    found: dict[tuple[str, ...], list[tuple[Shape, tuple[Reading, ...]]]] = {}
    misfits: list[Shape] = []
    for shape in shapes:
        readings = readings_of(shape.text)
        if not readings or not _is_sound(seen, column, shape, readings):
            misfits.append(shape)
            continue
        key = tuple(reading.format for reading in readings)
        found.setdefault(key, []).append((shape, readings))
    families = []
    for own in found.values():
        wrong: dict[str, int] = {}
        against: dict[str, tuple[Against, ...]] = {}
        for shape, readings in own:
            for reading in readings:
                count, rows = _wrong(seen, column, shape, reading)
                wrong[reading.order] = wrong.get(reading.order, 0) + count
                against[reading.order] = (*against.get(reading.order, ()), *rows)[:3]
        readings = own[0][1]
        families.append(_Family(readings, tuple(s for s, _ in own), wrong, against))
    return sorted(families, key=lambda family: -family.count), misfits


def _is_sound(
    seen: Observed, column: int, shape: Shape, readings: Sequence[Reading]
) -> bool:
    """Tell whether the texts of a shape can be moments at all."""
    best = min(_wrong(seen, column, shape, reading)[0] for reading in readings)
    if best > _WRONG * shape.count and best > 1:
        return False
    if shape.text.isdigit():  # eight digits may be any number
        low, high, _ = seen.fields(column, shape.text, [readings[0].spans["Y"]])[0]
        first, last = _COMPACT_YEARS
        return bool(best == 0 or shape.count > 20) and first <= low and high <= last  # noqa: PLR2004
    return True


def _wrong(
    seen: Observed, column: int, shape: Shape, reading: Reading
) -> tuple[int, tuple[Against, ...]]:
    parts = [
        (span, *_RANGES[part]) for part, span in reading.spans.items() if part in _RANGES
    ]
    return seen.outside(column, shape.text, parts)


def _ordered(
    seen: Observed, column: int, families: Sequence[_Family], context: Context
) -> list[_Order]:
    """Decide for each family what stands first; what one tells holds for the others."""
    told = [_by_values(family) for family in families]
    sure = {one.order for one in told if one and one.confidence > 0.9}  # noqa: PLR2004
    return [
        one or _by_others(family, sure) or _by_the_rest(seen, column, family, context)
        for family, one in zip(families, told, strict=True)
    ]


def _by_others(family: _Family, sure: set[str]) -> _Order | None:
    """Let the texts that tell speak for those that do not."""
    fitting = [r for r in family.readings if r.order in sure]
    if len(sure) != 1 or not fitting:
        return None
    order = fitting[0].order
    return _Order(order, 0.9, f"{_ORDERS[order]} in other texts of the column")


def _by_values(family: _Family) -> _Order | None:
    if len(family.readings) == 1:
        (only,) = family.readings
        return _Order(only.order, 0.99, "it can be read in one way only",
                      family.against[only.order])  # fmt: skip
    ranked = sorted(family.wrong, key=lambda order: family.wrong[order])
    best, second = ranked[0], ranked[1]
    low, high = family.wrong[best], family.wrong[second]
    if low == high:
        return None
    said = f"{_ORDERS[best]}: {high:,} of {family.count:,} texts could not be read else"
    if not low:
        return _Order(best, 0.99 if high >= _CLEAR else 0.93, said)
    said += f", {low:,} could not be read so"
    if high >= 20 * low:
        return _Order(best, 0.85, said, family.against[best])
    ask = "both orders of day and month are there: which texts are written which way?"
    return _Order(best, 0.4, said, family.against[best], ask)


def _by_the_rest(
    seen: Observed, column: int, family: _Family, context: Context
) -> _Order:
    """Decide by what is around: the order of records, files, other columns, the sign."""
    least = min(family.wrong.values())
    open_ = [r for r in family.readings if family.wrong[r.order] == least]
    for ask in (_by_spread, _by_steps, _by_files):
        found = ask(seen, column, family, open_)
        if found:
            return found
    known = [r for r in open_ if context.orders.get(r.order)]
    if len(known) == 1:
        order = known[0].order
        said = f"{_ORDERS[order]} in other columns of the table"
        return _Order(order, 0.75, said, ask=f"{said}: here, too?")
    first = family.shapes[0]
    if "." in first.text.split(" ")[0]:
        return _Order(
            "dmy", 0.85, "points stand between day, month and year, as in Europe"
        )
    examples = f"`{first.least}` … `{first.greatest}`"
    ask_text = f"is {examples} day or month first? Nothing in the files tells"
    said = f"no text of {family.count:,} has a number above 12 in either place"
    return _Order(open_[0].order, 0.5, said, ask=ask_text)


def _by_spread(
    seen: Observed, column: int, family: _Family, open_: Sequence[Reading]
) -> _Order | None:
    """Of two digits, years are few and next to each other; days go from 1 to 31."""
    first = open_[0]
    if "y" not in first.spans or not any(r.order == "ymd" for r in open_):
        return None
    shape = max(family.shapes, key=lambda one: one.count)
    spans = sorted(first.spans.values())[:3]
    figures = seen.fields(column, shape.text, spans)
    (low, high, many), _, (low_3, high_3, many_3) = figures
    left = [r for r in open_ if (r.order == "ymd") == (many < many_3)]
    if max(many, many_3) < 15 or min(many, many_3) * 2 > max(many, many_3):  # noqa: PLR2004
        return None
    said = (
        f"{low} to {high} stand first, {low_3} to {high_3} last: the years are the fewer"
    )
    if len(left) != 1:
        return None
    return _Order(left[0].order, 0.85, f"{_ORDERS[left[0].order]}: {said}")


def _by_steps(
    seen: Observed, column: int, _family: _Family, open_: Sequence[Reading]
) -> _Order | None:
    """Records that follow one another in time do so in one of the orders only."""
    back: dict[str, tuple[int, int]] = {}
    for reading in open_:
        up, down, _ = seen.order(column, reading.format)
        back[reading.order] = (min(up, down), up + down)
    ranked = sorted(back, key=lambda order: back[order][0] / max(1, back[order][1]))
    best, second = ranked[0], ranked[1]
    (low, steps), (high, others) = back[best], back[second]
    if min(steps, others) < _STEPS or high < 3 or low * _CLEAR > high:  # noqa: PLR2004
        return None
    said = (
        f"{_ORDERS[best]}: so read, {low:,} of {steps:,} steps from record to record go "
        f"the other way, otherwise {high:,}"
    )
    return _Order(best, 0.93 if not low else 0.85, said)


def _by_files(
    seen: Observed, column: int, family: _Family, open_: Sequence[Reading]
) -> _Order | None:
    """In files of a month each, the month is what does not change."""
    constant: dict[str, int] = {reading.order: 0 for reading in open_}
    files = 0
    for shape in family.shapes[:2]:
        for reading in open_:
            if "m" not in reading.spans or "d" not in reading.spans:
                return None
            months = seen.per_object(column, shape.text, reading.spans["m"])
            by_day = seen.per_object(column, shape.text, reading.spans["d"])
            days = {name: many for name, _, _, many in by_day}
            alone = [n for n, _, _, many in months if many == 1 and days.get(n, 0) > 2]  # noqa: PLR2004
            constant[reading.order] += len(alone)
            files = max(files, len(months))
    ranked = sorted(constant, key=lambda order: -constant[order])
    best, second = ranked[0], ranked[1]
    if not constant[best] or constant[second] or constant[best] * 2 < files:
        return None
    said = (
        f"{_ORDERS[best]}: so read, {constant[best]:,} of {files:,} files hold one month"
    )
    if constant[best] > 1:
        return _Order(best, 0.9, said)
    ask = "is the day or the month first? One file tells: it holds one month"
    return _Order(best, 0.7, said, ask=ask)


def _kind(chosen: Sequence[Reading]) -> str:
    kinds = {reading.kind for reading in chosen}
    if "timestamp" in kinds:
        return "timestamp"
    return "datetime" if "datetime" in kinds else "date"


def _keys(
    families: Sequence[_Family], orders: Sequence[_Order], kind: Any,
) -> dict[str, Any]:  # fmt: skip
    shapes = [shape.text for family in families for shape in family.shapes]
    if all(is_iso(shape, kind) for shape in shapes):
        return {}
    formats: dict[str, None] = {}
    for family, order in zip(families, orders, strict=True):
        own = [r.format for r in family.readings if r.order == order.order]
        if order.ask:
            least = min(family.wrong.values())
            mixed = order.confidence < _MIXED
            own += [
                r.format
                for r in family.readings
                if r.order != order.order and (mixed or family.wrong[r.order] == least)
            ]
        formats |= dict.fromkeys(own)
    listed = list(formats)
    return {"format": listed[0] if len(listed) == 1 else listed}


def _format_choice(
    name: str, orders: Sequence[_Order], families: Sequence[_Family],
    keys: Mapping[str, Any], kind: str,
) -> Choice:  # fmt: skip
    worst = min(orders, key=lambda order: (order.ask is None, order.confidence))
    others = tuple(
        r.format for family, order in zip(families, orders, strict=True)
        for r in family.readings if r.order != order.order
    )  # fmt: skip
    return Choice(
        f"columns.{name}.format", keys.get("format", f"ISO {kind}"), worst.confidence,
        worst.evidence, worst.against, others, worst.ask,
    )  # fmt: skip


def epoch_in(
    name: str, low: float, high: float, distinct: int, count: int
) -> tuple[str, float] | None:
    """Return the epoch whose instants whole numbers could be, and how sure that is."""
    for form, (first, last) in _EPOCHS.items():
        if first <= low and high <= last:
            hinted = hints_at(name, "time")
            narrow = (high - low) < 0.35 * (last - first)
            if form == "epoch_s" and not hinted and not (narrow and distinct * 2 > count):
                return None
            if not hinted and not narrow:
                return None
            return form, 0.95 if hinted else 0.7
    return None
