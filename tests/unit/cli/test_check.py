"""`backbone check`, as a person types it."""

import csv
import gzip
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from backbone.cli.main import backbone

PEOPLE = (
    "name,zip,city,salary,hired\n"
    "Ann,01234,Dalton,1000,2019-03-01\n"
    "Bob,01234,Dalten,2000,2020-07-15\n"
    "Cid,1234,Dalton,n/a,\n"
    'Dot,10001,"New ""York""",900,2018-11-30\n'
)
ONE_CITY = "t1.zip = t2.zip and t1.city <> t2.city"


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    return path


def typed(*words):
    return CliRunner().invoke(backbone, ["check", *map(str, words)])


def found(*words, code=1):
    result = typed(*words, "--json")
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def refused(*words):
    result = typed(*words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    return result.stderr


def test_the_interface_that_is_promised(people):
    report = found(people, "--rule", ONE_CITY)
    assert report["rows"] == 4
    assert report["seconds"] > 0
    (rule,) = report["rules"]
    assert rule["name"] == "rule_1"
    assert rule["deny"] == ONE_CITY
    assert (rule["violating_rows"], rule["pairs"]) == (2, 1)
    (witness,) = rule["witnesses"]
    assert witness["rows"] == [1, 2]
    assert witness["values"] == [
        {"zip": "01234", "city": "Dalton"},
        {"zip": "01234", "city": "Dalten"},
    ]
    assert rule["seconds"] > 0


def test_what_a_person_sees(people):
    result = typed(people, "--rule", f"one_city: {ONE_CITY}", "--rule", "salary > 5000")
    assert result.exit_code == 1
    assert "✗  one_city" in result.stdout
    assert "✓  rule_2" in result.stdout
    assert (
        "rows 1 and 2 have zip = '01234' but city = 'Dalton' and 'Dalten'"
        in result.stdout
    )
    assert "1 of 4 values is no number and takes no part: 'n/a' in row 3" in result.stderr
    assert "1 of 2 rules broken" in result.stderr


def test_nothing_broken_is_exit_code_0(people):
    report = found(people, "--rule", "salary < 0", code=0)
    assert report["failed"] is False
    assert report["rules"][0]["witnesses"] == []


def test_codes_with_zeros_equal_themselves_alone_but_are_in_order(people):
    rules = ["--rule", "t1.zip = t2.zip", "--rule", "t1.zip < t2.zip"]
    equal, order = found(people, *rules)["rules"]
    assert [w["rows"] for w in equal["witnesses"]] == [[1, 2]]
    assert order["compared"] == [{"comparison": "t1.zip < t2.zip", "as": "number"}]
    assert order["violating_rows"] == 4


def test_a_null_by_name_makes_a_column_one_of_numbers(people):
    rule = ("--rule", "t1.salary < t2.salary and t1.hired > t2.hired")
    as_text = found(people, *rule)
    assert as_text["notes"][0]["values"] == [{"row": 3, "value": "n/a"}]
    # '1000' and '2000' come before '900' as texts
    pairs = {tuple(w["rows"]) for w in as_text["rules"][0]["witnesses"]}
    assert pairs == {(1, 4), (2, 4)}
    as_numbers = found(people, *rule, "--null", "n/a", code=0)
    assert as_numbers["notes"] == []
    assert [c["as"] for c in as_numbers["rules"][0]["compared"]] == ["number", "time"]


def test_a_rule_of_severity_warn_does_not_fail(people, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "# a list\n- {not_null: [hired], severity: warn}\n- unique: [name]\n"
    )
    report = found(people, "--rules", rules, code=0)
    assert [(r["name"], r["violating_rows"]) for r in report["rules"]] == [
        ("rules.yml:2", 1), ("rules.yml:3", 0),
    ]  # fmt: skip
    assert [r["declared"] for r in report["rules"]] == [f"{rules}:2", f"{rules}:3"]
    rules.write_text("rules:\n  - {name: there, not_null: [hired]}\n")
    assert found(people, "--rules", rules)["failed"]


def test_a_file_of_rules_in_many_words(people, tmp_path):
    rules = tmp_path / "rules.txt"
    rules.write_text(
        "# ours and theirs\n\nt1&t2&EQ(t1.zip,t2.zip)&IQ(t1.city,t2.city)\n"
        f"!(t.zip == s.zip and t.city != s.city)\nzip -> city\nown: {ONE_CITY}\n"
    )
    report = found(people, "--rules", rules)
    assert [(r["name"], r["deny"], r["violating_rows"]) for r in report["rules"]] == [
        (name, ONE_CITY, 2)
        for name in ("rules.txt:3", "rules.txt:4", "rules.txt:5", "own")
    ]


def test_all_mistakes_are_told_at_once_with_line_and_nearest_name(people, tmp_path):
    lines, listed = tmp_path / "rules.txt", tmp_path / "rules.yml"
    lines.write_text(
        "t1.zipp = t2.zip\nzip -> city\nname -> cty\n"
        "t1&t2&EX(t1.zip,t2.zip)\nodd: t1.zip = \nlower(name) > 5\n"
    )
    listed.write_text(
        "- {name: a, unique: [zip], blame: [t3.zip]}\n"
        "- {name: b, deny: zip > 5, blame: later}\n"
        "- {name: c, uniq: [zip]}\n"
    )
    said = refused(people, "--rules", lines, "--rules", listed, "--rule", "nme > 5")
    for words in (
        f"{lines}:1: there is no column `zipp`. Did you mean `zip`?",
        f"{lines}:3: there is no column `cty`. Did you mean `city`?",
        f"{lines}:4: there is no operation `EX`",
        f"{lines}:5: rule `odd` at character",
        f"{lines}:6: `LOWER(t1.name) > 5` compares a number with text",
        f"{listed}:1: rule `a`: `blame`: `t3.zip` is no column, and none of",
        f"{listed}:2: rule `b`: `blame: later` chooses between rows",
        f"{listed}:3: rules[2].uniq: unknown key",
        "rule `rule_1`: there is no column `nme`. Did you mean `name`?",
    ):
        assert words in said
    assert "9 mistakes" in said


def test_mistakes_of_yaml_have_the_lines_of_the_file(people, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text("- {name: a, not_null: [zip]}\n- {name: a, uniq: [zip]}\n")
    assert "rules.yml:2: rules[1].uniq: unknown key" in refused(people, "--rules", rules)
    rules.write_text("- {name: a, not_null: [zip]}\n- {name: a, unique: [zip]}\n")
    said = refused(people, "--rules", rules)
    assert f"rules.yml:2: the rule at {rules}:1 is called `a` too" in said


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("known: not exists towns.name = city", "a file stands alone"),
        ("lower(name) > 5", "compares a number with text"),
        ("regexp_matches(name, '[')", "no regular expression"),
        ("name ~ 5", "rule `rule_1`"),
        ("OneCity: zip -> city", "cannot be the name of a rule"),
    ],
)
def test_a_rule_that_cannot_be_checked(people, rule, words):
    assert words in refused(people, "--rule", rule)


def test_what_is_no_table(tmp_path):
    rule = ("--rule", "a > 0")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "page.csv").write_text("<!doctype html><html></html>")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b and no more")
    assert "is empty" in refused(tmp_path / "empty.csv", *rule)
    assert "HTML" in refused(tmp_path / "page.csv", *rule)
    assert "no sound Parquet" in refused(tmp_path / "broken.parquet", *rule)
    assert "cannot be unpacked" in refused(tmp_path / "broken.gz", *rule)
    assert "Did you mean `empty.csv`?" in refused(tmp_path / "emty.csv", *rule)
    assert "is a folder" in refused(tmp_path, *rule)
    assert "no rules" in refused(tmp_path / "empty.csv")
    assert "no delimiter" in refused(tmp_path / "page.csv", *rule, "--delimiter", "ab")
    assert "no encoding" in refused(tmp_path / "page.csv", *rule, "--encoding", "utf-9")


def test_a_header_alone_has_no_row_that_breaks_a_rule(tmp_path):
    path = tmp_path / "header.csv"
    path.write_text("a,b\n")
    report = found(path, "--rule", "a > 0", "--rule", "a -> b", code=0)
    assert report["rows"] == 0


def test_rejected_records_are_counted_and_keep_their_numbers(tmp_path):
    path = tmp_path / "ragged.csv"
    path.write_text("a,b\n1,2\n3\n4,5,6\n7,8\n")
    report = found(path, "--rule", "a > 5")
    assert report["rows"] == 2
    assert report["rejected"]["records"] == 2
    assert [one["row"] for one in report["rejected"]["examples"]] == [2, 3]
    assert report["rules"][0]["witnesses"][0]["rows"] == [4]


ODD = 'City,city,"a ""q""",_row,,_rule,x,x\nA,b,1,2,3,4,5,6\nB,b,1,2,3,4,5,6\n'


def test_odd_names_of_columns_are_those_of_the_header_everywhere(tmp_path):
    path, out = tmp_path / "odd.csv", tmp_path / "out.csv"
    path.write_text(ODD)
    rules = ["t1.city = t2.city", 't1."a ""q""" = 1', "_row = 2", "column_5 = 'c'"]
    words = [word for rule in rules for word in ("--rule", rule)]
    report = found(path, *words, "--violations", out)
    assert [r["violating_rows"] for r in report["rules"]] == [2, 2, 2, 0]
    assert report["layout"]["header"] == [
        "City", "city", 'a "q"', "_row", "", "_rule", "x", "x"
    ]  # fmt: skip
    assert report["columns"] == [
        "City", "city", 'a "q"', "_row", "column_5", "_rule", None, None
    ]  # fmt: skip
    equal, _, ours, _ = report["rules"]
    assert equal["witnesses"][0]["sentence"] == "rows 1 and 2 have city = 'b'"
    assert equal["compared"][0]["comparison"] == 't1."city" = t2."city"'
    assert ours["witnesses"][0]["values"] == [{"_row": "2"}]
    with out.open(newline="") as file:
        header, first, *_ = csv.reader(file)
    told = ["_record", "__rule", "_role", "_blamed", "_reason"]
    assert header == [*told, "City", "city", 'a "q"', "_row", "", "_rule"]
    assert first[5:] == ["A", "b", "1", "2", "3", "4"]
    said = typed(path, *words).stderr
    assert said.count("column 5 has no name in the header; rules call it `column_5`") == 1
    assert "2 columns are called `x`" in said
    assert "no column `city_2`" in refused(path, "--rule", "city_2 = 'b'")
    assert "`x` more than once" in refused(path, "--rule", "x > 1")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tsv", b"a\tb\n1\tx\n2\tx\n"),
        ("a.txt", b"a;b\n1;x\n2;x\n"),
        ("a.csv", "a,b\n1,x\n2,x\n".encode("utf-16")),
        ("a.csv.gz", gzip.compress(b"a,b\n1,x\n2,x\n", mtime=0)),
        ("a.jsonl", b'{"a": 1, "b": "x"}\n{"b": "x", "a": 2}\n'),
        ("a.json", b'[{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]'),
    ],
)
def test_formats_are_found_out(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    one, two = found(path, "--rule", "t1.b = t2.b", "--rule", "a > 1")["rules"]
    assert (one["violating_rows"], two["violating_rows"]) == (2, 1)
    assert one["witnesses"][0]["values"] == [{"b": "x"}, {"b": "x"}]


def test_parquet_and_latin_1(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [9, 10, None], "s": ["9", "10", None]}), path)
    one, two = found(path, "--rule", "t1.a < t2.a", "--rule", "t1.s < t2.s")["rules"]
    assert one["witnesses"][0]["rows"] == two["witnesses"][0]["rows"] == [1, 2]
    path = tmp_path / "latin.csv"
    path.write_bytes("name,n\nJosé,1\nMüller,2\n".encode("latin-1"))
    (rule,) = found(path, "--rule", "name = 'José'")["rules"]
    assert rule["witnesses"][0]["values"] == [{"name": "José"}]


def test_violations_hold_the_cells_of_the_file(people, tmp_path):
    out = tmp_path / "broken.csv"
    report = found(
        people, "--rule", ONE_CITY, "--rule", "name = 'Dot'", "--violations", out
    )
    assert report["violations"] == {"file": str(out), "rows": 3}
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["_record"], r["_rule"], r["_role"]) for r in rows] == [
        ("1", "rule_1", "both"), ("2", "rule_1", "both"), ("4", "rule_2", "t1"),
    ]  # fmt: skip
    assert rows[2]["city"] == 'New "York"'
    assert rows[0]["zip"] == "01234"
    out = tmp_path / "broken.parquet"
    found(people, "--rule", "salary < 0", "--violations", out, code=0)
    assert pq.read_table(out).num_rows == 0
    assert "in this format" in refused(
        people, "--rule", "zip > 1", "--violations", "x.xls"
    )


def test_neighbours_are_in_the_order_of_values(tmp_path):
    path, rules = tmp_path / "counter.csv", tmp_path / "rules.yml"
    path.write_text("device,n,total\na,9,5\na,10,4\na,11,7\nb,1,9\n")
    rules.write_text(
        "- name: falls\n  sequence: {per: device, by: n}\n  deny: total < previous.total\n"
    )
    (rule,) = found(path, "--rules", rules)["rules"]
    (witness,) = rule["witnesses"]
    assert witness["rows"] == [2, 1]
    assert witness["values"][0] == {"device": "a", "n": "10", "total": "4"}
    assert "n = '10'" in witness["sentence"]


def test_a_dry_run_reads_no_row(people, tmp_path):
    result = typed(people, "--rule", ONE_CITY, "--dry-run")
    assert result.exit_code == 0
    assert "smallest and largest value of each group, O(n)" in result.stdout
    explained = typed(people, "--rule", "salary > 5000", "--explain").stdout
    assert "salary > 5000 as number" in " ".join(explained.split())
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "- {name: r, functional: {zip: [city]}, where: salary > 0, holds: 90%,\n"
        "   blame: fewest, severity: warn}\n"
    )
    for option in ("--dry-run", "--explain"):
        said = " ".join(typed(people, "--rules", rules, option).stdout.split())
        for words in (
            "where salary > 0", "holds for 90% of the rows", "blame fewest",
            "severity warn", f"given in {rules}:1", "delimiter , (found out)",
        ):  # fmt: skip
            assert words in said
    (plan,) = found(people, "--rules", rules, "--dry-run", code=0)["rules"]
    assert (plan["where"], plan["holds"], plan["blame"], plan["declared"]) == (
        "salary > 0", "90%", ["fewest"], f"{rules}:1",
    )  # fmt: skip


def test_examples_are_as_many_as_are_asked_for(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("a\n" + "1\n" * 100)
    for number in (0, 1, 40):
        (rule,) = found(path, "--rule", "a > 0", "--examples", number)["rules"]
        assert len(rule["witnesses"]) == number


def test_an_asset_is_checked_with_its_rules_or_others(ran):
    result = CliRunner().invoke(
        backbone, ["-C", str(ran), "check", "trusted.sales", "--json"]
    )
    report = json.loads(result.stdout)
    assert (result.exit_code, report["asset"]) == (0, "trusted.sales")
    assert {r["name"]: r["violating_rows"] for r in report["rules"]} == {
        "positive": 0, "known_shop": 1,
    }  # fmt: skip
    for asset, rule, rows in (
        ("trusted.sales", "t1.shop = t2.shop and t1.amount < t2.amount", 0),
        ("formatted.sales", "amount < 0", 1),
        ("exploitation.by_shop", "sales > 0", 3),
    ):
        words = ["-C", str(ran), "check", asset, "--rule", rule, "--json"]
        (one,) = json.loads(CliRunner().invoke(backbone, words).stdout)["rules"]
        assert one["violating_rows"] == rows


def test_what_an_asset_is_not_asked(ran):
    for words, said in (
        (["formatted.sales"], "no rules are declared"),
        (["trusted.sales", "--null", "x"], "are for files"),
        (["trusted.sales", "--rule", "amont < 0"], "Did you mean `amount`?"),
        (["trusted.nosuch", "--rule", "a < 0"], "no asset"),
    ):
        result = CliRunner().invoke(backbone, ["-C", str(ran), "check", *words])
        assert result.exit_code == 2
        assert said in result.stderr


def test_rules_that_hold_nearly_always_somewhere_and_whose_fault_it_is(tmp_path):
    path, rules = tmp_path / "a.csv", tmp_path / "rules.yml"
    rows = [("01", "x", 9), ("01", "x", 10), ("01", "y", 11), ("2", "y", 100)]
    path.write_text("k,v,n\n" + "".join(f"{k},{v},{n}\n" for k, v, n in rows))
    rules.write_text(
        "- {name: fd, functional: {k: [v]}, blame: fewest, holds: 75%}\n"
        "- {name: few, functional: {k: [v]}, where: n < 11, holds: 100%}\n"
        "- {name: small, where: k <> '2', range: {n: [10, 50]}}\n"
    )
    report = found(path, "--rules", rules)
    fd, few, small = report["rules"]
    assert (fd["violating_rows"], fd["blamed_rows"], fd["questioned"]) == (3, 1, False)
    assert (few["violating_rows"], few["looked_rows"]) == (0, 2)
    assert (small["violating_rows"], small["looked_rows"]) == (1, 3)
    assert (small["share"], fd["share"]) == (1 / 3, 3 / 4)
    assert [witness["rows"] for witness in small["witnesses"]] == [[1]]
    assert "33.3% of 3" in typed(path, "--rules", rules).stdout
    rules.write_text("- {name: fd, functional: {k: [v]}, blame: later, holds: 75%}\n")
    assert found(path, "--rules", rules, code=0)["failed"] is False
    assert "1 rule holds" in typed(path, "--rules", rules).stderr


def test_the_fewest_rows_that_are_wrong_in_a_file_of_texts(tmp_path):
    path, rules = tmp_path / "a.csv", tmp_path / "rules.yml"
    rows = [("x", 9, 1), ("x", 10, 2.5), ("x", 11, 0.5), ("x", 100, "3e0"), ("y", 1, 9)]
    path.write_text("k,pay,tax\n" + "".join(f"{k},{p},{t}\n" for k, p, t in rows))
    said = "t1.k = t2.k and t1.pay > t2.pay and t1.tax < t2.tax"
    rules.write_text(f"- {{name: tax, deny: {said}, blame: fewest, holds: 80%}}\n")
    out = tmp_path / "broken.csv"
    asked = ["--rules", rules, "--rule", "k = 'y'", "--violations", out]
    (_, tax) = found(path, *asked)["rules"]
    assert (tax["violating_rows"], tax["blamed_rows"], tax["questioned"]) == (3, 1, False)
    with out.open(newline="") as file:
        told = [(r["_record"], r["_blamed"], r["k"]) for r in csv.DictReader(file)]
    assert told[1:] == [("1", "false", "x"), ("2", "false", "x"), ("3", "true", "x")]
    assert told[0] == ("5", "true", "y")
    rules.write_text(f"- name: tax\n  deny: {said} and t1.k < t2.k\n  blame: fewest\n")
    said = refused(path, "--rules", rules)
    assert "rules.yml:1: rule `tax`: the fewest rows to blame cannot be computed" in said
    assert "it has more than two order comparisons" in said


def test_a_rule_in_sql_needs_a_project(people, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text("- {name: r, sql: select _row as row from trusted.people}\n")
    assert "a file stands alone" in refused(people, "--rules", rules)


def test_what_is_checked_is_not_written_over(people):
    before = people.read_bytes()
    said = refused(people, "--rule", ONE_CITY, "--violations", people)
    assert "is what is checked" in said
    assert people.read_bytes() == before


def test_all_rows_are_written_of_rules_on_neighbours_too(tmp_path):
    path, rules, out = tmp_path / "a.csv", tmp_path / "r.yml", tmp_path / "out.csv"
    path.write_text("d,at,v\na,2020-01-02,1\na,2020-01-01,5\nb,2020-01-01,5\n")
    rules.write_text(
        "- {name: falls, sequence: {per: d, by: at}, deny: v < previous.v}\n"
        "- {name: one, unique: [v]}\n"
    )
    found(path, "--rules", rules, "--violations", out)
    with out.open() as file:
        rows = [(row["_rule"], row["_record"]) for row in csv.DictReader(file)]
    assert rows == [("falls", "1"), ("falls", "2"), ("one", "2"), ("one", "3")]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("{name: r, functional: {zip: []}}", "it asks for nothing"),
        ("{name: r, accepted: {zip: []}}", "`zip` accepts no value"),
        ("{name: r, range: {salary: [10, 3]}}", "the lowest, 10, is above the highest"),
    ],
)
def test_rules_that_ask_for_nothing(people, tmp_path, rule, says):
    rules = tmp_path / "rules.yml"
    rules.write_text(f"- {rule}\n")
    assert says in refused(people, "--rules", rules)
    assert "the text is empty" in refused(people, "--rule", "")


def test_a_rule_that_is_too_dear_is_refused_and_the_others_are_not(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "".join(f"{n},x{n % 3}\n" for n in range(30_000)))
    dear = "dear: t1.a + t2.a < 0"
    report = found(path, "--rule", "cheap: a = 7", "--rule", dear, code=2)
    cheap, other = report["rules"]
    assert cheap["violating_rows"] == 1
    assert "900,000,000 pairs of rows" in other["refused"]
    assert report["refused"] == ["dear"]
    said = typed(path, "--rule", dear)
    assert said.exit_code == 2
    assert "--allow-quadratic lets it run" in said.stderr


def test_who_is_to_blame_is_said_everywhere(tmp_path):
    path, rules, out = tmp_path / "a.csv", tmp_path / "r.yml", tmp_path / "out.csv"
    path.write_text("k,v\n1,x\n1,x\n1,y\n2,z\n")
    rules.write_text(
        "- {name: few, functional: {k: [v]}, blame: fewest}\n"
        "- {name: second, deny: t1.k = t2.k and t1.v < t2.v, blame: [t2.v]}\n"
        "- {name: both, functional: {k: [v]}}\n"
        "- {name: alone, deny: v = 'z'}\n"
    )
    report = found(path, "--rules", rules, "--violations", out)
    assert {r["name"]: r["blamed_rows"] for r in report["rules"]} == {
        "few": 1, "second": 1, "both": None, "alone": 1,
    }  # fmt: skip
    few, second, both, alone = (r["witnesses"][0] for r in report["rules"])
    assert [w["blamed"] for w in (few, second, both, alone)] == [[3], [3], None, [4]]
    assert few["sentence"].endswith("; to blame: row 3")
    assert "blame" not in both["sentence"] + alone["sentence"]
    with out.open(newline="") as file:
        told = [(r["_rule"], r["_record"], r["_blamed"]) for r in csv.DictReader(file)]
    assert told == [
        ("few", "1", "false"), ("few", "2", "false"), ("few", "3", "true"),
        ("second", "1", "false"), ("second", "2", "false"), ("second", "3", "true"),
        ("both", "1", ""), ("both", "2", ""), ("both", "3", ""),
        ("alone", "4", "true"),
    ]  # fmt: skip


def test_numbers_that_are_accepted_are_held_against_text_in_the_open(tmp_path):
    path, rules = tmp_path / "a.csv", tmp_path / "r.yml"
    path.write_text("code,word,plain\n01,a,1.0\n02,b,2.0\n")
    rules.write_text("- accepted: {code: [1, 2], word: [1, 2], plain: [1, 2]}\n")
    report = found(path, "--rules", rules)
    assert [note["column"] for note in report["notes"]] == ["code", "word"]
    assert "begin with zeros" in report["notes"][0]["note"]
    assert "'a' in row 1" in report["notes"][1]["note"]
    rules.write_text("- accepted: {code: [01, 02], word: [a, 2, b], plain: [1, 2]}\n")
    assert found(path, "--rules", rules, code=0)["notes"] == []


def test_times_are_compared_with_texts_as_texts(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,seen,note\n1,,later\n2,2020-01-31,\n")
    (rule,) = found(path, "--rule", "t1.seen <> t2.note")["rules"]
    assert rule["violating_rows"] == 2
    assert rule["compared"] == [{"comparison": "t1.seen <> t2.note", "as": "text"}]


def test_numbers_beside_a_code_are_told_to_be_texts(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,x\n1.0,y\n01,z\n")
    report = found(path, "--rule", "a -> b", code=0)
    assert (
        "compared as text: 1 of 3 values begins with zeros" in report["notes"][0]["note"]
    )
    path.write_text("a,b\n1,x\n1.0,y\n7,z\n")
    report = found(path, "--rule", "a -> b")
    assert (report["notes"], report["rules"][0]["violating_rows"]) == ([], 2)
    path.write_text("a,b\n1,x\n10,y\n01,z\n")
    assert found(path, "--rule", "a -> b", code=0)["notes"] == [], "codes, all of them"


def test_bounds_of_two_kinds_and_words_that_blame_nobody(people, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text(
        '- {name: w, range: {zip: ["a", 5]}}\n'
        "- {name: c, functional: {zip: city}, blame: fewst}\n"
        '- {name: fits, range: {zip: ["0", 9999999]}}\n'
    )
    result = CliRunner().invoke(backbone, ["check", str(people), "--rules", str(rules)])
    assert result.exit_code == 2
    assert "rules.yml:1: rule `w`: `zip`: from `a` to `5` is no range" in result.stderr
    assert "no column, and none of `fewest`, `later`, `earlier`" in result.stderr
    assert "Did you mean `fewest`?" in result.stderr
    assert "2 mistakes" in result.stderr


def test_a_row_that_is_fine_does_not_count(ran, tmp_path):
    copy = shutil.copytree(ran, tmp_path / "copy")

    def checked(*more):
        words = ["-C", str(copy), "check", "trusted.sales", "--json", *more]
        return json.loads(CliRunner().invoke(backbone, words).stdout)["rules"]

    rule = "known_shop: shop = 'west'"
    before = {r["name"]: (r["violating_rows"], r["fine_rows"]) for r in checked()}
    assert before["known_shop"] == (1, 0)
    decide = ["-C", str(copy), "decide", "trusted.sales", "4", "--fine", "known_shop"]
    assert CliRunner().invoke(backbone, [*decide, "--reason", "new"]).exit_code == 0
    after = {r["name"]: (r["violating_rows"], r["fine_rows"]) for r in checked()}
    assert after == before | {"known_shop": (0, 1)}
    assert [r["violating_rows"] for r in checked("--rule", rule)] == [0]
    assert [r["violating_rows"] for r in checked("--rule", rule[12:])] == [1]


@pytest.mark.parametrize(
    "rule",
    [
        "forall t1, t2: !(t1.zip == t2.zip and t1.city != t2.city)",
        "∀ t1 t2: ¬(t1.zip = t2.zip ∧ t1.city ≠ t2.city)",
        "own: forall t s: !(t.zip == s.zip and t.city != s.city)",
    ],
)
def test_quantifiers_are_read_in_a_file_and_typed(people, tmp_path, rule):
    rules = tmp_path / "rules.txt"
    rules.write_text(f"{rule}\n!(t2.name == t2.city)\n")
    from_file, one_row = found(people, "--rules", rules)["rules"]
    (given,) = found(people, "--rule", rule)["rules"]
    assert from_file["deny"] == given["deny"] == ONE_CITY
    assert from_file["violating_rows"] == given["violating_rows"] == 2
    assert one_row["deny"] == "t1.name = t1.city"


def test_side_tables_are_not_for_rules(ran, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "- name: r\n  sql: select s._row as row from trusted.sales s\n"
        "    join trusted.sales__repairs r on s.id = r._record\n"
    )
    words = ["-C", str(ran), "check", "trusted.sales", "--rules", str(rules)]
    result = CliRunner().invoke(backbone, words)
    assert (result.exit_code, "is a side table" in result.stderr) == (2, True)


def test_dependencies_and_conditions_find_together_what_they_find_alone(tmp_path):
    path = tmp_path / "a.csv"
    rows = [(n % 7, n % 5, n % 3, n % 7 + (n == 40), n) for n in range(60)]
    path.write_text("a,b,c,d,e\n" + "".join(",".join(map(str, r)) + "\n" for r in rows))
    rules = ["a -> d", "a -> b", "e > 50", "b -> c", "t1.e < t2.e and t1.d > t2.d", "c=9"]
    words = [word for rule in rules for word in ("--rule", rule)]
    together = found(path, *words)["rules"]
    alone = [found(path, "--rule", r, code=int(r != "c=9"))["rules"][0] for r in rules]
    keys = ("violating_rows", "pairs", "pairs_at_least", "witnesses")
    assert [[r[k] for k in keys] for r in together] == [
        [r[k] for k in keys] for r in alone
    ]
    assert together[0]["violating_rows"] == sum(row[0] == 40 % 7 for row in rows)


def test_several_files_have_a_result_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "1": "a,b\n1,2\n1,3\n", "2": "a;b\n1;2\n2;3\n", "3": "a,c\n1,2\n", "4": "",
    }.items():  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(text)
    result = typed("[12].csv", "--rule", "a -> b")
    assert result.exit_code == 1
    assert "✗  1.csv     2         0  rule_1 (2)" in result.stdout
    assert "✓  2.csv" in result.stdout
    assert "1 of 2 files breaks rules" in result.stderr
    one, two = found("2.csv", "1.csv", "--rule", "a -> b")
    assert [(r["file"], r["failed"]) for r in (one, two)] == [
        ("2.csv", False), ("1.csv", True),
    ]  # fmt: skip
    (alone,) = found("1*.csv", "--rule", "a -> b")
    assert alone["file"] == "1.csv"
    assert found("[2].csv", "2.csv", "--rule", "a -> b", code=0)[0]["rows"] == 2
    every = found("*.csv", "--rule", "a -> b", code=2)
    assert [r["file"] for r in every if "error" in r] == ["3.csv", "4.csv"]
    assert "there is no column `b`" in every[2]["error"]["what"]
    assert "no column `q`" in refused("*.csv", "--rule", "a -> q")
    assert "no file is called like" in refused("*.tsv", "--rule", "a -> b")
    assert "for one file" in refused("*.csv", "--rule", "a -> b", "--violations", "o.csv")
    assert f"backbone check '{tmp_path}/*.csv'" in refused(tmp_path, "--rule", "a -> b")


def test_how_a_file_is_laid_out_can_be_said_and_is_told(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("näme%b\nx%1\nx%2\n".encode("latin-1"))
    assert "if it is not, --delimiter says" in refused(path, "--rule", "näme -> b")
    words = ("--rule", "näme -> b", "--delimiter", "%")
    report = found(path, *words)
    assert report["layout"] == {
        "format": "csv", "delimiter": "%", "encoding": "windows-1252",
        "header": ["näme", "b"], "found_out": ["format", "encoding", "header"],
    }  # fmt: skip
    said = " ".join(typed(path, *words, "--verbose").stderr.split())
    assert "delimiter % encoding windows-1252 (found out) columns näme, b" in said
    assert "found out" not in typed(path, *words).stderr
    path.write_text("a\tb\n1\t2\n1\t3\n")
    report = found(path, "--rule", "a -> b", "--delimiter", "\\t", "--encoding", "utf-8")
    assert report["layout"]["found_out"] == ["format", "header"]
