"""When a source is due: a cron expression or an interval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, WithJsonSchema, model_validator

from backbone.project.declarations import Declaration, TimeZone

__all__ = ["Schedule", "Span", "seconds_of"]

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN = r"^[1-9][0-9]{0,5}[smhd]$"

Span = Annotated[
    str, Field(pattern=_SPAN), WithJsonSchema({"type": "string", "pattern": _SPAN})
]


def seconds_of(span: str) -> int:
    """Return the seconds of a span of time.

    >>> seconds_of("15m")
    900
    """
    return int(span[:-1]) * _SECONDS[span[-1]]


class Schedule(Declaration):
    """When a source is collected by `backbone schedule` and `backbone run --due`."""

    cron: str | None = Field(
        None, description="Minute, hour, day, month, weekday: 0 6 * * 1-5"
    )
    timezone: TimeZone = Field("UTC", description="IANA zone of the cron expression.")
    every: Span | None = Field(
        None, description="Or an interval: 15m, 6h, 1d; counted from midnight UTC."
    )
    jitter: Span | None = Field(
        None, description="Spread over this time: each moment has its own delay."
    )
    within: Span | None = Field(
        None,
        description="How late it may still begin; default: however late, but once.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.cron is None) == (self.every is None):
            message = "a schedule has `cron` or `every`, one of them"
            raise ValueError(message)
        if self.cron is None:
            if "timezone" in self.model_fields_set:
                message = "`timezone` goes with `cron`; `every` counts from midnight UTC"
                raise ValueError(message)
        elif "${" not in self.cron:
            _tried(self.cron)
        return self

    @property
    def words(self) -> str:
        """How it reads: ``0 6 * * * Europe/Belgrade``, ``every 15m``."""
        return f"{self.cron} {self.timezone}" if self.cron else f"every {self.every}"

    def before(self, instant: datetime) -> datetime:
        """Return the last moment of the schedule that is not after `instant`, in UTC."""
        if self.every is not None:
            step = seconds_of(self.every)
            whole = int(instant.timestamp()) // step * step
            return datetime.fromtimestamp(whole, UTC)
        return self._cron(instant + timedelta(microseconds=1), reverse=True)

    def after(self, instant: datetime) -> datetime:
        """Return the first moment of the schedule that is after `instant`, in UTC."""
        if self.every is not None:
            return self.before(instant) + timedelta(seconds=seconds_of(self.every))
        return self._cron(instant, reverse=False)

    def _cron(self, instant: datetime, *, reverse: bool) -> datetime:
        from cronsim import CronSim  # noqa: PLC0415 - seldom needed

        local = instant.astimezone(ZoneInfo(self.timezone))
        found: datetime = next(CronSim(self.cron or "", local, reverse=reverse))
        return found.astimezone(UTC)


def _tried(cron: str) -> None:
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - seldom needed

    try:
        next(CronSim(cron, datetime.now(UTC)))
    except (CronSimError, StopIteration) as error:
        why = str(error) or "it never comes"
        message = f"`{cron}` is no cron expression: {why}; write for example 0 6 * * *"
        raise ValueError(message) from None
