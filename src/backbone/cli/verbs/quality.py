"""``backbone quality``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

if TYPE_CHECKING:
    from backbone.app.environment import Environment

__all__ = ["command"]


@verb(
    "backbone quality",
    "backbone quality trusted.flights",
    "backbone quality trusted.flights --history",
    "backbone quality trusted.flights --profile",
    "backbone quality trusted.flights --html flights.html",
    "backbone quality trusted.flights --json",
)
@click.argument("asset", required=False)
@click.option("--history", is_flag=True, help="Show a line for every version.")
@click.option("--profile", is_flag=True, help="Show what every column holds.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT",
    help="Write a report to this file, one page that loads nothing.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    asset: str | None,
    history: bool,
    profile: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show what the rules of ASSET found, its scores, and its account of rows.

    Without ASSET every table of the trusted zone, a line each. A score is the share of
    rows that do not break a rule, between 0 and 1; that of a table is the weighted mean
    of its rules'. The account goes back to the raw records: read = formatted + rejected,
    formatted = trusted + quarantined + merged + superseded. With --json: {asset, rows,
    score, dimensions, rules, columns, account, decisions}, with --profile also {profile}.
    """
    if asset is None and (history or profile):
        what = "--history" if history else "--profile"
        message = f"{what} is of one table; name it: backbone quality ASSET {what}"
        raise click.UsageError(message)
    if history and profile:
        message = "--history and --profile are two answers; ask for one of them"
        raise click.UsageError(message)
    with door.open() as env:
        if html is not None:
            _write_page(env, asset, html)
        if html is not None and not as_json:
            return
        found = _found(env, asset, history=history, profile=profile)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
    else:
        _print(found, history=history, profile=profile)


def _found(env: Environment, asset: str | None, *, history: bool, profile: bool) -> Any:
    from backbone.app import quality

    if asset is None:
        return quality.overview(env)
    if history:
        return quality.history(env, asset)
    found = quality.quality(env, asset)
    if profile:
        from backbone.app.profiles import profile as profiled

        found["profile"] = profiled(env, asset)
    return found


def _print(found: Any, *, history: bool, profile: bool) -> None:
    from backbone.cli.quality import print_history, print_overview, print_quality

    if history:
        print_history(found)
    elif isinstance(found, list):
        print_overview(found)
    elif profile:
        from backbone.cli.profiles import print_profile

        print_profile(found["profile"])
    else:
        print_quality(found)


def _write_page(env: Environment, asset: str | None, path: Path) -> None:
    from backbone.app.pages import quality_page, zone_page
    from backbone.cli.output import err

    text = zone_page(env) if asset is None else quality_page(env, asset)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise click.UsageError(message) from error
    err().print(f"The report is in {path}", highlight=False)
