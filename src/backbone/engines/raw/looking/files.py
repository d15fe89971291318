"""What a file is, and how its table is laid out."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from backbone.engines.raw.headers import looks_like
from backbone.engines.raw.layouts import unique
from backbone.engines.raw.looking.dialects import Dialect, dialect_of
from backbone.engines.raw.looking.encodings import Encoding, encoding_of
from backbone.engines.raw.looking.fixed import fixed_fields
from backbone.engines.raw.looking.layouts import TableLayout, header_names, layout_in
from backbone.engines.raw.looking.typed import KINDS, Records, records_of
from backbone.errors import BackboneError, DataError

__all__ = ["FileSeen", "Looking", "kind_of_bytes"]

_WRITTEN = frozenset({"json", "jsonl", "log", "fixed"})
_RECORD_BYTES = 8 << 20
_HEAD_BYTES, _TAIL_BYTES = 256 << 10, 16 << 10
_MAGIC = (
    (b"PAR1", "parquet"), (b"ARROW1", "feather"), (b"FEA1", "feather"), (b"ORC", "orc"),
    (b"Obj\x01", "avro"), (b"SQLite format 3", "sqlite"), (b"\xd0\xcf\x11\xe0", "excel"),
)  # fmt: skip
_LOG = re.compile(
    rb"^\S+ \S+ \S+ \[\d{2}/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4}\] \"", re.MULTILINE
)
_CONTROLS = bytes({*range(1, 32)} - {9, 10, 12, 13, 30, 31, 1})
_FEW, _OF_WIDE = 0.02, 0.9
_TABS = {".tsv": "\t", ".tab": "\t", ".psv": "|"}


@dataclass(frozen=True)
class FileSeen:
    """A file that was looked at.

    `kind` is its format. Of delimited text `dialect` and `layout` tell where its table
    is, and `names` what its columns are called in it. Of other formats `records` holds
    what was looked at. `fields` are (name, value) pairs that its path told.
    """

    name: str
    path: Path
    size: int
    kind: str
    encoding: Encoding | None = None
    dialect: Dialect | None = None
    layout: TableLayout | None = None
    names: tuple[str, ...] = ()
    records: Records | None = field(default=None, repr=False)
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def told(self) -> tuple[Dialect, TableLayout]:
        """The dialect and layout of delimited text."""
        if self.dialect is None or self.layout is None:
            message = f"{self.name} is no delimited text"
            raise TypeError(message)
        return self.dialect, self.layout


class Looking:
    """Looks at files one after the other; what begins like one before is known soon.

    Parameters
    ----------
    delimiter, encoding : what is known of them; None is found out
    """

    def __init__(
        self, *, delimiter: str | None = None, encoding: str | None = None
    ) -> None:
        self._delimiter, self._encoding = delimiter, encoding
        self._known: dict[tuple[bytes, str], tuple[Dialect, TableLayout]] = {}

    def at(self, path: Path, name: str) -> FileSeen:
        """Look at a file.

        Raises
        ------
        DataError : it is empty, or no table of any kind
        BackboneError : it cannot be read
        """
        try:
            size = path.stat().st_size
            head = _bytes(path, 0, _HEAD_BYTES)
        except OSError as error:
            what = f"{path} cannot be read: {error.strerror or error}"
            raise BackboneError(what) from error
        if not head.strip():
            raise DataError(f"{name} is empty")
        kind = kind_of_bytes(head, path)
        if kind == "csv" and self._is_fixed(head):
            kind = "fixed"
        if kind in KINDS:
            encoding = encoding_of(path) if kind in _WRITTEN else None
            found = records_of(path, kind, encoding, _RECORD_BYTES)
            columns = tuple(found.texts.column_names)
            return FileSeen(name, path, size, kind, encoding, None, None, columns, found)
        if kind != "csv":
            hint = "Declare it by hand: formatted/*.yml, `read:`."
            raise DataError(f"{name} is {kind}, which is not looked into", hint=hint)
        return self._text(path, name, size, head)

    def _is_fixed(self, head: bytes) -> bool:
        """Tell whether lines have their fields at the same places, and no delimiter."""
        if self._delimiter is not None or b"\0" in head or b"\n" not in head:
            return False
        text = head[: head.rfind(b"\n")].decode("utf-8", "replace")
        if any(sign in text for sign in ";|\t"):
            return False
        dialect = dialect_of(text + "\n")
        if dialect.width > 1 and dialect.delimiter != " ":
            return False
        return "  " in text and fixed_fields(text) is not None

    def _text(self, path: Path, name: str, size: int, head: bytes) -> FileSeen:
        encoding = encoding_of(path)
        if self._encoding:
            encoding = Encoding(self._encoding, 1.0, "as it was told")
        text = _decoded(head, encoding.name)
        if len(head) < size:
            text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
        tail = text
        if size > len(head):
            raw = _bytes(path, max(0, size - _TAIL_BYTES) // 4 * 4, _TAIL_BYTES + 4)
            inner = (
                encoding.name if not encoding.name.startswith("utf-16") else "utf-16-le"
            )
            tail = raw.decode(inner, errors="replace").partition("\n")[2]
        dialect, layout = self._layout(path, head, text, tail, encoding.name)
        names = unique(header_names(layout))
        return FileSeen(name, path, size, "csv", encoding, dialect, layout, names)

    def _layout(
        self, path: Path, head: bytes, text: str, tail: str, encoding: str
    ) -> tuple[Dialect, TableLayout]:
        given: str | None = self._delimiter or _TABS.get(path.suffix.lower())
        for (start, name), (dialect, layout) in self._known.items():
            if name == encoding and head.startswith(start):
                return dialect, _footed(text, tail, dialect, layout)
        dialect = dialect_of(text, given=given)
        if given and self._delimiter is None and dialect.width == 1:
            dialect = dialect_of(text)  # its name says what it is not
        layout = layout_in(text, tail, dialect)
        if layout.above:
            lines = head.splitlines(keepends=True)[: layout.body]
            self._known[b"".join(lines), encoding] = dialect, layout
        return dialect, layout


def _footed(text: str, tail: str, dialect: Dialect, known: TableLayout) -> TableLayout:
    """Return a known layout with the footer of another file."""
    found = layout_in(text[-_TAIL_BYTES:], tail, dialect)
    again = text.count("\n" + known_line(text, known))
    return replace(
        known, footer=found.footer, footer_texts=found.footer_texts,
        blank=found.blank, repeated=again,
    )  # fmt: skip


def known_line(text: str, layout: TableLayout) -> str:
    """Return the last line of a header as it stands."""
    return text.splitlines(keepends=True)[layout.above[-1].last]


def kind_of_bytes(head: bytes, path: Path) -> str:
    """Tell the format of a file by what is in it.

    Raises
    ------
    DataError : it is nothing that could be a table
    """
    for sign, kind in _MAGIC:
        if head.startswith(sign):
            return kind
    if head.startswith(b"PK\x03\x04"):
        if b"xl/" in head or path.suffix.lower() in {".xlsx", ".xlsm", ".ods"}:
            return "excel"
        raise DataError(f"{path.name} is a zip archive; name what is in it")
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start[:1] in {b"{", b"["} and (found := _json_kind(start)):
        return found
    what = looks_like(head)
    if what == "XML":
        return "xml"
    if what and not what.startswith("UTF"):
        raise DataError(f"{path.name} is no table: it looks like {what}")
    if _is_binary(head):
        raise DataError(f"{path.name} is no table: it holds bytes that no text has")
    lines = head.count(b"\n")
    if lines and len(_LOG.findall(head)) * 10 >= 9 * lines:
        return "log"
    return "csv"


def _is_binary(head: bytes) -> bool:
    """Tell whether bytes are no text in any encoding; zeros may be those of UTF-16."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    zeros = head.count(0)
    even = head[0::2].count(0)
    is_wide = zeros and max(even, zeros - even) >= _OF_WIDE * zeros
    return controls + (0 if is_wide else zeros) > _FEW * len(head)


def _json_kind(start: bytes) -> str | None:
    first = start.partition(b"\n")[0].strip()
    try:
        if isinstance(json.loads(first), dict) and b"\n" in start.strip():
            return "jsonl"
    except ValueError:
        pass
    pretty = re.match(rb'[\[{]\s*(?:["\[{\]}]|-?\d|true|false|null)', start)
    return "json" if pretty else None


def _bytes(path: Path, start: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(size)


def _decoded(head: bytes, encoding: str) -> str:
    return head.decode(encoding, errors="replace").removeprefix("\ufeff")
