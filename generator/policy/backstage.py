"""Reads owners from a catalogue of Backstage: who owns a Component or System, and which groups have nobody.

Source: Backstage's "Descriptor Format of Catalog Entities" and "Entity References"; a file may hold several entities,
and what is no entity of Backstage is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from generator.diagnostics.diagnostic import Place
from generator.diagnostics.yaml_events import BOM, PARSER, events, refuse
from generator.policy.owner_claims import Claim, Group, Said, name_of
from generator.policy.source_codes import SRC126
from generator.policy.yaml_faults import refuse_syntax

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = "backstage.io/kubernetes-namespace"
"""The annotation that says in which namespace of Kubernetes an entity runs."""
NAME = "name"
"""In place of an annotation: the entity's own name."""
_OWNED = ("Component", "System")
_API = "backstage.io/"
_MAX_DEPTH = 100


def read(raw: bytes, path: str, key: str) -> Said:
    """Return what a catalogue says; `key` is the annotation or label whose value is the series', or NAME.

    Raises PolicyErrors, with the place, where it is not YAML.
    """
    entities = tuple(_entities(raw, path))
    if not entities:
        what = f"there is no entity of Backstage in {path} (`apiVersion: {_API}...`)"
        refuse(SRC126.name, what, Place(path=path), "name a catalogue of Backstage, or a file called CODEOWNERS")
    claims = [claim for entity in entities if (claim := _claim(entity, path, key)) is not None]
    return Said(claims=tuple(claims), groups=tuple(_groups(entities, path)))


def _entities(raw: bytes, path: str) -> Iterator[Any]:
    """Yield the documents that are entities, as nodes, which know their lines."""
    try:
        depth = 0
        # Whatever is nested deeper than people write is refused before a recursive parser sees it.
        for event in events(raw):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                line = event.start_mark.line + 1
                what = f"this is nested more than {_MAX_DEPTH} levels deep"
                refuse(SRC126.name, what, Place(path=path, line=line, column=1), "is this the catalogue?")
        documents = list(yaml.compose_all(raw.removeprefix(BOM), Loader=PARSER))
    except yaml.YAMLError as error:
        refuse_syntax(error, raw, path)
    for document in documents:
        if _text(document, "apiVersion").startswith(_API):
            yield document


def _claim(entity: Any, path: str, key: str) -> Claim | None:
    kind, name = _text(entity, "kind"), _text(entity, "metadata", "name")
    if kind not in _OWNED or (key == NAME and kind != "Component"):
        return None
    value = name if key == NAME else _marked(entity, key)
    if not value:
        return None
    owner = _at(entity, "spec", "owner")
    text = _scalar(owner)
    shown = owner if text else _at(entity, "metadata", "name") or entity
    return Claim(
        value=value,
        owners=(text,) if text else (),
        subject=f"{kind} {name}",
        entity=name,
        place=_place(shown, path),
    )


def _marked(entity: Any, key: str) -> str:
    return _text(entity, "metadata", "annotations", key) or _text(entity, "metadata", "labels", key)


def _groups(entities: tuple[Any, ...], path: str) -> Iterator[Group]:
    """Yield the groups; one is empty where the file says so, or knows people and none of them is a member."""
    users = [entity for entity in entities if _text(entity, "kind") == "User"]
    member_of = {name_of(group) for user in users for group in _texts(_at(user, "spec", "memberOf"))}
    of_groups = [entity for entity in entities if _text(entity, "kind") == "Group"]
    parents = {name_of(_text(group, "spec", "parent")) for group in of_groups}
    for group in of_groups:
        name, members = _text(group, "metadata", "name").lower(), _at(group, "spec", "members")
        known = members is not None or bool(users)
        # The people of a group above others are theirs.
        above = name in parents or bool(_texts(_at(group, "spec", "children")))
        empty = known and not _texts(members) and name not in member_of and not above
        yield Group(name=name, empty=empty, place=_place(_at(group, "metadata", "name") or group, path))


# ------------------------------------------------------------------------------------------- nodes


def _at(node: Any, *keys: str) -> Any:
    """Return the node below these keys; None where there is none."""
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node


def _scalar(node: Any) -> str:
    return str(node.value).strip() if isinstance(node, yaml.ScalarNode) and node.value not in ("~", "null") else ""


def _text(node: Any, *keys: str) -> str:
    return _scalar(_at(node, *keys))


def _texts(node: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(_scalar, node.value))) if isinstance(node, yaml.SequenceNode) else ()


def _place(node: Any, path: str) -> Place:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Place(path=path, line=start.line + 1, column=start.column + 1, width=max(width, 1))
