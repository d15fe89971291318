"""Binary objects: a row each, of what their headers tell; nothing is decoded."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from backbone.engines.raw.readers.extras import extra
from backbone.engines.raw.readers.protocol import RawFile, Records, Rejected
from backbone.engines.raw.streams import opened_file
from backbone.errors import DataError
from backbone.project.reads import ObjectsRead

__all__ = ["Settings", "read"]

Settings = ObjectsRead

_EXTRA = "objects"
_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 4096
_UNKNOWN = "application/octet-stream"
_BY_NAME_FIRST = ("text/", "application/octet-stream", "application/zip")
_MOST_TEXT = 1000

_SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("extension", pa.string()),
        ("size", pa.int64()),
        ("sha256", pa.string()),
        ("media_type", pa.string()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("frames", pa.int64()),
        ("duration", pa.float64()),
        ("sample_rate", pa.int64()),
        ("channels", pa.int64()),
        ("pages", pa.int64()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("taken_at", pa.string()),
        ("camera", pa.string()),
        ("orientation", pa.int64()),
        ("latitude", pa.float64()),
        ("longitude", pa.float64()),
        ("problem", pa.string()),
    ]
)
_OF_HEADERS = frozenset(_SCHEMA.names[5:])

Told = dict[str, Any]


def read(file: RawFile, settings: ObjectsRead) -> Iterator[Records | Rejected]:
    """Give the one row of an object.

    Raises
    ------
    LakeError : it is not there
    PluginError : a library that reads headers is not installed
    """
    told: Told = {
        "name": PurePosixPath(file.name).name,
        "extension": PurePosixPath(file.name).suffix.lower().removeprefix(".") or None,
        "size": Path(file.path).stat().st_size,
    }
    if file.wants("sha256"):
        told["sha256"] = _sha256(file.path)
    told["media_type"] = _media_type(file)
    if any(map(file.wants, _OF_HEADERS)):
        told |= _header(file.path, told["media_type"])
    pixels = (told.get("width") or 0) * (told.get("height") or 0)
    if pixels > settings.max_pixels:
        size = f"{told['width']:,} x {told['height']:,}"
        most = f"`max_pixels` is {settings.max_pixels:,}"
        yield Rejected(f"it claims {size} pixels; {most}", raw=file.name)
        return
    yield Records(pa.RecordBatch.from_pylist([told], schema=_SCHEMA), columns=_met(file))


def _met(file: RawFile) -> tuple[str, ...]:
    """Return the raw columns there are: what nobody asks for is no news, in no file."""
    every = tuple(_SCHEMA.names)
    is_known = set(file.columns) <= set(every)
    return tuple(filter(file.wants, every)) if file.columns and is_known else every


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with closing(opened_file(path)) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _media_type(file: RawFile) -> str:
    """Tell the media type by content; by the name where content says little."""
    magic = extra("puremagic", _EXTRA)
    named = mimetypes.guess_type(file.name, strict=False)[0]
    with closing(opened_file(file.path)) as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        return named or _UNKNOWN
    try:
        found = str(magic.from_string(head, mime=True, filename=file.name))
    except (magic.PureError, ValueError):
        found = ""
    if not found or found.startswith(_BY_NAME_FIRST):
        found = named or found or ("text/plain" if _is_text(head) else _UNKNOWN)
    return found


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3  # a letter cut at the end
    return True


def _header(path: str, media_type: str) -> Told:
    """Return what a header tells; a damaged one is told in `problem`."""
    kind = media_type.partition("/")[0]
    look = _LOOKS.get(media_type) or _LOOKS.get(kind)
    if look is None:
        return {}
    try:
        return look(path)
    except (MemoryError, KeyboardInterrupt):
        raise
    except DataError as error:
        return {"problem": error.what}
    except Exception as error:  # noqa: BLE001 - libraries raise what they like
        text = str(error).partition("\n")[0][:_MOST_TEXT]
        return {"problem": f"{type(error).__name__}: {text}".rstrip(": ")}


def _image(path: str) -> Told:
    images = extra("PIL.Image", _EXTRA)
    images.MAX_IMAGE_PIXELS = None  # nothing is decoded; `max_pixels` has its own say
    with images.open(path) as image:
        told: Told = {
            "width": image.width,
            "height": image.height,
            "frames": int(getattr(image, "n_frames", 1)),
        }
        # Of a PNG without tags the library would decode all to look for late ones.
        is_safe = image.format != "PNG" or "exif" in image.info
        return told | (_exif(image.getexif()) if is_safe else {})


_MAKE, _MODEL, _ORIENTATION, _AT = 0x010F, 0x0110, 0x0112, 0x0132
_ARTIST, _DESCRIPTION = 0x013B, 0x010E
_DETAILS, _PLACE, _TAKEN, _OFFSET = 0x8769, 0x8825, 0x9003, 0x9011


def _exif(tags: Any) -> Told:
    details = dict(tags.get_ifd(_DETAILS))
    place = dict(tags.get_ifd(_PLACE))
    named = " ".join(filter(None, (_text(tags.get(t)) for t in (_MAKE, _MODEL))))
    orientation = tags.get(_ORIENTATION)
    return {
        "camera": named or None,
        "orientation": orientation if isinstance(orientation, int) else None,
        "title": _text(tags.get(_DESCRIPTION)),
        "author": _text(tags.get(_ARTIST)),
        "taken_at": _moment(details.get(_TAKEN) or tags.get(_AT), details.get(_OFFSET)),
        "latitude": _degrees(place.get(2), place.get(1), "S", 90),
        "longitude": _degrees(place.get(4), place.get(3), "W", 180),
    }


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value.replace("\0", "").strip()[:_MOST_TEXT] or None


def _moment(value: object, offset: object) -> str | None:
    """Return an EXIF time as ISO 8601 has it; with an offset where there is one.

    >>> _moment("2024:05:01 13:00:09", "+02:00")
    '2024-05-01 13:00:09+02:00'
    """
    try:
        found = datetime.strptime(str(value).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
    zone = str(offset or "").strip("\0 ")
    return f"{found:%Y-%m-%d %H:%M:%S}{zone if _ZONE.fullmatch(zone) else ''}"


_ZONE = re.compile(r"[+-]\d\d:\d\d|Z")


def _degrees(parts: Any, side: object, negative: str, most: int) -> float | None:
    """Return degrees of degrees, minutes and seconds; none if they are no place."""
    try:
        whole, minutes, seconds = (Fraction(str(float(part))) for part in parts)
        found = whole + minutes / 60 + seconds / 3600
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not 0 <= found <= most:
        return None
    return float(-found if str(side).strip("\0 ") == negative else found)


def _sound(path: str) -> Told:
    tags = extra("tinytag", _EXTRA).TinyTag.get(path)
    return {
        "duration": tags.duration,
        "sample_rate": _whole(tags.samplerate),
        "channels": _whole(tags.channels),
        "title": _text(tags.title),
        "author": _text(tags.artist),
    }


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value else None


def _document(path: str) -> Told:
    with closing(opened_file(path)) as stream:
        found = extra("pypdf", _EXTRA).PdfReader(stream)
        if found.is_encrypted:
            raise DataError("the document is encrypted")
        about: Mapping[str, Any] = found.metadata or {}
        return {
            "pages": len(found.pages),
            "title": _text(about.get("/Title")),
            "author": _text(about.get("/Author")),
        }


_LOOKS: Mapping[str, Callable[[str], Told]] = {
    "image": _image,
    "audio": _sound,
    "video/mp4": _sound,
    "video/quicktime": _sound,
    "application/pdf": _document,
}
