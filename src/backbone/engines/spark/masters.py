"""Where Spark is: what a master's address says, and whether anybody is there."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from backbone.errors import EngineUnavailable

__all__ = ["Master", "MasterKind", "reach"]

MasterKind = Literal["local", "standalone", "yarn", "kubernetes", "connect"]

_SCHEMES: Mapping[str, MasterKind] = {
    "spark": "standalone",
    "k8s": "kubernetes",
    "sc": "connect",
}
_PORTS: Mapping[str, int] = {"spark": 7077, "sc": 15002, "http": 80, "https": 443}
_LOCAL = re.compile(r"local(?:\[(?P<threads>\*|\d+)(?:,\s*\d+)?\])?")
_LONGEST_WAIT_S = 15.0


@dataclass(frozen=True)
class Master:
    """A master's address, taken apart; `hosts` are those that may answer."""

    text: str
    kind: MasterKind
    hosts: tuple[tuple[str, int], ...] = ()
    threads: int | None = None

    @classmethod
    def parse(cls, text: str) -> Master:
        """Take an address apart.

        Raises
        ------
        EngineUnavailable : Spark knows no such address
        """
        local = _LOCAL.fullmatch(text)
        if local:
            given = local["threads"] or "1"
            threads = os.cpu_count() or 1 if given == "*" else int(given)
            return cls(text, "local", threads=threads)
        if text == "yarn":
            return cls(text, "yarn")
        scheme, _, rest = text.partition("://")
        if scheme not in _SCHEMES or not rest:
            raise EngineUnavailable(
                f"`{_shown(text)}` is no master of Spark",
                hint="There are local[*], spark://host:port, yarn, "
                "k8s://https://host:port and sc://host:port.",
            )
        return cls(text, _SCHEMES[scheme], tuple(_hosts(text, scheme, rest)))

    @property
    def in_process(self) -> bool:
        """Whether everything runs in one Java process on this machine."""
        return self.kind == "local"

    @property
    def here(self) -> bool:
        """Whether the master is on this machine, under a name of the loopback."""
        loopback = {"localhost", "127.0.0.1", "::1"}
        return self.in_process or (
            bool(self.hosts) and all(host in loopback for host, _ in self.hosts)
        )

    def __str__(self) -> str:
        return _shown(self.text)


def _shown(text: str) -> str:
    """Return an address without what may be a secret: what follows ``;`` or ``user@``."""
    scheme, mark, rest = text.partition("://")
    return f"{scheme}{mark}{rest.partition(';')[0].rpartition('@')[2].rstrip('/')}"


def _hosts(text: str, scheme: str, rest: str) -> list[tuple[str, int]]:
    if scheme == "k8s":
        address = rest if "://" in rest else f"https://{rest}"
        return [_host(text, address, _PORTS[address.partition("://")[0]])]
    plain = rest.partition("/")[0].partition(";")[0]
    return [_host(text, f"//{one}", _PORTS[scheme]) for one in plain.split(",")]


def _host(text: str, address: str, port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or port
    except ValueError:
        host = ""
    if not host:
        what = f"`{_shown(text)}` names no host and port"
        raise EngineUnavailable(what, hint="For example spark://host:7077.")
    return host, port


def reach(master: Master, *, deadline: float, environ: Mapping[str, str]) -> None:
    """Check that somebody listens where the master should be.

    Parameters
    ----------
    master : whose hosts are called; one that answers is enough
    deadline : on the clock of `time.monotonic`
    environ : the environment, where YARN looks for its configuration

    Raises
    ------
    EngineUnavailable : there is no such host, or nobody answers there
    """
    if master.kind == "yarn" and not (
        environ.get("HADOOP_CONF_DIR") or environ.get("YARN_CONF_DIR")
    ):
        raise EngineUnavailable(
            "master `yarn` needs the cluster's configuration, and neither "
            "HADOOP_CONF_DIR nor YARN_CONF_DIR is set",
            hint="Set HADOOP_CONF_DIR to the folder with yarn-site.xml.",
        )
    reasons = [_call(host, port, deadline) for host, port in master.hosts]
    if reasons and all(reasons):
        raise EngineUnavailable(
            f"Spark is not at {master}: {'; '.join(filter(None, reasons))}",
            hint="Is it running, and is `master` in backbone.yml its address?",
            command="backbone doctor",
        )


def _call(host: str, port: int, deadline: float) -> str | None:
    """Return why nobody answers at a host and port."""
    left = min(_LONGEST_WAIT_S, max(0.1, deadline - time.monotonic()))
    try:
        with socket.create_connection((host, port), timeout=left):
            return None
    except socket.gaierror:
        return f"there is no host `{host}`"
    except ConnectionRefusedError:
        return f"{host}:{port} refused the connection, nothing listens there"
    except TimeoutError:
        return f"{host}:{port} did not answer in {left:.0f} s"
    except OSError as error:
        return f"{host}:{port} cannot be reached: {error.strerror or error}"
