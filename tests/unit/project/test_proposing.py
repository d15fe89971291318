"""Proposals are YAML that says what was proposed, and leave a person's file as it is."""

from ruamel.yaml import YAML

from backbone.project.proposing import changed, proposal_text

PROPOSED = {
    "from": "landing.x",
    "read": {"format": "csv", "delimiter": ";", "nulls": ["", "no", "1e3"]},
    "key": ["a"],
    "columns": {
        "a": {"type": "integer", "from": "A: #1"},
        "b": {"type": "date", "from": "B", "format": ["%d/%m/%Y", "%m/%d/%Y"]},
    },
}
OWN = """\
# of the heating company
from: landing.x
read: {format: csv, delimiter: "|"}  # they said so
columns:
  # never a number
  code: {type: string, from: "A: #1"}
"""


def loaded(text):
    return YAML(typ="safe").load(text)


def test_the_text_of_a_proposal_says_what_was_proposed():
    text = proposal_text(PROPOSED, {"columns.b": ["unsure: which?"]})
    assert loaded(text) == PROPOSED
    assert "  # unsure: which?\n  b: {" in text


def test_what_a_person_declared_stays_with_comments_and_order():
    text, done = changed(OWN, PROPOSED, {"columns.b": ["unsure: which?"]})
    assert text.startswith(OWN.partition("read")[0])
    assert "# they said so" in text
    assert "# never a number" in text
    assert "# unsure: which?" in text
    found = loaded(text)
    assert found["read"] == {
        "format": "csv",
        "delimiter": "|",
        "nulls": ["", "no", "1e3"],
    }
    assert list(found["columns"]) == ["code", "b"]
    assert found["columns"]["b"] == PROPOSED["columns"]["b"]
    assert done == ("read.nulls", "key", "columns.b")


def test_a_file_that_says_all_of_it_is_not_changed():
    text, _ = changed(OWN, PROPOSED, {})
    assert changed(text, PROPOSED, {}) == (text, ())
