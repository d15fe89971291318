"""``backbone schema``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import verb

__all__ = ["command"]


@verb(
    "backbone schema",
    "backbone schema trusted > trusted.schema.json",
    opens_project=False,
)
@click.argument("kind", required=False)
def command(_door: Door, kind: str | None) -> None:
    """Print the JSON Schema of a project's files, or of one KIND of them.

    The kinds are backbone (for backbone.yml), sources, formatted, trusted, exploitation
    and analysis. An editor that knows the schema completes and checks declarations.
    """
    from backbone.app.schemas import schema
    from backbone.cli.encoding import print_json

    print_json(schema(kind))
