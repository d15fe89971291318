"""The portable subset: verbs of Backbone's own."""

from __future__ import annotations

from backbone.sql.portable.checks import arity
from backbone.sql.portable.rows import Row, row

__all__ = ["VERB_ROWS"]

VERB_ROWS: tuple[Row, ...] = (
    row(
        "to_utc(local, zone)",
        "to_utc",
        "timestamp",
        (
            "to_utc(timestamp '2013-07-01 02:00:00', 'Europe/Belgrade')",
            "2013-07-01 00:00:00Z",
        ),
        (
            "to_utc(timestamp '2013-11-03 01:30:00', 'America/New_York')",
            "2013-11-03 05:30:00Z",
        ),
        (
            "to_utc(timestamp '2013-03-10 02:30:00', 'America/New_York')",
            "2013-03-10 07:30:00Z",
        ),
        note="the instant at which clocks in a zone show a time; of two the first; a skipped time is moved forward",
        check=arity(2, 2, "to_utc(<time>, 'Europe/Belgrade')"),
    ),
    row(
        "to_local(instant, zone)",
        "to_local",
        "datetime",
        (
            "to_local(timestamptz '2013-07-01 00:00:00Z', 'Europe/Belgrade')",
            "2013-07-01 02:00:00",
        ),
        note="what clocks in a zone show at an instant",
        check=arity(2, 2, "to_local(<time>, 'Europe/Belgrade')"),
    ),
)
