"""A session of a Spark Connect server: another process, often another machine."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import grpc
from pyspark.errors import PySparkException
from pyspark.sql.connect.session import SparkSession as ConnectSession

from backbone.engines.spark.masters import Master
from backbone.errors import EngineUnavailable

__all__ = ["connect"]

_NO_HTTP2 = "Failed parsing HTTP/2"
_REASONS = {
    "UNIMPLEMENTED": "it does not speak Spark Connect",
    "UNAUTHENTICATED": "it wants a token: sc://host:port/;token=…",
    "PERMISSION_DENIED": "it does not let this user in",
}


def connect(master: Master, conf: Mapping[str, str]) -> Any:
    """Return a session of the server at `master`, with `conf` set in it.

    Raises
    ------
    EngineUnavailable : the server does not speak Spark Connect, refuses, or does not
        know a setting
    """
    try:
        session = ConnectSession(connection=master.text)
    except PySparkException as error:
        raise EngineUnavailable(f"`{master}`: {error}") from error
    usual = session.client.get_retry_policies()
    session.client.set_retry_policies([])
    try:
        with warnings.catch_warnings(action="ignore"):  # of retries that are not made
            _answers(master, session)
            for key, value in conf.items():
                _set(session, key, value)
    except BaseException:
        close(session)
        raise
    session.client.set_retry_policies(usual)
    return session


def close(session: Any) -> None:
    """Give a session back to its server, whether or not the server is still there."""
    session.client.set_retry_policies([])
    with warnings.catch_warnings(action="ignore"):
        session.stop()


def _answers(master: Master, session: Any) -> None:
    try:
        _ = session.version  # asked first, a server says best what it has against us
        session.range(1).count()
    except (grpc.RpcError, PySparkException) as error:
        raise EngineUnavailable(
            f"Spark is not at {master}: {_why(error)}",
            hint="Spark Connect listens on port 15002, if not told otherwise; a master "
            "of Spark, on its own port, does not speak it.",
            command="backbone doctor",
        ) from error


def _set(session: Any, key: str, value: str) -> None:
    try:
        session.conf.set(key, value)
    except (grpc.RpcError, PySparkException) as error:
        raise EngineUnavailable(
            f"the server of Spark Connect does not take `{key}`: {_why(error)}",
            hint="A session has settings of SQL; those of the cluster are the server's.",
        ) from error


def _why(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        code = getattr(cause, "code", None)
        if isinstance(cause, grpc.RpcError) and callable(code):
            told = str(getattr(cause, "details", str)())
            name = "UNIMPLEMENTED" if _NO_HTTP2 in told else code().name
            return _REASONS.get(name) or told
        cause = cause.__cause__ or cause.__context__
    return str(error).partition("\n")[0]
