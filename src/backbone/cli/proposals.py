"""Proposals on a terminal: YAML on stdout, what speaks for it on stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from backbone.app.figures import count, plural
from backbone.cli.output import err, heading, note, print_next
from backbone.project.proposing import proposal_text

__all__ = ["print_proposals"]

_SHOWN = 3
_SURE = 0.8


def print_proposals(found: Sequence[Mapping[str, Any]], *, with_evidence: bool) -> None:
    """Print proposals; of those that were written, what was written."""
    console = err()
    for one in found:
        _print_seen(console, one)
        if not one["written"]:
            _print_yaml(one, many=len(found) > 1)
        choices = one["choices"]
        if with_evidence:
            console.print(heading("Evidence"))
            for choice in choices:
                _print_choice(console, choice)
        _print_questions(console, [c for c in choices if not c["sure"]])
        for path in one["written"]:
            console.print(Text.assemble(("wrote ", "green"), path))
        if one["exists"] and not one["changes"]:
            console.print(note(f"{one['file']} says all of this already"))
    written = any(one["written"] for one in found)
    if not with_evidence and not written:
        console.print()
        console.print(note("--evidence shows why; --write puts it into a project"))
    if written:
        print_next(console, ["backbone plan", "backbone run"])


def _print_seen(console: Console, one: Mapping[str, Any]) -> None:
    files = one["files"]
    what = files[0] if len(files) == 1 else plural(len(files), "file")
    looked = f"{plural(one['records'], 'record')}"
    if one["looked_at"] < one["bytes"]:
        part = one["looked_at"] / max(1, one["bytes"])
        looked += f" in pieces spread over all of it, {part:.0%} of {_size(one['bytes'])}"
    said = f"{one['name']}: {what}, {looked}, {one['seconds']:.1f} s"
    console.print(Text(said, style="bold"))
    for text in one["left_out"][:_SHOWN]:
        console.print(Text.assemble(("left out: ", "yellow"), text), soft_wrap=True)
    more = len(one["left_out"]) - _SHOWN
    if more > 0:
        console.print(note(f"… and {more:,} more are left out"))


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"  # noqa: PLR2004


def _print_yaml(one: Mapping[str, Any], *, many: bool) -> None:
    source = one["source"]
    parts = []
    if source:
        parts.append(f"# sources/{one['name']}.yml\n{proposal_text(source)}")
    parts.append(f"# {one['file']}\n{one['yaml']}")
    end = "---\n" if many else ""
    sys.stdout.write("---\n".join(parts) + end)
    sys.stdout.flush()


def _print_choice(console: Console, choice: Mapping[str, Any]) -> None:
    value = choice["value"]
    mark = "  " if choice["sure"] else "? "
    style = "" if choice["sure"] else "yellow"
    console.print(
        Text.assemble(
            (mark, style), (f"{choice['what']}: {value}", style),
            (f"  {choice['confidence']:.2f}  ", "dim"), choice["evidence"],
        ),
        soft_wrap=True,
    )  # fmt: skip
    for row in choice["against"][:_SHOWN]:
        number = f", record {count(row['record'])}" if row["record"] else ""
        console.print(
            note(f"      against: {row['object']}{number}: {row['text'][:100]}")
        )
    if choice["alternatives"]:
        console.print(
            note(f"      or: {', '.join(map(str, choice['alternatives'][:5]))}")
        )


def _print_questions(console: Console, choices: Sequence[Mapping[str, Any]]) -> None:
    if not choices:
        console.print(note("nothing is left to ask"))
        return
    console.print(heading(f"{plural(len(choices), 'question')}"))
    for choice in choices:
        asked = choice["ask"] or f"is {choice['what']} {choice['value']}?"
        console.print(
            Text.assemble(("? ", "yellow"), f"{choice['what']}: {asked}"), soft_wrap=True
        )
        console.print(note(f"    {choice['evidence']}"), soft_wrap=True)
        for row in choice["against"][:_SHOWN]:
            number = f", record {count(row['record'])}" if row["record"] else ""
            console.print(note(f"    {row['object']}{number}: {row['text'][:100]}"))
