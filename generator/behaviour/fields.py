"""The templates that stand in the settings of receivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generator.behaviour.behaviour import Receiver
    from generator.diagnostics.diagnostic import EntryPath
    from generator.upstream.alertmanager.kinds import Kind, Text


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
    kind: Kind

    @property
    def integration(self) -> tuple[str, EntryPath]:
        """The integration of whose messages it is a part: its receiver, and where it stands."""
        return self.receiver, self.where[:_INTEGRATION]


_INTEGRATION = len(("receivers", 0, "slack_configs", 0))


def fields_of(receiver: Receiver) -> Iterator[Field]:
    """Yield every Go template in a receiver's settings, and those that stand in for settings which are not there."""
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
                    html=setting is not None and _as_html(setting, integration.settings),
                    needed=setting.needed if setting else None,
                    kind=integration.kind,
                )
        for name, text in integration.kind.unset:
            if not _is_set(integration.settings, name):
                yield Field(
                    receiver=receiver.name,
                    name=name,
                    text=text,
                    where=integration.where,
                    html=False,
                    needed=None,
                    kind=integration.kind,
                )


def _as_html(text: Text, settings: Any) -> bool:
    return text.html and settings.get(text.html_by, "HTML") == "HTML"


def _is_set(settings: Any, name: Sequence[str]) -> bool:
    for step in name:
        if not isinstance(settings, dict) or step not in settings:
            return False
        settings = settings[step]
    return True


def _strings(value: Any, name: EntryPath) -> Iterator[tuple[EntryPath, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _strings(below, (*name, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _strings(below, (*name, number))
