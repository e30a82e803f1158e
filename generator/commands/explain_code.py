"""`alertc explain-code`: what a diagnostic code means, why it is reported, and what to do about it."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from generator.commands import codes
from generator.commands.project import Unknown
from generator.diagnostics.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 100


def explain_code(code: str) -> str:
    """Return the explanation of a code, for a terminal. `error[SLA201]`, as it stands in a finding, will do.

    Raises Unknown where there is no such code; it names the codes with the same letters, else the most similar one.
    """
    copied = re.search(r"\[(\w+)\]", code)
    name = (copied[1] if copied else code).strip().upper()
    known = codes.files()
    if name not in known:
        alike = [other for other in known if other[:3] == name[:3]]
        if alike:
            raise Unknown(f"there is no code `{code}`; those of {name[:3]} are {listed(alike)}", name, ())
        raise Unknown(f"there is no code `{code}`", name, known)
    return "\n".join(_explained(name))


def _explained(name: str) -> Iterator[str]:
    code = codes.code(name)
    yield f"{name}: {code.title}"
    yield ""
    yield from textwrap.wrap(code.meaning, _WIDTH, break_long_words=False, break_on_hyphens=False)
    for title, example in (("Reported for", code.bad), ("Not reported for", code.good)):
        if example:
            yield ""
            yield f"{title}:"
            yield ""
            yield textwrap.indent(textwrap.dedent(example.strip("\n")), "    ").rstrip()
