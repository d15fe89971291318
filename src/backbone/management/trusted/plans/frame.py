"""What every plan starts from: probes and builds with uniform names, and nulls left out.

Probes and builds have ``id``; ``k0, k1 …`` (equal in a violation), ``d0 …`` (different)
and ``x0, x1 …`` (ordered); probes also have ``s``: the row fits with itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from backbone.management.trusted.rows.steps import Steps, broadcast, select, typed
from backbone.management.trusted.rules.shapes import Cross, PairShape
from backbone.model.constraints import Operator, RowVariable
from backbone.model.schemas import Schema
from backbone.sql.queries import column, table

__all__ = [
    "Frame",
    "alone",
    "base_steps",
]


@dataclass(frozen=True)
class Frame:
    """The question of one role: which probes have a build that fits.

    Parameters
    ----------
    role : RowVariable
        Whose rows are the probes.
    shape : PairShape
        The constraint, turned so that its t1 are the probes.
    base : str
        The step that has the rows, with their cells and whether they are t1 or t2.
    """

    role: RowVariable
    shape: PairShape
    base: str = "base"

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the equal columns."""
        return tuple(f"k{i}" for i in range(len(self.shape.keys)))

    @property
    def differs(self) -> tuple[str, ...]:
        """Names of the columns that differ."""
        return tuple(f"d{i}" for i in range(len(self.shape.differs)))

    @property
    def ops(self) -> tuple[Operator, ...]:
        """Operators of x0, x1: ``probe.x0 op build.x0``."""
        return tuple(cross.op for cross in self.shape.orders)

    @property
    def other(self) -> str | None:
        """The column in which probe and build differ in a plan that allows for one."""
        if self.shape.may_be_alone:
            return "id"
        return self.differs[0] if self.differs else None

    @property
    def flags(self) -> tuple[str, str]:
        """The columns of the base that tell whether a row is a probe, or a build."""
        return ("f1", "f2") if self.role == "t1" else ("f2", "f1")

    @property
    def alike(self) -> bool:
        """Whether probes and builds are the same rows, with nothing that must differ.

        Then they can stand in one order, each row a probe and a build.
        """
        return self.shape.same_sides and not self.shape.differs

    def step(self, name: str) -> str:
        """Return the name of a step of this role."""
        return f"{name}_{self.role}{self.base.removeprefix('base')}"

    def listed(self, names: Sequence[str], *, of: str = "", end: str = "") -> str:
        """Return `names` as a list of columns (of relation `of`), then `end` if any."""
        prefix = f"{of}." if of else ""
        return ", ".join(f"{prefix}{n}" for n in names) + (end if names else "")

    def grouped(self, more: Sequence[str] = ()) -> str:
        """Return the group by clause over the keys and `more`."""
        names = [*self.keys, *more]
        return f"group by {', '.join(names)}" if names else ""

    def partition(self) -> str:
        """Return the partition clause over the keys."""
        return f"partition by {', '.join(self.keys)}" if self.keys else ""

    def on(self, left: str, right: str, more: Sequence[str] = ()) -> str:
        """Return the condition that two relations agree on the keys and `more`."""
        names = [*self.keys, *more]
        return " and ".join(f"{left}.{n} = {right}.{n}" for n in names) or "true"

    def direction(self, number: int) -> str:
        """Return the direction in which builds that fit a probe come before it."""
        return "desc" if self.ops[number] in {"<", "<="} else "asc"

    def best(self, number: int) -> str:
        """Return the extremum of the builds that fits whatever any of them fits."""
        return "min" if self.ops[number] in {">", ">="} else "max"

    def worst(self, number: int) -> str:
        """Return the extremum of the probes that fits if any of them does."""
        return "max" if self.best(number) == "min" else "min"

    def joined(self, text: str, *groups: str) -> exp.Query:
        """Return a select in which relations `groups` have a row for each group.

        Without keys that is one row, which goes to where the others are.
        """
        return select(text) if self.keys else broadcast(select(text), *groups)

    def steps(self, source: str | None = None, more: str = "") -> Steps:
        """Return the steps ``probes`` and ``builds``, of the base or of `source`.

        Probes have the further columns `more`, and ``y0, y1 …``: what they would be as
        builds, where a row may fit with itself.
        """
        shape, source = self.shape, source or self.base
        named = [
            *zip(self.keys, shape.keys, strict=True),
            *zip(self.differs, shape.differs, strict=True),
            *((f"x{i}", cross) for i, cross in enumerate(shape.orders)),
        ]
        left = "".join(f", {cross.left} as {name}" for name, cross in named)
        right = "".join(f", {cross.right} as {name}" for name, cross in named)
        firsts = dict.fromkeys(name for one in shape.mixed for name in one.first)
        seconds = dict.fromkeys(name for one in shape.mixed for name in one.second)
        left += "".join(f", {name}" for name in firsts)
        right += "".join(f", {name}" for name in seconds)
        own = "".join(f", {cross.right} as y{i}" for i, cross in enumerate(shape.orders))
        itself = f", s{own}" if shape.may_be_alone else ""
        probe, build = self.flags
        probes = f"select id{left}{itself}{more} from {source} where {probe}"
        builds = f"select id{right} from {source} where {build}"
        return [
            (self.step("probes"), select(probes)),
            (self.step("builds"), select(builds)),
        ]


def base_steps(shape: PairShape, source: str, schema: Schema | None = None) -> Steps:
    """Return the steps that compute every cell once and leave out what cannot match.

    ``cells`` has the values of the rows of `source`; ``base`` keeps the rows that may be
    t1 (``f1``) or t2 (``f2``), and tells which satisfy the rule with themselves (``s``).
    """
    cells = exp.select(exp.alias_(column("_row", "r"), "id")).from_(table(source, "r"))
    cells = cells.select(*(exp.alias_(cell.value, cell.name) for cell in shape.cells))
    flags = []
    for number, conditions in enumerate(shape.filters, start=1):
        if conditions:
            passes = exp.func("coalesce", exp.and_(*conditions), exp.false())
            cells = cells.select(exp.alias_(passes, f"c{number}"))
        flags.append([f"c{number}"] if conditions else [])
    f1 = _present(flags[0], [c.left for c in shape.crosses])
    f2 = f1 if shape.same_sides else _present(flags[1], [c.right for c in shape.crosses])
    either = f1 if f1 == f2 else f"({f1}) or ({f2})"
    names = "".join(f", {cell.name}" for cell in shape.cells)
    roles = f"select id{names}, {f1} as f1, {f2} as f2 from cells where {either}"
    itself = f", {alone(shape.crosses)} as s" if shape.may_be_alone else ""
    return [
        ("cells", typed(cells, schema, source)),
        ("roles", select(roles)),
        ("base", select(f"select *{itself} from roles")),
    ]


def _present(flags: list[str], names: Sequence[str]) -> str:
    present = [*flags, *(f"{n} is not null" for n in dict.fromkeys(names))]
    return " and ".join(present) or "true"


def alone(crosses: Sequence[Cross]) -> str:
    """Return the condition that a row satisfies `crosses` with itself."""
    terms = [f"{c.left} {c.op} {c.right}" for c in crosses]
    return " and ".join(["f1", "f2", *terms])
