"""`backbone.check`: what a person in a notebook gets."""

import json

import pytest
from click.testing import CliRunner

import backbone
from backbone.cli.main import backbone as command
from backbone.errors import BackboneError, DeclarationError

PEOPLE = "name;zip;city\nAnn;01;Dalton\nBob;01;Dalten\nCid;n/a;\n"


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    return path


def test_it_says_what_the_command_says(people, tmp_path):
    rules = tmp_path / "rules.txt"
    rules.write_text("zip -> city\nalone: city is null\n")
    found = backbone.check(people, "name = 'Ann'", rules_file=rules, null="n/a")
    words = ["check", str(people), "--rule", "name = 'Ann'", "--rules", str(rules)]
    printed = CliRunner().invoke(command, [*words, "--null", "n/a", "--json"]).stdout
    told = json.loads(printed)

    def without_times(report):
        rules = [{**rule, "seconds": 0} for rule in report["rules"]]
        return {**report, "seconds": 0, "rules": rules}

    assert without_times(found) == without_times(told)
    assert not found.ok
    assert [rule["name"] for rule in found.rules] == ["rule_1", "rules.txt:1", "alone"]
    assert repr(found) == f"check of {people}: 3 of 3 rules broken"
    shown = found._repr_html_()
    assert "rules.txt:1" in shown
    assert "have zip = &#x27;01&#x27; but city" in shown


def test_all_rows_that_break_rules_are_a_table(people):
    found = backbone.check(people, "zip -> city", "name = 'Cid'", examples=0)
    table = found.violations()
    assert table.select(["_record", "_rule", "name"]).to_pylist() == [
        {"_record": 1, "_rule": "rule_1", "name": "Ann"},
        {"_record": 2, "_rule": "rule_1", "name": "Bob"},
        {"_record": 3, "_rule": "rule_2", "name": "Cid"},
    ]
    none = backbone.check(people, "name = 'Dan'")
    assert none.ok
    assert none.violations().schema.names == table.schema.names
    assert none.violations().num_rows == 0


def test_mistakes_are_raised(people, tmp_path):
    with pytest.raises(DeclarationError, match="no column `zp`"):
        backbone.check(people, "zp -> city")
    with pytest.raises(BackboneError, match="there are no rules"):
        backbone.check(people)
    with pytest.raises(BackboneError, match="no file"):
        backbone.check(tmp_path / "nosuch.csv", "a -> b")
