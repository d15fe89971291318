"""What a declaration may hold where: pydantic's locations, followed along its types.

pydantic names the members of a union in the location of an error as if they were keys.
Following the types tells the two apart, and says which keys are known at a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from backbone.project.mistakes import Where

__all__ = ["Located", "declared_keys", "located"]

_ABOUT_KEY = "[key]"


@dataclass(frozen=True)
class Located:
    """Where an error is in a file, and what is declared there.

    `model` is the model that holds the last key, `field` that key's field (None if the
    key is unknown); `in_union` tells that the error is that of one of several choices;
    `tags` are the words that choose among the members of a union that stands here.
    """

    where: Where
    model: type[BaseModel] | None
    field: FieldInfo | None
    in_union: bool
    tags: tuple[str, ...] = ()


def declared_keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the key that a file spells."""
    fields = model.model_fields
    return {field.alias or name: field for name, field in fields.items()}


def located(annotation: Any, loc: Where) -> Located:
    """Follow the location of a pydantic error along the type that was validated."""
    where: list[str | int] = []
    model: type[BaseModel] | None = None
    field: FieldInfo | None = None
    chosen = False
    kind, tag_key = _bare(annotation, None)
    for part in loc:
        members = _members(kind)
        if len(members) > 1:
            chosen = chosen or tag_key is None
            kind, tag_key = _bare(_member(members, tag_key, part), None)
            continue
        if part == _ABOUT_KEY:
            break
        where.append(part)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            model, field = kind, declared_keys(kind).get(str(part))
            found = (field.annotation, field.discriminator) if field else (None, None)
            kind, tag_key = _bare(*found)
        else:
            kind, tag_key = _bare(_element(kind, part), None)
    tags = tuple(tag for each in _members(kind) for tag in _tags(each, tag_key))
    return Located(tuple(where), model, field, in_union=chosen, tags=tags)


def _bare(annotation: Any, tag_key: Any) -> tuple[Any, Any]:
    """Take annotations and `| None` away; keep the key that tells a union's members."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *metadata = get_args(annotation)
            for each in metadata:
                tag_key = getattr(each, "discriminator", None) or tag_key
        elif len(members := _members(annotation)) == 1 and members[0] is not annotation:
            annotation = members[0]
        else:
            return annotation, tag_key


def _members(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(each for each in get_args(annotation) if each is not NoneType)
    return (annotation,)


def _member(members: tuple[Any, ...], tag_key: Any, tag: str | int) -> Any:
    for member in members:
        if tag in _tags(member, tag_key) or getattr(member, "__name__", None) == tag:
            return member
    return None


def _tags(member: Any, tag_key: Any) -> tuple[Any, ...]:
    bare, _ = _bare(member, None)
    if not (isinstance(tag_key, str) and isinstance(bare, type)):
        return ()
    found = bare.model_fields[tag_key].annotation if issubclass(bare, BaseModel) else None
    return get_args(found) if get_origin(found) is Literal else ()


def _element(kind: Any, part: str | int) -> Any:
    arguments = get_args(kind)
    origin = get_origin(kind)
    if origin is dict:
        return arguments[1]
    if origin is tuple and isinstance(part, int):
        if len(arguments) == 2 and arguments[1] is Ellipsis:  # noqa: PLR2004
            return arguments[0]
        return arguments[part] if part < len(arguments) else None
    return arguments[0] if arguments else None
