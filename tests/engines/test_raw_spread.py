"""Raw files on engines whose workers are elsewhere, against DuckDB in process."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.habits import READS, habitual_read, outcome, random_read

from backbone.engines.raw import shares
from backbone.errors import DeclarationError, EngineError, LakeError
from backbone.model.raw import RawColumn, RawObject
from backbone.model.types import INTEGER


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("sail", marks=pytest.mark.sail),
        pytest.param("spark", marks=pytest.mark.spark),
    ],
)
def engine(request):
    return request.getfixturevalue(f"{request.param}_engine")


@pytest.fixture
def read(engine, duckdb_engine, tmp_path, monkeypatch):
    """What both engines made of a request."""
    monkeypatch.setattr(shares, "SHARE_BYTES", 20_000)
    monkeypatch.setattr(shares, "_LEAST_BYTES", 20_000)

    def run(request):
        with duckdb_engine.session() as session:
            one = session.read_raw(request, tmp_path / "one")
        with engine.session() as session:
            many = session.read_raw(request, tmp_path / "many")
        return one, many

    return run


@pytest.mark.parametrize("kind", READS)
def test_the_same_comes_of_raw_files(read, tmp_path, kind):
    request = habitual_read(tmp_path / "raw", kind)
    one, many = read(request)
    assert outcome(many) == outcome(one)
    written = (many.main, many.rejected, many.rejected_cells)
    names = {file.path.name for each in written for file in each.files}
    assert {path.name for path in (tmp_path / "many").iterdir()} == names


RANDOM = 8


@pytest.mark.parametrize("seed", range(RANDOM))
def test_the_same_comes_of_random_files(read, tmp_path, seed):
    one, many = read(random_read(tmp_path / "raw", seed))
    assert outcome(many) == outcome(one)


def test_a_big_file_is_read_in_parts_with_exact_record_numbers(read, tmp_path):
    request = habitual_read(tmp_path / "raw", "csv", records=4_000)
    request = replace(request, objects=request.objects[:1])
    one, many = read(request)
    assert len(many.main.files) > 5
    assert outcome(many) == outcome(one)


@pytest.mark.parametrize("kind", [EngineError, LakeError, DeclarationError])
def test_errors_are_those_of_one_process(engine, duckdb_engine, tmp_path, kind):
    request = habitual_read(tmp_path / "raw", "csv", records=40)
    gone = RawObject(str(tmp_path / "gone.csv"), "gone.csv", "d1")
    failing = RawColumn("n", INTEGER, sql="cast(strftime(day, '%Y-') as integer)")
    request = {
        EngineError: replace(request, columns=(*request.columns, failing)),
        LakeError: replace(request, objects=(*request.objects, gone)),
        DeclarationError: replace(request, columns=(RawColumn("n", INTEGER),)),
    }[kind]
    told = []
    for each in (duckdb_engine, engine):
        with each.session() as session, pytest.raises(kind) as caught:
            session.read_raw(request, tmp_path / each.capabilities.name)
        told.append((type(caught.value), str(caught.value)))
    assert told[0] == told[1]
