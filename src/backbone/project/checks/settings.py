"""Checks of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from backbone.project.checks.engines import misplaced_options
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.reading import Drafts

__all__ = ["check_settings"]


def check_settings(drafts: Drafts, target: str | None) -> Iterator[Mistake]:
    """Check that the target exists, the lake is a folder, options fit their engine."""
    draft = drafts.settings
    if draft is None:
        return
    targets = draft.meant.get("targets")
    known = targets if isinstance(targets, dict) else {}
    if target is not None and target not in known:
        hint = suggestion(target, known) if known else "; none is declared"
        yield draft.mistake(("targets",), f"there is no target `{target}`{hint}")
    settings = draft.value
    if settings is None:
        return
    lakes: list[tuple[Where, str]] = [(("lake",), settings.lake)]
    for name, each in settings.targets.items():
        if each.lake is not None:
            lakes.append((("targets", name, "lake"), each.lake))
    for where, lake in lakes:
        if "://" in lake:
            yield draft.mistake(where, f"`{lake}` is no folder of this machine")
    for where, why in misplaced_options(settings):
        yield draft.mistake(where, why)
