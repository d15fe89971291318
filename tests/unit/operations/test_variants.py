"""Files that differ, in runs: what is read again, what stays, what a table has then."""

from __future__ import annotations

import shutil

import pytest
from tests.commands import account, ask, call, hashes
from tests.projects import edit, write

from backbone.app.environment import open_environment
from backbone.model.names import AssetName

TABLE = AssetName("formatted", "counts")
_FILES = {
    "backbone.yml": "name: counts\nengine: {kind: duckdb, threads: 1}\n",
    "sources/counters.yml": 'collector: files\npath: inbox/*.csv\ndatasets: {counts: "*.csv"}\n',
    "formatted/counts.yml": """
from: landing.counts
read: {format: csv}
key: [counter, day]
columns:
  counter: {type: string}
  day: {type: date}
  bikes: {type: integer, from: count, on_bad_cell: reject}
""",
    "trusted/counts.yml": "rules:\n  - {name: counted, not_null: [bikes]}\n",
    "inbox/counts_2013.csv": "stanica;dan;broj\na;01.02.2013;5\nb;02.02.2013;7\n",
    "inbox/counts_2014.csv": "count,counter,day\n5,a,2014-01-01\n6 !,b,2014-01-02\n",
    "inbox/counts_2015.csv": "count,counter,day,sky\n7,a,2015-01-01,sun\n8,b,2015-01-02,\n",
}  # fmt: skip
OLD = """
variants:
  - name: old
    when: {until: 2013}
    read: {delimiter: ";"}
    rename: {stanica: counter, dan: day, broj: count}
    columns: {day: {format: "%d.%m.%Y"}}
"""


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "counts", _FILES)
    return tmp_path / "counts"


def declare(folder, text):
    path = folder / "formatted/counts.yml"
    path.write_text(path.read_text() + text)


def files_of(folder):
    """Return the data files of the table by delivery, side tables too."""
    with open_environment(folder) as env:
        tables, found = env.lake.tables, {}
        head = tables.head(TABLE)
        records = env.catalog.deliveries(TABLE, head.metadata["declaration"])
        for one in records.values():
            if set(one["files"]) <= {file.path for file in head.files}:
                found[one["name"]] = (one["files"], one["sides"])
        assert {p for files, _ in found.values() for p in files} == {
            file.path for file in head.files
        }
        for suffix, number in head.sides.items():
            side = tables.at(TABLE.with_side(suffix), number)
            told = {p for _, sides in found.values() for p in sides.get(suffix, ())}
            assert told == {file.path for file in side.files}
        return found


def changed(before, after):
    return sorted(name for name in after if before.get(name) != after[name])


def rows(folder, table="formatted.counts"):
    found = ask(folder, f"select * from {table} order by _object, _record")
    hidden = ("_delivery", "_flags")
    return [{k: v for k, v in row.items() if k not in hidden} for row in found]


def same_as_made_anew(folder, tmp_path):
    """The table is what a project without a past makes of the same files."""
    new = tmp_path / "anew"
    ignore = shutil.ignore_patterns(".backbone")
    shutil.copytree(folder, new, ignore=ignore)
    call(new, "run", code=None)
    same = hashes(new) == hashes(folder) and rows(new) == rows(folder)
    shutil.rmtree(new)
    return same


def test_a_new_variant_reads_again_what_it_is_for_and_takes_the_refused_back_in(
    folder, tmp_path
):
    assert call(folder, "run", code=1).exit_code == 1  # 2013 is refused
    assert account(folder, "formatted.counts")["rejected"] == 3
    before = files_of(folder)
    declare(folder, OLD)
    said = call(folder, "plan").output
    assert "1 of 3 deliveries is read again; variant `old` (1)" in " ".join(said.split())
    call(folder, "run")
    after = files_of(folder)
    assert changed(before, after) == ["counts_2013.csv"]
    assert [r["bikes"] for r in rows(folder, "trusted.counts")] == [5, 7, 5, 7, 8]
    rejected = ask(folder, "select _object, _record, raw from formatted.counts__rejected")
    assert rejected == [
        {"_object": "counts_2014.csv", "_record": 2, "raw": "6 !,b,2014-01-02"}
    ]
    assert account(folder, "trusted.counts")["read"] == 6
    assert call(folder, "plan").output.startswith("Everything is up to date")

    # a record that was rejected comes back with what reads it
    change = "  - {name: marked, when: {file: '*2014*'}, columns: {bikes: {pattern: '(\\d+)'}}}\n"
    declare(folder, change)
    call(folder, "run")
    assert changed(after, files_of(folder)) == ["counts_2014.csv"]
    assert [r["bikes"] for r in rows(folder, "trusted.counts")] == [5, 7, 5, 6, 7, 8]
    assert not ask(folder, "select * from formatted.counts__rejected")
    assert same_as_made_anew(folder, tmp_path)


def test_words_and_variants_for_no_file_read_nothing_and_a_type_reads_everything(
    folder, tmp_path
):
    declare(folder, OLD)
    call(folder, "run")
    before = files_of(folder)
    declare(folder, "  - {name: later, when: {since: 2030}, read: {encoding: latin-1}}\n")
    edit(folder / "formatted/counts.yml", "{type: string}", "{type: string, unit: no}")
    call(folder, "run")
    assert changed(before, files_of(folder)) == []
    edit(folder / "formatted/counts.yml", "type: integer", "type: double")
    call(folder, "run")
    assert len(changed(before, files_of(folder))) == 3
    assert same_as_made_anew(folder, tmp_path)


def test_without_its_catalog_a_lake_decides_the_same(folder, tmp_path):
    call(folder, "run", code=1)
    before = files_of(folder)
    for path in (folder / ".backbone").glob("catalog*"):
        path.unlink()
    declare(folder, OLD)
    call(folder, "run")
    assert changed(before, files_of(folder)) == ["counts_2013.csv"]
    assert same_as_made_anew(folder, tmp_path)


def test_a_lake_of_before_is_understood(folder, tmp_path, monkeypatch):
    """Records said nothing of how a delivery was read, nor of files of side tables."""
    from backbone.operations.steps import format as step  # noqa: PLC0415

    real = step._Making._record

    def older(self, *given):
        record = real(self, *given)
        return {k: v for k, v in record.items() if k not in {"reading", "sides"}}

    declare(folder, OLD)
    with monkeypatch.context() as patch:
        patch.setattr(step._Making, "_record", older)
        call(folder, "run")
    assert call(folder, "plan").output.startswith("Everything is up to date")
    write(folder, {"inbox/counts_2016.csv": "count,counter,day\n9,a,2016-01-01\n"})
    call(folder, "run")
    assert len(rows(folder)) == 6
    declare(folder, "  - {name: none, when: {since: 2030}, read: {encoding: latin-1}}\n")
    call(folder, "run")  # of three nobody knows how they were read
    assert len(files_of(folder)) == 4
    assert same_as_made_anew(folder, tmp_path)


def test_evolved_columns_join_the_table_while_the_files_stay(folder, tmp_path):
    declare(folder, OLD + "new_columns: evolve\n")
    (folder / "inbox/counts_2015.csv").rename(folder / "counts_2015.csv")
    call(folder, "run")
    before = files_of(folder)
    (folder / "counts_2015.csv").rename(folder / "inbox/counts_2015.csv")
    call(folder, "run")
    after = files_of(folder)
    assert changed(before, after) == ["counts_2015.csv"]
    assert [r["sky"] for r in rows(folder)] == [None, None, None, "sun", None]
    assert [*rows(folder, "trusted.counts")[0]] == [
        "counter", "day", "bikes", "sky", "_object", "_record",
    ]  # fmt: skip
    assert same_as_made_anew(folder, tmp_path)

    # a file that sorts before it: the order of columns is that of the files by name
    header = "count,counter,day,Wind (m/s),sky\n"
    write(folder, {"inbox/counts_2014b.csv": f"{header}9,c,2014-05-01,3,fog\n"})
    call(folder, "run")
    assert [*rows(folder)[0]][3:5] == ["wind_m_s", "sky"]
    assert changed(after, files_of(folder)) == ["counts_2014b.csv"]
    assert same_as_made_anew(folder, tmp_path)
    with open_environment(folder) as env:
        known = [one["identity"] for one in env.lake.tables.versions(TABLE)]
        assert len(known) == len(set(known)) == 3


def test_new_columns_refuse_a_delivery_until_they_are_known(folder, tmp_path):
    declare(folder, OLD + "new_columns: reject\n")
    said = call(folder, "run", code=1).output
    assert "a column that nothing declares: `sky` (`new_columns` is reject)" in said
    assert [r["_object"] for r in rows(folder)] == ["counts_2013.csv"] * 2 + [
        "counts_2014.csv"
    ]
    (rejected,) = ask(
        folder,
        "select records, reason from formatted.counts__rejected "
        "where _object = 'counts_2015.csv'",
    )
    assert rejected["records"] == 2
    declare(folder, "ignore: [sky]\n")
    call(folder, "run")
    assert len(rows(folder)) == 5


def test_a_plan_says_what_headers_promise_and_reads_no_more(folder):
    declare(folder, OLD)
    call(folder, "run")
    write(
        folder, {"inbox/counts_2016.csv": "count,counter,day,sky,x\n1,a,2016-01-01,f,2\n"}
    )
    write(folder, {"inbox/counts_2012.csv": "stanica;dan\na;01.02.2012\n"})
    call(folder, "run", "landing.counts")
    said = " ".join(call(folder, "plan").output.split())
    for words in (
        "2 new deliveries; variant `old` (1)",
        "new columns `sky` (in 1), `x` (in 1): will be left out",
        "missing column `broj` (in 1): refuse their file",
    ):
        assert words in said


def test_wide_files_are_long_tables_whose_cells_have_a_history(folder, tmp_path):
    write(folder, {"inbox/counts_2013.csv": "counter,2010,2011\na,1,2\nb,,x\nc,,5\n"})
    for year in (2014, 2015):
        (folder / f"inbox/counts_{year}.csv").unlink()
    text = (folder / "formatted/counts.yml").read_text()
    text = text.replace("day: {type: date}", "year: {type: integer}").replace(
        "day", "year"
    )
    text += 'unpivot: {pattern: "^(\\\\d{4})$", name: year, value: count}\n'
    (folder / "formatted/counts.yml").write_text(text)
    call(folder, "run")
    assert [(r["counter"], r["year"], r["bikes"], r["_record"]) for r in rows(folder)] == [
        ("a", 2010, 1, 1), ("a", 2011, 2, 2), ("c", 2011, 5, 6),
    ]  # fmt: skip
    told = call(folder, "quality", "trusted.counts").output
    assert "records read" in told
    assert "3 = 2 records + 1 rejected" in " ".join(told.split())
    traced = call(folder, "trace", "trusted.counts", "c", "2011", "-c", "bikes").output
    assert "record 3" in traced
    assert "c,,5" in traced
    traced = call(folder, "trace", "trusted.counts", "c", "2011").output
    assert "record 3" in traced
    assert same_as_made_anew(folder, tmp_path)
