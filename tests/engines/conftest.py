from __future__ import annotations

import pytest

from backbone.engines.duckdb import DuckDBEngine


@pytest.fixture(scope="module", params=["duckdb"])
def engine(request):
    made = DuckDBEngine(threads=2)
    yield made
    made.close()


@pytest.fixture
def session(engine):
    with engine.session() as opened:
        yield opened
