"""Names of objects: which are accepted, and the file names they get in the lake.

An object keeps the name its source gave it; the file that holds its bytes has that name
too wherever every file system can hold it, and a made one where not.
"""

from __future__ import annotations

import hashlib
import re

from backbone.errors import DeliveryRefused

__all__ = [
    "RECEIPT_PREFIX",
    "REFERENCE",
    "TOMBSTONE",
    "disk_name",
    "made_name",
    "object_name",
]

REFERENCE = "_reference.json"
TOMBSTONE = "_removed.json"
RECEIPT_PREFIX = "_receipt_"

_MAX_SEGMENT_BYTES = 200
_MAX_NAME_CHARACTERS = 400
_KEPT_CHARACTERS = 80
_UNPORTABLE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")


def object_name(text: str) -> str:
    r"""Return the name of an object as references hold it.

    What is no Unicode text (a file name of other bytes) becomes a backslash escape, so
    that every name can be stored and shown.

    Raises
    ------
    DeliveryRefused : the name is empty, absolute, holds NUL or leaves its folder

    >>> object_name("2013/flights.csv")
    '2013/flights.csv'
    """
    name = text.encode("utf-8", "backslashreplace").decode()
    segments = re.split(r"[/\\]", name)
    if not name.strip() or "\x00" in name:
        reason = "is empty or holds a NUL character"
    elif name[0] in "/\\" or _DRIVE.match(name):
        reason = "is an absolute path"
    elif ".." in segments:
        reason = "leads out of its folder"
    else:
        return name
    shown = ascii(name[:_KEPT_CHARACTERS])
    what = f"an object cannot be called {shown}: the name {reason}"
    raise DeliveryRefused(
        what,
        hint="A name is relative and stays in its delivery, like `2013/flights.csv`.",
    )


def disk_name(name: str) -> str:
    """Return the path, inside its delivery's folder, of the object called `name`.

    >>> disk_name("archive.zip/2013/flights.csv")
    'archive.zip/2013/flights.csv'
    >>> disk_name("aux.csv") == made_name("aux.csv")
    True
    """
    segments = name.split("/")
    if len(name) > _MAX_NAME_CHARACTERS or _is_reserved(segments[0]):
        return made_name(name)
    return name if all(map(_is_portable, segments)) else made_name(name)


def made_name(name: str) -> str:
    """Return a flat file name for an object whose own name cannot be used."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    last = _UNPORTABLE.sub("_", name.rpartition("/")[2])
    kept = last.encode()[-_KEPT_CHARACTERS:].decode("utf-8", "ignore").rstrip(" .")
    return f"{digest}-{kept}"


def _is_reserved(segment: str) -> bool:
    lowered = segment.lower()
    return lowered in {REFERENCE, TOMBSTONE} or lowered.startswith(RECEIPT_PREFIX)


def _is_portable(segment: str) -> bool:
    return (
        segment not in {"", "."}
        and not _UNPORTABLE.search(segment)
        and not _DEVICE.fullmatch(segment)
        and segment[-1] not in " ."
        and len(segment.encode()) <= _MAX_SEGMENT_BYTES
    )
