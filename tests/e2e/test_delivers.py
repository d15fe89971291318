"""What deliveries mean, from the command line: increments, snapshots by part, changes."""

from __future__ import annotations

import json

import pytest
from tests.commands import ask, backbone, call
from tests.projects import write

FORMATTED = """
from: landing.meters
read: {format: csv}
key: [device, day]
columns:
  device: {type: string}
  day: {type: date}
  energy: {type: "decimal(9,1)"}
  op: {type: string}
  year: {type: integer, from: $file, pattern: "(\\\\d{4})"}
"""
SOURCE = """
collector: files
path: inbox/*.csv
datasets: {meters: "*.csv"}
"""
HEAD = "device,day,energy,op\n"


@pytest.fixture
def folder(tmp_path):
    write(
        tmp_path,
        {
            "backbone.yml": "name: meters\n",
            "formatted/meters.yml": FORMATTED,
            "inbox/2023.csv": HEAD + "L4,2023-12-30,1.0,\nL4,2023-12-31,2.0,\n",
            "inbox/2024.csv": HEAD + "L4,2024-01-01,3.0,\nL17,2024-01-01,9.0,\n",
        },
    )
    return tmp_path


def brought(folder, *said):
    write(folder, {"sources/meters.yml": SOURCE + "\n".join(said) + "\n"})
    call(folder, "run")
    rows = ask(folder, "select device, day, energy from trusted.meters order by day, 1")
    return [f"{r['device']} {r['day'][2:]} {r['energy']}" for r in rows]


def correct(folder):
    path = folder / "inbox/2023.csv"
    path.write_text(HEAD + "L4,2023-12-31,2.5,\n")


@pytest.mark.parametrize("part", ["$file", "year"])
def test_a_corrected_file_replaces_its_own_rows(folder, part):
    said = ("delivers: snapshots", f"partition: [{part}]")
    first = ["L4 23-12-30 1.0", "L4 23-12-31 2.0", "L17 24-01-01 9.0", "L4 24-01-01 3.0"]
    assert brought(folder, *said) == first
    correct(folder)
    assert brought(folder, *said) == ["L4 23-12-31 2.5", *first[2:]]
    told = json.loads(call(folder, "quality", "trusted.meters", "--json").stdout)
    account = told["account"]
    assert (account["formatted"], account["trusted"], account["superseded"]) == (5, 3, 2)


def test_the_last_change_of_a_key_counts(folder):
    said = ("delivers: changes", "deletes: {column: op, values: [D]}")
    brought(folder, *said)
    changes = "L4,2023-12-31,2.5,\nL17,2024-01-01,,D\nL4,2024-01-02,4.0,I\n"
    write(folder, {"inbox/changes_2024.csv": HEAD + changes})
    assert brought(folder, *said) == [
        "L4 23-12-30 1.0", "L4 23-12-31 2.5", "L4 24-01-01 3.0", "L4 24-01-02 4.0",
    ]  # fmt: skip


def test_what_is_newer_may_be_told_by_the_name(folder):
    said = ("delivers: snapshots", "order: name")
    newest = ["L17 24-01-01 9.0", "L4 24-01-01 3.0"]
    assert brought(folder, *said) == newest
    correct(folder)  # comes last, and is the older one by its name
    assert brought(folder, *said) == newest


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("delivers: increments\npartition: [year]", "`partition` goes with snapshots"),
        ("delivers: snapshots\npartition: [$file, year]", "or by columns, not by both"),
        ("delivers: snapshots\npartition: [yeer]", "did you mean `year`?"),
        ("order: recieved", "did you mean `received`?"),
        (
            "delivers: changes\ndeletes: {column: day, values: [D]}",
            "sources/meters.yml:5: deletes.values[0]: `D` is no date",
        ),
        ("deletes: {column: op, values: [D]}", "`deletes` goes with changes"),
    ],
)
def test_mistakes_are_told_where_they_stand(folder, said, expected):
    write(folder, {"sources/meters.yml": SOURCE + said + "\n"})
    assert expected in backbone(folder, "plan", code=2).stderr


def test_changes_need_a_key(folder):
    write(folder, {"sources/meters.yml": SOURCE + "delivers: changes\n"})
    write(folder, {"formatted/meters.yml": FORMATTED.replace("key:", "#")})
    told = backbone(folder, "plan", code=2).stderr
    assert "formatted/meters.yml" in told
    assert "a `key` is needed" in told
