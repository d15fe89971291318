"""``backbone decide``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

if TYPE_CHECKING:
    from backbone.app.decisions import Saying

__all__ = ["command"]


@verb(
    "backbone decide trusted.planes",
    "backbone decide trusted.planes tailnum=N528CA --column manufacturer --keep "
    '--reason "Checked with the owner."',
    "backbone decide trusted.planes N528CA --column year_built --set 1985 "
    '--reason "From the register." --until 2027-01-31',
    "backbone decide trusted.planes N528CA --undo one_manufacturer "
    '--reason "It is a Canadair." --dry-run',
    "backbone decide trusted.planes N381AA --fine built_before_its_time "
    '--reason "A DC-7, still flying."',
)
@click.argument("asset")
@click.argument("key", nargs=-1, metavar="[KEY]...")
@click.option(
    "-c", "--column", "columns", multiple=True, metavar="COLUMN",
    help="The column that is kept or set, or whose repair is undone; may be repeated.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="The value that was delivered is right.")
@click.option("--set", "value", metavar="VALUE", help="This value is right.")
@click.option("--blank", is_flag=True, help="No value is right: the cell is missing.")
@click.option("--undo", metavar="RULE", help="This rule leaves the row alone.")
@click.option("--fine", metavar="RULE", help="The row does not break this rule.")
@click.option("--out", is_flag=True, help="The row leaves, to the quarantine.")
@click.option("--reason", metavar="TEXT", help="Why; every decision has a reason.")
@click.option("--by", metavar="NAME", help="Who decided; default: the user.")
@click.option("--until", metavar="DATE", help="The last day on which it holds.")
@click.option("--name", metavar="NAME", help="What it is called; made by default.")
@click.option("--many", is_flag=True, help="All rows that have this key are meant.")
@click.option(
    "--always", is_flag=True,
    help="It holds even when the source delivers another value later.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
@json_option
def command(
    door: Door,
    asset: str,
    key: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    **said: object,
) -> None:
    """Decide about a row of ASSET, a trusted table; without a KEY list what was decided.

    KEY is the values of the table's key in their order, or column=value. The decision is
    added to decisions/TABLE.yml; it holds from the next run on, for later deliveries too.
    """
    from backbone.app.decisions import decide, decisions

    if not key:
        _refuse_without_key(said)
        with door.open() as env:
            found = decisions(env, asset)
    else:
        saying = _saying(said)
        with door.open() as env:
            found = decide(env, asset, key, saying, dry_run=dry_run)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
        return
    from backbone.cli.decisions import print_decided, print_decisions

    (print_decided if key else print_decisions)(found)


def _refuse_without_key(said: dict[str, object]) -> None:
    given = [name for name, value in said.items() if value not in {None, False, ()}]
    if given:
        message = "which row? Name it: the values of its key, or column=value"
        raise click.UsageError(message)


def _saying(said: dict[str, object]) -> Saying:
    """Return what was typed as one thing that a person says."""
    from backbone.app.sayings import saying_of

    try:
        return saying_of(
            {**said, "set": said["value"]}, lambda n: _SPELT.get(n, f"--{n}")
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


_SPELT = {
    "set": "--set VALUE", "undo": "--undo RULE", "fine": "--fine RULE",
    "reason": "--reason TEXT",
}  # fmt: skip
