"""Reading of the lookup files that cleaning steps name."""

from __future__ import annotations

from collections.abc import Mapping

from backbone.project.cleaning import Lookup
from backbone.project.lookups import Pairs, read_lookup
from backbone.project.mistakes import Mistake
from backbone.project.reading import Drafts

__all__ = ["read_lookups"]


def read_lookups(drafts: Drafts) -> tuple[Mapping[Lookup, Pairs], list[Mistake]]:
    """Read every lookup file that a cleaning step names, each once.

    Returns
    -------
    the pairs of each, and what is wrong in the files and with the steps
    """
    found: dict[Lookup, Pairs] = {}
    mistakes: list[Mistake] = []
    for draft in drafts.trusted.values():
        steps = draft.value.clean if draft.value else ()
        for index, step in enumerate(steps):
            if step.lookup is None or step.lookup in found:
                continue
            pairs, wrong, why = read_lookup(drafts.root, step.lookup)
            found[step.lookup] = pairs
            mistakes += wrong
            if why is not None:
                mistakes.append(draft.mistake(("clean", index, "lookup", "file"), why))
    return found, mistakes
