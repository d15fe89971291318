"""The archive of a workbook: what it claims, and which of its cells hold errors.

Sizes are counted while parts are unpacked, since an archive may say what it likes of
them. A workbook of the older formats is no archive and small by its nature.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile, ZipInfo

from backbone.errors import DataError

__all__ = ["Parts", "checked", "column_number"]

_MOST_BYTES = 2 << 30
_MOST_CELLS = 32_000_000
_SMALL_BYTES = 16 << 20
_READ_BYTES = 1 << 20
_ROW_BYTES = 64 << 20
_ZIP = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_LOCAL = 30
_CELL = re.compile(rb"""\br=["']([A-Z]{0,3})([0-9]{1,7})["']""")
_ERROR = re.compile(
    rb"""<(?:\w+:)?c\s([^>]*\bt=["']e["'][^>]*)>(?:(?!</(?:\w+:)?c>).)*?"""
    rb"""<(?:\w+:)?v>([^<]*)</""",
    re.DOTALL,
)
_REPEATED = re.compile(
    rb"""<table:table-cell(?=[^>]*office:value)[^>]*columns-repeated=["']([0-9]+)["']"""
)
_ROWS = re.compile(rb"""<table:table-row[^>]*rows-repeated=["']([0-9]+)["'][^>]*>""")
_IDS = "/officeDocument/2006/relationships}id"


def column_number(letters: str) -> int:
    """Return the number of a column, the first is 0.

    >>> column_number("A"), column_number("AA")
    (0, 26)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


@dataclass
class Parts:
    """The sheets of a workbook, by name: cells with errors, by row and column from 0."""

    found: dict[str, dict[tuple[int, int], str]]

    def errors(self, sheet: str) -> dict[tuple[int, int], str]:
        """Return the cells of a sheet that hold errors."""
        return self.found.get(sheet, {})


def checked(source: BinaryIO) -> Parts | None:
    """Look through the parts of a workbook; None where it is no archive of XML.

    Raises
    ------
    DataError : it is damaged, or would need too much memory
    """
    if source.read(4) != _ZIP:
        return None
    try:
        with ZipFile(source) as archive:
            parts = {info.filename: info for info in archive.infolist()}
            for info in parts.values():
                if info.flag_bits & 1:
                    raise DataError("the workbook is locked by a password")
            budget = _Budget()
            sheets = _sheets(source, parts, budget)
            errors: dict[str, dict[tuple[int, int], str]] = {}
            paths = {path: name for name, path in sheets.items()}
            for name, info in parts.items():
                chunks = _inflated(source, info, budget)
                if name in paths:
                    errors[paths[name]] = _errors(chunks)
                elif name == "content.xml":
                    _check_repeats(chunks)
                else:
                    for _ in chunks:
                        pass
    except (BadZipFile, zlib.error, ET.ParseError, KeyError, ValueError) as error:
        raise DataError(f"the workbook is damaged: {error}") from error
    return Parts(errors) if sheets else None


@dataclass
class _Budget:
    left: int = _MOST_BYTES

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise DataError(f"the workbook unpacks to more than {_MOST_BYTES >> 30} GB")


def _inflated(source: BinaryIO, info: ZipInfo, budget: _Budget) -> Iterator[bytes]:
    """Yield what a part unpacks to, to the end of its packed bytes."""
    source.seek(info.header_offset)
    local = source.read(_LOCAL)
    source.seek(
        info.header_offset
        + _LOCAL
        + int.from_bytes(local[26:28], "little")
        + int.from_bytes(local[28:30], "little")
    )
    if info.compress_type not in {_STORED, _DEFLATED}:
        raise DataError(f"the workbook packs `{info.filename}` in a strange way")
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    left = info.compress_size
    while left > 0:
        packed = source.read(min(_READ_BYTES, left))
        if not packed:
            raise DataError("the workbook is damaged: it ends too early")
        left -= len(packed)
        if info.compress_type == _STORED:
            budget.take(len(packed))
            yield packed
            continue
        while packed and not unpack.eof:
            data = unpack.decompress(packed, _READ_BYTES)
            budget.take(len(data))
            yield data
            packed = unpack.unconsumed_tail


def _small(
    source: BinaryIO, parts: dict[str, ZipInfo], name: str, budget: _Budget
) -> ET.Element | None:
    """Parse a small part; one with a document type is none of a workbook."""
    if name not in parts:
        return None
    data = b""
    for chunk in _inflated(source, parts[name], budget):
        data += chunk
        if len(data) > _SMALL_BYTES:
            raise DataError(f"the workbook is damaged: `{name}` is too big")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise DataError("the workbook has a document type, which no workbook has")
    return ET.fromstring(data)  # noqa: S314 - it has no entities of its own


def _sheets(
    source: BinaryIO, parts: dict[str, ZipInfo], budget: _Budget
) -> dict[str, str]:
    """Return the path of each sheet's part, by the sheet's name."""
    book = _small(source, parts, "xl/workbook.xml", budget)
    links = _small(source, parts, "xl/_rels/workbook.xml.rels", budget)
    if book is None or links is None:
        return {}
    targets = {each.get("Id"): each.get("Target", "") for each in links}
    found = {}
    for each in book.iter():
        if each.tag.rpartition("}")[2] != "sheet":
            continue
        key = next((v for k, v in each.attrib.items() if k.endswith(_IDS)), None)
        target = targets.get(key, "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        found[each.get("name", "")] = path
    return found


def _errors(chunks: Iterator[bytes]) -> dict[tuple[int, int], str]:
    """Return the cells with errors; refuse a sheet that claims too many cells."""
    found: dict[tuple[int, int], str] = {}
    columns: set[bytes] = set()
    rows = 0
    for rows_text in _whole_rows(chunks):
        for letters, number in set(_CELL.findall(rows_text)):
            columns.add(letters)
            rows = max(rows, int(number))
        width = max((column_number(each.decode()) + 1 for each in columns), default=0)
        if rows * width > _MOST_CELLS:
            told = f"{rows:,} rows of {width:,} cells"
            raise DataError(f"a sheet claims {told}; {_MOST_CELLS:,} cells can be read")
        if b'"e"' in rows_text or b"'e'" in rows_text:
            for attributes, text in _ERROR.findall(rows_text):
                place = _CELL.search(attributes)
                if place and place[1]:
                    row = int(place[2]) - 1
                    found[row, column_number(place[1].decode())] = text.decode()
    return found


def _whole_rows(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield bytes that end behind a row."""
    waiting = b""
    for chunk in chunks:
        waiting += chunk
        at = waiting.rfind(b"row>")
        if at >= 0:
            yield waiting[: at + 4]
            waiting = waiting[at + 4 :]
        elif len(waiting) > _ROW_BYTES:
            raise DataError("the workbook has a row that is too long")
    yield waiting


def _check_repeats(chunks: Iterator[bytes]) -> None:
    """Refuse a sheet of OpenDocument that repeats a value too often."""
    widest = longest = 1
    for text in _overlapping(chunks):
        widest = max([widest, *map(int, _REPEATED.findall(text))])
        longest = max([longest, *map(int, _ROWS.findall(text))])
        if widest > 1 and widest * longest > _MOST_CELLS:
            told = f"{longest:,} rows of {widest:,} cells"
            raise DataError(f"a sheet claims {told}; {_MOST_CELLS:,} cells can be read")


def _overlapping(chunks: Iterator[bytes]) -> Iterator[bytes]:
    before = b""
    for chunk in chunks:
        yield before + chunk
        before = chunk[-4096:]
