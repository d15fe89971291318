"""Several files to check: what patterns name, and a result for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from backbone.engines.raw.sniffing import FORMATS
from backbone.errors import BackboneError

__all__ = ["are_several", "check_each", "refuse_folder", "targets_of"]


def are_several(words: Sequence[str]) -> bool:
    """Tell whether words name several files: more than one, or a pattern."""
    return len(words) > 1 or any(has_magic(word) for word in words if not _is_file(word))


def targets_of(words: Sequence[str]) -> list[str]:
    """Return the files that words name, each once; those of a pattern by their names.

    ``*`` stands for any letters of a name, ``**`` for any folders. A word that is neither
    a file nor a pattern names itself: it may be an asset, or a mistake.

    Raises
    ------
    BackboneError : a pattern names no file
    """
    found: dict[str, None] = {}
    for word in words:
        if _is_file(word) or not has_magic(word):
            found[word] = None
            continue
        paths = glob(word, recursive=True)  # noqa: PTH207 - an absolute pattern, too
        matching = sorted(path for path in paths if _is_file(path))
        if not matching:
            raise BackboneError(f"no file is called like {word}")
        found |= dict.fromkeys(matching)
    return list(found)


def _is_file(word: str) -> bool:
    return Path(word).is_file()


def refuse_folder(path: Path) -> None:
    """Refuse a folder, and say how its files are named: those of the commonest kind.

    Raises
    ------
    BackboneError : `path` is a folder
    """
    if path.is_dir():
        raise BackboneError(f"{path} is a folder", hint=_of_folder(path))


def _of_folder(folder: Path) -> str:
    kinds = Counter(
        path.suffix for path in sorted(folder.iterdir()) if path.suffix.lower() in FORMATS
    )
    if not kinds:
        return "Name a file; it holds none that could be a table."
    (suffix, _), *_ = kinds.most_common(1)
    return f"Name its files: backbone check '{folder / f'*{suffix}'}'"


def check_each(
    targets: Sequence[str], check_one: Callable[[str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Check one file after the other; one that cannot be checked does not stop the rest.

    Returns
    -------
    What `check_one` returns of each, or ``{file, error: {what, hint}}``

    Raises
    ------
    BackboneError : none of them can be checked; what is wrong with the first
    """
    found: list[dict[str, Any]] = []
    errors: list[BackboneError] = []
    for target in targets:
        try:
            found.append(check_one(target))
        except BackboneError as error:
            errors.append(error)
            told = {"what": error.what, "hint": error.hint}
            found.append({"file": target, "error": told})
    if len(errors) == len(targets):
        raise errors[0]
    return found
