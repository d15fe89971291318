"""`check` of files at random, against the definition: pair by pair, in Python.

What a comparison compares is written here once more, from the documentation: numbers where
every value of its columns is one, points in time where every value is one in ISO, else text.
"""

import csv
import math
import operator
import re
from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from backbone.app.checking_files import check_file
from backbone.errors import UnsupportedRule
from backbone.management.trusted.rules.shapes import shape_of
from backbone.project.rules import rules_given
from backbone.sql.denial import parse

COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:[+-]?nan)")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?")
ZEROS = re.compile(r"[+-]?0\d+.*")
NAN = (1, 0)

INTEGERS = st.sampled_from(["0", "1", "2", "9", "10", "-3", "12345678901234567890"])
DECIMALS = st.sampled_from(["1", "1.0", "1.50", "-0.5", ".5", "2.", "+1", "10"])
CODES = st.sampled_from(["01", "1", "001", "10", "2"])
DAYS = st.sampled_from(["2020-01-31", "2020-01-31 00:00", "2019-12-01", "2021-02-28"])
WORDS = st.sampled_from(["a", "B", 'q"uote', "x,y", "two\nlines", " a", "n/a", ""])
NANS = st.sampled_from(["1", "2.5", "NaN", "nan", "1e3"])
ODD = st.sampled_from(["5", "40", "n/a", "2020-13-01", "0x10", "1_000"])
COLUMNS = [INTEGERS, DECIMALS, CODES, DAYS, WORDS, NANS, ODD]


def number(text):
    """The exact value of a number; NaN is the greatest and equals itself."""
    if "nan" in text.lower():
        return NAN
    mantissa, _, exponent = text.lower().partition("e")
    point = mantissa if mantissa[-1] != "." else mantissa[:-1]
    return (0, Fraction(point) * Fraction(10) ** int(exponent or 0))


def is_day(text):
    try:
        return (
            DAY.fullmatch(text) is not None and datetime.fromisoformat(text) is not None
        )
    except ValueError:
        return False


def reading(op, values):
    """What makes of a text what is compared, by all values of the columns."""
    if values and all(NUMBER.fullmatch(text) for text in values):
        codes = any(ZEROS.fullmatch(text) for text in values)
        return str.encode if codes and op in {"=", "<>"} else number
    if values and all(map(is_day, values)):
        return datetime.fromisoformat
    return str.encode


def brute(rows, predicates):
    """Roles of the rows, and the number of ordered pairs."""
    readings = []
    for left, op, right in predicates:
        sides = [side for side in (left, right) if side in rows[0]]
        values = [row[side] for row in rows for side in sides if row[side] is not None]
        readings.append(reading(op, values))
    first, second, pairs = set(), set(), 0
    for i, t1 in enumerate(rows, start=1):
        for j, t2 in enumerate(rows, start=1):
            if i != j and all(
                t1[left] is not None
                and t2[right] is not None
                and COMPARE[op](made(t1[left]), made(t2[right]))
                for (left, op, right), made in zip(predicates, readings, strict=True)
            ):
                first.add(i)
                second.add(j)
                pairs += 1
    return first, second, pairs


@st.composite
def cases(draw):
    kinds = draw(st.lists(st.sampled_from(COLUMNS), min_size=3, max_size=3))
    names = ["a", "b c", "d"]
    size = draw(st.integers(2, 12))
    rows = [
        {
            name: draw(st.one_of(st.none(), kind, kind, kind))
            for name, kind in zip(names, kinds, strict=True)
        }
        for _ in range(size)
    ]
    column = st.sampled_from(names)
    equal = draw(st.lists(column, max_size=1))
    predicates = [(name, "=", name) for name in equal]
    same = draw(column)
    more = draw(st.sampled_from(["<>", "<", "<=", ">", ">="]))
    other = draw(st.sampled_from([same, same, draw(column)]))
    predicates.append((same, more, other))
    if draw(st.booleans()):
        one = draw(column)
        predicates.append((one, draw(st.sampled_from(["<", ">", ">="])), one))
    return rows, list(dict.fromkeys(predicates))


def written(folder, rows):
    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        # a missing cell is empty, an empty text is quoted
        print(",".join(rows[0]), file=file)
        for row in rows:
            cells = ["" if v is None else '"' + v.replace('"', '""') + '"'
                     for v in row.values()]  # fmt: skip
            print(",".join(cells), file=file)
    return path


def rule(predicates):
    def side(row, name):
        return f'{row}."{name}"'

    return " and ".join(
        f"{side('t1', x)} {op} {side('t2', y)}" for x, op, y in predicates
    )


def _has_a_plan(text):
    try:
        shape_of(parse("r", text))
    except UnsupportedRule:
        return False
    return True


def roles(target):
    with target.open(newline="") as file:
        found = list(csv.DictReader(file))
    first = {int(r["_record"]) for r in found if r["_role"] in {"t1", "both"}}
    second = {int(r["_record"]) for r in found if r["_role"] in {"t2", "both"}}
    return first, second, found


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases())
def test_rows_roles_and_pairs_are_those_of_the_definition(tmp_path, case):
    rows, predicates = case
    assume(_has_a_plan(rule(predicates)))
    path, target = written(tmp_path, rows), tmp_path / "broken.csv"
    asked = rules_given([rule(predicates)])
    found = check_file(path, asked, violations=target, examples=50)
    (of_rule,) = found["rules"]
    first, second, pairs = brute(rows, predicates)
    assert found["rows"] == len(rows)
    assert of_rule["violating_rows"] == len(first | second)
    assert of_rule["pairs"] in {None, pairs, pairs // 2}
    got_first, got_second, cells = roles(target)
    assert (got_first, got_second) == (first, second)
    for row in cells:
        own = rows[int(row["_record"]) - 1]
        assert all(row[name] == (value or "") for name, value in own.items())
    for witness in of_rule["witnesses"]:
        i, j = witness["rows"]
        assert i in first
        assert j in second
        for number_, values in zip((i, j), witness["values"], strict=True):
            own = rows[number_ - 1]
            assert values == {name: own[name] for name in values}


@pytest.mark.parametrize(
    ("rule_", "expected"),
    [
        ("n > 10", {"12", "40.5"}),
        ("n > '10'", {"12", "40.5", "9", "n/a"}),
        ("n + 1 > 10", {"12", "40.5", "9.5"}),
        ("abs(n) = 3", {"-3"}),
        ("not (n >= 0)", {"-3"}),
        ("n in (9.50, 12)", {"9.5", "12"}),
        ("n = 'n/a' or n < 0", {"n/a", "-3"}),
    ],
)
def test_a_constant_says_what_is_compared(tmp_path, rule_, expected):
    path = tmp_path / "n.csv"
    values = ["12", "9.5", "-3", "n/a", "40.5", ""]
    if rule_ == "n > '10'":
        values[1] = "9"
    path.write_text("n,m\n" + "".join(f"{v},1\n" for v in values))
    found = check_file(path, rules_given([rule_]), examples=20)
    (of_rule,) = found["rules"]
    assert {w["values"][0]["n"] for w in of_rule["witnesses"]} == expected
    assert math.isclose(of_rule["share"], len(expected) / 6)
