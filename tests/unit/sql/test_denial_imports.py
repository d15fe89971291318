"""Rules as other tools write them say the same in our words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.errors import RuleSyntaxError
from backbone.sql.denial import parse
from backbone.sql.denial_imports import dependency, imported

OPERATIONS = {"EQ": "=", "IQ": "<>", "LT": "<", "GT": ">", "LTE": "<=", "GTE": ">="}
LOGIC = {"==": "=", "!=": "<>", "<>": "<>", "≠": "<>", "<": "<", "≥": ">=", "≤": "<="}

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name.lower() not in {"and", "or", "not"}
)
ODD_NAMES = st.from_regex(r"[A-Za-z0-9 #-]{0,6}[A-Za-z]", fullmatch=True)
CONSTANTS = st.text("abc &'(),=<", max_size=8)


def meaning(text):
    """What a text forbids: the predicates that our parser reads."""
    return parse("r", text).predicates


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


@given(st.lists(st.tuples(NAMES, st.sampled_from([*OPERATIONS]), NAMES), min_size=1))
def test_holoclean_means_what_ours_means(said):
    theirs = "t1&t2&" + "&".join(f"{op}(t1.{x},t2.{y})" for x, op, y in said)
    ours = " and ".join(
        f"t1.{quoted(x)} {OPERATIONS[op]} t2.{quoted(y)}" for x, op, y in said
    )
    assert meaning(theirs) == meaning(ours)


@given(NAMES, CONSTANTS)
def test_a_constant_of_holoclean_is_kept_to_the_letter(name, value):
    theirs = f"t1&EQ(t1.{name},'{value.replace(chr(39), chr(39) * 2)}')"
    (predicate,) = meaning(theirs)
    assert predicate.right.sql == "'" + value.replace("'", "''") + "'"


@given(
    st.lists(st.tuples(ODD_NAMES, st.sampled_from([*LOGIC])), min_size=1, max_size=4),
    st.sampled_from([("t", "s"), ("t0", "t1"), ("t1", "t2"), ("t", "t'"), ("a", "b")]),
    st.sampled_from([" and ", " && ", "∧", " AND ", " & "]),
    st.sampled_from(["!({})", "¬({})", "! ( {} )", "∀ x, y ∈ r: ¬({})"]),
)
def test_a_negated_conjunction_means_what_ours_means(said, rows, joint, frame):
    one, other = rows
    parts = [f"{one}.{quoted(name)} {op} {other}.{quoted(name)}" for name, op in said]
    ours = [f"t1.{quoted(name)} {LOGIC[op]} t2.{quoted(name)}" for name, op in said]
    assert meaning(frame.format(joint.join(parts))) == meaning(" and ".join(ours))


@given(st.lists(NAMES, min_size=1, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
def test_dependencies_in_every_spelling(left, right):
    for arrow in ("->", " -> ", " → ", "⇒", " => ", "-->"):
        for frame in ("{}", "[{}]", "{{{}}}", "({})"):
            text = (
                f"{frame.format(', '.join(left))}{arrow}{frame.format(','.join(right))}"
            )
            assert dependency("r", text) == (tuple(left), tuple(right))


@pytest.mark.parametrize(
    "text",
    [
        "t1.zip = t2.zip and t1.city <> t2.city",
        "arr < dep",
        "not (arr >= dep or dep is null)",
        "not exists stations.id = station_id",
        "name = 't1&t2&EQ(t1.a,t2.a)'",
        "contains(name, '->')",
        "x >= 5 and y <= -3",
    ],
)
def test_what_is_ours_stays_as_it_is(text):
    assert imported("r", text) == text
    assert dependency("r", text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('t1&EQ(t1.State,"XX")', "t1.State = 'XX'"),
        ("t1&t2&EQ(t1.Zip Code,t2.Zip Code)", 't1."Zip Code" = t2."Zip Code"'),
        ("EQ(t1.a,t2.a)&GT(t1.b,5)", "t1.a = t2.a and t1.b > 5"),
        ("!(t.A == 'it''s' and t.B > -1.5)", "t1.A = 'it''s' and t1.B > -1.5"),
        ("!(t.`a b` = s.[c d])", 't1."a b" = t2."c d"'),
        ("!(t1.a >= t0.a)", "t2.a >= t1.a"),
    ],
)
def test_translations(text, expected):
    assert imported("r", text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("t1&t2&SIM(t1.a,t2.a)", "similarity"),
        ("t1&t2&EX(t1.a,t2.a)", "no operation `EX`"),
        ("t1&t2&EQ(t1.a)", "compares two values"),
        ("t1&t2", "`t2`|no comparison"),
        ("t1&t2&", "no comparison"),
        ("!(t.a == s.a", "not closed"),
        ("!(t.a == s.a and )", "a column of a row"),
        ("!(t.a + 1 == s.a)", "a comparison should stand"),
        ("!(t.a == s.a and u.b == s.b)", "speaks of 3 rows"),
    ],
)
def test_what_cannot_be_read_is_said(text, words):
    with pytest.raises(RuleSyntaxError, match="rule `r`") as caught:
        imported("r", text)
    assert re.search(words, str(caught.value))


@pytest.mark.parametrize(
    "text", ["a ->", "-> b", "a -> b -> c", "a,,b -> c", '"a,b" -> c']
)
def test_a_dependency_that_is_none(text):
    with pytest.raises(RuleSyntaxError):
        dependency("r", text)


def test_deny_takes_them_and_keeps_what_was_written():
    text = "t1&t2&EQ(t1.zip,t2.zip)&IQ(t1.city,t2.city)"
    rule = parse("r", text)
    assert rule.text == text
    assert rule.is_pair
    assert rule.columns == ("zip", "city")
