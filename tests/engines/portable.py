"""The examples of the portable subset, run on an engine in a few queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
from sqlglot import exp

from backbone.engines.protocol import Session
from backbone.sql.compilation import compile_view
from backbone.sql.portable import Row, all_rows
from backbone.sql.queries import Query, column, quoted, table
from backbone.sql.views import parse_view

__all__ = ["Case", "answers", "cases", "same"]

SELECTS = ("select", "with")


@dataclass(frozen=True)
class Case:
    """An example of a row; `number` is its place among all."""

    number: int
    row: Row
    sql: str
    expected: str

    @property
    def is_select(self) -> bool:
        return self.sql.startswith(SELECTS)

    def tree(self) -> exp.Query:
        text = self.sql if self.is_select else f"select {self.sql} as x"
        return compile_view(parse_view(text, name="v", file="v.sql"), {}).query.steps[0][
            1
        ]


def cases() -> list[Case]:
    told = [(row, *example) for row in all_rows() for example in row.examples]
    return [Case(number, *each) for number, each in enumerate(told)]


def answers(session: Session, asked: Sequence[Case]) -> dict[int, str]:
    """Return what the examples give, by number: rows as text, or the error."""
    single = [case for case in asked if not case.is_select]
    found = dict(_halved(session, single, _in_one_select))
    by_types: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in asked:
        if case.is_select:
            schema = session.describe(Query.of(case.tree()), {})
            by_types[tuple(str(c.type) for c in schema)].append(case)
    for alike in by_types.values():
        found |= _halved(session, alike, _in_one_union)
    return found


Ask = Callable[[Session, Sequence[Case]], Mapping[int, str]]


def _halved(session: Session, asked: Sequence[Case], ask: Ask) -> Mapping[int, str]:
    """Ask for all at once; if that fails, for each half, down to the one that fails."""
    try:
        return ask(session, asked) if asked else {}
    except Exception as error:  # noqa: BLE001 - told as the answer
        if len(asked) == 1:
            return {asked[0].number: f"{type(error).__name__}: {error}"}
        half = len(asked) // 2
        return {
            **_halved(session, asked[:half], ask),
            **_halved(session, asked[half:], ask),
        }


def _in_one_select(session: Session, asked: Sequence[Case]) -> Mapping[int, str]:
    values = [
        exp.alias_(case.tree().selects[0].unalias().copy(), f"x{case.number}")
        for case in asked
    ]
    found = session.fetch(Query.of(exp.select(*values)), {})
    return {case.number: _rows(found.select([i])) for i, case in enumerate(asked)}


def _in_one_union(session: Session, asked: Sequence[Case]) -> Mapping[int, str]:
    query, parts = None, []
    for case in asked:
        tree, name = case.tree(), f"step_{case.number}"
        query = query.then(name, tree) if query else Query.of(tree, name)
        names = [
            exp.alias_(column(each), quoted(f"c{i}"))
            for i, each in enumerate(tree.named_selects)
        ]
        number = exp.alias_(exp.Literal.number(case.number), "example")
        parts.append(exp.select(number, *names).from_(table(name)))
    whole = parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False)
    found = session.fetch(query.then("all_of_them", whole), {})
    numbers = found.column("example").to_pylist()
    return {
        case.number: _rows(
            found.filter(pa.array([n == case.number for n in numbers])).drop(["example"])
        )
        for case in asked
    }


def _rows(found: pa.Table) -> str:
    return _sorted(", ".join(map(shown, row.values())) for row in found.to_pylist())


def _sorted(rows: Iterable[str]) -> str:
    return " | ".join(sorted(rows))


def shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}'"
        case dt.datetime():
            wall = value.replace(tzinfo=None).isoformat(" ")
            return wall + ("Z" if value.tzinfo else "")
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)


def same(case: Case, found: str) -> bool:
    expected = _sorted(case.expected.split(" | "))
    if not case.row.approximate or found == expected:
        return found == expected
    return abs(float(found) - float(expected)) <= 1e-12 * abs(float(expected))
