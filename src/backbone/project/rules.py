"""Rules outside of a project: typed by hand, or in a file of their own.

A file of rules is YAML (a list of rules as in ``trusted/*.yml``, or such a file itself),
or text: a rule a line, ``#`` before a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from backbone.errors import BackboneError, DeclarationError, RuleSyntaxError
from backbone.project.drafts import drafted
from backbone.project.mistakes import Mistake
from backbone.project.trusted import Rule, TrustedTable
from backbone.project.yaml import Document, parse, read_text

__all__ = ["Given", "rules_given"]

_NAMED = re.compile(r"\s*([a-z][a-z0-9_]*)\s*:(?!:)\s*(\S.*)", re.DOTALL)
_MISNAMED = re.compile(r"\s*([A-Za-z][\w -]*?)\s*:(?!:)\s")
_EXAMPLE = "A rule reads like `t1.zip = t2.zip and t1.city <> t2.city` or `zip -> city`."
_YAML = (".yml", ".yaml")
_LIST = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n|---[^\n]*\n)*[ \t]*-\s")


@dataclass(frozen=True)
class Given:
    """A rule, and where it was given: ``rules.txt:3``, or None where it was typed.

    One that is `declared` in a project stands beside its table there.
    """

    rule: Rule
    where: str | None = None
    declared: bool = False

    @property
    def fails(self) -> bool:
        """Whether what breaks it is a failure.

        In a project that is its severity. Elsewhere a person asks, and it is, unless the
        rule says ``severity: warn``.
        """
        says_so = self.declared or "severity" in self.rule.model_fields_set
        return self.rule.severity == "error" or not says_so

    def allowing_quadratic(self) -> Given:
        """Return the rule as one that may compare pairs of rows, however many."""
        if self.rule.deny is None:
            return self
        allowed = self.rule.model_copy(update={"allow_quadratic": True})
        return replace(self, rule=allowed)


def rules_given(texts: Sequence[str] = (), files: Sequence[Path] = ()) -> list[Given]:
    """Return the rules that a person gives.

    Parameters
    ----------
    texts : each a rule (``t1.zip = t2.zip and t1.city <> t2.city``, a form of another
        tool or ``zip -> city``), with ``name: `` before it if it is to have one
    files : each YAML or text

    Raises
    ------
    DeclarationError : files hold mistakes; all of them, with file and line
    RuleSyntaxError : a text cannot be read
    """
    found = [Given(_rule(text, f"rule_{n}")) for n, text in enumerate(texts, start=1)]
    mistakes: list[Mistake] = []
    for path in files:
        more, wrong = _of_file(path, len(found))
        found += more
        mistakes += wrong
    mistakes += _twice(found)
    if mistakes:
        raise DeclarationError([str(one) for one in mistakes], project="the rules")
    return found


def _rule(text: str, name: str) -> Rule:
    """Read one rule; it is called `name` if it does not say how."""
    from backbone.sql.denial_imports import dependency  # noqa: PLC0415 - imports sqlglot

    named = _NAMED.fullmatch(text)
    if named:
        name, text = named[1], named[2]
    elif (wrong := _MISNAMED.match(text)) is not None:
        hint = "A name is lower case letters, digits and `_`: `one_city: zip -> city`."
        raise RuleSyntaxError(f"`{wrong[1]}` cannot be the name of a rule", hint=hint)
    if not text.strip():
        raise RuleSyntaxError(f"rule `{name}`: the text is empty", hint=_EXAMPLE)
    sides = dependency(name, text)
    if sides is None:
        return Rule(name=name, deny=text.strip())
    return Rule(name=name, functional={", ".join(sides[0]): sides[1]})


def _twice(found: Iterable[Given]) -> Iterator[Mistake]:
    met: dict[str, Given] = {}
    for one in found:
        other = met.setdefault(one.rule.name, one)
        if other is not one:
            file, _, line = (one.where or "--rule").rpartition(":")
            place = f"the rule at {other.where}" if other.where else "another --rule"
            words = f"{place} is called `{one.rule.name}` too"
            yield Mistake(file or "--rule", int(line) if file else 0, words)


def _of_file(path: Path, before: int) -> tuple[list[Given], list[Mistake]]:
    text, mistakes = read_text(path, str(path))
    if text is None:
        return [], mistakes
    if path.suffix.lower() in _YAML:
        return _of_yaml(text, str(path), before)
    return _of_lines(text, str(path), before)


def _of_lines(text: str, file: str, before: int) -> tuple[list[Given], list[Mistake]]:
    found: list[Given] = []
    mistakes: list[Mistake] = []
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        try:
            rule = _rule(said, f"rule_{before + len(found) + 1}")
            if rule.deny is not None:
                rule.denied()
        except BackboneError as error:
            words = f"{error.what}. {error.hint or ''}".rstrip()
            mistakes.append(Mistake(file, number, words))
        else:
            found.append(Given(rule, f"{file}:{number}"))
    if not found and not mistakes:
        mistakes.append(Mistake(file, 0, "holds no rule"))
    return found, mistakes


def _of_yaml(text: str, file: str, before: int) -> tuple[list[Given], list[Mistake]]:
    is_list = _LIST.match(text) is not None
    document, mistakes = parse(f"rules:\n{text}" if is_list else text, file)
    if document is None:
        return [], [_up(one) for one in mistakes] if is_list else mistakes
    document = _named(document, before)
    draft, wrong = drafted(TypeAdapter(TrustedTable), TrustedTable, document, file)
    mistakes += wrong
    rules = draft.value.rules if draft.value is not None else ()
    found = []
    for index, rule in enumerate(rules):
        where = ("rules", index)
        mistakes += _unread(draft, rule, (*where, "deny"))
        line = document.line(draft.back(where)) - is_list
        found.append(Given(rule, f"{file}:{line}"))
    if not found and not mistakes:
        mistakes.append(Mistake(file, 0, "holds no rule"))
    return found, [_up(one) for one in mistakes] if is_list else mistakes


def _unread(draft: Any, rule: Rule, where: tuple[str | int, ...]) -> Iterator[Mistake]:
    if rule.deny is None:
        return
    try:
        rule.denied()
    except BackboneError as error:
        yield draft.mistake(where, f"{error.what}. {error.hint or ''}".rstrip())


def _up(mistake: Mistake) -> Mistake:
    return replace(mistake, line=max(mistake.line - 1, 0))


def _named(document: Document, before: int) -> Document:
    """Give a name to rules that have none."""
    value = document.value
    rules = value.get("rules") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(rules, list):
        return document
    named = [
        {"name": f"rule_{before + number}", **one} if isinstance(one, dict) else one
        for number, one in enumerate(rules, start=1)
    ]
    return replace(document, value={**value, "rules": named})
