"""Sources that do not answer as declared: told, retried, and the rest is collected."""

from __future__ import annotations

import pytest
from tests.commands import ask, call, listed, versions
from tests.projects import edit, write
from tests.servers import serving

GOOD = b'[{"day": "2024-01-01", "degrees": 3.5}, {"day": "2024-01-02", "degrees": 4}]'
JSON, HTML = "application/json", "text/html"
PAGE = b"<!doctype html><html><body>Please log in</body></html>"


@pytest.fixture
def warm(shop, service):
    """The shop, with a weather service besides."""
    write(
        shop,
        {
            "sources/weather.yml": f"""
collector: http
url: {service.url}
attempts: 3
datasets:
  weather: {{path: weather}}
""",
            "formatted/weather.yml": """
from: landing.weather
read: {format: json}
key: [day]
columns:
  day: {type: date}
  degrees: {type: double}
""",
        },
    )
    return shop


def run(folder, *, code: int) -> str:
    return " ".join(call(folder, "run", code=code).output.split())


def status(folder) -> dict[str, str]:
    return {asset: row["status"] for asset, row in listed(folder).items()}


def test_an_api_that_fails_twice_is_asked_a_third_time(warm, service):
    service.answer(500, "text/plain", b"sorry", times=2)
    service.answer(200, JSON, GOOD)

    said = run(warm, code=0)

    assert f"{service.url}/weather answered at attempt 3" in said
    assert service.asked == 3
    assert ask(warm, "select count(*) n, sum(degrees) s from trusted.weather") == [
        {"n": 2, "s": 7.5}
    ]
    assert set(status(warm).values()) == {"fresh"}


@pytest.mark.parametrize(
    ("code", "kind", "body", "told"),
    [
        (500, "text/plain", b"sorry", ["answered 500", "3 attempts", "'sorry'"]),
        (200, HTML, PAGE, ["answered 200 with text/html", "no JSON", "Please log in"]),
        (200, JSON, PAGE, ["no JSON", "Please log in"]),
        (200, JSON, GOOD[:-9], ["no JSON"]),
        (200, JSON, b"", ["no JSON"]),
        (404, "text/plain", b"gone", ["answered 404", "'gone'"]),
    ],
    ids=["500 for ever", "HTML", "HTML called JSON", "cut JSON", "nothing", "404"],
)
def test_an_api_that_gives_something_else_is_told_and_the_rest_is_done(
    warm, service, keeps_everything, code, kind, body, told
):
    service.answer(code, kind, body)

    said = run(warm, code=1)

    assert [words for words in told if words not in said] == []
    assert "landing.weather" in said
    assert f"{service.url}/weather" in said
    assert "1 collection failed" in said
    assert "everything else is done" in said
    found = status(warm)
    weather = {f"{zone}.weather" for zone in ("landing", "formatted", "trusted")}
    assert {asset for asset, one in found.items() if one == "missing"} == weather
    assert {one for asset, one in found.items() if asset not in weather} == {"fresh"}
    keeps_everything(warm)

    service.answers[:] = [(200, JSON, GOOD)]
    run(warm, code=0)

    assert set(status(warm).values()) == {"fresh"}
    assert ask(warm, "select count(*) n from trusted.weather") == [{"n": 2}]


def test_an_api_that_goes_bad_leaves_what_came_before(warm, service):
    service.answer(200, JSON, GOOD)
    run(warm, code=0)
    before = versions(warm)
    service.answers[:] = [(200, HTML, PAGE)]

    said = run(warm, code=1)

    assert "1 collection failed" in said
    assert versions(warm) == before


def test_a_secret_is_nowhere_whatever_an_api_answers(warm, service, monkeypatch):
    secret = "never-to-be-shown/1+1"
    monkeypatch.setenv("WEATHER_TOKEN", secret)
    edit(
        warm / "sources/weather.yml",
        "attempts: 3",
        "attempts: 1\nauth: {bearer: '${var:WEATHER_TOKEN}'}",
    )
    said = []
    for code in (401, 500, 200):
        body = GOOD if code == 200 else f"I was sent Bearer {secret}".encode()
        service.answers[:] = [(code, JSON, body)]
        said.append(run(warm, code=0 if code == 200 else 1))

    assert "I was sent" in said[0] + said[1]
    assert set(status(warm).values()) == {"fresh"}
    kept = [file for file in warm.rglob("*") if file.is_file()]
    assert len(kept) > 20
    assert [f for f in kept if secret.encode() in f.read_bytes()] == []
    assert [words for words in said if secret in words] == []


def test_years_that_come_one_by_one_land_though_the_server_fails_between(warm, tmp_path):
    """429, a download that is cut, a web page, and a year that is not there."""
    rows = b"".join(b"2024-01-%02d,%d\n" % (n % 28 + 1, n) for n in range(20_000))
    files = {
        f"/{y}.csv": b"day,degrees\n%d-06-01,9\n" % y + rows for y in range(2020, 2024)
    }
    failed: set[str] = set()

    def answer(path, _query):
        if path not in files:
            return 404, {"Content-Type": "text/html"}, PAGE
        if path in failed or path == "/2023.csv":
            return 200, {"Content-Type": "text/csv", "ETag": '"1"'}, files[path]
        failed.add(path)
        if path == "/2020.csv":
            return 429, {"Retry-After": "0"}, "slowly"
        if path == "/2021.csv":
            body = files[path]
            return lambda handler: handler.cut({"ETag": '"1"'}, body[:99_000], len(body))
        return 200, {"Content-Type": "text/html"}, PAGE

    with serving() as server:
        server.answer = answer
        write(
            warm,
            {
                "sources/weather.yml": f"""
collector: http
url: {server.url}
datasets:
  weather: {{path: "/{{year}}.csv", for: {{year: 2020..2024}}}}
""",
            },
        )
        edit(warm / "formatted/weather.yml", "format: json", "format: csv")
        edit(warm / "formatted/weather.yml", "key: [day]\n", "")
        said = run(warm, code=1)
        assert "year 2022" in said
        assert "year 2024" in said
        assert "1 collection failed" not in said or "everything else is done" in said
        assert listed(warm)["formatted.weather"]["rows"] == 3 * 20_001
        run(warm, code=1)

    assert listed(warm)["formatted.weather"]["rows"] == 4 * 20_001
    asked = "select count(distinct day) n from formatted.weather where degrees = 9"
    assert ask(warm, asked + " and day <> '2024-01-10'") == [{"n": 4}]


def test_a_database_that_is_not_there_is_told_and_the_rest_is_done(
    shop, keeps_everything
):
    database, away = shop / "register.db", shop / "away.db"
    database.rename(away)

    said = run(shop, code=1)

    assert f"there is no database at {database}" in said
    assert "relative to the project's folder" in said
    assert "landing.shops" in said
    assert "trusted.sales waits: trusted.shops is not there yet" in said
    assert "everything else is done" in said
    assert not database.exists(), "looking for a database does not make one"
    assert listed(shop)["formatted.sales"]["rows"] == 6
    keeps_everything(shop)

    away.rename(database)
    run(shop, code=0)

    assert set(status(shop).values()) == {"fresh"}
    assert listed(shop)["exploitation.by_shop"]["rows"] == 3
    keeps_everything(shop)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{table: shops}", "{table: shosp}", "Did you mean `shops`?"),
        ("{table: shops}", '{query: "select * form shops"}', 'near "form"'),
    ],
)
def test_a_table_that_a_database_does_not_have_is_told(shop, old, new, told):
    edit(shop / "sources/register.yml", old, new)

    said = run(shop, code=1)

    assert "landing.shops" in said
    assert told in said
    assert listed(shop)["formatted.sales"]["rows"] == 6

    edit(shop / "sources/register.yml", new, old)
    run(shop, code=0)
    assert set(status(shop).values()) == {"fresh"}


def test_a_file_in_place_of_a_database_is_told(shop):
    (shop / "register.db").write_text("shop,city\nnorth,Nis\n")

    said = run(shop, code=1)

    assert "landing.shops" in said
    assert "not a database" in said
    assert listed(shop)["formatted.sales"]["rows"] == 6


def test_a_folder_that_is_not_there_is_told(shop):
    (shop / "inbox").rename(shop / "outbox")

    said = run(shop, code=1)

    assert f"there is no folder `{shop / 'inbox'}`" in said
    assert "`path: inbox/*`" in said
    assert listed(shop)["trusted.shops"]["rows"] == 2

    (shop / "outbox").rename(shop / "inbox")
    run(shop, code=0)
    assert listed(shop)["exploitation.by_shop"]["rows"] == 3


def test_a_sidecar_that_does_not_start_is_told(warm):
    edit(
        warm / "sources/weather.yml",
        "attempts: 3",
        "sidecar: {command: ['{python}', -c, 'raise SystemExit(\"no port\")'], "
        "timeout_s: 5}",
    )

    said = run(warm, code=1)

    assert "landing.weather" in said
    assert "ended with exit code 1 before it was ready" in said
    assert "no port" in said
    assert listed(warm)["exploitation.by_shop"]["rows"] == 3


DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@pytest.mark.parametrize(
    ("code", "body", "told"),
    [
        (403, DENIED, "s3://raw refuses: Server returned non-2xx status code: 403"),
        (404, b"", "s3://raw is not there"),
        (500, b"sorry", "s3://raw cannot be read"),
        (200, PAGE, "no file matches `path: s3://raw/*.csv`"),
    ],
    ids=["refused", "missing", "500 for ever", "HTML"],
)
def test_a_bucket_that_gives_something_else_is_told_and_the_rest_is_done(
    shop, service, keeps_everything, code, body, told
):
    service.answer(code, "application/xml", body)
    write(
        shop,
        {
            "sources/away.yml": f"""
collector: files
path: s3://raw/*.csv
storage:
  endpoint: {service.url}
  allow_http: true
  skip_signature: true
  attempts: 2
  timeout_s: 5
datasets: {{away: "*.csv"}}
"""
        },
    )

    said = run(shop, code=0 if code == 200 else 1)

    assert told in said
    assert "Debug source" not in said
    assert status(shop)["trusted.sales"] == "fresh"
    keeps_everything(shop)
