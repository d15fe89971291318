"""Bytes on a local disk: flushed, and written whole or not at all."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from backbone.errors import LakeError

__all__ = ["sync", "sync_folder", "write_whole", "writing"]

_MANY = 32
_TELLS_OF_ERRORS = [5, 8]


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Raise a LakeError in place of what the system says when it cannot write.

    Parameters
    ----------
    where : what is being written, for people
    """
    try:
        yield
    except OSError as error:
        raise LakeError(
            f"the lake could not be written: {error.strerror or error}",
            where=str(where),
            hint="Free some space or check who may write there. What is finished is "
            "kept; `backbone run` goes on from it.",
        ) from error


def sync(paths: Sequence[Path], folders: Iterable[Path] = ()) -> None:
    """Flush files, the folders they stand in, and other folders to the disk.

    Notes
    -----
    Many files are flushed by one call, where the system has one that tells of what could
    not be written: Linux since 5.8, see syncfs(2). It flushes what others have written
    to that disk too, and takes a small part of the time of one flush a file.
    """
    flush_all = _file_system_flush() if len(paths) >= _MANY else None
    if flush_all is not None:
        flush_all(paths[0].parent)
        return
    for path in paths:
        _flush(path)
    for folder in {*(path.parent for path in paths), *folders}:
        sync_folder(folder)


@cache
def _file_system_flush() -> Callable[[Path], None] | None:
    """Return what flushes all of the file system that a folder is on."""
    release = [int(part) for part in re.findall(r"\d+", platform.release())[:2]]
    if sys.platform != "linux" or release < _TELLS_OF_ERRORS:
        return None
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):
        return None

    def flush(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            if library.syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(folder))
        finally:
            os.close(descriptor)

    return flush


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder, so that new names survive a power cut."""
    if os.name == "posix":
        _flush(folder)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of `content` or the file as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
