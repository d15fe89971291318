"""Rules and data at their worst: each has a clear outcome, and nothing else is lost."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from tests.commands import account, ask, call
from tests.projects import edit, shop_project

from backbone.cli.main import backbone


def checked(path, *words, code=1):
    words = ["check", str(path), *words, "--json"]
    result = CliRunner().invoke(backbone, words)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def project(tmp_path):
    return shop_project(tmp_path / "shop")


def trusted(project, rules):
    (project / "trusted" / "sales.yml").write_text(f"rules:\n{rules}")


def test_a_column_that_is_gone_upstream_is_told_where_a_rule_names_it(project):
    trusted(project, "  - {name: paid, deny: amount < 0}\n")
    call(project, "run", "+trusted.sales")
    before = ask(project, "select count(*) as n from trusted.sales")
    declared = project / "formatted" / "sales.yml"
    edit(declared, "  amount:", "  price:")
    said = call(project, "run", code=2).stderr
    assert "trusted/sales.yml:2: rules[0].deny: there is no column `amount`" in said
    edit(declared, "  price:", "  amount:")
    assert ask(project, "select count(*) as n from trusted.sales") == before


def test_a_column_that_a_delivery_dropped_keeps_that_delivery_out_and_no_other(project):
    trusted(project, "  - {name: paid, deny: amount < 0}\n")
    call(project, "run", "+trusted.sales")
    (project / "inbox" / "sales_3.csv").write_text("id,day,shop\n7,2024-03-01,north\n")
    done = call(project, "run", "+trusted.sales", code=1)
    assert "sales_3.csv" in done.output
    assert "amount" in done.output
    assert ask(project, "select max(id) as n from trusted.sales") == [{"n": 6}]


def test_a_rule_that_every_row_breaks_leaves_an_empty_table_that_adds_up(project):
    trusted(
        project,
        "  - {name: all, deny: id > 0, action: quarantine}\n"
        "  - {name: one, unique: [id], severity: error}\n",
    )
    call(project, "run", "+trusted.sales")
    counts = account(project, "trusted.sales")
    assert (counts["trusted"], counts["quarantined"]) == (0, counts["formatted"])
    assert counts["formatted"] > 0


def test_rules_that_contradict_each_other_are_obeyed_in_their_order(project):
    trusted(
        project,
        "  - {name: more, deny: id > 3, action: blank}\n"
        "  - {name: less, deny: id <= 3, action: blank}\n"
        "  - {name: some, not_null: [id]}\n",
    )
    call(project, "run", "+trusted.sales")
    rows = ask(project, "select id, _flags from trusted.sales")
    assert {(row["id"], row["_flags"]) for row in rows} == {(None, "some")}
    told = ask(project, "select rule, old from trusted.sales__repairs order by old")
    assert [(row["rule"], row["old"]) for row in told][:4] == [
        ("less", "1"), ("less", "2"), ("less", "3"), ("more", "4"),
    ]  # fmt: skip


def test_types_that_cannot_be_compared_are_told_before_anything_runs(project):
    trusted(project, "  - {name: odd, deny: day > shop}\n")
    said = call(project, "plan", code=2).stderr
    assert "trusted/sales.yml:2" in said
    assert "compares a point in time with text" in said


def test_a_file_that_mixes_types_says_what_it_compared(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n10,9\nx,10\n9,10\n")
    report = checked(path, "--rule", "a < b")
    (rule,) = report["rules"]
    assert rule["violating_rows"] == 1  # as texts '10' is less than '9', and 'x' is not
    assert "compared as text" in report["notes"][0]["note"]
    assert report["notes"][0]["values"] == [{"row": 2, "value": "x"}]


def test_columns_without_a_value_break_only_what_asks_for_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n,1\n,2\n")
    rules = ["a > 0", "t1.a = t2.a", "t1.a < t2.b", "k: a -> b", "a is null"]
    words = [word for rule in rules for word in ("--rule", rule)]
    found = [rule["violating_rows"] for rule in checked(path, *words)["rules"]]
    assert found == [0, 0, 0, 0, 2]


def test_one_group_may_hold_everything(tmp_path):
    path, many = tmp_path / "a.csv", 20_000
    rows = "".join(f"k,{n},{n + (n == 7) * 5}\n" for n in range(many))
    path.write_text("k,a,b\n" + rows)
    rules = [
        "t1.k = t2.k and t1.a < t2.a and t1.b > t2.b",
        "k -> a",
        "t1.k = t2.k and t1.a = t2.a",
        "t1.k = t2.k and t1.a < t2.a and t1.b > t2.b and t1.a > t2.b",
    ]
    words = [word for rule in rules for word in ("--rule", rule)]
    found = checked(path, *words)["rules"]
    assert [rule["violating_rows"] for rule in found] == [5, many, 0, 0]
    assert found[0]["pairs"] == 4
    assert found[1]["pairs_at_least"] <= many * (many - 1) // 2


def test_values_of_ten_megabytes(tmp_path):
    path, long = tmp_path / "a.csv", "x" * 10_000_000
    path.write_text(f"k,v\n1,{long}\n1,{long}y\n2,{long}\n")
    report = checked(path, "--rule", "k -> v", "--rule", "length(v) > 10000000")
    assert [rule["violating_rows"] for rule in report["rules"]] == [2, 1]
    assert len(report["rules"][0]["witnesses"][0]["sentence"]) < 500


def test_a_thousand_rules_on_one_table(tmp_path):
    path, rules = tmp_path / "a.csv", tmp_path / "rules.txt"
    path.write_text("a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(1000)))
    rules.write_text("".join(f"a = {n}\n" for n in range(990)) + "b -> a\n" * 10)
    found = checked(path, "--rules", str(rules))["rules"]
    assert [rule["violating_rows"] for rule in found] == [1] * 990 + [1000] * 10
