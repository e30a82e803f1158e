"""The templates that stand in the settings of receivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.behaviour import Receiver
    from generator.diagnostics.diagnostic import EntryPath
    from generator.upstream.alertmanager.integrations import Text


@record
class Field:
    """A Go template in a receiver's settings; `name` is its path within the integration."""

    receiver: str
    name: EntryPath
    text: str
    where: EntryPath
    html: bool
    needed: str | None
    """Why it must say something, "" where that is plain; None: it need not."""


def fields_of(receiver: Receiver) -> Iterator[Field]:
    """Yield every Go template in a receiver's settings."""
    for integration in receiver.integrations:
        read: dict[EntryPath, Text] = {text.way: text for text in integration.kind.texts}
        for name, text in _strings(integration.settings, ()):
            if "{{" in text:
                setting = read.get(name)
                yield Field(
                    receiver=receiver.name,
                    name=name,
                    text=text,
                    where=(*integration.where, *name),
                    html=setting is not None and setting.html,
                    needed=setting.needed if setting else None,
                )


def _strings(value: Any, name: EntryPath) -> Iterator[tuple[EntryPath, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _strings(below, (*name, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _strings(below, (*name, number))
