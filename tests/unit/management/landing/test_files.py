"""Files in a folder become deliveries: once each, in order, packed ones opened."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zipfile

import pytest

from backbone.errors import DeliveryRefused, SourceUnavailable
from backbone.management.landing import files
from backbone.management.landing.archives import packings, unpacking
from backbone.project.sources import FilesSource


@pytest.fixture
def inbox(collecting):
    folder = collecting.project / "inbox"
    folder.mkdir()
    return folder


def source(path="inbox/*", **datasets):
    return FilesSource(collector="files", path=path, datasets=datasets or {"data": "*"})


def names(deliveries):
    return [d.name for d in deliveries]


def test_each_file_is_a_delivery_in_the_order_of_names(collecting, inbox):
    for name in ("b.csv", "a.csv", "c.txt"):
        (inbox / name).write_text(name)
    report = collecting(source("inbox/*.csv", data="*.csv"))
    assert names(report["data"].new) == ["a.csv", "b.csv"]
    assert not report.errors
    assert not report.warnings
    obj = report["data"].new[0].objects[0]
    assert (obj.media_type, obj.origin) == ("text/csv", "inbox/a.csv")
    assert collecting.content(report["data"].new[1]) == {"b.csv": b"b.csv"}
    assert collecting.progress == [("data", "a.csv", 5), ("data", "b.csv", 5)]


def test_a_second_collection_reads_nothing_again(collecting, inbox, monkeypatch):
    (inbox / "a.csv").write_text("a")
    collecting(source())
    monkeypatch.setattr(files, "unpack", None)
    report = collecting(source())
    assert (report["data"].new, report["data"].again) == ((), ())
    assert report["data"].unchanged == 1


def test_a_path_that_never_matched_is_told_and_an_emptied_inbox_is_not(collecting, inbox):
    assert collecting(source("inbox/*.txt")).warnings == (
        "no file matches `path: inbox/*.txt`",
    )
    file = inbox / "a.csv"
    file.write_text("a")
    collecting(source())
    file.unlink()
    assert not collecting(source()).warnings


def test_a_new_process_knows_what_was_collected(collecting, inbox, monkeypatch):
    (inbox / "a.csv").write_text("a")
    collecting(source())
    again = type(collecting)(collecting.project)
    monkeypatch.setattr(files, "unpack", None)
    assert again(source())["data"].unchanged == 1


def test_a_corrected_file_is_a_new_delivery_also_of_the_same_size(collecting, inbox):
    (inbox / "a.csv").write_text("1")
    collecting(source())
    (inbox / "a.csv").write_text("2")
    assert names(collecting(source())["data"].new) == ["a.csv"]
    status = (inbox / "a.csv").stat()
    (inbox / "a.csv").write_text("longer")
    os.utime(inbox / "a.csv", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(collecting(source())["data"].new) == 1
    assert len(collecting.deliveries("data")) == 3


def test_a_touched_file_is_read_once_more_and_then_known(collecting, inbox):
    (inbox / "a.csv").write_text("1")
    (inbox / "b.csv").write_text("2")
    collecting(source())
    for name in ("a.csv", "b.csv"):
        os.utime(inbox / name, (1, 1))
        report = collecting(source())["data"]
        assert names(report.again) == [name]
        assert report.new == ()
        assert collecting(source())["data"].unchanged == 2


def test_content_that_comes_back_is_a_receipt_not_a_delivery(collecting, inbox):
    for text in ("1", "2", "1"):
        (inbox / "a.csv").write_text(text)
        report = collecting(source())["data"]
    assert len(report.again) == 1
    assert len(collecting.deliveries("data")) == 2
    assert collecting.content(collecting.deliveries("data")[-1]) == {"a.csv": b"1"}


def test_files_belong_to_the_first_dataset_that_matches(collecting, inbox):
    for name in ("L1_2024.csv", "L2_2024.csv", "T9.csv", "readme"):
        (inbox / name).write_text(name)
    report = collecting(source(meters="L*_*.csv", rest="*.csv"))
    assert names(report["meters"].new) == ["L1_2024.csv", "L2_2024.csv"]
    assert names(report["rest"].new) == ["T9.csv"]
    assert report.warnings == (
        "1 file matches no dataset (meters: L*_*.csv, rest: *.csv): inbox/readme",
    )


def test_an_empty_file_is_delivered_as_it_is(collecting, inbox):
    (inbox / "a.csv").touch()
    [delivery] = collecting(source())["data"].new
    assert collecting.content(delivery) == {"a.csv": b""}


def test_files_of_one_name_in_several_folders_stay_apart(collecting, inbox):
    for camera in ("north", "south"):
        (inbox / camera).mkdir()
        (inbox / camera / "frame.csv").write_text("same")
    assert names(collecting(source("inbox/*/*.csv"))["data"].new) == [
        "north/frame.csv",
        "south/frame.csv",
    ]
    assert collecting(source("inbox/**/*.csv"))["data"].unchanged == 2


@pytest.mark.parametrize(
    "path", ["inbox", "inbox/", "inbox/a.csv", "{inbox}/*", "./inbox/*"]
)
def test_a_path_may_be_a_folder_a_file_a_glob_or_absolute(collecting, inbox, path):
    (inbox / "a.csv").write_text("a")
    [delivery] = collecting(source(path.format(inbox=inbox)))["data"].new
    assert delivery.name == "a.csv"
    assert delivery.objects[0].origin == "inbox/a.csv"


def test_files_outside_the_project_and_links_are_followed(collecting, inbox, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("a")
    (inbox / "link.csv").symlink_to(outside / "a.csv")
    assert names(collecting(source("inbox/*"))["data"].new) == ["link.csv"]
    assert names(collecting(source("../outside/*"))["data"].new) == ["a.csv"]
    assert collecting(source(f"{outside}/*"))["data"].unchanged == 1


def test_hidden_files_folders_and_broken_links_are_left_out(collecting, inbox):
    (inbox / ".a.csv.swp").write_text("x")
    (inbox / "folder.csv").mkdir()
    (inbox / "broken.csv").symlink_to(inbox / "nowhere")
    report = collecting(source())
    assert report["data"].new == ()
    assert not report.errors


def test_a_folder_that_is_not_there_is_an_error_an_empty_one_is_not(collecting, inbox):
    assert not collecting(source()).errors
    [error] = collecting(source("inbx/*.csv")).errors
    assert isinstance(error, SourceUnavailable)
    assert "there is no folder" in str(error)
    assert "inbx" in str(error)


def test_a_file_name_of_odd_bytes_is_collected(collecting, inbox):
    (inbox / os.fsdecode(b"caf\xe9.csv")).write_text("x")
    [delivery] = collecting(source())["data"].new
    assert delivery.name == "caf\\udce9.csv"
    assert collecting(source())["data"].unchanged == 1


def test_a_file_that_cannot_be_read_does_not_stop_the_others(collecting, inbox):
    for name in ("a.csv", "b.csv"):
        (inbox / name).write_text(name)
    (inbox / "a.csv").chmod(0)
    if os.access(inbox / "a.csv", os.R_OK):
        (inbox / "a.csv").unlink()
        (inbox / "a.csv.gz").write_bytes(b"no gzip")
    report = collecting(source())
    assert names(report["data"].new) == ["b.csv"]
    assert "a.csv" in str(report.errors[0])


def test_a_file_that_is_being_written_waits(collecting, inbox, monkeypatch):
    file = inbox / "a.csv"
    file.write_text("half")
    (inbox / "b.csv").write_text("whole")
    whole = unpacking.unpack

    def slow(found, stream, incoming):
        problems = whole(found, stream, incoming)
        if found.name == "a.csv":
            file.write_text("half and more")
        return problems

    monkeypatch.setattr(files, "unpack", slow)
    report = collecting(source())
    assert names(report["data"].new) == ["b.csv"]
    [warning] = report["data"].warnings
    assert warning == "`inbox/a.csv` is still being written; it is collected next time"
    assert not report.errors
    monkeypatch.setattr(files, "unpack", whole)
    [delivery] = collecting(source())["data"].new
    assert collecting.content(delivery) == {"a.csv": b"half and more"}


def test_gzip_is_opened(collecting, inbox):
    (inbox / "a.csv.gz").write_bytes(gzip.compress(b"x,y\n"))
    [delivery] = collecting(source(data="*.csv"))["data"].new
    assert collecting.content(delivery) == {"a.csv": b"x,y\n"}
    assert delivery.objects[0].media_type == "text/csv"
    assert delivery.objects[0].origin == "inbox/a.csv.gz"
    assert collecting(source(data="*.csv"))["data"].unchanged == 1


@pytest.mark.parametrize("damage", ["truncated", "flipped", "none of it"])
def test_a_damaged_gzip_is_an_error_of_that_file(collecting, inbox, damage):
    packed = bytearray(gzip.compress(os.urandom(50_000)))
    if damage == "truncated":
        packed = packed[:20_000]
    elif damage == "flipped":
        packed[-6] ^= 1
    else:
        packed = bytearray(b"id,name\n1,x\n")
    (inbox / "a.csv.gz").write_bytes(packed)
    (inbox / "b.csv").write_text("fine")
    report = collecting(source())
    assert names(report["data"].new) == ["b.csv"]
    [error] = report.errors
    assert isinstance(error, DeliveryRefused)
    assert "`a.csv.gz` cannot be unpacked" in str(error)
    assert not list((collecting.landing.root / "_incoming").iterdir())


def make_zip(path, members, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_the_members_of_a_zip_are_objects_of_one_delivery(collecting, inbox):
    members = {"b.csv": b"2", "2013/a.csv": b"1", "empty/": b"", "__MACOSX/._b.csv": b"x"}
    make_zip(inbox / "year.zip", members)
    [delivery] = collecting(source())["data"].new
    assert collecting.content(delivery) == {
        "year.zip/b.csv": b"2",
        "year.zip/2013/a.csv": b"1",
    }
    assert delivery.objects[0].origin == "inbox/year.zip!b.csv"
    assert delivery.receipts[0].origin == "inbox/year.zip"
    assert collecting(source())["data"].unchanged == 1


def test_a_member_with_a_wrong_checksum_is_named_and_the_others_land(collecting, inbox):
    content = os.urandom(100_000)
    make_zip(inbox / "a.zip", {"good.csv": b"1", "bad.csv": content, "also.csv": b"2"})
    raw = bytearray((inbox / "a.zip").read_bytes())
    raw[50_000] ^= 0xFF
    (inbox / "a.zip").write_bytes(raw)
    report = collecting(source())
    [delivery] = report["data"].new
    assert set(collecting.content(delivery)) == {"a.zip/good.csv", "a.zip/also.csv"}
    [error] = report.errors
    assert "the member 'bad.csv' of `a.zip` cannot be read" in error.what
    assert error.where == "inbox/a.zip"
    later = collecting(source())["data"]
    assert later.errors == ()
    assert later.unchanged == 1
    assert "'bad.csv'" in later.warnings[0]


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "..\\evil.csv"])
def test_a_member_that_leads_elsewhere_is_refused(collecting, inbox, name):
    make_zip(inbox / "a.zip", {name: b"x", "good.csv": b"1"})
    report = collecting(source())
    [error] = report.errors
    assert "evil.csv" in error.what
    [delivery] = report["data"].new
    assert set(collecting.content(delivery)) == {"a.zip/good.csv"}
    assert not list(collecting.project.parent.rglob("evil.csv"))


def test_an_encrypted_member_is_refused(collecting, inbox):
    make_zip(inbox / "a.zip", {"secret.csv": b"x" * 100, "open.csv": b"1"})
    raw = bytearray((inbox / "a.zip").read_bytes())
    with zipfile.ZipFile(inbox / "a.zip") as archive:
        local = archive.getinfo("secret.csv").header_offset
    central = raw.index(b"PK\x01\x02")
    raw[local + 6] |= 1
    raw[central + 8] |= 1
    (inbox / "a.zip").write_bytes(raw)
    report = collecting(source())
    assert "'secret.csv' of `a.zip` is encrypted" in report.errors[0].what
    assert set(collecting.content(report["data"].new[0])) == {"a.zip/open.csv"}


def test_a_truncated_zip_is_an_error_until_it_is_whole(collecting, inbox):
    make_zip(inbox / "a.zip", {"a.csv": os.urandom(10_000), "b.csv": b"1"})
    whole = (inbox / "a.zip").read_bytes()
    (inbox / "a.zip").write_bytes(whole[:-200])
    for _ in range(2):
        report = collecting(source())
        assert report["data"].new == ()
        assert "`a.zip` is no readable zip archive" in report.errors[0].what
    (inbox / "a.zip").write_bytes(whole)
    assert len(collecting(source())["data"].new) == 1


def test_a_zip_without_one_good_member_delivers_nothing(collecting, inbox):
    make_zip(inbox / "a.zip", {"../x": b"1"})
    make_zip(inbox / "empty.zip", {})
    report = collecting(source())
    assert len(report.errors) == 2
    assert report["data"].new == ()


def test_a_member_that_comes_twice_is_an_error(collecting, inbox):
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive:
        archive.writestr("a.csv", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.csv", "2")
    report = collecting(source())
    assert "two objects" in report.errors[0].what
    assert collecting.content(report["data"].new[0]) == {"a.zip/a.csv": b"1"}


def test_what_unpacks_beyond_measure_is_refused(collecting, inbox, monkeypatch):
    monkeypatch.setattr(packings, "ALWAYS_ALLOWED_BYTES", 1000)
    bomb = b"0" * 5_000_000
    make_zip(inbox / "a.zip", {"bomb.csv": bomb, "good.csv": b"1"})
    (inbox / "b.csv.gz").write_bytes(gzip.compress(bomb))
    report = collecting(source())
    said = [error.what for error in report.errors]
    assert "the member 'bomb.csv' of `a.zip` unpacks to more than" in said[0]
    assert "`b.csv.gz` unpacks to more than" in said[1]
    [delivery] = report["data"].new
    assert set(collecting.content(delivery)) == {"a.zip/good.csv"}


def test_a_member_that_lies_about_its_size_is_refused(collecting, inbox):
    make_zip(inbox / "a.zip", {"liar.csv": b"0" * 10_000, "good.csv": b"1"})
    raw = (inbox / "a.zip").read_bytes()
    size = (10_000).to_bytes(4, "little")
    (inbox / "a.zip").write_bytes(raw.replace(size, (10).to_bytes(4, "little")))
    report = collecting(source())
    assert "'liar.csv'" in report.errors[0].what
    assert set(collecting.content(report["data"].new[0])) == {"a.zip/good.csv"}


def test_importing_the_zone_is_light():
    heavy = ["httpx2", "stamina", "sqlalchemy", "pyarrow", "pandas", "duckdb", "psutil"]
    script = (
        "import sys, backbone.management.landing\n"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
