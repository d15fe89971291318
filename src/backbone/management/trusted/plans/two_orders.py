"""Equalities and two order comparisons: one sort, and a running extremum along it.

Probes and builds are sorted together by x0 so that the builds that satisfy the first
comparison with a probe are exactly those before it; the extremum of their x1 decides the
second. With a ``<>`` besides, the best two of different value are kept (`best_two`).
O(n log n).

Where both rows bring the same cells there is no need of two lists. If both comparisons
are strict, those before a row among rows of equal x0 must not fit in x1. If neither is, a
row fits with its like, and else with those before it in the order of (x0, x1).

Where an engine puts no more than so many rows of a group into one task, the sorted rows
are cut into ranges (`ranges`): what the ranges before one say of their builds is carried
into it, and a probe has a partner if one is found in its range or in what is carried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backbone.management.trusted.plans.best_two import RUNNING, Marks, best_two
from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.plans.ranges import Cut, Order, ranged
from backbone.management.trusted.rows.steps import Step, Steps, broadcast, select
from backbone.management.trusted.rules.shapes import STRICT

__all__ = ["found", "group_sizes"]

_EARLIER = "rows between unbounded preceding and 1 preceding"


def found(frame: Frame, cut: Cut | None = None) -> Steps:
    """Return the steps that find the probes with a partner; in ranges, with `cut`."""
    if _is_one_relation(frame):
        return _one_relation(frame, cut)
    return _with_other(frame, cut) if frame.other else _plain(frame, cut)


def group_sizes(frame: Frame) -> Steps:
    """Return steps; the last has ``rows`` that are sorted and the ``largest`` group."""
    source = [] if _is_one_relation(frame) else [_both(frame)]
    name = source[0][0] if source else frame.step("probes")
    sizes = f"select count(*) as n from {name} {frame.grouped()}"
    total = f"select sum(n) as rows, max(n) as largest from {frame.step('sizes')}"
    return [*source, (frame.step("sizes"), select(sizes)), ("total", select(total))]


def _is_one_relation(frame: Frame) -> bool:
    return frame.alike and len({op in STRICT for op in frame.ops}) == 1


def _sorted(frame: Frame) -> Order:
    """Ties in x0: probes first where equal values do not satisfy the comparison."""
    probes_first = "desc" if frame.ops[0] in STRICT else "asc"
    first = ("x0", frame.direction(0))
    return Order((first, ("probe", probes_first), ("id", "asc")))


def _both(frame: Frame) -> Step:
    other = f", {frame.other} as d" if frame.other else ""
    columns = frame.listed(frame.keys, end=", ") + f"x0, x1{other}"
    text = (
        f"select id, 1 as probe, {columns} from {frame.step('probes')} union all "
        f"select id, 0 as probe, {columns} from {frame.step('builds')}"
    )
    return frame.step("both"), select(text)


def _one_relation(frame: Frame, cut: Cut | None) -> Steps:
    """Every row is probe and build."""
    tied = frame.direction(1)
    if frame.ops[1] in STRICT:
        tied = "desc" if tied == "asc" else "asc"
    order = Order((("x0", frame.direction(0)), ("x1", tied)))
    if cut:
        order = Order((*order.columns, ("id", "asc")))
    line = _Line(frame.step("probes"), ("id", "x0", "x1"), order, "x1", _EARLIER)
    steps = _extremum(frame, line, cut)
    return steps if frame.ops[1] in STRICT else _with_twins(frame, steps)


def _with_twins(frame: Frame, steps: Steps) -> Steps:
    """Add the rows that have their like, the first of whom stands before the others."""
    *before, (found, fitting) = steps
    both = ["x0", "x1"]
    twins = (
        f"select {frame.listed([*frame.keys, *both])} from {frame.step('probes')} "
        f"{frame.grouped(both)} having count(*) > 1"
    )
    alike = (
        f"select p.id from {frame.step('probes')} p join {frame.step('twins')} g "
        f"on {frame.on('p', 'g', both)}"
    )
    fit, like = frame.step("fit"), frame.step("like")
    every = f"select id from {fit} union select id from {like}"
    return [
        *before,
        (fit, fitting),
        (frame.step("twins"), select(twins)),
        (like, select(alike)),
        (found, select(every)),
    ]


def _plain(frame: Frame, cut: Cut | None) -> Steps:
    line = _Line(
        frame.step("both"),
        ("id", "probe", "x0", "x1"),
        _sorted(frame),
        "case when probe = 0 then x1 end",
        RUNNING,
        asked="probe = 1 and ",
    )
    return [_both(frame), *_extremum(frame, line, cut)]


@dataclass(frozen=True)
class _Line:
    """The rows of `source` in their order inside a group.

    `value` is what a row adds to the extremum of the window `over`; `asked` is the
    condition (and ``and``) of rows that are probes.
    """

    source: str
    columns: tuple[str, ...]
    order: Order
    value: str
    over: str
    asked: str = ""


def _extremum(frame: Frame, line: _Line, cut: Cut | None) -> Steps:
    steps, source = _in_ranges(frame, line, cut)
    keys = [*frame.keys, *(["part"] if cut else [])]
    window = f"{_partition(keys)} {line.order.by()} {line.over}"
    columns = ", ".join([*keys, *(n for n in line.columns if n != "x0")])
    running = f"select {columns}, {frame.best(1)}({line.value}) over ({window}) as best"
    steps.append((frame.step("running"), select(f"{running} from {source}")))
    op = frame.ops[1]
    if not cut:
        text = f"select id from {frame.step('running')} where {line.asked}x1 {op} best"
        return [*steps, (frame.step("found"), select(text))]
    listed = ", ".join(keys)
    tops = (
        f"select {listed}, {frame.best(1)}({line.value}) as top "
        f"from {source} where divided group by {listed}"
    )
    over = f"{frame.partition()} order by part {_EARLIER}"
    carried = (
        f"select {listed}, {frame.best(1)}(top) over ({over}) as carry "
        f"from {frame.step('tops')}"
    )
    last = (
        f"select r.id from {frame.step('running')} r left join {frame.step('carried')} c "
        f"on {frame.on('r', 'c', ['part'])} "
        f"where {line.asked}(r.x1 {op} r.best or r.x1 {op} c.carry)"
    )
    return [
        *steps,
        (frame.step("tops"), select(tops)),
        (frame.step("carried"), select(carried)),
        (frame.step("found"), broadcast(select(last), "c")),
    ]


def _in_ranges(frame: Frame, line: _Line, cut: Cut | None) -> tuple[Steps, str]:
    """Return steps, and the one that has the rows of `line`; if cut, with ``part``."""
    if cut is None:
        return [], line.source
    columns, suffix = [*line.columns, *frame.keys], frame.step("")
    order = Order((*((key, "asc") for key in frame.keys), *line.order.columns))
    steps = ranged(line.source, columns, order, cut, keys=frame.keys, suffix=suffix)
    return steps, f"ranged{suffix}"


def _partition(names: Sequence[str]) -> str:
    return f"partition by {', '.join(names)}" if names else ""


def _with_other(frame: Frame, cut: Cut | None) -> Steps:
    line = _Line(
        frame.step("both"), ("id", "probe", "x0", "x1", "d"), _sorted(frame), "", RUNNING
    )
    steps, source = _in_ranges(frame, line, cut)
    keys = [*frame.keys, *(["part"] if cut else [])]
    marks = Marks(source, [*line.columns, *keys], keys, line.order, frame.best(1))
    steps = [_both(frame), *steps, *best_two(frame, marks)]
    op, seconds = frame.ops[1], frame.step("seconds")
    within = f"r.x1 {op} case when r.d <> r.mx_d then r.mx else r.second end"
    if not cut:
        text = f"select r.id from {seconds} r where r.probe = 1 and {within}"
        return [*steps, (frame.step("found"), select(text))]
    before = f"r.x1 {op} case when r.d <> c.mx_d then c.mx else c.second end"
    text = (
        f"select r.id from {seconds} r left join {frame.step('carried')} c "
        f"on {frame.on('r', 'c', ['part'])} where r.probe = 1 and ({within} or {before})"
    )
    last = frame.step("found"), broadcast(select(text), "c")
    return [*steps, *_two_carried(frame, source), last]


def _two_carried(frame: Frame, source: str) -> Steps:
    """``carried``: what the builds of earlier ranges say, by range and its first group.

    Each range gives the best build of every group and the best of another value; they are
    builds in a line of ranges, in which each range asks before it gives.
    """
    best, listed = frame.best(1), frame.listed(frame.keys, end=", ") + "part"
    way = "asc" if best == "min" else "desc"
    bests = (
        f"select {listed}, d, {best}(x1) as x1 from {source} "
        f"where divided and probe = 0 group by {listed}, d"
    )
    ranked = (
        f"select *, row_number() over (partition by {listed} order by x1 {way}, d) "
        f"as id from {frame.step('bests')}"
    )
    bounds = f"bounds{frame.step('')}"
    marks = (
        f"select id, 0 as probe, {listed}, x1, d from {frame.step('ranked')} "
        f"where id <= 2 union all "
        f"select 0 as id, 1 as probe, {listed}, null as x1, null as d from {bounds}"
    )
    order = Order((("part", "asc"), ("id", "asc")))
    columns = ["id", "probe", "x1", "d", *frame.keys, "part"]
    along = Marks(frame.step("marks"), columns, frame.keys, order, best, "_along")
    carried = (
        f"select {listed}, mx, mx_d, second from {frame.step('seconds_along')} "
        "where probe = 1"
    )
    return [
        (frame.step("bests"), select(bests)),
        (frame.step("ranked"), select(ranked)),
        (frame.step("marks"), select(marks)),
        *best_two(frame, along),
        (frame.step("carried"), select(carried)),
    ]
