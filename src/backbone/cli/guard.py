"""Errors become messages on stderr and exit codes; with ``--json``, a JSON object."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import click

from backbone.cli.door import DONE, INTERRUPTED, REFUSED, Door
from backbone.errors import BackboneError

__all__ = ["guarded", "silence_stdout"]


def guarded(action: Callable[[], int | None], door: Door) -> int:
    """Carry out `action` and return the exit code of the process.

    Nothing but SystemExit (which shell completion uses) leaves this function.
    """
    try:
        with door.interruption.listening():
            code = action() or DONE
            sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        _say("Interrupted.", door)
        return INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        return DONE
    except click.ClickException as error:
        _say_usage(error, door)
        return REFUSED
    except BackboneError as error:
        _say_expected(error, door)
        return REFUSED
    except Exception as error:  # noqa: BLE001 - the last door: nobody sees a traceback
        _say_unexpected(error, door)
        return REFUSED
    return code


def _say_usage(error: click.ClickException, door: Door) -> None:
    if door.as_json:
        _say_json("Usage", error.format_message())
    else:
        error.show()


def _say_expected(error: BackboneError, door: Door) -> None:
    if door.verbose:
        traceback.print_exception(error)
    elif door.as_json:
        more = {"where": error.where, "hint": error.hint, "command": error.command}
        _say_json(type(error).__name__, error.what, **more)
    else:
        _say(f"Error: {error}", door)


def _say_unexpected(error: Exception, door: Door) -> None:
    if door.verbose:
        traceback.print_exception(error)
        return
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    hint = "Run it again with --verbose for the traceback."
    if door.as_json:
        _say_json("Unexpected", what, where=None, hint=hint, command=None)
    else:
        _say(f"Unexpected error: {what}\n  {hint}", door)


def _say(text: str, _door: Door) -> None:
    head, newline, rest = text.partition("\n")
    click.echo(click.style(head, bold=True) + newline + rest, err=True)


def _say_json(kind: str, what: str, **more: Any) -> None:
    click.echo(json.dumps({"error": {"kind": kind, "what": what, **more}}), err=True)


def silence_stdout() -> None:
    """Let Python flush into nothing at its end: the reader has gone."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path of ours
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
