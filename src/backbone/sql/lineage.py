"""Column lineage: which columns of which assets an output column comes from.

Found by walking the selects of a bound view from the inside out, each once. A *value*
source is computed with; a source of another kind decides which rows there are: the
columns of ``where``, ``having``, ``qualify`` and ``order by … limit`` (filter), of join
conditions (join), of ``group by`` and ``distinct`` (group). A window's ``partition by``
and ``order by`` (window) and an aggregate's own ``filter`` decide one column only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope, walk_in_scope

from backbone.model.names import AssetName
from backbone.sql.aggregates import is_aggregate
from backbone.sql.binding import BoundView

__all__ = ["ColumnLineage", "LineageKind", "Source", "column_lineage"]

LineageKind = Literal["value", "filter", "join", "group", "window"]
"""How a column takes part."""


@dataclass(frozen=True, order=True)
class Source:
    """A column of an asset, and how it takes part."""

    asset: AssetName
    column: str
    kind: LineageKind = "value"


@dataclass(frozen=True)
class ColumnLineage:
    """Where a view's columns come from.

    `values` has every output column with the sources of its value, sorted; `rows` are
    the sources that decide which rows there are, for all columns alike.
    """

    values: Mapping[str, tuple[Source, ...]]
    rows: tuple[Source, ...]

    def of(self, column: str) -> tuple[Source, ...]:
        """Return all sources of an output column, of its value and of its rows."""
        return (*self.values[column], *self.rows)


def column_lineage(view: BoundView) -> ColumnLineage:
    """Return the column lineage of a bound view.

    Notes
    -----
    Every select is walked once: time grows with the text of the bound view.
    """
    assets = {str(asset): asset for asset in view.inputs}
    traced: dict[int, _Traced] = {}
    for scope in traverse_scope(view.expression):
        traced[id(scope.expression)] = _Walk(scope, assets, traced).trace()
    last = traced[id(view.expression)]
    values = {name: tuple(sorted(found)) for name, found in last.outputs}
    return ColumnLineage(values, tuple(sorted(last.rows)))


@dataclass(frozen=True)
class _Traced:
    outputs: list[tuple[str, frozenset[Source]]]
    rows: frozenset[Source]

    def output(self, name: str) -> frozenset[Source]:
        return next((found for own, found in self.outputs if own == name), frozenset())

    def everything(self) -> frozenset[Source]:
        return self.rows.union(*(found for _, found in self.outputs))


@dataclass(frozen=True)
class _Walk:
    """The walk through one select, after those inside it."""

    scope: Scope
    assets: Mapping[str, AssetName]
    traced: Mapping[int, _Traced]

    def trace(self) -> _Traced:
        node = self.scope.expression
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node)
        if isinstance(node, exp.Select):
            return self._select(node)
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            return self.traced[id(node.this.unnest())]
        found = self._sources(node, "value")
        aliases = node.alias_column_names if isinstance(node, exp.UDTF) else []
        return _Traced([(name, found) for name in aliases], frozenset())

    def _select(self, node: exp.Select) -> _Traced:
        outputs = [(s.alias_or_name, self._sources(s, "value")) for s in node.selects]
        rows = frozenset[Source]().union(
            *(self._within(source) for _, source in self.scope.selected_sources.values()),
            *(
                self._sources(j.args.get("on"), "join")
                for j in node.args.get("joins") or []
            ),
            *(
                self._sources(node.args.get(k), "filter")
                for k in ("where", "having", "qualify")
            ),
            self._grouping(node),
        )
        if node.args.get("limit") or _keeps_one(node):
            rows |= self._sources(node.args.get("order"), "filter")
        return _Traced(outputs, rows)

    def _within(self, source: exp.Expr | Scope) -> frozenset[Source]:
        if isinstance(source, Scope):
            return self.traced[id(source.expression)].rows
        return frozenset()

    def _grouping(self, node: exp.Select) -> frozenset[Source]:
        group, distinct = node.args.get("group"), node.args.get("distinct")
        found = self._sources(group, "group")
        if group is not None and group.args.get("all"):
            keys = [
                s for s in node.selects if not any(map(is_aggregate, walk_in_scope(s)))
            ]
            found = found.union(*(self._sources(key, "group") for key in keys))
        if distinct is not None:
            of = [distinct.args["on"]] if distinct.args.get("on") else node.selects
            found = found.union(*(self._sources(key, "group") for key in of))
        return found

    def _set_operation(self, node: exp.SetOperation) -> _Traced:
        left, right = (
            self.traced.get(id(side.unnest()), _Traced([], frozenset()))
            for side in (node.left, node.right)
        )
        rows = left.rows | right.rows
        if isinstance(node, exp.Union):
            pairs = zip(left.outputs, right.outputs, strict=False)
            outputs = [(name, mine | theirs) for (name, mine), (_, theirs) in pairs]
        else:
            outputs = left.outputs
            rows |= _as(right.everything(), "filter")
        if node.args.get("distinct"):
            rows = rows.union(*(_as(found, "group") for _, found in outputs))
        if node.args.get("limit"):
            names = {column.name for column in node.args["order"].find_all(exp.Column)}
            deciding = [_as(found, "filter") for name, found in outputs if name in names]
            rows = rows.union(*deciding)
        return _Traced(outputs, rows)

    def _sources(self, node: exp.Expr | None, kind: LineageKind) -> frozenset[Source]:
        found: set[Source] = set()
        todo: list[tuple[exp.Expr | None, LineageKind]] = [(node, kind)]
        while todo:
            at, how = todo.pop()
            if at is None:
                continue
            if isinstance(at, exp.Column):
                found |= _as(self._column(at), how)
            elif isinstance(at, exp.Query):
                inner = self.traced.get(id(at.unnest()))
                found |= _as(inner.everything(), how) if inner else set()
            else:
                todo += [(child, _kind(child, how)) for child in at.iter_expressions()]
        return frozenset(found)

    def _column(self, node: exp.Column) -> frozenset[Source]:
        if not node.table:
            own = self.scope.expression
            items = own.selects if isinstance(own, exp.Select) else []
            named = [item for item in items if item.alias == node.name]
            return self._sources(named[0], "value") if named else frozenset()
        at: Scope | None = self.scope
        while at is not None and node.table not in at.sources:
            at = at.parent
        source = at.sources[node.table] if at is not None else None
        if isinstance(source, Scope):
            inner = self.traced.get(id(source.expression))
            return inner.output(node.name) if inner else frozenset()
        if isinstance(source, exp.Table):
            asset = self.assets.get(source.name)
            if asset is not None:
                return frozenset({Source(asset, node.name)})
            return self._sources(source.this, "value")
        return frozenset()


def _keeps_one(node: exp.Select) -> bool:
    distinct = node.args.get("distinct")
    return distinct is not None and bool(distinct.args.get("on"))


def _kind(child: exp.Expr, how: LineageKind) -> LineageKind:
    parent = child.parent
    if how != "value" or parent is None:
        return how
    if isinstance(parent, exp.Window) and child.arg_key in {"partition_by", "order"}:
        return "window"
    if isinstance(parent, exp.Filter) and child.arg_key == "expression":
        return "filter"
    return how


def _as(found: Iterable[Source], kind: LineageKind) -> frozenset[Source]:
    if kind == "value":
        return frozenset(found)
    return frozenset(Source(source.asset, source.column, kind) for source in found)
