"""The Java process of a driver: started, talked to, and always ended.

pyspark can start one itself, but then waits for it without end, hands every setting over
where each user of the machine can read it (the command line), leaves its chatter on the
terminal, and keeps it until Python ends.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from struct import unpack
from typing import Any

from py4j.clientserver import ClientServer
from pyspark.find_spark_home import _find_spark_home
from pyspark.java_gateway import launch_gateway

from backbone.errors import EngineUnavailable

__all__ = ["Jvm"]

_LOOK_EVERY_S = 0.05
_PATIENCE_S = 10.0
_TAIL_BYTES = 20_000
_LONGEST = 600
_NOISE = re.compile(
    r"NativeCodeLoader|incubator modules|log4j|log level|Picked up|^at |^\.\.\."
    r"|Could not create the Java Virtual|fatal exception has occurred"
)
_EXCEPTION = re.compile(r"(?:^|\s)(?:[\w.$]+\.)?\w+(?:Exception|Error): (?P<told>.+)")
_LOGGED = re.compile(r"^\d\d/\d\d/\d\d [\d:]+ (?:ERROR|WARN) \w+: (?P<told>.+)")
_CODES = {52: "OutOfMemoryError: Java heap space"}
"""What Spark means by the code with which it ends itself."""
_CODE = re.compile(r"^\[[A-Z_.]+\] ")
_NOT_INHERITED = ("PYSPARK_SUBMIT_ARGS", "SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED")


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether a record is not py4j's, which prints what a death cut off."""
    return "py4j" not in Path(record.pathname).parts


class Jvm:
    """A Java process that runs a driver of Spark; it ends when this process does.

    It has a process group of its own, so Ctrl-C at a terminal does not reach it, and
    reads from a pipe that breaks when this process dies, however it dies.

    Parameters
    ----------
    properties : Spark's configuration
    """

    def __init__(self, properties: Mapping[str, str]) -> None:
        logging.getLogger().addFilter(_is_news)  # what it says is raised as well
        self._home = tempfile.TemporaryDirectory(prefix="backbone-spark-")
        home = Path(self._home.name)
        self._said = home / "stderr.log"
        self._address = home / "address"
        settings = home / "spark.conf"
        settings.touch(mode=0o600)
        settings.write_text(_as_properties(properties), encoding="utf-8")
        spark = Path(_find_spark_home())
        environ = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
        environ |= {
            "SPARK_HOME": str(spark),
            "SPARK_CONNECT_MODE": "0",
            "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._address),
        }
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603 - Spark's own script
                [
                    spark / "bin" / "spark-submit",
                    *("--properties-file", settings),
                    *("--load-spark-defaults", "pyspark-shell"),
                ],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env=environ,
                start_new_session=True,
            )
        self.gateway: ClientServer | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def why_ended(self, within_s: float) -> str | None:
        """Return how the process ended, if it has or does in time."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within_s)
        code = self._process.poll()
        if code is None:
            return None
        if code < 0:
            return f"killed by signal {-code}"
        return _CODES.get(code) or self.last_words() or f"exit code {code}"

    def connect(self, deadline: float) -> ClientServer:
        """Return the gateway, once the process listens.

        Raises
        ------
        EngineUnavailable : the process ended
        TimeoutError : it said nothing until `deadline`
        """
        while not self._address.exists():
            if not self.alive:
                words = self.last_words() or "it said nothing"
                raise EngineUnavailable(f"Spark did not start: {words}")
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(_LOOK_EVERY_S)
        self.gateway = _gateway(*_read_address(self._address))
        return self.gateway

    def last_words(self) -> str:
        """Return the line of what the process said that tells most of its trouble."""
        lines = [line.strip() for line in self.said().splitlines()]
        lines = [line for line in lines if line and not _NOISE.search(line)]
        for form in (_EXCEPTION, _LOGGED):
            found = [match["told"] for line in lines if (match := form.search(line))]
            if found:
                return _CODE.sub("", found[-1])[:_LONGEST]
        return lines[-1][:_LONGEST] if lines else ""

    def said(self) -> str:
        """Return the end of what the process said."""
        try:
            return self._said.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
        except FileNotFoundError:
            return ""

    def end(self, *, at_once: bool = False) -> None:
        """End the process and all that it started; give it time unless `at_once`."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()  # on which it ends by itself
        if not at_once:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self.gateway is not None:
            self.gateway.close()
        self._home.cleanup()


def _as_properties(properties: Mapping[str, str]) -> str:
    return "".join(f"{_escaped(k)}={_escaped(v)}\n" for k, v in properties.items())


def _escaped(text: str) -> str:
    """Spell a text as Java's properties do."""
    plain = "".join(
        f"\\u{ord(c):04x}" if c in "\n\r\t\f" else f"\\{c}" if c in "\\:=#! " else c
        for c in text
    )
    return plain if plain.isascii() else _in_ascii(plain)


def _in_ascii(text: str) -> str:
    units = text.encode("utf-16-be")
    pairs = (units[at : at + 2] for at in range(0, len(units), 2))
    return "".join(
        chr(code) if (code := int.from_bytes(pair)) < 0x80 else f"\\u{code:04x}"  # noqa: PLR2004 - ASCII
        for pair in pairs
    )


def _read_address(path: Path) -> tuple[int, str]:
    """Read the port and secret that Spark's gateway server wrote."""
    data = path.read_bytes()
    port, length = unpack(">ii", data[:8])
    return port, data[8 : 8 + length].decode()


def _gateway(port: int, secret: str) -> ClientServer:
    """Let pyspark make its gateway to a process that runs already.

    It takes the address from the environment, where nobody else is to find it.
    """
    names = {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        made: Any = launch_gateway()  # type: ignore[no-untyped-call]
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return made
