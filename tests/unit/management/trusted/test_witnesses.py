"""Witnesses: a few, always the same, and in words."""

from __future__ import annotations

import pytest

from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING
from backbone.project.trusted import Rule

CITY = Schema.of(zip=STRING, city=STRING, n=INTEGER)


def city(zip_, name, n=0):
    return {"zip": zip_, "city": name, "n": n}


@pytest.mark.parametrize(
    ("rule", "rows", "sentence"),
    [
        (
            {"functional": {"zip": "city"}},
            [city("1000", "X"), city("1000", "Y")],
            "rows a.csv#1 and a.csv#2 have zip = '1000' but city = 'X' and 'Y'",
        ),
        (
            {"unique": ["zip", "n"]},
            [city("1", "X", 3), city("2", "X"), city("1", "Y", 3)],
            "rows a.csv#1 and a.csv#3 have zip = '1' and n = 3",
        ),
        (
            {"deny": "t1.n < t2.n and t1.city > t2.city"},
            [city("1", "Z", 1), city("1", "A", 2)],
            "rows a.csv#1 and a.csv#2 have n = 1 and 2 and city = 'Z' and 'A'",
        ),
        (
            {"deny": "n < 0 and city is null"},
            [city("1", None, -1)],
            "row a.csv#1: denied: n < 0 and city is null (n = -1 and city = missing)",
        ),
        (
            {"matches": {"city": "[a-z]*"}},
            [city("1", "x" * 80 + "1")],
            f"row a.csv#1: city does not match [a-z]* (city = '{'x' * 60}…')",
        ),
        (
            {"references": {"zip": "zips.zip"}},
            [city("7", "X")],
            "row a.csv#1: zip is not in trusted.zips (zip) (zip = '7')",
        ),
    ],
)
def test_a_witness_is_a_sentence(trusting, rule, rows, sentence):
    references = {"trusted.zips": trusting.other("zips", [{"zip": "0"}], zip=STRING)}
    made = trusting(rows, CITY, rules=[Rule(name="r", **rule)], references=references)
    [witness] = made.rules[0].witnesses
    assert witness.sentence == sentence
    assert all(row.startswith("d1/a.csv#") for row in witness.rows)


def test_witnesses_are_few_and_the_same_every_time(trusting):
    rows = [city(str(n % 50), f"c{n}", n) for n in range(400)]
    rules = [Rule(name="fd", functional={"zip": "city"}), Rule(name="one", deny="n >= 0")]
    first, second = (trusting(rows, CITY, rules=rules).rules for _ in range(2))
    assert [len(report.witnesses) for report in first] == [5, 5]
    assert [r.witnesses for r in first] == [r.witnesses for r in second]
    pairs = [set(witness.rows) for witness in first[0].witnesses]
    assert pairs[0] == {"d1/a.csv#1", "d1/a.csv#51"}
    assert all(len(pair) == 2 for pair in pairs)
    assert first[0].witnesses[0].values == (
        {"zip": "0", "city": "c0"},
        {"zip": "0", "city": "c50"},
    )


def test_witnesses_show_the_values_before_the_rule_acted(trusting):
    rule = Rule(name="r", range={"n": (0, None)}, action="blank")
    made = trusting([city("1", "A", -3)], CITY, rules=[rule])
    assert made.rules[0].witnesses[0].values == ({"n": "-3"},)
