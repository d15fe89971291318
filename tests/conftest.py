"""What all tests share: the engines, each started once in a process."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from tests import postgres
from tests.engines import running
from tests.plugins import Installing

settings.register_profile("machines", deadline=None)  # how fast one is, is no test
settings.load_profile("machines")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Let one process run what needs Spark, and each file be run by one (loadgroup)."""
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        engines = {params.get("engine"), params.get("fast_engine")}
        for gap in item.iter_markers("gap"):
            if gap.args[0] in engines:
                why = f"upstream: {gap.args[1]}"
                item.add_marker(pytest.mark.xfail(reason=why, strict=True))
        file = item.path.relative_to(config.rootpath).as_posix()
        group = "spark" if item.get_closest_marker("spark") else file
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Let no test of an engine be skipped where everything is to be tested."""
    report = yield
    needed = ("postgres", "sail", "spark")
    of_engine = any(item.get_closest_marker(name) for name in needed)
    skipped = report.skipped and not hasattr(report, "wasxfail")
    has_data = "BACKBONE_TEST_DATA" not in str(report.longrepr)
    if skipped and of_engine and has_data and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but CI runs everything: {report.longrepr[-1]}"
    return report


@pytest.fixture(scope="session")
def duckdb_engine():
    with running.duckdb() as engine:
        yield engine


@pytest.fixture(scope="session")
def sail_address(tmp_path_factory):
    with running.sail_server(tmp_path_factory.mktemp("sail") / "stderr.log") as address:
        yield address


@pytest.fixture(scope="session")
def sail_engine(sail_address, tmp_path_factory):
    with running.sail(sail_address, tmp_path_factory.mktemp("scratch")) as engine:
        yield engine


@pytest.fixture(scope="session")
def spark_engine(tmp_path_factory):
    with running.spark(tmp_path_factory.mktemp("spark")) as engine:
        yield engine


@pytest.fixture(scope="session", params=running.ENGINES)
def engine(request):
    """Every engine, one after the other."""
    return request.getfixturevalue(f"{request.param}_engine")


@pytest.fixture(scope="session", params=running.FAST)
def fast_engine(request):
    """Every engine that is quick: for tests by the dozen."""
    return request.getfixturevalue(f"{request.param}_engine")


@pytest.fixture
def fast_session(fast_engine):
    with fast_engine.session() as opened:
        yield opened


@pytest.fixture
def session(engine):
    with engine.session() as opened:
        yield opened


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A way to install tiny packages, for this test only."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return Installing(folder, monkeypatch)


@pytest.fixture(scope="session")
def postgres_server():
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgres.running() as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server, request):
    """An empty database of its own."""
    postgres_server.made.append(request.node.name)
    database = postgres.Database(postgres_server, f"test_{len(postgres_server.made)}")
    yield database
    database.connection.close()
