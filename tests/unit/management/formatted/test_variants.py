"""Which variant an object is, and how it is therefore read."""

from __future__ import annotations

from datetime import date

import pytest

from backbone.management.formatted import reading_of
from backbone.management.formatted.variants import object_date
from backbone.model.raw import RawObject
from backbone.project.formatted import FormattedTable
from backbone.project.variants import Dated


@pytest.fixture
def obj(tmp_path):
    def make(text="", name="a.csv", **fields):
        path = tmp_path / "object"
        path.write_text(text)
        return RawObject(str(path), name, "d", tuple(fields.items()))

    return make


def table(*variants, columns=None, **more):
    return FormattedTable.model_validate(
        {
            "from": "landing.x",
            "read": {"format": "csv"},
            "columns": columns or {"a": {"type": "string"}, "b": {"type": "integer"}},
            "variants": list(variants),
            **more,
        }
    )


def variant(when, name="other", **more):
    return {"name": name, "when": when, **more}


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"header_has": ["q"]}, True),
        ({"header_has": ["q", "z"]}, False),
        ({"header_lacks": "z"}, True),
        ({"header_lacks": ["z", "a"]}, False),
        ({"file": "*_2017*"}, True),
        ({"file": ["2016*", "DISTR*"]}, False),
        ({"file": "x/Distribuci\u00f3_*"}, True),  # o with an accent, as one letter
        ({"since": "2017-03-01"}, True),
        ({"since": "2017-03-02"}, False),
        ({"until": 2017}, True),
        ({"until": "2017-03"}, True),
        ({"until": "2017-02"}, False),
        ({"since": 2017, "until": "2017-12-31"}, True),
        ({"fields": {"device": "L4"}}, True),
        ({"fields": {"device": ["L1", "L?"]}}, True),
        ({"fields": {"devise": "L4"}}, False),
        ({"fields": {"device": "L4"}, "header_has": "z"}, False),
    ],
)
def test_all_that_a_condition_names_must_hold(obj, when, fits):
    # the same letter, as two characters
    given = obj("a,q,b\n", "x/Distribucio\u0301_20170301.csv", device="L4")
    reading = reading_of(table(variant(when)), given)
    assert (reading.variant == "other") is fits


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2017_income.csv", date(2017, 1, 1)),
        ("L4_2019-08.csv", date(2019, 8, 1)),
        ("x/20190831T1200.csv", date(2019, 8, 31)),
        ("2019/08/31/x.csv", date(2019, 8, 31)),
        ("4711_20190230_2018.csv", date(2018, 1, 1)),  # there is no 30 February
        ("device_120170.csv", None),
    ],
)
def test_the_date_of_an_object_is_the_first_that_its_name_has(name, day):
    assert object_date(RawObject("", name, "d"), Dated()) == day


def test_the_date_of_an_object_is_where_it_is_said_to_be():
    given = RawObject("", "v2019_x08.csv", "d", (("day", "31.8.2020"),))
    month = Dated(source="$file", pattern=r"(\d{4}_x\d\d)", format="%Y_x%m")
    assert object_date(given, month) == date(2019, 8, 1)
    day = Dated(source="$day", format="%d.%m.%Y")
    assert object_date(given, day) == date(2020, 8, 31)
    assert object_date(given, Dated(source="$no")) is None
    assert object_date(given, Dated(pattern="(nothing)")) is None


def test_the_first_variant_that_fits_counts_and_the_header_is_as_it_reads_it(obj):
    declared = table(
        variant({"header_has": "q"}, "commas"),
        variant({"header_has": "q"}, "semicolons", read={"delimiter": ";"}),
        variant({"file": "*"}, "rest"),
    )
    assert reading_of(declared, obj("a;b;q\n")).variant == "semicolons"
    assert reading_of(declared, obj("a;b\n")).variant == "rest"
    assert reading_of(declared, obj("")).variant == "rest"


def test_a_variant_changes_what_it_names_and_nothing_else(obj):
    columns = {
        "day": {"type": "date", "from": "d", "format": "%Y%m%d", "nulls": ["-"]},
        "year": {"type": "integer", "from": "$file", "pattern": r"(\d{4})"},
        "price": {"type": "double", "from": "p"},
        "lane": {"type": "string", "absent": True},
    }
    changes = {
        "day": {"format": None},
        "year": {"value": "1999"},
        "price": {"absent": True},
        "lane": {"from": "l"},
    }
    declared = table(variant({"file": "*"}, columns=changes), columns=columns)
    day, year, price, lane = reading_of(declared, obj("d,l\n")).columns
    assert (day.sources, day.format, day.nulls) == (("d",), None, ("-",))
    assert (year.sources, year.value, year.pattern) == ((), "1999", None)
    assert (price.sources, price.absent) == ((), True)
    assert (lane.sources, lane.absent) == (("l",), False)


def test_renamed_columns_are_read_by_the_names_that_a_file_has(obj):
    swap = {"a": "b", "b": "a"}
    columns = {
        "a": {"type": "string", "pad": {"a": 3}},
        "both": {"type": "string", "from": ["a", "b", "$file"]},
    }
    declared = table(variant({"file": "*"}, rename=swap), columns=columns)
    first, both = reading_of(declared, obj("a,b\n")).columns
    assert (first.sources, first.pad) == (("b",), (("b", 3),))
    assert both.sources == ("b", "a", "$file")

    several = table(variant({"file": "*"}, rename={"A": "a", "aa": "a"}))
    assert reading_of(several, obj("aa,b\n")).columns[0].sources == ("aa",)
    assert reading_of(several, obj("a,b\n")).columns[0].sources == ("a",)
    assert reading_of(several, obj("x,b\n")).columns[0].sources == ("A",)


def test_new_columns_get_names_that_nothing_has(obj):
    declared = table(new_columns="evolve", ignore=["known"])
    given = obj("B ,a,b,Ünit (%),known,2014,,_,ünit,twice,twice,$x\n")
    reading = reading_of(declared, given)
    made = {one.name: one.sources for one in reading.columns[2:]}
    assert made == {
        "b_2": ("B ",), "unit_pct": ("Ünit (%)",), "n_2014": ("2014",),
        "column_7": ("column_7",), "column": ("_",), "unit": ("ünit",),
        "twice": ("twice",), "twice_2": ("twice_2",), "usd_x": ("$$x",),
    }  # fmt: skip
    assert reading.evolved == tuple(made)
    assert reading.left_out == ()


def test_wide_columns_are_found_by_name_pattern_or_several_patterns(obj):
    columns = {"a": {"type": "string"}, "b": {"type": "string", "from": "m"}}
    given = obj("id,p_2,i_1,p_1,other\n")

    def rows(**unpivot):
        reading = reading_of(table(columns=columns, unpivot=unpivot), given)
        return reading.unpivot.names, reading.unpivot.values, reading.unpivot.rows

    assert rows(columns=["p_1", "p_2"]) == (
        ("measure",), ("value",), ((("p_1",), ("p_1",)), (("p_2",), ("p_2",))),
    )  # fmt: skip
    assert rows(pattern=r"^p_(\d)", name="n") == (
        ("n",), ("value",), ((("2",), ("p_2",)), (("1",), ("p_1",))),
    )  # fmt: skip
    named, _, (first, *_) = rows(pattern=r"^(?P<what>[pi])_(?P<n>\d)$")
    assert (named, first) == (("what", "n"), (("p", "2"), ("p_2",)))
    assert rows(name="n", value={"p": r"p_(\d)", "i": r"i_(\d)"}) == (
        ("n",), ("p", "i"), ((("2",), ("p_2", None)), (("1",), ("p_1", "i_1"))),
    )  # fmt: skip


def test_wide_columns_may_be_renamed_first(obj):
    declared = table(
        variant({"file": "*"}, rename={"x14": "2014"}),
        unpivot={"pattern": r"^(\d{4})$", "name": "a", "value": "b"},
    )
    reading = reading_of(declared, obj("x14,2015\n"))
    assert reading.unpivot.rows == ((("2014",), ("x14",)), (("2015",), ("2015",)))


def test_a_row_of_a_record_is_told_with_the_columns_that_it_is_read_from(obj):
    columns = {"year": {"type": "integer"}, "people": {"type": "integer"}}
    wide = {"pattern": r"^(\d{4})$", "name": "year", "value": "people"}
    reading = reading_of(table(columns=columns, unpivot=wide), obj("2014,2015\n"))
    record, (year, people) = reading.row(4)
    assert (record, year.value, people.sources) == (2, "2015", ("2015",))
