"""The record index against a state machine that reads one byte at a time."""

from __future__ import annotations

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from backbone.engines.raw.records import AFTER, BLANK, NUL, OPEN, Layout, fields
from backbone.engines.raw.streams import windows

QUOTE, COMMA, LF, CR = b'",\n\r'


def line_end(data, at):
    """The offset behind the next line end from `at` on."""
    while at < len(data):
        if data[at] == LF:
            return at + 1
        if data[at] == CR:
            return at + (2 if data[at + 1 : at + 2] == b"\n" else 1)
        at += 1
    return at


def closing(data, at, limit):
    """The offset of the quote that closes a field, None if none does before `limit`."""
    while at < min(limit, len(data)):
        if data[at] != QUOTE:
            at += 1
        elif data[at + 1 : at + 2] == b'"':
            at += 2
        else:
            return at
    return None


def one_record(data, start, limit_bytes):
    """The end of the record that starts at `start`, and why it is bad."""
    at, reason, limit = start, None, start + limit_bytes
    while at <= limit:
        if data[at : at + 1] == b'"':
            close = closing(data, at + 1, limit)
            if close is None:
                return line_end(data, at), OPEN
            at = close + 1
            if at < len(data) and data[at] not in (COMMA, LF, CR):
                reason = AFTER
        while at < len(data) and data[at] not in (COMMA, LF, CR):
            at += 1
        if at >= len(data) or data[at] != COMMA:
            break
        at += 1
    return line_end(data, at), reason


def reference(data, limit_bytes):
    found, at = [], 0
    while at < len(data):
        end, reason = one_record(data, at, limit_bytes)
        raw = data[at:end]
        if reason is None and end - at > limit_bytes:
            reason = f"longer than `max_record_bytes` ({limit_bytes:,})"
        if reason is None and b"\0" in raw:
            reason = NUL
        if reason is None and not raw.strip(b"\r\n"):
            reason = BLANK
        found.append((at, end, reason))
        at = end
    return found


def indexed(data, limit_bytes, window_bytes):
    """The index's records as offsets in the whole, with their reasons.

    A record that is cut is longer than its window shows; its end is that of the next.
    """
    layout = Layout(limit_bytes, COMMA, QUOTE)
    found = []
    for window in windows(io.BytesIO(data), layout, window_bytes):
        assert window.first == len(found)
        for index in range(len(window.records)):
            start, end = window.records.span(index)
            found.append((window.data[start:end], window.records.bad.get(index)))
    return found


pieces = st.sampled_from(
    [b"a", b"b", b",", b",", b'"', b'"', b'""', b"\n", b"\r\n", b"\r", b"\0", b"\xc3\xa9"]
)
texts = st.lists(pieces, max_size=40).map(b"".join)


@given(texts, st.integers(1, 30), st.integers(1, 50))
@settings(max_examples=1500, deadline=None)
@example(b'a,"b\nc,d\ne"x,f\n', 100, 1)
@example(b'"a\n"\r\n\r\n,', 100, 3)
def test_records_and_reasons_are_those_of_the_definition(data, limit_bytes, window_bytes):
    expected = [
        (data[start:end], reason) for start, end, reason in reference(data, limit_bytes)
    ]
    found = indexed(data, limit_bytes, window_bytes)
    assert [reason for _, reason in found] == [reason for _, reason in expected]
    for (raw, reason), (whole, _) in zip(found, expected, strict=True):
        if reason and len(whole) > limit_bytes:
            assert whole.startswith(raw)
        else:
            assert raw == whole


@given(texts, st.integers(1, 50))
@settings(max_examples=300, deadline=None)
def test_the_size_of_windows_does_not_matter(data, window_bytes):
    whole = indexed(data, 1_000, 1_000)
    assert indexed(data, 1_000, window_bytes) == whole


cells = st.lists(
    st.text(st.sampled_from('ab",\n\r é'), max_size=6), min_size=1, max_size=5
)


@given(cells)
def test_fields_are_what_was_written(row):
    written = ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row)
    found = fields(written.encode(), Layout(999, COMMA, QUOTE))
    assert [cell.decode() for cell in found] == row
