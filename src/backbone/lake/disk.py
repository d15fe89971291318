"""Bytes on a local disk: flushed, and written whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backbone.errors import LakeError

__all__ = ["sync", "sync_folder", "write_whole", "writing"]


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


def sync(paths: Iterable[Path]) -> None:
    """Flush files and the folders they stand in to the disk."""
    folders = set()
    for path in paths:
        _flush(path)
        folders.add(path.parent)
    for folder in folders:
        sync_folder(folder)


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
