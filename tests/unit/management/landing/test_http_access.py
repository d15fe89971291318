"""Who asks, how often, and where it may lead."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from backbone.errors import BadResponse, SourceUnavailable
from backbone.management.landing.web import urls, waiting
from backbone.project.sources import HttpSource

pytestmark = pytest.mark.usefixtures("quick_retries")

SECRET = "s3cret t0ken/+"


def source(server, **options):
    datasets = {"data": {"path": "/data", "records": "data"}}
    made = {"collector": "http", "url": server.url, "datasets": datasets, **options}
    return HttpSource.model_validate(made)


def everything(collecting, report):
    texts = [repr(report), *(str(e) + repr(e) for e in report.errors)]
    texts += [p.read_text() for p in collecting.landing.root.rglob("*") if p.is_file()]
    return "\n".join(texts)


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (
            {"basic": {"user": "ann", "password": SECRET}},
            "Authorization",
            "Basic " + b64encode(f"ann:{SECRET}".encode()).decode(),
        ),
        ({"bearer": SECRET}, "Authorization", f"Bearer {SECRET}"),
        ({"api_key": {"header": "X-Key", "value": SECRET}}, "X-Key", SECRET),
    ],
    ids=["basic", "bearer", "api_key"],
)
def test_what_is_declared_is_sent_and_shown_nowhere(
    collecting, server, auth, header, value
):
    for status in (403, 500, 200):
        body = {"data": [{"id": 1}]} if status == 200 else {"you sent": value}
        answer = (status, {"Content-Type": "application/json"}, json.dumps(body))
        server.answer = lambda *_, answer=answer: answer
        report = collecting(source(server, auth=auth, attempts=1))
        assert server.sent_headers[-1][header] == value
        assert SECRET not in everything(collecting, report)
        assert value not in everything(collecting, report)
    assert len(report["data"].new) == 1


def test_a_key_in_the_address_is_sent_with_each_page_and_kept_nowhere(collecting, server):
    def answer(_path, query):
        assert query.pop("appid") == SECRET
        page = int(query.get("page", 1))
        if page == 3:
            return 404, {}, f"no such page for {SECRET}"
        return {"data": [{"id": page}], "next": f"/data?page={page + 1}"}

    server.answer = answer
    auth = {"api_key": {"param": "appid", "value": SECRET}}
    report = collecting(source(server, auth=auth, pages={"next": "next"}))
    [error] = report.errors
    assert f"{server.url}/data?page=3 answered 404" in str(error)
    assert SECRET not in everything(collecting, report)


class Tokens:
    """An API that wants a token, and gives one for a secret."""

    def __init__(self, server, lasts_s=3600):
        self.server = server
        self.lasts_s = lasts_s
        self.given = 0
        self.valid = set()
        self.busy = 0
        server.answer = self.answer

    def answer(self, path, query):
        sent = self.server.sent_headers[-1].get("Authorization", "")
        if path != "/token":
            if sent.removeprefix("Bearer ") not in self.valid:
                return 401, {}, f"not with {sent}"
            page = int(query.get("p", 1))
            return {"data": [{"id": page}] if page < 4 else []}
        if self.busy:
            self.busy -= 1
            return 503, {}, "busy"
        form = self.server.forms[-1]
        basic = "Basic " + b64encode(b"me%20too:s3cret%20t0ken%2F%2B").decode()
        if sent != basic and form.get("client_secret") != [SECRET]:
            return 401, {}, json.dumps({"error": "invalid_client", "was": SECRET})
        self.given += 1
        self.valid = {f"token-{self.given}"}
        token = {"access_token": f"token-{self.given}", "expires_in": self.lasts_s}
        return 200, {"Content-Type": "application/json"}, json.dumps(token)


def oauth2(server, **more):
    return {
        "oauth2": {
            "token_url": f"{server.url}/token",
            "client_id": "me too",
            "client_secret": SECRET,
            "scope": "read all",
            "params": {"audience": "x"},
            **more,
        }
    }


@pytest.mark.parametrize("send", ["header", "body"])
def test_a_token_is_asked_for_once(collecting, server, send):
    tokens = Tokens(server)
    tokens.busy = 1
    made = source(server, auth=oauth2(server, send=send), pages={"number": "p"})
    report = collecting(made)
    assert [len(d.objects) for d in report["data"].new] == [3]
    assert (tokens.given, len(server.forms)) == (1, 2)
    wanted = {
        "grant_type": ["client_credentials"],
        "scope": ["read all"],
        "audience": ["x"],
    }
    assert wanted.items() <= server.forms[0].items()
    assert "token-1" not in everything(collecting, report)
    assert SECRET not in everything(collecting, report)


def test_a_token_that_is_refused_is_renewed_once(collecting, server):
    tokens = Tokens(server)
    first, answer = [], tokens.answer

    def revoking(path, query):
        if query.get("p") == "2" and not first:
            first.append(path)
            tokens.valid = set()
        return answer(path, query)

    server.answer = revoking
    made = source(server, auth=oauth2(server), pages={"number": "p"})
    assert [len(d.objects) for d in collecting(made)["data"].new] == [3]
    assert tokens.given == 2

    server.answer = lambda path, query: (
        answer(path, query) if path == "/token" else (401, {}, "no, token-3")
    )
    [error] = (report := collecting(made)).errors
    assert "answered 401" in str(error)
    assert "`auth`" in str(error)
    assert tokens.given == 3, "one that is new is not renewed"
    assert "token-3" not in everything(collecting, report)


def test_a_token_that_has_ended_is_not_sent(collecting, server):
    tokens = Tokens(server, lasts_s=20)
    made = source(server, auth=oauth2(server), pages={"number": "p"})
    assert len(collecting(made)["data"].new) == 1
    assert tokens.given == 4


def test_a_token_that_is_not_given_says_why(collecting, server):
    Tokens(server)
    auth = oauth2(server, client_secret="wrong one")
    [error] = (report := collecting(source(server, auth=auth))).errors
    assert "`token_url` answered 401 Unauthorized: `invalid_client`" in str(error)
    assert isinstance(error, BadResponse)
    assert SECRET not in everything(collecting, report)


def test_requests_keep_to_the_declared_rate(collecting, server, monkeypatch):
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(round(seconds, 6))
        now[0] += seconds

    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(waiting.time, "sleep", sleep)
    server.answer = lambda _path, query: {
        "data": [{"id": query["p"]}] if query["p"] < "4" else []
    }
    collecting(source(server, rate="30/min", pages={"number": "p"}))
    assert slept == [2.0, 2.0, 2.0]


def test_it_waits_before_it_is_told_to(collecting, server, monkeypatch):
    slept = []
    monkeypatch.setattr(waiting.time, "sleep", slept.append)

    def answer(_path, query):
        left = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "12"}
        body = json.dumps({"data": [{"id": 1}] if query["p"] == "1" else []})
        return 200, {"Content-Type": "application/json", **left}, body

    server.answer = answer
    report = collecting(source(server, pages={"number": "p"}))
    assert len(report["data"].new) == 1
    assert [round(each) for each in slept] == [12]


def test_429_for_ever_ends(collecting, server, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.answer = lambda *_: (429, {"Retry-After": "1"}, "slow down")
    [error] = collecting(source(server, attempts=4)).errors
    assert isinstance(error, SourceUnavailable)
    assert "answered 429 Too Many Requests to 4 attempts" in str(error)
    assert len(server.requests) == 4


def test_another_host_is_opened_if_it_is_declared_and_gets_no_secret(collecting, server):
    """The same server by two names: what is of the other name is another host."""
    port = server.server_address[1]

    def answer(path, _query):
        if path == "/data":
            return 302, {"Location": f"http://localhost:{port}/elsewhere"}, ""
        return {"data": [{"id": 1}]}

    server.answer = answer
    options = {"auth": {"bearer": SECRET}, "headers": {"X-Key": SECRET}}
    [error] = collecting(source(server, **options)).errors
    assert "leads to another place" in str(error)
    assert "Declare `hosts: [localhost]`" in str(error)
    report = collecting(source(server, hosts=["localhost"], **options))
    assert len(report["data"].new) == 1
    assert server.requests[-1] == "/elsewhere"
    assert not {"authorization", "x-key"} & {k.lower() for k in server.sent_headers[-1]}


@pytest.mark.parametrize(
    ("base", "hosts", "link", "leads"),
    [
        ("http://a.org/x", [], "https://a.org/y", "https://a.org/y"),
        ("https://a.org/x", [], "http://a.org/y", "https://a.org/y"),
        ("https://a.org/x", [], "//a.org/y", "https://a.org/y"),
        ("https://a.org/x", [], "http://a.org:8080/y", None),
        ("https://a.org/x", [], "https://b.org/y", None),
        (
            "https://a.org/x",
            ["*.b.org"],
            "https://files.b.org/y",
            "https://files.b.org/y",
        ),
        ("https://a.org/x", ["*.b.org"], "http://files.b.org/y", None),
        ("https://a.org/x", ["b.org"], "https://u:p@b.org/y", None),
        ("https://a.org/x", ["b.org"], "file:///etc/passwd", None),
    ],
)
def test_where_an_address_may_lead(base, hosts, link, leads):
    made = HttpSource.model_validate(
        {"collector": "http", "url": base, "hosts": hosts, "datasets": {"data": {}}}
    )
    places = urls.Addresses(made, None)
    if leads is None:
        with pytest.raises(BadResponse, match="leads to another place"):
            places.following(places.base, link)
    else:
        assert str(places.following(places.base, link)) == leads
