"""Files of decisions: what is wrong with them, and how one more is put into them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.errors import DeclarationError
from backbone.project.decisions import Decision
from backbone.project.writing import with_decision
from backbone.project.yaml import parse

FILE = "decisions/meters.yml"
GOOD = """\
decisions:
  - name: seen
    where: {device: L1, measured_at: "2024-01-01 06:00:00Z"}
    set: {outdoor: -3.5}
    was: {outdoor: -39.9}
    reason: Read at the site.
    by: mia
    decided: 2024-02-01
    until: 2024-12-31
  - name: no_jump
    where: {device: L2}
    fine: [a_device]
    many: true
    reason: It was changed.
    by: mia
    decided: 2024-02-01
"""


def test_decisions_are_read_as_they_are_written(good):
    project = good.write(FILE, GOOD).load()
    seen, fine = project.decisions["meters"].decisions
    assert (seen.form, seen.set, seen.was) == (
        "set",
        {"outdoor": "-3.5"},
        {"outdoor": "-39.9"},
    )
    assert (fine.form, fine.rules, fine.many) == ("fine", ("a_device",), True)
    assert seen.holds_on(date(2024, 12, 31))
    assert not seen.holds_on(date(2025, 1, 1))
    assert project.place_of("decisions", "meters", "decisions", 1).line == 10


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("where: {device: L2}", "where: {devise: L2}",
         ":11: decisions[1].where.devise: there is no column `devise`; did you mean `device`?"),
        ("{outdoor: -3.5}", "{outdor: -3.5}",
         ":4: decisions[0].set.outdor: there is no column `outdor`; did you mean `outdoor`?"),
        ("{outdoor: -3.5}", "{outdoor: cold}",
         ':4: decisions[0].set.outdoor: `cold` is no number; write for example "1.5"'),
        ("{outdoor: -3.5}", "{_record: 3}",
         ":4: decisions[0].set._record: `_record` tells where a row came from; it stays"),
        ("fine: [a_device]", "fine: [a_devise]",
         ":12: decisions[1].fine[0]: there is no rule `a_devise`; did you mean `a_device`?"),
        ("fine: [a_device]", "undo: clean_1_trim",
         (":12: decisions[1].undo: `clean_1_trim` is a cleaning step; say `keep`, or what is "
         "right with `set`")),
        ("name: no_jump", "name: seen",
         ":10: decisions[1].name: the decision in line 2 is called `seen` too"),
        ("name: no_jump", "name: a_device",
         (":10: decisions[1].name: `a_device` is called like a rule or a cleaning step; in the "
         "repairs it must be told from them")),
        ("until: 2024-12-31", "until: soon",
         ":9: decisions[0].until: `soon` is no date; write for example 2027-01-31"),
        ("until: 2024-12-31", "until: 2023-12-31",
         ":9: decisions[0].until: `until` is before the day on which it was decided"),
        ("    reason: It was changed.\n", "",
         ":10: decisions[1].reason: is missing (Why, for people)"),
        ("    fine: [a_device]\n", "",
         (":10: decisions[1]: a decision is one of keep, set, undo, fine, out; this says "
         "nothing")),
        ("where: {device: L2}", "rows: more.csv",
         ":11: decisions[1].rows: there is no file `decisions/more.csv`"),
        ("where: {device: L2}", "rows: ../more.csv",
         ":11: decisions[1].rows: `../more.csv` is not in `decisions/`"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_is(good, old, new, said):
    good.write(FILE, GOOD).change(FILE, old, new)
    assert good.mistakes() == [FILE + said]


def test_a_table_that_is_not_there_cannot_be_decided_on(good):
    good.write("decisions/metres.yml", GOOD)
    assert good.mistakes() == [
        (
            "decisions/metres.yml:1: there is no table `trusted.metres` to decide on; did you "
            "mean `meters`?"
        )
    ]


def test_what_only_flags_cannot_be_undone(good):
    good.write(FILE, GOOD).change(FILE, "fine: [a_device]", "undo: known_device")
    assert good.mistakes() == [
        (
            f"{FILE}:12: decisions[1].undo: `known_device` flags rows and changes nothing; say "
            "`fine: known_device`"
        )
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("devise,set:outdoor", "there is no column `devise`; did you mean `device`?"),
        ("set:outdoor", ("the first line of `decisions/f.csv` has no column that tells which "
         "row is meant")),
        ("device", ("the first line of `decisions/f.csv` says nothing: it has no column "
         "`set:…`")),
        ("device,device", "`decisions/f.csv` names a column twice in its first line"),
        ("", "`decisions/f.csv` is empty; its first line names columns"),
    ],
)  # fmt: skip
def test_the_header_of_a_file_of_rows_is_checked(good, header, said):
    good.write("decisions/f.csv", f"{header}\n" if header else "")
    good.write(FILE, GOOD).change(FILE, "set: {outdoor: -3.5}\n    was: {outdoor: -39.9}",
                                  "rows: f.csv")  # fmt: skip
    good.change(
        FILE, '    where: {device: L1, measured_at: "2024-01-01 06:00:00Z"}\n', ""
    )
    assert good.mistakes() == [f"{FILE}:3: decisions[0].rows: {said}"]


def one(**said):
    usual = {"name": "new", "where": {"device": "L9"}, "keep": "outdoor", "reason": "So."}
    return Decision(by="tom", decided="2024-03-01", **{**usual, **said})


NEW = """\
  - name: new
    where: {device: L9}
    keep: outdoor
    reason: So.
    by: tom
    decided: 2024-03-01
"""


def test_a_decision_is_put_behind_the_last_one():
    assert with_decision(None, one(), FILE) == "decisions:\n" + NEW
    assert with_decision(GOOD, one(), FILE) == GOOD + NEW
    commented = GOOD.replace("many: true\n", "many: true   # both\n\n") + "\n# the end\n"
    assert with_decision(commented, one(), FILE) == commented + NEW
    other = GOOD + "\n# what it is\ndescription: Meters.\n"
    assert with_decision(other, one(), FILE) == GOOD + NEW + other[len(GOOD) :]


def test_a_list_in_one_line_keeps_its_comments():
    text = "# ours\ndecisions: []   # none yet\ndescription: Meters.\n"
    made = with_decision(text, one(), FILE)
    assert made.startswith("# ours\n")
    assert "# none yet" in made
    assert "description: Meters.\n" in made


def test_a_file_with_mistakes_is_not_added_to():
    with pytest.raises(DeclarationError, match="did you mean `reason`"):
        with_decision(GOOD.replace("reason: It", "reson: It"), one(), FILE)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(where=st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=3),
       said=st.dictionaries(TEXTS, TEXTS | st.none(), min_size=1, max_size=3),
       reason=TEXTS)  # fmt: skip
def test_any_text_is_read_back_as_it_was(where, said, reason):
    decision = one(where=where, keep=(), set=said, reason=reason)
    made = with_decision(with_decision(GOOD, decision, FILE), one(name="last"), FILE)
    document, mistakes = parse(made, FILE)
    assert mistakes == []
    assert len(document.value["decisions"]) == 4
