"""``backbone query``."""

from __future__ import annotations

import sys

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]

_SHOWN = 50


@verb(
    'backbone query "select count(*) as n from trusted.flights"',
    'backbone query "select * from trusted.flights__repairs" --csv > repairs.csv',
    "backbone query - --json < question.sql",
    'backbone query "select count(*) from trusted.flights" --at 2026-11-01',
)
@click.argument("sql")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header.")
@click.option(
    "--at", metavar="MOMENT",
    help="Read tables as they were: a pin, a time (2026-11-01, `2 days ago`), the end of "
    "a run; of one table also a version.",
)  # fmt: skip
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0),
    help=f"At most N rows; default: all as JSON or CSV, {_SHOWN} as a table.",
)  # fmt: skip
def command(
    door: Door, sql: str, as_json: bool, as_csv: bool, at: str | None, limit: int | None
) -> None:
    """Ask a question in SQL: one select over assets named zone.table.

    SQL is `-` to read it from stdin. As JSON, numbers keep all their digits, instants are
    ISO 8601 in UTC, NaN and infinities are null, bytes are base64.
    """
    if as_json and as_csv:
        words = "--json and --csv exclude each other"
        raise click.UsageError(words)
    text = sys.stdin.read() if sql == "-" else sql
    if as_json or as_csv:
        _print_data(door, text, at=at, limit=limit, as_json=as_json)
    else:
        _print_table(door, text, at=at, limit=_SHOWN if limit is None else limit)


def _print_data(
    door: Door, sql: str, *, at: str | None, limit: int | None, as_json: bool
) -> None:
    from backbone.app.queries import query
    from backbone.cli.encoding import csv_lines, json_lines, print_data

    with door.open() as env:
        found = query(env, sql, at=at, max_rows=limit)
    print_data(json_lines(found) if as_json else csv_lines(found))


def _print_table(door: Door, sql: str, *, at: str | None, limit: int) -> None:
    from backbone.app.figures import count
    from backbone.app.queries import query, row_count
    from backbone.cli.output import err, note, out, rows_table

    with door.open() as env:
        found = query(env, sql, at=at, max_rows=limit + 1)
        more = row_count(env, sql, at=at) - limit if found.num_rows > limit else 0
    console = out()
    rows = found.slice(0, limit).to_pylist()
    console.print(rows_table(found.column_names, rows, console))
    if not rows:
        err().print(note("no rows"))
    if more:
        words = f"… and {count(more)} more rows: --limit {limit + more}, --json or --csv"
        err().print(note(words))
