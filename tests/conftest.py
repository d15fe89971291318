"""What all tests share: the engines, each started once in a process."""

from __future__ import annotations

import pytest
from tests.engines import running


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Let one process run what needs Spark, and each file be run by one (loadgroup)."""
    for item in items:
        engine = getattr(item, "callspec", None) and item.callspec.params.get("engine")
        for gap in item.iter_markers("gap"):
            if engine == gap.args[0]:
                why = f"upstream: {gap.args[1]}"
                item.add_marker(pytest.mark.xfail(reason=why, strict=True))
        spark = item.get_closest_marker("spark") is not None
        item.add_marker(pytest.mark.xdist_group("spark" if spark else str(item.path)))


@pytest.fixture(scope="session")
def duckdb_engine():
    with running.duckdb() as engine:
        yield engine


@pytest.fixture(scope="session")
def sail_engine(tmp_path_factory):
    with running.sail(tmp_path_factory.mktemp("sail")) as engine:
        yield engine


@pytest.fixture(scope="session")
def spark_engine(tmp_path_factory):
    with running.spark(tmp_path_factory.mktemp("spark")) as engine:
        yield engine


@pytest.fixture(scope="session", params=running.ENGINES)
def engine(request):
    """Every engine, one after the other."""
    return request.getfixturevalue(f"{request.param}_engine")


@pytest.fixture
def session(engine):
    with engine.session() as opened:
        yield opened
