"""Every exception of Backbone.

::

    BackboneError
    ├── ProjectError                what a person declared
    │   ├── DeclarationError        one or more mistakes in the files of a project
    │   ├── UnknownAsset            also a KeyError
    │   ├── RuleSyntaxError         a rule cannot be parsed; also a ValueError
    │   ├── UnsupportedRule         a rule would compare too many pairs of rows
    │   ├── PluginError             a plugin is missing, or not what it has to be
    │   └── ViewError               SQL of a view: does not parse, a cycle, not portable
    ├── SourceError                 what a source did
    │   ├── SourceUnavailable       retryable: not there, refused, timed out, 5xx
    │   ├── BadResponse             it answered, but not with what was declared
    │   ├── FunctionFailed          a function of the project raised
    │   └── SidecarFailed           the process that a source needs did not start
    ├── DataError                   what the data did
    │   ├── DeliveryRefused         a delivery cannot be read as declared
    │   ├── MissingColumn           a rule or step names no such column; also a KeyError
    │   ├── AccountMismatch         rows went missing between two zones: a bug of ours
    │   └── GrainBroken             a view has several rows for one key
    ├── EngineError                 an engine could not do it
    │   ├── EngineUnavailable       it is not installed, did not start, or does not answer
    │   └── OutOfMemory
    ├── LakeError
    │   ├── CommitConflict          retryable: someone else committed first
    │   ├── ForeignTable            a Delta table with features Backbone does not know
    │   ├── BytesRemoved            raw bytes that are asked for were removed by retention
    │   └── CorruptLake             bytes do not match their recorded hash
    ├── CatalogError
    │   └── CatalogVersion          written by a newer Backbone
    └── OperationError
        ├── LockHeld                retryable: another run writes this asset
        └── NothingToResume
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches

__all__ = [
    "AccountMismatch",
    "BackboneError",
    "BadResponse",
    "BytesRemoved",
    "CatalogError",
    "CatalogVersion",
    "CommitConflict",
    "CorruptLake",
    "DataError",
    "DeclarationError",
    "DeliveryRefused",
    "EngineError",
    "EngineUnavailable",
    "ForeignTable",
    "FunctionFailed",
    "GrainBroken",
    "LakeError",
    "LockHeld",
    "MissingColumn",
    "NothingToResume",
    "OperationError",
    "OutOfMemory",
    "PluginError",
    "ProjectError",
    "RuleSyntaxError",
    "SidecarFailed",
    "SourceError",
    "SourceUnavailable",
    "UnknownAsset",
    "UnsupportedRule",
    "ViewError",
    "bounded",
    "context",
    "nearest",
]


class BackboneError(Exception):
    """The root of every exception that Backbone raises on purpose.

    Parameters
    ----------
    what : str
        What happened, in one sentence.
    where : str, optional
        File and line, asset or run.
    hint : str, optional
        What would have worked.
    command : str, optional
        The command to type next.
    """

    retryable = False

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        command: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.command = command

    def reword(self, words: Callable[[str], str]) -> None:
        """Pass every text of the error through `words`, to hide what may not be shown."""
        self.what = words(self.what)
        self.where = self.where and words(self.where)
        self.hint = self.hint and words(self.hint)
        self.args = tuple(
            words(one) if isinstance(one, str) else one for one in self.args
        )
        if hasattr(self, "__notes__"):
            self.__notes__ = [words(note) for note in self.__notes__]

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        lines = [f"{self.what}{place}"]
        if self.hint:
            lines.append(f"  {self.hint}")
        if self.command:
            lines.append(f"  Next: {self.command}")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback: the message alone."""
        return [f"{type(self).__name__}: {self}"]


class ProjectError(BackboneError):
    """Something a person declared is wrong."""


class DeclarationError(ProjectError):
    """One or more mistakes in the files of a project, all of them reported at once."""

    def __init__(self, mistakes: Sequence[str], *, project: str = "project") -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        head = f"{count} mistake{'s' if count != 1 else ''} in {project}:"
        super().__init__("\n".join([head, *(f"  {text}" for text in self.mistakes)]))


class UnknownAsset(ProjectError, KeyError):
    """No asset has this name."""

    __str__ = BackboneError.__str__

    @classmethod
    def named(
        cls, name: str, known: Sequence[str], *, where: str | None = None
    ) -> UnknownAsset:
        """Word the error for `name`, with the nearest of the `known` names."""
        return cls(
            f"there is no asset `{name}`",
            where=where,
            hint=nearest(name, known),
            command="backbone ls",
        )


class RuleSyntaxError(ProjectError, ValueError):
    """The text of a rule cannot be parsed."""


class UnsupportedRule(ProjectError):
    """A rule has no plan of near-linear cost, and too many pairs of rows to compare."""


class PluginError(ProjectError):
    """A collector or reader is not installed, cannot be loaded, or lacks a part."""


class ViewError(ProjectError):
    """The SQL of a view cannot be used."""


class SourceError(BackboneError):
    """A source did not deliver."""


class SourceUnavailable(SourceError):
    """A source is not there, refused, or timed out; trying again may help."""

    retryable = True


class BadResponse(SourceError):
    """A source answered with something other than what was declared."""


class FunctionFailed(SourceError):
    """A function of the project raised, or gave what cannot be used."""


class SidecarFailed(SourceError):
    """The process that a source needs for its collection did not start."""


class DataError(BackboneError):
    """The data cannot be used as declared."""


class DeliveryRefused(DataError):
    """A whole delivery cannot be read as declared."""


class MissingColumn(DataError, KeyError):
    """A column that a rule or a step names is not in the relation."""

    __str__ = BackboneError.__str__

    @classmethod
    def named(
        cls, column: str, known: Sequence[str], *, where: str | None = None
    ) -> MissingColumn:
        """Word the error for `column`, with the nearest of the `known` columns."""
        return cls(
            f"there is no column `{column}`", where=where, hint=nearest(column, known)
        )


class AccountMismatch(DataError):
    """The account of a step does not add up: rows appeared or disappeared."""


class GrainBroken(DataError):
    """A view does not have one row per declared key."""


class EngineError(BackboneError):
    """An engine could not compute a relation."""


class EngineUnavailable(EngineError):
    """An engine is not installed, did not start, or does not answer."""


class OutOfMemory(EngineError):
    """An engine reached its memory limit."""


class LakeError(BackboneError):
    """The lake could not be read or written."""


class CommitConflict(LakeError):
    """Somebody else committed to the table first; start again from the read."""

    retryable = True


class ForeignTable(LakeError):
    """A Delta table uses features that Backbone does not write."""


class BytesRemoved(LakeError):
    """Raw bytes that are asked for were removed on purpose; a tombstone says why."""


class CorruptLake(LakeError):
    """Bytes in the lake do not match what was recorded of them."""


class CatalogError(BackboneError):
    """The catalog could not be read or written."""


class CatalogVersion(CatalogError):
    """The catalog was written by a newer Backbone."""


class OperationError(BackboneError):
    """A run could not be carried out."""


class LockHeld(OperationError):
    """Another run is writing the same asset."""

    retryable = True


class NothingToResume(OperationError):
    """There is no unfinished run."""


_FEW = 8


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return a sentence that names what is nearest to `name`, or None.

    >>> nearest("formatted.custmers", ["formatted.customers", "trusted.meters"])
    'Did you mean `formatted.customers`?'
    """
    found = get_close_matches(name, known, n=1, cutoff=0.6)
    if not found and 0 < len(known) <= _FEW:
        return "There are: " + ", ".join(f"`{k}`" for k in known)
    return f"Did you mean `{found[0]}`?" if found else None


def bounded(items: Sequence[str], *, at_most: int = 5) -> str:
    """Join `items`, at most `at_most` of them, and count the rest.

    >>> bounded(["a", "b", "c"], at_most=2)
    'a, b … and 1 more'
    """
    shown = ", ".join(items[:at_most])
    more = len(items) - at_most
    return f"{shown} … and {more} more" if more > 0 else shown


@contextmanager
def context(where: str) -> Iterator[None]:
    """Attach `where` to a BackboneError that passes and has no place of its own."""
    try:
        yield
    except BackboneError as error:
        if error.where is None:
            error.where = where
        raise
