"""What a collection tells, and what it must not."""

from __future__ import annotations

import pytest
from tests.projects import shop_project, write

from backbone.app.environment import Environment
from backbone.app.runs import run
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
