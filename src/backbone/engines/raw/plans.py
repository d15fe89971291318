"""How one canonical column is made from text: steps, a value, a reason if it has none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from backbone.engines.raw.expressions import (
    BLANKS,
    both,
    call,
    case,
    in_blanks,
    matches,
    named,
    quote,
    text,
)
from backbone.engines.raw.grammar import NAMES, refine, spelling, value
from backbone.engines.raw.moments import (
    ISO_DATE,
    ISO_INSTANT,
    ISO_LOCAL,
    Format,
    moment,
    parse_format,
)
from backbone.model.raw import RawColumn
from backbone.sql.queries import column as named_column

__all__ = ["Plan", "from_text", "from_wall", "text_plan"]

_DAY_US = 86_400_000_000
_FIRST, _LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"


@dataclass(frozen=True)
class Plan:
    """How a column is made.

    `steps` are columns to be added one select after another; over all of them, `text`
    is what was written, `value` what it means (null if it means nothing), and `reason`
    says why a text has no value. `can_fail`: there may be such texts. `source` is the
    raw column if the text is just that of one.
    """

    column: RawColumn
    text: exp.Expr
    value: exp.Expr
    reason: exp.Expr
    steps: tuple[tuple[exp.Alias, ...], ...] = ()
    can_fail: bool = True
    source: str | None = None

    def with_step(self, made: exp.Expr, name: str) -> tuple[Plan, exp.Column]:
        """Return the plan with one more step, and a reference to what it adds."""
        added = (*self.steps, (named(made, name),))
        return replace(self, steps=added), named_column(name)


def text_plan(column: RawColumn, place: int, raw: dict[str, str]) -> Plan:
    """Return the plan of a column that is made from raw columns.

    `raw` maps sources to the names of their text columns; `place` tells the columns of
    different plans apart.
    """
    made = _joined(column, raw)
    plan = Plan(column, made, made, text(""))
    if not isinstance(made, exp.Column):
        plan, reference = plan.with_step(made, f"text:{place}")
        return from_text(replace(plan, text=reference), place)
    return from_text(replace(plan, source=column.sources[0]), place)


def _joined(column: RawColumn, raw: dict[str, str]) -> exp.Expr:
    """Return the text of the sources, joined with a space, null if one is missing."""
    is_text = column.type.kind == "string"
    pads = dict(column.pad)
    parts: list[exp.Expr] = []
    for source in column.sources:
        part: exp.Expr = named_column(raw[source])
        if not is_text and (column.nulls or pads or len(column.sources) > 1):
            part = call("trim", part, text(BLANKS))
        if column.nulls:
            absent = exp.In(this=part.copy(), expressions=[text(n) for n in column.nulls])
            part = case((absent, exp.Null()), default=part)
        if source in pads:
            width = exp.Literal.number(pads[source])
            short = exp.LT(this=call("length", part), expression=width)
            part = case((short, call("lpad", part, width, text("0"))), default=part)
        parts.append(part)
    whole = parts[0]
    for part in parts[1:]:
        spaced = exp.DPipe(this=whole, expression=text(" "), safe=True)
        whole = exp.DPipe(this=spaced, expression=part, safe=True)
    return whole


def from_text(plan: Plan, place: int) -> Plan:
    """Complete a plan whose `text` is known: by the column's pattern and type."""
    column, body = plan.column, plan.text
    plan = replace(plan, can_fail=True)
    no_match: tuple[exp.Expr, exp.Expr] | None = None
    if column.pattern is not None:
        pattern = text(column.pattern)
        first = exp.Literal.number(1)
        found = call("regexp_extract", body, pattern, first)
        found = case((call("regexp_matches", body, pattern), found))
        plan, body = plan.with_step(found, f"body:{place}")
        reason = _because("does not match the pattern", plan.text)
        no_match = (exp.Is(this=body, expression=exp.Null()), reason)
    plan = _valued(plan, body, place)
    if no_match:
        plan = replace(plan, reason=case(no_match, default=plan.reason), can_fail=True)
    return plan


def _because(reason: str, written: exp.Expr) -> exp.Expr:
    return call("concat", text(f"{reason}: "), quote(written))


def _valued(plan: Plan, body: exp.Expr, place: int) -> Plan:
    kind = plan.column.type
    if kind.kind == "timestamp":
        return _instant(plan, body, place)
    if kind.kind in {"date", "datetime"}:
        return _wall(plan, body, place)
    found = value(kind, body)
    if kind.kind == "double":
        plan, made = plan.with_step(found, f"found:{place}")
        found = refine(kind, body, made)
    reason = _because(f"not {NAMES[kind.kind]}", plan.text)
    spelt = spelling(kind)
    if spelt:
        unfit = _because(f"does not fit {kind}", plan.text)
        reason = case((matches(body, in_blanks(spelt)), unfit), default=reason)
    return replace(plan, value=found, reason=reason, can_fail=kind.kind != "string")


def _not_of_format(plan: Plan) -> str:
    name = NAMES[plan.column.type.kind]
    form = plan.column.format
    return f"not {name} of the format {form}" if form else f"not {name}"


def _wall(plan: Plan, body: exp.Expr, place: int) -> Plan:
    """Complete the plan of a date, or of a date and time without a zone."""
    is_date = plan.column.type.kind == "date"
    declared = plan.column.format
    form = parse_format(declared) if declared else ISO_DATE if is_date else ISO_LOCAL
    plan, found = plan.with_step(moment(body, form), f"found:{place}")
    reason = _because(_not_of_format(plan), plan.text)
    if not is_date:
        return replace(plan, value=_in_years(found, "TIMESTAMP"), reason=reason)
    day = exp.cast(found, "DATE", dialect="duckdb")
    if not form.has_time:
        return replace(plan, value=day if declared else found, reason=reason)
    whole = both(exp.EQ(this=day, expression=found), _in_range(found, "TIMESTAMP"))
    late = (exp.Is(this=found, expression=exp.Null()), reason)
    reason = case(late, default=_because("a date with a time of day", plan.text))
    return replace(plan, value=case((whole, day)), reason=reason)


def _in_range(found: exp.Expr, kind: str) -> exp.Expr:
    zone = "+00" if kind == "TIMESTAMPTZ" else ""
    low, high = (
        exp.cast(text(f"{bound}{zone}"), kind, dialect="duckdb")
        for bound in (_FIRST, _LAST)
    )
    return exp.Between(this=found.copy(), low=low, high=high)


def _in_years(found: exp.Expr, kind: str) -> exp.Expr:
    return case((_in_range(found, kind), found))


def _instant(plan: Plan, body: exp.Expr, place: int) -> Plan:
    """Complete the plan of an instant: with an offset, or local to a time zone."""
    declared, zone = plan.column.format, plan.column.timezone
    form = parse_format(declared) if declared else ISO_INSTANT
    reason = _because(_not_of_format(plan), plan.text)
    if form.has_offset and (declared or zone is None):
        plan, found = plan.with_step(moment(body, form), f"found:{place}")
        if not declared:
            reason = _without_offset(plan, body, reason)
        return replace(plan, value=_in_years(found, "TIMESTAMPTZ"), reason=reason)
    local: Format = form if declared else ISO_LOCAL
    plan, wall = plan.with_step(moment(body, local), f"wall:{place}")
    other = None if declared else moment(body, ISO_INSTANT)
    return from_wall(replace(plan, reason=reason), wall, place, other)


def _without_offset(plan: Plan, body: exp.Expr, reason: exp.Expr) -> exp.Expr:
    local = matches(body, in_blanks(ISO_LOCAL.shapes[0].pattern))
    needs = "local to a `timezone` that is not declared"
    return case((local, _because(needs, plan.text)), default=reason)


def from_wall(
    plan: Plan, wall: exp.Expr, place: int, other: exp.Expr | None = None
) -> Plan:
    """Complete the plan of an instant whose local time is `wall` in the column's zone.

    The zone's offsets a day before and a day after the wall time give the two instants
    that it can mean. Where the offsets are equal there is one. Else each instant counts
    if the zone's clocks show the wall time then: both do where clocks went back, neither
    where they skipped. `other` is the value where there is no wall time.
    """
    zone = plan.column.timezone or "UTC"
    plan = replace(plan, can_fail=True)
    local_us = call("epoch_us", wall)
    gaps = [
        _offset_us(zone, exp.Add(this=local_us, expression=exp.Literal.number(day)))
        for day in (-_DAY_US, _DAY_US)
    ]
    names = (f"before:{place}", f"after:{place}")
    made = tuple(named(gap, name) for gap, name in zip(gaps, names, strict=True))
    plan = replace(plan, steps=(*plan.steps, made))
    before, after = (
        exp.Sub(this=local_us, expression=named_column(name)) for name in names
    )
    same = exp.EQ(this=named_column(names[0]), expression=named_column(names[1]))
    fits = [
        exp.EQ(this=_clock(zone, call("make_timestamptz", us)), expression=wall)
        for us in (before, after)
    ]
    twice = both(*fits)
    chosen = {
        "first": call("make_timestamptz", call("least", before, after)),
        "second": call("make_timestamptz", call("greatest", before, after)),
        "reject": exp.Null(),
    }[plan.column.ambiguous]
    instant = case(
        (exp.Is(this=wall.copy(), expression=exp.Null()), other or exp.Null()),
        (same, call("make_timestamptz", before)),
        (twice, chosen),
        (fits[0], call("make_timestamptz", before)),
        (fits[1], call("make_timestamptz", after)),
    )
    plan, found = plan.with_step(instant, f"found:{place}")
    reason = case(
        (exp.Is(this=wall.copy(), expression=exp.Null()), plan.reason),
        (twice, _because(f"stands twice on the clocks of {zone}", plan.text)),
        default=_because(f"skipped by the clocks of {zone}", plan.text),
    )
    return replace(plan, value=_in_years(found, "TIMESTAMPTZ"), reason=reason)


def _clock(zone: str, instant: exp.Expr) -> exp.Expr:
    """Return what the clocks of a zone show."""
    return call("timezone", text(zone), instant)


def _offset_us(zone: str, us: exp.Expr) -> exp.Expr:
    """Return how far the clocks of a zone are ahead of UTC, so long after 1970."""
    shown = call("epoch_us", _clock(zone, call("make_timestamptz", us)))
    return exp.Sub(this=shown, expression=exp.paren(us.copy()))
