"""Propose how files are read: declarations, with what speaks for them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from backbone.engines.raw.looking.files import FileSeen, Looking
from backbone.engines.raw.looking.tables import LOOKED_BYTES
from backbone.engines.raw.sniffing import unpacked
from backbone.errors import BackboneError, DataError, ProjectError
from backbone.management.formatted.inference import Proposal, datasets_in, proposed
from backbone.model.choices import Choice
from backbone.project.folder import find
from backbone.project.proposing import changed, proposal_text

if TYPE_CHECKING:
    from backbone.app.environment import Environment

__all__ = ["infer"]

_HIDDEN = (".", "_")
_NAME = re.compile(r"[^a-z0-9]+")
_DATES = re.compile(r"\d+")
Opening = Callable[[], AbstractContextManager["Environment"]]


@dataclass(frozen=True)
class _Subject:
    """What is inferred: files of one dataset, what it is called, where it is declared."""

    name: str
    files: tuple[FileSeen, ...]
    source: str
    declared: Path | None = None
    sources: Mapping[str, Any] | None = None
    left_out: tuple[str, ...] = ()


def infer(
    subject: str,
    *,
    open_project: Opening,
    folder: Path = Path(),
    write: bool = False,
    name: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    at_most: int = LOOKED_BYTES,
    tell: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Propose declarations for files, or for what landing holds of a dataset.

    Parameters
    ----------
    subject : a file, a folder, a pattern of files, or ``landing.<dataset>``
    folder : where a project is looked for
    write : put them into the project
    name : what the table is called; by default it is made of the names of files
    delimiter, encoding : what is known of the files
    at_most : bytes that are looked at cell by cell; of more, pieces of all of it are
    tell : is told what is being done

    Returns
    -------
    For each dataset ``{name, files, records, bytes, looked_at, source, declaration,
    yaml, choices, questions, written}``

    Raises
    ------
    BackboneError : there is no such file or dataset, nothing can be read, or there is
        no project to write to
    """
    looking = Looking(delimiter=delimiter, encoding=encoding)
    found = []
    with _subjects(subject, open_project, looking, name, tell) as subjects:
        root = _root(folder, write=write)
        for one in subjects:
            started = time.perf_counter()
            tell(f"looking at {one.name}")
            proposal = proposed(one.files, one.source, at_most=at_most)
            shown = _shown(one, proposal, root)
            shown["seconds"] = round(time.perf_counter() - started, 3)
            shown["written"] = _written(one, shown, root) if write and root else []
            found.append(shown)
    return found


def _root(folder: Path, *, write: bool) -> Path | None:
    try:
        return find(folder)
    except ProjectError:
        if write:
            raise
        return None


@contextmanager
def _subjects(
    subject: str,
    open_project: Opening,
    looking: Looking,
    name: str | None,
    tell: Callable[[str], None],
) -> Iterator[list[_Subject]]:
    if subject.startswith("landing.") and not Path(subject).exists():
        with open_project() as env:
            yield [_landed(env, subject, looking)]
        return
    with TemporaryDirectory(prefix="backbone-infer-") as folder:
        yield list(_of_files(subject, looking, name, Path(folder), tell))


def _landed(env: Environment, subject: str, looking: Looking) -> _Subject:
    dataset = env.asset(subject).table
    source = env.project.dataset_source(dataset)
    landing = env.lake.landing
    landed = [
        obj
        for delivery in landing.deliveries(source, dataset)
        if delivery.removed is None
        for obj in delivery.objects
    ]
    objects = [(landing.path(obj), obj.name) for obj in landed]
    fields = {landing.path(obj): obj.fields for obj in landed}
    if not objects:
        what = f"{subject} has no delivery yet"
        raise DataError(what, command=f"backbone run {subject}")
    files, left_out = _looked(looking, objects)
    files = [replace(file, fields=fields[file.path]) for file in files]
    declared = next(
        (n for n, t in env.project.formatted.items() if t.source == f"landing.{dataset}"),
        dataset,
    )
    path = env.project.folder / "formatted" / f"{declared}.yml"
    return _Subject(declared, tuple(files), f"landing.{dataset}", path, left_out=left_out)


def _looked(
    looking: Looking, objects: Sequence[tuple[Path, str]]
) -> tuple[list[FileSeen], tuple[str, ...]]:
    """Look at files; return what they are, and why some cannot be looked into.

    Raises
    ------
    DataError : none of them can
    """
    found: list[FileSeen] = []
    wrong: list[DataError] = []
    for path, name in objects:
        try:
            found.append(looking.at(path, name))
        except DataError as error:
            wrong.append(error)
    if not found:
        raise wrong[0]
    return found, tuple(error.what for error in wrong)


def _of_files(
    subject: str,
    looking: Looking,
    name: str | None,
    folder: Path,
    tell: Callable[[str], None],
) -> Iterator[_Subject]:
    paths = _paths(subject)
    objects = []
    for number, path in enumerate(paths):
        tell(f"looking at {path.name}")
        inner = folder / str(number)
        inner.mkdir()
        objects.append((unpacked(path, inner), path.name))
    files, left_out = _looked(looking, objects)
    origins = {inner: path for (inner, _), path in zip(objects, paths, strict=True)}
    groups = datasets_in(files)
    taken: set[str] = set()
    for group in groups:
        own = [origins[file.path] for file in group]
        table = name if name and len(groups) == 1 else _table_name(own, taken)
        taken.add(table)
        declared = _source(subject, own, table, many=len(groups) > 1)
        yield _Subject(table, tuple(group), f"landing.{table}", None, declared, left_out)
        left_out = ()


def _paths(subject: str) -> list[Path]:
    path = Path(subject).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file())
        found = [p for p in found if not p.name.startswith(_HIDDEN)]
        if not found:
            raise BackboneError(f"{path} holds no files")
        return found
    root = Path(path.anchor) if path.is_absolute() else Path()
    pattern = str(path.relative_to(path.anchor)) if path.is_absolute() else str(path)
    found = sorted(p for p in root.glob(pattern) if p.is_file())
    if not found:
        raise BackboneError(
            f"there is no file {subject}",
            hint="A file, a folder, a pattern ('data/*.csv') or landing.<dataset>.",
        )
    return found


def _table_name(paths: Sequence[Path], taken: set[str]) -> str:
    """Make a name of what the names of files have in common, without dates."""
    stems = {
        _NAME.sub("_", _DATES.sub("_", p.name.partition(".")[0].lower())) for p in paths
    }
    words = [stem.strip("_").split("_") for stem in stems]
    common = [word for word in words[0] if all(word in each for each in words)]
    common = [word for word in common if word] or [paths[0].parent.name.lower()]
    base = _NAME.sub("_", "_".join(common)).strip("_") or "table"
    base = base if base[0].isalpha() else f"t_{base}"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _source(
    subject: str, paths: Sequence[Path], table: str, *, many: bool
) -> dict[str, Any]:
    """Return the declaration of the source that would collect these files."""
    path = Path(subject)
    is_folder = path.is_dir()
    suffixes = {p.suffix for p in paths}
    ending = suffixes.pop() if len(suffixes) == 1 else ""
    glob = f"{path.as_posix()}/**/*{ending}" if is_folder else subject
    if is_folder and all(p.parent == path for p in paths):
        glob = f"{path.as_posix()}/*{ending}"
    pattern = f"*{ending}"
    if len(paths) == 1:
        pattern = paths[0].name
    elif many:
        pattern = _pattern([p.name for p in paths])
    glob = glob.removeprefix("./")
    return {"collector": "files", "path": glob, "datasets": {table: pattern}}


def _pattern(names: Sequence[str]) -> str:
    """Return a pattern that fits names: what all begin and end with.

    >>> _pattern(["L4_2019.csv", "L17_2020.csv"])
    'L*.csv'
    """
    start = _DATES.sub("", _beginning(names))
    end = _beginning([name[::-1] for name in names])[::-1]
    end = end[end.find(".") :] if "." in end else ""
    return f"{start}*{end}"


def _beginning(texts: Sequence[str]) -> str:
    """Return what all texts begin with."""
    first, last = min(texts), max(texts)
    same = (n for n, letter in enumerate(first) if last[n : n + 1] != letter)
    return first[: next(same, len(first))]


def _shown(subject: _Subject, proposal: Proposal, root: Path | None) -> dict[str, Any]:
    existing = _existing(subject, root)
    remarks = _remarks(proposal)
    title = f"formatted/{subject.name}.yml"
    text = proposal_text(proposal.declaration, remarks)
    done: tuple[str, ...] = ()
    if existing is not None:
        text, done = changed(existing.read_text("utf-8"), proposal.declaration, remarks)
    return {
        "name": subject.name,
        "files": list(proposal.files),
        "left_out": list(subject.left_out),
        "records": proposal.records,
        "bytes": proposal.size,
        "looked_at": proposal.looked,
        "source": dict(subject.sources) if subject.sources else None,
        "declaration": dict(proposal.declaration),
        "file": title,
        "yaml": text,
        "changes": list(done),
        "exists": existing is not None,
        "choices": [_choice(choice) for choice in proposal.choices],
        "questions": [choice.ask or choice.what for choice in proposal.questions],
    }


def _existing(subject: _Subject, root: Path | None) -> Path | None:
    if subject.declared is not None:
        return subject.declared if subject.declared.is_file() else None
    path = root / "formatted" / f"{subject.name}.yml" if root else None
    return path if path is not None and path.is_file() else None


def _choice(choice: Choice) -> dict[str, Any]:
    shown = asdict(choice)
    shown["sure"] = choice.is_sure
    shown["against"] = [asdict(one) for one in choice.against]
    return shown


def _remarks(proposal: Proposal) -> dict[str, list[str]]:
    """Return what is not sure, by the place of the declaration it is about."""
    found: dict[str, list[str]] = {}
    for choice in proposal.questions:
        parts = choice.what.split(".")
        place = ".".join(parts[:2]) if parts[0] == "columns" else parts[0]
        found.setdefault(place, []).append(f"unsure: {choice.ask or choice.evidence}")
    return found


def _written(subject: _Subject, shown: Mapping[str, Any], root: Path) -> list[str]:
    path = subject.declared or root / "formatted" / f"{subject.name}.yml"
    done = []
    if shown["changes"] or not shown["exists"]:
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown["yaml"], "utf-8")
        done.append(path.relative_to(root).as_posix())
    if subject.sources is not None:
        done += _written_source(subject, root)
    return done


def _written_source(subject: _Subject, root: Path) -> list[str]:
    """Write the source that collects the files, unless one delivers the dataset."""
    path = root / "sources" / f"{subject.name}.yml"
    if path.exists() or subject.sources is None:
        return []
    declared = dict(subject.sources)
    at = Path(str(declared["path"]))
    absolute = (Path.cwd() / at) if not at.is_absolute() else at
    is_inside = absolute.is_relative_to(root)
    declared["path"] = (absolute.relative_to(root) if is_inside else absolute).as_posix()
    path.parent.mkdir(exist_ok=True)
    path.write_text(proposal_text(declared), "utf-8")
    return [path.relative_to(root).as_posix()]
