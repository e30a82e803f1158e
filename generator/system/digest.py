"""Digests of contents, by which it is known what has not changed."""

from __future__ import annotations

from hashlib import blake2b


def digest_of(content: bytes) -> str:
    """Return a digest of the content; different contents have different digests."""
    return blake2b(content, digest_size=16).hexdigest()
