"""Binding: every name of a view resolved against the schemas of what it reads.

Identifiers mean the same in any case; a bound view spells a column as its schema does.
A star stands for the public columns of a table; columns that begin with an underscore
are read where they are named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.qualify_columns import qualify_columns, quote_identifiers
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.resolver import Resolver
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from backbone.errors import MissingColumn, UnknownAsset, ViewError, nearest
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.sql.queries import Query
from backbone.sql.verbs import with_verbs
from backbone.sql.views import ParsedView, named_assets

__all__ = ["BoundView", "bind"]


@dataclass(frozen=True)
class BoundView:
    """A view whose every column names its table, and whose stars are written out.

    `expression` is never changed. `schemas` are those of the inputs.
    """

    view: ParsedView
    expression: exp.Query
    schemas: Mapping[AssetName, Schema]

    @property
    def inputs(self) -> tuple[AssetName, ...]:
        """The assets that the view reads."""
        return self.view.inputs

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the output columns, in order."""
        return tuple(self.expression.named_selects)

    @property
    def query(self) -> Query:
        """The view as a query over its inputs, by their full names."""
        return Query.of(self.expression.copy(), name=self.view.name)


def bind(view: ParsedView, schemas: Mapping[AssetName, Schema]) -> BoundView:
    """Resolve the names of `view`.

    Parameters
    ----------
    view : what `parse_view` returned
    schemas : the schema of every asset that the view reads (others do no harm)

    Raises
    ------
    UnknownAsset : an input has no schema
    MissingColumn : a column is in none of the tables it could come from
    ViewError : a column could come from several tables; an output column has no name,
        or a name that another has; all with file and line

    Notes
    -----
    About 0.3 s for 300 columns through three steps.
    """
    inputs = {asset: _schema(asset, view, schemas) for asset in view.inputs}
    tree = with_verbs(named_assets(view), view.failure)
    _inline_windows(tree)
    _spell_alike(tree, inputs.values())
    catalog = _catalog(inputs)
    try:
        tree = qualify_tables(tree, dialect="duckdb")
        tree = qualify_columns(
            tree, catalog, allow_partial_qualification=True, dialect="duckdb"
        )
    except SqlglotError as error:
        raise _unresolved(error, view) from error
    tree = quote_identifiers(tree, dialect="duckdb")
    _check_columns(view, tree, catalog)
    _check_widths(view, tree)
    _check_outputs(view, tree)
    return BoundView(view, tree, inputs)


def _schema(
    asset: AssetName, view: ParsedView, schemas: Mapping[AssetName, Schema]
) -> Schema:
    if asset in schemas:
        return schemas[asset]
    for node in view.expression.find_all(exp.Table):
        if f"{node.db}.{node.name}".lower() == str(asset):
            where = view.place(node.this)
            raise UnknownAsset.named(str(asset), [str(s) for s in schemas], where=where)
    raise UnknownAsset.named(str(asset), [str(s) for s in schemas], where=view.file)


def _inline_windows(tree: exp.Query) -> None:
    for select in tree.find_all(exp.Select):
        named = {
            window.name.lower(): window for window in select.args.get("windows") or []
        }
        select.set("windows", None)
        for window in [*named.values(), *select.find_all(exp.Window)]:
            base = named.get(window.alias.lower()) if window.alias else None
            if base is not None:
                window.set("alias", None)
                for part in ("partition_by", "order", "spec"):
                    if not window.args.get(part):
                        window.set(part, _copied(base.args.get(part)))


def _copied(part: exp.Expr | list[exp.Expr] | None) -> exp.Expr | list[exp.Expr] | None:
    if isinstance(part, list):
        return [item.copy() for item in part]
    return part.copy() if part is not None else None


def _spell_alike(tree: exp.Query, schemas: Iterable[Schema]) -> None:
    spelling: dict[str, str] = {}
    for schema in schemas:
        for name in schema.names:
            spelling.setdefault(name.lower(), name)
    for node in tree.find_all(exp.Identifier):
        node.set("this", spelling.setdefault(node.name.lower(), node.name))


def _catalog(inputs: Mapping[AssetName, Schema]) -> MappingSchema:
    spelling: dict[str, str] = {}
    tables: dict[str, object] = {}
    public: dict[str, object] = {}
    for asset, schema in inputs.items():
        names = [spelling.setdefault(n.lower(), n) for n in schema.names]
        types = [c.type.sql for c in schema]
        tables[str(asset)] = dict(zip(names, types, strict=True))
        public[str(asset)] = [n for n in names if not n.startswith("_")]
    return MappingSchema(tables, visible=public, dialect="duckdb", normalize=False)


def _unresolved(error: SqlglotError, view: ParsedView) -> ViewError:
    text = str(error).splitlines()[0].rstrip(".")
    kind, _, name = text.partition(": ")
    if kind == "Alias already used":
        what, hint = (
            f"two tables of one select are called `{name}`",
            "Give each an alias.",
        )
    elif kind == "Unknown table":
        what, hint = f"no table of the select is called `{name}`", None
    elif kind == "Cannot automatically join":
        what, hint = f"`using ({name})`: not both tables have this column", None
    else:
        what, hint = f"the view cannot be resolved: {text}", None
    named = [n for n in view.expression.find_all(exp.Identifier) if n.name == name]
    at = named[-1] if named else None
    return ViewError(what, where=view.place(at), hint=hint)


def _check_columns(view: ParsedView, tree: exp.Query, catalog: MappingSchema) -> None:
    for scope in traverse_scope(tree):
        resolver = Resolver(scope, catalog)
        for node in scope.columns:
            if node.table:
                _check_qualified(view, scope, resolver, node)
        query = scope.expression
        if isinstance(query, (exp.Select, exp.SetOperation)):
            own = query.named_selects if isinstance(query, exp.SetOperation) else ()
            for node in scope.unqualified_columns:
                if node.name not in own:
                    raise _unknown_column(view, scope, resolver, node)
    for whole in tree.find_all(exp.TableColumn):
        what = f"`{whole.name}` is a table, not a column"
        raise ViewError(what, where=view.place(whole), hint="Name one of its columns.")


def _check_qualified(
    view: ParsedView, scope: Scope, resolver: Resolver, node: exp.Column
) -> None:
    if node.table not in scope.sources:
        if scope.parent is None or not scope.can_be_correlated:
            what = f"no table of the select is called `{node.table}`"
            hint = nearest(node.table, list(scope.sources))
            raise ViewError(what, where=view.place(node), hint=hint)
        return
    try:
        known = list(resolver.get_source_columns(node.table))
    except OptimizeError:
        known = []
    if known and "*" not in known and node.name not in known:
        raise _missing(view, node, known)


def _unknown_column(
    view: ParsedView, scope: Scope, resolver: Resolver, node: exp.Column
) -> ViewError | MissingColumn:
    columns = {name: resolver.get_source_columns(name) for name in scope.selected_sources}
    owners = [name for name, known in columns.items() if node.name in known]
    if len(owners) > 1:
        what = (
            f"`{node.name}` could be a column of {' or '.join(f'`{o}`' for o in owners)}"
        )
        hint = f"Write `{owners[0]}.{node.name}`."
        return ViewError(what, where=view.place(node), hint=hint)
    if isinstance(scope.expression, exp.SetOperation):
        columns = {"": scope.expression.named_selects}
    known = [name for names in columns.values() for name in names]
    if node.name in scope.sources:
        what = f"`{node.name}` is a table, not a column"
        return ViewError(what, where=view.place(node), hint="Name one of its columns.")
    return _missing(view, node, known)


def _missing(view: ParsedView, node: exp.Column, known: list[str]) -> MissingColumn:
    ours = node.name.startswith("_")
    told = [name for name in known if ours or not name.startswith("_")]
    return MissingColumn.named(node.name, told, where=view.place(node))


def _check_widths(view: ParsedView, tree: exp.Query) -> None:
    for both in tree.find_all(exp.SetOperation):
        left, right = len(both.left.named_selects), len(both.right.named_selects)
        if left != right:
            kind = both.key.upper()
            what = f"the sides of the {kind} have {left} and {right} columns"
            hint = "Name the same columns on both sides, in the same order."
            raise ViewError(what, where=view.place(both.right), hint=hint)


def _check_outputs(view: ParsedView, tree: exp.Query) -> None:
    for position, select in enumerate(tree.selects, 1):
        name = select.alias_or_name
        if select.is_star or select.find(exp.Columns):
            what = f"output column {position} stands for columns that cannot be told"
            hint = "Name the columns."
            raise ViewError(what, where=view.place(select), hint=hint)
        if not name or name.startswith("_col_"):
            what = f"output column {position} has no name"
            hint = f"Write `{_short(select)} as <name>`."
            raise ViewError(what, where=view.place(select), hint=hint)
        if name.startswith("_"):
            what = (
                f"output column `{name}`: names with an underscore first are Backbone's"
            )
            hint = f"Write `{name} as {name.strip('_') or '<name>'}`."
            raise ViewError(what, where=view.place(select), hint=hint)
    counts = Counter(name.lower() for name in tree.named_selects)
    twice = [s for s in tree.selects if counts[s.alias_or_name.lower()] > 1]
    if twice:
        what = f"{len(twice)} output columns are called `{twice[0].alias_or_name}`"
        hint = "Give them different names with `as`, or leave one out with `exclude`."
        raise ViewError(what, where=view.place(twice[-1]), hint=hint)


def _short(select: exp.Expr, length: int = 40) -> str:
    text = select.unalias().sql(dialect="duckdb").replace('"', "")
    return text if len(text) <= length else text[: length - 1] + "…"
