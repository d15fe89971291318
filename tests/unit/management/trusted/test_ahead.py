"""Rules that are looked for early find what they would find in their turn."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from random import Random

import pytest
from tests.unit.management.trusted.conftest import Trusting

from backbone.engines.duckdb import DuckDBEngine
from backbone.management.trusted.finding import ahead
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING
from backbone.project.trusted import CleanStep, Rule

SCHEMA = Schema.of(zip=STRING, city=STRING, a=INTEGER, b=INTEGER)


def a_row(chance: Random) -> dict:
    return {
        "zip": chance.choice(["1", "2", " 2", "3", None]),
        "city": chance.choice(["A", "B", "b", None]),
        "a": chance.choice([0, 1, 2, 3, 9, None]),
        "b": chance.choice([0, 1, 2, 3, None]),
    }


def a_rule(chance: Random, number: int) -> Rule:
    forms = [
        ({"not_null": ["zip", "a"]}, ["flag", "quarantine"]),
        ({"unique": ["zip", "city"]}, ["flag", "quarantine", "deduplicate"]),
        ({"unique": ["a", "b"]}, ["flag", "deduplicate"]),
        ({"accepted": {"city": ["A", "B"]}}, ["flag", "blank", "quarantine"]),
        ({"range": {"a": [0, 5], "b": [1, None]}}, ["flag", "blank", "quarantine"]),
        ({"functional": {"zip": ["city", "b"]}}, ["flag", "repair"]),
        ({"references": {"zip": "zips.zip"}}, ["flag", "blank", "quarantine"]),
        ({"references": {"a": "things.b"}}, ["flag", "quarantine"]),
        ({"deny": "a > b", "blame": ["b"]}, ["flag", "blank", "quarantine"]),
        (
            {"deny": "t1.zip = t2.zip and t1.a < t2.a and t1.b > t2.b"},
            ["flag", "quarantine"],
        ),
        (
            {"deny": "t1.city = t2.city and t1.a < t2.b", "blame": ["t1.a"]},
            ["flag", "blank"],
        ),
    ]
    form, actions = chance.choice(forms)
    severity = chance.choice(["warn", "error"])
    action = chance.choice(actions)
    return Rule(name=f"r{number}", **form, action=action, severity=severity)


def everything(folder, rows, clean, rules):
    folder.mkdir()
    with closing(DuckDBEngine(threads=2)) as engine, engine.session() as session:
        trusting = Trusting(session, folder)
        known = trusting.other("zips", [{"zip": "1"}, {"zip": "2"}], zip=STRING)
        made = trusting(
            rows, SCHEMA, clean=clean, rules=rules, references={"trusted.zips": known}
        )
        tables = {
            name: sorted(map(str, trusting.rows(written)))
            for name, written in {"main": made.main, **made.sides}.items()
        }
    reports = [replace(report, seconds=0.0) for report in made.rules]
    return tables, made.account, made.failed_rules, reports


@pytest.mark.parametrize("seed", range(40))
def test_early_or_in_turn_the_same_is_found(tmp_path, monkeypatch, seed):
    chance = Random(seed)
    rows = [a_row(chance) for _ in range(chance.choice([6, 20, 60]))]
    rules = [a_rule(chance, number) for number in range(chance.randint(3, 12))]
    clean = [CleanStep(column="zip", do=["trim"])] if chance.random() < 0.5 else []
    early = everything(tmp_path / "early", rows, clean, rules)
    monkeypatch.setattr(ahead, "_reach", lambda queue, known: list(queue[:1]))
    assert early == everything(tmp_path / "in_turn", rows, clean, rules)


def test_much_is_found_early():
    rules = [
        Rule(name="one", unique=["zip"], action="deduplicate"),
        Rule(name="there", not_null=["a"], action="quarantine"),
        Rule(name="small", range={"a": [0, 5]}, action="blank"),
        Rule(name="order", deny="a > b"),
        Rule(name="fit", functional={"zip": ["city"]}),
    ]
    queue = ahead.Ahead(None, ahead.References("trusted.t", {}), rules)._queue
    early = [one.key for one in ahead._reach(queue)]
    assert early == [(0, 0), (1, 0), (2, 0)]
