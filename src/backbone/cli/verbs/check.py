"""``backbone check``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from backbone.cli.door import DONE, FAILED, REFUSED, Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb(
    'backbone check people.csv --rule "t1.zip = t2.zip and t1.city <> t2.city"',
    'backbone check people.csv --rule "zip -> city" --rule "adult: age<18"',
    "backbone check people.csv.gz --rules rules.txt --violations broken.csv",
    "backbone check trips.parquet --rules trusted/trips.yml --json",
    'backbone check trips.csv --rule "arrived<departed" --explain --dry-run',
    "backbone check 'data/*.csv' --rules rules.yml",
)
@click.argument("subjects", metavar="TARGET...", nargs=-1, required=True)
@click.option(
    "--rule", "texts", multiple=True, metavar="TEXT",
    help="What must not occur, or `zip -> city`; `name: ` may stand before. Repeatable.",
)  # fmt: skip
@click.option(
    "--rules", "files", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
    help="Rules: YAML as in trusted/*.yml, or text, a rule a line. Repeatable.",
)  # fmt: skip
@click.option(
    "--examples", metavar="N", type=click.IntRange(min=0), default=3, show_default=True,
    help="Show so many examples of what breaks a rule.",
)  # fmt: skip
@click.option(
    "--violations", metavar="OUT", type=click.Path(dir_okay=False, path_type=Path),
    help="Write every row that breaks a rule to this .csv or .parquet file.",
)  # fmt: skip
@click.option(
    "--allow-quadratic", is_flag=True,
    help="Compare pairs of rows where a rule needs it, however many they are.",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Say how each rule is looked for.")
@click.option("--dry-run", is_flag=True, help="Look at the header and the rules alone.")
@click.option(
    "--delimiter", metavar="SIGN", help="Between cells of a CSV file; default: found out."
)
@click.option("--encoding", metavar="NAME", help="Of the text; default: found out.")
@click.option(
    "--null", "nulls", multiple=True, metavar="TEXT",
    help="A text that means a missing value, as an empty cell does. Repeatable.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    subjects: tuple[str, ...],
    texts: tuple[str, ...],
    files: tuple[Path, ...],
    examples: int,
    violations: Path | None,
    allow_quadratic: bool,
    explain: bool,
    dry_run: bool,
    delimiter: str | None,
    encoding: str | None,
    nulls: tuple[str, ...],
    as_json: bool,
) -> int:
    """Check TARGET, a file or an asset of a project, against rules; nothing is written.

    A file needs no project and no types: its first line names the columns, an empty cell
    is a missing value, the first row behind the header is row 1. A comparison is of
    numbers or dates where all values are; otherwise of texts, and the odd ones are shown.
    Without rules, an asset is checked against those that are declared for it. Several
    files, or a pattern ('data/*.csv'), are checked one by one.

    Rules may also be written as HoloClean, Desbordante or Metanome write them. Exit code:
    0 nothing is broken, 1 a rule is (unless it says `severity: warn`), 2 a mistake, or a
    rule that is refused. With --json: {file, columns, layout, rows, seconds, failed,
    refused, rejected, rules, notes}; of several files an array.
    """
    from backbone.app.check_files import are_several, check_each, targets_of
    from backbone.app.checking import check
    from backbone.app.files import Layout
    from backbone.cli.checks import print_checked, print_each, print_plans, working

    several = are_several(subjects)
    _refuse(violations, dry_run=dry_run, several=several)
    with working() as tell:

        def one(target: str) -> dict[str, Any]:
            return check(
                target, texts, files, open_project=door.open, examples=examples,
                layout=Layout(delimiter, encoding, nulls), violations=violations,
                dry_run=dry_run, allow_quadratic=allow_quadratic, tell=tell,
            )  # fmt: skip

        found = check_each(targets_of(subjects), one) if several else [one(subjects[0])]
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found if several else found[0])
    elif dry_run:
        for each in found:
            print_plans(each)
    elif several:
        print_each(found, explain=explain, with_layout=door.verbose)
    else:
        options = {"--delimiter": delimiter, "--encoding": encoding}
        again = _again(subjects[0], texts, files, options, nulls)
        again += " --allow-quadratic" if allow_quadratic else ""
        print_checked(found[0], explain=explain, again=again, with_layout=door.verbose)
    return max(map(_exit_code, found))


def _refuse(violations: Path | None, *, dry_run: bool, several: bool) -> None:
    if violations is not None and dry_run:
        words = "--violations and --dry-run exclude each other"
        raise click.UsageError(words)
    if violations is not None and several:
        words = "--violations is for one file: its rows have numbers in that file alone"
        raise click.UsageError(words)


def _again(
    subject: str,
    texts: Sequence[str],
    files: Sequence[Path],
    options: Mapping[str, str | None],
    nulls: Sequence[str],
) -> str:
    """Return the command that was typed."""
    from shlex import quote

    typed = [f"--rule {quote(text)}" for text in texts]
    typed += [f"--rules {quote(str(path))}" for path in files]
    typed += [f"{name} {quote(value)}" for name, value in options.items() if value]
    typed += [f"--null {quote(text)}" for text in nulls]
    return " ".join(["backbone check", quote(subject), *typed])


def _exit_code(found: Mapping[str, Any]) -> int:
    if found.get("refused") or "error" in found:
        return REFUSED
    return FAILED if found.get("failed") else DONE
