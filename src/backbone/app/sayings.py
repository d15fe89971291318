"""What a person says of a row, from what was typed at a door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backbone.app.decisions import Saying

__all__ = ["saying_of"]

_SHOWN = ("keep", "set", "blank", "undo", "fine", "out")
_OF_COLUMNS, _OF_ROWS = frozenset({"keep", "set"}), frozenset({"fine", "out"})


def saying_of(said: Mapping[str, Any], spelt: Callable[[str], str]) -> Saying:
    """Return what was typed as one thing that a person says.

    Parameters
    ----------
    said : ``columns, keep, set, blank, undo, fine, out, reason, by, until, name, many,
        always``, as `Saying` has them but for the value, which is `set` (None: not said),
        and whether it is `blank`
    spelt : how the door spells one of these

    Raises
    ------
    ValueError : it is not one thing, or not all of it
    """
    columns = tuple(str(name) for name in said["columns"])
    form = _form(said, spelt)
    if form in _OF_COLUMNS and not columns:
        message = f"{spelt(form)} is said of a {spelt('column')}"
        raise ValueError(message)
    if form in _OF_ROWS and columns:
        message = f"{spelt(form)} is said of a row, not of a {spelt('column')}"
        raise ValueError(message)
    if not said["reason"]:
        message = f"a decision has a reason: {spelt('reason')}"
        raise ValueError(message)

    def text(name: str) -> str | None:
        return None if said[name] is None else str(said[name])

    return Saying(
        form=form, reason=str(said["reason"]), columns=columns, value=text("set"),
        rule=text("undo") or text("fine"), by=text("by"), until=text("until"),
        name=text("name"), many=bool(said["many"]), always=bool(said["always"]),
    )  # fmt: skip


def _form(said: Mapping[str, Any], spelt: Callable[[str], str]) -> Any:
    """Return the form of decision that was typed, and no other one."""
    forms = {
        "keep": said["keep"], "set": said["set"] is not None or said["blank"],
        "undo": said["undo"], "fine": said["fine"], "out": said["out"],
    }  # fmt: skip
    chosen = [form for form, given in forms.items() if given]
    if len(chosen) != 1 or (said["set"] is not None and said["blank"]):
        message = f"say one of {', '.join(map(spelt, _SHOWN))}"
        raise ValueError(message)
    return chosen[0]
