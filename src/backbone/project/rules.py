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

__all__ = ["Given", "rules_given", "rules_read"]

_NAMED = re.compile(r"\s*([a-z][a-z0-9_]*)\s*:(?!:)\s*(\S.*)", re.DOTALL)
_MISNAMED = re.compile(r"\s*([A-Za-z][\w -]*?)\s*:(?!:)\s")
_EXAMPLE = "A rule reads like `t1.zip = t2.zip and t1.city <> t2.city` or `zip -> city`."
_YAML = (".yml", ".yaml")
_NO_NAME = "rule"
_LIST = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n|---[^\n]*\n)*[ \t]*-\s")


@dataclass(frozen=True)
class Given:
    """A rule, and its `place`: ``rules.txt:3``, or None where it was typed.

    One in a file that has no name is called by its place (`is_named` is false then). One
    that is `declared` in a project stands beside its table there.
    """

    rule: Rule
    place: str | None = None
    declared: bool = False
    is_named: bool = True

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

    def said(self, text: str) -> str:
        """Return a mistake of the rule with its place, and its name if it has one."""
        name = f"rule `{self.rule.name}`"
        if not self.is_named:
            return f"{self.place}: {_without(name, text)}"
        words = text if name in text else f"{name}: {text}"
        return f"{self.place}: {words}" if self.place else words


def _without(name: str, text: str) -> str:
    """Return a mistake without the name of its rule, which says what its place does."""
    return text.replace(f"{name}: ", "").replace(f"{name} at", "at")


def rules_given(texts: Sequence[str] = (), files: Sequence[Path] = ()) -> list[Given]:
    """Return the rules that a person gives.

    Parameters
    ----------
    texts, files : as `rules_read` takes them

    Raises
    ------
    DeclarationError : with all mistakes, with file and line
    """
    found, mistakes = rules_read(texts, files)
    if mistakes:
        raise DeclarationError(mistakes, project="the rules")
    return found


def rules_read(
    texts: Sequence[str] = (), files: Sequence[Path] = ()
) -> tuple[list[Given], list[str]]:
    """Return the rules that a person gives, and what is wrong with the others.

    Parameters
    ----------
    texts : each a rule (``t1.zip = t2.zip and t1.city <> t2.city``, a form of another
        tool or ``zip -> city``), with ``name: `` before it if it is to have one
    files : each YAML or text
    """
    found: list[Given] = []
    mistakes: list[str] = []
    for number, text in enumerate(texts, start=1):
        try:
            found.append(Given(_rule(text, f"rule_{number}")))
        except BackboneError as error:
            mistakes.append(_words(error))
    names = [path.name for path in files]
    for path in files:
        shown = path.name if names.count(path.name) == 1 else str(path)
        more, wrong = _of_file(path, shown)
        found += more
        mistakes += map(str, wrong)
    mistakes += map(str, _twice(found))
    return found, mistakes


def _words(error: BackboneError) -> str:
    return f"{error.what}. {error.hint or ''}".rstrip()


def _rule(text: str, name: str) -> Rule:
    """Read one rule; it is called `name` if it does not say how."""
    from backbone.sql.denial_imports import begins, dependency  # noqa: PLC0415 - sqlglot

    named = None if begins(text) else _NAMED.fullmatch(text)
    if named:
        name, text = named[1], named[2]
    elif not begins(text) and (wrong := _MISNAMED.match(text)) is not None:
        hint = "A name is lower case letters, digits and `_`: `one_city: zip -> city`."
        raise RuleSyntaxError(f"`{wrong[1]}` cannot be the name of a rule", hint=hint)
    if not text.strip():
        raise RuleSyntaxError(f"rule `{name}`: the text is empty", hint=_EXAMPLE)
    sides = dependency(name, text)
    if sides is None:
        rule = Rule(name=_NO_NAME, deny=text.strip())
    else:
        rule = Rule(name=_NO_NAME, functional={", ".join(sides[0]): sides[1]})
    return rule.model_copy(update={"name": name})


def _twice(found: Iterable[Given]) -> Iterator[Mistake]:
    met: dict[str, Given] = {}
    for one in found:
        other = met.setdefault(one.rule.name, one)
        if other is not one:
            file, _, line = (one.place or "--rule").rpartition(":")
            place = f"the rule at {other.place}" if other.place else "another --rule"
            words = f"{place} is called `{one.rule.name}` too"
            yield Mistake(file or "--rule", int(line) if file else 0, words)


def _of_file(path: Path, shown: str) -> tuple[list[Given], list[Mistake]]:
    """Read a file; rules in it that have no name are called ``shown:3`` by their line."""
    text, mistakes = read_text(path, str(path))
    if text is None:
        return [], mistakes
    if path.suffix.lower() in _YAML:
        return _of_yaml(text, str(path), shown)
    return _of_lines(text, str(path), shown)


def _of_lines(text: str, file: str, shown: str) -> tuple[list[Given], list[Mistake]]:
    found: list[Given] = []
    mistakes: list[Mistake] = []
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        name = f"{shown}:{number}"
        try:
            rule = _rule(said, name)
            if rule.deny is not None:
                rule.denied()
        except BackboneError as error:
            words = _without(f"rule `{name}`", _words(error))
            mistakes.append(Mistake(file, number, words))
        else:
            found.append(Given(rule, f"{file}:{number}", is_named=rule.name != name))
    if not found and not mistakes:
        mistakes.append(Mistake(file, 0, "holds no rule"))
    return found, mistakes


def _of_yaml(text: str, file: str, shown: str) -> tuple[list[Given], list[Mistake]]:
    is_list = _LIST.match(text) is not None
    document, mistakes = parse(f"rules:\n{text}" if is_list else text, file)
    if document is None:
        return [], [_up(one) for one in mistakes] if is_list else mistakes
    document, nameless = _named(document)
    draft, wrong = drafted(TypeAdapter(TrustedTable), TrustedTable, document, file)
    mistakes += wrong
    found = []
    for index, rule in enumerate(draft.value.rules if draft.value is not None else ()):
        where = ("rules", index)
        was = draft.back(where)
        line = document.line(was) - is_list
        is_named = was[1] not in nameless
        name = rule.name if is_named else f"{shown}:{line}"
        called = rule.model_copy(update={"name": name})
        unread = [*_unread(draft, called, (*where, "deny"), is_named=is_named)]
        mistakes += unread
        if not unread:
            found.append(Given(called, f"{file}:{line}", is_named=is_named))
    if not found and not mistakes:
        mistakes.append(Mistake(file, 0, "holds no rule"))
    return found, [_up(one) for one in mistakes] if is_list else mistakes


def _unread(
    draft: Any, rule: Rule, where: tuple[str | int, ...], *, is_named: bool
) -> Iterator[Mistake]:
    if rule.deny is None:
        return
    try:
        rule.denied()
    except BackboneError as error:
        words = _words(error)
        yield draft.mistake(
            where, words if is_named else _without(f"rule `{rule.name}`", words)
        )


def _up(mistake: Mistake) -> Mistake:
    return replace(mistake, line=max(mistake.line - 1, 0))


def _named(document: Document) -> tuple[Document, frozenset[int]]:
    """Give a name for now to rules that have none; say which they are."""
    value = document.value
    rules = value.get("rules") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(rules, list):
        return document, frozenset()
    named = [{"name": _NO_NAME, **one} if isinstance(one, dict) else one for one in rules]
    nameless = [
        place
        for place, one in enumerate(rules)
        if isinstance(one, dict) and "name" not in one
    ]
    return replace(document, value={**value, "rules": named}), frozenset(nameless)
