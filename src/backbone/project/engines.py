"""Declarations of engines: which one computes, and with what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from backbone.project.declarations import Declaration, EngineKind
from backbone.project.mistakes import brief

__all__ = [
    "SET_BY_BACKBONE",
    "EngineChoice",
    "EngineOptions",
    "EngineSettings",
    "misfits",
    "on_top",
]

SET_BY_BACKBONE = (
    "spark.sql.ansi.enabled",
    "spark.sql.parquet.outputTimestampType",
    "spark.sql.session.timeZone",
)
"""Settings of Spark on which results depend: Backbone sets them, nobody else does."""

_ALL_CORES = "local[*]"
_MASTER = r"local(\[(\*|[1-9]\d*)(, ?\d+)?\])?|yarn|(spark|k8s|sc)://\S+"
_REFERENCE = "${"


def _checked_master(value: str) -> str:
    if _REFERENCE not in value and not re.fullmatch(_MASTER, value):
        message = (
            f"{brief(value)} is no master of Spark: `local[*]`, `spark://host:port`, "
            "`yarn`, `k8s://https://host:port` or `sc://host:port`"
        )
        raise ValueError(message)
    return value


def _named(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


MasterText = Annotated[
    str,
    AfterValidator(_checked_master),
    WithJsonSchema({"type": "string", "pattern": rf"^({_MASTER}|.*\$\{{.*)$"}),
]
SparkKey = Annotated[str, Field(pattern=r"^spark\.\S+$")]


class EngineOptions(Declaration):
    """What an engine may use, and where it is."""

    threads: int | None = Field(
        None, ge=1, description="Threads on this machine; default: all cores."
    )
    memory_limit: str | None = Field(
        None,
        pattern=r"^\d+(\.\d+)? ?(MB|GB|MiB|GiB)$",
        description="Memory on this machine, for example 4GB.",
    )
    master: MasterText = Field(_ALL_CORES, description="Spark: where it runs.")
    conf: dict[SparkKey, str] = Field(
        default={}, description="Spark: its own configuration."
    )
    timeout_s: float = Field(
        120.0, gt=0, description="Spark: seconds to start, and to give an executor."
    )


class EngineSettings(EngineOptions):
    """An engine and its options."""

    kind: EngineKind = Field("duckdb", description="duckdb or spark")


EngineChoice = Annotated[
    EngineSettings,
    BeforeValidator(_named, json_schema_input_type=EngineKind | EngineSettings),
]


def misfits(given: Mapping[str, Any]) -> dict[str, str]:
    """Return which of the `given` keys of an engine do nothing, and why.

    Parameters
    ----------
    given : the keys that are declared; `kind` may be among them
    """
    if given.get("kind", "duckdb") == "duckdb":
        return {
            key: f"`{key}` goes with `kind: spark`"
            for key in ("master", "conf", "timeout_s")
            if key in given
        }
    found = {**_of_the_machine(given), **_of_the_configuration(given)}
    return {key: why for key, why in found.items() if key.split(" ")[0] in given}


def _of_the_machine(given: Mapping[str, Any]) -> dict[str, str]:
    master = str(given.get("master", _ALL_CORES))
    if master == _ALL_CORES or _REFERENCE in master:
        return {}
    if master.startswith("local"):
        return {"threads": f"`threads` and `{master}` say the same; write `{_ALL_CORES}`"}
    cores = "`spark.executor.cores` in `conf` says how many an executor has"
    found = {"threads": f"`threads` are those of `{_ALL_CORES}`; on a cluster {cores}"}
    if master.startswith("sc://"):
        what = "`memory_limit` is that of this machine; Spark Connect is a server's"
        found["memory_limit"] = what
    return found


def _of_the_configuration(given: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with keys of `conf`, by ``conf KEY``."""
    conf = given.get("conf") or {}
    why = dict.fromkeys(SET_BY_BACKBONE, "Backbone sets it: results depend on it")
    why |= dict.fromkeys(("spark.master", "spark.remote"), "write it as `master`")
    if "memory_limit" in given:
        why["spark.driver.memory"] = "`memory_limit` says the same"
    if str(conf.get("spark.submit.deployMode", "")) == "cluster":
        why["spark.submit.deployMode"] = "the driver is always this process"
    return {f"conf {key}": why[key] for key in conf if key in why}


def on_top(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Put keys of an engine on top of common ones; of those, what does nothing falls.

    Settings of Spark are put on top of one another too, key by key.
    """
    both = {**common, **own}
    if "conf" in common and "conf" in own:
        both["conf"] = {**common["conf"], **own["conf"]}
    for key in misfits(both):
        part, _, name = key.partition(" ")
        if part in own and (not name or name in own[part]):
            continue
        if name:
            both[part] = {k: v for k, v in both[part].items() if k != name}
        else:
            del both[part]
    return both
