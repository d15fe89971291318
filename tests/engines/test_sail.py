"""What Sail does otherwise than Spark, each gap alone: one that closes fails its test.

Tests that meet a gap say so with the mark `gap`; some are passed by in the spelling of
queries. When one is closed upstream, look for what was done about it.
"""

from __future__ import annotations

import math

import pytest
from tests.engines import running

from backbone.errors import EngineUnavailable

UPSTREAM = [pytest.mark.sail, pytest.mark.xfail(reason="upstream", strict=True)]

GAPS = {
    "the greatest of a group is left to chance where NaN is in it": (
        "select max(x) from values (1, double('nan')), (1, 1D) t(k, x) group by k",
        math.nan,
    ),
    "`%a` leaves out zeros behind the point": (
        "select format_string('%a', 0.5151510627733602D)",
        "0x1.07c1e14e38f28p-1",
    ),
    "a union of a decimal and a double is a decimal": (
        "select sum(x) from (select 1e30D as x union all select 1.5)",
        1e30,
    ),
    "zero has no negative power": ("select power(0D, -1D)", math.inf),
    "`try_divide` takes no doubles": ("select try_divide(1D, 2D)", 0.5),
    "a group that letters follow is taken for one with a name": (
        "select regexp_replace('ab', '(a)', '$1x')",
        "axb",
    ),
}


@pytest.fixture(
    params=[
        pytest.param("sail", marks=UPSTREAM),
        pytest.param("spark", marks=pytest.mark.spark),
    ]
)
def spark(request):
    return request.getfixturevalue(f"{request.param}_engine").native()


@pytest.mark.parametrize(("sql", "expected"), list(GAPS.values()), ids=list(GAPS))
def test_a_value_is_that_of_spark(spark, sql, expected):
    found = spark.sql(sql).toArrow().column(0)[0].as_py()
    assert repr(found) == repr(expected)


def test_a_sum_beyond_64_bits_fails(spark):
    sql = f"select sum(x) from values ({2**63 - 1}L), (1L) t(x)"
    with pytest.raises(Exception, match="ARITHMETIC_OVERFLOW"):
        spark.sql(sql).toArrow()


def test_a_file_that_is_missing_among_others_is_an_error(spark, tmp_path):
    spark.sql("select 1 as i").write.parquet(str(tmp_path / "there"))
    there = [str(path) for path in (tmp_path / "there").glob("*.parquet")]
    with pytest.raises(Exception, match="gone"):
        spark.read.parquet(*there, str(tmp_path / "gone")).toArrow()


@pytest.mark.sail
@pytest.mark.xfail(reason="upstream: 0.7.2 knows pyspark up to 4.2", strict=True)
def test_it_knows_our_pyspark(tmp_path, monkeypatch):
    """Then its server needs no pyspark of its own, see `running`."""
    monkeypatch.setattr(running, "PYSPARK_OF_SAIL", tmp_path)
    with running.sail_server(tmp_path / "stderr.log") as address:
        try:
            with running.sail(address, tmp_path):
                pass
        except EngineUnavailable as error:
            pytest.fail(str(error))
