"""What a path tells of files, files that are not quiet yet, and what became of files."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from backbone.management.landing import files
from backbone.project.sources import FilesSource


@pytest.fixture
def inbox(collecting):
    folder = collecting.project / "inbox"
    folder.mkdir()
    return folder


def source(path="inbox/*", settle=None, **datasets):
    return FilesSource(
        collector="files", path=path, settle=settle, datasets=datasets or {"data": "*"}
    )


def put(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def names(deliveries):
    return [d.name for d in deliveries]


def notes(collecting):
    found = collecting.landing.notes("src", "data").all()
    return [(n.origin, n.became, n.to) for n in found]


def test_fields_of_folders_and_names_are_kept_with_every_object(collecting, inbox):
    put(inbox / "L4" / "2024-01" / "heat_north_01.csv", "1")
    put(inbox / "L4" / "2024-01" / "cold.csv", "2")
    put(inbox / "L4" / ".hidden" / "heat_x_1.csv", "3")
    declared = source("inbox/{device}/{month}/*.csv", heat="heat_{place}_{n}.csv")
    report = collecting(declared)
    [delivery] = report["heat"].new
    assert delivery.objects[0].fields == (
        ("device", "L4"),
        ("month", "2024-01"),
        ("n", "01"),
        ("place", "north"),
    )
    assert report.warnings[0].startswith("1 file matches no dataset")
    again = type(collecting)(collecting.project)
    assert again.deliveries("heat") == (delivery,)
    assert collecting(declared)["heat"].unchanged == 1


def test_a_path_that_is_declared_anew_tells_fields_of_what_landed_before(
    collecting, inbox
):
    put(inbox / "L4" / "a.csv", "1")
    [delivery] = collecting(source("inbox/*/*.csv"))["data"].new
    assert delivery.objects[0].fields == ()
    for _ in range(2):
        report = collecting(source("inbox/{device}/*.csv"))["data"]
        assert (report.new, report.unchanged) == ((), 1)
    [known] = type(collecting)(collecting.project).deliveries("data")
    assert known.objects[0].fields == (("device", "L4"),)
    assert known.id == delivery.id
    assert len(notes(collecting)) == 1
    collecting.landing.verify(known)


def test_the_members_of_an_archive_have_its_fields(collecting, inbox):
    folder = put(inbox / "L4" / "a.csv", "1").parent
    shutil.make_archive(str(inbox / "2024"), "gztar", inbox, "L4")
    shutil.rmtree(folder)
    [delivery] = collecting(source("inbox/{year}.tar.gz"))["data"].new
    assert names([delivery]) == ["2024.tar.gz/L4/a.csv"]
    assert delivery.objects[0].fields == (("year", "2024"),)


def test_a_file_is_left_until_it_is_quiet(collecting, inbox):
    old, young, ahead, later = (put(inbox / f"{n}.csv", n) for n in "abcd")
    now = time.time()
    os.utime(old, (now - 60, now - 60))
    os.utime(young, (now - 4, now - 4))
    os.utime(later, (now + 10, now + 10))
    os.utime(ahead, (now + 9e6, now + 9e6))
    report = collecting(source(settle="30s"))["data"]
    assert names(report.new) == ["a.csv"]
    [warning] = report.warnings
    assert warning.startswith("3 files changed less than 30s ago and left for next time")
    assert "`inbox/b.csv` (4 s ago)" in warning
    assert len(collecting(source())["data"].new) == 3


def test_a_time_to_come_is_no_reason_to_wait_for_ever(collecting, inbox, monkeypatch):
    file = put(inbox / "a.csv", "1")
    ahead = time.time() + 9e6
    os.utime(file, (ahead, ahead))
    # its other time, which nobody can set, is old: the clock is right, the note is not
    real = time.time
    monkeypatch.setattr(files.time, "time", lambda: real() + 60)
    assert names(collecting(source(settle="30s"))["data"].new) == ["a.csv"]
    # the clock has gone back far: nothing can be told, what is there is taken
    put(inbox / "b.csv", "2")
    monkeypatch.setattr(files.time, "time", lambda: real() - 9e6)
    report = collecting(source(settle="30s"))["data"]
    assert names(report.new) == ["b.csv"]
    assert "from now: it is collected as it is" in report.warnings[0]


def test_a_renamed_file_stays_the_delivery_that_it_is(collecting, inbox):
    file = put(inbox / "a.csv", "1")
    put(inbox / "b.csv", "2")
    [first, second] = collecting(source())["data"].new
    file.rename(inbox / "z.csv")
    report = collecting(source())["data"]
    assert (report.new, report.again, report.unchanged) == ((), (), 2)
    assert report.warnings[0].endswith("`inbox/a.csv` is `inbox/z.csv` now")
    assert notes(collecting) == [("inbox/a.csv", "renamed", "inbox/z.csv")]
    assert collecting.deliveries("data") == (first, second)
    report = collecting(source())["data"]
    assert (report.unchanged, report.warnings) == (2, ())


def test_a_rename_that_changes_a_field_is_a_new_delivery(collecting, inbox):
    file = put(inbox / "L1.csv", "1")
    declared = source("inbox/{device}.csv")
    collecting(declared)
    file.rename(inbox / "L2.csv")
    [delivery] = collecting(declared)["data"].new
    assert delivery.objects[0].fields == (("device", "L2"),)
    assert notes(collecting) == [("inbox/L1.csv", "renamed", "inbox/L2.csv")]


def test_equal_content_of_another_time_is_a_new_delivery(collecting, inbox):
    file = put(inbox / "monday.csv", "same")
    os.utime(file, (1, 1))
    collecting(source())
    file.unlink()
    put(inbox / "tuesday.csv", "same")
    assert names(collecting(source())["data"].new) == ["tuesday.csv"]
    assert notes(collecting) == [("inbox/monday.csv", "renamed", "inbox/tuesday.csv")]


def test_logs_that_rotate_are_read_once(collecting, inbox):
    for minute, text in enumerate(["one", "two", "three"]):
        for old in (2, 1):
            if (inbox / f"log.{old}").exists():
                (inbox / f"log.{old}").rename(inbox / f"log.{old + 1}")
        if (inbox / "log").exists():
            (inbox / "log").rename(inbox / "log.1")
        os.utime(put(inbox / "log", text), (minute, minute))
        assert len(collecting(source())["data"].new) == 1
    assert collecting(source())["data"].unchanged == 3
    held = [list(collecting.content(d).values()) for d in collecting.deliveries("data")]
    assert held == [[b"one"], [b"two"], [b"three"]]


def test_deleted_files_are_noted_once_and_may_return(collecting, inbox):
    file = put(inbox / "a.csv", "1")
    put(inbox / "b.csv", "2")
    status = file.stat()
    collecting(source())
    file.unlink()
    for _ in range(2):
        assert not collecting(source())["data"].warnings
    assert notes(collecting) == [("inbox/a.csv", "deleted", None)]
    os.utime(put(file, "1"), ns=(status.st_atime_ns, status.st_mtime_ns))
    assert collecting(source())["data"].unchanged == 2
    assert notes(collecting)[1:] == [("inbox/a.csv", "returned", None)]
    file.rename(inbox / "c.csv")
    collecting(source())
    (inbox / "c.csv").rename(file)
    collecting(source())
    assert notes(collecting)[2:] == [
        ("inbox/a.csv", "renamed", "inbox/c.csv"),
        ("inbox/c.csv", "renamed", "inbox/a.csv"),
    ]
    assert len(collecting.deliveries("data")) == 2


def test_what_cannot_be_seen_is_not_deleted(collecting, inbox):
    put(inbox / "a.csv", "1")
    put(inbox / "b.txt", "2")
    collecting(source())
    collecting(source("inbox/*.csv"))
    assert notes(collecting) == []
    inbox.rename(collecting.project / "outbox")
    assert collecting(source()).errors
    assert notes(collecting) == []


def test_a_folder_that_leads_back_to_itself_is_walked_once(collecting, inbox):
    put(inbox / "sub" / "a.csv", "1")
    (inbox / "sub" / "loop").symlink_to(inbox)
    assert names(collecting(source("inbox/**"))["data"].new) == ["sub/a.csv"]
