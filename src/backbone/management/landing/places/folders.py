"""Where files are looked for: what every place does, and folders of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from backbone.errors import SourceError, SourceUnavailable
from backbone.project.filepatterns import ANY_FOLDERS, NamePattern, PathPattern

__all__ = ["Folder", "Found", "Listing", "Place", "Readable", "SourceChanged"]


class Readable(Protocol):
    """Bytes that are read once, from the first to the last."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


class SourceChanged(Exception):
    """A file is not what it was when it was looked at."""


@dataclass(frozen=True)
class Found:
    """A file that a path means, as it was when it was looked at.

    Parameters
    ----------
    name : the path below the part of the pattern that has no wildcard
    origin : where it is, as references say it
    key : where it is, as its place knows it
    state : changes whenever its content does
    changed : when it changed, in seconds since 1970
    size : in bytes
    fields : what the path tells, (name, value) by name
    """

    name: str
    origin: str
    key: str
    state: str
    changed: float
    size: int
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def last_name(self) -> str:
        """The name without its folders."""
        return self.name.rpartition("/")[2]

    def with_fields(self, fields: Mapping[str, str]) -> Found:
        """Return the file with more fields."""
        return replace(
            self, fields=tuple(sorted({**dict(self.fields), **fields}.items()))
        )


@dataclass(frozen=True)
class Listing:
    """What a place holds, in the order of names; `problems` hid parts of it."""

    found: tuple[Found, ...]
    problems: tuple[SourceError, ...] = ()


class Place(Protocol):
    """A folder or a bucket.

    `at_once` files are read at one time, unless they have less than `small_bytes`: then
    the threads would take more than they give.
    """

    at_once: int
    small_bytes: int

    def look(self) -> Listing:
        """Return what is there now.

        Raises
        ------
        SourceUnavailable : it cannot be looked at
        """
        ...

    def opened(self, found: Found) -> AbstractContextManager[Readable]:
        """Open a file as it was found.

        Raises
        ------
        SourceChanged : it is another by now; so does leaving the context
        SourceUnavailable : the place does not give it
        OSError : it cannot be read
        """
        ...

    def local(self, found: Found) -> Path | None:
        """Return where it is on this machine, if it is."""
        ...

    def is_gone(self, origin: str) -> bool:
        """Tell whether nothing is at an origin that was collected once.

        A place that cannot tell says no.
        """
        ...


@dataclass
class Folder:
    """Files of this machine.

    Parameters
    ----------
    path : a glob, a folder or a file, relative to the project or absolute
    project : the project's folder
    now : the time, in seconds since 1970
    hide : takes secrets out of a text
    """

    path: str
    project: Path
    now: float
    hide: Callable[[str], str]
    at_once: int = 4
    small_bytes: int = 256 << 10
    _problems: list[SourceError] = field(default_factory=list)

    def look(self) -> Listing:
        """Return the files, with one look at each; hidden ones are left out."""
        base, pattern = self._parted()
        if not base.is_dir():
            what = f"there is no folder `{base}` to collect files from"
            hint = f"`path: {self.path}` is relative to the project's folder."
            raise SourceUnavailable(what, hint=hint)
        self._problems = []
        names = dict(_Walk(pattern, self._problems).files(base))
        shown = _shown(base, self.project)
        ordered = sorted(names, key=lambda name: name.split("/"))
        found = (self._found(base, shown, name, names[name], pattern) for name in ordered)
        listed = tuple(one for one in found if one is not None)
        return Listing(listed, tuple(self._problems))

    @contextmanager
    def opened(self, found: Found) -> Iterator[Readable]:
        """Open a file; it has to be the same before and after."""
        path = Path(found.key)
        try:
            with path.open("rb", buffering=0) as stream:
                yield stream
        finally:
            self._assure(path, found)

    def local(self, found: Found) -> Path:
        """Return its path."""
        return Path(found.key)

    def is_gone(self, origin: str) -> bool:
        """Tell whether there is nothing of that name, however the source is declared."""
        return not os.path.lexists(self.project / origin)

    def _parted(self) -> tuple[Path, PathPattern]:
        """Return the folder where to begin, and the pattern of what is below it."""
        text = Path(self.path).as_posix()
        fixed, pattern = PathPattern.parse(text)
        base = Path(os.path.normpath(self.project / fixed))
        if pattern.segments:
            return base, pattern
        if base.is_dir():
            return base, PathPattern(("*",))
        return base.parent, PathPattern((base.name,))

    def _found(
        self,
        base: Path,
        shown: str,
        name: str,
        status: os.stat_result,
        pattern: PathPattern,
    ) -> Found | None:
        fields = pattern.match(name, local=True)
        if fields is None:
            return None
        return Found(
            name=name,
            origin=self.hide(_text(shown + name)),
            key=str(base / name),
            state=_state(status),
            changed=_changed(status, self.now),
            size=status.st_size,
            fields=tuple(sorted((key, _text(value)) for key, value in fields.items())),
        )

    @staticmethod
    def _assure(path: Path, found: Found) -> None:
        try:
            same = _state(path.stat()) == found.state
        except FileNotFoundError:
            same = False
        if not same:
            raise SourceChanged(found.origin)


@dataclass
class _Walk:
    """Walks down folders as a pattern says, listing each once."""

    pattern: PathPattern
    problems: list[SourceError]

    def files(self, base: Path) -> Iterator[tuple[str, os.stat_result]]:
        """Yield names below `base`, some of them twice, with how the files are."""
        yield from self._below(str(base), "", 0)

    def _below(
        self, folder: str, above: str, place: int
    ) -> Iterator[tuple[str, os.stat_result]]:
        segment = self.pattern.segments[place]
        last = place == len(self.pattern.segments) - 1
        if segment == ANY_FOLDERS:
            yield from self._any_depth(folder, above, place, last=last)
            return
        if NamePattern(segment).is_plain:
            yield from self._named(folder, above, place, segment, last=last)
            return
        wanted = self.pattern.segment(place)
        for entry in self._entries(folder):
            if not wanted.fullmatch(entry.name):
                continue
            if not last and entry.is_dir():
                yield from self._below(entry.path, f"{above}{entry.name}/", place + 1)
            elif last:
                yield from _file(entry, above)

    def _named(
        self, folder: str, above: str, place: int, segment: str, *, last: bool
    ) -> Iterator[tuple[str, os.stat_result]]:
        path = f"{folder}/{segment}"
        if not last:
            if Path(path).is_dir():
                yield from self._below(path, f"{above}{segment}/", place + 1)
            return
        try:
            status = Path(path).stat()
        except OSError:
            return
        if stat.S_ISREG(status.st_mode):
            yield f"{above}{segment}", status

    def _any_depth(
        self, folder: str, above: str, place: int, *, last: bool
    ) -> Iterator[tuple[str, os.stat_result]]:
        if not last:
            yield from self._below(folder, above, place + 1)
        for entry in self._entries(folder):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if not _leads_back(entry, folder):
                    inner = f"{above}{entry.name}/"
                    yield from self._any_depth(entry.path, inner, place, last=last)
            elif last:
                yield from _file(entry, above)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                return list(found)
        except FileNotFoundError:
            return []
        except OSError as exc:
            what = f"the folder `{_text(folder)}` cannot be read: {exc.strerror or exc}"
            self.problems.append(SourceUnavailable(what))
            return []


def _file(entry: os.DirEntry[str], above: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield a file of a folder; what is gone by now, or leads nowhere, is none."""
    try:
        if entry.is_file():
            yield f"{above}{entry.name}", os.stat(entry.path)  # noqa: PTH116 (20,000 times)
    except OSError:
        return


def _leads_back(entry: os.DirEntry[str], folder: str) -> bool:
    """Tell whether a link to a folder leads to one that it stands in."""
    if not entry.is_symlink():
        return False
    here, there = os.path.realpath(folder), os.path.realpath(entry.path)
    return os.path.commonpath([here, there]) == there


def _state(status: os.stat_result) -> str:
    return f"{status.st_size}:{status.st_mtime_ns}"


def _changed(status: os.stat_result, now: float) -> float:
    """Return when a file changed; a time to come may be noted of one that is old."""
    return (
        status.st_mtime
        if status.st_mtime <= now
        else min(status.st_mtime, status.st_ctime)
    )


def _shown(base: Path, project: Path) -> str:
    shown = base.relative_to(project) if base.is_relative_to(project) else base
    return "" if shown == Path() else f"{shown.as_posix().rstrip('/')}/"


def _text(path: str) -> str:
    """Return a path as text that can be stored and shown, whatever its bytes are."""
    return path.encode("utf-8", "backslashreplace").decode()
