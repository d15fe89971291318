from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from backbone.project.yaml import parse, read_text


def _value(text):
    document, mistakes = parse(text, "f.yml")
    assert mistakes == []
    return document.value


def _said(text):
    _, mistakes = parse(text, "f.yml")
    assert mistakes
    return [str(each) for each in mistakes]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("2.50", 2.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("off", "off"),
        ("007", "007"),
        ("+34", "+34"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2013-01-01", "2013-01-01"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ('"12"', "12"),
        ("'true'", "true"),
        ("!!str 12", "12"),
        ("|\n  a\n  b", "a\nb\n"),
        (">-\n  a\n  b", "a b"),
        ("[1, a, ~]", [1, "a", None]),
        ("{b: 1, 2: c}", {"b": 1, "2": "c"}),
        ("${param:x}", "${param:x}"),
    ],
)
def test_a_scalar_is_a_number_only_where_json_would_spell_it_so(written, value):
    found = _value(f"a: {written}\n")
    assert found == {"a": value}
    assert type(found["a"]) is type(value)


def test_anchors_and_merges():
    text = "a: &x {p: 1, q: 2}\nb: *x\nc:\n  <<: *x\n  q: 3\nd:\n  <<: [*x, {r: 4}]\n"
    found = _value(text)
    assert found["b"] == {"p": 1, "q": 2}
    assert found["c"] == {"p": 1, "q": 3}
    assert found["d"] == {"p": 1, "q": 2, "r": 4}


def test_lines_of_keys_items_and_what_is_inside_one_line():
    text = "# about\na:\n  - x\n  - {b: 1,\n     c: 2}\nd: |\n  text\n"
    document, _ = parse(text, "f.yml")
    assert document.line(("a",)) == 2
    assert document.line(("a", 0)) == 3
    assert document.line(("a", 1)) == 4
    assert document.line(("a", 1, "c")) == 5
    assert document.line(("d",)) == 6
    assert document.line(("a", 1, "c", "nowhere")) == 5
    assert document.line(("nowhere",)) == 2


def test_numbers_keep_the_text_that_was_written():
    document, _ = parse("a: [1.50, -0, true]\n", "f.yml")
    assert document.written[("a", 0)] == "1.50"
    assert document.written[("a", 1)] == "-0"
    assert document.written[("a", 2)] == "true"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n\tb: 1\n", "2:1: a tab stands here; YAML is indented with spaces"),
        ("a: b: c\n", "1:5: a `:` too many; quote the text, or indent it"),
        ("a:\n  b: 1\n c: 2\n", "3:2: this line is not indented as the lines above it"),
        ("a: 1\n- b\n", "2:1: this line is not indented as the lines above it"),
        ("b: 1\na: 'x\nc: 2\n", "2:4: the text that begins here has no closing quote"),
        ("a: [1, 2\nb: 3\n", "1:4: the list `[…]` that begins here is not closed"),
        (
            "a: {b: ${param:x}}\n",
            "1:4: the `{…}` that begins here is not closed, or needs quotes",
        ),
        ("a: 1\nfoo\nb: 2\n", "3:1: a `:` is missing after the key before this"),
        ('a: "\\d"\n', "1:6: double the backslash, or use single quotes"),
        ("a: @x\n", "1:4: a text that begins with this character must be quoted"),
        ("a: `x`\n", "1:4: a text that begins with this character must be quoted"),
        ('a: "\x01"\n', "1: holds the control character U+0001"),
        ("a: 1\n---\nb: 2\n", "2: holds several documents; a file is one (no `---`)"),
        ("", "1: is empty"),
        ("# nothing\n", "1: is empty"),
        ("---\n", "1: is empty"),
        (
            "- a\n- b\n",
            "1: holds a list, where keys and values are wanted (`key: value`)",
        ),
        ("\nhello\n", "2: holds a text, where keys and values are wanted (`key: value`)"),
        ("? [a, b]\n: c\n", "1: a key must be one word or a quoted text"),
        ("a: 1\nb: !date 2\n", "2: b: the tag `!date` means nothing here; remove it"),
        ("a: 1\nb: 2\na: 3\n", "3: a: is given twice, first in line 1"),
        ("x:\n  a: 1\n  a: {b: 3}\n", "3: x.a: is given twice, first in line 2"),
        (
            "a: *.csv\n",
            (
                "1: a: there is no anchor `&.csv` before this; a text that begins with `*` "
                "must be quoted"
            ),
        ),
        (
            "a: &x [*x]\n",
            (
                "1: a[0]: there is no anchor `&x` before this; a text that begins with `*` "
                "must be quoted"
            ),
        ),
        ("a:\n  <<: 5\n", '2: a["<<"]: `<<` takes keys and values'),
        ("a: " + "[" * 90 + "]" * 90, "1: is nested more than 60 deep"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text, said):
    assert _said(text) == [f"f.yml:{said}"]


def test_anchors_that_unfold_to_billions_are_refused():
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert _said("\n".join(rows)) == [
        "f.yml:7: unfolds its anchors to more than a million values"
    ]


def test_several_mistakes_of_one_file_are_told_together():
    assert _said("a: 1\na: 2\nb: !x 1\nc: [1\n") == [
        "f.yml:2: a: is given twice, first in line 1",
        "f.yml:3: b: the tag `!x` means nothing here; remove it",
        "f.yml:4:4: the list `[…]` that begins here is not closed",
    ]


def test_reading_bytes(tmp_path):
    path = tmp_path / "f.yml"

    def read(data):
        path.write_bytes(data)
        text, mistakes = read_text(path, "f.yml")
        return text, [str(each) for each in mistakes]

    assert read(b"\xef\xbb\xbfa: 1\n") == ("a: 1\n", [])
    assert read("a: ž\r\n".encode()) == ("a: ž\r\n", [])
    assert read("a: 1".encode("utf-16")) == (
        None,
        ["f.yml:1: is UTF-16; save it as UTF-8"],
    )
    said = "f.yml:2: is not UTF-8 (byte 0xe8); save it as UTF-8"
    assert read(b"a: 1\nb: \xe8\n") == (None, [said])
    path.unlink()
    said = "f.yml:1: cannot be read: No such file or directory"
    assert read_text(path, "f.yml")[1][0].text in said


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=12),
)
_KEYS = st.text("abcxyz_", min_size=1, max_size=6)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _TREES, min_size=1, max_size=5))
@settings(max_examples=80, deadline=None)
def test_what_a_yaml_writer_writes_is_read_back(data):
    stream = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False  # inside {…} it writes `?x`, which it cannot read
    yaml.dump(data, stream)
    text = stream.getvalue()
    document, mistakes = parse(text, "f.yml")
    assert mistakes == []
    assert document.value == YAML(typ="safe", pure=True).load(text) == data


@given(st.text(st.sampled_from(list("ab:-[]{}\"'#&*!|> \n\t,?%@`~1.$")), max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_reader(text):
    document, mistakes = parse(text, "f.yml")
    assert (document is not None) or mistakes
    lines = text.count("\n") + 1
    assert all(1 <= each.line <= lines for each in mistakes)


def test_reading_a_folder_where_a_file_should_be(tmp_path):
    text, mistakes = read_text(Path(tmp_path), "f.yml")
    assert text is None
    assert "cannot be read" in mistakes[0].text
