"""Files become declarations; where one has mistakes, what was meant is checked further.

A person is told of every mistake at once. So a file with a misspelt key is read once
more as if it were spelt right, and what cannot be mended is left out of a draft, which
serves only to look for more mistakes; no draft with a mistake is ever used as declared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from backbone.project.mistakes import Mistake, Where
from backbone.project.variables import references
from backbone.project.wording import Finding, findings
from backbone.project.yaml import Document

__all__ = ["Draft", "drafted"]

T = TypeVar("T")

_ROUNDS = 8
_SCALARS = (int, float, bool)


@dataclass
class Draft(Generic[T]):
    """What a file declares, as far as it can be told.

    `value` is what could be validated (None: nothing could); `meant` the plain values as
    they were probably meant, with nothing left out.
    """

    name: str
    document: Document
    value: T | None = None
    meant: dict[str, Any] = field(default_factory=dict)
    _was: dict[Where, str | int] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file's name, relative to the project."""
        return self.document.file

    def back(self, where: Where) -> Where:
        """Return the place in the file of a place in the draft."""
        ends = range(1, len(where) + 1)
        return tuple(self._was.get(where[:end], where[end - 1]) for end in ends)

    def mistake(self, where: Where, text: str) -> Mistake:
        """Return a mistake at a place of the draft."""
        return self.document.mistake(self.back(where), text)

    def rename(self, data: object, where: Where, new: str) -> None:
        """Give a key of `data` another name."""
        holder, old = _holder(data, where), where[-1]
        if isinstance(holder, dict) and old in holder and new not in holder:
            pairs = [(new if key == old else key, each) for key, each in holder.items()]
            holder.clear()
            holder.update(pairs)
            self._was[*where[:-1], new] = self.back(where)[-1]

    def drop(self, data: object, where: Where) -> bool:
        """Leave a part of `data` out; later items of a list move up."""
        holder, last = _holder(data, where), where[-1]
        if isinstance(holder, dict) and last in holder:
            del holder[last]
            return True
        if isinstance(holder, list) and isinstance(last, int) and last < len(holder):
            above = where[:-1]
            origins = [self.back((*above, i))[-1] for i in range(len(holder))]
            del holder[last], origins[last]
            self._move_up(above, last)
            self._was.update({(*above, i): each for i, each in enumerate(origins)})
            return True
        return False

    def _move_up(self, above: Where, removed: int) -> None:
        depth = len(above)
        moved: dict[Where, str | int] = {}
        for where, old in self._was.items():
            inside = where[:depth] == above and len(where) > depth
            index = where[depth] if inside else None
            if not isinstance(index, int) or index < removed:
                moved[where] = old
            elif index > removed:
                moved[*above, index - 1, *where[depth + 1 :]] = old
        self._was = moved


def drafted(
    adapter: TypeAdapter[T], annotation: Any, document: Document, name: str
) -> tuple[Draft[T], list[Mistake]]:
    """Validate a document.

    Returns
    -------
    what it declares, and its mistakes (if there are any, the draft may be incomplete)
    """
    draft: Draft[T] = Draft(name, document)
    data = _copied(document.value)
    value, found = _validated(adapter, annotation, draft, data)
    mistakes: dict[Where, Mistake] = {}
    _tell(draft, found, set(), mistakes)
    ambiguous: set[Where] = set()
    for _ in range(_ROUNDS):
        guesses = [each for each in found if each.guess is not None]
        if not guesses:
            break
        ambiguous |= _mended(draft, data, guesses)
        value, found = _validated(adapter, annotation, draft, data)
        _tell(draft, found, ambiguous, mistakes)
    draft.meant = cast("dict[str, Any]", _copied(data))
    for _ in range(_ROUNDS):
        if not found or not _left_out(draft, data, found):
            break
        value, found = _validated(adapter, annotation, draft, data)
    draft.value = value
    return draft, list(mistakes.values())


def _tell(
    draft: Draft[Any],
    found: Iterable[Finding],
    ambiguous: set[Where],
    mistakes: dict[Where, Mistake],
) -> None:
    """Add what is new; a parameter that is not known is told of where it is looked up."""
    for each in found:
        is_unfilled = any(r.kind == "param" for r in references(each.given))
        if each.where not in ambiguous and not is_unfilled:
            mistake = draft.mistake(each.where, each.text)
            mistakes.setdefault(mistake.where, mistake)


def _validated(
    adapter: TypeAdapter[Any], annotation: Any, draft: Draft[Any], data: object
) -> tuple[Any, list[Finding]]:
    """Validate `data`; a number where a text is wanted is the text that was written."""
    for _ in range(2):
        try:
            return adapter.validate_python(data, by_alias=True, by_name=False), []
        except ValidationError as error:
            errors = error.errors(include_url=False)
        found = findings(errors, annotation, data)
        written = [_written_out(draft, data, each) for each in found]
        if not any(written):
            break
    return None, found


def _written_out(draft: Draft[Any], data: object, finding: Finding) -> bool:
    where = finding.where
    holder = _holder(data, where) if where else None
    if finding.kind != "string_type" or not isinstance(finding.given, _SCALARS):
        return False
    if not isinstance(holder, (dict, list)):  # one value stands for a list of one
        where = where[:-1]
        holder = _holder(data, where)
    written = draft.document.written.get(draft.back(where))
    if written is None:  # it came from an anchor
        written = str(finding.given)
        written = written.lower() if isinstance(finding.given, bool) else written
    cast("dict[str | int, object]", holder)[where[-1]] = written
    return True


def _mended(draft: Draft[Any], data: object, guesses: Iterable[Finding]) -> set[Where]:
    """Put guesses in their place; return where later findings may be due to a guess."""
    ambiguous: set[Where] = set()
    for each in guesses:
        above = each.where[:-1]
        if each.is_key:
            draft.rename(data, each.where, str(each.guess))
            ambiguous |= {(*above, str(each.guess)), above}
        else:
            holder = _holder(data, each.where)
            if isinstance(holder, (dict, list)):
                cast("dict[str | int, object]", holder)[each.where[-1]] = each.guess
            ambiguous |= {each.where, above} if above else {each.where}
    return ambiguous


def _left_out(draft: Draft[Any], data: object, found: Iterable[Finding]) -> bool:
    """Drop the entries that hold a finding: ``rules[2]``, ``columns.energy``, ``key``."""
    entries = {each.where[:2] for each in found}
    if () in entries:
        return False
    ordered = sorted(entries, key=lambda where: [str(where[0]), *map(_order, where[1:])])
    dropped = [draft.drop(data, where) for where in reversed(ordered)]
    return any(dropped)


def _order(part: str | int) -> tuple[int, str]:
    return (part, "") if isinstance(part, int) else (-1, part)


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value


def _holder(data: object, where: Where) -> object:
    for part in where[:-1]:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data
