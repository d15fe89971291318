"""What a view may say, and that everything refused is refused."""

import re
from pathlib import Path

import pytest
from sqlglot import exp

from backbone.errors import ViewError
from backbone.sql.denial_functions import ARITHMETIC, FUNCTIONS, MATCHES, NODES
from backbone.sql.denial_functions import CASTS as RULE_CASTS
from backbone.sql.portable import REFUSED_FUNCTIONS, all_rows
from backbone.sql.portable.checking import check_portable
from backbone.sql.portable.conditions import CASTS
from backbone.sql.portable.page import reference
from backbone.sql.portable.patterns import java_pattern

CALLS = {
    "age": "age(at)", "group_concat": "string_agg(k, ',')", "array_agg": "list(k)",
    "rand": "random()", "approx_distinct": "approx_count_distinct(a)",
    "approx_top_k": "approx_top_k(a, 2)", "current_version": "version()",
    "current_database": "current_database()", "current_schema": "current_schema()",
    "current_schemas": "current_schemas(true)", "nth_value": "nth_value(a, 2) over ()",
}  # fmt: skip
BARE = {
    "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp",
    "current_user", "session_user", "current_catalog",
}  # fmt: skip
IN_WINDOWS = {
    "row_number": "row_number()", "ntile": "ntile(3)", "lag": "lag(a)",
    "lead": "lead(a)", "first_value": "first_value(a)", "last_value": "last_value(a)",
    "fill": "fill(a)",
}  # fmt: skip


def call(name):
    if name in CALLS:
        return CALLS[name]
    if name in IN_WINDOWS:
        return f"{IN_WINDOWS[name]} over (partition by k)"
    two = name.startswith("arg_") or name in {"approx_quantile", "reservoir_quantile"}
    return name if name in BARE else f"{name}({'a, b' if two else 'a'})"


@pytest.mark.parametrize("name", sorted(REFUSED_FUNCTIONS))
@pytest.mark.parametrize("portable", [True, False])
def test_every_refused_function_is_refused(parsed, name, portable):
    view = parsed(f"select a,\n  {call(name)} as x\nfrom trusted.t", portable=portable)
    with pytest.raises(ViewError) as error:
        check_portable(view)
    assert error.value.where == "v.sql:2"
    assert error.value.hint


@pytest.mark.parametrize(
    "item",
    [
        "first(a order by b)", "list(a order by b)", "string_agg(k, ',' order by a)",
        "arg_max(a, b order by a)", "mode(k order by k)", "any_value(a order by b)",
        "list(a order by b) filter (where a > 1)", "first(a) over (order by b)",
        "row_number() over (partition by k order by a)", "lag(a) over (order by b)",
        "row_number() over w", "sum(b) over (order by a rows 3 preceding)",
        "sum(b) over (rows between unbounded preceding and unbounded following)",
        "rank() over (order by b)", "count(distinct a)", "median(b)", "min(a)", "age(at, at)",
        "first_value(a) over w2",
    ],
)  # fmt: skip
def test_what_has_an_order_is_allowed(parsed, item):
    windows = "window w as (order by a), w2 as (w)"
    check_portable(parsed(f"select {item} as x from trusted.t {windows}", portable=False))


@pytest.mark.parametrize(
    "sql",
    [
        "select a from trusted.t order by a limit 3",
        "select a from trusted.t order by a limit 3 offset 2",
        "select distinct on (k) k, a from trusted.t order by k, a",
        "select distinct a from trusted.t",
        "select a from trusted.t where exists (select 1 from trusted.u limit 1)",
        "select a from trusted.t order by a",
        "select n from range(3) r(n)",
        "select p from (values (1)) v(p)",
    ],
)
def test_clauses_whose_result_is_defined_are_allowed(parsed, sql):
    check_portable(parsed(sql))


@pytest.mark.parametrize(
    "item", ["list_sum([a])", "bit_count(a)", "a::hugeint", "k glob 'a*'", "k ~ '(?i)a'"]
)
def test_what_only_one_engine_knows_is_lifted_where_that_engine_is_asked_for(
    parsed, item
):
    sql = f"select {item} as x from trusted.t"
    check_portable(parsed(sql, portable=False))
    with pytest.raises(ViewError):
        check_portable(parsed(sql))


def test_every_way_to_read_a_rule_is_in_the_subset():
    allowed = {key for row in all_rows() for key in row.of}
    said = {node for node, _ in reversed(NODES.items())} | set(ARITHMETIC) | set(MATCHES)
    assert said <= allowed
    assert set(FUNCTIONS) - {"mod"} == set(NODES.values())
    assert set(RULE_CASTS) - set(CASTS) == {exp.DType.TINYINT, exp.DType.FLOAT}


@pytest.mark.parametrize(
    "pattern",
    [
        "", "abc", "a.b", "[a-z]+", "[^0-9]{2,3}", r"\d\w\s\b\.", "(a|b)*?", "(?:x)?", "^a$",
        "[]a]", "[a^&&b]", r"[\d\s]", r"\[x\]", "a{2}b{2,}",
    ],
)  # fmt: skip
def test_patterns_that_mean_the_same_everywhere(pattern):
    re.compile(java_pattern(pattern).replace("\\z", "\\Z"))


@pytest.mark.parametrize(
    "pattern",
    [
        "(?i)a", "(?=a)", "(?<name>a)", "a++", "a{2}{3}", r"\1", r"\pL", "[[:alpha:]]", "[a",
        "{2}", "a}", r"\Aa", r"\Qa\E", "a**", r"[\S]", "x{1000}",
    ],
)  # fmt: skip
def test_patterns_that_do_not_are_refused(pattern):
    with pytest.raises(ValueError, match=r"."):
        java_pattern(pattern)


def test_the_page_is_made_of_the_table():
    """Write it anew with: python -c "from backbone.sql.portable.page import reference; …"."""
    page = Path(__file__).parents[3] / "docs" / "sql.md"
    assert page.read_text(encoding="utf-8") == reference()
