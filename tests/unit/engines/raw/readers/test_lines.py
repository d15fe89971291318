"""Fixed width and logs: places, patterns, entries of several lines, exact numbers."""

from __future__ import annotations

import pytest
from tests.unit.engines.raw.readers.conftest import reading

from backbone.engines.raw import mistakes, raw_record

FIXED = {"format": "fixed", "fields": {"id": 3, "name": [5, 6], "n": 3}}
LOG = {"format": "log", "pattern": r"(?P<level>[A-Z]+) (?P<text>.*)"}
ACCESS = (
    r'1.2.3.4 - bob smith [10/Oct/2000:13:55:36 -0700] "GET /a?b=\"c\" HTTP/1.0" 200 -'
    "\n"
    r'::1 - - [10/Oct/2000:13:55:37 -0700] "GET /x HTTP/1.1" 304 12 "-" "Mo \"z\" (X)"'
    "\n"
    r'::1 - - [10/Oct/2000:13:55:38 -0700] "\x16\x03" 400 0 "http://e" ""'
    "\n"
)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_places_are_characters(find, tmp_path, end):
    path = tmp_path / "a.txt"
    lines = ["head", "001 naïve   7", "002      - 8 more", "", "003 x", ""]
    path.write_bytes(end.join(lines).encode("latin-1"))
    layout = FIXED | {"encoding": "latin-1", "skip": 1}
    found = find(path, layout, "id", "name", "n")
    assert found.rows == [("001", "naïve", "7"), ("002", "-", "8")]
    assert found.numbers == [1, 2]
    short = "expected 13 characters, found 5"
    assert found.reasons == [(3, "a blank line"), (4, short)]
    assert found.rejected[1].raw == "003 x"
    padded = find(path, layout | {"short": "pad", "trim": False}, "id", "name", "n")
    assert padded.rows[1:] == [("002", "     -", " 8 "), ("003", "x", None)]


def test_small_windows_find_the_same(find, tmp_path):
    path = tmp_path / "a.txt"
    lines = [f"{n:03} {'é' * (n % 7):6}{n % 10:>3}" for n in range(300)]
    lines[100:104] = ["", "x", "", ""]
    path.write_text("\n".join(["skip", "skip", *lines, "", ""]), encoding="utf-8")
    layout = FIXED | {"skip": 2}
    expected = find(path, layout, "id", "name", "n")
    assert expected.end.records == 300
    for piece_bytes in (1, 50, 997):
        found = find(path, layout, "id", "name", "n", piece_bytes=piece_bytes)
        assert (found.rows, found.numbers) == (expected.rows, expected.numbers)
        assert found.rejected == expected.rejected


def test_bytes_that_are_no_text_reject_their_line(find, tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"INFO one\nWARN \xff\nINFO a\0b\nbad\n\nINFO two\n\n\n")
    found = find(path, LOG, "level", "text")
    assert found.rows == [("INFO", "one"), ("INFO", "two")]
    assert found.reasons == [
        (2, "text that is not Unicode, or has a NUL"),
        (3, "a NUL byte"),
        (4, "does not match the pattern"),
        (5, "a blank line"),
    ]


def test_web_servers(find, tmp_path):
    path = tmp_path / "a.log"
    path.write_text(ACCESS)
    names = ["user", "method", "path", "protocol", "status", "bytes"]
    common = find(path, {"format": "log", "pattern": "common"}, *names)
    assert common.rows == [
        ("bob smith", None, None, None, "200", None),
    ]
    both = find(
        path, {"format": "log", "pattern": "combined"}, "request", "referer", "user_agent"
    )
    assert both.rows == [
        ("GET /x HTTP/1.1", None, r"Mo \"z\" (X)"),
        (r"\x16\x03", "http://e", None),
    ]
    assert both.reasons == [(1, "no entry of the combined log format")]


ENTRIES = """\
lost
INFO one
WARN two
  at a
  at b

INFO three
not here
ERROR
INFO four
"""


@pytest.mark.parametrize("piece_bytes", [1, 7, 1 << 20])
def test_entries_of_several_lines(find, tmp_path, piece_bytes):
    path = tmp_path / "a.log"
    path.write_text(ENTRIES + "\n\n")
    layout = LOG | {"starts_with": "[A-Z]+"}
    found = find(path, layout, "level", "text", piece_bytes=piece_bytes)
    assert found.rows == [
        ("INFO", "one"),
        ("WARN", "two\n  at a\n  at b"),
        ("INFO", "three\nnot here"),
        ("INFO", "four"),
    ]
    assert found.numbers == [2, 3, 4, 6]
    assert [number for number, _ in found.reasons] == [1, 5]
    assert found.rejected[0].raw == "lost"


def test_a_record_is_shown_as_it_was_received(find, tmp_path):
    path = tmp_path / "a.log"
    path.write_text(ENTRIES)
    entries = reading(LOG | {"starts_with": "[A-Z]+"}, {"level": "string"}, path)
    assert raw_record(str(path), entries.format, 3) == "WARN two\n  at a\n  at b"
    lines = reading(LOG | {"skip": 1}, {"level": "string"}, path)
    assert raw_record(str(path), lines.format, 2) == "WARN two"
    assert raw_record(str(path), lines.format, 4) == "  at b"


def test_an_expression_that_cannot_be_used_is_a_mistake(tmp_path):
    request = reading(LOG | {"pattern": "(?P<a>x)(?=y)"}, {"a": "string"})
    assert "invalid perl operator" in mistakes(request)[0]
