"""The encoding of a text file, tested on all of its bytes.

UTF-8 is what is valid UTF-8 to the last byte: one bad byte may come late. What is not is
told by its zeros (UTF-16 without a mark), or by the letters that its bytes would be.
"""

# ruff: noqa: RUF001 - letters and signs of people's files

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Encoding", "encoding_of"]

_BLOCK = 8 << 20
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KEPT = 64 << 10
_ZEROS = 0.2
_FEW = 0.02
_HIGH = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff]+[A-Za-z\x80-\xff]*")
_WESTERN = (
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒ€°²³ºª·«»’–—µ½£©§¿¡"
)
_CENTRAL = "čćđšžČĆĐŠŽąęłńóśźżĄĘŁŃŚŹŻěřůťďňáéíýúĚŘŮŤĎŇőűöüŐŰäßșțăâî€°„”–"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяђјљњћџґєіїўАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЂЈЉЊЋЏ№"
_SINGLE = (
    ("windows-1252", _WESTERN),
    ("windows-1250", _CENTRAL),
    ("windows-1251", _CYRILLIC),
    ("cp850", _WESTERN),
    ("mac-roman", _WESTERN),
    ("koi8-r", _CYRILLIC),
)
_MULTIPLE = ("shift_jis", "gb18030", "euc-kr", "big5")


@dataclass(frozen=True)
class Encoding:
    """An encoding, how sure it is, and why; `bad` are bytes that it cannot read."""

    name: str
    confidence: float
    evidence: str
    mark: bool = False
    bad: int = 0
    alternatives: tuple[str, ...] = ()


def encoding_of(path: Path) -> Encoding:
    """Find the encoding of a text file; all of its bytes are looked at."""
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, name in _MARKS:
        if head.startswith(mark) and name != "utf-8":
            return Encoding(name, 1.0, "a byte order mark", mark=True)
    wide = _wide(head)
    if wide:
        return wide
    has_mark = head.startswith(codecs.BOM_UTF8)
    good, bad, size, around = _tested(path)
    if not bad:
        what = "a byte order mark; " if has_mark else ""
        said = f"{what}all {size:,} bytes are UTF-8"
        said += f", {good:,} of them beyond ASCII" if good else ""
        return Encoding("utf-8", 1.0, said, mark=has_mark)
    if has_mark or bad <= _FEW * good:
        said = f"{good:,} bytes beyond ASCII are UTF-8, {bad:,} are not"
        return Encoding("utf-8", 0.8, said, mark=has_mark, bad=bad)
    return _legacy(around, bad)


def _wide(head: bytes) -> Encoding | None:
    """Tell UTF-16 without a mark by its zeros."""
    zeros = head.count(0)
    if zeros < _ZEROS * len(head) or len(head) < 4:  # noqa: PLR2004 - two characters
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    name = "utf-16-be" if even > odd else "utf-16-le"
    return Encoding(name, 0.95, f"{zeros:,} of the first {len(head):,} bytes are zeros")


def _tested(path: Path) -> tuple[int, int, int, bytes]:
    """Count what is UTF-8 beyond ASCII and what is not; keep some of its neighbours."""
    good = bad = size = 0
    around = bytearray()
    carry = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            size += len(block)
            data, carry = carry + block, b""
            if data.isascii():
                continue
            data, carry = _at_line(data)
            if len(around) < _KEPT:
                for word in _HIGH.findall(data):
                    around += word + b"\n"
                    if len(around) >= _KEPT:
                        break
            found = _invalid(data)
            high = len(data) - len(data.translate(None, _ASCII_OUT))
            good, bad = good + high - found, bad + found
    if carry:
        high = len(carry) - len(carry.translate(None, _ASCII_OUT))
        found = _invalid(carry)
        good, bad = good + high - found, bad + found
        around += b"\n".join(_HIGH.findall(carry)) if len(around) < _KEPT else b""
    return good, bad, size, bytes(around)


_ASCII_OUT = bytes(range(128, 256))


def _at_line(data: bytes) -> tuple[bytes, bytes]:
    cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    return (data[:cut], data[cut:]) if 0 < cut < len(data) else (data, b"")


def _invalid(data: bytes) -> int:
    """Count the bytes that are no UTF-8."""
    try:
        codecs.utf_8_decode(data, "strict", True)
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="surrogateescape")
        return sum(text.count(chr(0xDC00 + n)) for n in range(128, 256))
    return 0


def _legacy(around: bytes, bad: int) -> Encoding:
    """Tell an encoding of one byte a letter by the letters that its bytes would be."""
    scores = {name: _likeness(around, name, letters) for name, letters in _SINGLE}
    ranked = sorted(scores, key=lambda name: -scores[name])
    best, second = ranked[0], ranked[1]
    several = [name for name in _MULTIPLE if _is_multiple(around, name)]
    if several and scores[best] < 0.9:  # noqa: PLR2004 - of the letters
        best, second = several[0], best
    margin = scores[ranked[0]] - scores[ranked[1]]
    sure = min(0.95, 0.6 + margin)
    words = Counter(around.split(b"\n")).most_common(3)
    shown = ", ".join(f"`{word.decode(best, errors='replace')}`" for word, _ in words)
    said = f"{bad:,} bytes are no UTF-8; so read they make {shown}"
    return Encoding(best, round(sure, 2), said, alternatives=(second,))


def _likeness(around: bytes, name: str, letters: str) -> float:
    """Return how much of what is beyond ASCII would be letters where letters stand."""
    text = around.decode(name, errors="replace")
    total = score = 0.0
    for word, times in Counter(text.split("\n")).items():
        for place, letter in enumerate(word):
            if letter.isascii():
                continue
            total += times
            if letter not in letters:
                score -= times
                continue
            before = word[place - 1] if place else ""
            shouts = letter.isupper() and before.islower()
            score += -times if shouts else times
    return score / total if total else 0.0


def _is_multiple(around: bytes, name: str) -> bool:
    try:
        text = around.decode(name)
    except UnicodeDecodeError:
        return False
    return sum(not letter.isascii() for letter in text) * 2 <= len(around)
