"""Seals that prove that this user wrote something, made with a key that lies out of any project's reach."""

from __future__ import annotations

import hmac
import os
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from generator.system import files, programs


def sealed(content: bytes) -> bytes:
    """Return the content with the user's seal before it.

    Raises OSError or EnvironmentProblem where no key can be stored for the user.
    """
    return _seal(content, make=True) + b"\n" + content


def opened(text: bytes) -> bytes:
    """Return the content without its seal; raises ValueError (or OSError) where this user did not seal it."""
    seal, _, content = text.partition(b"\n")
    if not hmac.compare_digest(seal, _seal(content, make=False)):
        raise ValueError("not ours")
    return content


def _seal(content: bytes, *, make: bool) -> bytes:
    return blake2b(content, digest_size=32, key=_users_key(make=make)).hexdigest().encode()


def _users_key(*, make: bool) -> bytes:
    path = programs.cache_folder() / "seal"
    if make and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=path.parent)  # only its owner may read it
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(32))
        with suppress(FileExistsError):
            path.hardlink_to(fresh)  # the first of two that make it at once wins
        Path(fresh).unlink()
    key = files.read(path)
    if key is None or len(key) != 32:
        raise ValueError("not a key")
    return key
