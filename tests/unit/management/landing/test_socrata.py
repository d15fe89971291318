"""A Socrata portal, as its documentation says: pages in a fixed order, system fields."""

from __future__ import annotations

import json
import re

import pytest

from backbone.project.sources import SocrataSource

pytestmark = pytest.mark.usefixtures("quick_retries")

SECRET = "app-t0ken"


class Portal:
    """Rows with system fields; the most that one request gets is `cap`."""

    def __init__(self, server, cap=50_000):
        self.rows = []
        self.cap = cap
        self.queries = []
        self.views = 0
        self.server = server
        server.answer = self.answer

    def put(self, number, value, minute):
        at = f"2024-01-01T00:{minute:02}:00.000Z"
        self.rows = [row for row in self.rows if row["n"] != str(number)]
        self.rows.append(
            {":id": f"row-{number:04}", ":updated_at": at, "n": str(number), "v": value}
        )

    def answer(self, path, query):
        assert self.server.sent_headers[-1].get("X-App-Token") == SECRET
        if path == "/api/views/abcd-1234.json":
            self.views += 1
            newest = max((row[":updated_at"] for row in self.rows), default="")
            return {"id": "abcd-1234", "rowsUpdatedAt": hash(newest)}
        if path != "/resource/abcd-1234.json":
            return 404, {"Content-Type": "application/json"}, json.dumps({"error": True})
        self.queries.append(query)
        found = list(self.rows)
        since = re.search(r":updated_at > '([^']*)'", query.get("$where", ""))
        if since:
            found = [row for row in found if row[":updated_at"] > since[1]]
        keys = query["$order"].split(", ")
        found.sort(key=lambda row: [row[key] for key in keys])
        at = int(query["$offset"])
        page = found[at : at + min(int(query["$limit"]), self.cap)]
        if ":id" in query.get("$select", ""):
            return page
        return [{k: v for k, v in row.items() if k[0] != ":"} for row in page]


def source(server, dataset=None, **options):
    datasets = {"rows": {"id": "abcd-1234", **(dataset or {})}}
    made = {"collector": "socrata", "url": server.url, "app_token": SECRET, **options}
    return SocrataSource.model_validate({**made, "datasets": datasets})


def numbers(collecting, delivery):
    bodies = collecting.content(delivery).values()
    return [row["n"] for body in bodies for row in json.loads(body)]


@pytest.fixture
def portal(server):
    made = Portal(server, cap=4)
    for number in (5, 3, 1, 4, 2, 7, 6):
        made.put(number, "a", minute=number % 3)
    return made


def test_all_rows_come_page_by_page_in_the_order_of_their_ids(collecting, server, portal):
    [delivery] = collecting(source(server, page_size=5))["rows"].new
    assert numbers(collecting, delivery) == list("1234567")
    assert portal.queries == [
        {"$limit": "5", "$offset": at, "$order": ":id"} for at in ("0", "4", "7")
    ]
    texts = [p.read_text() for p in collecting.landing.root.rglob("*") if p.is_file()]
    assert not any(SECRET in text for text in texts)


def test_rows_are_requested_when_the_portal_says_that_they_changed(
    collecting, server, portal
):
    collecting(source(server))
    asked = len(portal.queries)
    assert collecting(source(server))["rows"].unchanged == 1
    assert (len(portal.queries), portal.views) == (asked, 3)
    portal.put(3, "b", minute=9)
    assert len(collecting(source(server))["rows"].new) == 1
    where = source(server, {"where": "n > 2", "order": "v"})
    assert len(collecting(where)["rows"].errors) == 0
    assert portal.queries[-1]["$where"] == "n > 2"
    assert portal.queries[-1]["$order"] == "v, :id"


def test_only_what_was_updated_comes_where_that_is_declared(collecting, server, portal):
    made = source(
        server, {"incremental": True, "where": "v is not null", "select": "n, v"}
    )
    [delivery] = collecting(made)["rows"].new
    assert sorted(numbers(collecting, delivery)) == list("1234567")
    assert delivery.cursor == "2024-01-01T00:02:00.000Z"
    assert portal.queries[0]["$select"] == ":id, :updated_at, n, v"
    report = collecting(made)["rows"]
    assert (report.new, report.unchanged) == ((), 1)
    portal.put(3, "b", minute=9)
    portal.put(8, "a", minute=8)
    [delivery] = collecting(made)["rows"].new
    assert numbers(collecting, delivery) == ["8", "3"]
    assert portal.queries[-1]["$where"] == (
        "(v is not null) and :updated_at > '2024-01-01T00:02:00.000Z'"
    )
    assert portal.views == 0


def test_an_overlap_asks_again_for_what_came_shortly_before(collecting, server, portal):
    made = source(server, {"incremental": True, "overlap": "90s"})
    collecting(made)
    [delivery] = collecting(made)["rows"].new
    assert sorted(numbers(collecting, delivery)) == ["1", "2", "4", "5", "7"]
    assert collecting(made)["rows"].unchanged == 1


def test_an_update_while_the_pages_are_read_is_told(collecting, server, portal):
    answer = portal.answer

    def moving(path, query):
        found = answer(path, query)
        if query.get("$offset") == "0":
            portal.put(8, "a", minute=30)
        return found

    server.answer = moving
    report = collecting(source(server))["rows"]
    assert len(report.new) == 1
    assert "changed while its pages were read" in report.warnings[0]
    server.answer = answer
    assert collecting(source(server))["rows"].unchanged == 0


def test_a_data_set_that_is_not_there_is_told(collecting, server, portal):
    [error] = collecting(source(server, {"id": "zzzz-9999"})).errors
    assert "Is `id: zzzz-9999` right?" in str(error)
