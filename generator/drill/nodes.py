"""A rendered YAML file, changed here and there: what is not touched stays to the letter, quotes and all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEXT, _LIST, _MAPPING = "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"

Node = Any
"""A node of PyYAML, whose types are not known to mypy."""


def read(text: str) -> Node:
    """Return the root of the one document in `text`."""
    return yaml.compose(text, Loader=yaml.SafeLoader)


def write(root: Node) -> str:
    """Return the document as YAML."""
    return str(yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=1000))


def get(mapping: Node, key: str) -> Node | None:
    """Return the value under `key`, None where there is none."""
    return next((value for name, value in mapping.value if name.value == key), None)


def text(mapping: Node, key: str) -> str | None:
    """Return the text under `key`, None where there is none."""
    node = get(mapping, key)
    return None if node is None else str(node.value)


def items(mapping: Node, key: str) -> list[Node]:
    """Return the items of the list under `key`, none where there is no list."""
    node = get(mapping, key)
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def put(mapping: Node, key: str, value: str | Node) -> None:
    """Set `key`, keeping its position where it exists."""
    node = yaml.ScalarNode(_TEXT, value, style="'") if isinstance(value, str) else value
    for number, (name, _) in enumerate(mapping.value):
        if name.value == key:
            mapping.value[number] = (name, node)
            return
    mapping.value.append((yaml.ScalarNode(_TEXT, key), node))


def drop(mapping: Node, *keys: str) -> None:
    """Remove these keys where they exist."""
    mapping.value[:] = [pair for pair in mapping.value if pair[0].value not in keys]


def below(mapping: Node, key: str) -> Node:
    """Return the mapping under `key`, created where it is missing."""
    node = get(mapping, key)
    if isinstance(node, yaml.MappingNode):
        return node
    made = yaml.MappingNode(_MAPPING, [])
    put(mapping, key, made)
    return made


def plain(value: str) -> Node:
    """Return a plain scalar, such as a number or `true`."""
    return yaml.compose(value, Loader=yaml.SafeLoader)


def every_mapping(node: Node) -> Iterator[Node]:
    """Yield all mappings in a node, itself included."""
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from every_mapping(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from every_mapping(value)
