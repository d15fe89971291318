"""Nothing disappears, and every change is told: random projects, through the product.

A generator writes files of which it knows every record: how many are broken, how many
cells are bad. The product's accounts must say the same; and a slow replay of the repairs,
cell by cell in Python, must give the trusted table exactly.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlglot import parse_one
from tests.projects import write

from backbone.app.assets import content_hash
from backbone.app.environment import Environment
from backbone.app.quality import quality
from backbone.app.queries import query
from backbone.app.runs import run
from backbone.engines.protocol import Scan
from backbone.management.trusted import CurrentState, replay_query
from backbone.management.trusted.rows.current import standing
from backbone.model.names import AssetName
from backbone.project import load
from backbone.sql.queries import Query

SEEDS = range(10)
TRUSTED = AssetName("trusted", "facts")
ORIGIN = ["_delivery", "_object", "_record"]
# What stands in a cell of each column: texts that are values or missing, and bad ones.
CELLS: dict[str, tuple[list[str], list[str]]] = {
    "k": (["a", "b", " a", "b ", "e\u0301", "\u00e9", "x  y", "", "NA", '""'], []),
    "v": (["p", "q", "n/a", "", '"p, q"', '"p\n""q"""'], []),
    "n": (["1", "2", "-3", "0", "", "NA"], ["x", "2.5", "1e3", "99999999999999999999"]),
    "x": (["0.5", "-1.25", "3", "1e3", ""], ["--", "0x10", "1_000"]),
    "d": (["1.50", "2", "-0.01", ""], ["1.234", "12345678.00", "abc"]),
    "day": (["2024-01-31", "2024-02-29", ""], ["2024-02-30", "31.1.2024"]),
    "at": (["2024-03-01 10:00", "2024-10-27 02:30", ""], ["2024-03-31 02:30", "noon"]),
}
COLUMNS = {
    "k": {"type": "string"},
    "v": {"type": "string"},
    "n": {"type": "integer"},
    "x": {"type": "double"},
    "d": {"type": "decimal(9,2)"},
    "day": {"type": "date"},
    "at": {
        "type": "timestamp",
        "format": "%Y-%m-%d %H:%M",
        "timezone": "Europe/Belgrade",
        "ambiguous": "first",
    },
}
CLEAN = [
    {"columns": ["k", "v"], "do": ["trim", "nfc"]},
    {"column": "v", "replace": {"p": "q", "n/a": None, "q": "p"}},
    {"column": "k", "do": ["collapse_spaces"]},
]
RULES = [
    {"not_null": ["k", "n"], "action": "quarantine"},
    {"unique": ["k", "v"], "action": "deduplicate", "keep": "first"},
    {"unique": ["n", "x"], "action": "deduplicate"},
    {"functional": {"k": ["v", "n"]}, "action": "repair"},
    {"functional": {"v": ["d", "day"]}, "action": "repair"},
    {"functional": {"v, n": ["at"]}, "action": "repair"},
    {"range": {"n": [0, 2], "d": [0, None]}, "action": "blank"},
    {"deny": "n > x", "action": "blank", "blame": ["n", "x"]},
    {"deny": "t1.k = t2.k and t1.n < t2.n", "action": "blank", "blame": ["t2.n"]},
    {"deny": "t1.k <> t2.k and t1.n < t2.n and t1.x >= t2.x", "action": "quarantine"},
    {"deny": "t1.d < t2.d and t1.at > t2.at", "action": "quarantine", "blame": ["t1.at"]},
    {"accepted": {"v": ["p", "q"]}, "action": "blank"},
    {"references": {"k": "things.k"}},
    {"references": {"k": "things.k"}, "action": "quarantine"},
]


@dataclass(frozen=True)
class File:
    """A file, and what is known of it; `bad_cells` of each record that is not broken."""

    name: str
    text: str
    records: int
    broken: int
    bad_cells: tuple[int, ...]

    def account(self, *, reject_cells: bool, refuse_over: float) -> list[int]:
        """Return records read, rows formatted, records and cells rejected."""
        bad = sum(map(bool, self.bad_cells)) if reject_cells else 0
        rejected = self.broken + bad
        cells = 0 if reject_cells else sum(self.bad_cells)
        if self.records and rejected / self.records > refuse_over:
            rejected, cells = self.records, 0
        return [self.records, self.records - rejected, rejected, cells]


@dataclass
class Made:
    """A random project: what it declares, and the rounds of files that it receives."""

    snapshots: bool
    reject_cells: bool
    refuse_over: float
    rules: list[dict[str, Any]]
    clean: list[dict[str, Any]]
    rounds: list[list[File]] = field(default_factory=list)

    def declarations(self) -> dict[str, str]:
        kind = "snapshots" if self.snapshots else "increments"
        facts = {
            "from": "landing.facts",
            "read": {"format": "csv", "nulls": ["", "NA"]},
            "columns": COLUMNS,
            "on_bad_cell": "reject" if self.reject_cells else "blank",
            "refuse_over": self.refuse_over,
        }
        texts = {
            "backbone.yml": {"name": "random", "engine": {"threads": 1}},
            "sources/facts.yml": {
                "collector": "files", "path": "inbox/*.csv", "delivers": kind,
                "datasets": {"facts": "facts_*", "things": "things*"},
            },
            "formatted/facts.yml": facts,
            "formatted/things.yml": {
                "from": "landing.things", "read": {"format": "csv"},
                "columns": {"k": {"type": "string"}},
            },
            "trusted/facts.yml": {"clean": self.clean, "rules": self.rules},
        }  # fmt: skip
        made = {name: json.dumps(content) for name, content in texts.items()}
        return {**made, "inbox/things.csv": "k\na\nb\n"}


def made(dice: random.Random) -> Made:
    rules = [
        {**rule, "name": f"rule_{number}"}
        for number, rule in enumerate(dice.sample(RULES, dice.randint(0, 5)))
    ]
    project = Made(
        snapshots=dice.random() < 0.4,
        reject_cells=dice.random() < 0.3,
        refuse_over=dice.choice([0.1, 0.5, 1]),
        rules=rules,
        clean=dice.sample(CLEAN, dice.randint(0, 3)),
    )
    names = iter(f"facts_{number:02d}.csv" for number in itertools.count())
    for _ in range(dice.randint(1, 3)):
        files = [random_file(dice, next(names)) for _ in range(dice.randint(1, 3))]
        if project.rounds and dice.random() < 0.4:
            files.append(dice.choice(project.rounds[0]))  # received once more
        project.rounds.append(files)
    return project


def random_file(dice: random.Random, name: str) -> File:
    bad_share, broken_share = dice.choice([0, 0.02, 0.1]), dice.choice([0, 0.03, 0.3])
    lines = [",".join(COLUMNS)]
    broken, bad_cells = 0, []
    records = dice.choice([0, 1, 5, 40])
    for _ in range(records):
        cells, bad = [], 0
        for good, wrong in CELLS.values():
            is_bad = bool(wrong) and dice.random() < bad_share
            cells.append(dice.choice(wrong if is_bad else good))
            bad += is_bad
        if dice.random() < broken_share:
            cells = cells[:-1] if dice.random() < 0.5 else [*cells, "more"]
            broken += 1
        else:
            bad_cells.append(bad)
        lines.append(",".join(cells))
    end = dice.choice(["\n", "\r\n"])
    text = end.join(lines) + dice.choice([end, ""])
    return File(name, text, records, broken, tuple(bad_cells))


def carried_out(
    project: Made, folder: Path, rounds: list[list[File]]
) -> Iterator[Environment]:
    """Receive and run round after round; what comes later has later times."""
    write(folder, project.declarations())
    with Environment(load(folder)) as env:
        for number, files in enumerate(rounds):
            for file in files:
                path = folder / "inbox" / file.name
                path.write_bytes(file.text.encode())
                os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
            report = run(env)
            wrong = [one.message for one in report.steps if one.status == "failed"]
            assert not wrong, wrong
            yield env


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_is_accounted_for_and_every_change_is_told(tmp_path, seed):
    project = made(random.Random(seed))
    received: dict[str, File] = {}
    for files, env in zip(
        project.rounds, carried_out(project, tmp_path, project.rounds), strict=True
    ):
        for file in sorted(files, key=lambda one: one.name):
            received.pop(file.name, None)
            received[file.name] = file
        check_account(env, project, list(received.values()))
        check_replay(env)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_many_rounds_and_one_give_the_same_tables(tmp_path, seed):
    project = made(random.Random(seed))
    seen: set[str] = set()
    rounds = [
        [f for f in files if not (f.name in seen or seen.add(f.name))]
        for files in project.rounds
    ]
    (*_, many) = map(all_hashes, carried_out(project, tmp_path / "many", rounds))
    at_once = [list(itertools.chain(*rounds))]
    (once,) = map(all_hashes, carried_out(project, tmp_path / "once", at_once))
    assert many == once


def all_hashes(env: Environment) -> dict[str, str]:
    tables = env.lake.tables
    return {str(one): content_hash(env, tables.head(one)) for one in tables.assets()}


def check_account(env: Environment, project: Made, files: list[File]) -> None:
    accounts = [
        file.account(reject_cells=project.reject_cells, refuse_over=project.refuse_over)
        for file in files
    ]
    told = quality(env, "trusted.facts")["account"]
    formatted = [sum(column) for column in zip(*accounts, strict=True)]
    names = ("read", "formatted", "rejected", "rejected_cells")
    assert [told[name] for name in names] == formatted

    superseded = sum(account[1] for account in accounts[:-1]) if project.snapshots else 0
    assert told["superseded"] == superseded
    gone = told["quarantined"] + told["merged"] + superseded
    assert told["formatted"] == told["trusted"] + gone
    for name, asset in {
        "formatted": "formatted.facts",
        "trusted": "trusted.facts",
        "quarantined": "trusted.facts__quarantine",
        "merged": "trusted.facts__merged",
        "repaired": "trusted.facts__repairs",
        "rejected_cells": "formatted.facts__rejected_cells",
    }.items():
        assert len(rows(env, f"select 1 from {asset}")) == told[name], name
    rejected = rows(env, "select records, reason, raw from formatted.facts__rejected")
    assert sum(row["records"] for row in rejected) == told["rejected"]
    assert all(row["reason"] for row in rejected)


def check_replay(env: Environment) -> None:
    """Replay what is recorded: slowly in Python, and by the query that is told of it."""
    columns = ", ".join(f'cast("{name}" as varchar) as "{name}"' for name in COLUMNS)
    origin = ", ".join(ORIGIN)
    texts = f"select {origin}, {columns} from {{}}"
    now = keyed(rows(env, texts.format("formatted.facts")))
    changes = rows(
        env,
        f'select {origin}, "column" as c, old, new from trusted.facts__repairs '
        f"order by {origin}, step_order",
    )
    for change in changes:
        row = now[key(change)]
        assert row[change["c"]] == change["old"]
        assert change["old"] != change["new"]
        row[change["c"]] = change["new"]
    for side in ("quarantine", "merged"):
        for row in rows(env, texts.format(f"trusted.facts__{side}")):
            assert now.pop(key(row)) == row, "it left as it was when it left"
    trusted = keyed(rows(env, texts.format("trusted.facts")))
    current = current_state(env)
    newest = current.deliveries[-1:]
    every = newest if current.delivers == "snapshots" else current.deliveries
    assert {k: row for k, row in now.items() if k[0] in every} == trusted

    replayed = rows(env, texts.format("replayed"), replayed=True)
    assert keyed(replayed) == trusted


def rows(env: Environment, sql: str, *, replayed: bool = False) -> list[dict[str, Any]]:
    if not replayed:
        return query(env, sql).to_pylist()
    head = env.lake.tables.head(TRUSTED)
    sides = {
        name: env.lake.tables.at(TRUSTED.with_side(name), head.sides[name])
        for name in ("repairs", "quarantine", "merged")
    }
    formatted = env.lake.tables.head(AssetName("formatted", "facts"))
    inputs = {**sides, "formatted": formatted}
    with env.engine.session() as session:
        given = {name: Scan(one.paths(), one.schema) for name, one in inputs.items()}
        live = standing(
            session, given["formatted"], head.schema, current_state(env), env.lake.root
        )
        given |= {"formatted": live.rows, "objects": live.objects}
        made = session.stage(replay_query(head.schema), given)
        text = Query.of(parse_one(sql, dialect="duckdb"))
        return session.fetch(text, {"replayed": made}).to_pylist()


def current_state(env: Environment) -> CurrentState:
    source = env.project.sources["facts"]
    found = env.lake.landing.deliveries("facts", "facts")
    return CurrentState(source.delivers, tuple(one.id for one in found))


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ORIGIN)


def keyed(found: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    assert len({key(row) for row in found}) == len(found)
    return {key(row): row for row in found}
