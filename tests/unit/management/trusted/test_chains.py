"""A longest subsequence, and of several the one that is told; groups cut at their ends."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import numpy as np
import pyarrow as pa
import pytest

from backbone.management.trusted.finding import choosing
from backbone.management.trusted.finding.choosing import rows_off_chains
from backbone.management.trusted.plans.chains import on_chain, side_by_side
from backbone.management.trusted.rows.steps import select
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER
from backbone.sql.queries import Query


def longest(ranks, ids, rising):
    """All longest subsequences; the one whose rows, from the last, were there first."""
    for size in range(len(ranks), 0, -1):
        found = [
            rows
            for rows in combinations(range(len(ranks)), size)
            if all(
                ranks[a] < ranks[b] or (ranks[a] == ranks[b] and not rising)
                for a, b in pairwise(rows)
            )
        ]
        if found:
            return list(min(found, key=lambda rows: [ids[row] for row in rows[::-1]]))
    return []


@pytest.mark.parametrize("rising", [False, True])
def test_the_longest_subsequence_whose_rows_were_there_first(rising):
    rng = random.Random(1)
    for _ in range(400):
        size = rng.randint(1, 9)
        ranks = [rng.randint(1, rng.choice([3, 9])) for _ in range(size)]
        ids = rng.sample(range(100), size)
        kept = on_chain(np.array(ranks), np.array(ids), rising=rising)
        assert np.flatnonzero(kept).tolist() == longest(ranks, ids, rising)


def test_groups_may_come_in_any_pieces(trusting, monkeypatch):
    rng = random.Random(2)
    rows = [
        {"grp": group, "rank": rng.randint(1, size), "id": 100 * group + n}
        for group in range(-3, 40)
        for size in [rng.randint(1, 6)]
        for n in range(size)
    ]
    wanted = []
    for group in range(-3, 40):
        own = [row for row in rows if row["grp"] == group]
        ids, ranks = [row["id"] for row in own], [row["rank"] for row in own]
        kept = longest(ranks, ids, rising=True)
        wanted += [n for place, n in enumerate(ids) if place not in kept]
    whole = Schema.of(grp=INTEGER, rank=INTEGER, id=INTEGER)
    held = trusting.session.hold(pa.Table.from_pylist(rows), whole)
    query = Query.of(select('select grp, "rank", id from held order by grp, id'))
    for at_once, batch in [(1, 1), (1, 3), (7, 4), (1_000, 1_000)]:
        monkeypatch.setattr(choosing, "_AT_ONCE", at_once)
        stream = trusting.session.stream
        monkeypatch.setattr(
            trusting.session, "stream", lambda *a, b=batch, s=stream: s(*a, batch_rows=b)
        )
        found = rows_off_chains(trusting.session, query, {"held": held}, rising=True)
        got = trusting.session.fetch(
            Query.of(select("select _row from off")), {"off": found}
        )
        assert sorted(got.column("_row").to_pylist()) == wanted
        monkeypatch.undo()


def test_groups_are_put_beside_each_other():
    assert side_by_side(np.array([5, 5, 5, 1, 9])).tolist() == [0, 0, 0, 3, 4]
