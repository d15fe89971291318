"""``backbone demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backbone.cli.door import DONE, FAILED, Door
from backbone.cli.verb import engine_option, json_option, quiet_option, verb

if TYPE_CHECKING:
    from backbone.app.summary import DemoReport

__all__ = ["command"]


@verb("backbone demo", "backbone demo flights --quiet", opens_project=False)
@click.argument(
    "folder", metavar="[DIR]", default="demo", type=click.Path(path_type=Path)
)
@engine_option
@quiet_option
@json_option
def command(
    door: Door, folder: Path, engine: str | None, quiet: bool, as_json: bool
) -> int:
    """Run the flights example in DIR (demo by default), and sum it up.

    Every flight that left New York in 2013, from three live sources (files, an HTTP API,
    a database) to two finished analyses. The project is written if it is not there;
    repeated, it goes on in the same folder. It needs the extra `demo`.
    """
    from backbone.app.summary import demo
    from backbone.cli.progress import watching

    with watching(door.interruption, quiet=quiet) as tell:
        report = demo(door.project / folder, engine=engine, tell=tell)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(_data(report))
    else:
        _show(report, quiet=quiet)
    return DONE if report.run.ok else FAILED


def _data(report: DemoReport) -> dict[str, Any]:
    from backbone.cli.reports import run_data

    return {
        "folder": str(report.folder),
        **run_data(report.run, report.zones),
        "reports": [str(path) for path in report.reports],
        "next_commands": list(report.next_commands),
    }


def _show(report: DemoReport, *, quiet: bool) -> None:
    from backbone.cli.output import heading, near, out, print_next
    from backbone.cli.reports import is_idle, print_run, zone_table

    console = out()
    if is_idle(report.run) and not quiet:
        console.print(zone_table(report.zones))
    print_run(report.run, report.zones, quiet=quiet)
    if quiet:
        return
    if report.reports:
        console.print(heading("Reports, to open in a browser"))
        for path in report.reports:
            console.print(f"  {near(path)}", soft_wrap=True)
    console.print(heading(f"The project is in {report.folder}. Worth typing next"))
    print_next(console, report.next_commands, lead=" ")
