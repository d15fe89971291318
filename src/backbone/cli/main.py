"""``backbone``: the entry point."""

from __future__ import annotations

import sys
from functools import partial
from io import TextIOWrapper

import click

from backbone.cli.front import Front
from backbone.cli.verb import CONTEXT, shared

__all__ = ["backbone", "main"]

_HELP = """\
One data backbone for a team: from sources to tables and models that can be trusted.

SELECTION is a list of assets: trusted.flights, +trusted.flights (and what it is made
from), trusted.flights+ (and what is made from it), zone:exploitation, source:weather,
state:modified; * is a wildcard.

Data go to stdout, messages to stderr. Exit codes: 0 done; 1 a step or a rule of severity
error failed; 2 usage, declaration or unexpected error; 130 interrupted.
"""
_EPILOG = "`backbone demo` shows it all in a minute; `backbone VERB --help` has examples."


@click.group(cls=Front, help=_HELP, epilog=_EPILOG, context_settings=CONTEXT)
@partial(shared, with_environment=True)
@click.version_option(package_name="backbone", message="backbone %(version)s")
def backbone() -> None:
    """Carry out a verb of the command line."""


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    backbone.main(prog_name="backbone")
