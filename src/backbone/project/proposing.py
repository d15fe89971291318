"""Declarations that Backbone proposes, as YAML that people read and change.

A file that is there keeps its comments, its order and what a person wrote; only what
differs is changed, and what is not sure has a comment above it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from backbone.project.writing import scalar

__all__ = ["changed", "proposal_text"]

_WIDTH = 90
_NESTED = ("columns", "variants")


def proposal_text(
    declaration: Mapping[str, Any],
    remarks: Mapping[str, Sequence[str]] | None = None,
    *,
    title: str | None = None,
) -> str:
    """Return a declaration as YAML, a key a line, remarks above what they are about.

    Parameters
    ----------
    remarks : by place: ``read``, ``key``, ``columns.day``; "" stands at the top

    >>> print(proposal_text({"from": "landing.x", "columns": {"a": {"type": "date"}}},
    ...                     {"columns.a": ["unsure: day or month first?"]}), end="")
    from: landing.x
    columns:
      # unsure: day or month first?
      a: {type: date}
    """
    told = dict(remarks or {})
    lines = [f"# {title}"] if title else []
    lines += [f"# {text}" for text in told.get("", ())]
    for key, value in declaration.items():
        lines += [f"# {text}" for text in told.get(key, ())]
        if isinstance(value, Mapping) and key in _NESTED:
            lines.append(f"{key}:")
            for name, inner in value.items():
                lines += [f"  # {text}" for text in told.get(f"{key}.{name}", ())]
                lines += _entry(name, inner)
        elif (
            isinstance(value, Sequence) and not isinstance(value, str) and key in _NESTED
        ):
            lines.append(f"{key}:")
            for item in value:
                lines.append(f"  - {_flow(item)}")
        else:
            lines.append(f"{scalar(key)}: {_flow(value)}")
    return "\n".join(lines) + "\n"


def _entry(name: str, value: Any) -> list[str]:
    line = f"  {scalar(name)}: {_flow(value)}"
    if len(line) <= _WIDTH or not isinstance(value, Mapping):
        return [line]
    return [f"  {scalar(name)}:", *(f"    {k}: {_flow(v)}" for k, v in value.items())]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return scalar(text) if not _is_number(text) else f'"{text}"'


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def changed(
    text: str, declaration: Mapping[str, Any], remarks: Mapping[str, Sequence[str]]
) -> tuple[str, tuple[str, ...]]:
    """Return a file's text with a declaration put into it, and what was changed.

    What a person declared stays where the proposal says nothing of it, and columns that
    are there keep their names: a raw column that one of them reads is not added again.
    """
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 10_000
    data = yaml.load(text)
    if not isinstance(data, CommentedMap):
        return proposal_text(declaration, remarks), tuple(declaration)
    done = list(_merged(data, declaration, remarks))
    if not done:
        return text, ()
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue(), tuple(done)


def _merged(
    data: CommentedMap,
    declaration: Mapping[str, Any],
    remarks: Mapping[str, Sequence[str]],
) -> Iterator[str]:
    """Put what is missing into a file, and yield what that was."""
    for key, value in declaration.items():
        if key == "columns":
            continue
        own = data.get(key)
        if key == "read" and isinstance(own, CommentedMap):
            for name, inner in value.items():
                if name not in own:
                    own[name] = _loaded(inner)
                    yield f"read.{name}"
        elif key not in data:
            data[key] = _loaded(value)
            yield key
    yield from _merged_columns(data, declaration.get("columns", {}), remarks)


def _merged_columns(
    data: CommentedMap, declared: Mapping[str, Any], remarks: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    columns = data.setdefault("columns", CommentedMap())
    known = {_origin(name, one): name for name, one in columns.items()}
    for name, keys in declared.items():
        same = known.get(_origin(name, keys))
        if same is not None:
            own = columns[same]
            if isinstance(own, CommentedMap) and "type" not in own:
                own["type"] = keys["type"]
                yield f"columns.{same}.type"
        elif name not in columns:
            columns[name] = _loaded(keys)
            for remark in remarks.get(f"columns.{name}", ()):
                columns.yaml_set_comment_before_after_key(name, before=remark, indent=2)
            yield f"columns.{name}"


def _origin(name: str, keys: Any) -> str:
    if not isinstance(keys, Mapping):
        return name
    origin = keys.get("from", name)
    if origin == "$file":
        return f"$file {keys.get('pattern')}"
    if isinstance(origin, str):
        return origin
    return " ".join(map(str, origin)) if origin else name


def _loaded(value: Any) -> Any:
    return (
        YAML(typ="rt").load(_flow(value)) if isinstance(value, (Mapping, list)) else value
    )
