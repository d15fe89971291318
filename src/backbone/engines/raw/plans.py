"""How one canonical column is made from text: steps, a value, a reason if it has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from backbone.engines.raw.expressions import (
    both,
    call,
    case,
    cast,
    equal,
    in_blanks,
    is_null,
    matches,
    minus,
    named,
    own,
    quote,
    text,
    trimmed,
)
from backbone.engines.raw.grammar import NAMES, refine, spelling, value
from backbone.engines.raw.moments import (
    ISO,
    ISO_DATE,
    ISO_INSTANT,
    ISO_LOCAL,
    Format,
    agreed,
    moment,
    parse_format,
)
from backbone.engines.raw.numbers import is_dressed, undressed
from backbone.model.raw import RawColumn
from backbone.sql.queries import column as named_column

__all__ = ["Plan", "constant_plan", "from_text", "from_wall", "text_plan"]

_DAY_US = 86_400_000_000
_FIRST, _LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"

Reason = Callable[[], exp.Expr]


@dataclass(frozen=True)
class Plan:
    """How a column is made.

    `steps` are columns to be added one select after another; over all of them, `text`
    is what was written, `value` what it means (null if it means nothing), and `reason`
    makes an expression that says why a text has no value. `can_fail`: there may be such
    texts. `sources` are the raw columns of which one is missing where the text is; there
    are none if that takes more to see.
    """

    column: RawColumn
    text: exp.Expr
    value: exp.Expr
    reason: Reason
    steps: tuple[tuple[exp.Expr, ...], ...] = ()
    can_fail: bool = True
    sources: tuple[str, ...] = ()

    def with_step(self, made: exp.Expr, name: str) -> tuple[Plan, exp.Column]:
        """Return the plan with one more step, and a reference to what it adds."""
        added = (*self.steps, (named(made, name),))
        return replace(self, steps=added), named_column(name)


def text_plan(column: RawColumn, place: int, raw: dict[str, str]) -> Plan:
    """Return the plan of a column that is made from raw columns.

    `raw` maps sources to the names of their text columns; `place` tells the columns of
    different plans apart. The text is that of the sources, joined with a space; it is
    missing if one of them is.
    """
    plan = Plan(column, exp.Null(), exp.Null(), exp.Null)
    pads = dict(column.pad)
    names = [raw[source] for source in column.sources]
    is_text = column.type.kind == "string"
    if not is_text and (column.nulls or pads or len(names) > 1):
        plan, names = _each(plan, names, f"bare:{place}", trimmed)
    if column.nulls:
        plan, names = _each(plan, names, f"given:{place}", _without(column.nulls))
    for n, (source, name) in enumerate(zip(column.sources, names, strict=True)):
        if source in pads:
            padded = _padded(named_column(name), pads[source])
            plan, names[n] = _one(plan, padded, f"full:{place}:{n}")
    if len(names) > 1:
        plan, joined = _one(plan, _joined(names), f"text:{place}")
        names = [joined]
    seen = () if column.nulls else column.sources
    return from_text(replace(plan, text=named_column(names[0]), sources=seen), place)


def constant_plan(column: RawColumn, place: int) -> Plan:
    """Return the plan of a column without raw columns: a constant text, or none."""
    if column.value is None:
        nothing = cast(exp.Null(), column.type.sql)
        return Plan(column, exp.Null(), nothing, exp.Null, can_fail=False)
    plan = Plan(column, exp.Null(), exp.Null(), exp.Null)
    plan, made = plan.with_step(text(column.value), f"text:{place}")
    return from_text(replace(plan, text=made), place)


def _one(plan: Plan, made: exp.Expr, name: str) -> tuple[Plan, str]:
    return plan.with_step(made, name)[0], name


def _each(
    plan: Plan, names: list[str], stem: str, make: Callable[[exp.Expr], exp.Expr]
) -> tuple[Plan, list[str]]:
    """Add one step that makes something of every name."""
    made = {f"{stem}:{n}": make(named_column(name)) for n, name in enumerate(names)}
    step = tuple(named(value, name) for name, value in made.items())
    return replace(plan, steps=(*plan.steps, step)), list(made)


def _without(nulls: Sequence[str]) -> Callable[[exp.Expr], exp.Expr]:
    def make(value: exp.Expr) -> exp.Expr:
        absent = exp.In(this=own(value), expressions=[text(each) for each in nulls])
        return case((absent, exp.Null()), default=value)

    return make


def _padded(value: exp.Expr, width: int) -> exp.Expr:
    size = exp.Literal.number(width)
    short = exp.LT(this=call("length", value), expression=size)
    return case((short, call("lpad", value, own(size), text("0"))), default=value)


def _joined(names: Sequence[str]) -> exp.Expr:
    parts = [named_column(name) for name in names]
    present = both(*(exp.Not(this=is_null(part)) for part in parts))
    return case((present, call("concat_ws", text(" "), *parts)))


def from_text(plan: Plan, place: int) -> Plan:
    """Complete a plan whose `text` is known: by the column's pattern and type."""
    column, body = plan.column, plan.text
    plan = replace(plan, can_fail=True)
    if column.pattern is None:
        return _valued(plan, body, place)
    pattern = text(column.pattern)
    found = call("regexp_extract", body, pattern, exp.Literal.number(1))
    found = case((call("regexp_matches", body, pattern), found))
    plan, body = plan.with_step(found, f"body:{place}")
    valued = _valued(plan, body, place)

    def reason() -> exp.Expr:
        no_match = _because("does not match the pattern", plan.text)
        return case((is_null(body), no_match), default=valued.reason())

    return replace(valued, reason=reason, can_fail=True)


def _because(reason: str, written: exp.Expr) -> exp.Expr:
    return call("concat", text(f"{reason}: "), quote(written))


def _valued(plan: Plan, body: exp.Expr, place: int) -> Plan:
    kind = plan.column.type
    if kind.kind == "timestamp":
        return _instant(plan, body, place)
    if kind.kind in {"date", "datetime"}:
        return _wall(plan, body, place)
    if is_dressed(plan.column):
        plan, body = plan.with_step(undressed(plan.column, body), f"bare:{place}:n")
    means = plan.column.means_true, plan.column.means_false
    found = _meant(body, *means) if any(means) else value(kind, body)
    if kind.kind in {"integer", "double"}:
        plan, made = plan.with_step(found, f"found:{place}")
        found = refine(kind, body, made)

    def reason() -> exp.Expr:
        not_one = _because(f"not {NAMES[kind.kind]}", plan.text)
        spelt = spelling(kind)
        if spelt is None:
            return not_one
        unfit = _because(f"does not fit {kind}", plan.text)
        return case((matches(body, in_blanks(spelt)), unfit), default=not_one)

    return replace(plan, value=found, reason=reason, can_fail=kind.kind != "string")


def _meant(body: exp.Expr, true: Sequence[str], false: Sequence[str]) -> exp.Expr:
    """Return what a text means that is one of those declared, but for blanks around."""
    bare = trimmed(body)
    branches = [
        (exp.In(this=own(each), expressions=[text(word) for word in words]), made)
        for words, made in ((true, exp.true()), (false, exp.false()))
        if words
        for each in (body, bare)
    ]
    return case(*branches)


def _not_of_format(plan: Plan) -> exp.Expr:
    name, forms = NAMES[plan.column.type.kind], plan.column.formats
    words = f"not {name} of the format {' or '.join(forms)}" if forms else f"not {name}"
    return _because(words, plan.text)


def _two_moments(plan: Plan) -> exp.Expr:
    forms = " and ".join(plan.column.formats)
    return _because(f"means different things in the formats {forms}", plan.text)


def _wall(plan: Plan, body: exp.Expr, place: int) -> Plan:
    """Complete the plan of a date, or of a date and time without a zone."""
    is_date = plan.column.type.kind == "date"
    iso = ISO_DATE if is_date else ISO_LOCAL
    named_forms = plan.column.formats or (ISO,)
    forms = [iso if each == ISO else parse_format(each) for each in named_forms]
    if len(forms) > 1:
        return _one_wall(plan, body, place, forms)
    (form,) = forms
    plan, found = plan.with_step(moment(body, form), f"found:{place}")
    plan = replace(plan, reason=lambda: _not_of_format(plan))
    if not is_date:
        return replace(plan, value=_in_years(found, "TIMESTAMP"))
    if not form.has_time:
        return replace(plan, value=found if form is iso else cast(found, "DATE"))
    return _whole_day(plan, found)


def _one_wall(plan: Plan, body: exp.Expr, place: int, forms: Sequence[Format]) -> Plan:
    """Complete the plan of a date or a wall time that has several formats."""
    made = [cast(moment(body, form), "TIMESTAMP") for form in forms]
    names = [f"found:{place}:{n}" for n in range(len(forms))]
    plan = replace(plan, steps=(*plan.steps, tuple(map(named, made, names))))
    readings = [named_column(name) for name in names]
    plan, found = plan.with_step(agreed(readings), f"found:{place}")
    some = call("coalesce", *readings)

    def why() -> exp.Expr:
        return case((is_null(some), _not_of_format(plan)), default=_two_moments(plan))

    if plan.column.type.kind != "date":
        return replace(plan, value=_in_years(found, "TIMESTAMP"), reason=why)
    whole = _whole_day(plan, found)
    late = whole.reason
    return replace(whole, reason=lambda: case((is_null(found), why()), default=late()))


def _whole_day(plan: Plan, found: exp.Expr) -> Plan:
    """Complete the plan of a date that may be written with a time of day: midnight."""
    day = cast(found, "DATE")
    whole = both(equal(day, found), _in_range(found, "TIMESTAMP"))

    def reason() -> exp.Expr:
        late = _because("a date with a time of day", plan.text)
        return case((is_null(found), _not_of_format(plan)), default=late)

    return replace(plan, value=case((whole, day)), reason=reason)


def _in_range(found: exp.Expr, kind: str) -> exp.Expr:
    zone = "+00" if kind == "TIMESTAMPTZ" else ""
    low, high = (cast(text(f"{bound}{zone}"), kind) for bound in (_FIRST, _LAST))
    return exp.Between(this=own(found), low=low, high=high)


def _in_years(found: exp.Expr, kind: str) -> exp.Expr:
    return case((_in_range(found, kind), found))


def _instant(plan: Plan, body: exp.Expr, place: int) -> Plan:
    """Complete the plan of an instant: with an offset, or local to a time zone."""
    declared, zone = plan.column.formats, plan.column.timezone
    if len(declared) > 1:
        return _one_instant(plan, body, place)
    declared = () if declared == (ISO,) else declared
    form = parse_format(declared[0]) if declared else ISO_INSTANT
    if form.has_offset and (declared or zone is None):
        plan, found = plan.with_step(moment(body, form), f"found:{place}")

        def reason() -> exp.Expr:
            local = matches(body, in_blanks(ISO_LOCAL.shapes[0].pattern))
            needs = _because("local to a `timezone` that is not declared", plan.text)
            return case((local, needs), default=_not_of_format(plan))

        why = (lambda: _not_of_format(plan)) if declared else reason
        return replace(plan, value=_in_years(found, "TIMESTAMPTZ"), reason=why)
    local: Format = form if declared else ISO_LOCAL
    plan, wall = plan.with_step(moment(body, local), f"wall:{place}")
    other = None if declared else moment(body, ISO_INSTANT)
    return from_wall(plan, wall, place, other)


def _one_instant(plan: Plan, body: exp.Expr, place: int) -> Plan:
    """Complete the plan of an instant that has several formats."""
    walls: list[exp.Expr] = []
    instants: list[exp.Expr] = []
    for each in plan.column.formats:
        form = ISO_INSTANT if each == ISO else parse_format(each)
        (instants if form.has_offset else walls).append(moment(body, form))
        if each == ISO and plan.column.timezone:
            walls.append(moment(body, ISO_LOCAL))
    ours, others = (
        [f"{stem}:{place}:{n}" for n in range(len(made))]
        for stem, made in (("wall", walls), ("instant", instants))
    )
    step = tuple(map(named, [*walls, *instants], [*ours, *others]))
    plan = replace(plan, steps=(*plan.steps, step))
    local, told = ([named_column(name) for name in names] for names in (ours, others))
    plan, wall = plan.with_step(agreed(local, *told), f"wall:{place}")
    instant = agreed(told, *local)
    if walls:
        plan, other = plan.with_step(instant, f"other:{place}")
        plan = from_wall(plan, wall, place, other)
    else:
        plan, found = plan.with_step(instant, f"found:{place}")
        value_ = _in_years(found, "TIMESTAMPTZ")
        plan = replace(plan, value=value_, reason=lambda: _not_of_format(plan))
    clash = both(is_null(wall), *([is_null(other)] if walls else []))
    some = exp.or_(*(exp.Not(this=is_null(own(e))) for e in (*local, *told)), copy=False)
    told_by = plan.reason

    def reason() -> exp.Expr:
        return case((both(clash, some), _two_moments(plan)), default=told_by())

    return replace(plan, reason=reason)


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
    names = (f"before:{place}", f"after:{place}")
    offsets = tuple(
        named(_offset_us(zone, wall, day), name)
        for day, name in zip((-_DAY_US, _DAY_US), names, strict=True)
    )
    plan = replace(plan, steps=(*plan.steps, offsets), can_fail=True)
    before, after = (minus(call("epoch_us", wall), named_column(name)) for name in names)
    fits = [
        equal(_clock(zone, call("make_timestamptz", us)), wall) for us in (before, after)
    ]
    chosen = {
        "first": call("make_timestamptz", call("least", before, after)),
        "second": call("make_timestamptz", call("greatest", before, after)),
        "reject": exp.Null(),
    }[plan.column.ambiguous]
    instant = case(
        (is_null(wall), other or exp.Null()),
        (equal(*map(named_column, names)), call("make_timestamptz", before)),
        (both(*fits), chosen),
        (fits[0], call("make_timestamptz", before)),
        (fits[1], call("make_timestamptz", after)),
        default={
            "forward": call("make_timestamptz", before),
            "backward": call("make_timestamptz", after),
            "reject": exp.Null(),
        }[plan.column.missing],
    )
    plan, found = plan.with_step(instant, f"found:{place}")

    def reason() -> exp.Expr:
        return case(
            (is_null(wall), _not_of_format(plan)),
            (both(*fits), _because(f"stands twice on the clocks of {zone}", plan.text)),
            default=_because(f"skipped by the clocks of {zone}", plan.text),
        )

    return replace(plan, value=_in_years(found, "TIMESTAMPTZ"), reason=reason)


def _clock(zone: str, instant: exp.Expr) -> exp.Expr:
    """Return what the clocks of a zone show."""
    return call("timezone", text(zone), instant)


def _offset_us(zone: str, wall: exp.Expr, later_us: int) -> exp.Expr:
    """Return how far the clocks of a zone are ahead of UTC, `later_us` after `wall`."""
    later = exp.Literal.number(later_us)
    us = exp.paren(exp.Add(this=call("epoch_us", wall), expression=later), copy=False)
    return minus(call("epoch_us", _clock(zone, call("make_timestamptz", us))), us)
