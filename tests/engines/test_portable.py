"""Each row of the portable subset gives on every engine what its page says."""

from __future__ import annotations

import pytest
from tests.engines.portable import answers, cases, same

CASES = cases()


@pytest.fixture(
    scope="module", params=["duckdb", pytest.param("spark", marks=pytest.mark.spark)]
)
def found(request):
    engine = request.getfixturevalue(f"{request.param}_engine")
    with engine.session() as session:
        return answers(session, CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.row.name}-{case.sql}")
def test_an_example_gives_what_the_page_says(found, case):
    assert same(case, found[case.number]), found[case.number]
