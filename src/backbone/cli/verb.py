"""What verbs share: the options of every verb, selection, JSON, and examples in help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from backbone.cli.door import Door

__all__ = [
    "CONTEXT",
    "SharedOption", "Verb", "choosing", "engine_option", "json_option",
    "quiet_option", "shared", "verb", "verbose_option",
]  # fmt: skip

_F = TypeVar("_F", bound=Callable[..., Any])
_SHARED = "Options of every verb"


class SharedOption(click.Option):
    """An option that every verb takes, before or after its name."""


class Verb(click.Command):
    """A command whose help ends with examples."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verb's own options, then those of every verb."""
        own: list[tuple[str, str]] = []
        common: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                (common if _is_common(param) else own).append(record)
        for title, records in (("Options", own), (_SHARED, common)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        del ctx
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


def _is_common(param: click.Option) -> bool:
    return isinstance(param, SharedOption) or param.name == "help"


def verb(
    *examples: str, opens_project: bool = True
) -> Callable[[Callable[..., Any]], Verb]:
    """Make a function a verb; it is given the door first, and may return an exit code.

    Parameters
    ----------
    examples : lines that a person could type, for its help
    opens_project : whether it takes the options that choose a project and target
    """

    def made(function: Callable[..., Any]) -> Verb:
        given = shared if opens_project else verbose_option
        command = click.command(cls=Verb, examples=examples, context_settings=CONTEXT)
        return command(given(click.pass_obj(function)))

    return made


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _keeps(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def keep(ctx: click.Context, _param: click.Parameter, value: Any) -> Any:
        if value and isinstance(ctx.obj, Door):
            setattr(ctx.obj, name, value)
        return value

    return keep


def verbose_option(function: _F) -> _F:
    """Add ``--verbose``: errors with their traceback."""
    return click.option(
        "-v", "--verbose", cls=SharedOption, is_flag=True, expose_value=False,
        callback=_keeps("verbose"), is_eager=True, help="Show the traceback of an error.",
    )(function)  # fmt: skip


def shared(function: _F, *, with_environment: bool = False) -> _F:
    """Add the options of every verb; what is typed last counts.

    Parameters
    ----------
    function : what takes them
    with_environment : whether the target may come from ``BACKBONE_TARGET``
    """
    options = [
        click.option(
            "-C", "--project", cls=SharedOption, metavar="DIR", expose_value=False,
            type=click.Path(file_okay=False, path_type=Path), callback=_keeps("project"),
            help="The project's folder; default: this folder or one above it.",
        ),
        click.option(
            "--target", cls=SharedOption, metavar="NAME", expose_value=False,
            envvar="BACKBONE_TARGET" if with_environment else None,
            callback=_keeps("target"),
            help="The target whose settings apply; default: $BACKBONE_TARGET.",
        ),
        verbose_option,
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def json_option(function: _F) -> _F:
    """Add ``--json``: data alone on stdout, as JSON."""
    return click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=_keeps("as_json"),
        help="Print JSON; an error is a JSON object on stderr.",
    )(function)  # fmt: skip


def quiet_option(function: _F) -> _F:
    """Add ``--quiet``: failures alone are told."""
    return click.option(
        "-q", "--quiet", is_flag=True,
        help="Show no progress, and no summary if all is well.",
    )(function)  # fmt: skip


def engine_option(function: _F) -> _F:
    """Add ``--engine``: another engine than the declared one."""
    return click.option(
        "--engine", type=click.Choice(["duckdb", "spark"]),
        help="Compute with this engine; a step that names one keeps its own.",
    )(function)  # fmt: skip


def choosing(function: _F) -> _F:
    """Add the selection: words, ``--select`` and ``--exclude``."""
    ways = "asset, +asset, asset+, zone:, source:, state:modified"
    options = [
        click.argument("selection", nargs=-1, metavar="[SELECTION]..."),
        click.option(
            "-s", "--select", multiple=True, metavar="WORDS",
            help=f"As SELECTION: {ways}; may be repeated.",
        ),
        click.option(
            "--exclude", multiple=True, metavar="WORDS",
            help="What to leave out, in the same words; may be repeated.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function
