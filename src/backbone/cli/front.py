"""The group of all verbs: a table of them; a verb's module is loaded when it is typed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from backbone.cli.door import DONE, Door
from backbone.cli.guard import guarded, silence_stdout
from backbone.errors import nearest

__all__ = ["VERBS", "Front"]

VERBS: Mapping[str, Mapping[str, str]] = {
    "Begin": {
        "init": "Write a new project, empty or an example.",
        "demo": "Run the flights example, from its sources to two analyses.",
        "infer": "Propose how files are read: declarations, with their evidence.",
    },
    "Bring up to date": {
        "plan": "Say what a run would do.",
        "run": "Collect what is due and bring everything up to date.",
        "resume": "Finish the last run at its pinned inputs.",
        "schedule": "Run what is due by the schedules of sources.",
    },
    "Look": {
        "ls": "List assets: rows, version, status.",
        "show": "Describe an asset: columns, inputs, version, sample rows.",
        "query": "Ask a question of assets in SQL.",
        "versions": "List the versions of an asset.",
        "diff": "Say what changed from one version of an asset to another.",
        "pin": "Name the raw data of this moment, for git; list and verify pins.",
    },
    "Trust": {
        "check": "Check a file or an asset against rules; write nothing.",
        "quality": "Show what the rules found, and the account of rows.",
        "trace": "Follow a row back to its raw files and records.",
        "decide": "Decide about a row: keep, set, undo, fine; list what was decided.",
        "explain": "Say how an asset is made: rules, SQL, lineage, models.",
    },
    "Look after": {
        "gc": "Remove what nothing needs, and raw bytes past retention.",
    },
    "Set up": {
        "schema": "Print the JSON Schema of a project's files.",
        "doctor": "Check the machine and the project.",
    },
}


class Front(click.Group):
    """Every verb of the command line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all verbs, in the order of the help."""
        del ctx
        return [name for verbs in VERBS.values() for name in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a verb's module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"backbone.cli.verbs.{cmd_name}").command
        if not isinstance(command, click.Command):
            message = f"the module of `{cmd_name}` holds no command"
            raise TypeError(message)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb that was typed, or say which is nearest."""
        known = self.list_commands(ctx)
        if not args[0].startswith("-") and args[0] not in known:
            hint = nearest(args[0], known)
            words = f"there is no verb `{args[0]}`. {hint or ''}".rstrip()
            raise click.UsageError(words, ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out the verb; a reader of stdout that has left is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            silence_stdout()
            return DONE

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of verbs; no module of theirs is loaded."""
        width = max(map(len, self.list_commands(ctx)))
        for title, verbs in VERBS.items():
            with formatter.section(title):
                formatter.write_dl([(n.ljust(width), text) for n, text in verbs.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's own signature
        **extra: Any,
    ) -> Any:
        """Carry out the command line, and end the process with its exit code."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode, **extra)
        door = Door()

        def carried_out() -> int | None:
            code = super(Front, self).main(
                args, prog_name, complete_var, standalone_mode=False, obj=door, **extra
            )
            return code if isinstance(code, int) else None

        sys.exit(guarded(carried_out, door))
