"""What differs between two versions of a table: rows that came, went and changed.

Rows that both versions hold, value for value, cancel out; of what is left, a row that
went and one that came with the same key are one row that changed. Without a key rows
come and go. Rows of one key that is there several times are paired in the order of their
values, so the answer is always the same.

They are asked of DuckDB, as everything that only looks. Columns are known by their
places: ``o0`` and ``n0`` are the first one before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from backbone.model.schemas import Column, Schema
from backbone.sql.queries import Query, column, table

__all__ = ["AFTER", "BEFORE", "CHANGES", "Compared", "compared"]

BEFORE, AFTER = "before", "after"
CHANGES = "changes"
_KINDS = ("added", "removed", "changed")


@dataclass(frozen=True)
class Compared:
    """The columns by which two versions are compared.

    `key` are those that name a row, all of them in `columns`; `added`, `removed` and
    `retyped` (before, after) are the columns that cannot be compared.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    added: tuple[Column, ...] = ()
    removed: tuple[Column, ...] = ()
    retyped: tuple[tuple[Column, Column], ...] = ()

    @property
    def keys(self) -> list[int]:
        """The places of the key's columns."""
        return [self.names.index(name) for name in self.key]

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [one.name for one in self.columns]

    @property
    def rest(self) -> list[int]:
        """The places of the columns that are not of the key."""
        keys = set(self.keys)
        return [place for place in range(len(self.columns)) if place not in keys]

    def changes(self) -> Query:
        """Return what changed, of `BEFORE` and `AFTER`: ``kind, o0, n0, o1, n1 …``.

        `kind` is ``added``, ``removed`` or ``changed``; what there was not is null.

        Notes
        -----
        One grouping of the rows of both, then a sort and a join of those that differ.
        """
        places = range(len(self.columns))
        query = Query.of(self._both(), "both").then("net", self._net())
        query = query.then("odd", self._odd()).then("numbered", self._numbered())
        if self.key:
            return query.then("paired", self._paired())
        kind = exp.If(this=column("came"), true=_text("added"), false=_text("removed"))
        found = exp.select(exp.alias_(kind, "kind"))
        for place in places:
            value = column(f"c{place}")
            old = exp.If(this=column("came"), true=exp.null(), false=value)
            new = exp.If(this=column("came"), true=value.copy(), false=exp.null())
            found = found.select(_as(old, f"o{place}"), _as(new, f"n{place}"))
        return query.then("paired", found.from_(table("numbered")))

    def totals(self) -> Query:
        """Return one row of `CHANGES`: how many of each kind, and by column ``c0`` …."""
        counts = [_as(_count(_is(kind)), kind) for kind in _KINDS]
        by_column = [
            _as(_count(exp.and_(_is("changed"), _differs(place))), f"c{place}")
            for place in self.rest
        ]
        return Query.of(exp.select(*counts, *by_column).from_(table(CHANGES)))

    def sample(self, kind: str) -> Query:
        """Return the changes of one kind in order: by key, or by all that they hold."""
        side = "o" if kind == "removed" else "n"
        order = [column(f"{side}{p}") for p in (*self.keys, *self.rest)]
        rows = exp.select("*").from_(table(CHANGES)).where(_is(kind))
        return Query.of(rows.order_by(*order))

    def _both(self) -> exp.Query:
        def side(name: str, *, came: int) -> exp.Select:
            cells = [_as(column(one), f"c{p}") for p, one in enumerate(self.names)]
            sign = _as(exp.Literal.number(1 if came else -1), "n")
            return exp.select(*cells, sign).from_(table(name))

        return exp.union(side(BEFORE, came=0), side(AFTER, came=1), distinct=False)

    def _net(self) -> exp.Query:
        cells = self._cells()
        total = exp.cast(exp.Sum(this=column("n")), "bigint")
        grouped = exp.select(*cells, _as(total, "n")).from_(table("both"))
        nothing = exp.NEQ(this=exp.Sum(this=column("n")), expression=_number(0))
        return grouped.group_by(*(one.copy() for one in cells)).having(nothing)

    def _odd(self) -> exp.Query:
        times = exp.Anonymous(this="range", expressions=[exp.Abs(this=column("n"))])
        copies = exp.Anonymous(this="unnest", expressions=[times])
        came = exp.GT(this=column("n"), expression=_number(0))
        cells = self._cells()
        return exp.select(*cells, _as(came, "came"), _as(copies, "copy")).from_(
            table("net")
        )

    def _numbered(self) -> exp.Query:
        if not self.key:
            return exp.select("*").from_(table("odd"))
        by = [column("came"), *(column(f"c{p}") for p in self.keys)]
        order = [column(f"c{p}") for p in self.rest]
        place = exp.Window(
            this=exp.RowNumber(),
            partition_by=by,
            order=exp.Order(expressions=[*order, column("copy")]),
        )
        return exp.select("*", _as(place, "place")).from_(table("odd"))

    def _paired(self) -> exp.Query:
        same = [_same(column(f"c{p}", "o"), column(f"c{p}", "n")) for p in self.keys]
        same.append(_same(column("place", "o"), column("place", "n")))
        kind = (
            exp.Case()
            .when(_none("o"), _text("added"))
            .when(_none("n"), _text("removed"))
            .else_(_text("changed"))
        )
        found = exp.select(_as(kind, "kind"))
        for place in range(len(self.columns)):
            for side in ("o", "n"):
                cell = _as(column(f"c{place}", side), f"{side}{place}")
                found = found.select(cell)
        gone = exp.select("*").from_(table("numbered")).where(exp.not_(column("came")))
        come = exp.select("*").from_(table("numbered")).where(column("came"))
        return found.from_(gone.subquery("o")).join(
            come.subquery("n"), on=exp.and_(*same), join_type="full"
        )

    def _cells(self) -> list[exp.Column]:
        return [column(f"c{place}") for place in range(len(self.columns))]


def compared(before: Schema, after: Schema, key: Sequence[str]) -> Compared:
    """Return by which columns two versions can be compared.

    Columns of ours are compared only where they are of the key. A key that one of the
    versions lacks, or has with another type, is none.
    """
    both = [c for c in after if c.name in before and before[c.name].type == c.type]
    names = {one.name for one in both}
    usable = tuple(key) if names.issuperset(key) else ()
    kept = [one for one in both if one.is_public or one.name in usable]
    return Compared(
        columns=tuple(kept),
        key=usable,
        added=tuple(c for c in after.public if c.name not in before),
        removed=tuple(c for c in before.public if c.name not in after),
        retyped=tuple(
            (before[c.name], c)
            for c in after.public
            if c.name in before and before[c.name].type != c.type
        ),
    )


def _as(value: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(value, name, quoted=True)


def _is(kind: str) -> exp.Expr:
    return exp.EQ(this=column("kind"), expression=_text(kind))


def _differs(place: int) -> exp.Expr:
    return exp.NullSafeNEQ(this=column(f"o{place}"), expression=column(f"n{place}"))


def _same(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.NullSafeEQ(this=left, expression=right)


def _none(side: str) -> exp.Expr:
    return exp.Is(this=column("place", side), expression=exp.null())


def _count(condition: exp.Expr) -> exp.Expr:
    return exp.Count(
        this=exp.If(this=condition, true=_number(1), false=exp.null()), big_int=True
    )


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)
