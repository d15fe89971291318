"""Objects of a bucket become deliveries as files do: once, streamed, and refusals told."""

from __future__ import annotations

import gzip
import io
import itertools
import zipfile

import boto3
import pytest
from moto.server import ThreadedMotoServer

from backbone.errors import SourceUnavailable
from backbone.management.landing.places import stores
from backbone.project.sources import FilesSource

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3):
    client = boto3.client(
        "s3", endpoint_url=s3, region_name="us-east-1",
        aws_access_key_id="key", aws_secret_access_key="secret",
    )  # fmt: skip
    name = f"raw{next(NUMBERS)}"
    client.create_bucket(Bucket=name)
    return _Bucket(client, name, s3)


class _Bucket:
    def __init__(self, client, name, endpoint):
        self.client, self.name, self.endpoint = client, name, endpoint

    def put(self, key, content):
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def delete(self, key):
        self.client.delete_object(Bucket=self.name, Key=key)

    def source(self, path, datasets=None, **options):
        storage = {
            "endpoint": self.endpoint,
            "allow_http": True,
            "access_key_id": "key",
            "secret_access_key": "secret",
            "attempts": 2,
            **options,
        }
        return FilesSource(
            collector="files",
            path=f"s3://{self.name}/{path}",
            storage=storage,
            datasets=datasets or {"data": "*"},
        )


def names(deliveries):
    return [d.name for d in deliveries]


def test_objects_are_deliveries_with_the_fields_of_their_keys(collecting, bucket):
    bucket.put("raw/2024-01-02/b.csv", b"2")
    bucket.put("raw/2024-01-01/ä b.csv", b"1")
    bucket.put("raw/2024-01-01/c.txt", b"no")
    bucket.put("other/2024-01-01/a.csv", b"no")
    report = collecting(bucket.source("raw/{day}/*.csv"))
    assert not report.errors
    new = report["data"].new
    assert names(new) == ["2024-01-01/ä b.csv", "2024-01-02/b.csv"]
    assert [d.objects[0].fields for d in new] == [
        (("day", "2024-01-01"),),
        (("day", "2024-01-02"),),
    ]
    assert collecting.content(new[0]) == {"2024-01-01/ä b.csv": b"1"}
    assert new[1].receipts[0].origin == f"s3://{bucket.name}/raw/2024-01-02/b.csv"


def test_what_has_not_changed_is_not_fetched(collecting, bucket, monkeypatch):
    bucket.put("a.csv", b"1")
    bucket.put("b.csv", b"1")
    collecting(bucket.source("*.csv"))
    bucket.put("b.csv", b"2")
    fetched = []
    opened = stores.Bucket.opened

    def watched(self, found):
        fetched.append(found.name)
        return opened(self, found)

    monkeypatch.setattr(stores.Bucket, "opened", watched)
    report = collecting(bucket.source("*.csv"))["data"]
    assert fetched == ["b.csv"]
    assert (names(report.new), report.unchanged) == (["b.csv"], 1)


def test_large_objects_and_archives_are_streamed(collecting, bucket):
    large = bytes(range(256)) * 40_000
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.csv", "x")
        archive.writestr("y.csv", "y")
    bucket.put("large.bin", large)
    bucket.put("rows.csv.gz", gzip.compress(large))
    bucket.put("two.zip", packed.getvalue())
    report = collecting(bucket.source(""))
    assert not report.errors
    content = {}
    for delivery in report["data"].new:
        content |= collecting.content(delivery)
    assert content == {
        "large.bin": large,
        "rows.csv": large,
        "two.zip/x.csv": b"x",
        "two.zip/y.csv": b"y",
    }


def test_deleted_objects_are_noted_once_and_a_narrower_path_deletes_none(
    collecting, bucket
):
    for key in ("in/a.csv", "in/b.csv", "in/c.txt"):
        bucket.put(key, key.encode())
    collecting(bucket.source("in/*"))
    bucket.delete("in/a.csv")
    for _ in range(2):
        collecting(bucket.source("in/*.csv"))
    notes = collecting.landing.notes("src", "data").all()
    assert [(n.origin, n.became) for n in notes] == [
        (f"s3://{bucket.name}/in/a.csv", "deleted")
    ]


def test_a_bucket_that_is_not_there_and_one_that_does_not_answer(collecting, bucket):
    missing = bucket.source("*.csv").model_copy(update={"path": "s3://nowhere/*.csv"})
    [error] = collecting(missing).errors
    assert isinstance(error, SourceUnavailable)
    assert "s3://nowhere is not there" in error.what
    assert "does not exist" in error.what
    assert "name of the bucket" in error.hint
    [error] = collecting(bucket.source("*", endpoint="http://127.0.0.1:9")).errors
    assert f"s3://{bucket.name} does not answer" in error.what
    assert "Debug" not in str(error)


def test_keys_that_lead_elsewhere_and_hidden_ones_are_left_out(collecting, bucket):
    bucket.put("in/.hidden.csv", b"no")
    bucket.put("in/folder/", b"")
    bucket.put("in/a.csv", b"1")
    report = collecting(bucket.source("in/**/*"))
    assert names(report["data"].new) == ["a.csv"]
    assert not report.errors


def test_nothing_of_the_environment_is_used(collecting, bucket, monkeypatch):
    bucket.put("a.csv", b"1")
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "other",
        "AWS_SESSION_TOKEN": "other",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_REGION": "elsewhere",
    }.items():
        monkeypatch.setenv(name, value)
    assert names(collecting(bucket.source("*.csv"))["data"].new) == ["a.csv"]
