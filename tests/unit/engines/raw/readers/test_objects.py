"""Images, sounds and documents: a row each, against what the files were written with."""

from __future__ import annotations

import hashlib
import io
import struct
import wave
import zlib

import pytest
from PIL import Image
from pypdf import PdfWriter

from backbone.engines.raw.readers.objects import read
from backbone.engines.raw.readers.protocol import RawFile, Rejected
from backbone.project.reads import ObjectsRead

SETTINGS = ObjectsRead(format="objects")


@pytest.fixture
def told(tmp_path):
    """Return what is told of an object with these bytes."""

    def made(content: bytes, name: str):
        path = tmp_path / "object"
        path.write_bytes(content)
        (found,) = read(RawFile(str(path), f"a/{name}"), SETTINGS)
        if isinstance(found, Rejected):
            return found
        (row,) = found.batch.to_pylist()
        assert (row["name"], row["size"]) == (name, len(content))
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        return {key: value for key, value in row.items() if value is not None}

    return made


def photo(kind: str, **more) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (31, 17), "navy").save(made, kind, **more)
    return made.getvalue()


def test_a_photo_tells_its_size_time_place_and_camera(told):
    tags = Image.Exif()
    tags[0x010F], tags[0x0110], tags[0x0112] = "Leitz", "M3\0", 6
    tags[0x013B], tags[0x010E] = "Ana", " the bridge "
    tags.get_ifd(0x8769).update({0x9003: "2024:05:01 13:00:09", 0x9011: "+02:00"})
    tags.get_ifd(0x8825).update(
        {1: "S", 2: (43.0, 19.0, 12.0), 3: "E", 4: (21.0, 54.0, 0.0)}
    )
    row = told(photo("JPEG", exif=tags), "bridge.JPG")
    assert row["media_type"] == "image/jpeg"
    assert (row["width"], row["height"], row["frames"]) == (31, 17, 1)
    assert (row["camera"], row["orientation"]) == ("Leitz M3", 6)
    assert (row["title"], row["author"]) == ("the bridge", "Ana")
    assert row["taken_at"] == "2024-05-01 13:00:09+02:00"
    assert row["latitude"] == pytest.approx(-(43 + 19 / 60 + 12 / 3600))
    assert row["longitude"] == pytest.approx(21.9)


def test_bytes_are_believed_before_names(told):
    row = told(photo("PNG"), "scan.pdf")
    assert (row["media_type"], row["width"]) == ("image/png", 31)
    assert told(b"plain words\n", "notes.md")["media_type"] == "text/markdown"
    assert told(b"plain words\n", "notes")["media_type"] == "text/plain"
    assert told(b"\0\1\2\3", "notes")["media_type"] == "application/octet-stream"
    assert told(b"", "empty.png")["size"] == 0


def test_a_sound_tells_how_long_it_is(told):
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0\0\0" * 12_000)
    row = told(made.getvalue(), "bell.wav")
    assert row["media_type"].startswith("audio/")
    assert row["duration"] == pytest.approx(1.5)
    assert (row["sample_rate"], row["channels"]) == (8000, 2)


def document(**more) -> bytes:
    made, writer = io.BytesIO(), PdfWriter()
    for _ in range(3):
        writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": "Report", "/Author": "Mia"})
    if more:
        writer.encrypt(**more)
    writer.write(made)
    return made.getvalue()


def test_a_document_tells_its_pages(told):
    row = told(document(), "report.pdf")
    assert row["media_type"] == "application/pdf"
    assert (row["pages"], row["title"], row["author"]) == (3, "Report", "Mia")


def test_what_is_damaged_has_its_row_and_says_why(told):
    whole = photo("PNG")
    row = told(whole[:30], "cut.png")
    assert row["media_type"] == "image/png"
    assert row["problem"]
    row = told(document(user_password="x", algorithm="RC4-128"), "secret.pdf")
    assert row["problem"] == "the document is encrypted"
    assert "pages" not in row


def test_an_image_that_claims_too_much_is_rejected_unseen(told):
    side = struct.pack(">II", 100_000, 100_000)
    head = b"IHDR" + side + b"\x08\x02\0\0\0"
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    found = told(b"\x89PNG\r\n\x1a\n" + chunk + photo("PNG")[33:], "bomb.png")
    assert isinstance(found, Rejected)
    assert found.reason == (
        "it claims 100,000 x 100,000 pixels; `max_pixels` is 1,000,000,000"
    )
