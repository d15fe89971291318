"""What changes the identity of a version, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from backbone.operations.identity import (
    analysis_identity,
    declared,
    reading_identity,
    sandbox_declaration,
    view_identity,
)
from backbone.project import ViewFile
from backbone.project.analysis import Analysis
from backbone.project.exploitation import View
from backbone.project.formatted import FormattedTable
from backbone.project.trusted import TrustedTable


def trusted(**rule) -> TrustedTable:
    return TrustedTable.model_validate({"rules": [{"name": "one", **rule}]})


def formatted(**columns) -> FormattedTable:
    return FormattedTable.model_validate(
        {"from": "landing.t", "read": {"format": "csv"}, "columns": columns}
    )


def test_words_of_a_rule_are_left_out():
    assert declared(trusted(not_null=["a"], description="why")) == declared(
        trusted(not_null=["a"])
    )


def test_columns_that_are_called_like_words_for_people_count():
    first = trusted(references={"owner": "people.id"})
    assert declared(first) != declared(trusted(references={"owner": "people.name"}))
    first = trusted(matches={"label": "a+"})
    assert declared(first) != declared(trusted(matches={"label": "b+"}))


def test_replaced_values_that_are_called_like_words_for_people_count():
    def cleaned(new: str) -> TrustedTable:
        step = {"column": "kind", "replace": {"value": new}}
        return TrustedTable.model_validate({"clean": [step]})

    assert declared(cleaned("a")) != declared(cleaned("b"))


def test_the_order_of_columns_and_of_the_parts_of_a_rule_counts():
    text, whole = {"type": "string"}, {"type": "integer"}
    assert reading_identity(formatted(a=text, b=whole)) != reading_identity(
        formatted(b=whole, a=text)
    )
    assert declared(trusted(functional={"a": ["b"], "b": ["c"]})) != declared(
        trusted(functional={"b": ["c"], "a": ["b"]})
    )


def test_a_column_called_like_a_word_is_read_and_its_words_are_not():
    said = formatted(value={"type": "string", "description": "what it costs"})
    assert reading_identity(said) == reading_identity(formatted(value={"type": "string"}))
    other = formatted(value={"type": "integer"})
    assert reading_identity(said) != reading_identity(other)


# -- the engine: rows are the same, whichever computes them -----------------------------------


@pytest.mark.parametrize("kind", ["duckdb", "spark"])
def test_no_engine_is_part_of_an_identity(kind):
    plain = formatted(engine={"type": "string"})
    on = plain.model_copy(update={"engine": kind})
    assert reading_identity(on) == reading_identity(plain)
    rules = trusted(not_null=["engine"])
    assert declared(rules.model_copy(update={"engine": kind})) == declared(rules)
    view = ViewFile("v", "select 1", Path("exploitation/v.sql"), View())
    on = ViewFile("v", "select 1", view.path, View(engine=kind))
    assert view_identity(on, {}) == view_identity(view, {})


def test_an_analysis_has_the_same_sandbox_on_every_engine():
    parts = {"kind": "describe", "question": "?", "from": "trusted.t", "outcome": "x",
             "factors": ["engine"]}  # fmt: skip
    plain = TypeAdapter(Analysis).validate_python(parts)
    on = TypeAdapter(Analysis).validate_python({**parts, "engine": "spark"})
    assert sandbox_declaration(on) == sandbox_declaration(plain)
    for sandbox in (True, False):
        made = analysis_identity(on, {}, sandbox=sandbox)
        assert made == analysis_identity(plain, {}, sandbox=sandbox)


def test_columns_and_factors_that_are_called_engine_count():
    assert reading_identity(formatted(engine={"type": "string"})) != reading_identity(
        formatted(engine={"type": "integer"})
    )
    first = trusted(accepted={"engine": ["jet"]})
    assert declared(first) != declared(trusted(accepted={"engine": ["rotor"]}))
