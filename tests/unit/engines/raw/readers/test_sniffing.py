"""Files of self-told formats are known by what is in them, without a declaration."""

from __future__ import annotations

import sqlite3

import openpyxl
import pyarrow as pa
import pyarrow.feather as pf
import pytest
from pyarrow import orc

from backbone.engines.raw import sniffed
from backbone.errors import DataError

TABLE = pa.table({"a": [1, 2], "b": ["x", None]})


def _excel(path):
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, "x"])
    book.save(path)


def _sqlite(path):
    connection = sqlite3.connect(path)
    connection.execute("create table t (a, b)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("name", "kind", "write"),
    [
        ("a.xlsx", "excel", _excel),
        ("a.feather", "feather", lambda path: pf.write_feather(TABLE, path)),
        ("no_ending", "feather", lambda path: pf.write_feather(TABLE, path)),
        ("a.orc", "orc", lambda path: orc.write_table(TABLE, path)),
        ("a.dat", "sqlite", _sqlite),
    ],
)
def test_formats_and_columns(tmp_path, name, kind, write):
    path = tmp_path / name
    write(path)
    found = sniffed(path)
    assert (found.format.format, found.names) == (kind, ("a", "b"))


def test_a_file_that_is_not_what_its_name_says(tmp_path):
    path = tmp_path / "a.avro"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="not an Avro container file"):
        sniffed(path)
