"""Guards on standard output and standard error, which everything that is printed passes.

What others wrote (a policy, a file's name, a server) reaches neither a terminal as control characters nor a runner of
CI as a command, in whatever form and from whatever place it is printed. What cannot be written is noticed.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from generator.diagnostics.quoting import escaped, no_command, unseen_shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUTPUT, _ERROR = "standard output", "standard error"
_TEXT = "."
"""Stands for the beginning of a line that cannot become a workflow command any more."""
_COLOR = re.compile(r"(\x1b\[[\d;]*m)")


class Unwritable(Exception):
    """Output could not be written: the disk is full, the stream is closed, or its reader is gone."""

    def __init__(self, stream: str, error: OSError) -> None:
        super().__init__(f"cannot write to {stream}: {error.strerror or error}")
        self.reader_left = error.errno == errno.EPIPE


@contextmanager
def guarded() -> Iterator[None]:
    """Replace the standard streams by guarded ones for the time of the context.

    A write to standard output that fails raises Unwritable. Standard error holds what is said beside an answer: a
    failure there is remembered for `require_heard`.
    """
    _occupy_closed_descriptors()
    before = sys.stdin, sys.stdout, sys.stderr
    # Python has None where the descriptor is closed.
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115  for the rest of the process
    sys.stdout, sys.stderr = _Guard(before[1], _OUTPUT, strict=True), _Guard(before[2], _ERROR, strict=False)
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def require_heard(*, unless_its_reader_stays: bool = False) -> None:
    """Raise Unwritable where something could not be written to standard error.

    With `unless_its_reader_stays` only where nobody reads it any more.
    """
    lost = sys.stderr.lost if isinstance(sys.stderr, _Guard) else None
    if lost is not None and (lost.errno == errno.EPIPE or not unless_its_reader_stays):
        raise Unwritable(_ERROR, lost)


def write_commands(text: str) -> None:
    """Write our own workflow commands, whose texts are escaped, to standard output."""
    if isinstance(sys.stdout, _Guard):
        sys.stdout.write_commands(text)
    else:
        sys.stdout.write(text)
    sys.stdout.flush()


def terminal() -> Any:
    """Return standard error without its guard, for drawing on a terminal; no text of others may be written to it."""
    return sys.stderr.stream if isinstance(sys.stderr, _Guard) else sys.stderr


def in_color(stream: TextIO | io.TextIOBase) -> bool:
    """Return whether the stream is a terminal that shows colors."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


class _Guard(io.TextIOBase):
    """A stream that escapes what it is given and writes it to another stream."""

    errors = "backslashreplace"

    def __init__(self, stream: TextIO | None, name: str, *, strict: bool) -> None:
        self.stream = stream
        self.lost: OSError | None = None
        self._name, self._strict = name, strict
        self._line = ""  # of the line that is being written: blanks, blanks and a colon, or _TEXT

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has an attribute
        return getattr(self.stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        return self.stream is not None and self.stream.isatty()

    def fileno(self) -> int:
        if self.stream is None:
            raise io.UnsupportedOperation("fileno")
        return self.stream.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str | bytes) -> int:
        if isinstance(text, bytes):
            # click writes what is completed as bytes. By writing none of them it asks whether it may set an encoding.
            if not text:
                raise TypeError("this stream takes text")
            text = text.decode(errors="backslashreplace")
        shown, begun = self._shown(text), self._line
        last = (begun + shown).rpartition("\n")[2]
        self._line = last if last.strip(" \t") in ("", ":") else _TEXT
        if begun.endswith(":") and shown.startswith(":"):
            # The first colon of a command is written already.
            self._pass_on("\\u003a" + no_command(_TEXT + shown[1:])[len(_TEXT) :])
        else:
            self._pass_on(no_command(begun + shown)[len(begun) :])
        return len(text)

    def write_commands(self, text: str) -> None:
        """Write lines of which each is one of our own workflow commands."""
        self._pass_on(self._shown(text))

    def flush(self) -> None:
        if self.stream is not None and self.lost is None:
            try:
                self.stream.flush()
            except OSError as error:
                self._lose(error)

    def close(self) -> None:
        """Leave the stream open: it is not ours, and may be gone when Python closes what nobody holds any more."""

    def _shown(self, text: str) -> str:
        if not text.isascii():
            text = unseen_shown(text)
        if not text.replace("\n", "").isprintable():
            colored = _COLOR.split(text) if "\x1b" in text and in_color(self) else [text]
            # Every second part is one of our colors; a color is all that a foreign one can be.
            colored[::2] = ["".join(map(_line_character, part)) for part in colored[::2]]
            text = "".join(colored)
        return text

    def _pass_on(self, text: str) -> None:
        if not text or self.lost is not None:
            return
        if self.stream is None:
            self._lose(OSError(errno.EBADF, "it is closed"))
            return
        try:
            encoding = self.encoding
            if encoding.lower() not in ("utf-8", "utf8"):
                text = text.encode(encoding, "backslashreplace").decode(encoding)
            self.stream.write(text)
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self.lost = error
        if self.stream is not None:
            # Python flushes what it holds once more as it ends: give it somewhere to go.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)
        if self._strict:
            raise Unwritable(self._name, error) from None


def _line_character(character: str) -> str:
    return character if character in "\n\t" or character.isprintable() else escaped(character)


def _occupy_closed_descriptors() -> None:
    """Occupy closed descriptors 0 to 2, so that no file opened later becomes a standard stream."""
    for descriptor in filter(_is_closed, (0, 1, 2)):
        # Opened for reading, so that what is written there fails as it did before.
        nowhere = os.open(os.devnull, os.O_RDONLY)
        if nowhere != descriptor:
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
        os.set_inheritable(descriptor, True)


def _is_closed(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return True
    return False
