"""A small weather service: the observations of a CSV file as a paged JSON API.

``GET /health`` answers when the service is ready. ``GET /weather?page=1`` gives a page
of records, ordered by hour and station, and the address of the next page (or null);
``since=<time_hour>`` leaves out everything up to and including that hour. Numbers keep
the digits of the file, and NA becomes null.

    python weather_api.py --port 8000 --data data/weather.csv
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import signal
import socketserver
import threading
import time
from bisect import bisect_right
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from operator import itemgetter
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

PAGE_SIZE = 5_000
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")


class Observations:
    """The records of a CSV file as JSON texts, ordered by hour and station.

    Parameters
    ----------
    path : Path
        A CSV file with the columns ``time_hour`` and ``origin``; read when needed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    @cached_property
    def _ordered(self) -> tuple[list[str], list[str], list[list[str]]]:
        with self._path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            names = next(rows)
            hour, origin = names.index("time_hour"), names.index("origin")
            ordered = sorted(rows, key=itemgetter(hour, origin))
        return [json.dumps(n) for n in names], [row[hour] for row in ordered], ordered

    def page(self, since: str, number: int) -> str:
        """Return page `number` (the first is 1) of what is newer than `since`."""
        with self._lock:
            keys, hours, records = self._ordered
        first = bisect_right(hours, since)
        start = first + (number - 1) * PAGE_SIZE
        stop = start + PAGE_SIZE
        query = {"page": number + 1} | ({"since": since} if since else {})
        next_ = f"/weather?{urlencode(query)}" if stop < len(records) else None
        data = ",\n".join(_record(keys, row) for row in records[start:stop])
        total = len(records) - first
        return f'{{"data": [{data}],\n"next": {json.dumps(next_)}, "total": {total}}}\n'


def _record(keys: list[str], row: list[str]) -> str:
    pairs = (f"{k}:{_value(v)}" for k, v in zip(keys, row, strict=True))
    return "{" + ",".join(pairs) + "}"


def _value(text: str) -> str:
    if text == "NA":
        return "null"
    return text if _JSON_NUMBER.fullmatch(text) else json.dumps(text)


class Server(ThreadingHTTPServer):
    """The service on 127.0.0.1; it looks up no name and opens no other connection."""

    daemon_threads = True

    def __init__(self, port: int, observations: Observations) -> None:
        self.observations = observations
        self.server_name, self.server_port = "127.0.0.1", port
        super().__init__((self.server_name, port), Handler)

    def server_bind(self) -> None:
        """Bind without asking for the name of this machine."""
        socketserver.TCPServer.server_bind(self)


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Answer ``/health`` and ``/weather``."""
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        page = asked.get("page", ["1"])[0]
        if url.path == "/health":
            self._answer(200, '{"status": "ok"}\n')
        elif url.path != "/weather":
            self._answer(404, '{"error": "there are /health and /weather"}\n')
        elif not re.fullmatch("[1-9][0-9]{0,8}", page):
            self._answer(400, '{"error": "page is a number from 1"}\n')
        else:
            since = asked.get("since", [""])[0]
            self._answer(200, self.server.observations.page(since, int(page)))

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _leave_with(parent: int, server: Server) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    server.shutdown()


def serve(port: int, data: Path) -> None:
    """Serve `data` until SIGTERM or SIGINT, or until the parent process is gone."""
    parent = os.getppid()
    with Server(port, Observations(data)) as server:

        def stop(*_: object) -> None:
            os._exit(0)  # it holds nothing that would have to be put away

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        threading.Thread(target=_leave_with, args=(parent, server), daemon=True).start()
        server.serve_forever(poll_interval=0.1)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Weather observations as a JSON API.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    if not options.data.is_file():
        parser.error(f"there is no file {options.data}")
    serve(options.port, options.data)


if __name__ == "__main__":
    main()
