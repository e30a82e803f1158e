"""The templates of a project, compiled once: Jinja takes longer to compile them than to render a policy."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from jinja2 import BytecodeCache

from generator.system import memory, programs
from generator.targets.render import Templates

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2.bccache import Bucket

    from generator.commands.project import Project


def templates(project: Project) -> Templates:
    """Return the templates of a project; what Jinja made of them is remembered."""
    return Templates(project.templates, _Compiled())


class _Compiled(BytecodeCache):
    """What Jinja made of each template, in the user's own cache, by the template's name and folder.

    It is code that will be run, so it is sealed: what somebody else put there counts for nothing. Jinja looks whether
    it was made of this text, and by this Jinja and this Python; we look whether by this alertc, whose settings count.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, or leave it empty."""
        with suppress(*memory.NOT_OURS):
            maker, _, code = memory.unseal(_file(bucket)).partition(b"\n")
            if maker == memory.code().encode():
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what the bucket holds."""
        with suppress(*memory.NOT_OURS):
            memory.seal(_file(bucket), memory.code().encode() + b"\n" + bucket.bytecode_to_string())


def _file(bucket: Bucket) -> Path:
    return programs.cache_folder() / "templates" / bucket.key
