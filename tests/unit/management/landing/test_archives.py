"""Packed files of every kind: sound members land, the others are told, nothing bursts."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib

import pyarrow as pa
import pytest

from backbone.management.landing.archives import packings, tars, zips
from backbone.project.sources import FilesSource

ROWS = b"id,name\n" + b"1,x\n" * 50_000


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


@pytest.fixture
def inbox(collecting):
    folder = collecting.project / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def landed(collecting, inbox):
    """Return a function: file names and bytes → objects landed, and errors."""

    def land(**files):
        for name, content in files.items():
            (inbox / name).write_bytes(content)
        source = FilesSource(collector="files", path="inbox/*", datasets={"data": "*"})
        report = collecting(source)
        found = {}
        for delivery in collecting.deliveries("data"):
            found |= collecting.content(delivery)
        assert not list((collecting.landing.root / "_incoming").glob("*"))
        return found, [error.what for error in report.errors]

    return land


def tarred(members, **options):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", **options) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                (info.type,) = content
                info.linkname = "/etc/passwd"
                archive.addfile(info)
    return made.getvalue()


def zipped(members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize("kind", sorted(PACK))
def test_packed_files_and_tars_of_every_kind(landed, kind):
    tar = tarred({"a.csv": ROWS, "sub/b.csv": b"2", "sub": [tarfile.DIRTYPE]})
    found, errors = landed(
        **{
            f"one.csv.{kind}": PACK[kind](ROWS),
            f"two.csv.{kind}": PACK[kind](ROWS) + PACK[kind](ROWS[:4]),
            f"year.tar.{kind}": PACK[kind](tar),
            "named_otherwise.csv": PACK[kind](ROWS),
            "no_ending": PACK[kind](tar),
        }
    )
    assert errors == []
    assert found == {
        "one.csv": ROWS,
        "two.csv": ROWS + ROWS[:4],
        f"year.tar.{kind}/a.csv": ROWS,
        f"year.tar.{kind}/sub/b.csv": b"2",
        "named_otherwise.csv": ROWS,
        "no_ending/a.csv": ROWS,
        "no_ending/sub/b.csv": b"2",
    }


@pytest.mark.parametrize("kind", sorted(PACK))
@pytest.mark.parametrize("damage", ["cut", "changed", "none of it", "nothing"])
def test_damage_is_an_error_of_that_file(landed, kind, damage):
    packed = bytearray(PACK[kind](os.urandom(50_000)))
    if damage == "cut":
        packed = packed[:-9]
    elif damage == "changed":
        packed[len(packed) // 2 : len(packed) // 2 + 9] = bytes(9)
    else:
        packed = b"id,name\n1,x\n" if damage == "none of it" else b""
    if kind == "zst" and damage == "changed":
        pytest.skip("a frame without a checksum cannot tell")
    found, errors = landed(**{f"a.csv.{kind}": bytes(packed), "b.csv": b"fine"})
    assert found == {"b.csv": b"fine"}
    [error] = errors
    assert error.startswith(f"`a.csv.{kind}` cannot be unpacked")


def test_what_is_packed_by_nature_stays_as_it_is(landed):
    book = zipped({"[Content_Types].xml": b"<x/>", "xl/sheet.xml": b"<x/>"})
    files = {"a.xlsx": book, "book": book, "a.jar": zipped({"X.class": b"1"}),
             "a.rds": gzip.compress(b"x")}  # fmt: skip
    assert landed(**files) == (files, [])


def test_archives_in_archives_are_opened_one_layer_deep(landed):
    deepest = zipped({"c.csv": b"3"})
    tgz = gzip.compress(tarred({"b.csv": b"2", "deep.zip": deepest}))
    found, errors = landed(
        **{"a.zip": zipped({"in.tar.gz": tgz, "d.csv.gz": gzip.compress(b"4")})}
    )
    assert errors == []
    assert found == {
        "a.zip/in.tar.gz/b.csv": b"2",
        "a.zip/in.tar.gz/deep.zip": deepest,
        "a.zip/d.csv": b"4",
    }


def test_members_of_a_tar_that_are_no_files_are_refused(landed):
    members = {
        "good.csv": b"1",
        "../../evil.csv": b"2",
        "/etc/evil.csv": b"3",
        "link": [tarfile.SYMTYPE],
        "hard": [tarfile.LNKTYPE],
        "device": [tarfile.CHRTYPE],
        "pipe": [tarfile.FIFOTYPE],
        "last.csv": b"4",
    }
    found, errors = landed(**{"a.tar": tarred(members)})
    assert found == {"a.tar/good.csv": b"1", "a.tar/last.csv": b"4"}
    said = "\n".join(errors)
    assert said.count("evil.csv") == 2
    assert "the member 'link' of `a.tar` is a link" in errors
    assert "the member 'hard' of `a.tar` is a link" in errors
    assert said.count("is a device, a pipe or something else") == 2


@pytest.mark.parametrize("damage", ["cut", "header", "no end", "cut gz"])
def test_a_tar_that_breaks_off_delivers_what_is_sound(landed, damage):
    whole = bytearray(tarred({"a.csv": b"1", "b.csv": os.urandom(5_000), "c.csv": b"3"}))
    second = whole.index(b"b.csv")
    name = "a.tar"
    if damage == "cut":
        whole = whole[: second + 512 + 2_000]
    elif damage == "header":
        whole[second + 150] ^= 0xFF
    elif damage == "no end":
        whole = whole[: whole.index(b"c.csv") + 1024]
    else:
        name = "a.tar.gz"
        whole = gzip.compress(whole)[:-12]
    found, errors = landed(**{name: bytes(whole)})
    assert found[f"{name}/a.csv"] == b"1"
    assert (f"{name}/c.csv" in found) is damage.startswith(("no end", "cut gz"))
    assert errors
    assert any(error.startswith(f"the rest of `{name}` cannot be") for error in errors)


def test_headers_and_lists_of_members_do_not_fill_the_memory(landed, monkeypatch):
    pax = tarfile.TarInfo("x")
    pax.type, pax.size = tarfile.XHDTYPE, 7 << 30
    monkeypatch.setattr(zips, "_MAX_MEMBERS", 3)
    monkeypatch.setattr(tars, "_MAX_MEMBERS", 3)
    many = {f"{n}.csv": b"1" for n in range(5)}
    found, errors = landed(
        **{
            "a.tar": tarred({"a.csv": b"1"})[:1024] + pax.tobuf() + bytes(1024),
            "b.zip": zipped(many),
            "c.tar": tarred(many),
        }
    )
    assert set(found) == {"a.tar/a.csv", *(f"c.tar/{n}.csv" for n in range(3))}
    assert "a header says that it has 7,516,192,768 bytes" in errors[0]
    assert "`b.zip` says that it has 5 members" in errors[1]
    assert "more than 3 members" in errors[2]


@pytest.mark.parametrize("kind", sorted(PACK))
def test_bombs_of_every_kind_are_refused_while_they_unpack(landed, kind, monkeypatch):
    monkeypatch.setattr(packings, "ALWAYS_ALLOWED_BYTES", 3_000_000)
    bomb = bytes(20_000_000)
    sparse = tarred({"good.csv": b"1", "bomb.csv": bomb[:4_000_000]})
    found, errors = landed(
        **{
            f"a.csv.{kind}": PACK[kind](bomb),
            f"b.tar.{kind}": PACK[kind](sparse),
            "c.zip": zipped({"in.csv.gz": gzip.compress(bomb), "good.csv": b"1"}),
        }
    )
    assert set(found) == {f"b.tar.{kind}/good.csv", "c.zip/good.csv"}
    assert all("unpacks to more than" in error for error in errors), errors


def test_names_of_other_encodings(landed):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("caf\u00e9.csv", "xxx.csv", "yyy.csv", "zzz.csv"):
            archive.writestr(name, b"1")
    raw = made.getvalue()
    # names that are not marked as Unicode: UTF-8 all the same, cp437, no name at all
    raw = raw.replace(b"xxx.csv", "\u0434.csv".encode() + b"x").replace(
        b"yyy", b"\x82\x82\x82"
    )
    raw = raw.replace(b"zzz.csv", b"       ")
    found, errors = landed(**{"a.zip": raw})
    assert set(found) == {
        "a.zip/caf\u00e9.csv",
        "a.zip/\u0434.csvx",
        "a.zip/\u00e9\u00e9\u00e9.csv",
    }
    assert "is empty" in errors[0]


def test_a_name_that_an_extra_field_spells_in_unicode(landed):
    extra = struct.pack("<BL", 1, zlib.crc32(b"a?.csv")) + "a\u0416.csv".encode()
    info = zipfile.ZipInfo("a?.csv")
    info.extra = struct.pack("<HH", 0x7075, len(extra)) + extra
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(info, b"1")
    assert landed(**{"a.zip": made.getvalue()}) == ({"a.zip/a\u0416.csv": b"1"}, [])


def test_a_link_in_a_zip_and_many_bad_members_are_told_within_bounds(landed):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for n in range(150):
            info = zipfile.ZipInfo(f"link{n}")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        archive.writestr("good.csv", b"1")
    found, errors = landed(**{"a.zip": made.getvalue()})
    assert found == {"a.zip/good.csv": b"1"}
    assert errors[0] == "the member 'link0' of `a.zip` is a link"
    assert (len(errors), errors[-1]) == (101, "`a.zip` has 50 more such members")
