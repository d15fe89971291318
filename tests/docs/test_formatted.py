"""What `formatted.md` says of CSV files is what is read of them."""

import shlex

import duckdb
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML
from tests.docs.markdown import page

from backbone.cli.main import backbone
from backbone.engines.raw import Recipe
from backbone.project.formatted import FormattedTable

PAGE = page("formatted.md")
VALUES = PAGE.table("What a text means", header="| text | column | value |")


def blocks(heading):
    text = PAGE.text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [each.strip("\n") for each in text.split("```")[1::2]]


def test_the_file_with_many_habits_is_read_as_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, declared, *shown = blocks("Habits of CSV files")
    source = 'collector: files\npath: inbox/*.csv\ndatasets: {loads: "*.csv"}\n'
    for name, text in {
        "backbone.yml": "name: loads\n",
        "sources/loads.yml": source,
        "formatted/loads.yml": declared.removeprefix("yaml\n"),
        "inbox/loads.csv": file.partition("\n")[2] + "\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert CliRunner().invoke(backbone, ["run"]).exit_code == 0
    for text in shown:
        command, _, wanted = text.partition("\n")
        result = CliRunner().invoke(backbone, shlex.split(command)[2:])
        printed = [line.rstrip() for line in result.output.splitlines()]
        wanted = [line.rstrip() for line in wanted.splitlines() if line != "…"]
        assert [line for line in wanted if line not in printed] == []


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


@pytest.mark.parametrize(("text", "column", "value"), VALUES)
def test_a_text_means_what_is_said(connection, text, column, value):
    given = {"from": "landing.a", "read": {"format": "csv"}}
    columns = {"x": YAML(typ="safe", pure=True).load(column.strip("`"))}
    (made,) = FormattedTable.model_validate(given | {"columns": columns}).raw_columns()
    connection.execute(
        """create or replace temp table raw_text as select ? as "raw:0", 'd' as _delivery,
        'o' as _object, 1 as _record, 0 as "raw:row" """,
        [text.strip("`")],
    )
    found = connection.execute(Recipe((made,), {}).values().sql()).fetchone()[0]
    assert ("bad" if found is None else f"`{found}`") == value
