"""The plan of each shape, as people read it: `tests/golden/rules.txt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from backbone.management.trusted.finding.detect import explain
from backbone.management.trusted.rules.declared import parts_of
from backbone.project.trusted import Rule
from backbone.sql.denial import parse, render

GOLDEN = Path(__file__).parents[3] / "golden" / "rules.txt"


def golden():
    text = GOLDEN.read_text(encoding="utf-8").split("\n\n", 1)[1]
    for block in text.strip().split("\n\n"):
        yield tuple(line.removesuffix(";") for line in block.splitlines())


@pytest.mark.parametrize(("text", "normal", "plan"), list(golden()))
def test_the_shape_of_a_rule_decides_its_plan(text, normal, plan):
    constraint = parse("r", text)
    assert render(constraint) == normal
    assert str(explain(constraint)) == plan


@pytest.mark.parametrize(
    "form",
    [
        {"not_null": "a"},
        {"unique": "a"},
        {"functional": {"a": "b"}},
        {"range": {"a": (0, 1)}},
    ],
)
def test_short_forms_have_plans_of_linear_cost(form):
    for part in parts_of(Rule(name="r", **form)):
        assert explain(part.constraint).cost == "O(n)"
