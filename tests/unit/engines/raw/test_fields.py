"""Columns made of fields of an object: its name, and what a path told of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backbone.engines.protocol import RawRead
from backbone.engines.raw import read
from backbone.lake.landing import Landing
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import CanonicalType

STRING = CanonicalType.parse("string")


def _read(path, fields, *sources):
    path.write_text("$price,device\n3,inside\n")
    columns = tuple(RawColumn(f"c{n}", STRING, (s,)) for n, s in enumerate(sources))
    obj = RawObject(str(path), "a/b.csv", "d", fields)
    return list(read(RawRead((obj,), RawFormat("csv"), columns), threads=1))


def test_fields_and_columns_of_one_name_stay_apart(tmp_path):
    fields = (("device", "L4"), ("price", "none"))
    sources = ("$file", "$device", "device", "$$price", "$price")
    (piece,) = _read(tmp_path / "b.csv", fields, *sources)
    values = piece.table.select(list(sources)).to_pylist()
    assert [list(row.values()) for row in values] == [
        ["a/b.csv", "L4", "inside", "3", "none"]
    ]


def test_an_object_without_the_field_is_refused(tmp_path):
    (piece,) = _read(tmp_path / "b.csv", (("device", "L4"),), "$devise", "device")
    assert piece.end.refused == (
        "the object has no field `$devise`. Did you mean `$device`?"
    )
    assert piece.rows == 0


@pytest.mark.parametrize("value", ["L4", "", "ö/'\"$"])
def test_a_field_comes_through_the_lake(tmp_path, value):
    landing = Landing(tmp_path / "landing")
    with landing.receive("s", "d", received=datetime(2026, 1, 1, tzinfo=UTC)) as incoming:
        incoming.add(
            "a.csv", [b"x\n"], media_type="text/csv", origin="o", fields={"device": value}
        )
        incoming.commit()
    again = Landing(tmp_path / "landing")
    (delivery,) = again.deliveries("s", "d")
    assert delivery.objects[0].fields == (("device", value),)
