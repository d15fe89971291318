"""A descriptive question from its sandbox to what is kept of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from backbone.analysis.describing import answer
from backbone.analysis.references import References
from backbone.analysis.sandbox import sandbox_query
from backbone.errors import DataError

REFERENCES = References(asset="analysis.delays", project="trips")


@pytest.fixture
def asked(compute, declare, questions, schema, trips, account):
    def ask(source=trips, **more):
        declaration = declare(questions["describe"](**more))
        query, made = sandbox_query(declaration, schema)
        sandbox = compute(query, source=source)
        found = answer(declaration, sandbox, made, account=account, references=REFERENCES)
        return sandbox, found

    return ask


def test_levels_are_those_of_the_rows(asked):
    sandbox, found = asked()
    table, schema = found.tables["levels"]
    assert table.column_names == list(schema.names)
    frame = sandbox.to_pandas()
    lines = [row for row in table.to_pylist() if row["factor"] == "line"]
    for row in lines:
        inside = frame.loc[frame["line"] == row["level"], "_outcome"]
        assert row["rows"] == len(inside)
        assert row["mean"] == pytest.approx(inside.mean())
        assert row["median"] == pytest.approx(inside.median())
        assert row["mean_low"] < row["mean"] < row["mean_high"]
    assert sum(row["rows"] for row in lines) == len(frame)


def test_what_matters_comes_first(asked):
    _, found = asked()
    rows = found.tables["effects"][0].to_pylist()
    assert [row["factor"] for row in rows[:2]] == ["rain", "line"]
    shares = [row["share"] for row in rows]
    assert shares == sorted(shares, reverse=True)
    by_name = {row["factor"]: row for row in rows}
    assert by_name["rain"]["p_holm"] < 0.001
    assert by_name["rain"]["rank_correlation"] > 0.5
    assert by_name["stops"]["p_holm"] > 0.05
    assert by_name["line"]["rank_correlation"] is None


def test_a_missing_value_is_a_level_that_is_told(asked):
    _, found = asked()
    levels = found.tables["levels"][0].to_pylist()
    (gone,) = [r for r in levels if r["factor"] == "rain" and r["level"] == "(missing)"]
    assert 30 < gone["rows"] < 150
    assert "What is missing" in found.report


def test_few_rows_without_time(asked, trips):
    _, found = asked(source=trips.slice(0, 40), time=None)
    assert found.found.trend is None
    assert found.found.units.name == "row"
    assert "Over time" not in found.report


def test_one_factor_is_enough(asked):
    _, found = asked(factors=["line"])
    assert "1 factor was tested" in found.report


def test_a_factor_without_values_goes_with_nothing(asked, trips):
    empty = trips.set_column(3, "rain", pa.nulls(1500, pa.float64()))
    _, found = asked(source=empty)
    rows = found.tables["effects"][0].to_pylist()
    assert rows[-1]["factor"] == "rain"
    assert rows[-1]["share"] is None


@pytest.mark.parametrize("delay", [[1.0] * 1500, [None] * 1500])
def test_nothing_to_describe_is_said(asked, trips, delay):
    with pytest.raises(DataError, match="nothing to describe"):
        asked(source=trips.set_column(6, "delay", pa.array(delay, pa.float64())))


def test_the_order_of_the_sandbox_does_not_matter(
    compute, declare, questions, schema, trips, account
):
    declaration = declare(questions["describe"]())
    query, made = sandbox_query(declaration, schema)
    sandbox = compute(query, source=trips)
    turned = sandbox.take(pa.array(np.arange(sandbox.num_rows)[::-1]))
    first, second = (
        answer(declaration, t, made, account=account, references=REFERENCES)
        for t in (sandbox, turned)
    )
    assert first.report == second.report
    for name, (table, _) in first.tables.items():
        assert table.equals(second.tables[name][0])
