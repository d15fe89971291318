"""Functions of a project: ``module:function`` names one in a file of its ``python/``."""

from __future__ import annotations

import ast
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from backbone.errors import BackboneError, FunctionFailed
from backbone.project.mistakes import suggestion

__all__ = ["FOLDER", "FunctionName", "blamed", "function_problem", "importable", "load"]

FOLDER = "python"
FunctionName = Annotated[
    str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")
]

_lock = threading.Lock()
_open: dict[str, int] = {}


def function_problem(root: Path, name: str) -> str | None:
    """Say why a project has no such function; nothing of the project is run.

    Parameters
    ----------
    root : the project's folder
    name : ``module:function``
    """
    module, _, function = name.partition(":")
    path = _file(root, module)
    if path is None:
        return f"there is no {_spelt(module)}{suggestion(module, _modules(root))}"
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return None  # told with its line when it is used
    names = {name for node in tree.body for name in _bound(node)}
    if function in names or "*" in names:
        return None
    found = f"{path.relative_to(root)} has no `{function}`"
    return f"{found}{suggestion(function, sorted(names))}"


@contextmanager
def importable(root: Path) -> Iterator[None]:
    """Let modules of a project's ``python/`` be imported, as their files are now."""
    folder = str(root / FOLDER)
    with _lock:
        if not _open.get(folder):
            _forget(folder)
            sys.path.insert(0, folder)
        _open[folder] = _open.get(folder, 0) + 1
    try:
        yield
    finally:
        with _lock:
            _open[folder] -= 1
            if not _open[folder]:
                sys.path.remove(folder)
                _forget(folder)


def load(root: Path, name: str) -> Callable[..., Any]:
    """Return a function of a project; call it inside `importable` and `blamed`.

    Raises
    ------
    FunctionFailed : there is none, or the name of its module is another one's
    """
    module, _, function = name.partition(":")
    problem = function_problem(root, name)
    if problem is not None:
        raise FunctionFailed(problem, where=f"{FOLDER}/")
    with _lock:
        found = import_module(module)
    path = Path(found.__file__ or "")
    if not path.is_relative_to(root / FOLDER):
        what = f"`{module}` is the name of another module: {path}"
        raise FunctionFailed(what, hint=f"Rename {_spelt(module)}.")
    named: Callable[..., Any] | None = getattr(found, function, None)
    if named is None or not callable(named):
        what = f"`{name}` is no function"
        raise FunctionFailed(what, where=_spelt(module))
    return named


@contextmanager
def blamed(root: Path, name: str) -> Iterator[None]:
    """Tell of what a function raises with the file and line of the project.

    Raises
    ------
    FunctionFailed : it raised
    """
    try:
        yield
    except BackboneError:
        raise
    except (Exception, SystemExit) as exc:
        said = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
        what = f"`{name}` raised {' '.join(said.split())}"
        raise FunctionFailed(what, where=_place(root, exc)) from exc


def _place(root: Path, exc: BaseException) -> str | None:
    """Return the deepest line of the project that an exception came through."""
    folder = root / FOLDER
    for path, line in _places(exc):
        if path.is_relative_to(folder):
            return f"{path.relative_to(root).as_posix()}:{line}"
    return None


def _places(exc: BaseException) -> Iterator[tuple[Path, int | None]]:
    """Return where an exception came through, that which caused it first."""
    if exc.__cause__ is not None:
        yield from _places(exc.__cause__)
    if isinstance(exc, SyntaxError) and exc.filename:
        yield Path(exc.filename), exc.lineno
    for frame in reversed(traceback.extract_tb(exc.__traceback__)):
        yield Path(frame.filename), frame.lineno


def _forget(folder: str) -> None:
    """Let a project's modules be read again: files change, projects share names."""
    invalidate_caches()
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if path and Path(path).is_relative_to(folder):
            del sys.modules[name]


def _file(root: Path, module: str) -> Path | None:
    stem = root.joinpath(FOLDER, *module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _modules(root: Path) -> list[str]:
    folder = root / FOLDER
    found = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py"))
    names = (".".join(path.parts).removesuffix(".__init__") for path in found)
    return sorted(names)


def _spelt(module: str) -> str:
    return f"{FOLDER}/{module.replace('.', '/')}.py"


def _bound(node: ast.AST) -> Iterator[str]:
    """Return the names that a statement of a module gives to something."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield (alias.asname or alias.name).partition(".")[0]
    else:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id
            elif isinstance(inner, (ast.FunctionDef, ast.ClassDef)):
                yield inner.name
