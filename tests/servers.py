"""Servers on this machine that answer as a test says, with the faults that real ones have."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Server(ThreadingHTTPServer):
    """Answers what `answer(path, query)` gives: a document or status, headers, body.

    What is given may also be a function that is called with the handler and does it all.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = None
        self.requests = []
        self.sent_headers = []
        self.forms = []

    def handle_error(self, *_):
        """Say nothing of clients that hang up; that is what some tests are about."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a header and a body of its own wait for each other

    def do_GET(self):
        self.server.requests.append(self.path)
        self.server.sent_headers.append(dict(self.headers))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = self.server.answer(parts.path, query)
        if callable(answer):
            answer(self)
            return
        if not isinstance(answer, tuple):
            answer = (200, {"Content-Type": "application/json"}, json.dumps(answer))
        self.reply(*answer)

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.forms.append(parse_qs(self.rfile.read(length).decode()))
        self.do_GET()

    def reply(self, status, headers, body):
        """Send a whole answer; a length that is given is sent as it is."""
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self, headers, body, size):
        """Send less than was promised, and hang up."""
        self.reply(200, {**headers, "Content-Length": str(size)}, body)
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(1)

    def log_message(self, *_):
        pass


@contextmanager
def serving() -> Iterator[Server]:
    """A server that is up as long as the context lasts."""
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()
