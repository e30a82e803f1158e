"""What Jinja made of each template, remembered: it takes longer to compile them than to render a policy."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from jinja2 import BytecodeCache

from generator.system import memory, programs

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

    from jinja2.bccache import Bucket

_known: dict[tuple[str, str], CodeType] = {}
"""By template and text, what this process has seen: a diff has two sides, and most of their templates are the same."""
_MOST = 256


class Compiled(BytecodeCache):
    """What Jinja made of each template, in the user's own cache, by the template's name.

    It is code that will be run, so it is sealed: what somebody else put there counts for nothing. Jinja looks whether
    it was made of this text, and by this Jinja and this Python; we look whether by this alertc, whose settings count.
    """

    def get_cache_key(self, name: str, filename: str | None = None) -> str:  # noqa: ARG002  # Jinja gives it
        """Return the key of a template, the same for every folder: the text tells whether it is the same template."""
        return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, or leave it empty."""
        bucket.code = _known.get((bucket.key, bucket.checksum))
        if bucket.code is not None:
            return
        with suppress(*memory.NOT_OURS):
            maker, _, code = memory.unseal(_file(bucket)).partition(b"\n")
            if maker == memory.code().encode():
                bucket.bytecode_from_string(code)
        _remember(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what the bucket holds."""
        _remember(bucket)
        with suppress(*memory.NOT_OURS):
            memory.seal(_file(bucket), memory.code().encode() + b"\n" + bucket.bytecode_to_string())


def _remember(bucket: Bucket) -> None:
    if bucket.code is not None and len(_known) < _MOST:
        _known[bucket.key, bucket.checksum] = bucket.code


def _file(bucket: Bucket) -> Path:
    return programs.cache_folder() / "templates" / bucket.key
