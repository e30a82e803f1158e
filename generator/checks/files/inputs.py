"""What a program's answer depends on beside its command line: the content of the files that it reads."""

from __future__ import annotations

import os
from glob import glob
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_files(folder: Path, patterns: Iterable[str]) -> str:
    """Return a digest of names and contents of the files that match the patterns in `folder`."""
    return measured(folder, patterns)[0]


def measured(folder: Path, patterns: Iterable[str]) -> tuple[str, int]:
    """Return the digest of the files and their total size in bytes."""
    paths = sorted({path for pattern in patterns for path in glob(str(folder / pattern))})  # noqa: PTH207  # `..` stays
    digest, size = blake2b(digest_size=16), 0
    for path in paths:
        content = Path(path).read_bytes()
        size += len(content)
        digest.update(f"{os.path.relpath(path, folder)}\0{len(content)}\0".encode(errors="surrogateescape"))
        digest.update(content)
    return digest.hexdigest(), size
