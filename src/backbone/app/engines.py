"""The engines of an opened project: each started when it is first needed, and once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from backbone.errors import BackboneError, EngineUnavailable
from backbone.lake.lake import Lake
from backbone.project import Project
from backbone.project.declarations import EngineKind
from backbone.project.engines import EngineSettings

if TYPE_CHECKING:
    from backbone.engines.protocol import Engine

__all__ = ["Engines", "spark_options"]

_MEBIBYTES: Mapping[str, float] = {
    "MB": 1e6 / 2**20,
    "GB": 1e9 / 2**20,
    "MiB": 1,
    "GiB": 1024,
}
_MEMORY = re.compile(r"(?P<number>[\d.]+) ?(?P<unit>\w+)")
_OF_SPARK = {"pyspark", "py4j", "grpc", "grpc_status", "google", "zstandard"}


class Engines:
    """The engines of a project.

    Parameters
    ----------
    project : whose settings say what each engine may use
    lake : where they keep what does not fit into memory
    """

    def __init__(self, project: Project, lake: Lake) -> None:
        self._project = project
        self._lake = lake
        self._starting = Lock()
        self._started: dict[EngineKind, Engine] = {}

    def start(self, kind: EngineKind) -> Engine:
        """Return the engine of a kind, started if it is not.

        Raises
        ------
        EngineUnavailable : it is not installed, did not start, or does not answer
        """
        with self._starting:
            if kind not in self._started:
                made = _STARTS[kind](self._project, self._lake)
                self._started[kind] = made
            return self._started[kind]

    def close(self) -> None:
        """Close every engine that was started."""
        while self._started:
            _, engine = self._started.popitem()
            engine.close()


def _start_duckdb(project: Project, lake: Lake) -> Engine:
    from backbone.engines.duckdb import DuckDBEngine  # noqa: PLC0415 - slow to load

    settings = project.settings.engine_of("duckdb")
    return DuckDBEngine(
        threads=settings.threads,
        memory_limit=settings.memory_limit,
        spill=lake.spill(),
    )


def _start_spark(project: Project, lake: Lake) -> Engine:
    settings = project.settings.engine_of("spark")
    master, conf = spark_options(settings, project.variables.resolve)
    try:
        from backbone.engines.spark import SparkEngine  # noqa: PLC0415 - slow to load

        return SparkEngine(
            master=master,
            conf=conf,
            timeout_s=settings.timeout_s,
            scratch=lake.scratch(),
        )
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    except BackboneError as error:
        error.reword(project.variables.redact)
        raise


_STARTS: Mapping[EngineKind, Callable[[Project, Lake], Engine]] = {
    "duckdb": _start_duckdb,
    "spark": _start_spark,
}


def _not_installed(error: ModuleNotFoundError) -> Exception:
    missing = (error.name or "").partition(".")[0]
    if missing not in _OF_SPARK:
        return error
    return EngineUnavailable(
        f"the engine spark needs {missing}, which is not installed",
        command="pip install 'backbone[spark]'",
    )


def spark_options(
    settings: EngineSettings, resolve: Callable[[str], str]
) -> tuple[str, dict[str, str]]:
    """Return the master and the configuration that the settings ask for.

    Parameters
    ----------
    settings : of the engine
    resolve : puts the values of variables in the place of their references
    """
    master = resolve(settings.master)
    conf = {key: resolve(value) for key, value in settings.conf.items()}
    if master == "local[*]" and settings.threads:
        master = f"local[{settings.threads}]"
    if settings.memory_limit:
        conf["spark.driver.memory"] = _mebibytes(settings.memory_limit)
    return master, conf


def _mebibytes(limit: str) -> str:
    """Spell an amount of memory as Spark does: ``4GB`` is ``3814m``."""
    found = _MEMORY.fullmatch(limit)
    if found is None:
        message = f"{limit} is no amount of memory"
        raise ValueError(message)
    return f"{int(float(found['number']) * _MEBIBYTES[found['unit']])}m"
