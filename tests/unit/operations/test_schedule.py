"""When sources are due: moments, delays, what was missed, clocks that change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from backbone.lake.served import Served
from backbone.operations.schedule import mend, serve, turns
from backbone.project.schedules import Schedule

BELGRADE = ZoneInfo("Europe/Belgrade")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def place(tmp_path):
    """Return a project of one source `s` with a schedule, and its lake."""

    def made(**said):
        source = SimpleNamespace(schedule=Schedule(**said))
        project = SimpleNamespace(name="p", sources={"s": source})
        return project, SimpleNamespace(served=Served(tmp_path / "schedule"))

    return made


def turn(place, now):
    (found,) = turns(*place, now)
    return found


def test_a_source_that_was_never_collected_is_due_at_once(place):
    here = place(cron="0 6 * * *")
    assert turn(here, at("2026-03-01 05:00")).is_due
    serve(*here, "s", at("2026-03-01 05:00"))
    found = turn(here, at("2026-03-01 05:59"))
    assert (found.is_due, found.moment) == (False, at("2026-03-01 06:00"))
    assert turn(here, at("2026-03-01 06:00")).is_due


def test_what_was_missed_is_made_up_once(place):
    here = place(every="6h")
    serve(*here, "s", at("2026-03-01 07:00"))
    found = turn(here, at("2026-03-03 01:00"))
    assert (found.is_due, found.missed, found.moment) == (True, 7, at("2026-03-03 00:00"))
    serve(*here, "s", at("2026-03-03 01:00"))
    assert turn(here, at("2026-03-03 05:59")).missed == 0


def test_what_is_too_late_is_left_out(place):
    here = place(cron="0 6 * * *", within="2h")
    serve(*here, "s", at("2026-03-01 06:00"))
    assert turn(here, at("2026-03-02 08:00")).is_due
    found = turn(here, at("2026-03-02 08:01"))
    assert (found.is_due, found.moment) == (False, at("2026-03-03 06:00"))
    assert turn(here, at("2026-03-03 06:00")).is_due


def test_a_clock_that_went_back_blocks_nothing(place):
    here = place(every="1h")
    serve(*here, "s", at("2031-01-01 00:00"))
    now = at("2026-03-01 05:30")
    found = turn(here, now)
    assert (found.is_due, found.moment) == (False, at("2026-03-01 06:00"))
    mend(*here, [found], now)
    assert turn(here, at("2026-03-01 06:00")).is_due


def test_clocks_that_differ_a_little_do_not_collect_twice(place):
    here = place(every="1m")
    serve(*here, "s", at("2026-03-01 05:03"))
    assert not turn(here, at("2026-03-01 05:01")).is_due


def test_a_delay_is_its_moments_own(place):
    here = place(cron="0 6 * * *", jitter="30m")
    serve(*here, "s", at("2026-03-01 12:00"))
    first = turn(here, at("2026-03-01 13:00")).moment
    assert first == turn(here, at("2026-03-02 05:00")).moment
    assert at("2026-03-02 06:00") < first < at("2026-03-02 06:30")
    assert not turn(here, first - timedelta(seconds=1)).is_due
    assert turn(here, first).is_due
    serve(*here, "s", first)
    second = turn(here, first).moment
    assert second - first != timedelta(days=1)


def test_wall_clocks_are_followed_when_they_change():
    daily = Schedule(cron="30 2 * * *", timezone="Europe/Belgrade")
    spring = datetime(2026, 3, 28, 12, tzinfo=BELGRADE)
    days = [daily.after(spring)]
    for _ in range(2):
        days.append(daily.after(days[-1]))
    assert [day.astimezone(BELGRADE).strftime("%d %H:%M") for day in days] == [
        "29 03:00", "30 02:30", "31 02:30",
    ]  # fmt: skip
    autumn = datetime(2026, 10, 24, 12, tzinfo=BELGRADE)
    first = daily.after(autumn)
    assert daily.after(first) - first == timedelta(hours=25)


@pytest.mark.parametrize("seed", range(20))
def test_before_and_after_enclose_every_instant(seed):
    rng = random.Random(seed)
    cron = f"{rng.choice(['*/7', '0', '15,45'])} {rng.choice(['*', '2', '1-4'])} * * *"
    schedule = rng.choice(
        [Schedule(cron=cron, timezone="Europe/Belgrade"), Schedule(every="7m")]
    )
    days = rng.choice(["2026-03-29", "2026-10-25", "2026-06-01"])
    now = at(days) + timedelta(seconds=rng.randrange(86_400))
    last, following = schedule.before(now), schedule.after(now)
    assert last <= now < following
    assert schedule.after(last) == following
    assert schedule.before(last) == last


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"cron": "61 * * * *"}, "Bad minute"),
        ({"cron": "0 0 30 2 *"}, "is no cron expression"),
        ({"cron": "0 6 * * *", "every": "1h"}, "one of them"),
        ({}, "one of them"),
        ({"every": "1h", "timezone": "Europe/Belgrade"}, "goes with `cron`"),
        ({"every": "90"}, "pattern"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(said, why):
    with pytest.raises(ValueError, match=why):
        Schedule(**said)
