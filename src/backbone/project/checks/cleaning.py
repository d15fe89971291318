"""Checks of cleaning steps against the columns that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from backbone.errors import RuleSyntaxError
from backbone.model.types import CanonicalType
from backbone.project.checks.fits import misfit_of_text, noun
from backbone.project.checks.known import Columns
from backbone.project.cleaning import (
    NEIGHBOURS,
    CleanStep,
    Fill,
    Groups,
    Missing,
    Scalar,
    span_of,
)
from backbone.project.constants import canonical
from backbone.project.mistakes import Where, brief, suggestion

__all__ = ["clean_mistakes"]

Found = tuple[Where, str]

_TEXT_FORMS = frozenset(
    {"do", "replace", "lookup", "substitute", "pad", "units", "codes"}
)

_NO_NUMBERS = frozenset({"nan", "inf", "-inf"})


def clean_mistakes(step: CleanStep, columns: Columns) -> Iterator[Found]:
    """Tell what is wrong with a cleaning step of a table with these columns.

    Yields
    ------
    where in the step, and what; a type that is not known is not spoken of
    """
    named = list(_targets(step))
    absent = [*_absent(named, columns), *_absent(_others(step), columns)]
    yield from absent
    yield from _twice(named)
    if step.form in _TEXT_FORMS:
        yield from _kinds(named, columns, _is_text, "works on strings", step.form)
    if step.substitute:
        yield from _pattern(step.substitute.pattern)
    if step.missing:
        yield from _missing(step, step.missing, columns)
    if step.outliers:
        yield from _kinds(
            named, columns, lambda kind: kind.is_numeric, "works on numbers", step.form
        )
        yield from _groups(step, step.outliers, "outliers", columns)
    if step.fill:
        yield from _fill(step, step.fill, columns)


def _targets(step: CleanStep) -> Iterator[Found]:
    if step.column is not None:
        yield ("column",), step.column
    yield from ((("columns", place), name) for place, name in enumerate(step.columns))


def _others(step: CleanStep) -> Iterator[Found]:
    groups = step.outliers or step.fill
    if groups is None:
        return
    part = "outliers" if step.outliers else "fill"
    yield from (((part, "per", place), name) for place, name in enumerate(groups.per))
    if groups.at is not None:
        yield (part, "at"), groups.at
    if step.fill is not None and step.fill.by is not None:
        yield (part, "by"), step.fill.by


def _absent(named: Iterable[Found], columns: Columns) -> Iterator[Found]:
    for where, name in named:
        if name not in columns:
            yield where, f"there is no column `{name}`{suggestion(name, columns)}"


def _twice(named: Iterable[Found]) -> Iterator[Found]:
    seen: set[str] = set()
    for where, name in named:
        if name in seen:
            yield where, f"`{name}` is named twice"
        seen.add(name)


def _is_text(kind: CanonicalType) -> bool:
    return kind.kind == "string"


def _kinds(
    named: Iterable[Found],
    columns: Columns,
    is_right: Callable[[CanonicalType], bool],
    words: str,
    form: str,
) -> Iterator[Found]:
    for where, name in named:
        kind = columns.get(name)
        if kind is not None and not is_right(kind):
            yield where, f"`{name}` is {noun(kind)}; `{form}` {words}"


def _pattern(pattern: str) -> Iterator[Found]:
    from backbone.sql.portable.patterns import (  # noqa: PLC0415 - imports sqlglot
        java_pattern,
    )

    try:
        java_pattern(pattern)
    except ValueError as error:
        yield ("substitute", "pattern"), f"{brief(pattern)}: {error}"


def _missing(step: CleanStep, missing: Missing, columns: Columns) -> Iterator[Found]:
    kinds = [columns.get(name) for name in step.targets()]
    known = [kind for kind in kinds if kind is not None]
    for place, value in enumerate(missing.values):
        why = [_misfit(kind, value) for kind in known]
        if len(known) == len(kinds) and why and all(why):
            yield ("missing", "values", place), f"{why[0]}; no cell is ever equal to it"
    try:
        condition = missing.condition()
    except RuleSyntaxError as error:
        said = f"{error.what}. {error.hint}" if error.hint else error.what
        yield ("missing", "where"), said.replace("rule `where`", "`where`")
        return
    if condition is None:
        return
    if not condition.is_single or condition.reference is not None:
        text = "`where` speaks of one row: leave out `t2.` and other tables"
        yield ("missing", "where"), text
        return
    named = [(("missing", "where"), name) for name in condition.columns]
    yield from _absent(named, columns)


def _misfit(kind: CanonicalType, value: Scalar) -> str | None:
    """Tell why `value` is none of type `kind`."""
    if isinstance(value, bool):
        fits = kind.kind in {"boolean", "string"}
        return None if fits else f"{brief(value)} is a boolean"
    if kind.is_numeric and str(value).lower() in _NO_NUMBERS:
        return None if kind.kind == "double" else f"{noun(kind)} is never {brief(value)}"
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    why = misfit_of_text(kind, text)
    if why is not None:
        return why.partition(";")[0]
    known = canonical(value, kind) is not None
    return None if known else f"{brief(value)} is not in the range of {noun(kind)}"


def _groups(
    step: CleanStep, groups: Groups, part: str, columns: Columns
) -> Iterator[Found]:
    own = set(step.targets())
    for place, name in enumerate(groups.per):
        if name in own:
            yield (part, "per", place), f"`{name}` is what is cleaned: it groups nothing"
    kind = columns.get(groups.at) if groups.at else None
    if kind is None:
        return
    if not kind.is_temporal:
        yield (part, "at"), f"`{groups.at}` is {noun(kind)}; a season is of a time"
    elif kind.kind == "date" and "hour" in groups.season:
        yield (part, "season"), f"`{groups.at}` is a date; it has no hour"
    elif kind.kind != "timestamp" and groups.timezone:
        text = f"`{groups.at}` is {noun(kind)}: it shows what its clock showed"
        yield (part, "timezone"), text


def _fill(step: CleanStep, fill: Fill, columns: Columns) -> Iterator[Found]:
    yield from _groups(step, fill, "fill", columns)
    named = list(_targets(step))
    if fill.constant is not None:
        for _, name in named:
            kind = columns.get(name)
            why = _misfit(kind, fill.constant) if kind is not None else None
            if why:
                yield ("fill", "constant"), f"{why}, and `{name}` is {noun(kind)}"  # type: ignore[arg-type]
        return
    if fill.method in {"median", "mean", "interpolate"}:
        words = f"`{fill.method}` is of numbers"
        for where, name in named:
            kind = columns.get(name)
            if kind is not None and not kind.is_numeric:
                yield where, f"`{name}` is {noun(kind)}; {words}"
    if fill.method in NEIGHBOURS:
        yield from _order(step, fill, columns)


def _order(step: CleanStep, fill: Fill, columns: Columns) -> Iterator[Found]:
    at: Mapping[str, Where] = {"by": ("fill", "by"), "limit": ("fill", "limit")}
    if fill.by in step.targets():
        yield at["by"], f"`{fill.by}` is what is filled: it orders nothing"
    kind = columns.get(fill.by or "")
    if kind is None:
        return
    if not (kind.is_temporal or kind.is_numeric):
        yield (
            at["by"],
            f"`{fill.by}` is {noun(kind)}; rows are ordered by times or numbers",
        )
        return
    if fill.limit is None:
        return
    if kind.is_temporal and (not isinstance(fill.limit, str) or not span_of(fill.limit)):
        text = f"{brief(fill.limit)} is no span of time; write for example `3 hours`"
        yield at["limit"], text
    if kind.is_numeric and isinstance(fill.limit, str):
        text = f"`{fill.by}` is {noun(kind)}, so the limit is a number without a unit"
        yield at["limit"], text
