"""Rewriting a view's select so that each row carries the list of its origin rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from backbone.model.names import AssetName
from backbone.model.schemas import DELIVERY, ORIGIN, RECORD, Schema
from backbone.sql.aggregates import is_aggregate, is_grouped, surroundings
from backbone.sql.compilation import CompiledView
from backbone.sql.queries import column, quoted

__all__ = ["ORIGINS", "Rewriting"]

ORIGINS = "_origins"
_TYPE = "STRUCT(asset VARCHAR, _delivery VARCHAR, _object VARCHAR, _record BIGINT)[]"
_WHOLE, _SIDE = "_origins_whole", "_origins_side"
_CLAUSES = ("where", "having", "qualify")


@dataclass(frozen=True)
class Rewriting:
    """The rewriting of one view; `views` are the views to look through, by asset."""

    view: CompiledView
    views: Mapping[AssetName, CompiledView]

    def tree(self) -> exp.Query:
        """Return the view's select with one more column, the list `ORIGINS`."""
        return self._query(self.view.expression.copy())

    def _query(self, node: exp.Query) -> exp.Query:
        for cte in node.ctes:
            cte.set("this", self._query(cte.this))
            cte.set("materialized", False)
        if isinstance(node, exp.Select):
            return self._select(node)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node)
        node.set("this", self._query(node.this))
        return node

    def _select(self, node: exp.Select) -> exp.Query:
        distinct = node.args.get("distinct")
        if distinct is not None and not distinct.args.get("on"):
            bare = node.copy()
            for part in ("with_", "distinct", "order", "limit", "offset"):
                bare.set(part, None)
            return _joined_back(node, [self._select(bare)])
        grouped = is_grouped(node)
        asked = list(_subqueries(node))
        in_rows = [self._asked(q) for q, in_row in asked if in_row or not grouped]
        in_groups = [self._asked(q) for q, in_row in asked if grouped and not in_row]
        found = _together([*self._sources(node), *in_rows])
        if grouped:
            found = _together([_flat(exp.ArrayAgg(this=found)), *in_groups])
        node.append("expressions", exp.alias_(found, ORIGINS, quoted=True))
        return node

    def _set_operation(self, node: exp.SetOperation) -> exp.Query:
        left, right = node.left, node.right
        if isinstance(node, exp.Union) and not node.args.get("distinct"):
            node.set("this", self._query(left))
            node.set("expression", self._query(right))
            return node
        sides = [self._query(left.copy())]
        if not isinstance(node, exp.Except):
            sides.append(self._query(right.copy()))
        return _joined_back(node, sides)

    def _sources(self, node: exp.Select) -> Iterator[exp.Expr]:
        from_ = node.args.get("from_")
        joins = node.args.get("joins") or []
        for item in [*([from_] if from_ is not None else []), *joins]:
            if isinstance(item, exp.Join) and item.is_semi_or_anti_join:
                if item.kind.upper() == "SEMI":
                    yield self._semi(item)
                continue
            found = self._source(item.this)
            if found is not None:
                yield found

    def _semi(self, join: exp.Join) -> exp.Expr:
        inner = exp.select("1").from_(join.this.copy())
        inner.where(join.args["on"].copy(), copy=False)
        return _list_of(self._query(inner))

    def _source(self, node: exp.Expr) -> exp.Expr | None:
        alias = node.alias
        if isinstance(node, exp.Table):
            asset = _asset(node, self.view.schemas)
            if asset is None:
                own = isinstance(node.this, exp.Identifier) and "." not in node.name
                return _or_empty(column(ORIGINS, alias)) if own else None
            if asset in self.views:
                inner = Rewriting(self.views[asset], self.views).tree()
                node.replace(inner.subquery(quoted(alias), copy=False))
                return _or_empty(column(ORIGINS, alias))
            return _row(asset, alias, self.view.schemas[asset])
        if isinstance(node, (exp.Subquery, exp.Lateral)) and isinstance(
            node.this, (exp.Query, exp.Subquery)
        ):
            node.set("this", self._query(node.this))
            return _or_empty(column(ORIGINS, alias))
        return None

    def _asked(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.In):
            inner = self._query(node.args["query"].this.copy())
            asked = node.this.unnest()
            values = asked.expressions if isinstance(asked, exp.Tuple) else [asked]
            equal = [
                exp.EQ(this=column(f"_{place}", _SIDE), expression=value.copy())
                for place, value in enumerate(values, 1)
            ]
            return _list_of(inner, exp.and_(*equal))
        inside: exp.Query = node.this
        return _list_of(self._query(inside.copy()))


def _asset(node: exp.Table, schemas: Mapping[AssetName, Schema]) -> AssetName | None:
    return next((asset for asset in schemas if str(asset) == node.name), None)


def _subqueries(select: exp.Select) -> Iterator[tuple[exp.Expr, bool]]:
    """Yield what asks other rows, and whether it is asked for each row of a group."""
    conditions = [j.args.get("on") for j in select.args.get("joins") or []]
    for part in [*select.selects, *map(select.args.get, _CLAUSES), *conditions]:
        todo = [part] if part is not None else []
        while todo:
            node = todo.pop()
            asks = isinstance(node, (exp.Exists, exp.Subquery)) or (
                isinstance(node, exp.In) and node.args.get("query")
            )
            if not asks:
                todo.extend(node.iter_expressions())
            elif not _is_denied(node):
                yield node, _is_of_rows(node, select)


def _is_denied(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.Not) and not isinstance(node, exp.Subquery)


def _is_of_rows(node: exp.Expr, select: exp.Select) -> bool:
    at: exp.Expr | None = node
    while at is not None and at is not select:
        windowed = isinstance(surroundings(at)[0], exp.Window)
        if isinstance(at, (exp.Where, exp.Join)) or (is_aggregate(at) and not windowed):
            return True
        at = at.parent
    return False


def _joined_back(node: exp.Query, sides: list[exp.Query]) -> exp.Select:
    """Return the rows of `node` with the lists of the equal rows of `sides`."""
    names = node.named_selects
    own = [f"_{place}" for place, _ in enumerate(names, 1)]
    with_ = node.args.get("with_")
    node.set("with_", None)
    result = exp.select(
        *(
            exp.alias_(column(o, _WHOLE), n, quoted=True)
            for o, n in zip(own, names, strict=True)
        )
    ).from_(_aliased(node, _WHOLE, own))
    lists = []
    for place, side in enumerate(sides):
        alias = f"{_SIDE}_{place}"
        grouped = exp.select(
            *(column(name, _SIDE) for name in own),
            exp.alias_(
                _flat(exp.ArrayAgg(this=column(ORIGINS, _SIDE))), ORIGINS, quoted=True
            ),
        ).from_(_aliased(side, _SIDE, [*own, ORIGINS]))
        grouped = grouped.group_by(*(column(name, _SIDE) for name in own))
        equal = [
            exp.NullSafeEQ(this=column(o, _WHOLE), expression=column(o, alias))
            for o in own
        ]
        result = result.join(
            grouped.subquery(alias), on=exp.and_(*equal), join_type="left"
        )
        lists.append(_or_empty(column(ORIGINS, alias)))
    result = result.select(exp.alias_(_together(lists), ORIGINS, quoted=True))
    result.set("with_", with_)
    return result


def _aliased(node: exp.Query, alias: str, names: list[str]) -> exp.Subquery:
    columns = [quoted(name) for name in names]
    table_alias = exp.TableAlias(this=quoted(alias), columns=columns)
    return exp.Subquery(
        this=node.unnest() if not node.args.get("order") else node, alias=table_alias
    )


def _list_of(inner: exp.Query, condition: exp.Expr | None = None) -> exp.Expr:
    names = [f"_{place}" for place, _ in enumerate(inner.named_selects[:-1], 1)]
    found = _flat(exp.ArrayAgg(this=column(ORIGINS, _SIDE)))
    asked = exp.select(found).from_(_aliased(inner, _SIDE, [*names, ORIGINS]))
    return _or_empty(exp.Subquery(this=asked.where(condition) if condition else asked))


def _row(asset: AssetName, alias: str, schema: Schema) -> exp.Expr | None:
    if any(name not in schema for name in ORIGIN.names):
        return None
    fields = [
        exp.PropertyEQ(this=quoted("asset"), expression=exp.Literal.string(str(asset)))
    ]
    fields += [
        exp.PropertyEQ(this=quoted(name), expression=column(name, alias))
        for name in ORIGIN.names
    ]
    one = exp.Array(expressions=[exp.Struct(expressions=fields)])
    missing = exp.and_(
        *(
            exp.Is(this=column(c.name, alias), expression=exp.null())
            for c in (DELIVERY, RECORD)
        )
    )
    return exp.case().when(missing, _empty()).else_(one)


def _empty() -> exp.Expr:
    return exp.cast(
        exp.Array(expressions=[]), exp.DataType.build(_TYPE, dialect="duckdb")
    )


def _or_empty(value: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=value, expressions=[_empty()])


def _flat(value: exp.Expr) -> exp.Expr:
    return exp.Flatten(this=value)


def _together(lists: list[exp.Expr]) -> exp.Expr:
    if len(lists) == 1:
        return _or_empty(lists[0])
    return _flat(exp.Array(expressions=lists)) if lists else _empty()
