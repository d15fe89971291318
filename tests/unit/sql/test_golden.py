"""Views as people write them: bound, or refused with line, reason and remedy."""

import re
from pathlib import Path

import pytest

from backbone.engines.duckdb import DuckDBEngine
from backbone.errors import BackboneError

GOLDEN = Path(__file__).parents[2] / "golden"


def bound_views():
    text = (GOLDEN / "bound_views.sql").read_text(encoding="utf-8")
    _, *blocks = text.split("\n\n")
    return [tuple(line.rstrip(";") for line in b.strip().split("\n")) for b in blocks]


def refused_views():
    text = (GOLDEN / "refused_views.txt").read_text(encoding="utf-8")
    head = text.index("\n\n") + 1
    found = re.findall(r"\n(.*?)\n=> (\d+): (.*?)\n=> (.*?)\n", text[head:], re.DOTALL)
    return [(sql.lstrip("\n"), int(line), what, hint) for sql, line, what, hint in found]


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=1)
    con = engine.native()
    yield con
    con.close()
    engine.close()


@pytest.mark.parametrize(("sql", "expected"), bound_views())
def test_names_are_resolved(bound, sql, expected):
    assert bound(sql).expression.sql("duckdb") == expected


@pytest.mark.parametrize("sql", [sql for sql, _ in bound_views()])
def test_what_is_bound_runs(connection, compiled, sql):
    view = compiled(sql, portable=False)
    for asset, schema in view.schemas.items():
        columns = ", ".join(f'"{c.name}" {c.type.sql}' for c in schema)
        connection.execute(f'create or replace temp table "{asset}" ({columns})')
    described = connection.execute(f"describe {view.query.sql()}").fetchall()
    assert tuple(row[0] for row in described) == view.columns


@pytest.mark.parametrize(("sql", "line", "what", "hint"), refused_views())
def test_mistakes_are_told_with_line_and_remedy(compiled, sql, line, what, hint):
    with pytest.raises(BackboneError) as error:
        compiled(sql)
    assert error.value.where == f"v.sql:{line}"
    assert error.value.what == what
    assert str(error.value.hint) == hint


def test_there_are_as_many_as_in_the_file():
    assert len(bound_views()) >= 24
    assert len(refused_views()) >= 75
