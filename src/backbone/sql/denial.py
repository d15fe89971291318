"""The text of rules: ``t1.zip = t2.zip and t1.city <> t2.city`` becomes a constraint.

The text is read by sqlglot in the DuckDB dialect, and every node of the tree must be on
the allow-list of `denial_functions`. Negations are pushed down to the predicates, so that
"a predicate on a null is false" needs no third truth value.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from backbone.errors import UnknownAsset
from backbone.model.constraints import DenialConstraint, Predicate, Reference, Sequence
from backbone.model.names import AssetName
from backbone.sql.denial_imports import imported
from backbone.sql.denial_reading import REFERENCE_EXAMPLE, Reading
from backbone.sql.denial_terms import column_node

__all__ = ["conditions", "parse", "render"]


def parse(name: str, text: str, *, sequence: Sequence | None = None) -> DenialConstraint:
    """Read the text of the rule `name`.

    Parameters
    ----------
    name : str
        How the rule is called in errors and reports.
    text : str
        Predicates joined by ``and``. Columns without a row, or of ``t1`` alone, speak of
        one row; ``t1`` and ``t2`` of two different rows of the table;
        ``not exists stations.id = station_id`` of a row of another table. Or the same in
        the words of another tool (`denial_imports`).
    sequence : Sequence, optional
        In which order `text` speaks of a row (columns without a row) and of its
        neighbours, ``previous`` and ``next``, of one of them at least.

    Returns
    -------
    DenialConstraint
        Its cross-row predicates have ``t1`` on the left; a constant stands on the right.

    Raises
    ------
    RuleSyntaxError : with the position and what would have worked

    Examples
    --------
    >>> rule = parse("fd", "t1.zip = t2.zip and t1.city <> t2.city")
    >>> [predicate.op for predicate in rule.predicates], rule.is_pair
    (['=', '<>'], True)
    """
    said = imported(name, text)
    reading = Reading(name, said, neighbours=sequence is not None)
    tokens = reading.tokens()
    if [token.token_type for token in tokens[:2]] == [TokenType.NOT, TokenType.EXISTS]:
        if sequence is not None:
            reading.fail_at(1, "a row of another table is nobody's neighbour")
        return _reference(reading, tokens)
    tree = reading.tree(said)
    reading.qualify(tree)
    leaves = reading.leaves(tree)
    found = tuple(dict.fromkeys(reading.predicate(leaf) for leaf in leaves))
    constraint = DenialConstraint(name, text, found, sequence=sequence)
    if sequence is not None and not constraint.neighbours:
        hint = "Compare with a neighbour: `value < previous.value`; or leave `sequence`."
        reading.fail(tree, "it speaks of no neighbour in the sequence", hint)
    if constraint.rows == frozenset({"t2"}):
        reading.fail(tree, "speaks of t2 only", "Call the one row `t1`, or nothing.")
    return constraint


def conditions(name: str, text: str) -> tuple[Predicate, ...]:
    """Read what the rule `name` says of the rows that it looks at.

    >>> [str(p.left.sql) for p in conditions("r", "state = 'open' and total > 0")]
    ['t1.state', 't1.total']

    Raises
    ------
    RuleSyntaxError : with the position and what would have worked
    """
    reading = Reading(name, text)
    reading.tokens()
    tree = reading.tree(text)
    reading.qualify(tree)
    for node in tree.find_all(exp.Column):
        if node.table == "t2":
            hint = "Write the column alone: each row that the rule looks at is like that."
            reading.fail(node, "`where` speaks of one row", hint)
    return tuple(dict.fromkeys(reading.predicate(leaf) for leaf in reading.leaves(tree)))


def render(constraint: DenialConstraint) -> str:
    """Return a text that `parse` reads as the same predicates.

    >>> render(parse("r", "not (arr >= dep or dep is null)"))
    't1.arr < t1.dep and t1.dep is not null'
    """
    reference = constraint.reference
    if reference is not None:
        asset = AssetName.parse(reference.table)
        pairs = zip(reference.to, reference.columns, strict=True)
        return "not exists " + " and ".join(
            f"{asset.zone}.{_name(asset.local)}.{_name(to)} = {_name(own)}"
            for to, own in pairs
        )
    return " and ".join(map(_rendered, constraint.predicates))


def _name(name: str) -> str:
    return str(column_node("t1", name).this.sql(dialect="duckdb"))


def _rendered(predicate: Predicate) -> str:
    left = predicate.left.sql
    if predicate.op == "true":
        return f"({left})"
    if predicate.right is None:
        only = predicate.left.columns[0]
        is_column = left == column_node(only.row, only.column).sql(dialect="duckdb")
        return f"{left} {predicate.op}" if is_column else f"({left}) {predicate.op}"
    return f"{left} {predicate.op} {predicate.right.sql}"


def _reference(reading: Reading, tokens: list[Token]) -> DenialConstraint:
    start = tokens[1].end + 1
    tree = reading.tree(" " * start + reading.text[start:])
    pairs = []
    for node in tree.unnest().flatten() if isinstance(tree, exp.And) else [tree.unnest()]:
        sides = (
            [node.this.unnest(), node.expression.unnest()] if _is_equality(node) else []
        )
        theirs = [side for side in sides if side.table and side.table.lower() != "t1"]
        if len(theirs) != 1:
            reading.fail(node, "this is no reference to another table", REFERENCE_EXAMPLE)
        own = sides[1 - sides.index(theirs[0])]
        pairs.append((own.name, _asset(reading, theirs[0]), theirs[0].name))
    tables = {table for _, table, _ in pairs}
    if len(tables) != 1:
        reading.fail(tree, "it names several other tables", "Write a rule for each.")
    columns, to = tuple(p[0] for p in pairs), tuple(p[2] for p in pairs)
    return DenialConstraint(
        reading.name, reading.text, reference=Reference(columns, tables.pop(), to)
    )


def _is_equality(node: exp.Expr) -> bool:
    return isinstance(node, exp.EQ) and all(
        isinstance(side.unnest(), exp.Column) for side in (node.this, node.expression)
    )


def _asset(reading: Reading, node: exp.Column) -> str:
    zone = node.args.get("db")
    try:
        return str(AssetName.parse(f"{zone.name if zone else 'trusted'}.{node.table}"))
    except UnknownAsset as error:
        reading.fail(node, error.what, REFERENCE_EXAMPLE)
