"""Short forms are sugar: what they stand for, and how they read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from backbone.errors import RuleSyntaxError
from backbone.management.trusted import constraints_of, describe_rule
from backbone.management.trusted.rules.declared import parts_of, rule_text
from backbone.model.constraints import Reference
from backbone.project.trusted import Rule
from backbone.sql.denial import parse


def rule(**form):
    return Rule(name="r", **form)


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        ({"not_null": ["a", "b"]}, ["t1.a is null", "t1.b is null"]),
        ({"unique": ["a", "b"]}, ["t1.a = t2.a and t1.b = t2.b"]),
        ({"accepted": {"a": ["x", "it's"]}}, ["(NOT t1.a IN ('x', 'it''s'))"]),
        ({"range": {"a": [-1, Decimal("2.50")]}}, ["t1.a < -1", "t1.a > 2.50"]),
        ({"range": {"d": [None, "2013-01-31"]}}, ["t1.d > '2013-01-31'"]),
        ({"matches": {"a": "[0-9]+"}}, ["(NOT REGEXP_FULL_MATCH(t1.a, '[0-9]+'))"]),
        (
            {"functional": {"a, b": ["c", "d"]}},
            [
                "t1.a = t2.a and t1.b = t2.b and t1.c <> t2.c",
                "t1.a = t2.a and t1.b = t2.b and t1.d <> t2.d",
            ],
        ),
        ({"deny": "arr < dep"}, ["arr < dep"]),
    ],
)
def test_a_short_form_stands_for_constraints(form, texts):
    made = constraints_of(rule(**form))
    assert [constraint.text for constraint in made] == texts
    assert {constraint.name for constraint in made} == {"r"}
    for constraint in made:
        assert parse("r", constraint.text).predicates == constraint.predicates


@pytest.mark.parametrize(
    ("columns", "target", "reference"),
    [
        ("dev", "devices.id", Reference(("dev",), "trusted.devices", ("id",))),
        (
            "dev",
            "formatted.devices.id",
            Reference(("dev",), "formatted.devices", ("id",)),
        ),
        (
            "o, h",
            "weather.origin, hour",
            Reference(("o", "h"), "trusted.weather", ("origin", "hour")),
        ),
        ("o, h", "w.x, w.y", Reference(("o", "h"), "trusted.w", ("x", "y"))),
    ],
)
def test_references_name_a_table_of_the_trusted_zone(columns, target, reference):
    [made] = constraints_of(rule(references={columns: target}))
    assert made.reference == reference
    assert parse("r", made.text).reference == reference


@pytest.mark.parametrize("target", ["id", "devices.id, name", ".id"])
def test_a_reference_that_cannot_be_read_is_an_error(target):
    with pytest.raises(RuleSyntaxError, match="not what `dev` can refer to"):
        constraints_of(rule(references={"dev": target}))


@pytest.mark.parametrize(
    ("form", "about"),
    [
        ({"functional": {"a": ["b", "c"]}}, [("b",), ("c",)]),
        ({"range": {"a": [0, 1]}}, [("a",), ("a",)]),
        ({"unique": ["a"]}, [("a",)]),
        ({"unique": ["a", "b"]}, [()]),
        ({"references": {"a": "t.x"}}, [("a",)]),
        ({"deny": "length(a) > 3"}, [("a",)]),
        ({"deny": "a < b"}, [()]),
    ],
)
def test_a_rule_is_about_a_column_only_where_that_is_clear(form, about):
    assert [part.about for part in parts_of(rule(**form))] == about


@pytest.mark.parametrize(
    ("form", "text", "sentence"),
    [
        ({"not_null": "a"}, "not_null: a", "`a` is never missing"),
        (
            {"unique": ["a", "b"], "action": "deduplicate", "keep": "first"},
            "unique: a, b",
            "No two rows agree on `a` and `b`. Of such rows the first stays",
        ),
        (
            {"range": {"a": [0, None], "b": [1, 2]}},
            "range: a 0, ~; b 1, 2",
            "`a` is at least 0; `b` lies between 1 and 2",
        ),
        (
            {"functional": {"a": ["b"]}, "action": "repair", "severity": "error"},
            "functional: a -> b",
            "`a` determines `b`. Cells that disagree with the majority take its value;",
        ),
        (
            {"references": {"a": "t.x"}, "severity": "error"},
            "references: a -> t.x",
            "Every `a` stands in trusted.t (x). Rows that break it are flagged.",
        ),
        (
            {"deny": "a < b", "action": "blank", "blame": ["a", "b"]},
            "a < b",
            "No row has `a < b`. Then `a` and `b` are blanked.",
        ),
        ({"deny": "t1.a < t2.a"}, "t1.a < t2.a", "No two rows have `t1.a < t2.a`."),
        ({"accepted": {"a": ["x"]}}, "accepted: a x", "`a` is one of 'x'."),
        ({"matches": {"a": "x+"}}, "matches: a x+", "`a` matches `x+`."),
    ],
)
def test_a_rule_reads_as_a_sentence(form, text, sentence):
    assert rule_text(rule(**form)) == text
    assert describe_rule(rule(**form)).startswith(sentence)
