"""SQL in declarations: one row, known columns, nothing that could do harm."""

from __future__ import annotations

import pytest

from backbone.analysis.sandbox.expressions import parse_scalar
from backbone.errors import MissingColumn, RuleSyntaxError


@pytest.mark.parametrize(
    ("text", "kind", "columns"),
    [
        ("delay > 5", "boolean", ("delay",)),
        ("delay / stops", "number", ("delay", "stops")),
        ("line in ('A', 'B') and not express", "boolean", ("line", "express")),
        ("case when delay > 5 then 1.0 else 0 end", "number", ("delay",)),
        ("extract(hour from start at time zone 'Europe/Belgrade')", "number", ("start",)),
        ("coalesce(line, 'none')", "text", ("line",)),
        ("delay is not null", "boolean", ("delay",)),
        ("start", "time", ("start",)),
    ],
)
def test_an_expression_is_known_by_its_value_and_columns(schema, text, kind, columns):
    scalar = parse_scalar(text, schema, where="target")
    assert (scalar.kind, scalar.columns) == (kind, columns)


@pytest.mark.parametrize(
    "text",
    [
        "(select max(delay) from trips)",
        "exists (select 1)",
        "sum(delay)",
        "row_number() over ()",
        "random() > 0.5",
        "delay > 5; drop table trips",
        "read_text('/etc/passwd') = ''",
        "other.delay > 5",
        "delay as late",
        "*",
    ],
)
def test_more_than_an_expression_over_one_row_is_refused(schema, text):
    with pytest.raises(RuleSyntaxError, match="cannot be used in") as refused:
        parse_scalar(text, schema, where="target")
    assert "compute anything else in a view" in str(refused.value)


def test_what_does_not_parse_is_shown_with_its_place(schema):
    with pytest.raises(RuleSyntaxError, match=r"`delay >` cannot be parsed .*\(target\)"):
        parse_scalar("delay >", schema, where="target")


def test_a_misspelt_column_is_told_its_neighbour(schema):
    with pytest.raises(MissingColumn, match="Did you mean `delay`"):
        parse_scalar("dealy > 5", schema, where="target")
