"""A JSON API: pages, retries, cursors, and what an API does wrong."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from backbone.errors import BadResponse, DeclarationError, SourceUnavailable
from backbone.management.landing.web import fetch
from backbone.project.sources import HttpSource

pytestmark = pytest.mark.usefixtures("quick_retries")


def source(server, datasets=None, **options):
    datasets = datasets or {"data": {"path": "/data", "records": "data"}}
    made = {"collector": "http", "url": server.url, "datasets": datasets, **options}
    return HttpSource.model_validate(made)


def rows(*values):
    return {"data": [{"id": value} for value in values]}


def failing(times, status=500, headers=None):
    """Answer `status` so many times, then one record."""
    left = [times]

    def answer(_path, _query):
        if left[0]:
            left[0] -= 1
            return (status, headers or {}, "not now")
        return rows(1)

    return answer


def test_a_page_lands_as_it_was_sent(collecting, server):
    body = '{"data":  [ {"id": 1.50} ]}\n'
    server.answer = lambda *_: (200, {"Content-Type": "application/json"}, body)
    [delivery] = collecting(source(server))["data"].new
    assert collecting.content(delivery) == {"page-00001.json": body.encode()}
    assert delivery.objects[0].origin == f"{server.url}/data"
    assert delivery.cursor is None


def test_the_same_answer_again_is_unchanged(collecting, server):
    server.answer = lambda *_: rows(1, 2)
    collecting(source(server))
    report = collecting(source(server))["data"]
    assert (report.new, report.again, report.unchanged) == ((), (), 1)
    server.answer = lambda *_: rows(1, 2, 3)
    assert len(collecting(source(server))["data"].new) == 1


@pytest.mark.parametrize("absolute", [True, False])
def test_the_next_page_is_found_in_the_body(collecting, server, absolute):
    def answer(_path, query):
        page = int(query.get("page", 1))
        link = f"/data?page={page + 1}&kind={query['kind']}" if page < 3 else None
        link = server.url + link if absolute and link else link
        return {**rows(page), "links": {"next": link}}

    server.answer = answer
    datasets = {"data": {"path": "data", "records": "data", "params": {"kind": "a b"}}}
    pages = {"next": "links.next"}
    [delivery] = collecting(source(server, datasets, pages=pages))["data"].new
    assert list(collecting.content(delivery)) == [f"page-0000{n}.json" for n in (1, 2, 3)]
    assert len(server.requests) == 3
    assert delivery.objects[0].origin == f"{server.url}/data?kind=a+b"


def test_pages_by_number_end_with_one_that_is_empty(collecting, server):
    def answer(_path, query):
        return rows(*range(int(query["p"]), 3))

    server.answer = answer
    report = collecting(source(server, pages={"number": "p", "first": 0}))
    assert [len(d.objects) for d in report["data"].new] == [3]
    assert server.requests == [f"/data?p={n}" for n in range(4)]


def test_an_api_that_ignores_the_page_number_is_found_out(collecting, server):
    server.answer = lambda *_: rows(1)
    report = collecting(source(server, pages={"number": "page"}))
    assert "is the page before once more" in str(report.errors[0])
    assert "Does the API know the parameter `page`?" in str(report.errors[0])
    assert collecting.deliveries("data") == ()


def test_pages_that_go_in_a_circle_are_an_error_and_nothing_lands(collecting, server):
    def answer(_path, query):
        return {
            **rows(query.get("page", "1")),
            "next": f"?page={2 + (query == {'page': '2'})}",
        }

    server.answer = answer
    report = collecting(source(server, pages={"next": "next"}))
    assert "go round in a circle" in str(report.errors[0])
    assert collecting.deliveries("data") == ()
    assert len(server.requests) == 3


def test_there_are_at_most_so_many_pages(collecting, server):
    server.answer = lambda _path, query: {
        "next": f"?page={int(query.get('page', 1)) + 1}"
    }
    datasets = {"data": {"path": "/data"}}
    report = collecting(source(server, datasets, pages={"next": "next", "max_pages": 4}))
    assert "more than 4 pages" in str(report.errors[0])
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "link",
    ["http://elsewhere.example/data", "//elsewhere.example", "http://127.0.0.1:1/data"],
)
def test_pages_do_not_lead_to_another_place(collecting, server, link):
    server.answer = lambda *_: {**rows(1), "next": link}
    report = collecting(source(server, pages={"next": "next"}))
    [error] = report.errors
    assert isinstance(error, BadResponse)
    assert "leads to another place" in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize("link", [5, ["x"], {"a": 1}])
def test_a_next_that_is_no_address_is_an_error(collecting, server, link):
    server.answer = lambda *_: {**rows(1), "next": link}
    report = collecting(source(server, pages={"next": "next"}))
    assert "`next` of" in str(report.errors[0])


def test_it_tries_again_after_500_twice(collecting, server):
    server.answer = failing(2)
    report = collecting(source(server))["data"]
    assert len(report.new) == 1
    assert report.errors == ()
    assert report.warnings == (f"{server.url}/data answered at attempt 3",)


def test_retries_are_not_written_to_standard_error(collecting, server, capfd):
    logging.getLogger("stamina").handlers.clear()
    server.answer = failing(1)
    collecting(source(server))
    assert capfd.readouterr().err == ""


def test_after_so_many_attempts_it_says_what_came(collecting, server):
    server.answer = failing(99, status=503)
    [error] = collecting(source(server, attempts=3)).errors
    assert isinstance(error, SourceUnavailable)
    assert error.retryable
    assert "answered 503 Service Unavailable to 3 attempts" in str(error)
    assert "'not now'" in str(error)
    assert len(server.requests) == 3


@pytest.mark.parametrize("kind", ["seconds", "date", "reset", "instant"])
def test_it_waits_as_long_as_it_is_asked(collecting, server, kind, monkeypatch):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    now = datetime.now(UTC).replace(microsecond=0)
    later = now + timedelta(seconds=30)
    headers = {
        "seconds": {"Retry-After": "30"},
        "date": {"Retry-After": format_datetime(later, usegmt=True)},
        "reset": {"X-RateLimit-Reset": "30"},
        "instant": {"RateLimit-Reset": str(int(later.timestamp()))},
    }[kind]
    server.answer = failing(1, status=429, headers=headers)
    assert len(collecting(source(server))["data"].new) == 1
    assert 28 <= max(slept) <= 30


def test_it_waits_no_longer_than_is_declared(collecting, server, monkeypatch):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    server.answer = failing(1, status=429, headers={"Retry-After": "31"})
    [error] = collecting(source(server, max_wait_s=30)).errors
    assert "answered 429 Too Many Requests to one attempt, and asks to wait 31 s" in str(
        error
    )
    assert "`max_wait_s` allows 30" in str(error)
    assert error.retryable
    assert (len(server.requests), slept) == (1, [])


def test_retry_after_nonsense_is_ignored(collecting, server):
    server.answer = failing(1, status=429, headers={"Retry-After": "soon"})
    assert len(collecting(source(server))["data"].new) == 1


def test_a_connection_that_breaks_off_is_tried_again(collecting, server):
    broken = [True]

    def answer(_path, _query):
        if broken.pop() if broken else False:
            return (200, {"Content-Length": "1000"}, "{")
        return rows(1)

    server.answer = answer
    report = collecting(source(server, timeout_s=0.3))["data"]
    assert len(report.new) == 1


def test_a_server_that_is_not_there(collecting, server):
    server.server_close()
    [error] = collecting(source(server, attempts=2)).errors
    assert isinstance(error, SourceUnavailable)
    assert "cannot be reached, 2 attempts" in str(error)


def test_a_server_that_does_not_answer(collecting, server):
    release = threading.Event()

    def answer(*_):
        release.wait(5)
        return rows()

    server.answer = answer
    [error] = collecting(source(server, attempts=1, timeout_s=0.1)).errors
    release.set()
    assert isinstance(error, SourceUnavailable)
    assert "did not answer within 0.1 s, one attempt" in str(error)


def test_html_in_place_of_json_says_what_came_and_nothing_lands(collecting, server):
    page = "<!DOCTYPE html>\n<title>Sign in</title>" + "x" * 500

    def answer(_path, query):
        if "page" in query:
            return (200, {"Content-Type": "text/html; charset=utf-8"}, page)
        return {**rows(1), "next": "?page=2"}

    server.answer = answer
    [error] = collecting(source(server, pages={"next": "next"})).errors
    assert isinstance(error, BadResponse)
    assert "answered 200 with text/html; charset=utf-8 that is no JSON" in str(error)
    assert "<!DOCTYPE html> <title>Sign in</title>" in str(error)
    assert "x" * 81 not in str(error)
    assert collecting.deliveries("data") == ()
    assert server.requests == ["/data", "/data?page=2"]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\xfa", b'{"data": [', b"NULL"])
def test_what_is_no_json_is_refused(collecting, server, body):
    server.answer = lambda *_: (200, {"Content-Type": "application/json"}, body)
    [error] = collecting(source(server)).errors
    assert "no JSON" in str(error)


@pytest.mark.parametrize("status", [401, 404, 410])
def test_other_errors_are_not_tried_again(collecting, server, status):
    server.answer = lambda *_: (status, {"Content-Type": "text/plain"}, "no such thing")
    [error] = collecting(source(server)).errors
    assert isinstance(error, BadResponse)
    assert f"answered {status}" in str(error)
    assert "no such thing" in str(error)
    assert ("`headers`" in str(error)) == (status == 401)
    assert len(server.requests) == 1


def test_redirects_stay_at_the_declared_place(collecting, server):
    def answer(path, _query):
        if path == "/data":
            return (302, {"Location": "/moved"}, "")
        return rows(1)

    server.answer = answer
    assert len(collecting(source(server))["data"].new) == 1
    server.answer = lambda *_: (302, {"Location": "http://elsewhere.example/"}, "")
    assert "leads to another place" in str(collecting(source(server)).errors[0])
    server.answer = lambda *_: (302, {"Location": "/data"}, "")
    assert "leads on and on" in str(collecting(source(server)).errors[0])


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"dta": []}, "Did you mean `dta`?"),
        ({"data": {"a": 1}}, "is no list of records"),
        ([1], "no records at `data`"),
        (5, "no records at `data`"),
    ],
)
def test_records_that_are_not_where_they_should_be(collecting, server, document, said):
    server.answer = lambda *_: document
    assert said in str(collecting(source(server)).errors[0])


def test_a_body_may_be_the_list_or_the_record_itself(collecting, server):
    datasets = {"data": {"path": "/data"}}
    server.answer = lambda *_: [{"id": 1}]
    assert len(collecting(source(server, datasets))["data"].new) == 1
    server.answer = lambda *_: {"id": 1}
    assert len(collecting(source(server, datasets))["data"].new) == 1


@pytest.mark.parametrize(
    "document", [{"data": []}, {"data": None}, {"data": [], "next": None}]
)
def test_no_records_make_no_delivery(collecting, server, document):
    server.answer = lambda *_: document
    report = collecting(source(server, pages={"next": "next"}))["data"]
    assert (report.new, report.errors, report.unchanged) == ((), (), 1)


def test_one_dataset_s_failure_does_not_stop_the_next(collecting, server):
    server.answer = lambda path, _: (404, {}, "") if path == "/a" else rows(1)
    datasets = {
        "first": {"path": "/a", "records": "data"},
        "second": {"path": "/b", "records": "data"},
    }
    report = collecting(source(server, datasets))
    assert [len(d.errors) for d in report.datasets] == [1, 0]
    assert report["first"].errors[0].where == "dataset first"
    assert len(report["second"].new) == 1


CURSOR = {
    "data": {
        "path": "/data",
        "records": "data",
        "cursor": {"param": "since", "field": "id"},
    }
}


def test_the_greatest_value_goes_with_the_next_collection(collecting, server):
    records = [9, 10, 3]

    def answer(_path, query):
        found = [n for n in records if n > int(query.get("since", 0))]
        page = int(query.get("page", 1))
        more = {"next": f"?page={page + 1}&since={query.get('since', 0)}"}
        return {**rows(*found[page - 1 : page]), **(more if page < len(found) else {})}

    server.answer = answer
    [delivery] = collecting(source(server, CURSOR, pages={"next": "next"}))["data"].new
    assert delivery.cursor == "10"
    assert server.requests[0] == "/data"
    assert (
        collecting(source(server, CURSOR, pages={"next": "next"}))["data"].unchanged == 1
    )
    assert server.requests[-1] == "/data?since=10"
    records += [12, 11]
    [delivery] = collecting(source(server, CURSOR, pages={"next": "next"}))["data"].new
    assert (delivery.cursor, len(delivery.objects)) == ("12", 2)
    again = type(collecting)(collecting.project)
    again.minute = 9
    again(source(server, CURSOR))
    assert server.requests[-1] == "/data?since=12"


def test_late_small_values_do_not_take_the_cursor_back(collecting, server):
    server.answer = lambda *_: rows("2024-02-01")
    collecting(source(server, CURSOR))
    server.answer = lambda *_: rows("2024-01-15")
    [delivery] = collecting(source(server, CURSOR))["data"].new
    assert delivery.cursor == "2024-02-01"


def test_a_cursor_that_no_record_has_is_an_error(collecting, server):
    server.answer = lambda *_: {"data": [{"ids": 1}]}
    [error] = collecting(source(server, CURSOR)).errors
    assert "no field `id`" in str(error)
    assert "Did you mean `ids`?" in str(error)
    assert collecting.deliveries("data") == ()


SECRET = "s3cret-t0ken"


def everything(collecting, report):
    texts = [repr(report), *(str(e) + repr(e) for e in report.errors)]
    texts += [p.read_text() for p in collecting.landing.root.rglob("*") if p.is_file()]
    return "\n".join(texts)


def test_secrets_are_sent_and_shown_nowhere(collecting, server):
    port = server.server_address[1]
    datasets = {
        "data": {
            "path": "/data",
            "records": "data",
            "params": {"api_key": SECRET, "a": "1"},
        }
    }
    options = {
        "url": f"http://bob:{SECRET}@127.0.0.1:{port}",
        "headers": {"X-Token": SECRET},
        "pages": {"next": "next"},
        "attempts": 1,
    }

    def told(status):
        def answer(_path, query):
            assert query["api_key"] == SECRET
            echo = json.dumps({**rows(1), "echo": "hidden"})
            return (status, {}, echo if status == 200 else f"bad token {SECRET}")

        return answer

    for status in (404, 500, 200):
        server.answer = told(status)
        report = collecting(source(server, datasets, **options))
        assert SECRET not in everything(collecting, report)
    assert server.sent_headers[-1]["X-Token"] == SECRET
    assert server.sent_headers[-1]["Authorization"].startswith("Basic ")
    [delivery] = report["data"].new
    assert delivery.objects[0].origin == f"http://127.0.0.1:{port}/data?api_key=***&a=1"


@pytest.mark.parametrize("value", [f"{SECRET}\u20ac", f"{SECRET}\nX: 1"])
def test_a_header_that_cannot_be_sent_is_an_error_without_its_value(
    collecting, server, value
):
    server.answer = lambda *_: rows(1)
    report = collecting(source(server, headers={"X-Token": value}, attempts=1))
    [error] = report.errors
    assert SECRET not in everything(collecting, report)
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize("url", ["ftp://x/y", "data.json", "http://", "http://[::1", ""])
def test_a_url_that_is_no_address(collecting, server, url):
    [error] = collecting(source(server, url=url)).errors
    assert isinstance(error, DeclarationError)
    assert "`url` is no http" in str(error)


def test_a_port_without_a_sidecar_is_a_mistake(collecting, server):
    [error] = collecting(source(server, url="http://127.0.0.1:{port}")).errors
    assert "declares no `sidecar`" in str(error)


def test_urls_and_paths_are_joined_with_their_queries(collecting, server):
    server.answer = lambda *_: rows(1)
    datasets = {"data": {"path": "v2/data?a=1", "records": "data", "params": {"b": "2"}}}
    collecting(source(server, datasets, url=f"{server.url}/api/"))
    assert server.requests == ["/api/v2/data?a=1&b=2"]


def test_a_client_for_plain_http_loads_no_certificates(server):
    with fetch.Api(source(server)) as api:
        assert isinstance(api._client, httpx2.Client)
        context = api._client._transport._pool._ssl_context
        assert context.get_ca_certs() == []
        assert context.verify_mode.name == "CERT_REQUIRED"
