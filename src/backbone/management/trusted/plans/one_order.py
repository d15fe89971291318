"""Equalities and one order comparison: the extremum of each group.

For ``t1.x > t2.y`` a probe has a partner if its x is above the smallest y of the builds
in its group. So a group is told to hold by its largest x and its smallest y alone: where
both rows have the same keys, one aggregation finds the groups that do not, for both
roles, and nothing else is looked at. Where the rule holds, that is all there is to do.

A row that could satisfy the rule with itself has another partner unless the smallest y is
its own, and no other row of that kind is in its group: of each group one row is left at
most, which is held against the others. With a ``<>`` besides, the best two builds of
different value are kept: a probe that agrees with the best one is held against the
second. O(n).
"""

from __future__ import annotations

from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.rows.steps import Steps, select

__all__ = ["found"]


def found(frame: Frame, first: Frame | None = None) -> Steps:
    """Return the steps that find the probes with a partner, all but those of the base.

    `first` is the frame of the other role, if its steps come before.
    """
    steps = _grouped(frame, first)
    if frame.differs:
        return [*steps, *_differing(frame)]
    return [*steps, *(_but_alone(frame) if frame.other else _every(frame, "fit"))]


def _every(frame: Frame, name: str) -> Steps:
    return [(frame.step("found"), select(f"select id from {frame.step(name)}"))]


def _grouped(frame: Frame, first: Frame | None) -> Steps:
    """``fit``: the probes that some build of their group fits, be it themselves.

    ``builds`` are the builds of groups that have such a probe, at least.
    """
    if all(key.left == key.right for key in frame.shape.keys):
        steps = _by_group(frame, first)
    else:
        steps = _by_builds(frame)
    doubted = ", s and y0 = best as doubted" if frame.other == "id" else ""
    columns = frame.listed(["id", *frame.keys, *frame.differs, "x0"])
    fit = (
        f"select {columns}{doubted} from {frame.step('near')} "
        f"where x0 {frame.ops[0]} best"
    )
    return [*steps, (frame.step("fit"), select(fit))]


def _by_group(frame: Frame, first: Frame | None) -> Steps:
    """``near``: the probes in groups that break the rule, with the best build of each."""
    risky = (first or frame).step("risky_rows")
    own = f", best_{frame.role} as best"
    near, builds = frame.steps(risky, own)
    steps = [] if first else _risky(frame)
    return [*steps, (frame.step("near"), near[1]), builds]


def _risky(frame: Frame) -> Steps:
    """``risky_rows``: the rows of groups in which a pair, or a row, breaks the rule.

    With the best build for the probes of this role (``best_t1`` in the frame of t1), and
    the best for those of the other.
    """
    (order,) = frame.shape.orders
    probe, build = frame.flags
    builds = f"{frame.best(0)}(case when {build} then {order.right} end)"
    probes = f"{frame.worst(0)}(case when {probe} then {order.left} end)"
    keys = [key.left for key in frame.shape.keys]
    other = "t2" if frame.role == "t1" else "t1"
    named = "".join(
        f"{key} as {name}, " for key, name in zip(keys, frame.keys, strict=True)
    )
    risky = (
        f"select {named}{builds} as best_{frame.role}, {probes} as best_{other} "
        f"from {frame.base} {'group by ' if keys else ''}{', '.join(keys)} "
        f"having {probes} {order.op} {builds}"
    )
    on = " and ".join(f"r.{k} = g.{n}" for k, n in zip(keys, frame.keys, strict=True))
    rows = (
        f"select r.*, g.best_t1, g.best_t2 from {frame.base} r "
        f"join {frame.step('risky')} g on {on or 'true'}"
    )
    return [
        (frame.step("risky"), select(risky)),
        (frame.step("risky_rows"), frame.joined(rows, "g")),
    ]


def _by_builds(frame: Frame) -> Steps:
    """``near``: the probes with the best build of their group, whose keys are others."""
    best = (
        f"select {frame.listed(frame.keys, end=', ')}{frame.best(0)}(x0) as best "
        f"from {frame.step('builds')} {frame.grouped()}"
    )
    near = (
        f"select p.*, g.best from {frame.step('probes')} p "
        f"join {frame.step('best')} g on {frame.on('p', 'g')}"
    )
    return [
        *frame.steps(),
        (frame.step("best"), select(best)),
        (frame.step("near"), select(near)),
    ]


def _but_alone(frame: Frame) -> Steps:
    """Leave out the probes that only they themselves fit: at most one of a group."""
    keys, fit, builds = (
        frame.listed(frame.keys, end=", "),
        frame.step("fit"),
        frame.step("builds"),
    )
    lone, rest, alone = (frame.step(name) for name in ("lone", "rest", "alone"))
    single = (
        f"select {keys}min(id) as id, min(x0) as x0 from {fit} where doubted "
        f"{frame.grouped()} having count(*) = 1"
    )
    others = (
        f"select l.id, {frame.best(0)}(b.x0) as best from {builds} b "
        f"join {lone} l on {frame.on('b', 'l')} where b.id <> l.id group by l.id"
    )
    none = (
        f"select l.id from {lone} l left join {rest} o on l.id = o.id "
        f"where not coalesce(l.x0 {frame.ops[0]} o.best, false)"
    )
    last = f"select p.id from {fit} p anti join {alone} a on p.id = a.id"
    return [
        (lone, select(single)),
        (rest, frame.joined(others, "l")),
        (alone, select(none)),
        (frame.step("found"), select(last)),
    ]


def _differing(frame: Frame) -> Steps:
    """Hold a probe that agrees with the best build against the best of another value.

    The best build is the extremum of a struct: `arg_min` would collect a group on Spark.
    """
    (other,), best, builds = frame.differs, frame.best(0), frame.step("builds")
    first, second = frame.step("first"), frame.step("second")
    keys = frame.listed(frame.keys, end=", ")
    pairs = (
        f"select {keys}{best}({{'x': x0, 'd': {other}}}) as best from {builds} "
        f"{frame.grouped()}"
    )
    firsts = (
        f"select {keys}struct_extract(best, 'x') as x, struct_extract(best, 'd') as d "
        f"from {frame.step('pairs')}"
    )
    of_others = (
        f"select {frame.listed(frame.keys, of='b', end=', ')}{best}(b.x0) as x "
        f"from {builds} b join {first} g on {frame.on('b', 'g')} "
        f"where b.{other} <> g.d "
        + (f"group by {frame.listed(frame.keys, of='b')}" if frame.keys else "")
    )
    last = (
        f"select p.id from {frame.step('fit')} p "
        f"join {first} g on {frame.on('p', 'g')} "
        f"left join {second} h on {frame.on('p', 'h')} "
        f"where p.x0 {frame.ops[0]} case when p.{other} <> g.d then g.x else h.x end"
    )
    return [
        (frame.step("pairs"), select(pairs)),
        (first, select(firsts)),
        (second, frame.joined(of_others, "g")),
        (frame.step("found"), frame.joined(last, "g", "h")),
    ]
