"""Decisions put into files that people write: their comments and lines stay.

The new lines are put behind the last decision. The text is then read again: if that does
not give the old decisions and the new one, the whole file is written anew, with its
comments, by ruamel.yaml.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from ruamel.yaml import YAML

from backbone.errors import DeclarationError
from backbone.project.decisions import Decision, Decisions
from backbone.project.drafts import drafted
from backbone.project.yaml import Document, parse

__all__ = ["scalar", "with_decision"]

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+()-]+)*")
_SENTENCE = re.compile(r"[A-Za-z][A-Za-z0-9_.,;()'/ +-]*[A-Za-z0-9_.;()'/+]")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"})
_ITEM = re.compile(r"( *)- ")
_KEY = re.compile(r"\S")


def with_decision(text: str | None, decision: Decision, file: str) -> str:
    """Return the text of a file of decisions with one more; None: there is no file yet.

    Raises
    ------
    DeclarationError : the file holds mistakes
    """
    if text is None or not text.strip():
        return "decisions:\n" + "\n".join(_lines(decision, "  ")) + "\n"
    document, before = _read(text, file)
    wanted = (*before, decision)
    for made in (_appended, _rewritten):
        new = made(text, document, decision)
        if new is not None and _read(new, file)[1] == wanted:
            return new
    what = f"{file}: cannot be added to; write its decisions as a list of `- name: …`"
    raise DeclarationError([what])


def _read(text: str, file: str) -> tuple[Document, tuple[Decision, ...]]:
    document, mistakes = parse(text, file)
    if document is None:
        raise DeclarationError([str(each) for each in mistakes])
    draft, more = drafted(TypeAdapter(Decisions), Decisions, document, "decisions")
    if mistakes or more or draft.value is None:
        raise DeclarationError([str(each) for each in (*mistakes, *more)])
    return document, draft.value.decisions


def _appended(text: str, document: Document, decision: Decision) -> str | None:
    """Put the new lines behind the last decision; None where that is not to be told."""
    lines = text.splitlines()
    value = document.value
    listed = value.get("decisions") if isinstance(value, dict) else None
    if listed is None and ("decisions",) not in document.lines:
        return "\n".join([*lines, "decisions:", *_lines(decision, "  ")]) + "\n"
    if not listed:
        return None
    first = document.line(("decisions", len(listed) - 1)) - 1
    found = _ITEM.match(lines[first])
    if found is None:
        return None
    indent = found[1]
    end = next(
        (at for at in range(first + 1, len(lines)) if _ends(lines[at], len(indent))),
        len(lines),
    )
    while end > first + 1 and (end < len(lines) or not lines[end - 1].strip()) and (
        not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")
    ):  # fmt: skip
        end -= 1
    new = [*lines[:end], *_lines(decision, indent), *lines[end:]]
    return "\n".join(new) + "\n"


def _ends(line: str, indent: int) -> bool:
    """Tell whether a line stands behind an item of a list with this indent."""
    found = _KEY.search(line)
    return found is not None and found[0] != "#" and found.start() <= indent


def _rewritten(_text: str, _document: Document, decision: Decision) -> str | None:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 10_000
    data: Any = yaml.load(_text)
    item: Any = yaml.load("\n".join(_lines(decision, "")))[0]
    if not isinstance(data, dict):
        return None
    if data.get("decisions"):
        data["decisions"].append(item)
    else:
        data["decisions"] = [item]
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def _lines(decision: Decision, indent: str) -> list[str]:
    """Return a decision as an item of a list, one key a line."""
    fields = type(decision).model_fields
    given = decision.model_dump(mode="json", exclude_defaults=True)
    pairs = [(name, given[name]) for name in fields if name in given]
    first, *rest = [f"{name}: {_spelt(value)}" for name, value in pairs]
    return [f"{indent}- {first}", *(f"{indent}  {line}" for line in rest)]


def _spelt(value: object) -> str:
    if isinstance(value, Mapping):
        inner = (f"{scalar(str(k))}: {scalar(v)}" for k, v in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        listed = [scalar(each) for each in value]
        return listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    is_plain = _SENTENCE.fullmatch(text) and text.lower() not in _WORDS
    return text if is_plain else scalar(text)


def scalar(value: object) -> str:
    """Spell a text so that every reader of YAML takes it for this text, or a number.

    >>> scalar("N102UW"), scalar("no"), scalar("a: b"), scalar(None)
    ('N102UW', '"no"', '"a: b"', '~')
    """
    if value is None:
        return "~"
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\U{number:08x}" if number > 0xFFFF else f"\\u{number:04x}"  # noqa: PLR2004 - four digits
