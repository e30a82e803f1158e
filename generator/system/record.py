"""Fast frozen dataclasses, for records of which a large policy has hundreds of thousands.

Python makes an instance of a frozen dataclass three times as slowly as one of another, since it sets each field the
long way round. That nobody writes to a record is held by the type checker instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

_Class = TypeVar("_Class", bound=type)

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform  # typing has it from 3.11 on

    @dataclass_transform(frozen_default=True, kw_only_default=True)
    def record(cls: _Class) -> _Class:
        """Return the class as `@dataclass(frozen=True, slots=True, kw_only=True)` would make it."""
        return cls

else:
    record = dataclass(slots=True, kw_only=True, unsafe_hash=True)
