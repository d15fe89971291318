"""References to environment variables and files: where they may stand, what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backbone.project.drafts import Draft
from backbone.project.mistakes import Mistake, Where
from backbone.project.reading import Drafts
from backbone.project.variables import Reference, Variables, lookup, references

__all__ = ["read_variables"]

_SECRET = ("var", "file")


def read_variables(drafts: Drafts, target: str | None) -> tuple[Variables, list[Mistake]]:
    """Read every variable and file that sources and settings refer to.

    Elsewhere they are mistakes: what a table is made of would depend on something that
    no fingerprint sees.
    """
    values: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for draft, reference in _used(drafts, target):
        value, why = lookup(drafts.root, reference)
        if value is not None:
            values[str(reference)] = value
        else:
            mistakes.append(draft.mistake(reference.where, f"`{reference}`: {why}"))
    for draft in drafts.all():
        if draft.name not in drafts.sources or drafts.sources[draft.name] is not draft:
            mistakes += _misplaced(draft)
    return Variables(values), mistakes


def _used(drafts: Drafts, target: str | None) -> Iterator[tuple[Draft[Any], Reference]]:
    if drafts.settings is not None:
        for where, text in _stores(drafts.settings, target):
            for reference in _secrets(text, where):
                yield drafts.settings, reference
    for draft in drafts.sources.values():
        for reference in _secrets(draft.meant, ()):
            yield draft, reference


def _stores(draft: Draft[Any], target: str | None) -> Iterator[tuple[Where, object]]:
    """Say where lake, catalog and engines are declared: by the target, or for all."""
    targets = draft.meant.get("targets")
    chosen = targets.get(target) if isinstance(targets, dict) else None
    own = chosen if isinstance(chosen, dict) else {}
    found: dict[Where, tuple[Where, object]] = {}
    for around, part in (((), draft.meant), (("targets", str(target)), own)):
        for place, value in _texts(part):
            found[place] = ((*around, *place), value)
    yield from found.values()


def _texts(part: Mapping[str, Any]) -> Iterator[tuple[Where, object]]:
    for key in ("lake", "catalog"):
        if part.get(key) is not None:
            yield (key,), part[key]
    yield from _options(("engine",), part.get("engine"))
    engines = part.get("engines")
    for kind, options in engines.items() if isinstance(engines, dict) else ():
        yield from _options(("engines", kind), options)


def _options(where: Where, options: object) -> Iterator[tuple[Where, object]]:
    if not isinstance(options, dict):
        return
    if "master" in options:
        yield (*where, "master"), options["master"]
    conf = options.get("conf")
    for key, value in conf.items() if isinstance(conf, dict) else ():
        yield (*where, "conf", key), value


def _secrets(value: object, where: Where) -> Iterator[Reference]:
    return (each for each in references(value, where) if each.kind in _SECRET)


def _misplaced(draft: Draft[Any]) -> Iterator[Mistake]:
    for reference in _secrets(draft.meant, ()):
        what = (
            f"`{reference}` can stand in sources, `lake`, `catalog` and `engine` only; "
            "here use a parameter, which belongs to what is declared: `${param:NAME}`"
        )
        yield draft.mistake(reference.where, what)
