"""`infer` in a project: what it writes can be run, and is written once."""

import json

import pytest
from tests.commands import ask, call
from tests.projects import write

ROWS = "".join(f"{n},{n % 12 + 1}/3/2024,{n}.50\n" for n in range(1, 25))


@pytest.fixture
def project(tmp_path, monkeypatch):
    call(tmp_path, "init", str(tmp_path / "p"))
    folder = tmp_path / "p"
    (folder / "inbox").mkdir()
    (folder / "inbox" / "sales_1.csv").write_text("Id,Sold,Price €\n" + ROWS)
    (folder / "inbox" / "sales_2.csv").write_text(
        "Id,Sold,Price €,Shop\n"
        + "".join(f"{n},{n - 80}/3/2024,7.00,A\n" for n in range(93, 112))
    )
    monkeypatch.chdir(folder)
    return folder


def inferred(folder, *words):
    return json.loads(call(folder, "infer", *words, "--json").stdout)


def test_nothing_is_written_unless_told(project):
    (one,) = inferred(project, "inbox")
    assert one["name"] == "sales"
    assert one["written"] == []
    assert not (project / "formatted" / "sales.yml").exists()
    assert one["records"] == 43
    assert one["looked_at"] == one["bytes"]
    column = one["declaration"]["columns"]["sold"]
    assert column == {"type": "date", "from": "Sold", "format": "%d/%m/%Y"}


def test_what_is_written_for_a_file_runs(project):
    (project / "inbox" / "sales_2.csv").unlink()
    (one,) = inferred(project, "inbox/sales_1.csv", "--name", "sales", "--write")
    assert one["written"] == ["formatted/sales.yml", "sources/sales.yml"]
    call(project, "run")
    (row,) = ask(
        project,
        "select count(*) as n, sum(price) as total, max(sold) as last from formatted.sales",
    )
    assert row["n"] == 24
    assert row["total"] == sum(n + 0.5 for n in range(1, 25))
    (again,) = inferred(project, "landing.sales", "--write")
    assert again["written"] == []


def test_a_subject_that_is_not_there_is_told(project):
    found = call(project, "infer", "inbx", code=2)
    assert "there is no file inbx" in found.output
    found = call(project, "infer", "landing.nothing", code=2)
    assert "landing.nothing" in found.output


def test_what_is_no_table_is_told(project):
    (project / "a.pdf").write_bytes(b"%PDF-1.7 " + b"x" * 100)
    found = call(project, "infer", "a.pdf", code=2)
    assert "PDF" in found.output
    (project / "empty.csv").write_bytes(b"\n\n")
    assert "empty" in call(project, "infer", "empty.csv", code=2).output


def test_a_project_is_needed_to_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n")
    found = call(tmp_path, "infer", "a.csv", "--write", code=2)
    assert "backbone init" in found.output


def test_files_that_are_no_table_are_told_and_the_rest_goes_on(project):
    (project / "inbox" / "a.pdf").write_bytes(b"%PDF-1.7 " + b"x" * 100)
    (one,) = inferred(project, "inbox")
    assert one["files"] == ["sales_1.csv", "sales_2.csv"]
    assert "PDF" in one["left_out"][0]
    assert "left out: a.pdf" in call(project, "infer", "inbox").output


def test_a_field_of_the_path_is_the_column_that_a_key_needs(tmp_path):
    source = (
        "collector: files\npath: inbox/{device}_{month}.csv\ndatasets: {heat: '*.csv'}\n"
    )
    files = {"backbone.yml": "name: p\n", "sources/heat.yml": source}
    for device in ("L4", "L17"):
        for month in (1, 2):
            rows = "".join(f"2024-{month:02d}-{d:02d},{d}.5\n" for d in range(1, 29))
            files[f"inbox/{device}_2024-{month:02d}.csv"] = "day,heat\n" + rows
    write(tmp_path, files)
    call(tmp_path, "run", "landing.heat")
    (one,) = inferred(tmp_path, "landing.heat", "--write")
    assert one["declaration"]["key"] == ["device", "day"]
    assert one["declaration"]["columns"]["device"] == {
        "type": "string",
        "from": "$device",
    }
    assert list(one["declaration"]["columns"]) == ["device", "day", "heat"]
    call(tmp_path, "run")
    counted = "select device, count(*) as n from formatted.heat group by 1 order by 1"
    assert ask(tmp_path, counted) == [
        {"device": "L17", "n": 56}, {"device": "L4", "n": 56},
    ]  # fmt: skip


def test_digits_that_a_type_would_lose_are_asked_about(tmp_path):
    path = tmp_path / "digits.csv"
    path.write_text(
        "id,code,exact,float,surname\n"
        "1,1e5,10.100000000000000001,0.30000000000000004,Null\n"
        "2,007,10.100000000000000002,0.1,Ng\n"
        "3,012,0.1,0.2,Li\n"
    )
    (found,) = inferred(tmp_path, str(path))
    asked = {one["what"] for one in found["choices"] if one["ask"]}
    assert {"columns.code.type", "columns.exact.type", "columns.surname.nulls"} <= asked
    assert "columns.float.type" not in asked
