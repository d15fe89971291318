"""The as-of join: for each row the last row of another table up to a time.

``a asof join b on a.k = b.k and a.t >= b.t`` gives each row of `a` the row of `b` with
the same `k` and the latest ``b.t`` that is not after ``a.t`` (``>``: that is before it;
``<=`` and ``<``: the earliest that is not before it, or that is after it). A row of `a`
without one is left out; with ``asof left join`` it stays. Of several rows of `b` with the
same key and time it is the greatest by the columns that the view reads, in the order of
their names; so a view gives the same rows wherever it runs.

It is not compared pair by pair. The times that are asked for and those of `b` are put
into one table, and rows of `b` are counted along each key in the order of time: an asked
time belongs to the row of `b` with its count. That is two sorts, and a join on equality.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from backbone.errors import ViewError
from backbone.sql.queries import column, quoted

__all__ = ["with_asof"]

Failure = Callable[[exp.Expr, str, str], ViewError]

_FORM = "Write `asof join u on t.k = u.k and t.at >= u.at`."
_TIMES = (exp.GTE, exp.GT, exp.LTE, exp.LT)
_SWAPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GTE: exp.LTE,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.LT: exp.GT,
}
_SIDE, _COUNT = "_side", "_count"


_Pair = tuple[exp.Expr, exp.Expr, exp.Expr]


@dataclass(frozen=True)
class _Rule:
    """What an as-of join compares: pairs of (asked, found), and the times of both."""

    keys: tuple[tuple[exp.Expr, exp.Expr], ...]
    asked: exp.Expr
    found: exp.Expr
    sign: type[exp.Expr]

    @property
    def pairs(self) -> dict[str, tuple[exp.Expr, exp.Expr]]:
        """The keys and the time, by the names that they have in between."""
        named = {f"_key_{i}": pair for i, pair in enumerate(self.keys)}
        return {**named, "_time": (self.asked, self.found)}


def with_asof(tree: exp.Query, failure: Failure) -> exp.Query:
    """Return a bound tree without as-of joins, a copy if it had any.

    Raises
    ------
    ViewError : a join does not compare one time, or something else than equality
    """
    if not any(map(_is_asof, tree.find_all(exp.Join))):
        return tree
    tree = tree.copy()
    for select in list(tree.find_all(exp.Select)):
        for place, join in enumerate(select.args.get("joins") or []):
            if _is_asof(join):
                _rewrite(select, place, join, failure)
    return tree


def _is_asof(join: exp.Join) -> bool:
    return str(join.args.get("method") or "").upper() == "ASOF"


def _rewrite(select: exp.Select, place: int, join: exp.Join, failure: Failure) -> None:
    name = join.alias_or_name
    rule = _rule(join, name, failure)
    read = {
        each.name
        for each in select.find_all(exp.Column)
        if each.table == name and each.find_ancestor(exp.Join) is not join
    }
    asked = _asked(select, place, rule)
    found = _found(join.this, rule, sorted(read))
    matched = _matched(asked, found, rule, sorted(read))
    equal = [
        exp.EQ(this=asked.copy(), expression=column(inner, name))
        for inner, (asked, _) in rule.pairs.items()
    ]
    alias = exp.TableAlias(this=quoted(name))
    join.set("this", exp.Subquery(this=matched, alias=alias))
    join.set("on", exp.and_(*equal))
    join.set("method", None)


def _rule(join: exp.Join, name: str, failure: Failure) -> _Rule:
    condition = join.args.get("on")
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    found: tuple[list[_Pair], list[_Pair]] = ([], [])
    keys, times = found
    for part in parts:
        plain = part.unnest() if part is not None else None
        pair = _sides(plain, name)
        if pair is None or not isinstance(plain, (exp.EQ, *_TIMES)):
            raise failure(part or join, "is no condition of an as-of join", _FORM)
        (keys if isinstance(plain, exp.EQ) else times).append((plain, *pair))
    if len(times) != 1:
        raise failure(join, "compares no time, or more than one", _FORM)
    ((node, asked, told),) = times
    sign = type(node) if node.this is asked else _SWAPPED[type(node)]
    return _Rule(tuple((a, f) for _, a, f in keys), asked, told, sign)


def _sides(part: exp.Expr | None, name: str) -> tuple[exp.Expr, exp.Expr] | None:
    """Return what is asked and what is found, if each is of one side."""
    if not isinstance(part, exp.Binary):
        return None
    tables = [
        {c.table for c in each.find_all(exp.Column)} for each in (part.left, part.right)
    ]
    if name in tables[0] and len(tables[0]) == 1 and name not in tables[1]:
        return part.right, part.left
    if name in tables[1] and len(tables[1]) == 1 and name not in tables[0]:
        return part.left, part.right
    return None


def _some(values: list[exp.Expr]) -> exp.Expr:
    return exp.and_(
        *(
            exp.not_(exp.Is(this=exp.paren(each), expression=exp.null()))
            for each in values
        )
    )


def _asked(select: exp.Select, place: int, rule: _Rule) -> exp.Select:
    """Return the keys and times that are asked for."""
    items = [exp.alias_(a.copy(), n, quoted=True) for n, (a, _) in rule.pairs.items()]
    made = exp.select(*items)
    made.set("from_", select.args["from_"].copy())
    made.set("joins", [each.copy() for each in select.args["joins"][:place]])
    return made.where(_some([a for a, _ in rule.pairs.values()]))


def _found(source: exp.Expr, rule: _Rule, read: list[str]) -> exp.Select:
    items = [exp.alias_(f.copy(), n, quoted=True) for n, (_, f) in rule.pairs.items()]
    items += [
        exp.alias_(column(each, source.alias_or_name), each, quoted=True) for each in read
    ]
    made = exp.select(*items).where(_some([f for _, f in rule.pairs.values()]))
    return made.from_(source.copy())


def _matched(
    asked: exp.Select, found: exp.Select, rule: _Rule, read: list[str]
) -> exp.Select:
    """Return for each asked key and time the columns of the row that was found."""
    names = list(rule.pairs)
    strict = rule.sign in (exp.GT, exp.LT)
    sides = {"found": 1, "asked": 0} if strict else {"found": 0, "asked": 1}
    nothing = [exp.alias_(exp.null(), each, quoted=True) for each in read]
    parts = [
        exp.select(
            *(exp.alias_(column(n, "f"), n, quoted=True) for n in (*names, *read)),
            exp.alias_(exp.Literal.number(sides["found"]), _SIDE, quoted=True),
        ).from_(found.subquery("f")),
        exp.select(
            *(exp.alias_(column(n, "q"), n, quoted=True) for n in names),
            *nothing,
            exp.alias_(exp.Literal.number(sides["asked"]), _SIDE, quoted=True),
        ).from_(asked.subquery("q")),
    ]
    both = exp.union(*parts, distinct=False).subquery("b")
    counted = exp.select(
        *(exp.alias_(column(n, "b"), n, quoted=True) for n in (*names, *read, _SIDE)),
        exp.alias_(_count(rule, read, sides["found"]), _COUNT, quoted=True),
    ).from_(both)
    spread = exp.select(
        *(exp.alias_(column(n, "c"), n, quoted=True) for n in (*names, _SIDE, _COUNT)),
        *(exp.alias_(_within(each, names), each, quoted=True) for each in read),
    ).from_(counted.subquery("c"))
    last = exp.select(
        *(exp.alias_(column(n, "d"), n, quoted=True) for n in (*names, *read))
    )
    # each once; asking for each once is more than Spark's optimizer bears with nulls
    return (
        last.distinct()
        .from_(spread.subquery("d"))
        .where(
            exp.and_(
                exp.EQ(
                    this=column(_SIDE, "d"), expression=exp.Literal.number(sides["asked"])
                ),
                exp.GT(this=column(_COUNT, "d"), expression=exp.Literal.number(0)),
            )
        )
    )


def _count(rule: _Rule, read: list[str], found: int) -> exp.Window:
    """Return how many rows were found up to a row, along its key in the order of time."""
    back = rule.sign in (exp.LTE, exp.LT)
    order = [
        exp.Ordered(this=column("_time", "b"), desc=back, nulls_first=False),
        *(
            exp.Ordered(this=column(each, "b"), desc=False, nulls_first=False)
            for each in (_SIDE, *read)
        ),
    ]
    is_found = exp.EQ(this=column(_SIDE, "b"), expression=exp.Literal.number(found))
    one = exp.case().when(is_found, exp.Literal.number(1))
    return exp.Window(
        this=exp.Count(this=one, big_int=True),
        partition_by=[column(n, "b") for n in rule.pairs if n != "_time"],
        order=exp.Order(expressions=order),
        spec=exp.WindowSpec(
            kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
        ),
        over="OVER",
    )


def _within(name: str, names: list[str]) -> exp.Window:
    """Return the value of the one row that was found of those with its count."""
    keys = [column(n, "c") for n in (*names, _COUNT) if n != "_time"]
    return exp.Window(
        this=exp.Max(this=column(name, "c")), partition_by=keys, over="OVER"
    )
