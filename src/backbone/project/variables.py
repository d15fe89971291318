"""References in declared texts: ``${param:NAME}``, ``${var:NAME}`` and ``${file:PATH}``.

Parameters are part of what is declared: they are put in their place when a project is
loaded, before anything is checked, and so belong to fingerprints. Environment variables
and files may hold secrets: declarations keep the reference, and whoever needs the value
asks `Variables.resolve` at the moment of use.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from backbone.errors import ProjectError
from backbone.project.mistakes import Where, brief, closest, suggestion

__all__ = ["Reference", "Variables", "lookup", "references", "substituted"]

_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*):([^{}]*)\}")
_KINDS = ("var", "file", "param")
_MIN_REDACTED = 3


@dataclass(frozen=True)
class Reference:
    """A reference in the text at `where`; `kind` is any word, `name` what follows it."""

    where: Where
    kind: str
    name: str

    def __str__(self) -> str:
        return f"${{{self.kind}:{self.name}}}"


def references(value: object, where: Where = ()) -> Iterator[Reference]:
    """Find every reference in the texts of a value and of all that it holds."""
    if isinstance(value, str):
        for match in _REFERENCE.finditer(value):
            yield Reference(where, match[1], match[2])
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from references(each, (*where, key))
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield from references(each, (*where, index))


def substituted(
    value: object, parameters: Mapping[str, object], where: Where = ()
) -> tuple[object, list[tuple[Where, str]]]:
    """Put parameters in the place of their references.

    A text that is nothing but one reference becomes the parameter itself, whatever its
    type; inside a longer text only texts, numbers and booleans can stand.

    Returns
    -------
    the new value, and what is wrong, each with the place in `value`
    """
    filling = _Filling(parameters)
    return filling.walk(value, where), filling.wrong


@dataclass
class _Filling:
    parameters: Mapping[str, object]
    wrong: list[tuple[Where, str]] = field(default_factory=list)

    def walk(self, part: object, at: Where) -> object:
        if isinstance(part, str):
            return self._filled(part, at) if "${" in part else part
        if isinstance(part, dict):
            return {key: self.walk(each, (*at, key)) for key, each in part.items()}
        if isinstance(part, list):
            return [self.walk(each, (*at, index)) for index, each in enumerate(part)]
        return part

    def _filled(self, text: str, at: Where) -> object:
        for match in _REFERENCE.finditer(text):
            why = _unknown(match, self.parameters)
            if why is not None:
                self.wrong.append((at, f"`{match[0]}`: {why}"))
                return text
        whole = _REFERENCE.fullmatch(text)
        if whole and whole[1] == "param":
            return self.parameters[whole[2]]
        return _REFERENCE.sub(lambda match: self._inside(match, at), text)

    def _inside(self, match: re.Match[str], at: Where) -> str:
        if match[1] != "param":
            return match[0]
        found = self.parameters[match[2]]
        if found is None or isinstance(found, (list, dict)):
            why = f"`{match[0]}` is {brief(found)}: no text can hold it"
            self.wrong.append((at, why))
            return match[0]
        return str(found).lower() if isinstance(found, bool) else str(found)


def _unknown(match: re.Match[str], parameters: Mapping[str, object]) -> str | None:
    kind, name = match[1], match[2]
    if kind not in _KINDS:
        return f"there is no `{kind}:`{suggestion(kind, _KINDS)}"
    if kind == "param" and name not in parameters:
        return f"there is no parameter `{name}`{suggestion(name, parameters)}"
    return None


@dataclass(frozen=True)
class Variables:
    """The values of environment variables and files that a project refers to.

    They are read once, when the project is loaded, and are never shown.
    """

    _values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def resolve(self, text: str) -> str:
        """Return `text` with the values in the place of their references.

        The result may hold a secret: use it, and keep it out of every record.

        Raises
        ------
        ProjectError : a reference that no declaration of the project holds
        """
        return _REFERENCE.sub(self._value, text)

    def redact(self, text: str) -> str:
        """Return `text` with every known value replaced by its reference.

        Values as they are written in addresses (percent-encoded) are found too. Values
        of fewer than three characters are no secrets and stay.
        """
        for value, name in self._spellings():
            text = text.replace(value, name)
        return text

    def _value(self, match: re.Match[str]) -> str:
        if match[0] in self._values:
            return self._values[match[0]]
        raise ProjectError(
            f"`{match[0]}` has no value here",
            hint="Values are read for sources, and for `lake`, `catalog` and `engine`.",
        )

    def _spellings(self) -> list[tuple[str, str]]:
        found = {
            spelling: name
            for name, value in self._values.items()
            for spelling in (value, quote(value), quote(value, safe=""))
            if len(value) >= _MIN_REDACTED
        }
        return sorted(found.items(), key=lambda item: -len(item[0]))


def lookup(folder: Path, reference: Reference) -> tuple[str | None, str]:
    """Read what a reference to a variable or a file stands for.

    Returns
    -------
    the value, or None and why there is none
    """
    if reference.kind == "var":
        return _environment(reference.name)
    return _file(folder / Path(reference.name).expanduser())


def _environment(name: str) -> tuple[str | None, str]:
    value = os.environ.get(name)
    guess = closest(name, os.environ)
    hint = f"; did you mean `{guess}`?" if guess else ""
    return value, f"the environment variable `{name}` is not set{hint}"


def _file(path: Path) -> tuple[str | None, str]:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n"), ""
    except FileNotFoundError:
        return None, "there is no such file in the project"
    except UnicodeDecodeError:
        return None, "the file is not UTF-8"
    except OSError as error:
        return None, f"the file cannot be read: {error.strerror or error}"
