"""Why there is no answer, in words that hold nothing of what was sent."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import zlib
from enum import Enum
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong
from typing import TYPE_CHECKING

from generator.remote.web.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


class Trouble(Enum):
    """The kinds of failed requests that need different help."""

    UNREACHED = "nobody is there"
    TLS = "no trusted connection"
    SLOW = "it takes too long"
    BROKEN = "the connection broke in the middle"
    NONSENSE = "what came is not an answer over HTTP that anybody could take"
    ELSEWHERE = "it leads to another place"


class NoAnswer(Exception):
    """A request failed. `reason` contains nothing of the request; a write may have been carried out."""

    def __init__(self, trouble: Trouble, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.reason = reason


class TooLarge(Exception):
    """The answer exceeds the limit."""


class Unreached(Exception):
    """No address of a host accepts a connection; the cause is the error of the last one."""


@contextlib.contextmanager
def in_words(timeout: float) -> Iterator[None]:
    """Turn any error of a request into a NoAnswer that contains nothing of the request."""
    try:
        yield
    except TooLarge:
        raise NoAnswer(Trouble.NONSENSE, "an answer without end, or far too large") from None
    except TimeoutError:
        raise NoAnswer(Trouble.SLOW, f"no whole answer came within {timeout:g}s") from None
    except Unreached as unreached:
        if isinstance(unreached.__cause__, TimeoutError):
            raise NoAnswer(Trouble.SLOW, f"no whole answer came within {timeout:g}s") from None
        raise NoAnswer(Trouble.UNREACHED, _reason(unreached.__cause__)) from None
    except socket.gaierror:
        raise NoAnswer(Trouble.UNREACHED, "the name is not resolved") from None
    except ssl.SSLCertVerificationError as error:
        reason = quoted(error.verify_message.rstrip("."))
        raise NoAnswer(Trouble.TLS, f"its certificate is not trusted ({reason})") from None
    except ssl.SSLEOFError:
        raise NoAnswer(Trouble.BROKEN, _CLOSED) from None
    except ssl.SSLError as error:
        raise NoAnswer(Trouble.TLS, f"TLS failed ({quoted(error.reason or str(error.strerror))})") from None
    except OSError as error:
        raise NoAnswer(Trouble.BROKEN, _reason(error)) from None
    except EOFError:
        raise NoAnswer(Trouble.BROKEN, "the connection was closed in the middle of the answer") from None
    except (HTTPException, ValueError, zlib.error) as error:
        raise NoAnswer(*_misread(error)) from None


_CLOSED = "the connection was closed"


def _misread(error: Exception) -> tuple[Trouble, str]:
    if isinstance(error, IncompleteRead):
        return Trouble.BROKEN, "the connection was closed in the middle of the answer"
    if isinstance(error, BadStatusLine):
        return Trouble.NONSENSE, f"what is not HTTP: {quoted(str(error).strip(chr(39)))}"
    if isinstance(error, LineTooLong) or type(error) is HTTPException:
        return Trouble.NONSENSE, "headers without end, or far too large"
    return Trouble.NONSENSE, "what is not HTTP"


def _reason(error: BaseException | None) -> str:
    # What other errors say may hold what was sent, and with it a key.
    number = error.errno if isinstance(error, OSError) else None
    if number in (None, errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED):
        return _CLOSED
    return os.strerror(number).lower()
