"""What can be said against a declared question before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backbone.analysis.sandbox.expressions import Scalar, parse_scalar
from backbone.errors import BackboneError, MissingColumn
from backbone.model.schemas import Schema
from backbone.project.analysis import Describe, Factor, Predict

__all__ = ["mistakes"]

_PREDICTION_COLUMNS = ("part", "target", "prediction", "probability")


def mistakes(declaration: Predict | Describe, schema: Schema) -> tuple[str, ...]:
    """Return what is wrong with `declaration` over a source of this `schema`.

    All of it, one sentence or two each; nothing is computed.
    """
    shared = (*_zone(declaration.timezone), *_where(declaration, schema))
    if isinstance(declaration, Predict):
        return (*shared, *_predict(declaration, schema))
    return (*shared, *_describe(declaration, schema))


def _predict(declaration: Predict, schema: Schema) -> Iterator[str]:
    split, judged = declaration.split, declaration.validate_
    yield from _columns("features", declaration.features, schema)
    yield from _columns("key", declaration.key, schema)
    yield from _columns("sandbox.columns", declaration.sandbox.columns, schema)
    yield from _columns("validate.by", judged.by, schema)
    yield from _columns("split.column", [split.column] if split.column else [], schema)
    if split.by == "time" and split.column in schema:
        kind = schema[str(split.column)].type
        if not (kind.is_temporal or kind.is_numeric):
            yield (
                f"split.column: `{split.column}` is a {kind}; rows are split by time on "
                "a timestamp, date or number"
            )
    for name in declaration.key:
        if name in _PREDICTION_COLUMNS:
            yield f"key: `{name}` is a column of every table of predictions; rename it"
    target, said = _scalar("target", declaration.target, schema)
    yield from said
    if target is not None:
        yield from _target(declaration, target)


def _target(declaration: Predict, target: Scalar) -> Iterator[str]:
    wanted = "boolean" if declaration.task == "classification" else "number"
    if target.kind not in {wanted, "unknown"}:
        example = (
            'for example "delay >= 15"' if wanted == "boolean" else "not a condition"
        )
        what = "true or false" if wanted == "boolean" else "a number"
        yield (
            f"target: `{target.text}` is a {target.kind}; the target of a "
            f"{declaration.task} is {what}, {example}"
        )
    for name in target.columns:
        if name in declaration.features:
            yield (
                f"features: `{name}` is part of the target `{target.text}`; a model that "
                "sees its own answer learns nothing. Leave it out"
            )


def _describe(declaration: Describe, schema: Schema) -> Iterator[str]:
    yield from _columns("key", declaration.key, schema)
    yield from _columns("sandbox.columns", declaration.sandbox.columns, schema)
    if declaration.time is not None:
        yield from _columns("time", [declaration.time], schema)
        if declaration.time in schema and not schema[declaration.time].type.is_temporal:
            kind = schema[declaration.time].type
            yield f"time: `{declaration.time}` is a {kind}, not a timestamp or date"
    outcome, said = _scalar("outcome", declaration.outcome, schema)
    yield from said
    if outcome is not None and outcome.kind not in {"number", "unknown"}:
        yield (
            f"outcome: `{outcome.text}` is a {outcome.kind}; an outcome is a number. A "
            'share can be written "case when … then 100.0 else 0 end"'
        )
    for factor in declaration.factors:
        yield from _factor(factor, schema)
        if outcome is not None and factor.column in outcome.columns:
            yield (
                f"factors: `{factor.column}` is part of the outcome `{outcome.text}`; "
                "of course the two go together. Leave it out"
            )


def _factor(factor: Factor, schema: Schema) -> Iterator[str]:
    yield from _columns("factors", [factor.column], schema)
    if factor.column not in schema:
        return
    kind = schema[factor.column].type
    if factor.part is not None and not kind.is_temporal:
        yield f"factors: `{factor.column}` is a {kind} and has no {factor.part}"
    if factor.part == "hour" and kind.kind == "date":
        yield f"factors: `{factor.column}` is a date and has no hour"
    if factor.part is None and kind.is_temporal:
        yield (
            f"factors: `{factor.column}` is a {kind}; say which `part` of it: hour, "
            "weekday or month"
        )
    if factor.bins is not None and not kind.is_numeric:
        yield f"factors: `{factor.column}` is a {kind}; only numbers have bins"


def _zone(name: str | None) -> Iterator[str]:
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"timezone: `{name}` is no IANA time zone; one is Europe/Belgrade"


def _where(declaration: Predict | Describe, schema: Schema) -> Iterator[str]:
    text = declaration.sandbox.where
    if text is None:
        return
    scalar, said = _scalar("sandbox.where", text, schema)
    yield from said
    if scalar is not None and scalar.kind not in {"boolean", "unknown"}:
        yield f"sandbox.where: `{text}` is a {scalar.kind}, not a condition"


def _scalar(
    place: str, text: str, schema: Schema
) -> tuple[Scalar | None, tuple[str, ...]]:
    try:
        return parse_scalar(text, schema, where=place), ()
    except BackboneError as error:
        return None, (_sentence(place, error),)


def _columns(place: str, names: Iterable[str], schema: Schema) -> Iterator[str]:
    for name in names:
        if name.startswith("_"):
            yield f"{place}: `{name}`: names that begin with _ are Backbone's own"
        elif name not in schema:
            yield _sentence(place, MissingColumn.named(name, schema.public.names))


def _sentence(place: str, error: BackboneError) -> str:
    hint = f". {error.hint}" if error.hint else ""
    return f"{place}: {error.what}{hint}"
