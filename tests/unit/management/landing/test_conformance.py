"""Our own collectors pass the public test, and what breaks its rules does not."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from backbone.management.landing.conformance import check_collector


def test_files(tmp_path):
    file = tmp_path / "inbox" / "a.csv"
    file.parent.mkdir()
    file.write_text("a\n1\n")
    check_collector(
        {"collector": "files", "path": "inbox/*", "datasets": {"data": "*.csv"}},
        tmp_path,
        more=lambda: file.with_name("b.csv").write_text("a\n2\n"),
        fail=lambda: (
            file.with_name("b.csv").unlink(),
            file.unlink(),
            file.parent.rmdir(),
        ),
    )


class Api(BaseHTTPRequestHandler):
    records = ()

    def do_GET(self):
        body = json.dumps(self.records).encode()
        self.send_response(200 if self.records else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    with HTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_http(tmp_path, monkeypatch):
    monkeypatch.setattr(Api, "records", [{"a": 1}])
    with serving() as url:
        check_collector(
            {
                "collector": "http",
                "url": url,
                "headers": {"Authorization": "Bearer hush-hush"},
                "datasets": {"data": {"path": "/data"}},
            },
            tmp_path,
            more=lambda: setattr(Api, "records", [{"a": 1}, {"a": 2}]),
            fail=lambda: setattr(Api, "records", []),
            secrets=["hush-hush"],
        )


def sql(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("cursor", [None, {"column": "id", "overlap": "1"}])
def test_sql(tmp_path, cursor):
    path = tmp_path / "a.db"
    sql(path, "create table t (id integer, b text)", "insert into t values (1, 'x')")
    dataset = {"table": "t"} | ({"cursor": cursor} if cursor else {})
    check_collector(
        {"collector": "sql", "url": "sqlite:///a.db", "datasets": {"data": dataset}},
        tmp_path,
        more=lambda: sql(path, "insert into t values (2, 'y')"),
        fail=path.unlink,
    )


@pytest.mark.postgres
def test_sql_of_postgresql(tmp_path, postgres_database):
    run = postgres_database.run
    run("create table t (id int primary key, b text)", "insert into t values (1, 'x')")
    check_collector(
        {
            "collector": "sql",
            "url": postgres_database.url(),
            "datasets": {"data": {"table": "t"}, "q": {"query": "select b from t"}},
        },
        tmp_path,
        more=lambda: run("insert into t values (2, 'y')"),
        fail=lambda: run("drop table t"),
        secrets=["hush-hush"],
    )


def feed(tmp_path, text):
    folder = tmp_path / "python"
    folder.mkdir()
    (folder / "feeds.py").write_text(text)
    (tmp_path / "count").write_text("2")
    return {"count": str(tmp_path / "count"), "fails": str(tmp_path / "fails")}


PAGES = """
from pathlib import Path

def pages(settings, cursor):
    count, n = int(Path(settings["count"]).read_text()), int(cursor or 0)
    while n < count:
        yield f"{n}.txt", str(n).encode()
        n += 1
    if Path(settings["fails"]).exists():
        yield "half.txt", b"half"
        raise OSError("gone")
    return str(n)
"""


def test_python(tmp_path):
    settings = feed(tmp_path, PAGES)
    check_collector(
        {
            "collector": "python",
            "function": "feeds:pages",
            "settings": {**settings, "key": "hush-hush"},
            "datasets": {"data": {}},
        },
        tmp_path,
        more=lambda: (tmp_path / "count").write_text("3"),
        fail=(tmp_path / "fails").touch,
        secrets=["hush-hush"],
    )


RECORDS = """
from pathlib import Path
import dlt

@dlt.resource
def data(count, fails, n=dlt.sources.incremental("n")):
    yield from ({"n": n} for n in range(int(Path(count).read_text())))
    if Path(fails).exists():
        raise OSError("gone")
"""


def test_dlt(tmp_path):
    pytest.importorskip("dlt")
    check_collector(
        {
            "collector": "dlt",
            "function": "feeds:data",
            "settings": feed(tmp_path, RECORDS),
            "datasets": {"data": {}},
        },
        tmp_path,
        more=lambda: (tmp_path / "count").write_text("3"),
        fail=(tmp_path / "fails").touch,
    )


# -- what a collector may not do ------------------------------------------------------------

BAD = """
from typing import Literal
from backbone.management.landing import CollectContext, CollectReport, Tally
from backbone.project.declarations import TableName
from backbone.project.sources import SourceSettings

class Settings(SourceSettings):
    collector: Literal["bad"]
    file: str
    key: str
    datasets: dict[TableName, str]

def collect(source, context):
    [name] = source.datasets
    tally = Tally(name, context)
    with tally.receiving() as incoming:
        content = (context.project / source.file).read_bytes()
        incoming.add("a.txt", [content], media_type="text/plain", origin="here")
        tally.landed(incoming.commit())
    return CollectReport(context.source, (tally.report(),))
"""


def bad(install, tmp_path, *changed):
    text = BAD
    for old, new in changed:
        assert old in text
        text = text.replace(old, new)
    install("bad_plugin", text, collectors={"bad": "bad_plugin"})
    file = tmp_path / "a.txt"
    file.write_text("1")
    check_collector(
        {"collector": "bad", "file": "a.txt", "key": "hush", "datasets": {"data": ""}},
        tmp_path,
        more=lambda: file.write_text("2"),
        fail=file.unlink,
        secrets=["hush"],
    )


def test_what_keeps_to_the_rules_passes(install, tmp_path):
    bad(install, tmp_path)


EARLY = """\
        incoming.add("b", [b""], media_type="", origin="")
        if not (context.project / source.file).exists():
            incoming.commit()
        content ="""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"a.txt", [', 'f"{context.received:%H%Y}.txt", [', "gave other deliveries"),
        ("[content]", "[content, __import__('os').urandom(9)]", "gave other deliver"),
        ('origin="here"', "origin=source.key", "a secret is in "),
        ("    return", "    tally.warnings.append(source.key)\n    return", "is told: "),
        ("    return", "    0 if not tally.errors else [][0]\n    return", "IndexError"),
        ("    return", "    tally.errors.clear()\n    return", "no error is reported"),
        ("tally.landed(", "(", "the first collection brought nothing of data"),
        ("(tally.report(),)", "()", "the report is of []"),
        ("incoming.commit()", 'incoming.commit(state=f"{context.received}")',
         "got another receipt"),
        ("[content]", "[content if not tally.seen else b'1']", "it did not come"),
        ("        content =", EARLY, "something of it landed"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_told_which(install, tmp_path, old, new, said):
    with pytest.raises(AssertionError) as caught:
        bad(install, tmp_path, (old, new))
    assert said in str(caught.value)
