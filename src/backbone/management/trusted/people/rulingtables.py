"""Decisions as relations: keys, cells, and the decisions themselves, typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from backbone.model.literals import value_of
from backbone.model.schemas import ORIGIN, Column, Schema
from backbone.model.types import BOOLEAN, DATE, INTEGER, STRING, CanonicalType
from backbone.project.decisions import Decision, Line, Ruling
from backbone.project.trusted import Rule

__all__ = ["Facts", "Spoken", "facts_of", "keys_of", "spoken_of"]

_META = Schema.of(
    decision=INTEGER, single=BOOLEAN, name=STRING, form=STRING, columns=STRING,
    rules=STRING, reason=STRING, decided_by=STRING, decided_on=DATE,
)  # fmt: skip
_ACTS = Schema.of(decision=INTEGER, kind=STRING, name=STRING, rule=STRING)
_LINES = Schema.of(decision=INTEGER, line=INTEGER, key=STRING)
_ARROW: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "datetime": pa.timestamp("us"),
}


@dataclass(frozen=True)
class Facts:
    """Rows to be handed to an engine."""

    rows: pa.Table
    schema: Schema

    @classmethod
    def of(cls, schema: Schema, rows: Sequence[Sequence[Any]]) -> Facts:
        """Put rows, their values in the order of `schema`, into columns."""
        columns = zip(*rows, strict=True) if rows else [()] * len(schema)
        arrays = [
            pa.array(list(values), type=_arrow(column.type))
            for column, values in zip(schema, columns, strict=True)
        ]
        return cls(pa.table(arrays, names=list(schema.names)), schema)


@dataclass(frozen=True)
class Spoken:
    """What decisions say of one column.

    `facts` has ``decision, line``; ``asked`` and ``was``: whether it must hold a value,
    and which; ``fixed`` (``keep``, ``set`` or nothing) and the ``value`` that it gets.
    """

    column: str
    relation: str
    facts: Facts
    asks: bool
    fixes: bool


def _arrow(kind: CanonicalType) -> pa.DataType:
    if kind.kind == "decimal":
        return pa.decimal128(kind.precision, kind.scale)
    return _ARROW[kind.kind]


def _numbered(rulings: Sequence[Ruling]) -> Iterator[tuple[int, int, Decision, Line]]:
    for place, ruling in enumerate(rulings):
        for number, line in enumerate(ruling.lines):
            yield place, number, ruling.decision, line


def facts_of(rulings: Sequence[Ruling], rules: Sequence[Rule]) -> dict[str, Facts]:
    """Return the decisions (``meta``), what they do (``acts``), the rows they name."""
    merged = [set(r.unique or ()) for r in rules if r.action == "deduplicate"]
    meta, acts, lines = [], [], []
    for place, ruling in enumerate(rulings):
        said = ruling.decision
        meta.append(_meta(place, ruling, merged))
        acts += [(place, "fine", "", rule) for rule in said.fine]
        acts += [(place, "undo", name, said.undo) for name in said.columns or ("",)
                 if said.undo]  # fmt: skip
    for place, number, _, line in _numbered(rulings):
        key = ", ".join(f"{name} = {value}" for name, value in line.where.items())
        lines.append((place, number, key))
    return {
        "meta": Facts.of(_META, meta),
        "acts": Facts.of(_ACTS, acts),
        "named_lines": Facts.of(_LINES, lines),
    }


def _meta(place: int, ruling: Ruling, merged: Sequence[set[str]]) -> tuple[Any, ...]:
    """A row that is delivered again and merged is one row, however often it is found."""
    said, first = ruling.decision, next(iter(ruling.lines), None)
    named = set(first.where) if first else set()
    copies = any(keys <= named for keys in merged)
    about = said.keep or tuple(first.set if first else said.set) or said.columns
    return (
        place, not (said.many or copies), said.name, said.form, ", ".join(about) or None,
        ", ".join(said.rules) or None, said.reason, said.by, said.decided,
    )  # fmt: skip


def keys_of(
    rulings: Sequence[Ruling], schema: Schema
) -> Iterator[tuple[tuple[str, ...], Facts]]:
    """Yield each set of columns that name rows, with the keys: ``k0 …``, typed."""
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    full = schema.with_columns(*ORIGIN)
    for place, number, _, line in _numbered(rulings):
        names = tuple(sorted(line.where))
        values = (value_of(line.where[name], full[name].type) for name in names)
        groups.setdefault(names, []).append((place, number, *values))
    for names, rows in groups.items():
        typed = [Column(f"k{i}", full[name].type) for i, name in enumerate(names)]
        yield (
            names,
            Facts.of(
                Schema.of(decision=INTEGER, line=INTEGER).with_columns(*typed), rows
            ),
        )


def spoken_of(rulings: Sequence[Ruling], schema: Schema) -> tuple[Spoken, ...]:
    """Return what the rulings say of each column that one of them speaks of."""
    full = schema.with_columns(*ORIGIN)
    said: dict[str, list[tuple[Any, ...]]] = {}
    for place, number, decision, line in _numbered(rulings):
        names = (*decision.keep, *line.set, *line.was)
        for name in dict.fromkeys(names):
            kind = full[name].type
            asked = name in line.was
            fixed = "keep" if name in decision.keep else "set" if name in line.set else ""
            said.setdefault(name, []).append(
                (
                    place, number, asked, _value(line.was.get(name), kind), fixed,
                    _value(line.set.get(name), kind),
                )
            )  # fmt: skip
    return tuple(
        _spoken(place, name, full[name].type, rows)
        for place, (name, rows) in enumerate(said.items())
    )


def _value(text: str | None, kind: CanonicalType) -> object:
    return None if text is None else value_of(text, kind)


def _spoken(
    place: int, name: str, kind: CanonicalType, rows: Sequence[tuple[Any, ...]]
) -> Spoken:
    shape = Schema.of(
        decision=INTEGER, line=INTEGER, asked=BOOLEAN, was=kind, fixed=STRING, value=kind
    )
    return Spoken(
        name, f"cells{place}", Facts.of(shape, rows),
        asks=any(row[2] for row in rows), fixes=any(row[4] for row in rows),
    )  # fmt: skip
