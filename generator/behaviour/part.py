"""A value in a generated file that knows where it stands, so that what is wrong with it can be shown there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import AmbiguousValue, MalformedFile
from generator.policy import duration
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from generator.diagnostics.diagnostic import EntryPath

Labels = Mapping[str, str]
_TRUE = frozenset({"true", "yes", "on", "y"})


@record
class Part:
    """A value in a file together with its path, so that an error can point to it."""

    path: str
    value: Any
    where: EntryPath = ()
    doubt: Callable[[AmbiguousValue], None] | None = None
    """Is told of a value without a certain meaning, of which the newest version's is taken then; None: it is raised."""

    def mapping(self) -> Mapping[str, Any]:
        """Return the mapping that this is."""
        if isinstance(self.value, dict):
            return self.value
        raise self.malformed("is not a mapping")

    def get(self, key: str) -> Part | None:
        """Return the entry `key`, or None where it is absent or null."""
        value = self.mapping().get(key)
        return None if value is None else self.below(key, value)

    def need(self, key: str) -> Part:
        """Return the entry `key`, which may not be absent."""
        part = self.get(key)
        if part is None:
            raise self.malformed(f"has no `{key}`")
        return part

    def list(self, key: str | None = None) -> tuple[Part, ...]:
        """Return the items of this list, or of the list under `key`; an absent list is empty."""
        part = self if key is None else self.get(key)
        if part is None:
            return ()
        if not isinstance(part.value, list):
            raise part.malformed("is not a list")
        return tuple(part.below(number, item) for number, item in enumerate(part.value))

    def text(self) -> str:
        """Return the text that this is."""
        if isinstance(self.value, str):
            return self.value
        raise self.malformed("is not text")

    def text_of(self, key: str) -> str:
        """Return the text of the required entry `key`."""
        value = self.mapping().get(key)
        return value if isinstance(value, str) else self.need(key).text()

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the items of the list of texts under `key`."""
        values = self.mapping().get(key)
        if isinstance(values, list) and all(isinstance(item, str) for item in values):
            return tuple(values)  # without a part of each
        return tuple(item.text() for item in self.list(key))

    def labels(self, key: str) -> Labels:
        """Return the mapping under `key`, with "" for what is null."""
        values = self.mapping().get(key)
        if values is None:
            return {}
        if not isinstance(values, dict):
            raise self.need(key).malformed("is not a mapping")
        return {name: text or "" for name, text in values.items()} if None in values.values() else values

    def length(self, key: str, default: timedelta) -> timedelta:
        """Return the duration under `key`."""
        written = self.mapping().get(key)
        if written is None:
            return default
        part = self.need(key) if not isinstance(written, str) else None
        try:
            return duration.parse(written if part is None else part.text())
        except ValueError as error:
            raise self.need(key).malformed(f"is {error}") from None

    def flag(self, key: str, default: bool = False) -> bool:
        """Return whether `key` is on."""
        part = self.get(key)
        return default if part is None else str(part.value).lower() in _TRUE

    def number(self, key: str) -> int | None:
        """Return the whole number under `key`."""
        part = self.get(key)
        if part is None:
            return None
        if isinstance(part.value, int):
            return part.value
        raise part.malformed("is not a whole number")

    def malformed(self, problem: str) -> MalformedFile:
        """Return the error that this part is wrong; `problem` goes on from its name."""
        return MalformedFile(self.path, self.where, problem)

    def ambiguous(self, why: str, taken: str) -> None:
        """Raise AmbiguousValue, or hand it to `doubt`; `taken` is the meaning that is taken then."""
        error = AmbiguousValue(self.path, self.where, f"has no certain meaning: {why}", taken)
        if self.doubt is None:
            raise error from None
        self.doubt(error)

    def below(self, step: str | int, value: Any) -> Part:
        """Return the part for what this one holds at `step`."""
        return Part(path=self.path, value=value, where=(*self.where, step), doubt=self.doubt)
