"""The reader that the documentation shows is one: installed, declared, read, misspelt."""

from __future__ import annotations

import numpy as np
import pytest
from tests.commands import ask, call
from tests.docs.markdown import page
from tests.projects import write

PROJECT = {
    "backbone.yml": "name: arrays\n",
    "sources/lab.yml": "collector: files\npath: inbox/*\ndatasets: {runs: '*.npy'}\n",
    "formatted/runs.yml": (
        "from: landing.runs\nread: {format: npy, rows_at_once: 2, nulls: [none]}\n"
        "columns:\n  run: {type: integer}\n  level: {type: double}\n  who: {type: string}\n"
    ),
}
ROWS = np.array(
    [(1, 0.1, b"a"), (2, 1e16, b"none"), (3, np.nan, b"")],
    dtype=[("run", "<i4"), ("level", "<f8"), ("who", "S4")],
)


@pytest.fixture
def project(tmp_path, install):
    (shown,) = [b.text for b in page("readers.md").blocks if b.language == "python"]
    assert len([line for line in shown.splitlines() if line.strip()]) < 35
    install("npy_reader", shown, readers={"npy": "npy_reader"})
    folder = tmp_path / "project"
    write(folder, PROJECT)
    (folder / "inbox").mkdir(exist_ok=True)
    np.save(folder / "inbox/runs_1.npy", ROWS)
    return folder


def test_the_reader_that_is_shown_reads(project):
    np.save(project / "inbox/runs_2.npy", np.zeros(3))
    found = call(project, "run", code=1)
    assert "the array has no named fields" in found.output
    rows = ask(project, "select run, level, who from formatted.runs order by run")
    assert rows == [
        {"run": 1, "level": 0.1, "who": "a"},
        {"run": 2, "level": 1e16, "who": None},
        {"run": 3, "level": rows[2]["level"], "who": ""},
    ]


def test_when_it_is_changed_its_tables_are_read_again(project, install):
    call(project, "run")
    assert "up to date" in call(project, "plan").output
    changed = install.folder / "npy_reader.py"
    changed.write_text(changed.read_text().replace("65_536", "32_768"))
    assert "formatted.runs" in call(project, "plan").output


def test_its_mistakes_are_told_like_ours(project):
    declared = project / "formatted/runs.yml"
    declared.write_text(declared.read_text().replace("rows_at_once: 2", "row_at_once: 2"))
    found = call(project, "plan", code=2)
    said = "formatted/runs.yml:2: read.row_at_once: unknown key; did you mean"
    assert said in found.output
