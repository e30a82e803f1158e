"""What the shell can complete: names of alerts, severities and services, read from the policy, and codes.

While somebody types nothing may fail or be slow: the policy is read as YAML, not compiled, and where it cannot be read
nothing is completed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from generator.diagnostics.diagnostic import PolicyErrors
from generator.system import files

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["alerts", "environments", "severities", "services"]

_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:-]{0,199}", re.ASCII)
"""Only such names are offered: what is completed is typed for the user, and a shell might run anything else."""
_RULE = re.compile(r"^ *- alert: '?([^'\n]+?)'?$", re.MULTILINE)


def names(kind: Kind, begun: str) -> tuple[str, ...]:
    """Return the names of a kind that begin with what was typed so far, in any letter case, sorted."""
    return _matching({*_in_policy(kind), *(_in_rules() if kind == "alerts" else ())}, begun)


def codes(begun: str) -> tuple[str, ...]:
    """Return the codes that begin with what was typed so far, in any letter case, sorted."""
    from generator.commands.codes import files as defined

    return _matching(defined(), begun)


def _matching(known: Iterable[str], begun: str) -> tuple[str, ...]:
    begun = begun.casefold()
    return tuple(sorted(name for name in known if _NAME.fullmatch(name) and name.casefold().startswith(begun)))


def _in_policy(kind: Kind) -> Iterable[str]:
    from generator.commands.project import find_policy
    from generator.policy.parts import on_disk

    try:
        entries = on_disk(find_policy(None)).read().tree.get(kind)
    except PolicyErrors:
        return ()
    return entries if isinstance(entries, dict) else ()


def _in_rules() -> Iterable[str]:
    """Return the alerts in the rendered rules: those that the compiler adds are among them."""
    with suppress(OSError):
        rules = Path("out/prometheus")
        for path in (*rules.glob("rules/*.yaml"), *rules.glob("*/rules/*.yaml")):
            text = None if files.outside(path) else files.read(path)
            yield from _RULE.findall((text or b"").decode(errors="replace"))
