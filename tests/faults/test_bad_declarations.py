"""Declarations that are wrong: told with file, line and remedy before anything is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.commands import call, listed
from tests.projects import edit, shop_project

SALES, VIEW = "exploitation/by_shop.sql", "exploitation/other.sql"
RULE = "range: {amount: [0, ~]}"


def changed(name: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: edit(folder / name, old, new)


def written(**views: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "exploitation/by_shop.yml").unlink(missing_ok=True)
        for name, sql in views.items():
            (folder / f"exploitation/{name}.sql").write_text(sql)

    return write


# What is wrong: (how it came to be, what is said of it: place, then words).
WRONG = {
    "a misspelt key": (
        changed("formatted/sales.yml", "key: [id]", "kee: [id]"),
        ["formatted/sales.yml:3:", "kee: unknown key", "did you mean `key`?"],
    ),
    "a misspelt key inside": (
        changed("formatted/sales.yml", "{type: date}", "{tpye: date}"),
        ["formatted/sales.yml:6:", "tpye: unknown key", "did you mean `type`?"],
    ),
    "a misspelt setting": (
        changed("backbone.yml", "engine", "enigne"),
        ["backbone.yml:2:", "enigne: unknown key", "did you mean `engine`?"],
    ),
    "a misspelt collector": (
        changed("sources/till.yml", "files", "flies"),
        ["sources/till.yml:1:", "`flies`", "did you mean `files`?"],
    ),
    "a misspelt type": (
        changed("formatted/sales.yml", "{type: date}", "{type: dat}"),
        ["formatted/sales.yml:6:", "`dat` is no canonical type", "`date`?"],
    ),
    "a misspelt dataset": (
        changed("formatted/sales.yml", "landing.sales", "landing.salse"),
        ["formatted/sales.yml:1:", "`landing.salse`", "did you mean `landing.sales`?"],
    ),
    "a misspelt table in a view": (
        changed(SALES, "trusted.sales", "trusted.salse"),
        [f"{SALES}:2:", "`trusted.salse`", "did you mean `trusted.sales`?"],
    ),
    "a misspelt table in a rule": (
        changed("trusted/sales.yml", "shops.shop", "shpos.shop"),
        ["trusted/sales.yml:6:", "`trusted.shpos`", "did you mean `trusted.shops`?"],
    ),
    "a cycle between views": (
        written(by_shop="select shop\nfrom exploitation.other\n",
                other="select shop\nfrom exploitation.by_shop\n"),
        [f"{SALES}:", "a circle", "`exploitation.by_shop` reads `exploitation.other`"],
    ),
    "a view of itself": (
        written(by_shop="select shop from exploitation.by_shop\n"),
        [f"{SALES}:", "`exploitation.by_shop` reads `exploitation.by_shop`"],
    ),
    "a cycle between tables": (
        lambda folder: (folder / "trusted/shops.yml").write_text(
            "rules:\n  - {name: sold, references: {shop: sales.shop}}\n"
        ),
        ["a circle", "`trusted.sales` reads `trusted.shops` reads `trusted.sales`"],
    ),
    "SQL that does not parse": (
        changed(SALES, "group by", "group buy"),
        [f"{SALES}:3:", "does not parse"],
    ),
    "SQL with an open parenthesis": (
        written(by_shop="select shop,\n  count(* as n\nfrom trusted.sales\n"),
        [f"{SALES}:2:", "does not parse", "Expecting )"],
    ),
    "SQL that is no select": (
        written(by_shop="drop table sales\n"),
        [f"{SALES}:1:", "`drop`"],
    ),
    "a view of a missing column": (
        changed(SALES, "s.amount", "s.amuont"),
        [f"{SALES}:1:", "no column `amuont`", "Did you mean `amount`?"],
    ),
    "a misspelt function": (
        changed(SALES, "group by", "where levenstein(s.shop, 'x') > 0\ngroup by"),
        [f"{SALES}:3:", "`levenstein(…)` is not in", "Did you mean `levenshtein`?"],
    ),
    "a grain of a missing column": (
        changed("exploitation/by_shop.yml", "shop", "shpo"),
        ["exploitation/by_shop.yml:1:", "no column `shpo`", "Did you mean `shop`?"],
    ),
    "a bound of a missing column": (
        changed("trusted/sales.yml", "range: {amount", "range: {amuont"),
        ["trusted/sales.yml:5:", "no column `amuont`", "did you mean `amount`?"],
    ),
    "a key of a missing column": (
        changed("formatted/sales.yml", "key: [id]", "key: [di]"),
        ["formatted/sales.yml:3:", "no column `di`", "there are `id`, `day`"],
    ),
    "a denial of a missing column": (
        changed("trusted/sales.yml", RULE, 'deny: "t1.id = t2.id and t1.shpo <> t2.shop"'),
        ["trusted/sales.yml:5:", "no column `shpo`", "did you mean `shop`?"],
    ),
    "a reference to a missing column": (
        changed("trusted/sales.yml", "shops.shop", "shops.shpo"),
        ["trusted/sales.yml:6:", "no column `shpo` in trusted.shops", "`shop`?"],
    ),
    "a step that cleans a missing column": (
        changed("trusted/sales.yml", "column: shop", "column: shpo"),
        ["trusted/sales.yml:2:", "no column `shpo`", "did you mean `shop`?"],
    ),
    "a denial that does not parse": (
        changed("trusted/sales.yml", RULE, 'deny: "t1.id = = t2.id"'),
        ["trusted/sales.yml:5:", "something is missing after `=`", "reads like"],
    ),
    "a denial of unlike things": (
        changed("trusted/sales.yml", RULE, 'deny: "t1.amount > t1.day"'),
        ["trusted/sales.yml:5:", "`amount` and `day`", "a number with a point in time"],
    ),
    "YAML that is none": (
        changed("trusted/sales.yml", "rules:", "rules: ["),
        ["trusted/sales.yml:"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = shop_project(tmp_path_factory.mktemp("finished") / "shop")
    call(folder, "run")
    return folder


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_before_anything_is_written(finished, tmp_path, name):
    make, told = WRONG[name]
    folder = tmp_path / "shop"
    shutil.copytree(finished, folder)
    (folder / "inbox/sales_3.csv").write_text("id,day,shop,amount\n7,,north,1\n")
    make(folder)
    before = everything(folder)

    for verb in ("run", "plan"):
        said = " ".join(call(folder, verb, code=2).output.split())
        assert [words for words in told if words not in said] == [], said
        assert "1 mistake in shop" in said
    assert everything(folder) == before


def everything(folder) -> dict[str, bytes]:
    lake = folder / ".backbone/lake"
    return {
        path.relative_to(lake).as_posix(): path.read_bytes()
        for path in lake.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["a misspelt key", "a view of a missing column"])
def test_a_mistake_in_a_new_project_writes_no_lake_at_all(shop, name):
    make, told = WRONG[name]
    make(shop)

    said = call(shop, "run", code=2).output

    assert told[0] in said
    assert not (shop / ".backbone/lake").exists()


def test_mistakes_of_several_files_are_told_at_once(shop):
    for name in ("a misspelt key", "a misspelt setting", "a misspelt collector"):
        WRONG[name][0](shop)
    WRONG["a misspelt table in a view"][0](shop)
    WRONG["a bound of a missing column"][0](shop)

    said = call(shop, "run", code=2).output

    assert "5 mistakes in shop" in said
    places = [
        line.split(":")[0].strip() for line in said.splitlines() if "did you" in line
    ]
    assert places == [
        "backbone.yml",
        "sources/till.yml",
        "formatted/sales.yml",
        "trusted/sales.yml",
        SALES,
    ]


def test_mistakes_that_only_schemas_show_are_told_at_once(shop):
    WRONG["a denial of unlike things"][0](shop)
    (shop / VIEW).write_text("select shop, ctiy from trusted.shops\n")

    said = call(shop, "run", code=2).output

    assert "2 mistakes in shop" in said
    assert "trusted/sales.yml:5:" in said
    assert f"{VIEW}:1: there is no column `ctiy`" in said


def test_a_mended_declaration_is_all_that_a_run_needs(finished, tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(finished, folder)
    (folder / "inbox/sales_3.csv").write_text("id,day,shop,amount\n7,,north,1\n")
    edit(folder / SALES, "s.amount", "s.amuont")
    call(folder, "run", code=2)

    edit(folder / SALES, "s.amuont", "s.amount")
    call(folder, "run")

    assert listed(folder)["trusted.sales"]["rows"] == 6
    assert {row["status"] for row in listed(folder).values()} == {"fresh"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "trusted.salse"], "Did you mean `trusted.sales`?"),
        (["run", "trusted.sales", "--exclude", "tursted.sales"], "`trusted.sales`?"),
        (["run", "zone:trustd"], "Did you mean `zone:trusted`?"),
        (["run", "source:tll"], "Did you mean `source:till`?"),
        (["quality", "trusted.salse"], "Did you mean `trusted.sales`?"),
        (["show", "trusted.salse"], "Did you mean `trusted.sales`?"),
        (["versions", "trusted.salse"], "Did you mean `trusted.sales`?"),
        (["explain", "trusted.salse"], "Did you mean `trusted.sales`?"),
        (["trace", "trusted.salse", "1"], "Did you mean `trusted.sales`?"),
        (["query", "select * from trusted.salse"], "Did you mean `trusted.sales`?"),
        (["query", "select amuont from trusted.sales"], "amount"),
        (["query", "selekt 1"], "selekt"),
        (["rnu"], "run"),
    ],
)
def test_a_misspelt_word_on_the_command_line_is_told_with_the_nearest(
    finished, words, told
):
    before = everything(finished)

    said = call(finished, *words, code=2).output

    assert told in said
    assert everything(finished) == before
