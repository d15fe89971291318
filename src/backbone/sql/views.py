"""Views: one select over assets, read from a file; nothing of the lake is needed here.

A view is written in the DuckDB dialect and names its inputs ``zone.table``. `parse_view`
checks all that can be seen in the text alone, and `order_views` puts views that read each
other in working order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, zip_longest

from sqlglot import exp, parse, tokenize
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from backbone.errors import UnknownAsset, ViewError, nearest
from backbone.model.names import ZONES, AssetName
from backbone.sql.queries import quoted

__all__ = ["ParsedView", "named_assets", "order_views", "parse_view"]

_BEGINS = {"select", "with", "from", "("}
_EXAMPLE = "Write one select, for example: select * from trusted.flights"
_NO_FILES = "Bring the data in through a source and read it as `formatted.<table>`."
_TABLE_FUNCTIONS = (exp.GenerateSeries, exp.Unnest)
_ALSO_SPELT: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.GroupConcat: ("STRING_AGG", "LISTAGG"),
}
_OUTSIDE = ("with_", "order", "limit", "offset")


@dataclass(frozen=True)
class ParsedView:
    """A view as its author wrote it.

    `expression` is the parsed text and is never changed; `inputs` are the assets that it
    names, each once, in order of appearance (common table expressions are none). It keeps
    to the subset of SQL that every engine has the same, unless it is not `portable`.
    """

    name: str
    file: str
    text: str
    expression: exp.Query
    inputs: tuple[AssetName, ...]
    portable: bool = True

    @property
    def asset(self) -> AssetName:
        """The table that the view makes."""
        return AssetName("exploitation", self.name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of all columns that are written in it, each once, sorted."""
        found = self.expression.find_all(exp.Column)
        return tuple(sorted({node.name for node in found if node.name != "*"}))

    def place(self, node: exp.Expr | None = None, keyword: str | None = None) -> str:
        """Return ``file:line`` of `node`, or of `keyword` where the node has no line."""
        return f"{self.file}:{self.line(node, keyword)}"

    def line(self, node: exp.Expr | None = None, keyword: str | None = None) -> int:
        """Return the line of `node` in the file (1 if nothing tells)."""
        at = node.meta.get("line") if node is not None else None
        if at is None and keyword is not None:
            at = self._keywords.get(keyword.upper())
        while at is None and node is not None:
            lines = [n.meta["line"] for n in node.walk() if "line" in n.meta]
            at, node = min(lines, default=None), node.parent
        return int(at) if at is not None else 1

    def failure(self, node: exp.Expr, why: str, hint: str | None = None) -> ViewError:
        """Return the error that says why `node` cannot be, as written and where."""
        what = f"`{self.written(node)}` {why}"
        return ViewError(what, where=self.place(node, node.key), hint=hint)

    def written(self, node: exp.Expr, length: int = 60) -> str:
        """Return `node` as its author wrote it, as far as that can be told, in short."""
        if isinstance(node, exp.Func):
            at = node.meta.get("start")
            spelt = [self.text[at : node.meta["end"] + 1]] if at is not None else []
            for name in (*spelt, *node.sql_names(), *_ALSO_SPELT.get(type(node), ())):
                if name.upper() in self._words:
                    return self._words[name.upper()]
        sql = node.sql(dialect="duckdb").strip()
        return sql if len(sql) <= length else sql[: length - 1] + "…"

    @cached_property
    def _words(self) -> dict[str, str]:
        words: dict[str, str] = {}
        tokens = tokenize(self.text, dialect="duckdb")
        for token, after in zip_longest(tokens, tokens[1:]):
            call = after is not None and after.token_type == TokenType.L_PAREN
            words.setdefault(token.text.upper(), token.text + ("(…)" if call else ""))
        return words

    @cached_property
    def _keywords(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for token in tokenize(self.text, dialect="duckdb"):
            found.setdefault(token.text.upper(), token.line)
        return found


def parse_view(
    text: str, *, name: str, file: str, noun: str = "view", portable: bool = True
) -> ParsedView:
    """Read the text of a view.

    Parameters
    ----------
    text : the SQL of the view, one select with or without a semicolon
    name : the view's table name, without its zone
    file : what errors call the file
    noun : what errors call the text
    portable : whether it has to mean the same on every engine; so does every view whose
        declaration does not say ``engine: duckdb``

    Raises
    ------
    ViewError : the text does not parse, is not one select, or reads something that is
        no asset; with file and line

    Examples
    --------
    >>> view = parse_view("select a from trusted.t", name="v", file="v.sql")
    >>> [str(asset) for asset in view.inputs]
    ['trusted.t']
    """
    _one_select(text, file, noun)
    try:
        trees = [tree for tree in parse(text, dialect="duckdb") if tree is not None]
    except ParseError as error:
        raise _does_not_parse(error, file, noun) from error
    tree = trees[0]
    while isinstance(tree, exp.Subquery) and not any(map(tree.args.get, _OUTSIDE)):
        tree = tree.this
    if not isinstance(tree, (exp.Select, exp.SetOperation)):
        what = f"a {noun} is one select; this is {tree.key.upper()}"
        raise ViewError(what, where=f"{file}:1")
    view = ParsedView(name, file, text, tree, ())
    for node in tree.find_all(exp.DML, exp.DDL, exp.Command):
        what = f"a {noun} only reads; this has {node.key.upper()}"
        raise ViewError(what, where=view.place(node, node.key))
    return ParsedView(name, file, text, tree, tuple(_inputs(view)), portable)


def order_views(views: Iterable[ParsedView]) -> list[ParsedView]:
    """Return `views` so that each comes after those that it reads.

    Otherwise the order is that of their names, whatever order they came in.

    Raises
    ------
    ViewError : views read each other in a circle; names the circle and its files
    """
    by_asset = {view.asset: view for view in sorted(views, key=lambda v: v.name)}
    done: dict[AssetName, ParsedView] = {}
    for view in by_asset.values():
        _visit(view, by_asset, done, ())
    return list(done.values())


def _visit(
    view: ParsedView,
    known: Mapping[AssetName, ParsedView],
    done: dict[AssetName, ParsedView],
    path: tuple[ParsedView, ...],
) -> None:
    if view.asset in done:
        return
    if view in path:
        raise _circle([*path[path.index(view) :], view])
    for name in view.inputs:
        if name.main in known:
            _visit(known[name.main], known, done, (*path, view))
    done[view.asset] = view


def _circle(views: Sequence[ParsedView]) -> ViewError:
    names = " → ".join(view.name for view in views)
    files = ", ".join(dict.fromkeys(view.file for view in views))
    what = f"views read each other in a circle: {names}"
    hint = "One of them has to read a table of the trusted zone instead."
    return ViewError(what, where=files, hint=hint)


def _one_select(text: str, file: str, noun: str) -> None:
    tokens = _tokens(text, file, noun)
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise ViewError(f"the {noun} is empty", where=f"{file}:1", hint=_EXAMPLE)
    for token, following in pairwise(tokens):
        if token.token_type == TokenType.SEMICOLON:
            hint = f"A {noun} is one select: use `with … as (…)` for steps."
            where = f"{file}:{following.line}"
            raise ViewError(f"the {noun} has several statements", where=where, hint=hint)
    if tokens[0].text.lower() not in _BEGINS:
        what = f"a {noun} is one select; this begins with `{tokens[0].text}`"
        raise ViewError(what, where=f"{file}:{tokens[0].line}", hint=_EXAMPLE)


def _tokens(text: str, file: str, noun: str) -> list[Token]:
    try:
        return list(tokenize(text, dialect="duckdb"))
    except TokenError as error:
        cause = str(error.__cause__ or error)
        quote = cause.removeprefix("Missing ").split(" ")[0]
        opened = f"`{quote}` is never closed" if cause.startswith("Missing ") else cause
        what = f"the {noun} does not parse: {opened}"
        raise ViewError(what, where=f"{file}:{_opened_at(text)}") from error


def _opened_at(text: str) -> int:
    """Return the line from which on `text` cannot be split into words any more."""
    lines = text.splitlines(keepends=True)
    for count in range(len(lines) - 1, 0, -1):
        with suppress(TokenError):
            tokenize("".join(lines[:count]), dialect="duckdb")
            return count + 1
    return 1


def _does_not_parse(error: ParseError, file: str, noun: str) -> ViewError:
    first = error.errors[0] if error.errors else {}
    near = (first.get("highlight") or "").strip()
    description = str(first.get("description") or error).rstrip(".")
    what = f"the {noun} does not parse: {description}" + (f" at `{near}`" if near else "")
    return ViewError(what, where=f"{file}:{first.get('line') or 1}")


def _inputs(view: ParsedView) -> list[AssetName]:
    steps = {cte.alias.lower() for cte in view.expression.find_all(exp.CTE)}
    found: dict[AssetName, int] = {}
    for node in view.expression.find_all(exp.Table):
        if not isinstance(node.this, exp.Identifier):
            _table_function(view, node)
        elif node.db or node.name.lower() not in steps:
            start = int(node.this.meta.get("start", 0))
            asset = _asset(view, node)
            found[asset] = min(start, found.get(asset, start))
    return sorted(found, key=found.__getitem__)


def _table_function(view: ParsedView, node: exp.Table) -> None:
    if isinstance(node.this, _TABLE_FUNCTIONS):
        return
    what = f"a view reads assets, not `{view.written(node.this)}`"
    raise ViewError(what, where=view.place(node.this), hint=_NO_FILES)


def _asset(view: ParsedView, node: exp.Table) -> AssetName:
    where = view.place(node.this)
    written = ".".join(part.name for part in node.parts)
    if node.catalog or not node.db:
        hint = "A table is named `zone.table`; the zones are " + ", ".join(ZONES)
        hint = hint if node.db else _without_zone(node.name)
        raise ViewError(f"`{written}` names no asset", where=where, hint=hint)
    if node.db.lower() == "landing":
        hint = f"Read `formatted.{node.name}`, which is made of it."
        what = f"`{written}` holds raw bytes, not rows"
        raise ViewError(what, where=where, hint=hint)
    try:
        return AssetName.parse(written.lower())
    except UnknownAsset as error:
        unknown = node.db.lower() not in ZONES
        spelling = "A table's name has lower-case letters, digits, single underscores."
        instead = nearest(node.db.lower(), ZONES) if unknown else spelling
        raise ViewError(
            f"`{written}` names no asset", where=where, hint=instead
        ) from error


def _without_zone(name: str) -> str:
    before, dot, _ = name.partition(".")
    if not dot:
        return f"Write its zone, for example `trusted.{name}`."
    return f"Write `{name}` without the quotes." if before in ZONES else _NO_FILES


def named_assets(view: ParsedView) -> exp.Query:
    """Return a copy of the view's tree whose assets are single quoted names.

    ``trusted.flights`` becomes ``"trusted.flights" AS flights``, the name that engines
    bind; a column written ``trusted.flights.dest`` becomes ``flights.dest``.
    """
    tree = view.expression.copy()
    for node in list(tree.find_all(exp.Table)):
        if node.db:
            alias = node.alias or node.name
            node.set("this", _joined(node))
            node.set("db", None)
            if not node.args.get("alias"):
                node.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    for col in tree.find_all(exp.Column):
        if col.args.get("db") and not col.args.get("catalog"):
            col.set("db", None)
    return tree


def _joined(node: exp.Table) -> exp.Identifier:
    name = quoted(f"{node.db}.{node.name}".lower())
    name.meta.update(node.this.meta)
    return name
