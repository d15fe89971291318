"""What the tests of faults share: a small project, and proof that nothing was lost."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.commands import account, ask
from tests.projects import shop_project

from backbone.app.environment import open_environment

PACKED = {".zip", ".gz"}


@pytest.fixture
def shop(tmp_path) -> Path:
    """A small project that has not been run."""
    return shop_project(tmp_path / "shop")


@pytest.fixture
def keeps_everything():
    """Return a function that proves that nothing of a project was lost."""
    return prove_everything_is_kept


def prove_everything_is_kept(folder: Path) -> None:
    """Compare landing with the inbox, and every account with the rows that are there."""
    with open_environment(folder) as env:
        landed = {
            obj.sha256
            for source, dataset in env.lake.landing.datasets()
            for delivery in env.lake.landing.deliveries(source, dataset)
            for obj in delivery.objects
            if env.lake.landing.verify(delivery) is None
        }
        made = env.catalog.heads()
    for file in (folder / "inbox").iterdir():
        if file.suffix not in PACKED:
            assert hashlib.sha256(file.read_bytes()).hexdigest() in landed, file.name
    for asset in made:
        zone, _, table = asset.partition(".")
        if "__" in asset or zone not in {"formatted", "trusted"}:
            continue
        told = account(folder, asset)
        (found,) = ask(folder, COUNTS[zone].format(table=table))
        assert found == {name: told[name] for name in found}, asset


COUNTS = {
    "formatted": """
select (select count(*) from formatted.{table}) as formatted,
  (select coalesce(sum(records), 0) from formatted.{table}__rejected) as rejected,
  (select count(*) from formatted.{table}__rejected_cells) as rejected_cells
""",
    "trusted": """
select (select count(*) from trusted.{table}) as trusted,
  (select count(*) from trusted.{table}__quarantine) as quarantined,
  (select count(*) from trusted.{table}__merged) as merged,
  (select count(*) from trusted.{table}__repairs) as repaired
""",
}


@dataclass
class Service:
    """An API on this machine; it gives `answers` in turn, the last one for ever."""

    url: str = ""
    answers: list[tuple[int, str, bytes]] = field(default_factory=list)
    asked: int = 0

    def answer(self, code: int, kind: str, body: bytes, *, times: int = 1) -> None:
        self.answers += [(code, kind, body)] * times


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that is up while the test lasts."""
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            once = len(made.answers) > 1
            code, kind, body = made.answers.pop(0) if once else made.answers[0]
            self.send_response(code)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
