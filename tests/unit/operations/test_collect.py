"""What a collection tells, and what it must not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from tests.commands import ask
from tests.projects import shop_project, write

from backbone.app.environment import Environment
from backbone.app.runs import run
from backbone.operations.collect import collect
from backbone.project import load

SECRET = "s3cr3t/T0KEN"


@pytest.mark.parametrize(
    "source",
    [
        "collector: files\npath: /nowhere/${var:TOKEN}/*.csv\ndatasets: {more: '*'}\n",
        (
            "collector: sql\nurl: sqlite:////nowhere/${var:TOKEN}.db\n"
            "datasets: {more: {table: more}}\n"
        ),
    ],
)
def test_the_value_of_a_secret_is_in_no_error_and_not_kept(tmp_path, monkeypatch, source):
    monkeypatch.setenv("TOKEN", SECRET)
    folder = shop_project(tmp_path / "shop")
    write(folder, {"sources/more.yml": source})
    told: list[str] = []
    with Environment(load(folder)) as env:
        report = run(env, tell=lambda event: told.append(str(event)))
        kept = str(env.catalog.collections(report.run))
    (found,) = [one for one in report.collected if one.errors]
    assert "${var:TOKEN}" in str(found.errors[0])
    for text in (str(found), str(found.errors[0]), kept, *told):
        assert SECRET not in text


def test_the_value_of_a_secret_is_in_no_reference_and_files_are_known_again(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("TOKEN", "s3cr3tT0KEN")
    inbox = tmp_path / "s3cr3tT0KEN"
    inbox.mkdir()
    (inbox / "a.csv").write_text("a\n1\n")
    folder = shop_project(tmp_path / "shop")
    path = f"collector: files\npath: {tmp_path}/${{var:TOKEN}}/*.csv\ndatasets: {{more: '*'}}\n"
    write(folder, {"sources/more.yml": path})
    with Environment(load(folder)) as env:
        first, second = run(env), run(env)
        counts = [
            (len(one.new), len(one.again), one.unchanged)
            for report in (first, second)
            for one in report.collected
            if one.dataset == "more"
        ]
        (delivery,) = env.lake.landing.deliveries("more", "more")
        kept = [p.read_text() for p in env.lake.landing.root.rglob("_re*.json")]
    assert counts == [(1, 0, 0), (0, 0, 1)]
    assert "${var:TOKEN}" in delivery.receipts[0].origin
    assert not any("s3cr3tT0KEN" in text for text in kept)


def test_a_clock_that_was_ahead_once_leaves_the_newest_the_newest(tmp_path):
    folder = shop_project(tmp_path / "shop")
    clocks = [
        datetime(2031, 1, 1, tzinfo=UTC),
        *[datetime(2026, 1, n, tzinfo=UTC) for n in (1, 2)],
    ]
    told = []
    with Environment(load(folder)) as env:
        for n, clock in enumerate(clocks):
            with closing(sqlite3.connect(folder / "register.db")) as database, database:
                database.execute("update shops set city = ?", [f"Nis {n}"])
            found = collect(env.project, env.lake, received=clock)
            told.append([one for one in found if one.dataset == "shops"])
        landed = env.lake.landing.deliveries("register", "shops")
        assert [one.new for (one,) in told] == [(one.id,) for one in landed]
        again = collect(env.project, env.lake, received=clocks[-1])
        assert [one.new + one.again for one in again] == [(), ()]
        run(env)
    assert ask(folder, "select distinct city from trusted.shops") == [{"city": "Nis 2"}]
    assert told[0][0].warnings == ()
    for (one,) in told[1:]:
        assert (
            "the clock has gone back: the last receipt is of 2031-01-01"
            in one.warnings[-1]
        )
