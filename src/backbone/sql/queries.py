"""Relational queries as named steps over sqlglot expressions; no engine is known here."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import ErrorLevel, exp

from backbone.sql.copies import copied
from backbone.sql.operations import expanded

__all__ = ["Query", "column", "quoted", "table"]


@dataclass(frozen=True)
class Query:
    """Named steps, each a select, of which the last is the result.

    A step may read the steps before it and the inputs that the engine binds by name.

    >>> from sqlglot import parse_one
    >>> first = Query.of(parse_one("select 1 as a"))
    >>> first.then("b", parse_one("select a from last")).sql()
    'WITH last AS (SELECT 1 AS a) SELECT a FROM last'
    """

    steps: tuple[tuple[str, exp.Query], ...]

    @classmethod
    def of(cls, select: exp.Query, name: str = "last") -> Query:
        """Return the query of one step."""
        return cls(((name, select),))

    def then(self, name: str, select: exp.Query) -> Query:
        """Return the query with one more step, which becomes the result."""
        return Query((*self.steps, (name, select)))

    @property
    def result(self) -> str:
        """The name of the last step."""
        return self.steps[-1][0]

    def expression(self) -> exp.Query:
        """Return one select with the earlier steps as common table expressions."""
        *before, (_, last) = self.steps
        built = copied(last)
        inner = built.args.pop("with_", None)
        with_ = exp.With(
            expressions=[
                *(_cte(name, select) for name, select in before),
                *(inner.expressions if inner else ()),
            ]
        )
        if with_.expressions:
            built.set("with_", with_)
        return built

    def sql(self, dialect: str = "duckdb") -> str:
        """Return the text of the query in `dialect`, its operations written out.

        Hints are for engines that ask how large a relation is; others leave them out.
        """
        steps = tuple((name, expanded(select)) for name, select in self.steps)
        *before, (_, last) = steps
        if last.args.get("with_"):
            return _text(Query(steps).expression(), dialect)
        texts = [f"{_named(n, dialect)} AS ({_text(s, dialect)})" for n, s in before]
        with_ = f"WITH {', '.join(texts)} " if texts else ""
        return with_ + _text(last, dialect)

    def reads(self) -> tuple[str, ...]:
        """Return the names of the tables that are read and are no step of the query."""
        own = {name for name, _ in self.steps}
        found: dict[str, None] = {}
        for _, select in self.steps:
            local = own | {c.alias for c in select.find_all(exp.CTE)}
            for node in select.find_all(exp.Table):
                if node.name and node.name not in local:
                    found[node.name] = None
        return tuple(found)


def _text(select: exp.Query, dialect: str) -> str:
    return copied(select).sql(
        dialect=dialect, unsupported_level=ErrorLevel.IGNORE, copy=False
    )


def _named(name: str, dialect: str) -> str:
    return exp.to_identifier(name, quoted=_needs_quotes(name)).sql(dialect=dialect)


def _cte(name: str, select: exp.Query) -> exp.CTE:
    alias = exp.TableAlias(this=exp.to_identifier(name, quoted=_needs_quotes(name)))
    return exp.CTE(this=copied(select), alias=alias)


def _needs_quotes(name: str) -> bool:
    return not name.isidentifier() or not name.islower()


def quoted(name: str) -> exp.Identifier:
    """Return `name` as a quoted identifier, whatever characters it has."""
    return exp.to_identifier(name, quoted=True)


def column(name: str, of: str | None = None) -> exp.Column:
    """Return a reference to column `name` (of table `of`), quoted."""
    return exp.Column(this=quoted(name), table=quoted(of) if of else None)


def table(name: str, alias: str | None = None) -> exp.Table:
    """Return a reference to relation `name`, quoted (``trusted.flights`` is one name)."""
    node = exp.Table(this=quoted(name))
    if alias is not None:
        node.set("alias", exp.TableAlias(this=quoted(alias)))
    return node
