"""What is said of files that differ: mistakes are told with their line, and the rest."""

from __future__ import annotations

import pytest

from backbone.operations.identity import reading_identity
from backbone.project.formatted import FormattedTable

METERS = "formatted/meters.yml"
GOOD = """variants:
  - name: old
    when: {until: 2019, header_has: [t_amb]}
    read: {delimiter: ";"}
    rename: {temp: t_amb}
    columns:
      outdoor: {nulls: ["-40"]}
  - {name: new, when: {since: 2030}, unpivot: {columns: [a, b], name: status, value: e}}
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("outdoor: {nulls", "outdor: {nulls",
         "variants[0].columns.outdor: there is no column `outdor`; did you mean `outdoor`?"),
        ("temp: t_amb}", "temp: t_ambb}",
         "variants[0].rename.temp: no column reads `t_ambb`; did you mean `t_amb`?"),
        ("name: new", "name: old",
         "variants[1].name: there is a variant `old` before it"),
        ("header_has: [t_amb]", "header_hs: [t_amb]",
         "variants[0].when.header_hs: unknown key; did you mean `header_has`?"),
        ('delimiter: ";"', 'delimter: ";"',
         "variants[0].read.delimter: unknown key; did you mean `delimiter`?"),
        ("{until: 2019, header_has: [t_amb]}", "{}",
         "variants[0].when: says nothing; name `header_has`, `file`, `since`, `fields` …"),
        ("until: 2019, header", "until: 2019, since: 2020, header",
         "variants[0].when: no day is since 2020-01-01 and until 2019-12-31"),
        ('nulls: ["-40"]}', "type: integer}",
         ("variants[0].columns.outdoor.type: `type` is the same in all variants: declare it in "
         "`columns`")),
        ('nulls: ["-40"]}', "from: x, value: y}",
         ("variants[0].columns.outdoor.from: a column is made in one way, not by `from` and "
         "`value`")),
        ("columns: [a, b], name: status", "columns: [a, b], pattern: x, name: status",
         ("variants[1].unpivot.columns: say which columns become rows in one way: `columns`, "
         "`pattern`, or `value` as {raw column: pattern}")),
        ("value: e}", "value: ee}",
         ("variants[1].unpivot: no column reads `ee`, which it makes: give a column that "
         "name, or `from: ee`")),
        ("variants:", "dated: {from: day}\nvariants:",
         "dated: the date is told by the object: `from: $file`, or a field `$day`"),
        ("variants:", "ignore: [e]\nvariants:", "ignore[0]: `e` is read by a column"),
        ("variants:", "new_columns: evolv\nvariants:",
         "new_columns: `evolv` is none of freeze, evolve, reject; did you mean `evolve`?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(good, old, new, told):
    path = good.root / METERS
    path.write_text(path.read_text() + GOOD)
    good.load()
    assert old in path.read_text()
    good.change(METERS, old, new)
    assert [one.split(": ", 1)[1] for one in good.mistakes()] == [told]


def table(**more):
    columns = {"a": {"type": "date", "format": "%Y"}, "b": {"type": "double"}}
    read = {"format": "csv", "delimiter": ";"}
    return FormattedTable.model_validate(
        {"from": "landing.x", "read": read, "columns": columns, **more}
    )


def other(**change):
    return table(variants=[{"name": "v", "when": {"file": "*"}, **change}])


@pytest.mark.parametrize(
    "change",
    [
        {"read": {"delimiter": ","}},  # what is a default elsewhere is a change here
        {"columns": {"a": {"format": None}}},
        {"columns": {"b": {"value": "1"}}},
        {"columns": {"b": {"value": "2"}}},
        {"rename": {"x": "a"}},
        {"unpivot": {"columns": ["x"], "name": "a", "value": "b"}},
        {"unpivot": {"columns": ["x"], "name": "b", "value": "a"}},
    ],
)
def test_whatever_a_variant_changes_is_part_of_what_a_table_is_made_by(change):
    every = [{}, {"read": {"delimiter": "|"}}, {"columns": {"b": {"value": "3"}}}]
    known = {reading_identity(other(**one)) for one in every}
    assert reading_identity(other(**change)) not in {*known, reading_identity(table())}


def test_a_declaration_without_variants_is_what_it_was():
    parts = table().canonical()
    assert set(parts) == {"from", "read", "columns"}
    assert parts["columns"]["b"] == {"type": "double"}
