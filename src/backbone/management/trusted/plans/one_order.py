"""Equalities and one order comparison: the extremum of each group, joined back.

For ``t1.x > t2.x`` a probe has a partner if its x is above the smallest x of the builds
in its group. With a ``<>`` besides (of a column, or of the row itself where a row could
satisfy the rule alone), the best two builds of different value are kept: a probe that
agrees with the best one is held against the second. O(n).
"""

from __future__ import annotations

from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.rows.steps import Steps, select

__all__ = ["found"]


def found(frame: Frame) -> Steps:
    """Return the steps that find the probes with a partner."""
    return _with_other(frame, frame.other) if frame.other else _plain(frame)


def _best(frame: Frame) -> str:
    return "min" if frame.ops[0] in {">", ">="} else "max"


def _plain(frame: Frame) -> Steps:
    best = (
        f"select {frame.listed(frame.keys, end=', ')}{_best(frame)}(x0) as best "
        f"from {frame.step('builds')} {frame.grouped()}"
    )
    last = (
        f"select p.id from {frame.step('probes')} p join {frame.step('best')} g "
        f"on {frame.on('p', 'g')} where p.x0 {frame.ops[0]} g.best"
    )
    return [
        (frame.step("best"), select(best)),
        (frame.step("found"), frame.joined(last, "g")),
    ]


def _with_other(frame: Frame, other: str) -> Steps:
    builds, best, second = frame.step("builds"), frame.step("best"), frame.step("second")
    keys = frame.listed(frame.keys, end=", ")
    pairs = (
        f"select {keys}{_best(frame)}({{'x': x0, 'd': {other}}}) as best "
        f"from {builds} {frame.grouped()}"
    )
    split = (
        f"select {keys}struct_extract(best, 'x') as x, struct_extract(best, 'd') as d "
        f"from {frame.step('pairs')}"
    )
    runner_up = (
        f"select {frame.listed(frame.keys, of='b', end=', ')}{_best(frame)}(b.x0) as x "
        f"from {builds} b join {best} g on {frame.on('b', 'g')} "
        f"where b.{other} <> g.d "
        + (f"group by {frame.listed(frame.keys, of='b')}" if frame.keys else "")
    )
    last = (
        f"select p.id from {frame.step('probes')} p "
        f"join {best} g on {frame.on('p', 'g')} "
        f"left join {second} h on {frame.on('p', 'h')} "
        f"where p.x0 {frame.ops[0]} case when p.{other} <> g.d then g.x else h.x end"
    )
    return [
        (frame.step("pairs"), select(pairs)),
        (best, select(split)),
        (second, frame.joined(runner_up, "g")),
        (frame.step("found"), frame.joined(last, "g", "h")),
    ]
