"""What zip archives say of themselves: how large their directory is, names, links."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path

from backbone.errors import DeliveryRefused

__all__ = ["check_directory", "is_link", "member_name"]

_MAX_MEMBERS = 500_000
_MAX_DIRECTORY_BYTES = 256 << 20
_TAIL_BYTES = (1 << 16) + 22 + 20  # the longest comment, the end, its locator
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_UNICODE = 0x800
_UNICODE_PATH = 0x7075
_END_BYTES, _END_64_BYTES, _PATH_HEAD_BYTES = 22, 56, 5


def check_directory(path: Path, shown: str) -> None:
    """Refuse an archive whose directory would fill the memory, before it is read.

    Raises
    ------
    DeliveryRefused : it says that it has too many members
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _TAIL_BYTES))
        tail = stream.read()
        at = tail.rfind(_END)
        if at < 0 or len(tail) < at + _END_BYTES:
            return  # whoever opens it says so
        members, directory = struct.unpack_from("<HL", tail, at + 10)
        locator = at - 20
        if locator >= 0 and tail.startswith(_LOCATOR_64, locator):
            stream.seek(min(struct.unpack_from("<Q", tail, locator + 8)[0], size))
            end = stream.read(_END_64_BYTES)
            if len(end) == _END_64_BYTES and end.startswith(_END_64):
                members, directory = struct.unpack_from("<QQ", end, 32)
    if members > _MAX_MEMBERS or directory > _MAX_DIRECTORY_BYTES:
        what = f"the archive {shown} says that it has {members:,} members"
        raise DeliveryRefused(
            what, hint=f"At most {_MAX_MEMBERS:,} are read: deliver it in parts."
        )


def member_name(info: zipfile.ZipInfo) -> str:
    """Return the name of a member as its maker meant it, as far as that can be told.

    A name that is not marked as Unicode counts as UTF-8 if it can be, and else as the
    code page 437 that the format prescribes.
    """
    if info.flag_bits & _UNICODE:
        return info.filename
    try:
        raw = info.orig_filename.encode("cp437")
        return _unicode_path(info.extra, raw) or raw.decode()
    except (UnicodeError, struct.error):
        return info.filename


def is_link(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a symbolic link, as makers on Unix note it."""
    return stat.S_ISLNK(info.external_attr >> 16)


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Return the name that an extra field holds, if it is of this very name."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == _UNICODE_PATH and size > _PATH_HEAD_BYTES:
            version, checksum = struct.unpack_from("<BL", extra, at + 4)
            if version == 1 and checksum == zlib.crc32(raw):
                return extra[at + 9 : at + 4 + size].decode()
        at += 4 + size
    return None
