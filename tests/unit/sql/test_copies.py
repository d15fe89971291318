"""Copies of trees say the same, and share nothing that a change could reach."""

from __future__ import annotations

import pytest
from sqlglot import exp, parse_one

from backbone.model.schemas import Schema
from backbone.model.types import INTEGER
from backbone.sql.copies import copied
from backbone.sql.types import annotated, type_of

TEXTS = (
    "select a, max(b) over (partition by a order by c desc) as m from t as u",
    "select * from t join v on t.a = v.a where c in (1, 2, 3) and not d is null",
    "with x as (select 1 as a union all select 2) select cast(a as decimal(9, 2)) from x",
    "select case when a > 1 then 'x' else lower(b) end /* why */ as c from t",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_copy_is_the_tree_as_sqlglot_copies_it(text):
    tree = parse_one(text, dialect="duckdb")
    made, theirs = copied(tree), tree.copy()
    assert made == tree
    assert made.sql(dialect="duckdb") == tree.sql(dialect="duckdb")
    for ours, other in zip(made.walk(), theirs.walk(), strict=True):
        assert (ours.arg_key, ours.index) == (other.arg_key, other.index)
        assert (ours.comments or None) == (other.comments or None)
        assert (ours.parent is None) == (other.parent is None)
        assert ours.meta == other.meta
        assert ours.type == other.type
    assert not {id(node) for node in made.walk()} & {id(node) for node in tree.walk()}


def test_a_change_of_the_copy_leaves_the_tree_alone():
    tree = parse_one("select a from t where a > 1")
    made = copied(tree)
    made.find(exp.Column).replace(exp.column("b"))
    made.args["expressions"].append(exp.column("c"))
    assert tree.sql() == "SELECT a FROM t WHERE a > 1"


def test_types_are_kept():
    tree = annotated(parse_one("select t.a + 1 as b from t"), {"t": Schema.of(a=INTEGER)})
    told = [type_of(node) for node in tree.walk()]
    assert [type_of(node) for node in copied(tree).walk()] == told
    assert any(one.kind == "integer" for one in told)
