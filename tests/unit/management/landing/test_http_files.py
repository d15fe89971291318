"""Files over HTTP: names, archives, broken downloads, conditions, one address a year."""

from __future__ import annotations

import gzip
import io
import json
import time
import zipfile
from email.utils import formatdate
from hashlib import sha256

import pytest

from backbone.errors import BadResponse, SourceUnavailable
from backbone.project.sources import HttpSource

pytestmark = pytest.mark.usefixtures("quick_retries")

CSV = {"Content-Type": "text/csv"}
BODY = b"year,income\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(60_000))


def source(server, dataset=None, **options):
    datasets = {"data": {"path": "/rent.csv", **(dataset or {})}}
    made = {"collector": "http", "url": server.url, "datasets": datasets, **options}
    return HttpSource.model_validate(made)


def test_a_file_lands_as_it_is_under_its_own_name(collecting, server):
    server.answer = lambda *_: (200, CSV, BODY)
    [delivery] = collecting(source(server))["data"].new
    [obj] = delivery.objects
    assert (obj.name, obj.media_type) == ("rent.csv", "text/csv")
    assert (obj.size, obj.sha256) == (len(BODY), sha256(BODY).hexdigest())
    assert delivery.receipts[0].origin == f"{server.url}/rent.csv"
    assert server.sent_headers[0]["Accept-Encoding"] == "identity"


NAMES = [
    ("/get?id=5", {"Content-Disposition": 'attachment; filename="../../x/a b.csv"'}, "a b.csv"),
    ("/get?id=5", {"Content-Disposition": "inline; filename*=UTF-8''caf%C3%A9.csv"}, "café.csv"),
    ("/files/r%20nt.csv?v=2", {}, "r nt.csv"),
    ("/get?id=5", {}, "data.csv"),
    ("/v1.2/get", {"Content-Disposition": 'attachment; filename=".."'}, "data.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "headers", "name"), NAMES)
def test_the_name_of_a_file(collecting, server, path, headers, name):
    server.answer = lambda *_: (200, {**CSV, **headers}, BODY)
    [delivery] = collecting(source(server, {"path": path}))["data"].new
    assert list(collecting.content(delivery)) == [name]


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        ("text/plain", b'[{"id": 1}]', "page-00001.json"),
        ("application/octet-stream", b'{"id": 1}', "page-00001.json"),
        ("text/plain", b"[section]\nx=1\n", "data.txt"),
        ("application/xml", b"<html2/>", "data.xml"),
    ],
)
def test_what_has_no_name_is_told_by_type_or_body(collecting, server, kind, body, name):
    server.answer = lambda *_: (200, {"Content-Type": kind}, body)
    [delivery] = collecting(source(server, {"path": "/get"}))["data"].new
    assert collecting.content(delivery) == {name: body}


def test_an_archive_is_unpacked(collecting, server):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("2014/a.csv", "x\n1\n")
        archive.writestr("b.csv", "x\n2\n")
    answers = {
        "/all.zip": packed.getvalue(),
        "/one.csv.gz": gzip.compress(b"x\n3\n"),
    }
    server.answer = lambda path, _: (
        200,
        {"Content-Type": "application/zip"},
        answers[path],
    )
    found = collecting(
        source(server, {"path": "{n}", "for": {"n": ["all.zip", "one.csv.gz"]}})
    )
    first, second = found["data"].new
    assert collecting.content(first) == {
        "all.zip/2014/a.csv": b"x\n1\n",
        "all.zip/b.csv": b"x\n2\n",
    }
    assert collecting.content(second) == {"one.csv": b"x\n3\n"}
    assert {obj.fields for obj in first.objects} == {(("n", "all.zip"),)}
    assert not list(collecting.landing.root.rglob("packed*"))
    again = collecting(
        source(server, {"path": "{n}", "for": {"n": ["all.zip", "one.csv.gz"]}})
    )
    assert (again["data"].new, again["data"].again, again["data"].unchanged) == (
        (),
        (),
        2,
    )


def test_what_is_packed_is_told_by_its_bytes(collecting, server):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "x\n1\n" * 500)
    answers = {"/export.csv": gzip.compress(BODY), "/get": packed.getvalue()}
    kind = {"Content-Type": "application/octet-stream"}
    server.answer = lambda path, _: (200, kind, answers[path])
    dataset = {"path": "/{n}", "for": {"n": ["export.csv", "get"]}}
    first, second = collecting(source(server, dataset))["data"].new
    assert collecting.content(first) == {"export.csv": BODY}
    assert collecting.content(second) == {"get/data.zip/a.csv": b"x\n1\n" * 500}


def test_a_bad_member_of_an_archive_is_told_every_time(collecting, server):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "x\n1\n")
        archive.writestr("../b.csv", "x\n2\n")
    headers = {"Content-Type": "application/zip", "ETag": '"1"'}

    def answer(*_):
        known = server.sent_headers[-1].get("If-None-Match") == '"1"'
        return (304, {}, "") if known else (200, headers, packed.getvalue())

    server.answer = answer
    made = source(server, {"path": "/all.zip"})
    report = collecting(made)["data"]
    assert collecting.content(report.new[0]) == {"all.zip/a.csv": b"x\n1\n"}
    assert len(report.errors) == 1
    report = collecting(made)["data"]
    assert (report.unchanged, report.errors) == (1, ())
    assert "b.csv" in report.warnings[0]


WRONG = [
    ("text/html", b"<p>Please log in</p>", "a web page, no JSON and no file"),
    ("text/csv", b"\n<!-- x -->\n<!DOCTYPE html><p>Sorry", "a web page"),
    ("text/csv", b"", "answered 200 with nothing"),
]


@pytest.mark.parametrize(("kind", "body", "said"), WRONG)
def test_a_web_page_in_place_of_a_file_is_refused(collecting, server, kind, body, said):
    server.answer = lambda *_: (200, {"Content-Type": kind}, body)
    [error] = collecting(source(server)).errors
    assert said in str(error)
    assert collecting.deliveries("data") == ()
    if body:
        report = collecting(source(server, {"html": True}))
        assert len(report["data"].new) == 1


class Breaking:
    """Serves a body and hangs up after so many bytes, so many times."""

    def __init__(self, server, body=BODY, *, cuts, after=100_000, ranges=True, **headers):
        self.body, self.cuts, self.after, self.ranges = body, cuts, after, ranges
        self.headers = {**CSV, **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.sent = []
        server.answer = lambda *_: self.answer

    def answer(self, handler):
        begin, asked = 0, handler.headers.get("Range")
        same = handler.headers.get("If-Range") in self.headers.values()
        if asked and self.ranges and same:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
        part = self.body[begin:]
        headers = dict(self.headers)
        if begin:
            headers["Content-Range"] = (
                f"bytes {begin}-{len(self.body) - 1}/{len(self.body)}"
            )
        if self.cuts:
            self.cuts -= 1
            part = part[: self.after]
        self.sent.append(len(part))
        whole = len(self.body) - begin
        handler.reply(
            206 if begin else 200, {**headers, "Content-Length": str(whole)}, part
        )
        if len(part) < whole:
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(1)


@pytest.mark.parametrize(
    ("ranges", "headers", "sends_again"),
    [
        (True, {"ETag": '"v1"'}, False),
        (True, {"Last_Modified": "Tue, 02 Jan 2024 00:00:00 GMT"}, False),
        (False, {"ETag": '"v1"'}, True),
        (True, {"ETag": 'W/"v1"'}, True),
        (True, {}, True),
    ],
    ids=["tag", "time", "no ranges", "weak tag", "nothing"],
)
def test_a_download_that_breaks_off_goes_on(
    collecting, server, ranges, headers, sends_again
):
    breaking = Breaking(server, cuts=3, ranges=ranges, **headers)
    report = collecting(source(server))["data"]
    [delivery] = report.new
    assert collecting.content(delivery) == {"rent.csv": BODY}
    assert report.warnings == (
        f"{server.url}/rent.csv broke off 3 times, and was gone on with",
    )
    assert (sum(breaking.sent) > len(BODY)) == sends_again


def test_a_download_that_changes_on_the_way_begins_anew(collecting, server):
    breaking = Breaking(server, cuts=1)
    first = breaking.answer

    def answer(handler):
        first(handler)
        breaking.body = BODY.replace(b"income", b"INCOME")

    server.answer = lambda *_: answer
    [delivery] = collecting(source(server))["data"].new
    assert collecting.content(delivery) == {"rent.csv": breaking.body}


def test_a_download_that_always_breaks_off_is_an_error(collecting, server):
    Breaking(server, cuts=99, after=0, ETag='"v1"')
    [error] = collecting(source(server, attempts=3)).errors
    assert isinstance(error, SourceUnavailable)
    assert "broke the connection off, 3 attempts" in str(error)
    assert collecting.deliveries("data") == ()


def test_a_part_that_was_not_asked_for_is_refused(collecting, server):
    breaking = Breaking(server, cuts=1, ETag='"v1"')

    def answer(handler):
        if "Range" in handler.headers:
            handler.reply(206, {"Content-Range": "bytes 5-9/10"}, b"wrong")
        else:
            breaking.answer(handler)

    server.answer = lambda *_: answer
    [error] = collecting(source(server)).errors
    assert "answered with another part ('bytes 5-9/10')" in str(error)


class Conditional:
    """Serves bodies by path, with their state, and 304 to who knows it."""

    def __init__(self, server, bodies, *, state="ETag"):
        self.bodies, self.state = bodies, state
        self.whole = 0
        server.answer = self.answer
        self.server = server

    def answer(self, path, _query):
        if path not in self.bodies:
            return 404, {}, "no such year"
        body = self.bodies[path]
        value = f'"{sha256(body).hexdigest()}"'
        asked = "If-None-Match"
        headers = {**CSV, "ETag": value}
        if self.state == "Last-Modified":
            asked, value = "If-Modified-Since", f"Mon, 0{len(body)} Jan 2024 00:00:00 GMT"
            headers = {**CSV, "Last-Modified": value}
        if self.server.sent_headers[-1].get(asked) == value:
            return 304, {}, ""
        self.whole += 1
        return 200, headers, body


@pytest.mark.parametrize("state", ["ETag", "Last-Modified"])
def test_what_has_not_changed_is_not_sent(collecting, server, state):
    bodies = {"/rent.csv": b"x\n1\n"}
    known = Conditional(server, bodies, state=state)
    assert len(collecting(source(server))["data"].new) == 1
    for _ in range(2):
        report = collecting(source(server))["data"]
        assert (report.new, report.again, report.unchanged) == ((), (), 1)
    assert known.whole == 1
    bodies["/rent.csv"] = b"x\n1\n2\n"
    assert len(collecting(source(server))["data"].new) == 1
    bodies["/rent.csv"] = b"x\n1\n"
    assert len(collecting(source(server))["data"].again) == 1
    assert collecting(source(server))["data"].unchanged == 1
    assert known.whole == 3


def test_a_json_document_is_asked_for_conditionally_too(collecting, server):
    bodies = {"/rent.csv": b'{"data": [1]}'}
    known = Conditional(server, bodies)
    made = source(server, {"records": "data"})
    assert len(collecting(made)["data"].new) == 1
    assert collecting(made)["data"].unchanged == 1
    assert known.whole == 1


def test_a_time_of_change_that_is_now_is_no_state(collecting, server):
    now = formatdate(usegmt=True)
    server.answer = lambda *_: (200, {**CSV, "Last-Modified": now}, BODY)
    collecting(source(server))
    report = collecting(source(server))["data"]
    assert (report.again, report.unchanged) == ((), 1)
    assert "If-Modified-Since" not in server.sent_headers[-1]


YEARS = {"path": "/{year}/rent.csv", "for": {"year": "2014..2016"}}


def test_each_value_of_a_field_is_a_delivery_with_a_state_of_its_own(collecting, server):
    bodies = {f"/{year}/rent.csv": b"x\n%d\n" % year for year in (2014, 2015, 2016)}
    known = Conditional(server, bodies)
    report = collecting(source(server, YEARS))["data"]
    assert [obj.fields for d in report.new for obj in d.objects] == [
        (("year", str(year)),) for year in (2014, 2015, 2016)
    ]
    assert [d.name for d in report.new] == [f"{y}/rent.csv" for y in (2014, 2015, 2016)]
    bodies["/2015/rent.csv"] += b"1\n"
    report = collecting(source(server, YEARS))["data"]
    assert [d.name for d in report.new] == ["2015/rent.csv"]
    assert (report.unchanged, known.whole) == (2, 4)


def test_the_same_bytes_for_two_years_are_two_deliveries(collecting, server):
    server.answer = lambda *_: (200, CSV, b"x\n1\n")
    assert len(collecting(source(server, YEARS))["data"].new) == 3
    report = collecting(source(server, YEARS))["data"]
    assert (report.new, report.again, report.unchanged) == ((), (), 3)


def test_one_year_that_is_missing_is_an_error_of_its_own(collecting, server):
    bodies = {f"/{year}/rent.csv": b"x\n1\n" for year in (2014, 2016)}
    Conditional(server, bodies)
    report = collecting(source(server, YEARS))["data"]
    assert len(report.new) == 2
    [error] = report.errors
    assert error.where == "dataset data, year 2015"
    assert "/2015/rent.csv answered 404" in str(error)
    report = collecting(source(server, {**YEARS, "missing": "skip"}))["data"]
    assert (report.errors, report.unchanged) == ((), 2)


def test_a_server_that_is_away_is_not_asked_for_every_year(collecting, server):
    server.answer = lambda *_: (503, {}, "down")
    dataset = {**YEARS, "for": {"year": "1900..2023"}}
    report = collecting(source(server, dataset, attempts=2))["data"]
    assert len(report.errors) == 3
    assert len(server.requests) == 6
    assert "after year 1902 nothing more was asked for" in report.warnings[0]


def test_fields_stand_in_parameters_and_months_are_spelt(collecting, server):
    server.answer = lambda *_: (200, CSV, b"x\n1\n")
    dataset = {
        "path": "/{month:%Y/%m}.csv",
        "params": {"from": "{month}-01", "at": "{place}"},
        "for": {"month": "2023-12..2024-01", "place": ["a b", "c/d"]},
    }
    report = collecting(source(server, dataset))["data"]
    assert server.requests == [
        f"/{month}.csv?from={begin}-01&at={place}"
        for month, begin in (("2023/12", "2023-12"), ("2024/01", "2024-01"))
        for place in ("a+b", "c%2Fd")
    ]
    assert report.new[3].objects[0].fields == (("month", "2024-01"), ("place", "c/d"))


def test_pages_and_a_cursor_go_on_for_each_value(collecting, server):
    def answer(path, query):
        since = int(query.get("since", 0))
        values = [n for n in (1, 2, 3 if path == "/a" else 9) if n > since]
        page = int(query["p"])
        return [{"id": n} for n in values[2 * (page - 1) : 2 * page]]

    server.answer = answer
    dataset = {
        "path": "/{station}",
        "for": {"station": ["a", "b"]},
        "cursor": {"param": "since", "field": "id"},
        "pages": {"number": "p"},
    }
    report = collecting(source(server, dataset))["data"]
    assert [(d.name, d.cursor) for d in report.new] == [
        ("a/page-00001.json", "3"),
        ("b/page-00001.json", "9"),
    ]
    assert collecting(source(server, dataset))["data"].unchanged == 2
    assert server.requests[-2:] == ["/a?since=3&p=1", "/b?since=9&p=1"]


def test_json_that_is_too_long_to_be_parsed_lands_all_the_same(collecting, server):
    body = json.dumps([{"id": n} for n in range(150_000)]).encode()
    assert len(body) > 1_000_000
    answers = [body[:-1], body]
    kind = {"Content-Type": "application/json"}
    server.answer = lambda *_: (200, kind, answers.pop(0))
    made = source(server, {"path": "/x", "records": None}, pages={"max_page_mb": 1})
    [error] = collecting(made).errors
    assert isinstance(error, BadResponse)
    assert "no JSON" in str(error)
    assert len(collecting(made)["data"].new) == 1


def test_json_lines_are_json(collecting, server):
    kind = {"Content-Type": "application/json"}
    server.answer = lambda *_: (200, kind, b'{"id": 1}\n{"id": 2}\n')
    [delivery] = collecting(source(server, {"path": "/x.json"}))["data"].new
    assert list(collecting.content(delivery)) == ["x.json"]


def test_a_server_that_only_drips_has_not_answered(collecting, server):
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)

    server.answer = lambda *_: drip
    [error] = collecting(source(server, attempts=1, timeout_s=0.1)).errors
    assert "did not answer within 0.1 s" in str(error)


def test_many_addresses_that_fail_are_counted(collecting, server):
    server.answer = lambda *_: (404, {}, "none")
    dataset = {**YEARS, "for": {"year": "1900..2023"}}
    errors = collecting(source(server, dataset)).errors
    assert len(errors) == 6
    assert "`missing: skip` leaves it out" in str(errors[0])
    assert "119 more addresses failed: dataset data, year 1905" in str(errors[5])
