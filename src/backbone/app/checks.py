"""``check`` as Python calls it: rules on a file or an asset, and what breaks them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet as pq

from backbone.app.check_words import header_notes
from backbone.app.checking import check as _check
from backbone.app.display import Facts, Listing
from backbone.app.environment import open_environment
from backbone.app.figures import count, plural
from backbone.app.files import Layout
from backbone.app.markup import COLOURS, paragraph, part_html, records_html

if TYPE_CHECKING:
    from backbone.app.environment import Environment

__all__ = ["Check", "check", "checked"]

_COLUMNS = (
    "name", "broken", "violating_rows", "share", "blamed_rows", "severity", "deny",
)  # fmt: skip
Opener = Callable[[], AbstractContextManager["Environment"]]


class Check(Facts):
    """What a check found, as ``backbone check --json`` tells it, and more on request.

    Parameters
    ----------
    found : what `app.check` returns
    write : checks again, and writes every row that breaks a rule to a Parquet file
    """

    def __init__(self, found: Mapping[str, Any], write: Callable[[Path], object]) -> None:
        super().__init__(found)
        self._write = write

    @property
    def ok(self) -> bool:
        """Whether no rule is broken but those of severity ``warn``, and none refused."""
        return not (self["failed"] or self["refused"])

    @property
    def rules(self) -> Listing:
        """A row for every rule, with what it found."""
        return Listing(self["rules"])

    def violations(self) -> pa.Table:
        """Return every row that breaks a rule, once for each rule.

        Columns as ``--violations`` writes them; ``.to_pandas()`` makes a data frame. The
        check is done once more for that, so it tells of the file as it is now.
        """
        with tempfile.TemporaryDirectory(prefix="backbone-check-") as folder:
            path = Path(folder) / "violations.parquet"
            self._write(path)
            return pq.read_table(path, memory_map=False)

    def __repr__(self) -> str:
        return f"check of {self._title}: {self._words}"

    def _repr_html_(self) -> str:
        colour = COLOURS["done" if self.ok else "failed"]
        head = f"{self._title}, {plural(self['rows'], 'row')}: {self._words}"
        rows = [{name: rule[name] for name in _COLUMNS} for rule in self["rules"]]
        examples = {
            rule["name"]: rule["witnesses"][0]["sentence"]
            for rule in self["rules"]
            if rule["witnesses"]
        }
        notes = [*header_notes(self), *(one["note"] for one in self["notes"])]
        rejected = self.get("rejected", {}).get("records", 0)
        if rejected:
            notes.append(f"{plural(rejected, 'record')} could not be read")
        parts = [paragraph(head, strong=True, colour=colour), records_html(rows)]
        if examples:
            parts.append(part_html("an example each", examples, depth=1))
        return "".join([*parts, *map(paragraph, notes)])

    @property
    def _title(self) -> str:
        return str(self.get("file") or self.get("asset"))

    @property
    def _words(self) -> str:
        broken = sum(rule["broken"] for rule in self["rules"])
        refused = f", {len(self['refused'])} refused" if self["refused"] else ""
        return f"{count(broken)} of {plural(len(self['rules']), 'rule')} broken{refused}"


def check(
    target: str | Path,
    *rules: str,
    rules_file: str | Path | Sequence[str | Path] = (),
    delimiter: str | None = None,
    encoding: str | None = None,
    null: str | Sequence[str] = (),
    examples: int = 3,
    allow_quadratic: bool = False,
) -> Check:
    """Check a file against rules; ``backbone.check`` is this function.

    Parameters
    ----------
    target : a file, or an asset of the project in this folder or above it
    rules : what must not occur: ``t1.zip = t2.zip and t1.city <> t2.city``, or
        ``zip -> city``; ``name: `` may stand before
    rules_file : YAML as in ``trusted/*.yml``, or text, a rule a line; one or several
    delimiter, encoding : of the file, where they should not be found out
    null : texts that mean a missing value, as an empty cell does
    examples : how many examples of what breaks a rule are wanted
    allow_quadratic : compare pairs of rows where a rule needs it, however many

    Raises
    ------
    BackboneError : there is no such file or asset, or there are no rules
    DeclarationError : mistakes in the rules; all of them
    """
    nulls = (null,) if isinstance(null, str) else tuple(null)
    return checked(
        target, rules, rules_file, open_project=open_environment,
        layout=Layout(delimiter, encoding, nulls), examples=examples,
        allow_quadratic=allow_quadratic,
    )  # fmt: skip


def checked(
    target: str | Path,
    rules: Sequence[str],
    rules_file: str | Path | Sequence[str | Path],
    *,
    open_project: Opener,
    layout: Layout | None = None,
    examples: int = 3,
    allow_quadratic: bool = False,
) -> Check:
    """Check a file, or an asset of the project that `open_project` opens."""
    files = [rules_file] if isinstance(rules_file, str | Path) else rules_file
    paths = [Path(path) for path in files]

    def found(*, violations: Path | None = None, shown: int = 0) -> dict[str, Any]:
        return _check(
            str(target), rules, paths, open_project=open_project, layout=layout,
            examples=shown, violations=violations, allow_quadratic=allow_quadratic,
        )  # fmt: skip

    return Check(found(shown=examples), lambda path: found(violations=path))
