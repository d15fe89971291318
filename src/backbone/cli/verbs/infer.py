"""``backbone infer``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb(
    "backbone infer readings.csv",
    "backbone infer 'inbox/*.csv' --evidence",
    "backbone infer landing.readings --write",
    "backbone infer exports/ --name readings --json",
)
@click.argument("subject", metavar="SUBJECT")
@click.option(
    "--write", is_flag=True,
    help="Put it into the project; what a file says already stays, with its comments.",
)  # fmt: skip
@click.option("--name", metavar="TABLE", help="What the table is called.")
@click.option(
    "--evidence", is_flag=True, help="Show every choice with its evidence, sure or not."
)
@click.option(
    "--delimiter", metavar="SIGN", help="Between cells of a CSV file; default: found out."
)
@click.option("--encoding", metavar="NAME", help="Of the text; default: found out.")
@click.option(
    "--look-at", metavar="MB", type=click.IntRange(min=1), default=32, show_default=True,
    help="So many megabytes are looked at cell by cell, spread over all files.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    subject: str,
    write: bool,
    name: str | None,
    evidence: bool,
    delimiter: str | None,
    encoding: str | None,
    look_at: int,
    as_json: bool,
) -> None:
    """Propose how files are read: declarations, with what speaks for and against them.

    SUBJECT is a file, a folder, a pattern ('inbox/*.csv'), or landing.DATASET: all
    deliveries of a dataset of the project. All files are looked at, not the first rows of
    one: format, encoding, header, types, formats of dates, units, words for missing
    values, keys. What is not sure is a comment in the proposal and a question below it.
    Without --write nothing is changed: YAML goes to stdout, questions to stderr. With
    --json: an array of {name, files, left_out, records, looked_at, source, declaration,
    yaml, choices, questions, written}.
    """
    from backbone.app.infer import infer
    from backbone.cli.checks import working

    with working() as tell:
        found = infer(
            subject, open_project=door.open, folder=door.project, write=write, name=name,
            delimiter=_sign(delimiter), encoding=encoding, at_most=look_at << 20,
            tell=tell,
        )  # fmt: skip
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
        return
    from backbone.cli.proposals import print_proposals

    print_proposals(found, with_evidence=evidence or door.verbose)


def _sign(text: str | None) -> str | None:
    return {"\\t": "\t", "tab": "\t"}.get(text or "", text)
