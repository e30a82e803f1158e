"""All diagnostic codes, found in the modules that define them; a module is imported when its code is looked up."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.diagnostics.code import Code

_PACKAGE = Path(__file__).parent.parent
_DEFINED = re.compile(r"^([A-Z]{3}[0-9]{3}) = Code\(", re.MULTILINE)


@cache
def files() -> Mapping[str, str]:
    """Return the file that defines each code, such as `generator/checks/plan/loops.py`, sorted by code."""
    return {
        name: path.relative_to(_PACKAGE.parent).as_posix()
        for name, path in sorted(
            (name, path)
            for path in sorted(_PACKAGE.rglob("*.py"))
            for name in _DEFINED.findall(path.read_text(encoding="utf-8"))
        )
    }


def code(name: str) -> Code:
    """Return the code of that name; raises KeyError where there is none."""
    module = import_module(files()[name].removesuffix(".py").replace("/", "."))
    defined: Code = getattr(module, name)
    return defined
