"""Scores, history, profile and report of a project, as a user gets them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from tests.projects import edit, shop_project, write

from backbone.app import profiles
from backbone.app.environment import Environment
from backbone.app.lineage import explain
from backbone.app.notebook import Handle
from backbone.app.pages import quality_page, zone_page
from backbone.app.profiles import profile
from backbone.app.quality import history, overview, quality
from backbone.app.runs import run
from backbone.cli.main import backbone
from backbone.errors import LakeError
from backbone.project import load

BAD = '<script>alert("1")</script>'


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop of three versions: as it is, with worse data, and with better ones."""
    folder = shop_project(tmp_path_factory.mktemp("quality") / "shop")
    edit(
        folder / "trusted" / "sales.yml",
        "  - {name: known_shop,",
        "  - {name: small, range: {amount: [~, 7]}, weight: 2}\n  - {name: known_shop,",
    )
    with Environment(load(folder)) as env:
        run(env)
        more = (
            f'id,day,shop,amount\n7,2024-03-01,"{BAD.replace(chr(34), chr(34) * 2)}",9\n'
        )
        write(folder, {"inbox/sales_3.csv": more})
        run(env)
        more = "\n".join(f"{n},2024-04-01,north,1" for n in range(8, 14))
        write(folder, {"inbox/sales_4.csv": f"id,day,shop,amount\n{more}\n"})
        run(env)
    return folder


@pytest.fixture
def env(shop):
    with Environment(load(shop)) as environment:
        yield environment


def mean(**scores):
    """The weighted mean of rules as they are declared: small weighs 2."""
    weights = {"small": 2}
    total = sum(score * weights.get(name, 1) for name, score in scores.items())
    return pytest.approx(total / (len(scores) + 1), abs=1e-15)


def test_every_version_has_the_score_worked_out_by_hand(env):
    found = history(env, "trusted.sales")
    assert [one["version"] for one in found] == ["2", "1", "0"]
    assert [one["rows"] for one in found] == [12, 6, 5]
    # of 5, 6, 12 rows: 1, 2, 2 are above 7; 1, 2, 2 have an unknown shop
    kept = [10 / 12, 4 / 6, 4 / 5]
    wanted = [mean(one_sale=1, positive=1, small=s, known_shop=s) for s in kept]
    assert [one["score"] for one in found] == wanted
    # `positive` quarantined the same one of 6, 7, 13 rows
    wanted = [
        mean(one_sale=1, positive=1 - 1 / n, small=s, known_shop=s)
        for n, s in zip((13, 7, 6), kept, strict=True)
    ]
    assert [one["score_before"] for one in found] == wanted
    assert [one["violated_rules"] for one in found] == [3, 3, 3]
    assert [one["dimensions"]["consistency"] for one in found] == kept
    assert len({one["run"] for one in found}) == 3


def test_the_newest_version_has_all_that_is_promised(env):
    found = quality(env, "trusted.sales")
    assert found["score"] == history(env, "trusted.sales")[0]["score"]
    assert [(d["name"], d["rules"], d["weight"]) for d in found["dimensions"]] == [
        ("uniqueness", 1, 1.0), ("validity", 2, 3.0), ("consistency", 1, 1.0)
    ]  # fmt: skip
    rules = {rule["name"]: rule for rule in found["rules"]}
    small = rules["small"]
    assert (small["violating_rows"], small["left_rows"]) == (2, 2)
    assert (small["dimension"], small["weight"]) == ("validity", 2.0)
    assert small["score"] == small["score_before"] == pytest.approx(10 / 12)
    columns = {column["name"]: column for column in found["columns"]}
    assert list(columns) == ["id", "day", "shop", "amount"]
    assert columns["shop"]["rules"] == ["known_shop"]
    assert columns["shop"]["score"] == pytest.approx((1 + 10 / 12) / 2)
    assert columns["day"] == {
        "name": "day", "type": "date", "score": 1.0, "completeness": 1.0, "nulls": 0,
        "rules": [],
    }  # fmt: skip
    assert found["account"]["quarantined"] == 1


def test_the_zone_in_short(env):
    sales, shops = overview(env)
    past = history(env, "trusted.sales")
    assert sales["asset"] == "trusted.sales"
    assert sales["change"] == past[0]["score"] - past[1]["score"] > 0
    assert (sales["rules"], sales["violated_rules"]) == (4, 3)
    assert sales["worst_dimension"] == "consistency"
    assert (shops["score"], shops["change"], shops["worst_dimension"]) == (None,) * 3


def test_a_weight_or_dimension_makes_no_table_anew(tmp_path):
    folder = shop_project(tmp_path / "shop")
    with Environment(load(folder)) as env:
        run(env)
        before = quality(env, "trusted.sales")["score"]
    rule = "  - {name: known_shop,"
    more = f"{rule} weight: 9, dimension: timeliness,"
    edit(folder / "trusted" / "sales.yml", rule, more)
    with Environment(load(folder)) as env:
        assert {step.status for step in run(env).steps} == {"skipped"}
        found = quality(env, "trusted.sales")
        assert found["score"] < before
        assert found["dimensions"][-1]["name"] == "timeliness"


def test_the_freshness_of_a_source_counts(tmp_path, monkeypatch):
    folder = shop_project(tmp_path / "shop")
    with Environment(load(folder)) as env:
        run(env)
    edit(folder / "sources" / "till.yml", "path:", "fresh_within: 2h\npath:")
    later = datetime.now(UTC) + timedelta(hours=8)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return later.astimezone(tz)

    with Environment(load(folder)) as env:
        young = quality(env, "trusted.sales")
        assert (young["freshness"]["score"], young["freshness"]["source"]) == (1, "till")
        monkeypatch.setattr("backbone.app.quality.datetime", Clock)
        old = quality(env, "trusted.sales")
        (timeliness,) = [d for d in old["dimensions"] if d["name"] == "timeliness"]
        assert timeliness["score"] == pytest.approx(0.25, rel=1e-3)
        assert old["score"] < young["score"]
        assert history(env, "trusted.sales")[0]["dimensions"]["timeliness"] == 1


def test_a_profile_is_computed_once_for_a_version(env, monkeypatch):
    found = profile(env, "trusted.sales")
    assert (found["version"], found["rows"]) == ("2", 12)
    amount = found["columns"][3]
    assert (amount["name"], amount["min"], amount["max"]) == ("amount", 0.1, 9)
    monkeypatch.setattr(profiles, "_computed", None)
    assert profile(env, "trusted.sales") == found
    json.dumps(found, allow_nan=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_where_the_lake_cannot_be_written_the_profile_is_not_kept(tmp_path):
    folder = shop_project(tmp_path / "shop")
    with Environment(load(folder)) as env:
        run(env)
        (folder / ".backbone" / "lake").chmod(0o500)
        assert profile(env, "trusted.sales")["rows"] == 5
        (folder / ".backbone" / "lake").chmod(0o700)


class Page(HTMLParser):
    """What a page holds: its tags, its texts, and whether every tag is closed."""

    EMPTY = ("meta", "link", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.attributes = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())

    @property
    def text(self):
        return " ".join(word for word in self.words if word)


def checked(text):
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [v for k, v in page.attributes if k in {"src", "href"} and v[0] != "#"]
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {v[1:] for k, v in page.attributes if k == "href"} <= set(ids)
    drawn = page.tags.count("svg")
    labels = [v for k, v in page.attributes if k == "aria-label" and v]
    assert drawn <= len(labels)
    return page


def test_the_report_of_a_table_tells_its_figures_and_escapes_its_values(env):
    text = quality_page(env, "trusted.sales")
    page = checked(text)
    assert BAD not in text
    assert "<script>alert" in page.text  # as a text that is shown
    for words in ("known_shop", "small", "Over versions", "Where rows went"):
        assert words in page.text
    assert "0.900" in page.text  # (1 + 1 + 3 * 10/12) / 5
    assert any("Score over 3 versions" in v for k, v in page.attributes if v)
    assert any("1 quarantined" in v for k, v in page.attributes if v)
    assert "trim changed" in page.text
    assert page.tags.count("article") == 4


@pytest.mark.parametrize(
    "asset", ["formatted.sales", "trusted.shops", "exploitation.by_shop"]
)
def test_tables_without_rules_have_a_report(env, asset):
    page = checked(quality_page(env, asset))
    assert "No rule is declared" in page.text


def test_the_report_of_the_zone_has_every_table(env):
    page = checked(zone_page(env))
    assert "trusted.sales" in page.text
    assert "trusted.shops" in page.text
    assert "+0.100" in page.text


def test_a_zone_that_was_never_made_has_a_report_and_a_list(tmp_path):
    folder = shop_project(tmp_path / "shop")
    with Environment(load(folder)) as env:
        assert [one["version"] for one in overview(env)] == [None, None]
        checked(zone_page(env))
        for ask in (history, profile, quality, quality_page):
            with pytest.raises(LakeError, match="has not been made yet"):
                ask(env, "trusted.sales")


def test_many_rules_and_columns_stay_usable(tmp_path):
    names = [f"c{n}" for n in range(45)]
    write(
        tmp_path,
        {
            "backbone.yml": "name: wide\nengine: {kind: duckdb, threads: 1}\n",
            "sources/s.yml": "collector: files\npath: in/*\ndatasets: {wide: '*'}\n",
            "formatted/wide.yml": "from: landing.wide\nread: {format: csv}\ncolumns:\n"
            + "".join(f"  {name}: {{type: integer}}\n" for name in names),
            "trusted/wide.yml": "rules:\n"
            + "".join(
                f"  - {{name: r{n}_{name}, range: {{{name}: [{n % 2}, 5]}}}}\n"
                for name in names
                for n in (0, 1)
            ),
            "in/a.csv": "\n".join([",".join(names)] + [",".join("012" * 15)] * 3),
        },
    )
    with Environment(load(tmp_path)) as env:
        run(env)
        page = checked(quality_page(env, "trusted.wide"))
    assert "5 more columns" in page.text
    assert page.tags.count("article") == 45
    assert "75 that every row keeps" in page.text


def test_the_command_line_and_the_notebook_say_the_same(shop, env, tmp_path):
    def call(*words):
        result = CliRunner().invoke(backbone, ["-C", str(shop), "quality", *words])
        assert result.exit_code == 0, result.stderr
        return result

    found = json.loads(call("trusted.sales", "--json").stdout)
    wanted = quality(env, "trusted.sales")
    assert {**found, "rules": 0} == {**json.loads(json.dumps(wanted)), "rules": 0}
    with Handle(shop) as bb:
        assert [v["score"] for v in bb.quality_history("trusted.sales")] == [
            v["score"]
            for v in json.loads(call("trusted.sales", "--history", "--json").stdout)
        ]
        assert bb.profile("trusted.sales")["rows"] == 12
        assert "score 0.900" in bb.quality("trusted.sales")._repr_html_()
    assert "0.900" in call().stdout
    assert "3 versions" in call("trusted.sales", "--history").stdout
    assert "amount" in call("trusted.sales", "--profile").stdout
    out = tmp_path / "sales.html"
    told = call("trusted.sales", "--html", str(out))
    assert (told.stdout, out.read_text()[:9]) == ("", "<!doctype")
    assert [row["asset"] for row in json.loads(call("--json").stdout)] == [
        "trusted.sales", "trusted.shops"
    ]  # fmt: skip


def test_a_score_under_the_bar_fails(shop):
    def call(*words, code):
        result = CliRunner().invoke(backbone, ["-C", str(shop), "quality", *words])
        assert result.exit_code == code, result.stderr
        return result

    low = call("trusted.sales", "--fail-under", "0.91", code=1)
    assert "trusted.sales  score 0.900 is under 0.91: " in low.stderr
    call("--fail-under", "90%", code=0)
    found = json.loads(call("--json", "--fail-under", "91 %", code=1).stdout)
    sales, shops = (one["fail_under"] for one in found)
    assert (sales["passed"], shops["passed"], sales["bar"]) == (False, True, 0.91)
    scores = [rule["score"] for rule in sales["rules"]]
    assert scores == sorted(scores)
    assert max(scores) < 0.91
    with Handle(shop) as bb:
        assert bb.quality(fail_under=0.91) == found
        assert bb.quality("trusted.sales", fail_under="0.9")["fail_under"]["passed"]
    assert "Did you mean 95%?" in call("--fail-under", "95", code=2).stderr
    asked = ("trusted.sales", "--history", "--fail-under", "1")
    assert "leave out --history" in call(*asked, code=2).stderr


def test_a_table_that_was_never_made_does_not_pass(tmp_path):
    shop_project(tmp_path / "shop")
    words = ["-C", str(tmp_path / "shop"), "quality", "--fail-under", "0"]
    result = CliRunner().invoke(backbone, words)
    assert result.exit_code == 1
    assert "trusted.sales  not made yet" in result.stderr


def test_what_people_decided_and_cleaning_could_not_read_are_told(tmp_path):
    folder = shop_project(tmp_path / "shop")
    clean = (
        "  - {column: shop, codes: {accepted: [north]}}\n"
        "  - {column: shop, do: [casefold]}\nrules:\n"
    )
    edit(folder / "trusted" / "sales.yml", "rules:\n", clean)
    said = "reason: Seen <there>., by: mia, decided: 2026-01-01"
    write(folder, {"decisions/sales.yml": "decisions:\n" + "".join([
        f"  - {{name: mine, where: {{id: '1'}}, set: {{amount: '5'}}, {said}}}\n",
        f"  - {{name: gone, where: {{id: '99'}}, out: true, {said}}}\n",
        f"  - {{name: over, where: {{id: '1'}}, out: true, {said}, until: 2026-01-02}}\n",
    ])})  # fmt: skip
    with Environment(load(folder)) as env:
        run(env)
        found = quality(env, "trusted.sales")
        page = checked(quality_page(env, "trusted.sales"))
        zone = checked(zone_page(env))
        said = explain(env, "trusted.sales")["decisions"]
    assert [one.get("until", "") for one in said] == ["", "", "2026-01-02"]
    assert not [v for one in said for v in one.values() if v is None or v == []]
    words = "3 decisions of people: 1 applied, 1 no row, 1 expired"
    assert words in page.text
    assert words in zone.text
    for told in ("set amount = '5'", "Seen <there>.", "mia, 2026-01-01", "2026-01-02"):
        assert told in page.text
    _, codes, fold = found["cleaning"]
    assert (fold["cells"], fold.get("unread")) == (0, None)
    assert codes["unread"]["cells"] == sum(
        e["cells"] for e in codes["unread"]["examples"]
    )
    assert {e["text"] for e in codes["unread"]["examples"]} == {"south", "west"}
    assert "What cleaning could not read" in page.text
    result = CliRunner().invoke(backbone, ["-C", str(folder), "quality", "trusted.sales"])
    assert words in result.stdout
    assert "'south'" in result.stdout.split("What cleaning could not read")[1]


def test_what_cannot_be_asked_is_said(shop, tmp_path):
    result = CliRunner().invoke(backbone, ["-C", str(shop), "quality", "--history"])
    assert result.exit_code == 2
    assert "quality ASSET --history" in result.stderr
    asked = ("quality", "trusted.sales", "--history", "--profile")
    result = CliRunner().invoke(backbone, ["-C", str(shop), *asked])
    assert result.exit_code == 2
    assert "two answers" in result.stderr
    nowhere = str(tmp_path / "no" / "such" / "folder.html")
    result = CliRunner().invoke(backbone, ["-C", str(shop), "quality", "--html", nowhere])
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_cleaning_step_that_changed_nothing_is_told_too(tmp_path):
    folder = shop_project(tmp_path / "shop")
    edit(
        folder / "trusted" / "sales.yml",
        "rules:\n",
        "  - {column: shop, replace: {nowhere: somewhere}}\nrules:\n",
    )
    with Environment(load(folder)) as env:
        run(env)
        told = {one["rule"]: one for one in quality(env, "trusted.sales")["cleaning"]}
    assert list(told) == ["clean_1_trim", "clean_2_replace"]
    assert told["clean_1_trim"]["cells"] > 0
    idle = {"rule": "clean_2_replace", "column": "shop", "method": "clean", "cells": 0}
    assert told["clean_2_replace"] == idle
