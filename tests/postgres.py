"""A PostgreSQL server for tests and benchmarks: on loopback, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

USERS = ("postgres", "nobody")
SETTINGS = ("fsync=off", "max_connections=20", "listen_addresses=127.0.0.1", "unix_socket_directories=")  # fmt: skip
WAIT_S = 60


@dataclass(frozen=True)
class Server:
    """A server that runs; anybody on this machine may log in as ``postgres``."""

    port: int
    made: list[str] = field(default_factory=list)

    def url(self, database: str = "postgres", driver: str = "") -> str:
        name = f"postgresql+{driver}" if driver else "postgresql"
        return f"{name}://postgres:hush-hush@127.0.0.1:{self.port}/{database}"


def binaries() -> Path | None:
    """Return the folder with the newest PostgreSQL of this machine, if there is one."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return None if newest is None else newest.parent


@contextmanager
def running() -> Iterator[Server]:
    """Run a server, and end it by its own id."""
    programs = binaries()
    assert programs is not None
    # Not in pytest's folder, which nobody but its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="backbone-postgres-"))
    try:
        as_user = _user(folder)
        data = folder / "data"
        made = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"]
        options = ["--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run(
            [*made, *options], check=True, capture_output=True, cwd=folder, **as_user
        )
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = [part for setting in SETTINGS for part in ("-c", setting)]
        command = [programs / "postgres", "-D", data, "-p", str(port), *settings]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=folder, **as_user
            )
        try:
            _wait(process, port, folder / "log")
            yield Server(port)
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown: sessions are ended
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user(folder: Path) -> dict[str, object]:
    """Return whose the server is: it does not run as root."""
    if os.geteuid() != 0:
        return {}
    import pwd  # noqa: PLC0415 - Unix only

    for name in USERS:
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            os.chown(folder, found.pw_uid, found.pw_gid)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    message = "there is no user that PostgreSQL could run as"
    raise RuntimeError(message)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until and process.poll() is None:
        if b"ready to accept connections" in log.read_bytes():
            return
        time.sleep(0.05)
    message = f"PostgreSQL did not start on port {port}: {log.read_text()}"
    raise RuntimeError(message)


class Database:
    """A database of a server, with which a test does what it likes."""

    def __init__(self, server: Server, name: str) -> None:
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 - an extra

        self.server = server
        self.name = name
        made = closing(dbapi.connect(server.url(), autocommit=True))
        with made as connection, connection.cursor() as cursor:
            cursor.execute(f"create database {name}")
        self.connection = dbapi.connect(server.url(name), autocommit=True)

    def url(self, driver: str = "") -> str:
        return self.server.url(self.name, driver)

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements; return the answer of the last."""
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def end_others(self) -> int:
        """End every other session of the database; return how many there were."""
        ended = (
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            f"where pid <> pg_backend_pid() and datname = '{self.name}'"
        )
        return int(str(self.run(ended)[0][0]))
