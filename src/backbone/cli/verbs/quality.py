"""``backbone quality``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backbone.cli.door import DONE, FAILED, Door
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
    "backbone quality --fail-under 0.99",
    "backbone quality trusted.flights --json",
)
@click.argument("asset", required=False)
@click.option("--history", is_flag=True, help="Show a line for every version.")
@click.option("--profile", is_flag=True, help="Show what every column holds.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT",
    help="Write a report to this file, one page that loads nothing.",
)  # fmt: skip
@click.option(
    "--fail-under", metavar="SCORE",
    help="Exit with 1 if a table has a lower score: 0.99, or 99%.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    asset: str | None,
    history: bool,
    profile: bool,
    html: Path | None,
    fail_under: str | None,
    as_json: bool,
) -> int:
    """Show what the rules of ASSET found, its scores, and its account of rows.

    Without ASSET every table of the trusted zone, a line each. A score is the share of
    rows that do not break a rule, between 0 and 1; that of a table is the weighted mean
    of its rules'. The account goes back to the raw records: read = formatted + rejected,
    formatted = trusted + quarantined + merged + superseded. With --json: {asset, rows,
    score, dimensions, rules, columns, account, decisions}, with --profile also {profile}.

    With --fail-under the exit code is 1 if a table has a lower score, or is not made yet;
    a table of which nothing was looked at has none. With --json each table has
    {fail_under: {bar, passed, rules}}, rules being those with a lower score.
    """
    if history and fail_under is not None:
        message = "--fail-under is of the newest version; leave out --history"
        raise click.UsageError(message)
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
        if html is not None and fail_under is None and not as_json:
            return DONE
        found = _found(env, asset, history=history, profile=profile)
        low: list[Any] = []
        if fail_under is not None:
            found, low = _judged(env, found, fail_under)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
    elif html is None:
        _print(found, history=history, profile=profile)
    if low:
        from backbone.cli.quality import print_below

        print_below(low)
    return FAILED if low else DONE


def _judged(env: Environment, found: Any, text: str) -> tuple[Any, list[Any]]:
    """Return what was found, each table judged, and the tables with too low a score."""
    from backbone.app.bars import bar_of, below, judged

    one = not isinstance(found, list)
    tables = judged(env, [found] if one else found, bar_of(text))
    return (tables[0] if one else tables), list(below(tables))


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
