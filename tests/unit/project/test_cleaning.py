"""Mistakes in cleaning steps, and in the files that they name."""

from __future__ import annotations

import pytest

from backbone.project import load

STEP = "{column: status, replace: {OK: ok, broken: ~}}"
CASES = [
    ("{column: statu, missing: [x]}",
     "column: there is no column `statu`; did you mean `status`?"),
    ("{column: outdoor, missing: [soon, 3]}",
     "missing.values[0]: `soon` is no number; no cell is ever equal to it"),
    ('{column: outdoor, missing: {where: "outdor < 3"}}',
     "missing.where: there is no column `outdor`; did you mean `outdoor`?"),
    ('{column: outdoor, missing: {where: "t1.energy < t2.energy"}}',
     "missing.where: `where` speaks of one row: leave out `t2.` and other tables"),
    ("{column: outdoor, missing: []}",
     "missing.values: `missing` names `values` or says `where`"),
    ("{column: status, outliers: {per: devic}}",
     "column: `status` is a string; `outliers` works on numbers",
     "outliers.per[0]: there is no column `devic`; did you mean `device`?"),
    ("{column: outdoor, outliers: {methd: iqr}}",
     "outliers.methd: unknown key; did you mean `method`?"),
    ("{column: outdoor, outliers: {season: hour}}",
     "outliers.season: `season` and `at` go together"),
    ("{column: outdoor, outliers: {per: outdoor, season: hour, at: status}}",
     "outliers.per[0]: `outdoor` is what is cleaned: it groups nothing",
     "outliers.at: `status` is a string; a season is of a time"),
    ("{column: status, do: [trim], replace: {a: b}}",
     ": a cleaning step has exactly one of do, replace, lookup, substitute, pad, missing, units, codes, outliers, fill; this says do and replace"),
    ("{columns: [status, status], do: [upper]}", "columns[1]: `status` is named twice"),
    ("{column: status, units: {to: kg, spellings: {g: [gram]}}}",
     "units.spellings.g: `g` is neither `to` nor in `factors`: how much is one?"),
    ("{column: status, units: {to: kg, factors: {g: 0.0000000001}}}",
     "units.factors.g: Decimal input should have no more than 9 decimal places"),
    ("{column: status, codes: {accepted: [L4], spellings: {L5: L6}}}",
     "codes.spellings.L5: `L6` is not `accepted`, so nothing can be a spelling of it"),
    ('{column: status, substitute: {pattern: "(?=x)"}}',
     "substitute.pattern: `(?=x)`: of groups that begin with `(?` only `(?:` is in the portable subset"),
    ("{column: outdoor, fill: {with: interpolate}}",
     "fill.with: `interpolate` needs `by`, the order of the rows"),
    ("{column: outdoor, fill: mediann}",
     "fill: `mediann` is none of median, mean, mode, interpolate, last, next; did you mean `median`?"),
    ("{column: outdoor, fill: {with: next, by: measured_at, limit: soon}}",
     "fill.limit: `soon` is no span of time; write for example `3 hours`"),
    ("{column: outdoor, fill: {with: last, by: energy, limit: 3 hours}}",
     "fill.limit: `energy` is a decimal(18,3), so the limit is a number without a unit"),
    ("{column: status, fill: {with: median}}",
     "column: `status` is a string; `median` is of numbers"),
    ("{column: energy, fill: {constant: x}}",
     "fill.constant: `x` is no number, and `energy` is a decimal(18,3)"),
    ("{column: energy, fill: {constant: 0.1234}}",
     "fill.constant: `0.1234` is not in the range of a decimal(18,3), and `energy` is a decimal(18,3)"),
    ("{column: energy, missing: [1e15]}",
     "missing.values[0]: `1000000000000000` is not in the range of a decimal(18,3); no cell is ever equal to it"),
    ("{column: status, lookup: {file: x.csv}}",
     "lookup.file: there is no file `x.csv`; did you mean `y.csv`?"),
    ("{column: status, lookup: {file: ../x.csv}}",
     "lookup.file: `../x.csv` is not in the project's folder"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_mistake_is_told_with_its_line_and_what_was_meant(good, case):
    step, *expected = case
    good.write("y.csv", "old,new\na,b\n")
    good.change("trusted/meters.yml", STEP, step)
    lead = "trusted/meters.yml:4: clean[1]"
    wanted = [f"{lead}{'' if t[0] == ':' else '.'}{t}" for t in expected]
    assert sorted(good.mistakes()) == sorted(wanted)


LOOKUP = "{column: status, lookup: {file: lookups/status.csv, old: was}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("was,nwe\na,b\n", ["1: has no column `new`; did you mean `nwe`?"]),
        ("was,new\na,b\na,c\nd\n", ["3: `a` becomes something else in line 2",
                                    "4: has not as many cells as the header"]),
        ("was,new\n", ["1: holds no row"]),
        ('was,new\n"a,b\n', ["2: is no CSV: unexpected end of data"]),
        (b"was,new\n\xff,b\n", ["2: is not UTF-8 (byte 0xff); save it as UTF-8"]),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_told_with_its_line(good, text, expected):
    good.write("lookups/status.csv", text)
    good.change("trusted/meters.yml", STEP, LOOKUP)
    assert good.mistakes() == [f"lookups/status.csv:{each}" for each in expected]


def test_a_list_is_part_of_the_project(good):
    good.write("lookups/status.csv", "new,was,why\nok,OK,\n,broken,never\nb,b,\n")
    good.change("trusted/meters.yml", STEP, LOOKUP)
    project = load(good.root)
    lookup = project.trusted["meters"].clean[1].lookup
    assert project.lookups[lookup] == (("OK", "ok"), ("broken", None), ("b", "b"))
