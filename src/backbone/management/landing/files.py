"""Files in a folder: each one becomes a delivery of the dataset whose pattern it matches.

A file is read again only when its size or time of change differ from those noted with
its last receipt; what it holds then decides whether it is a new delivery.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from backbone.errors import DeliveryRefused, SourceUnavailable, bounded
from backbone.management.landing.archives import SourceFile, unpack, unpacked_name
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.model.deliveries import Delivery
from backbone.project.sources import FilesSource

__all__ = ["Settings", "collect", "find"]

Settings = FilesSource


@dataclass(frozen=True)
class _Known:
    """What the lake remembers of a file: its state then, and what was wrong with it."""

    state: str | None
    problems: tuple[str, ...]


def collect(source: FilesSource, context: CollectContext) -> CollectReport:
    """Deliver every file that is new or has changed, in the order of names.

    Parameters
    ----------
    source : its `path` is a glob, a folder or a file, relative to the project or absolute
    context : what surrounds the collection

    Returns
    -------
    CollectReport; a file that cannot be read is an error of its dataset, one that no
    dataset claims or that is still being written a warning

    Notes
    -----
    A poll that finds nothing new costs one look at each file.
    """
    tallies = {name: Tally(name, context) for name in source.datasets}
    known = {name: _known(context.seen.get(name, ())) for name in tallies}
    strays: list[str] = []
    try:
        found = tuple(
            replace(file, origin=context.hide(file.origin))
            for file in find(source.path, context.project)
        )
    except SourceUnavailable as error:
        for tally in tallies.values():
            tally.errors.append(error)
        found = ()
    for file in found:
        dataset = _dataset(file.path.name, source.datasets)
        if dataset is None:
            strays.append(file.origin)
            continue
        tally = tallies[dataset]
        with tally.catching(file.origin):
            _collect_file(file, known[dataset].get(file.origin), tally)
    return CollectReport(
        context.source,
        tuple(tally.report() for tally in tallies.values()),
        _unclaimed(strays, source) or _nothing(source, found, tallies, known),
    )


def find(path: str, project: Path) -> tuple[SourceFile, ...]:
    """Return the files that `path` means, in the order of their names.

    A name is the path below the part of `path` that has no wildcard, so files of one
    name in several folders stay apart. Hidden files are left out.

    Raises
    ------
    SourceUnavailable : the folder that `path` begins with is not there
    """
    pattern = Path(path)
    fixed = _fixed_part(pattern)
    base = project / fixed
    if fixed == pattern and base.is_dir():
        pattern = pattern / "*"
    elif fixed == pattern:
        base = base.parent
    if not base.is_dir():
        what = f"there is no folder `{base}` to collect files from"
        raise SourceUnavailable(
            what,
            hint=f"`path: {path}` is relative to the project's folder.",
        )
    found = glob.iglob(str(pattern), root_dir=project, recursive=True)  # noqa: PTH207
    files = (Path(os.path.normpath(project / name)) for name in found)
    base = Path(os.path.normpath(base))
    return tuple(
        SourceFile(file.relative_to(base).as_posix(), file, _text(_shown(file, project)))
        for file in sorted(set(files))
        if file.is_file()
    )


def _fixed_part(pattern: Path) -> Path:
    fixed = Path()
    for part in pattern.parts:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed


def _shown(file: Path, project: Path) -> Path:
    return file.relative_to(project) if file.is_relative_to(project) else file


def _text(path: Path) -> str:
    """Return a path as text that can be stored and shown, whatever its bytes are."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


def _dataset(name: str, datasets: Mapping[str, str]) -> str | None:
    for dataset, pattern in datasets.items():
        if fnmatchcase(name, pattern) or fnmatchcase(unpacked_name(name), pattern):
            return dataset
    return None


def _known(seen: tuple[Delivery, ...]) -> dict[str, _Known]:
    """Return what was noted last of every file: its receipts in their order."""
    receipts = sorted(
        ((receipt, delivery) for delivery in seen for receipt in delivery.receipts),
        key=lambda pair: pair[0].received,
    )
    return {r.origin: _Known(r.state, d.problems) for r, d in receipts}


def _collect_file(file: SourceFile, known: _Known | None, tally: Tally) -> None:
    try:
        state = _state(file.path)
        if known is not None and known.state == state:
            tally.unchanged += 1
            tally.warnings.extend(known.problems)
        else:
            _deliver(file, state, tally)
    except OSError as exc:
        what = f"`{file.name}` cannot be read: {exc.strerror or exc}"
        raise SourceUnavailable(what, where=file.origin) from exc


def _deliver(file: SourceFile, state: str, tally: Tally) -> None:
    context = tally.context
    with context.landing.receive(
        context.source, tally.dataset, received=context.received
    ) as incoming:
        try:
            problems = unpack(file, incoming)
        except DeliveryRefused:
            if _state(file.path) == state:
                raise
        if _state(file.path) != state:
            tally.warnings.append(
                f"`{file.origin}` is still being written; it is collected next time"
            )
            return
        tally.errors.extend(problems)
        if not incoming.objects:
            return
        words = tuple(str(problem) for problem in problems)
        received = incoming.commit(origin=file.origin, state=state, problems=words)
    tally.landed(received)


def _state(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


def _nothing(
    source: FilesSource,
    found: tuple[SourceFile, ...],
    tallies: Mapping[str, Tally],
    known: Mapping[str, Mapping[str, _Known]],
) -> tuple[str, ...]:
    """Warn where nothing is found and nothing ever was; an inbox may be emptied."""
    if found or any(known.values()) or any(one.errors for one in tallies.values()):
        return ()
    return (f"no file matches `path: {source.path}`",)


def _unclaimed(strays: list[str], source: FilesSource) -> tuple[str, ...]:
    if not strays:
        return ()
    patterns = ", ".join(f"{name}: {text}" for name, text in source.datasets.items())
    matching = "1 file matches" if len(strays) == 1 else f"{len(strays)} files match"
    return (f"{matching} no dataset ({patterns}): {bounded(strays)}",)
