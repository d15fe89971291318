"""Begin a project: an empty one, or an example."""

from __future__ import annotations

from pathlib import Path

from backbone.app.examples import init_example
from backbone.errors import BackboneError, bounded
from backbone.project.folder import FOLDERS, SETTINGS

__all__ = ["init"]

_SETTINGS = """\
name: {name}
description: What this project is for.
engine: duckdb            # or: {{kind: duckdb, threads: 4, memory_limit: 8GB}}
# lake: .backbone/lake    # where the data rest
# parameters: {{}}          # ${{param:NAME}} in any declaration
# targets:                # `--target prod` puts these on top
#   prod: {{lake: /srv/{name}/lake}}
"""
_README = """\
# {name}

- `backbone.yml`: the name, where the data rest, the engine, targets
- `sources/*.yml`: where data come from, one file a source
- `formatted/*.yml`: canonical columns and types, one file a table
- `trusted/*.yml`: cleaning and quality rules, one file a table
- `decisions/*.yml`: what people decided about rows, one file a table (`backbone decide`)
- `exploitation/*.sql`: integrated views, one file a view; `.yml` beside it: its grain
- `analysis/*.yml`: one file a question
- `refs/*.json`: names for the raw data of a moment (`backbone pin`)
- `lookups/*.csv`: lists that cleaning steps name
- `.backbone/`: the lake and the catalog; not for git

`backbone plan` says what a run would do; `backbone run` does it; `backbone quality` says
how good the tables are; `backbone trace` leads from a row back to the raw file; `backbone
schema` prints the JSON Schema of every file, for an editor.
"""


def init(folder: Path, *, example: str | None = None) -> list[Path]:
    """Write a new project into `folder`, and return the files written.

    Parameters
    ----------
    folder : a new or empty folder
    example : the name of an example project that is complete with data

    Raises
    ------
    BackboneError : the folder holds something else, there is no such example, or it
        cannot be written
    """
    if example is not None:
        return init_example(example, folder)
    if (folder / SETTINGS).exists():
        raise BackboneError(
            f"{folder} is a project already", command=f"backbone -C {folder} plan"
        )
    found = sorted(p.name for p in folder.glob("*")) if folder.is_dir() else []
    if found or folder.is_file():
        raise BackboneError(
            f"{folder} is not empty: it has {bounded(found) or 'a file of that name'}",
            hint="Choose a folder that is new or empty",
        )
    files = {
        SETTINGS: _SETTINGS.format(name=_name(folder)),
        "README.md": _README.format(name=_name(folder)),
        ".gitignore": ".backbone/\n",
    }
    try:
        for part in FOLDERS:
            (folder / part).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BackboneError(
            f"{folder} cannot be written: {error.strerror or error}",
            hint="Choose a folder in which you may write.",
        ) from error
    return [folder / name for name in files]


def _name(folder: Path) -> str:
    letters = [c if c.isalnum() and c.isascii() else "-" for c in folder.resolve().name]
    name = "".join(letters).strip("-")
    return name if name[:1].isalpha() else f"project-{name}".rstrip("-")
