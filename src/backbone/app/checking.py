"""``check``: a file, or an asset of a project, against rules; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backbone.app.check_files import refuse_folder
from backbone.app.checking_files import check_file
from backbone.app.files import Layout
from backbone.app.violations import check_target
from backbone.errors import BackboneError, ProjectError, UnknownAsset
from backbone.model.names import AssetName, is_table_name
from backbone.project.rules import rules_read

if TYPE_CHECKING:
    from backbone.app.environment import Environment

__all__ = ["check"]

_EXAMPLE = '--rule "t1.zip = t2.zip and t1.city <> t2.city" or --rule "zip -> city"'


def check(
    target: str,
    texts: Sequence[str] = (),
    files: Sequence[Path] = (),
    *,
    open_project: Callable[[], AbstractContextManager[Environment]],
    layout: Layout | None = None,
    examples: int = 3,
    violations: Path | None = None,
    dry_run: bool = False,
    allow_quadratic: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Check what a person names: a file that is there, or else an asset.

    Parameters
    ----------
    target : a path, or an asset (``trusted.flights``)
    texts, files : rules; an asset has its own if none are given
    open_project : opens the project that an asset is of
    layout, examples, violations, dry_run, tell : as `check_file` has them
    allow_quadratic : rules may compare pairs of rows, however many

    Raises
    ------
    BackboneError : there is no such file or asset, or there are no rules
    UnsupportedRule : a rule would compare too many pairs of rows
    DeclarationError : mistakes in the rules
    """
    layout = layout or Layout()
    refuse_folder(Path(target))
    if violations is not None:
        check_target(violations, [Path(target), *files])
    rules, mistakes = rules_read(texts, files)
    if allow_quadratic:
        rules = [one.allowing_quadratic() for one in rules]
    if not _is_asset(target):
        if not rules and not mistakes:
            hint = f"Say what must not occur: {_EXAMPLE}"
            raise BackboneError(
                f"there are no rules to check {target} against", hint=hint
            )
        return check_file(
            Path(target), rules, mistakes=mistakes, layout=layout, examples=examples,
            violations=violations, dry_run=dry_run, tell=tell,
        )  # fmt: skip
    from backbone.app.checking_assets import check_asset  # noqa: PLC0415 - slow to load

    if layout != Layout():
        what = f"{target} is an asset: how it is read is declared in its project"
        raise BackboneError(what, hint="--delimiter, --encoding and --null are for files")
    with _opened(open_project, target) as env:
        return check_asset(
            env, target, rules, mistakes=mistakes, examples=examples,
            violations=violations, dry_run=dry_run, tell=tell,
            allow_quadratic=allow_quadratic,
        )  # fmt: skip


@contextmanager
def _opened(
    open_project: Callable[[], AbstractContextManager[Environment]], target: str
) -> Iterator[Environment]:
    """Open the project of an asset; a name without a zone may have been a file's."""
    with ExitStack() as opened:
        try:
            env = opened.enter_context(open_project())
        except ProjectError as error:
            if "." in target:
                raise
            what = f"there is no file {target}, and no project that has such an asset"
            raise BackboneError(what, hint=error.what) from error
        yield env


def _is_asset(target: str) -> bool:
    """Tell whether a text names an asset: there is no such file, and its form fits."""
    if Path(target).exists():
        return False
    if "." not in target:
        return is_table_name(target.partition("__")[0])
    try:
        AssetName.parse(target)
    except UnknownAsset:
        return False
    return True
