"""How pages follow one another, and what goes wrong between them."""

from __future__ import annotations

import json

import pytest

from backbone.management.landing.web.pages import Repeats
from backbone.project.sources import HttpSource

pytestmark = pytest.mark.usefixtures("quick_retries")

JSON = {"Content-Type": "application/json"}


def source(server, pages, dataset=None, **options):
    return HttpSource.model_validate(
        {
            "collector": "http",
            "url": server.url,
            "pages": pages,
            "datasets": {"data": {"path": "/data", "records": "data", **(dataset or {})}},
            **options,
        }
    )


def records(*values):
    return [{"id": value} for value in values]


def ids(collecting, delivery):
    bodies = collecting.content(delivery).values()
    return [one["id"] for body in bodies for one in json.loads(body)["data"]]


def test_pages_by_offset_go_on_by_what_came(collecting, server):
    def answer(_path, query):
        at, most = int(query["skip"]), min(int(query["top"]), 3)
        return {"data": records(*range(at, min(at + most, 8)))}

    server.answer = answer
    pages = {"offset": "skip", "limit": "top", "size": 5}
    [delivery] = collecting(source(server, pages))["data"].new
    assert ids(collecting, delivery) == list(range(8))
    assert [path.partition("skip=")[2] for path in server.requests] == [
        "0",
        "3",
        "6",
        "8",
    ]
    assert all("top=5" in path for path in server.requests)


@pytest.mark.parametrize(
    ("until", "asked"), [("empty", [1, 2, 3]), ("short", [1, 2])], ids=str
)
def test_a_short_page_is_the_last_where_that_is_declared(
    collecting, server, until, asked
):
    server.answer = lambda _path, query: {
        "data": records(*range(5))[4 * (int(query["p"]) - 1) :][:4]
    }
    pages = {"number": "p", "limit": "n", "size": 4, "until": until}
    [delivery] = collecting(source(server, pages))["data"].new
    assert ids(collecting, delivery) == list(range(5))
    assert server.requests == [f"/data?n=4&p={number}" for number in asked]


@pytest.mark.parametrize("end", [None, "", "absent"])
def test_a_cursor_in_the_body_goes_with_the_next_request(collecting, server, end):
    def answer(_path, query):
        at = {"": 0, "a+/=": 1, "7": 2}[query.get("after", "")]
        meta = [{"next": "a+/="}, {"next": 7}, {} if end == "absent" else {"next": end}]
        return {"data": records(at), "meta": meta[at]}

    server.answer = answer
    pages = {"cursor": "meta.next", "param": "after"}
    [delivery] = collecting(source(server, pages, {"params": {"kind": "x"}}))["data"].new
    assert ids(collecting, delivery) == [0, 1, 2]
    assert server.requests[1:] == [
        "/data?kind=x&after=a%2B%2F%3D",
        "/data?kind=x&after=7",
    ]


def test_the_last_record_may_say_where_to_go_on_and_the_body_whether(collecting, server):
    def answer(_path, query):
        at = int(query.get("starting_after", -1)) + 1
        return {"data": records(at, at + 1), "has_more": at < 4}

    server.answer = answer
    pages = {"cursor": "data.-1.id", "param": "starting_after", "more": "has_more"}
    [delivery] = collecting(source(server, pages))["data"].new
    assert ids(collecting, delivery) == list(range(6))
    assert len(server.requests) == 3


def test_the_next_address_is_in_the_header_link(collecting, server):
    def answer(_path, query):
        page = int(query.get("page", 1))
        link = f'</data?page={page - 1}>; rel="prev"'
        if page < 3:
            link += (
                f', <{server.url}/data?page={page + 1}&x=1,2>; rel="next"; title="a, b"'
            )
        return 200, {**JSON, "Link": link}, json.dumps({"data": records(page)})

    server.answer = answer
    [delivery] = collecting(source(server, {"link": True}))["data"].new
    assert ids(collecting, delivery) == [1, 2, 3]
    assert server.requests == ["/data", "/data?page=2&x=1,2", "/data?page=3&x=1,2"]


def test_a_header_link_that_cannot_be_read_is_no_end(collecting, server):
    link = {"Link": "/data?page=2; rel=next"}
    server.answer = lambda *_: (200, {**JSON, **link}, json.dumps({"data": records(1)}))
    [error] = collecting(source(server, {"link": True})).errors
    assert "the header Link of" in str(error)
    assert collecting.deliveries("data") == ()


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ({"number": "p"}, "p=3 is page 1 once more"),
        ({"offset": "at"}, "at=2 is page 1 once more"),
        ({"cursor": "token", "param": "t"}, "t=t1 is page 1 once more"),
    ],
    ids=["number", "offset", "cursor"],
)
def test_pages_that_come_again_are_an_error(collecting, server, pages, said):
    def answer(_path, query):
        turn = (len(server.requests) - 1) % 2
        return {"data": records(turn), "token": f"t{turn}"}

    server.answer = answer
    [error] = collecting(source(server, pages)).errors
    assert said in str(error)
    assert collecting.deliveries("data") == ()
    assert len(server.requests) == 3


def test_records_that_moved_to_the_next_page_are_counted(collecting, server):
    found = {1: records(1, 2, 3), 2: records(3, 4, 5), 3: records(5, 6)}
    server.answer = lambda _path, query: {"data": found.get(int(query["p"]), [])}
    report = collecting(source(server, {"number": "p"}))["data"]
    assert [len(delivery.objects) for delivery in report.new] == [3]
    [warning] = report.warnings
    assert warning.startswith(
        f"2 records of {server.url}/data came on more than one page"
    )


def test_equal_records_of_one_page_are_no_repeats():
    repeats = Repeats()
    repeats.see(records(1, 1, 1))
    repeats.see([{"b": 1, "a": 2}])
    repeats.see([{"a": 2, "b": 1}, {"a": 1, "b": 2}])
    assert repeats.count == 1


def test_a_page_that_is_too_large_is_refused_whatever_it_is_packed_into(
    collecting, server
):
    import gzip  # noqa: PLC0415

    bomb = gzip.compress(b'{"data": [' + b" " * 30_000_000 + b"]}")
    assert len(bomb) < 100_000
    headers = {**JSON, "Content-Encoding": "gzip"}
    server.answer = lambda *_: (200, headers, bomb)
    pages = {"number": "p", "max_page_mb": 2}
    [error] = collecting(source(server, pages)).errors
    assert "answered with more than 2,000,000 bytes" in str(error)
    server.answer = lambda *_: (200, headers, gzip.compress(b'{"data": [{"id": 1}]}'))
    report = collecting(source(server, {"next": "next"}))["data"]
    assert list(collecting.content(report.new[0]).values()) == [b'{"data": [{"id": 1}]}']


@pytest.mark.parametrize("body", [b"no gzip at all", b"\x1f\x8b\x08\x00cut"])
def test_a_body_that_is_not_packed_as_it_says_is_refused(collecting, server, body):
    headers = {**JSON, "Content-Encoding": "gzip"}
    server.answer = lambda *_: (200, headers, body)
    [error] = collecting(source(server, {"number": "p"})).errors
    assert "cannot be read" in str(error)


OVERLAPS = [
    ("2d", [{"at": "2024-03-01T10:00:00Z"}], "2024-02-28T10:00:00Z", {}),
    ("90m", [{"at": "2024-03-01T00:30:00.25+01:00"}], "2024-02-29T23:00:00.25+01:00", {}),
    ("1w", [{"at": "2024-03-01"}], "2024-02-23", {}),
    ("10", [{"at": 105}, {"at": 99}], "95", {}),
    ("1h", [{"at": 1709287200}], "1709283600", {"format": "epoch_s"}),
    ("1d", [{"at": "01.03.2024"}, {"at": "29.02.2024"}], "29.02.2024", {"format": "%d.%m.%Y"}),
    (None, [{"at": "01.03.2024"}], "2024-03-01", {"format": "%d.%m.%Y", "send": "%Y-%m-%d"}),
    (None, [{"at": 1709287200123}], "2024-03-01T10:00",
     {"format": "epoch_ms", "send": "%Y-%m-%dT%H:%M"}),
    ("2d", [{"at": "2024-03-01T10:00:00Z"}], "1709114400",
     {"send": "epoch_s"}),
]  # fmt: skip


@pytest.mark.parametrize(("overlap", "found", "asked", "more"), OVERLAPS)
def test_a_cursor_asks_for_a_little_more_than_is_new(
    collecting, server, overlap, found, asked, more
):
    seen = []

    def answer(_path, query):
        seen.append(query.get("since"))
        return {"data": found}

    server.answer = answer
    cursor = {
        "param": "since",
        "field": "at",
        "start": "early",
        "overlap": overlap,
        **more,
    }
    made = source(server, {}, {"cursor": cursor})
    collecting(made)
    report = collecting(made)["data"]
    assert seen == ["early", asked]
    assert (report.errors, report.unchanged) == ((), 1)


def test_an_overlap_that_does_not_go_with_the_values_is_told(collecting, server):
    server.answer = lambda *_: {"data": [{"at": "abc"}]}
    cursor = {"param": "since", "field": "at", "overlap": "2d"}
    made = source(server, {}, {"cursor": cursor})
    collecting(made)
    [error] = collecting(made).errors
    assert "`overlap: 2d` cannot be taken from 'abc'" in str(error)


def test_a_cursor_may_be_inside_a_record(collecting, server):
    server.answer = lambda *_: {"data": [{"meta": {"at": 3}}, {"meta": {"at": 4}}]}
    cursor = {"param": "since", "field": "meta.at"}
    [delivery] = collecting(source(server, {}, {"cursor": cursor}))["data"].new
    assert delivery.cursor == "4"
