"""``backbone resume``."""

from __future__ import annotations

from backbone.cli.door import Door
from backbone.cli.verb import engine_option, json_option, quiet_option, verb

__all__ = ["command"]


@verb("backbone resume", "backbone resume --json > report.json")
@engine_option
@quiet_option
@json_option
def command(door: Door, engine: str | None, quiet: bool, as_json: bool) -> int:
    """Finish the last run at its pinned inputs; nothing is collected.

    What the run had finished is kept. With --json: as `backbone run`.
    """
    from backbone.app.runs import resume
    from backbone.cli.runs import carried_out

    return carried_out(
        door,
        lambda env, tell: resume(env, tell=tell),
        engine=engine,
        quiet=quiet,
        as_json=as_json,
    )
